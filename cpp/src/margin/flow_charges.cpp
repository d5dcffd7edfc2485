// What the market is doing right now, against the side that is held: the price's velocity in both
// requirements, signed order flow and open interest in initial margin alone.
#include <algorithm>
#include <cmath>

#include "margin/add_ons.hpp"
#include "market/trust.hpp"

namespace tickmargin::margin {
namespace {

enum : std::size_t { initial_factor, maintenance_factor, velocity_cap };
constexpr Key velocity_keys[] = {
    {"initial_factor", KeyRange::non_negative, required, "of the move, on the side that it hurts"},
    {"maintenance_factor", KeyRange::non_negative, required, "the same for MM"},
    {"cap_ratio", KeyRange::ratio, required, "most that the ratio may be"},
};

enum : std::size_t { flow_factor, flow_cap };
constexpr Key flow_keys[] = {
    {"initial_factor", KeyRange::non_negative, required,
     "of signed over total flow, on the side that it runs against"},
    {"cap_ratio", KeyRange::ratio, required, "most that the ratio may be"},
};

enum : std::size_t { free_share, interest_slope, interest_cap };
constexpr Key interest_keys[] = {
    {"free_share", KeyRange::ratio, required, "of the open interest, which is not charged"},
    {"initial_slope", KeyRange::non_negative, required, "per 1.00 of the open interest beyond it"},
    {"cap_ratio", KeyRange::ratio, required, "most that the ratio may be"},
};

// A ratio of the net delta, where `push` runs against it; with orders the worse of both ends.
double against(const Exposure& x, double push, double factor, double cap) noexcept {
  const double ratio = std::min(factor * std::fabs(push), cap);
  const double hurt = push < 0 ? std::max({x.long_end, x.short_end, 0.0})
                               : std::max({-x.long_end, -x.short_end, 0.0});
  return hurt * ratio;
}

Charge velocity_charge(const Holding& held, const double* p) noexcept {
  const double moved = market::value_or(held.context.market.columns.price_velocity, held.u, absent);
  if (std::isnan(moved)) return {0, 0, Status::missing_velocity};
  return {against(held.exposure, moved, p[initial_factor], p[velocity_cap]),
          against(held.exposure, moved, p[maintenance_factor], p[velocity_cap])};
}

Charge flow_charge(const Holding& held, const double* p) noexcept {
  const MarketColumns& c = held.context.market.columns;
  const double flow = market::value_or(c.flow_signed, held.u, absent);
  const double total = market::value_or(c.flow_total, held.u, absent);
  if (std::isnan(flow) || std::isnan(total)) return {0, 0, Status::missing_flow};
  if (!(total > 0)) return {};
  return {against(held.exposure, flow / total, p[flow_factor], p[flow_cap]), 0.0};
}

Charge interest_charge(const Holding& held, const double* p) noexcept {
  const double open = market::value_or(held.context.market.columns.open_interest, held.u, absent);
  if (std::isnan(open)) return {0, 0, Status::missing_open_interest};
  const double net = held.exposure.net_notional;
  if (net == 0) return {};
  // Where nothing is open the position is the whole market, and more: the cap.
  const double beyond = open > 0 ? std::max(net / open - p[free_share], 0.0) : 1.0;
  const double ratio =
      open > 0 ? std::min(p[interest_slope] * beyond, p[interest_cap]) : p[interest_cap];
  return {net * ratio, 0.0};
}

}  // namespace

constexpr AddOn price_velocity_add_on{
    "price_velocity", "Add-on: a price that is moving against what is held.",
    velocity_keys,    seen_by(),
    Orders::inside,   velocity_charge};
constexpr AddOn order_flow_add_on{
    "order_flow",   "Add-on: trades that run against what is held, in IM alone.",
    flow_keys,      seen_by(),
    Orders::inside, flow_charge};
constexpr AddOn open_interest_add_on{
    "open_interest", "Add-on: a position that is large among what is open, in IM alone.",
    interest_keys,   seen_by(),
    Orders::inside,  interest_charge};

}  // namespace tickmargin::margin

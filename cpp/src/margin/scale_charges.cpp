// Multiples of what the method asks for: a slower close-out, a regime, the macro environment, an
// account's credit. Each is a share of the method's own requirement, netting included, and not of
// one another's. Where units differ the largest share holds for the pocket: it is closed out as
// slowly, and judged as strictly, as its worst part.
#include <algorithm>
#include <cmath>

#include "margin/add_ons.hpp"
#include "market/trust.hpp"

namespace tickmargin::margin {
namespace {

enum : std::size_t { initial_delay, maintenance_delay, initial_horizon, maintenance_horizon };
constexpr Key delay_keys[] = {
    {"initial_delay_days", KeyRange::non_negative, required, "until a close-out begins"},
    {"maintenance_delay_days", KeyRange::non_negative, required, "until a close-out begins"},
    {"initial_horizon_days", KeyRange::positive, required, "that the method's IM is meant for"},
    {"maintenance_horizon_days", KeyRange::positive, required, "that the method's MM is meant for"},
};

enum : std::size_t { initial_max, maintenance_max, best_score, worst_score };
constexpr Key share_keys[] = {
    {"initial_max_ratio", KeyRange::non_negative, required, "of IM at a score of 1"},
    {"maintenance_max_ratio", KeyRange::non_negative, required, "of MM at a score of 1"},
};
constexpr Key credit_keys[] = {
    {"initial_max_ratio", KeyRange::non_negative, required, "of IM at the worst score and below"},
    {"maintenance_max_ratio", KeyRange::non_negative, required,
     "of MM at the worst score and below"},
    {"best_score", KeyRange::non_negative, required, "from which on nothing is charged"},
    {"worst_score", KeyRange::non_negative, required, "from which on all is charged"},
};

Charge delay_charge(const Whole& pocket, const double* p) noexcept {
  const auto more = [](double delay, double horizon) {
    return std::sqrt(1.0 + delay / horizon) - 1.0;
  };
  return {pocket.own.initial * more(p[initial_delay], p[initial_horizon]),
          pocket.own.maintenance * more(p[maintenance_delay], p[maintenance_horizon])};
}

// The largest score of the pocket's underlyings, in [0, 1]; NaN where one held is not known. That
// of an order alone counts if it is.
double largest_score(const Whole& pocket, const std::vector<double>& scores) noexcept {
  double largest = 0;
  const auto clamped = [&](UnderlyingIndex u) {
    return std::min(std::max(market::value_or(scores, static_cast<std::size_t>(u), absent), 0.0),
                    1.0);
  };
  for (const UnderlyingIndex u : pocket.rows.unit_underlying) {
    if (std::isnan(market::value_or(scores, static_cast<std::size_t>(u), absent))) return absent;
    largest = std::max(largest, clamped(u));
  }
  for (const book::OrderRow& order : pocket.rows.orders) {
    const UnderlyingIndex u = pocket.context.instruments.underlying[order.instrument];
    if (std::isnan(market::value_or(scores, static_cast<std::size_t>(u), absent))) continue;
    largest = std::max(largest, clamped(u));
  }
  return largest;
}

Charge scored(const Whole& pocket, const double* p, double score, Status missing) noexcept {
  if (std::isnan(score)) return {0, 0, missing};
  return {pocket.own.initial * (p[initial_max] * score),
          pocket.own.maintenance * (p[maintenance_max] * score)};
}

Charge regime_charge(const Whole& pocket, const double* p) noexcept {
  const double score = largest_score(pocket, pocket.context.market.columns.regime_score);
  return scored(pocket, p, score, Status::missing_regime);
}

Charge macro_charge(const Whole& pocket, const double* p) noexcept {
  const double score = largest_score(pocket, pocket.context.market.columns.macro_score);
  return scored(pocket, p, score, Status::missing_macro);
}

// Straight from nothing at the best score to all at the worst. An account that needs no margin
// needs no score.
Charge credit_charge(const Whole& pocket, const double* p) noexcept {
  if (pocket.own.initial == 0 && pocket.own.maintenance == 0) return {};
  const double short_of = p[best_score] - pocket.rows.credit_score;
  const double score = short_of / (p[best_score] - p[worst_score]);
  const double share = score < 0 ? 0.0 : score > 1 ? 1.0 : score;
  return scored(pocket, p, share, Status::missing_credit_score);
}

}  // namespace

constexpr AddOn liquidation_delay_add_on{
    "liquidation_delay", "Add-on: a close-out that begins late, by the square root of time.",
    delay_keys,          seen_by(),
    Orders::alone,       nullptr,
    delay_charge};
constexpr AddOn regime_add_on{
    "regime",      "Add-on: a bounded share of the requirement, by the market's regime_score.",
    share_keys,    seen_by(),
    Orders::alone, nullptr,
    regime_charge};
constexpr AddOn macro_add_on{
    "macro",       "Add-on: a bounded share of the requirement, by the market's macro_score.",
    share_keys,    seen_by(),
    Orders::alone, nullptr,
    macro_charge};
constexpr AddOn credit_score_add_on{
    "credit_score", "Add-on: a bounded share of the requirement, by the account's credit_score.",
    credit_keys,    seen_by(),
    Orders::alone,  nullptr,
    credit_charge};

}  // namespace tickmargin::margin

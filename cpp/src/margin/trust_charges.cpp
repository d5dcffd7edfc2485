// Doubt about a price: how sure its feed is, and how old it has become.
#include <algorithm>
#include <cmath>

#include "margin/add_ons.hpp"
#include "margin/charges.hpp"

namespace tickmargin::margin {
namespace {

enum : std::size_t { threshold, initial_ratio, maintenance_ratio };
constexpr Key confidence_keys[] = {
    {"threshold", KeyRange::ratio, required, "confidence below which it is charged"},
    {"initial_ratio", KeyRange::ratio, required,
     "of the gross delta, times what lacks to certainty"},
    {"maintenance_ratio", KeyRange::ratio, required, "the same for MM"},
};

enum : std::size_t { free_seconds, initial_growth, maintenance_growth, cap_ratio };
constexpr Key staleness_keys[] = {
    {"free_seconds", KeyRange::non_negative, required, "age that costs nothing"},
    {"initial_ratio", KeyRange::ratio, required, "of the gross delta, times sqrt(hours beyond it)"},
    {"maintenance_ratio", KeyRange::ratio, required, "the same for MM"},
    {"cap_ratio", KeyRange::ratio, required, "most that the ratio may be"},
};

Charge confidence_charge(const Holding& held, const double* p) noexcept {
  const double confidence =
      market::value_or(held.context.market.columns.index_confidence, held.u, absent);
  if (std::isnan(confidence)) return {0, 0, Status::missing_confidence};
  const double gross = held.exposure.gross_notional;
  return {doubt_charge(confidence, p[threshold], p[initial_ratio], gross),
          doubt_charge(confidence, p[threshold], p[maintenance_ratio], gross)};
}

Charge staleness_charge(const Holding& held, const double* p) noexcept {
  const MarketColumns& c = held.context.market.columns;
  const TimeNs ts_ns = held.u < c.index_ts_ns.size() ? c.index_ts_ns[held.u] : 0;
  if (ts_ns == 0) return {0, 0, Status::missing_index_time};
  const double age = static_cast<double>(c.as_of_ns - ts_ns) / 1e9 - p[free_seconds];
  const double root = std::sqrt(std::max(age, 0.0) / 3600.0);
  const double gross = held.exposure.gross_notional;
  return {gross * std::min(p[initial_growth] * root, p[cap_ratio]),
          gross * std::min(p[maintenance_growth] * root, p[cap_ratio])};
}

}  // namespace

constexpr AddOn oracle_confidence_add_on{
    "oracle_confidence", "Add-on: an index whose feed is not sure of it.",
    confidence_keys,     seen_by(MethodId::portfolio, MethodId::standard),
    Orders::inside,      confidence_charge};
constexpr AddOn oracle_staleness_add_on{
    "oracle_staleness", "Add-on: an index that was last heard some time ago.",
    staleness_keys,     seen_by(),
    Orders::inside,     staleness_charge};

}  // namespace tickmargin::margin

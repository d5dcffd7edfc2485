#include "policy_tail_from_dict.hpp"

#include "policy_values.hpp"

namespace tickmargin::bindings {
namespace {

TailMargin margin(const py::dict& d) {
  TailMargin m;
  m.confidence = get<double>(d, "confidence");
  m.factor = get<double>(d, "factor");
  m.quantile = static_cast<std::uint8_t>(get<int>(d, "quantile"));
  for (const py::handle item : get<py::list>(d, "terms")) {
    const auto [set, share] = item.cast<std::pair<std::uint64_t, double>>();
    m.terms.push_back({set, share});
  }
  m.multiple = get<double>(d, "multiple");
  m.covariance = take_column<double>(d, "covariance");
  return m;
}

// The core reads these without looking: what does not fit is refused here.
void check(const TailParameters& p) {
  const std::size_t count = p.moves.empty() ? 0 : p.moves.front().price_move.size();
  for (const TailMoves& moves : p.moves) {
    if (moves.price_move.size() != count ||
        (!moves.vol_shock.empty() && moves.vol_shock.size() != count)) {
      throw py::value_error("every underlying must have the same scenarios");
    }
  }
  for (const TailSet& set : p.sets) {
    if (set.count == 0 || set.first + set.count > count ||
        (!set.weight.empty() && set.weight.size() != set.count)) {
      throw py::value_error("a set lies outside the scenarios");
    }
  }
  for (const TailMargin* m : {&p.initial, &p.maintenance}) {
    for (const TailTerm& term : m->terms) {
      if (term.set >= p.sets.size()) throw py::value_error("a term names no set");
    }
    const bool parametric = m->terms.empty();
    if (m->covariance.size() != (parametric ? p.moves.size() * p.moves.size() : 0)) {
      throw py::value_error("a requirement has either terms or a covariance");
    }
  }
}

TailParameters tail(const py::dict& d) {
  TailParameters p;
  for (const py::handle item : get<py::list>(d, "sets")) {
    const auto set = item.cast<py::dict>();
    p.sets.push_back({get<std::uint64_t>(set, "first"), get<std::uint64_t>(set, "count"),
                      take_column<double>(set, "weight")});
  }
  for (const py::handle item : get<py::list>(d, "moves")) {
    const auto moves = item.cast<py::dict>();
    p.moves.push_back({get<bool>(moves, "known"), take_column<double>(moves, "price_move"),
                       take_column<double>(moves, "vol_shock")});
  }
  p.initial = margin(get<py::dict>(d, "initial"));
  p.maintenance = margin(get<py::dict>(d, "maintenance"));
  p.quadratic = get<bool>(d, "quadratic");
  p.vol_shock_kind = get_enum<VolShock>(d, "vol_shock_kind");
  p.vol_reference_days = get<double>(d, "vol_reference_days");
  p.vol_power_short = get<double>(d, "vol_power_short");
  p.vol_power_long = get<double>(d, "vol_power_long");
  p.vol_up_floor_annual = get<double>(d, "vol_up_floor_annual");
  p.min_days = get<double>(d, "min_days");
  check(p);
  return p;
}

}  // namespace

void read_tail(const py::dict& d, Policy& policy) {
  const auto sections = get<py::list>(d, "tail");
  if (!sections.empty()) policy.tail = tail(py::dict(sections[0]));
}

}  // namespace tickmargin::bindings

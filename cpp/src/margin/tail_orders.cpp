// Initial margin of `var` and `es` with resting orders. In every scenario just the orders that hurt
// in it are taken as filled; both measures rise with every loss, so no subset needs more. Without
// scenarios every order is margined alone: deviations and shortfalls never exceed the sum of their
// parts'. Value at risk with gammas can, so while orders rest it gives way to the shortfall, which
// is no smaller.
#include <algorithm>
#include <cmath>

#include "base/ticks.hpp"
#include "margin/charges.hpp"
#include "margin/orders.hpp"
#include "margin/tail.hpp"

namespace tickmargin::margin {
namespace {

double short_by(double gain) noexcept {
  return std::max(0.0, -gain);
}

struct Resting {
  const Context& context;
  const Prepared& prepared;
  const collateral::Weights& weights;
  const PocketRows& rows;

  const Policy& policy() const { return *prepared.policy; }
  double gain_of(const OrderRow& order) const {
    return equity_of_fill(context, policy(), weights, order);
  }
};

// One requirement with what the orders take from each scenario, at least what they lose against the
// mark.
double with_orders(const Resting& resting, const TailMargin& margin, double lost,
                   TailScratch& scratch) {
  const TailParameters& p = resting.policy().tail;
  scratch.hurt.assign(scratch.profit.size(), 0.0);
  for (const OrderRow& order : resting.rows.orders) {
    const double gain = resting.gain_of(order);
    const double* const row = resting.prepared.table.row(order.instrument);
    for (std::size_t s = 0; s < scratch.hurt.size(); ++s) {
      scratch.hurt[s] += short_by(margin.factor * (order.quantity * row[s]) + gain);
    }
  }
  double sum = 0;
  for (const TailTerm& term : margin.terms) {
    const TailSet& set = p.sets[term.set];
    if (!tail_losses(set, scratch)) return base::canonical_nan;
    for (std::size_t s = 0; s < set.count; ++s) {
      scratch.losses[s] = margin.factor * scratch.losses[s] + scratch.hurt[set.first + s];
    }
    sum += term.share * std::max(lost, tail_measure(resting.policy(), set, margin, scratch));
  }
  return sum;
}

// Of the exposures in scratch.tail.exposure, by underlying.
double parametric_margin(const TailMargin& margin, const std::vector<double>& exposure) noexcept {
  double variance = 0;
  for (std::size_t a = 0; a < exposure.size(); ++a) {
    for (std::size_t b = 0; b < exposure.size(); ++b) {
      variance += exposure[a] * exposure[b] * margin.covariance[a * exposure.size() + b];
    }
  }
  const double sd = variance > 0 ? std::sqrt(variance) : variance == 0 ? 0.0 : variance;
  return margin.factor * margin.multiple * sd;
}

double larger(const TailParameters& p, const std::vector<double>& exposure) noexcept {
  return std::max(parametric_margin(p.initial, exposure),
                  parametric_margin(p.maintenance, exposure));
}

double deltas_with_orders(const Resting& resting, double lost, Scratch& scratch) {
  const Context& c = resting.context;
  const TailParameters& p = resting.policy().tail;
  std::vector<double>& exposure = scratch.tail.exposure;
  const auto add = [&](std::uint32_t i, double quantity) {
    const auto u = static_cast<std::size_t>(c.instruments.underlying[i]);
    exposure[u] += exposure_of(c, u, i, quantity);
  };
  exposure.assign(c.market.underlying_count(), 0.0);
  for (std::int64_t k = resting.rows.first_position(); k < resting.rows.end_position(); ++k) {
    add(resting.rows.instrument[k], resting.rows.quantity[k]);
  }
  for (const pricing::IndexedCollateral& held : scratch.collateral) {
    exposure[static_cast<std::size_t>(held.underlying)] += held.worth;
  }
  double sum = larger(p, exposure) + lost;
  for (const OrderRow& order : resting.rows.orders) {
    exposure.assign(c.market.underlying_count(), 0.0);
    add(order.instrument, order.quantity);
    sum += larger(p, exposure);
  }
  return sum;
}

// Place of an underlying in the sensitivities, which get one if it has none.
std::size_t place_of(std::int32_t underlying, TailScratch& tail) {
  const auto found = std::find(tail.held.begin(), tail.held.end(), underlying);
  if (found != tail.held.end()) return static_cast<std::size_t>(found - tail.held.begin());
  tail.held.push_back(underlying);
  tail.exposure.push_back(0.0);
  tail.curvature.push_back(0.0);
  return tail.held.size() - 1;
}

// Of the sensitivities, under value at risk the larger of both measures.
double quadratic_larger(const Policy& policy, TailScratch& tail) noexcept {
  double most = 0;
  for (const TailMargin* margin : {&policy.tail.initial, &policy.tail.maintenance}) {
    for (const bool shortfall : {true, false}) {
      if (!shortfall && policy.method == MethodId::es) continue;
      const double measure = quadratic_measure(
          policy.tail, *margin, {1.0 - margin->confidence, shortfall}, tail, tail.initial);
      // Written so that a NaN stays one.
      if (!(measure <= most)) most = measure;
    }
  }
  return most;
}

double quadratic_with_orders(const Resting& resting, double lost, Scratch& scratch) {
  const Context& c = resting.context;
  TailScratch& tail = scratch.tail;
  const auto clear = [&] {
    tail.held.clear();
    tail.exposure.clear();
    tail.curvature.clear();
  };
  const auto add = [&](std::uint32_t i, double quantity) {
    const std::int32_t underlying = c.instruments.underlying[i];
    const auto u = static_cast<std::size_t>(underlying);
    const std::size_t at = place_of(underlying, tail);
    tail.exposure[at] += exposure_of(c, u, i, quantity);
    tail.curvature[at] += curvature_of(c, u, i, quantity);
  };
  clear();
  for (std::int64_t k = resting.rows.first_position(); k < resting.rows.end_position(); ++k) {
    add(resting.rows.instrument[k], resting.rows.quantity[k]);
  }
  for (const pricing::IndexedCollateral& held : scratch.collateral) {
    tail.exposure[place_of(held.underlying, tail)] += held.worth;
  }
  double sum = quadratic_larger(resting.policy(), tail) + lost;
  for (const OrderRow& order : resting.rows.orders) {
    clear();
    add(order.instrument, order.quantity);
    sum += quadratic_larger(resting.policy(), tail);
  }
  return sum;
}

}  // namespace

double tail_initial_with_orders(const Context& context, const Prepared& prepared,
                                const collateral::Weights& weights, const PocketRows& rows,
                                Scratch& scratch) {
  const Resting resting{context, prepared, weights, rows};
  const TailParameters& p = resting.policy().tail;
  double lost = 0;
  for (const OrderRow& order : rows.orders) lost += short_by(resting.gain_of(order));
  if (is_parametric(p)) {
    return (p.quadratic ? quadratic_with_orders : deltas_with_orders)(resting, lost, scratch);
  }
  tail_profits(prepared, rows, scratch);
  const double initial = with_orders(resting, p.initial, lost, scratch.tail);
  const double maintenance = with_orders(resting, p.maintenance, lost, scratch.tail);
  // Written so that a NaN stays one.
  return maintenance <= initial ? initial : maintenance;
}

}  // namespace tickmargin::margin

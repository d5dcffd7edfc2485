// Value at risk and expected shortfall of a pocket without scenarios, of its sensitivities under
// normal (or Student t) moves of the underlyings: of the deltas alone, or of deltas and gammas by
// saddle point. Both are homogeneous in the sensitivities, so each position's requirement is its
// own sensitivities times the derivatives, and the parts add up (Euler).
#include <algorithm>
#include <cmath>
#include <utility>

#include "margin/charges.hpp"
#include "margin/tail.hpp"
#include "margin/tail_lines.hpp"

namespace tickmargin::margin {
namespace {

// Standard deviation of the exposures by unit, under a covariance by underlying.
double deviation(const std::vector<double>& covariance, std::size_t underlyings,
                 const PocketRequirement& out, const std::vector<double>& exposure) noexcept {
  double variance = 0;
  for (std::size_t a = 0; a < out.units.size(); ++a) {
    const auto row = static_cast<std::size_t>(out.units[a].underlying) * underlyings;
    for (std::size_t b = 0; b < out.units.size(); ++b) {
      variance += exposure[a] * exposure[b] *
                  covariance[row + static_cast<std::size_t>(out.units[b].underlying)];
    }
  }
  return variance > 0 ? std::sqrt(variance) : variance == 0 ? 0.0 : variance;
}

// Loss for each unit of exposure to an underlying: multiple x (C d)_u / sqrt(d' C d).
double marginal(const TailMargin& margin, std::size_t underlyings, const PocketRequirement& out,
                const std::vector<double>& exposure, std::size_t u, double sd) noexcept {
  if (sd == 0) return 0.0;
  const auto row = static_cast<std::size_t>(out.units[u].underlying) * underlyings;
  double sum = 0;
  for (std::size_t b = 0; b < out.units.size(); ++b) {
    sum += margin.covariance[row + static_cast<std::size_t>(out.units[b].underlying)] * exposure[b];
  }
  return margin.factor * margin.multiple * (sum / sd);
}

// Sensitivities of every unit, into scratch.tail.exposure and .curvature.
void sum_sensitivities(const Context& context, const PocketRows& rows, bool curved,
                       Scratch& scratch, const PocketRequirement& out) {
  TailScratch& tail = scratch.tail;
  tail.exposure.assign(out.units.size(), 0.0);
  tail.curvature.assign(out.units.size(), 0.0);
  for (std::size_t u = 0; u < out.units.size(); ++u) {
    if (u < rows.unit_underlying.size()) {
      const auto underlying = static_cast<std::size_t>(out.units[u].underlying);
      for (std::int64_t k = rows.unit_positions[u]; k < rows.unit_positions[u + 1]; ++k) {
        const std::uint32_t i = rows.instrument[k];
        tail.exposure[u] += exposure_of(context, underlying, i, rows.quantity[k]);
        if (curved) tail.curvature[u] += curvature_of(context, underlying, i, rows.quantity[k]);
      }
    }
    tail.exposure[u] += pricing::worth_in(scratch.collateral, out.units[u].underlying);
  }
}

void evaluate_deltas(const Context& context, const Prepared& prepared, const PocketRows& rows,
                     Scratch& scratch, PocketRequirement& out, PositionTrace* trace) {
  const TailParameters& p = prepared.policy->tail;
  const std::size_t n = context.market.underlying_count();
  const std::vector<double>& exposure = scratch.tail.exposure;
  const double sd_initial = deviation(p.initial.covariance, n, out, exposure);
  const double sd_maintenance = deviation(p.maintenance.covariance, n, out, exposure);
  const auto loss_of_worth = [&](std::size_t u, double worth) {
    return LossPair{worth * marginal(p.initial, n, out, exposure, u, sd_initial),
                    worth * marginal(p.maintenance, n, out, exposure, u, sd_maintenance)};
  };
  write_requirement(
      rows, scratch,
      [&](std::size_t u, std::int64_t k) {
        const auto underlying = static_cast<std::size_t>(out.units[u].underlying);
        return loss_of_worth(
            u, exposure_of(context, underlying, rows.instrument[k], rows.quantity[k]));
      },
      loss_of_worth, out, trace);
}

// Both requirements' derivatives: what a unit of delta and a unit of gamma of each unit lose.
void evaluate_quadratic(const Context& context, const Prepared& prepared, const PocketRows& rows,
                        Scratch& scratch, PocketRequirement& out, PositionTrace* trace) {
  const Policy& policy = *prepared.policy;
  TailScratch& tail = scratch.tail;
  tail.held.clear();
  for (const UnitRequirement& unit : out.units) tail.held.push_back(unit.underlying);
  const bool shortfall = policy.method == MethodId::es;
  for (const auto& [margin, by] : {std::pair{&policy.tail.initial, &tail.initial},
                                   std::pair{&policy.tail.maintenance, &tail.maintenance}}) {
    quadratic_measure(policy.tail, *margin, {1.0 - margin->confidence, shortfall}, tail, *by);
  }
  const auto loss_of = [&](std::size_t u, double delta, double gamma) {
    const auto lost = [&](const TailSlopes& by) {
      return delta * by.delta[u] + gamma * by.gamma[u];
    };
    return LossPair{lost(tail.initial), lost(tail.maintenance)};
  };
  write_requirement(
      rows, scratch,
      [&](std::size_t u, std::int64_t k) {
        const auto underlying = static_cast<std::size_t>(out.units[u].underlying);
        const std::uint32_t i = rows.instrument[k];
        const double q = rows.quantity[k];
        return loss_of(u, exposure_of(context, underlying, i, q),
                       curvature_of(context, underlying, i, q));
      },
      [&](std::size_t u, double worth) { return loss_of(u, worth, 0.0); }, out, trace);
}

}  // namespace

double exposure_of(const Context& context, std::size_t u, std::uint32_t instrument,
                   double quantity) noexcept {
  return quantity * context.values.contract[instrument].delta_base * index_numeraire(context, u);
}

double curvature_of(const Context& context, std::size_t u, std::uint32_t instrument,
                    double quantity) noexcept {
  const double index = context.market.columns.index_price[u];
  return quantity * context.values.contract[instrument].gamma * index * index_numeraire(context, u);
}

double quadratic_measure(const TailParameters& p, const TailMargin& margin,
                         const TailQuestion& asked, TailScratch& scratch, TailSlopes& by) noexcept {
  const std::size_t n = scratch.held.size();
  const std::size_t underlyings = p.moves.size();
  scratch.covariance.resize(n * n);
  for (std::size_t a = 0; a < n; ++a) {
    const auto row = static_cast<std::size_t>(scratch.held[a]) * underlyings;
    for (std::size_t b = 0; b < n; ++b) {
      scratch.covariance[a * n + b] =
          margin.covariance[row + static_cast<std::size_t>(scratch.held[b])];
    }
  }
  by.delta.resize(n);
  by.gamma.resize(n);
  // The measure is of losses and the slopes are of the same sensitivities: a loss has theirs with
  // the other sign.
  scratch.lost_linear.resize(n);
  scratch.lost_square.resize(n);
  for (std::size_t u = 0; u < n; ++u) {
    scratch.lost_linear[u] = -scratch.exposure[u];
    scratch.lost_square[u] = -scratch.curvature[u];
  }
  const double measure =
      risk::saddlepoint_tail({scratch.lost_linear, scratch.lost_square, scratch.covariance},
                             asked.tail, asked.shortfall, scratch.saddle, by.delta, by.gamma);
  // Written so that a NaN stays one.
  const double weight = measure <= 0 ? 0.0 : margin.factor;
  for (double& x : by.delta) x *= -weight;
  for (double& x : by.gamma) x *= -weight;
  return weight * measure;
}

void evaluate_parametric(const Context& context, const Prepared& prepared, const PocketRows& rows,
                         Scratch& scratch, PocketRequirement& out, PositionTrace* trace) {
  const bool quadratic = prepared.policy->tail.quadratic;
  sum_sensitivities(context, rows, quadratic, scratch, out);
  (quadratic ? evaluate_quadratic : evaluate_deltas)(context, prepared, rows, scratch, out, trace);
}

}  // namespace tickmargin::margin

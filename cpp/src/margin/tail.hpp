// Value at risk and expected shortfall of a pocket over joint scenarios; the rule is in README.md.
#pragma once

#include <cstddef>
#include <vector>

#include "collateral/haircut.hpp"
#include "margin/method.hpp"

namespace tickmargin::margin {

constexpr bool is_tail(MethodId method) noexcept {
  return method == MethodId::var || method == MethodId::es;
}

// Whether the requirement is of sensitivities under a covariance, without scenarios: a multiple of
// standard deviations of the deltas, or with `quadratic` of deltas and gammas by saddle point.
inline bool is_parametric(const TailParameters& p) noexcept {
  return !p.initial.covariance.empty();
}

// Profits of a pocket in every scenario, into scratch.tail.profit: all positions in book order,
// then what each unit's collateral gains.
void tail_profits(const Prepared& prepared, const PocketRows& rows, Scratch& scratch);

// The loss of a set's scenarios, into scratch.tail.losses; false if one is not a number.
bool tail_losses(const TailSet& set, TailScratch& scratch) noexcept;

// The scenarios of the set's measure and their shares, into scratch.tail.shares; its value.
double tail_measure(const Policy& policy, const TailSet& set, const TailMargin& margin,
                    TailScratch& scratch);

// What a quantity of a contract gains for a relative move of the index of its underlying, and half
// of what for its square: in the numeraire.
double exposure_of(const Context& context, std::size_t u, std::uint32_t instrument,
                   double quantity) noexcept;
double curvature_of(const Context& context, std::size_t u, std::uint32_t instrument,
                    double quantity) noexcept;

// One requirement of the sensitivities in scratch.exposure and .curvature of the underlyings in
// scratch.held, at least 0, and what a unit of each of them loses.
struct TailQuestion {
  double tail;
  bool shortfall;
};
double quadratic_measure(const TailParameters& p, const TailMargin& margin,
                         const TailQuestion& asked, TailScratch& scratch, TailSlopes& by) noexcept;

void evaluate_parametric(const Context& context, const Prepared& prepared, const PocketRows& rows,
                         Scratch& scratch, PocketRequirement& out, PositionTrace* trace);

// Initial margin without add-ons if the worst subset of the resting orders trades.
double tail_initial_with_orders(const Context& context, const Prepared& prepared,
                                const collateral::Weights& weights, const PocketRows& rows,
                                Scratch& scratch);

// Room for pockets of so many units under the policies.
void reserve_tail(const std::vector<Policy>& policies, std::size_t units, Scratch& scratch);

}  // namespace tickmargin::margin

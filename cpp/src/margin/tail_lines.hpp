// What the methods `var` and `es` do with each position's part of a tail, wherever it comes from.
#pragma once

#include "base/ticks.hpp"
#include "margin/method.hpp"

namespace tickmargin::margin {

inline constexpr auto scan_line = static_cast<std::size_t>(Component::scan);

struct LossPair {
  double initial = 0;
  double maintenance = 0;
};

inline void set_unknown(PocketRequirement& out) noexcept {
  for (UnitRequirement& unit : out.units) {
    unit.initial[scan_line] = unit.maintenance[scan_line] = base::canonical_nan;
  }
}

// Whether maintenance asks for more than initial margin, which then is maintenance margin.
inline bool raise_initial(PocketRequirement& out) noexcept {
  double initial = 0, maintenance = 0;
  for (const UnitRequirement& unit : out.units) {
    initial += unit.initial[scan_line];
    maintenance += unit.maintenance[scan_line];
  }
  if (!(maintenance > initial)) return false;
  for (UnitRequirement& unit : out.units) unit.initial[scan_line] = unit.maintenance[scan_line];
  return true;
}

// Adds each position's loss, given by `loss_of(unit, position)`, and the collateral's to its unit.
template <class LossOf, class CollateralLossOf>
void add_losses(const PocketRows& rows, const Scratch& scratch, LossOf loss_of,
                CollateralLossOf collateral_loss_of, PocketRequirement& out) {
  for (std::size_t u = 0; u < out.units.size(); ++u) {
    UnitRequirement& unit = out.units[u];
    LossPair sum;
    if (u < rows.unit_underlying.size()) {
      for (std::int64_t k = rows.unit_positions[u]; k < rows.unit_positions[u + 1]; ++k) {
        const LossPair loss = loss_of(u, k);
        sum.initial += loss.initial;
        sum.maintenance += loss.maintenance;
      }
    }
    const double worth = pricing::worth_in(scratch.collateral, unit.underlying);
    if (worth != 0) {
      const LossPair loss = collateral_loss_of(u, worth);
      sum.initial += loss.initial;
      sum.maintenance += loss.maintenance;
    }
    // Of an empty tail each part is -0 or 0.
    unit.initial[scan_line] = sum.initial == 0 ? 0.0 : sum.initial;
    unit.maintenance[scan_line] = sum.maintenance == 0 ? 0.0 : sum.maintenance;
  }
}

// Contributions to initial margin: the additions that made its lines.
template <class LossOf, class CollateralLossOf>
void trace_losses(const PocketRows& rows, const Scratch& scratch, bool raised, LossOf loss_of,
                  CollateralLossOf collateral_loss_of, const PocketRequirement& out,
                  PositionTrace& trace) {
  const auto told = [&](const LossPair& loss) { return raised ? loss.maintenance : loss.initial; };
  for (std::size_t u = 0; u < out.units.size(); ++u) {
    if (u < rows.unit_underlying.size()) {
      for (std::int64_t k = rows.unit_positions[u]; k < rows.unit_positions[u + 1]; ++k) {
        trace.add(rows, k, told(loss_of(u, k)));
      }
    }
    const double worth = pricing::worth_in(scratch.collateral, out.units[u].underlying);
    if (worth == 0) continue;
    trace.collateral.push_back(
        {out.units[u].underlying, worth, told(collateral_loss_of(u, worth))});
  }
}

// Whether maintenance asked for more than initial margin.
template <class LossOf, class CollateralLossOf>
bool write_requirement(const PocketRows& rows, const Scratch& scratch, LossOf loss_of,
                       CollateralLossOf collateral_loss_of, PocketRequirement& out,
                       PositionTrace* trace) {
  add_losses(rows, scratch, loss_of, collateral_loss_of, out);
  const bool raised = raise_initial(out);
  if (trace != nullptr) {
    trace_losses(rows, scratch, raised, loss_of, collateral_loss_of, out, *trace);
  }
  return raised;
}

}  // namespace tickmargin::margin

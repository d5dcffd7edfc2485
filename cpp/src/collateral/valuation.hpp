// What a pocket owns: balances under their haircuts, and the value of its positions.
#pragma once

#include <vector>

#include "book/pocket_rows.hpp"
#include "collateral/haircut.hpp"
#include "pricing/context.hpp"
#include "tickmargin/policy.hpp"
#include "tickmargin/status.hpp"

namespace tickmargin::collateral {

struct UnitValue {
  UnderlyingIndex underlying = -1;
  double delta_base = 0;
  double gamma = 0;
  double vega = 0;
  double theta = 0;
  double gross_notional = 0;
  double value = 0;  // unrealised profit of futures, mark value of options and spot
};

struct PocketValue {
  // Added in order: balances, then positions; explain lists the same lines.
  double equity_initial = 0;
  double equity_maintenance = 0;
  double value_unweighted = 0;  // no haircut, every option counted
  double gross_notional = 0;
  double debts = 0;             // what negative balances owe, as equity counts it
  double ramp_maintenance = 0;  // of equity_maintenance its last line: a policy change's ramp
  std::vector<UnitValue> units;
  std::vector<pricing::IndexedCollateral> indexed;  // by underlying, simulated collateral only
  Status status = Status::ok;                       // first reason by precedence
};

// One line of equity.
struct Worth {
  double initial;
  double maintenance;
  double unweighted;
};

// A balance at its asset's price. A debt counts in full whatever the haircut; an asset simulated in
// the scenarios counts at its mark.
Worth balance_worth(const pricing::Context& context, const Policy& policy, const Weights& weights,
                    AssetIndex asset, double amount) noexcept;

// Share of its value that initial margin counts a credit in an asset with: its weight, less while
// its index is in doubt, 0 where it cannot be delivered.
double initial_weight(const pricing::Context& context, const Weights& weights,
                      AssetIndex asset) noexcept;

// Value of a position, quantity x (value + entry_factor x entry).
double position_worth(const pricing::Context& context, std::uint32_t instrument, double quantity,
                      double entry) noexcept;

// Whether the policy counts that value in equity: options do not where the requirement holds them.
bool counts_in_equity(const pricing::Context& context, const Policy& policy,
                      std::uint32_t instrument) noexcept;

void value_pocket(const pricing::Context& context, const Policy& policy, const Weights& weights,
                  const book::PocketRows& rows, PocketValue& out);

}  // namespace tickmargin::collateral

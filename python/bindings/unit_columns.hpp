// What pockets hold of each underlying, as columns; of a recompute and of the live engine alike.
#pragma once

#include <utility>

#include "columns.hpp"
#include "tickmargin/engine.hpp"

namespace tickmargin::bindings {

inline void add_unit(UnitRows& rows, AccountIndex account, const UnitRow& u) {
  rows.account.push_back(account);
  rows.pocket.push_back(u.pocket);
  rows.underlying.push_back(u.underlying);
  rows.delta_base.push_back(u.delta_base);
  rows.gamma.push_back(u.gamma);
  rows.vega.push_back(u.vega);
  rows.theta.push_back(u.theta);
  rows.gross_notional.push_back(u.gross_notional);
  rows.value.push_back(u.value);
  rows.initial_margin.push_back(u.initial_margin);
  rows.maintenance_margin.push_back(u.maintenance_margin);
  rows.worst_price_move.push_back(u.worst_price_move);
  rows.worst_vol_shock.push_back(u.worst_vol_shock);
}

inline py::dict units_to_dict(UnitRows&& u) {
  py::dict units;
  units["account"] = give_column(std::move(u.account));
  units["pocket"] = give_column(std::move(u.pocket));
  units["underlying"] = give_column(std::move(u.underlying));
  units["delta_base"] = give_column(std::move(u.delta_base));
  units["gamma"] = give_column(std::move(u.gamma));
  units["vega"] = give_column(std::move(u.vega));
  units["theta"] = give_column(std::move(u.theta));
  units["gross_notional"] = give_column(std::move(u.gross_notional));
  units["value"] = give_column(std::move(u.value));
  units["initial_margin"] = give_column(std::move(u.initial_margin));
  units["maintenance_margin"] = give_column(std::move(u.maintenance_margin));
  units["worst_price_move"] = give_column(std::move(u.worst_price_move));
  units["worst_vol_shock"] = give_column(std::move(u.worst_vol_shock));
  return units;
}

}  // namespace tickmargin::bindings

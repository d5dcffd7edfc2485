// What pockets hold of each underlying, as columns; of a recompute and of the live engine alike.
#pragma once

#include <utility>
#include <vector>

#include "columns.hpp"
#include "tickmargin/engine.hpp"

namespace tickmargin::bindings {

struct UnitColumn {
  const char* name;
  std::vector<double> UnitRows::* rows;
  double UnitRow::* row;
};
inline constexpr UnitColumn unit_columns[] = {
    {"delta_base", &UnitRows::delta_base, &UnitRow::delta_base},
    {"gamma", &UnitRows::gamma, &UnitRow::gamma},
    {"vega", &UnitRows::vega, &UnitRow::vega},
    {"theta", &UnitRows::theta, &UnitRow::theta},
    {"gross_notional", &UnitRows::gross_notional, &UnitRow::gross_notional},
    {"value", &UnitRows::value, &UnitRow::value},
    {"initial_margin", &UnitRows::initial_margin, &UnitRow::initial_margin},
    {"maintenance_margin", &UnitRows::maintenance_margin, &UnitRow::maintenance_margin},
    {"worst_price_move", &UnitRows::worst_price_move, &UnitRow::worst_price_move},
    {"worst_vol_shock", &UnitRows::worst_vol_shock, &UnitRow::worst_vol_shock},
};

inline void add_unit(UnitRows& rows, AccountIndex account, const UnitRow& unit) {
  rows.account.push_back(account);
  rows.pocket.push_back(unit.pocket);
  rows.underlying.push_back(unit.underlying);
  for (const UnitColumn& c : unit_columns) (rows.*c.rows).push_back(unit.*c.row);
}

inline py::dict units_to_dict(UnitRows&& rows) {
  py::dict units;
  units["account"] = give_column(std::move(rows.account));
  units["pocket"] = give_column(std::move(rows.pocket));
  units["underlying"] = give_column(std::move(rows.underlying));
  for (const UnitColumn& c : unit_columns) units[c.name] = give_column(std::move(rows.*c.rows));
  return units;
}

}  // namespace tickmargin::bindings

// Lending protocols in whole numbers; tickmargin.protocols gives them names and types.
#include <pybind11/stl.h>

#include "exact_casters.hpp"
#include "protocol/aave_v3.hpp"
#include "protocol/compound_v3.hpp"
#include "protocol/liquity_v1.hpp"
#include "protocol/maker.hpp"
#include "protocol/morpho_blue.hpp"

namespace tickmargin::bindings {
namespace {

namespace aave = protocol::aave_v3;
namespace compound = protocol::compound_v3;
namespace liquity = protocol::liquity_v1;
namespace maker = protocol::maker;
using base::Checked;
using Pair = std::tuple<Checked, Checked>;
using Triple = std::tuple<Checked, Checked, Checked>;
using Quadruple = std::tuple<Checked, Checked, Checked, Checked>;

py::tuple aave_account_data(const std::vector<Triple>& collaterals,
                            const std::vector<Checked>& debts) {
  const aave::AccountData d = aave::account_data(all_made<aave::Collateral>(collaterals), debts);
  return py::make_tuple(d.total_collateral, d.total_debt, d.average_ltv,
                        d.average_liquidation_threshold, d.health_factor, d.available_borrows);
}

py::tuple aave_liquidation(const Triple& debt, const Triple& collateral, const Pair& market,
                           Checked health_factor, Checked total_debt, Checked cover) {
  const aave::Liquidation l =
      aave::liquidation(made<aave::Leg>(debt), made<aave::Leg>(collateral),
                        made<aave::Market>(market), health_factor, total_debt, cover);
  return py::make_tuple(l.debt_repaid, l.collateral_to_liquidator, l.protocol_fee, l.leaves_dust,
                        l.max_liquidatable_debt);
}

Checked compound_liquidity(Checked base_balance, const Pair& base_token,
                           const std::vector<Quadruple>& collaterals) {
  return compound::liquidity(base_balance, made<compound::Base>(base_token),
                             all_made<compound::Collateral>(collaterals));
}

Checked compound_quote_collateral(Checked base_amount, const Pair& base_token, Checked asset_price,
                                  Checked asset_scale, Checked liquidation_factor,
                                  Checked store_front_price_factor) {
  return compound::quote_collateral(base_amount, made<compound::Base>(base_token), asset_price,
                                    asset_scale, liquidation_factor, store_front_price_factor);
}

py::tuple liquity_liquidation(Checked collateral, Checked debt, Checked price,
                              const Quadruple& system) {
  const liquity::Liquidation l =
      liquity::liquidation(collateral, debt, price, made<liquity::System>(system));
  return py::make_tuple(l.collateral_ratio, static_cast<int>(l.branch), l.capped_collateral,
                        l.gas_compensation, l.surplus);
}

}  // namespace

void register_lending(Module& m) {
  using py::arg;
  m.def("aave_percent_mul", &aave::percent_mul, arg("value"), arg("bps"));
  m.def("aave_percent_div", &aave::percent_div, arg("value"), arg("bps"));
  m.def("aave_account_data", &aave_account_data, arg("collaterals"), arg("debts"));
  m.def("aave_liquidation", &aave_liquidation, arg("debt"), arg("collateral"), arg("market"),
        arg("health_factor"), arg("total_debt"), arg("cover"));
  m.def("compound_liquidity", &compound_liquidity, arg("base_balance"), arg("base_token"),
        arg("collaterals"));
  m.def("compound_quote_collateral", &compound_quote_collateral, arg("base_amount"),
        arg("base_token"), arg("asset_price"), arg("asset_scale"), arg("liquidation_factor"),
        arg("store_front_price_factor"));
  m.def("liquity_liquidation", &liquity_liquidation, arg("collateral"), arg("debt"), arg("price"),
        arg("system"));
  m.def("maker_linear_price", &maker::linear_price, arg("top"), arg("tau"), arg("elapsed"));
  m.def("maker_stairstep_price", &maker::stairstep_price, arg("top"), arg("step"), arg("cut"),
        arg("elapsed"));
  m.def("morpho_liquidation_incentive_factor", &protocol::morpho_blue::liquidation_incentive_factor,
        arg("lltv"), arg("cursor"), arg("maximum"));
}

}  // namespace tickmargin::bindings

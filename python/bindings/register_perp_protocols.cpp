// On-chain perpetual venues and options in whole numbers and exact fractions; tickmargin.protocols
// gives them names and types.
#include <pybind11/stl.h>

#include "exact_casters.hpp"
#include "protocol/gmx_v2.hpp"
#include "protocol/hyperliquid.hpp"
#include "protocol/panoptic.hpp"
#include "protocol/paradex.hpp"
#include "protocol/perp_v2.hpp"
#include "protocol/squeeth.hpp"
#include "protocol/synthetix_v3.hpp"

namespace tickmargin::bindings {
namespace {

namespace gmx = protocol::gmx_v2;
namespace hyperliquid = protocol::hyperliquid;
namespace panoptic = protocol::panoptic;
namespace paradex = protocol::paradex;
namespace perp = protocol::perp_v2;
namespace squeeth = protocol::squeeth;
namespace synthetix = protocol::synthetix_v3;
using base::Checked;
using base::Rational;
using Triple = std::tuple<Checked, Checked, Checked>;
using Quintuple = std::tuple<Checked, Checked, Checked, Checked, Checked>;

py::tuple gmx_liquidation_verdict(const Quintuple& position, const Triple& limits) {
  const gmx::Verdict v =
      gmx::liquidation_verdict(made<gmx::Position>(position), made<gmx::Limits>(limits));
  return py::make_tuple(v.remaining, static_cast<int>(v.reason));
}

Rational hyperliquid_maintenance_margin(const Rational& notional,
                                        const std::vector<std::tuple<Rational, Checked>>& tiers) {
  return hyperliquid::maintenance_margin(notional, all_made<hyperliquid::Tier>(tiers));
}

py::tuple paradex_cross_margin(const Rational& position, const Rational& buys,
                               const Rational& sells, const Rational& fraction,
                               const Rational& mark) {
  const paradex::CrossMargin m = paradex::cross_margin(position, buys, sells, fraction, mark);
  return py::make_tuple(m.buy_open, m.sell_open, m.net_requirement);
}

std::vector<bool> paradex_orders_kept(
    const Rational& position, const std::vector<std::tuple<bool, Rational, Rational>>& orders) {
  std::vector<bool> kept;
  if (!paradex::orders_kept(position, all_made<paradex::Order>(orders), kept)) {
    throw py::value_error("a comparison does not fit 128 bits");
  }
  return kept;
}

py::tuple row_of(const paradex::Partial& p) {
  return py::make_tuple(p.share, p.requirement, p.penalty, p.account_value);
}

py::tuple paradex_partial_liquidation(const Rational& account_value, const Rational& requirement,
                                      const Rational& share, const Rational& fee) {
  return row_of(paradex::partial_liquidation(account_value, requirement, share, fee));
}

py::tuple paradex_liquidation_share(const Rational& account_value, const Rational& requirement,
                                    const Rational& step, const Rational& target,
                                    const Rational& fee) {
  return row_of(paradex::liquidation_share(account_value, requirement, step, target, fee));
}

py::tuple paradex_minimum_delta(const std::vector<std::tuple<Rational, Rational>>& positions,
                                const Rational& spot, const Rational& unhedged_rate,
                                const Rational& hedged_rate) {
  const paradex::MinimumDelta d =
      paradex::minimum_delta(all_made<paradex::Delta>(positions), spot, unhedged_rate, hedged_rate);
  return py::make_tuple(d.net, d.gross, d.hedged, d.charge);
}

py::tuple paradex_socialised_loss(const Rational& bankruptcies, const Rational& fund,
                                  const Rational& balance, const Rational& withdrawal,
                                  bool add_shortfall) {
  const paradex::SocialisedLoss l =
      paradex::socialised_loss(bankruptcies, fund, balance, withdrawal, add_shortfall);
  return py::make_tuple(l.shortfall, l.factor, l.received, l.to_fund);
}

Checked perp_max_liquidate_ratio(const Triple& account, Checked position_value, Checked small) {
  return perp::max_liquidate_ratio(made<perp::Account>(account), position_value, small);
}

py::tuple synthetix_required_margins(Checked size, Checked price, const Quintuple& market) {
  const synthetix::Requirement r =
      synthetix::required_margins(size, price, made<synthetix::Market>(market));
  return py::make_tuple(r.initial_ratio, r.maintenance_ratio, r.initial_margin,
                        r.maintenance_margin);
}

Checked synthetix_available_margin(Checked collateral, const std::vector<Checked>& profits) {
  return synthetix::available_margin(collateral, profits);
}

Checked panoptic_sell_ratio(const Triple& utilisation, Checked least) {
  return panoptic::sell_ratio(made<panoptic::Utilisation>(utilisation), least);
}

Checked panoptic_buy_ratio(const Triple& utilisation, Checked most) {
  return panoptic::buy_ratio(made<panoptic::Utilisation>(utilisation), most);
}

py::tuple squeeth_vault(Checked collateral, Checked short_amount, Checked normalisation,
                        Checked price, Checked index_scale, Checked min_collateral) {
  const squeeth::Vault v =
      squeeth::vault(collateral, short_amount, normalisation, price, index_scale, min_collateral);
  return py::make_tuple(v.debt, v.safe, v.dust);
}

}  // namespace

void register_perp_protocols(Module& m) {
  using py::arg;
  m.def("gmx_liquidation_verdict", &gmx_liquidation_verdict, arg("position"), arg("limits"));
  m.def("hyperliquid_maintenance_margin", &hyperliquid_maintenance_margin, arg("notional"),
        arg("tiers"));
  m.def("hyperliquid_borrowable", &hyperliquid::borrowable, arg("balance"), arg("price"),
        arg("loan_to_value"));
  m.def("paradex_cross_margin", &paradex_cross_margin, arg("position"), arg("buys"), arg("sells"),
        arg("fraction"), arg("mark"));
  m.def("paradex_orders_kept", &paradex_orders_kept, arg("position"), arg("orders"));
  m.def("paradex_partial_liquidation", &paradex_partial_liquidation, arg("account_value"),
        arg("requirement"), arg("share"), arg("fee"));
  m.def("paradex_liquidation_share", &paradex_liquidation_share, arg("account_value"),
        arg("requirement"), arg("step"), arg("target"), arg("fee"));
  m.def("paradex_minimum_delta", &paradex_minimum_delta, arg("positions"), arg("spot"),
        arg("unhedged_rate"), arg("hedged_rate"));
  m.def("paradex_socialised_loss", &paradex_socialised_loss, arg("bankruptcies"), arg("fund"),
        arg("balance"), arg("withdrawal"), arg("add_shortfall"));
  m.def("perp_max_liquidate_ratio", &perp_max_liquidate_ratio, arg("account"),
        arg("position_value"), arg("small"));
  m.def("synthetix_required_margins", &synthetix_required_margins, arg("size"), arg("price"),
        arg("market"));
  m.def("synthetix_fill_price", &synthetix::fill_price, arg("size"), arg("index"), arg("skew"),
        arg("skew_scale"));
  m.def("synthetix_position_profit", &synthetix::position_profit, arg("size"), arg("entry_price"),
        arg("price"));
  m.def("synthetix_available_margin", &synthetix_available_margin, arg("collateral"),
        arg("profits"));
  m.def("panoptic_sell_ratio", &panoptic_sell_ratio, arg("utilisation"), arg("least"));
  m.def("panoptic_buy_ratio", &panoptic_buy_ratio, arg("utilisation"), arg("most"));
  m.def("squeeth_vault", &squeeth_vault, arg("collateral"), arg("short_amount"),
        arg("normalisation"), arg("price"), arg("index_scale"), arg("min_collateral"));
  m.def("squeeth_normalisation_multiplier", &squeeth::normalisation_multiplier, arg("index"),
        arg("mark"), arg("elapsed"), arg("period"), arg("lower"), arg("upper"));
}

}  // namespace tickmargin::bindings

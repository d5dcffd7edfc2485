// The engine: columns in, engine out; the GIL is released while it computes.
#include <pybind11/stl.h>

#include "columns.hpp"
#include "inputs_from_dict.hpp"
#include "pricing/parity.hpp"
#include "register.hpp"
#include "tickmargin/engine.hpp"
#include "unit_columns.hpp"

namespace tickmargin::bindings {
namespace {

std::unique_ptr<Engine> make_engine(const py::dict& market, const py::dict& instruments,
                                    const py::dict& portfolio, const py::list& policies,
                                    const py::object& account_policy, int numeraire_decimals) {
  EngineInputs inputs{market_from(market), instruments_from(instruments), portfolio_from(portfolio),
                      policies_from(policies, account_policy), numeraire_decimals};
  const py::gil_scoped_release unlocked;
  return std::make_unique<Engine>(std::move(inputs));
}

template <class Rows>
py::dict amounts_to_dict(Rows& r) {
  py::dict d;
  d["equity"] = give_column(std::move(r.equity));
  d["equity_initial"] = give_column(std::move(r.equity_initial));
  d["initial_margin"] = give_column(std::move(r.initial_margin));
  d["maintenance_margin"] = give_column(std::move(r.maintenance_margin));
  d["debts"] = give_column(std::move(r.debts));
  d["slack_ticks"] = give_column(std::move(r.slack_ticks));
  d["state"] = give_column(std::move(r.state));
  d["status"] = give_column(std::move(r.status));
  return d;
}

py::dict result_to_dict(Result& result) {
  py::dict accounts = amounts_to_dict(result.accounts);
  accounts["policy"] = give_column(std::move(result.accounts.policy));
  accounts["worst_pocket"] = give_column(std::move(result.accounts.worst_pocket));
  accounts["worst_underlying"] = give_column(std::move(result.accounts.worst_underlying));
  accounts["worst_price_move"] = give_column(std::move(result.accounts.worst_price_move));
  accounts["worst_vol_shock"] = give_column(std::move(result.accounts.worst_vol_shock));

  py::dict pockets = amounts_to_dict(result.pockets);
  pockets["account"] = give_column(std::move(result.pockets.account));
  pockets["pocket"] = give_column(std::move(result.pockets.pocket));
  pockets["gross_notional"] = give_column(std::move(result.pockets.gross_notional));

  py::dict components;
  components["policy"] = give_column(std::move(result.components.policy));
  components["underlying"] = give_column(std::move(result.components.underlying));
  components["component"] = result.components.component;
  components["initial_margin"] = give_column(std::move(result.components.initial_margin));
  components["maintenance_margin"] = give_column(std::move(result.components.maintenance_margin));

  py::dict out;
  out["as_of_ns"] = result.as_of_ns;
  out["accounts"] = accounts;
  out["pockets"] = pockets;
  out["units"] = units_to_dict(std::move(result.units));
  out["components"] = components;
  return out;
}

py::dict recompute(const Engine& engine, int threads,
                   const std::vector<std::pair<std::int32_t, double>>& index,
                   const py::object& policies, const py::object& account_policy) {
  RecomputeOptions options;
  options.threads = threads;
  for (const auto& [underlying, price] : index) options.index.push_back({underlying, price});
  PolicySet candidate;
  if (!policies.is_none()) {
    candidate = policies_from(policies.cast<py::list>(), account_policy);
    options.candidate = &candidate;
  }
  Result result;
  {
    const py::gil_scoped_release unlocked;
    result = engine.recompute(options);
  }
  return result_to_dict(result);
}

// Columns of the accounts asked for, in that order.
py::dict project(const Engine& engine, const py::object& accounts, std::int32_t underlying,
                 double price_move, double vol_shock, bool vol_shock_absolute,
                 std::int64_t forward_ns, int threads) {
  const Projection projection{to_column<std::int32_t>(accounts, "accounts"),
                              underlying,
                              price_move,
                              vol_shock,
                              vol_shock_absolute,
                              forward_ns,
                              threads};
  Result result;
  {
    const py::gil_scoped_release unlocked;
    result = engine.project(projection);
  }
  py::dict out = amounts_to_dict(result.accounts);
  out["as_of_ns"] = result.as_of_ns;
  return out;
}

py::dict counts_to_dict(StateCounts::Columns&& counts) {
  py::dict out;
  out["below_initial"] = give_column(std::move(counts.below_initial));
  out["called"] = give_column(std::move(counts.called));
  out["liquidated"] = give_column(std::move(counts.liquidated));
  out["undecidable"] = give_column(std::move(counts.undecidable));
  return out;
}

// Moves and shocks are [underlying x scenario]; no shocks hold volatilities.
py::tuple count_states(const Engine& engine, const py::object& accounts,
                       const py::object& price_move, const py::object& vol_shock,
                       const py::dict& terms, std::int64_t forward_ns, int threads) {
  JointScenarios joint;
  joint.accounts = to_column<std::int32_t>(accounts, "accounts");
  joint.price_move = to_column<double>(price_move, "price_move");
  joint.vol_shock = to_column<double>(vol_shock, "vol_shock");
  const std::size_t underlyings = engine.underlying_count();
  joint.count = underlyings == 0 ? 0 : joint.price_move.size() / underlyings;
  if (joint.price_move.size() != joint.count * underlyings ||
      !(joint.vol_shock.empty() || joint.vol_shock.size() == joint.price_move.size())) {
    throw py::value_error("price_move and vol_shock must be underlyings x scenarios");
  }
  joint.vol_shock_kind = static_cast<VolShock>(terms["vol_shock_kind"].cast<int>());
  joint.vol_reference_days = terms["vol_reference_days"].cast<double>();
  joint.vol_power_short = terms["vol_power_short"].cast<double>();
  joint.vol_power_long = terms["vol_power_long"].cast<double>();
  joint.vol_up_floor_annual = terms["vol_up_floor_annual"].cast<double>();
  joint.min_days = terms["min_days"].cast<double>();
  joint.forward_ns = forward_ns;
  joint.threads = threads;
  StateCounts counts;
  {
    const py::gil_scoped_release unlocked;
    counts = engine.count_states(joint);
  }
  return py::make_tuple(counts_to_dict(std::move(counts.by_account)),
                        counts_to_dict(std::move(counts.by_scenario)));
}

// Rows of structs become a list of columns, one per listed member.
template <class Row, class... Members>
py::tuple columns_of(const std::vector<Row>& rows, Members Row::*... members) {
  auto one = [&](auto member) {
    py::list column(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) column[i] = py::cast(rows[i].*member);
    return column;
  };
  return py::make_tuple(one(members)...);
}

py::dict explain(const Engine& engine, std::int32_t account) {
  const Explanation e = engine.explain(account);
  py::dict out;
  out["state"] = static_cast<int>(e.state);
  out["status"] = static_cast<int>(e.status);
  out["policy"] = e.policy;
  using Q = ExplainedEquity;
  out["equity"] = columns_of(e.equity, &Q::pocket, &Q::kind, &Q::item, &Q::amount, &Q::price,
                             &Q::initial, &Q::maintenance);
  using R = ExplainedRequirement;
  out["requirement"] = columns_of(e.requirement, &R::pocket, &R::underlying, &R::component,
                                  &R::initial, &R::maintenance);
  using P = ExplainedPosition;
  out["positions"] = columns_of(e.positions, &P::pocket, &P::underlying, &P::instrument,
                                &P::quantity, &P::value, &P::contribution);
  using S = ExplainedScenario;
  out["scenarios"] = columns_of(e.scenarios, &S::pocket, &S::underlying, &S::price_move,
                                &S::vol_shock, &S::weight, &S::profit);
  using T = ExplainedTail;
  out["tail"] = columns_of(e.tail, &T::pocket, &T::scenario, &T::loss, &T::initial_share,
                           &T::maintenance_share);
  using N = ExplainedNetting;
  out["netting"] = columns_of(e.netting, &N::pocket, &N::underlying, &N::initial_alone,
                              &N::initial_share, &N::maintenance_alone, &N::maintenance_share);
  out["unsupported"] = e.unsupported;
  return out;
}

py::object risk_matrix(const Engine& engine, std::int32_t account) {
  const RiskMatrix m = engine.risk_matrix(account);
  if (!m.known) return py::none();
  py::dict out;
  using V = RiskVectorRow;
  out["vectors"] = columns_of(m.vectors, &V::pocket, &V::underlying, &V::level,
                              &V::settlement_asset, &V::instrument, &V::table, &V::index,
                              &V::price_move, &V::vol_shock, &V::weight, &V::profit);
  using C = RiskChargeRow;
  out["charges"] = columns_of(m.charges, &C::pocket, &C::underlying, &C::charge, &C::amount);
  using S = ShockedVolRow;
  out["volatilities"] = columns_of(m.volatilities, &S::instrument, &S::vol_shock, &S::vol_annual);
  return out;
}

py::tuple currency_equity(const Engine& engine, std::int32_t account) {
  using E = CurrencyEquityRow;
  return columns_of(engine.currency_equity(account), &E::asset, &E::balance, &E::unrealised,
                    &E::option_value, &E::equity);
}

py::dict what_if(const Engine& engine, const py::dict& columns, std::int32_t hedge, int threads) {
  const auto account = take_column<std::int32_t>(columns, "account");
  const auto pocket = take_column<std::int32_t>(columns, "pocket");
  const auto instrument = take_column<std::int32_t>(columns, "instrument");
  const auto quantity = take_column<double>(columns, "quantity");
  const auto price = take_column<double>(columns, "price");
  const auto joined = take_column<std::uint8_t>(columns, "joined");
  const auto mark_weight = take_column<double>(columns, "mark_weight");
  std::vector<Order> orders;
  for (std::size_t i = 0; i < account.size(); ++i) {
    orders.push_back({account[i], pocket.at(i), instrument.at(i), quantity.at(i), price.at(i),
                      joined.at(i) != 0, mark_weight.at(i)});
  }
  std::vector<OrderEffect> effects;
  {
    const py::gil_scoped_release unlocked;
    effects = engine.what_if(orders, hedge, threads);
  }
  py::dict out;
  auto give = [&](const char* name, auto read) {
    std::vector<std::decay_t<decltype(read(effects[0]))>> column;
    for (const OrderEffect& e : effects) column.push_back(read(e));
    out[name] = give_column(std::move(column));
  };
  give("verdict", [](const OrderEffect& e) { return e.verdict; });
  give("status", [](const OrderEffect& e) { return e.status; });
  give("equity_before", [](const OrderEffect& e) { return e.equity_before; });
  give("equity_after", [](const OrderEffect& e) { return e.equity_after; });
  give("initial_margin_before", [](const OrderEffect& e) { return e.initial_margin_before; });
  give("initial_margin_after", [](const OrderEffect& e) { return e.initial_margin_after; });
  give("maintenance_margin_before",
       [](const OrderEffect& e) { return e.maintenance_margin_before; });
  give("maintenance_margin_after", [](const OrderEffect& e) { return e.maintenance_margin_after; });
  give("shortfall", [](const OrderEffect& e) { return e.shortfall; });
  give("binding_underlying", [](const OrderEffect& e) { return e.binding_underlying; });
  give("binding_price_move", [](const OrderEffect& e) { return e.binding_price_move; });
  give("binding_vol_shock", [](const OrderEffect& e) { return e.binding_vol_shock; });
  give("mark_price", [](const OrderEffect& e) { return e.mark_price; });
  give("hedge_quantity", [](const OrderEffect& e) { return e.hedge_quantity; });
  return out;
}

py::tuple liquidation_prices(const Engine& engine, std::int32_t account, std::int32_t pocket,
                             std::int32_t underlying) {
  LiquidationPrices prices;
  {
    const py::gil_scoped_release unlocked;
    prices = engine.liquidation_prices(account, pocket, underlying);
  }
  return py::make_tuple(prices.lower, prices.upper, root_status_name(prices.lower_status),
                        root_status_name(prices.upper_status));
}

double forward_from_parity(const py::object& strike, const py::object& call, const py::object& put,
                           bool coin_settled, double discount) {
  const auto k = to_column<double>(strike, "strike");
  const auto c = to_column<double>(call, "call");
  const auto p = to_column<double>(put, "put");
  if (c.size() != k.size() || p.size() != k.size()) {
    throw py::value_error("strike, call and put must have the same length");
  }
  return pricing::forward_from_parity(
      {k.size(), k.data(), c.data(), p.data(), coin_settled, discount});
}

}  // namespace

void register_engine(Module& m) {
  py::class_<Engine>(m, "Engine")
      .def(py::init(&make_engine), py::arg("market"), py::arg("instruments"), py::arg("portfolio"),
           py::arg("policies"), py::arg("account_policy"), py::arg("numeraire_decimals"))
      .def("recompute", &recompute, py::arg("threads"), py::arg("index"), py::arg("policies"),
           py::arg("account_policy"))
      .def("project", &project, py::arg("accounts"), py::arg("underlying"), py::arg("price_move"),
           py::arg("vol_shock"), py::arg("vol_shock_absolute"), py::arg("forward_ns"),
           py::arg("threads"))
      .def("count_states", &count_states, py::arg("accounts"), py::arg("price_move"),
           py::arg("vol_shock"), py::arg("terms"), py::arg("forward_ns"), py::arg("threads"))
      .def("explain", &explain, py::arg("account"))
      .def("risk_matrix", &risk_matrix, py::arg("account"))
      .def("currency_equity", &currency_equity, py::arg("account"))
      .def("what_if", &what_if, py::arg("orders"), py::arg("hedge"), py::arg("threads"))
      .def("liquidation_prices", &liquidation_prices, py::arg("account"), py::arg("pocket"),
           py::arg("underlying"))
      .def(
          "position_values",
          [](const Engine& engine, const py::object& instrument, const py::object& quantity,
             const py::object& entry_price) {
            return give_column(
                engine.position_values(to_column<std::int32_t>(instrument, "instrument"),
                                       to_column<double>(quantity, "quantity"),
                                       to_column<double>(entry_price, "entry_price")));
          },
          py::arg("instrument"), py::arg("quantity"), py::arg("entry_price"))
      .def(
          "supported",
          [](const Engine& engine, std::int32_t policy) {
            return give_column(engine.supported(policy));
          },
          py::arg("policy"))
      .def("gross_notional",
           [](const Engine& engine) { return give_column(engine.gross_notional()); });
  m.def("forward_from_parity", &forward_from_parity, py::arg("strike"), py::arg("call"),
        py::arg("put"), py::arg("coin_settled"), py::arg("discount"));
  m.def("state_names", [] {
    std::vector<std::string> names;
    for (int i = 0; i <= static_cast<int>(State::undecidable); ++i) {
      names.emplace_back(state_name(static_cast<State>(i)));
    }
    return names;
  });
  m.def("status_names", [] {
    std::vector<std::string> names;
    for (int i = 0; i <= static_cast<int>(Status::unsupported_contract); ++i) {
      names.emplace_back(status_name(static_cast<Status>(i)));
    }
    return names;
  });
  m.def("verdict_names", [] {
    std::vector<std::string> names;
    for (int i = 0; i <= static_cast<int>(OrderVerdict::refused_undecidable); ++i) {
      names.emplace_back(verdict_name(static_cast<OrderVerdict>(i)));
    }
    return names;
  });
}

}  // namespace tickmargin::bindings

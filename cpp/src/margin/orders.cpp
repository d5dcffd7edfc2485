#include "margin/orders.hpp"

#include <algorithm>
#include <cmath>

#include "book/book.hpp"
#include "collateral/valuation.hpp"
#include "kernels/kernels.hpp"
#include "margin/matrix.hpp"
#include "margin/methods.hpp"
#include "margin/tail.hpp"

namespace tickmargin::margin {
namespace {

double short_by(double gain) noexcept {
  return std::max(0.0, -gain);
}

struct Desk {
  const Context& context;
  const Prepared& prepared;
  const collateral::Weights& weights;
  const PocketRows& rows;
  Scratch& scratch;

  const Policy& policy() const { return *prepared.policy; }
  // What a fill gains or loses against the mark offsets its row only where losses simply add up:
  // inside a netted loss a credit would shrink it.
  bool offsets() const { return policy().netting.rule == NettingRule::sum; }
  // A safety factor multiplies all that orders add, but not this.
  double gain_of(const OrderRow& order) const {
    return equity_of_fill(context, policy(), weights, order) / policy().safety_factor_ratio;
  }
};

// One underlying's positions and orders.
struct Unit {
  UnderlyingIndex underlying;
  std::int64_t begin, end;
  std::span<const OrderRow> orders;

  std::size_t u() const { return static_cast<std::size_t>(underlying); }
};

// The largest losses, orders that hurt included.
struct Losses {
  double floor = 0;  // no scenario: what the orders lose against the mark
  double up = 0;
  double down = 0;

  void see(double loss, double move) noexcept {
    // Written so that a NaN replaces any number and stays.
    if (move >= 0 && !(loss <= up)) up = loss;
    if (move <= 0 && !(loss <= down)) down = loss;
  }
};

// Sums of the unit's positions in every grid column, into scratch.sums.
void scan_positions(const Desk& desk, const Unit& unit) {
  const risk::ScenarioTable& table = desk.prepared.table;
  desk.scratch.sums.resize(table.stride);
  const std::int64_t offsets[2] = {0, unit.end - unit.begin};
  const kernels::PositionGroups groups{1, offsets, desk.rows.instrument + unit.begin,
                                       desk.rows.quantity + unit.begin};
  kernels::kernels().portfolio_scan(groups, table.grid.data(), table.stride,
                                    table.underlying[unit.u()].grid.size(),
                                    desk.scratch.sums.data(), nullptr, nullptr);
}

// Adds what each order takes from each scenario of a list; `profits_of(i)` gives a contract's.
template <class ProfitsOf>
void add_orders(const Desk& desk, const Unit& unit, double factor, std::size_t scenarios,
                ProfitsOf profits_of, std::vector<double>& hurt) {
  hurt.assign(scenarios, 0.0);
  for (const OrderRow& order : unit.orders) {
    const double gain = desk.offsets() ? desk.gain_of(order) : 0.0;
    const double* const row = profits_of(order.instrument);
    for (std::size_t s = 0; s < scenarios; ++s) {
      hurt[s] += short_by(factor * (order.quantity * row[s]) + gain);
    }
  }
}

double lost_to_mark(const Desk& desk, std::span<const OrderRow> orders) {
  double lost = 0;
  for (const OrderRow& order : orders) lost += short_by(desk.gain_of(order));
  return lost;
}

Losses grid_losses(const Desk& desk, const Unit& unit, double factor, double collateral) {
  const risk::ScenarioTable& table = desk.prepared.table;
  const risk::Scenarios& grid = table.underlying[unit.u()].grid;
  Losses losses;
  if (desk.offsets()) losses.floor = lost_to_mark(desk, unit.orders);
  losses.up = losses.down = losses.floor;
  scan_positions(desk, unit);
  add_orders(
      desk, unit, factor, grid.size(), [&](std::uint32_t i) { return table.row(i); },
      desk.scratch.profit);
  for (std::size_t s = 0; s < grid.size(); ++s) {
    const double sum = desk.scratch.sums[s] + grid.weight[s] * (collateral * grid.price_move[s]);
    losses.see(desk.scratch.profit[s] - factor * sum, grid.price_move[s]);
  }
  return losses;
}

// Strikes of options held long, or that a resting order would buy.
void node_losses(const Desk& desk, const Unit& unit, double collateral, Losses& losses) {
  const ScenarioParameters& p = desk.policy().scenario[unit.u()];
  const risk::UnderlyingScenarios& scenarios = desk.prepared.table.underlying[unit.u()];
  Scratch& scratch = desk.scratch;
  const Context& c = desk.context;
  std::vector<double>& moves = scratch.node_move;
  moves.clear();
  const auto add = [&](std::uint32_t i, double quantity) {
    if (c.instruments.kind[i] != Kind::option || !(quantity > 0)) return;
    const double move = risk::strike_move(c.market, c.instruments, c.values, i);
    if (std::fabs(move) <= p.price_range) moves.push_back(move);
  };
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    add(desk.rows.instrument[k], desk.rows.quantity[k]);
  }
  for (const OrderRow& order : unit.orders) add(order.instrument, order.quantity);
  std::sort(moves.begin(), moves.end());
  moves.erase(std::unique(moves.begin(), moves.end()), moves.end());
  if (moves.empty()) return;
  risk::Scenarios& nodes = scratch.node_grid;
  nodes.price_move.clear();
  nodes.vol_index.clear();
  for (const double move : moves) {
    for (std::size_t v = 0; v < scenarios.shocks.shock.size(); ++v) {
      nodes.price_move.push_back(move);
      nodes.vol_index.push_back(static_cast<std::uint8_t>(v));
    }
  }
  nodes.weight.assign(nodes.size(), 1.0);
  const risk::Valued valued{c.market, c.instruments, c.values};
  scratch.row_profit.resize(nodes.size());
  const auto profits_of = [&](std::uint32_t i) {
    risk::contract_profits(valued, i, scenarios.shocks, nodes, scratch.table,
                           scratch.row_profit.data());
    return static_cast<const double*>(scratch.row_profit.data());
  };
  scratch.sums.assign(nodes.size(), 0.0);
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const double* const row = profits_of(desk.rows.instrument[k]);
    for (std::size_t s = 0; s < nodes.size(); ++s)
      scratch.sums[s] += desk.rows.quantity[k] * row[s];
  }
  add_orders(desk, unit, p.initial_factor, nodes.size(), profits_of, scratch.profit);
  for (std::size_t s = 0; s < nodes.size(); ++s) {
    const double sum = scratch.sums[s] + collateral * nodes.price_move[s];
    losses.see(scratch.profit[s] - p.initial_factor * sum, nodes.price_move[s]);
  }
}

// Contingency per series net short, were every sell filled.
double short_option_charge(const Desk& desk, const Unit& unit, const ScenarioParameters& p) {
  if (p.short_option_ratio == 0) return 0.0;
  double charge = 0;
  std::size_t o = 0;
  const auto add = [&](std::uint32_t i, double net) {
    for (; o < unit.orders.size() && unit.orders[o].instrument <= i; ++o) {
      if (unit.orders[o].instrument == i) net += std::min(unit.orders[o].quantity, 0.0);
    }
    if (desk.context.instruments.kind[i] != Kind::option || net >= 0) return;
    charge += -net * desk.context.values.contract[i].notional * p.short_option_ratio;
  };
  for (std::int64_t k = unit.begin; k < unit.end;) {
    const std::uint32_t i = desk.rows.instrument[k];
    while (o < unit.orders.size() && unit.orders[o].instrument < i) {
      add(unit.orders[o].instrument, 0.0);
    }
    double net = 0;
    for (; k < unit.end && desk.rows.instrument[k] == i; ++k) net += desk.rows.quantity[k];
    add(i, net);
  }
  while (o < unit.orders.size()) add(unit.orders[o].instrument, 0.0);
  return charge;
}

// Roll and basis charges with each expiry's deltas at their worst.
double expiry_charge(const Desk& desk, const Unit& unit, const ScenarioParameters& p) {
  if (p.roll_ratio_annual == 0 && p.roll_ratio_min == 0 && p.basis_ratio == 0) return 0.0;
  Scratch& scratch = desk.scratch;
  scratch.expiry.clear();
  for (auto* column : {&scratch.expiry_delta, &scratch.expiry_up, &scratch.expiry_down}) {
    column->clear();
  }
  const auto slot_of = [&](std::uint32_t i) {
    const TimeNs expiry = desk.context.instruments.expiry_ns[i];
    const auto at = std::lower_bound(scratch.expiry.begin(), scratch.expiry.end(), expiry);
    const auto slot = at - scratch.expiry.begin();
    if (at == scratch.expiry.end() || *at != expiry) {
      scratch.expiry.insert(at, expiry);
      for (auto* column : {&scratch.expiry_delta, &scratch.expiry_up, &scratch.expiry_down}) {
        column->insert(column->begin() + slot, 0.0);
      }
    }
    return static_cast<std::size_t>(slot);
  };
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const std::uint32_t i = desk.rows.instrument[k];
    scratch.expiry_delta[slot_of(i)] +=
        desk.rows.quantity[k] * desk.context.values.contract[i].roll_delta;
  }
  for (const OrderRow& order : unit.orders) {
    const double delta = order.quantity * desk.context.values.contract[order.instrument].roll_delta;
    const std::size_t slot = slot_of(order.instrument);
    (delta > 0 ? scratch.expiry_up : scratch.expiry_down)[slot] += delta;
  }
  const double index = desk.context.market.columns.index_price[unit.u()] *
                       market::quote_price(desk.context.market, unit.underlying);
  double charge = 0, longs = 0, shorts = 0;
  for (std::size_t e = 0; e < scratch.expiry.size(); ++e) {
    const TimeNs expiry = scratch.expiry[e];
    const double years =
        expiry == 0
            ? 0.0
            : static_cast<double>(expiry - desk.context.market.columns.as_of_ns) / ns_per_year;
    const double high = scratch.expiry_delta[e] + scratch.expiry_up[e];
    const double low = scratch.expiry_delta[e] + scratch.expiry_down[e];
    charge += std::max(std::fabs(high), std::fabs(low)) * index *
              std::max(p.roll_ratio_annual * years, p.roll_ratio_min);
    longs += std::max(high, 0.0);
    shorts += std::max(-low, 0.0);
  }
  return charge + p.basis_ratio * index * std::min(longs, shorts);
}

double doubt_charge(const Desk& desk, const Unit& unit) noexcept {
  const double doubt = desk.context.market.columns.doubt_ratio[unit.u()];
  if (doubt == 0) return 0.0;
  double exposed = 0;
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    exposed += std::fabs(desk.rows.quantity[k] *
                         desk.context.values.contract[desk.rows.instrument[k]].delta_base);
  }
  for (const OrderRow& order : unit.orders) {
    exposed +=
        std::fabs(order.quantity * desk.context.values.contract[order.instrument].delta_base);
  }
  return doubt * exposed * desk.context.market.columns.index_price[unit.u()] *
         market::quote_price(desk.context.market, unit.underlying);
}

// What the unit needs beside its scan.
double scenario_charges(const Desk& desk, const Unit& unit) {
  const ScenarioParameters& p = desk.policy().scenario[unit.u()];
  return p.initial_factor * (short_option_charge(desk, unit, p) + expiry_charge(desk, unit, p)) +
         doubt_charge(desk, unit);
}

// Gross: every instrument at the size that loses most alone, each side of one held both ways.
double gross_losses(const Desk& desk, const Unit& unit) {
  const risk::ScenarioTable& table = desk.prepared.table;
  const std::size_t columns = table.underlying[unit.u()].grid.size();
  const auto worst = [&](std::uint32_t i, double quantity) {
    double loss = 0;
    for (std::size_t s = 0; s < columns; ++s) {
      const double gain = quantity * table.row(i)[s];
      if (!(-gain <= loss)) loss = -gain;
    }
    return loss;
  };
  double sum = 0;
  std::size_t o = 0;
  const auto add = [&](std::uint32_t i, double rows_loss, double longs, double shorts) {
    double buys = 0, sells = 0;
    for (; o < unit.orders.size() && unit.orders[o].instrument <= i; ++o) {
      (unit.orders[o].quantity > 0 ? buys : sells) += unit.orders[o].quantity;
    }
    const double net = longs + shorts;
    sum += longs > 0 && shorts < 0
               ? worst(i, longs + buys) + worst(i, shorts + sells)
               : std::max({rows_loss, worst(i, net + buys), worst(i, net + sells)});
  };
  for (std::int64_t k = unit.begin; k < unit.end;) {
    const std::uint32_t i = desk.rows.instrument[k];
    while (o < unit.orders.size() && unit.orders[o].instrument < i) {
      add(unit.orders[o].instrument, 0.0, 0.0, 0.0);
    }
    double longs = 0, shorts = 0, loss = 0;
    for (; k < unit.end && desk.rows.instrument[k] == i; ++k) {
      (desk.rows.quantity[k] > 0 ? longs : shorts) += desk.rows.quantity[k];
      loss += worst(i, desk.rows.quantity[k]);
    }
    add(i, loss, longs, shorts);
  }
  while (o < unit.orders.size()) add(unit.orders[o].instrument, 0.0, 0.0, 0.0);
  return sum + (desk.offsets() ? lost_to_mark(desk, unit.orders) : 0.0);
}

double dynamic_charges(const Desk& desk, const Unit& unit) {
  const DynamicParameters& p = desk.policy().dynamic[unit.u()];
  double held = 0, up = 0, down = 0;
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    held +=
        desk.rows.quantity[k] * desk.context.values.contract[desk.rows.instrument[k]].delta_base;
  }
  for (const OrderRow& order : unit.orders) {
    const double delta = order.quantity * desk.context.values.contract[order.instrument].delta_base;
    (delta > 0 ? up : down) += delta;
  }
  const double delta = std::max(std::fabs(held + up), std::fabs(held + down));
  return depth_charge(desk.context, p, unit.u(), delta) + doubt_charge(desk, unit);
}

}  // namespace

double equity_of_fill(const Context& context, const Policy& policy,
                      const collateral::Weights& weights, const OrderRow& order) noexcept {
  const std::uint32_t i = order.instrument;
  const pricing::ContractValue& v = context.values.contract[i];
  const Kind kind = context.instruments.kind[i];
  const double entry = book::entry_term(context.instruments.payoff[i], order.price);
  if (kind != Kind::option && kind != Kind::spot) {
    return order.quantity * (v.value + v.entry_factor * entry);
  }
  const auto asset = static_cast<std::size_t>(context.instruments.settlement_asset[i]);
  const double premium = order.quantity * context.instruments.multiplier[i] * order.price *
                         context.values.asset_price[asset];
  const double incoming =
      collateral::initial_weight(context, weights, context.instruments.settlement_asset[i]);
  const bool counts = kind != Kind::option || policy.option_value_in_equity;
  const double value = counts ? order.quantity * v.value : 0.0;
  return value - (premium > 0 ? premium : premium * incoming);
}

double initial_with_orders(const Context& context, const Prepared& prepared,
                           const collateral::Weights& weights, const PocketRows& rows,
                           Scratch& scratch) {
  const std::span<const OrderRow> orders = rows.orders;
  const Desk desk{context, prepared, weights, rows, scratch};
  const Policy& policy = desk.policy();
  if (policy.method == MethodId::matrix) {
    return matrix_initial_with_orders(context, prepared, rows, scratch) +
           lost_to_mark(desk, orders);
  }
  if (policy.method == MethodId::span) {
    return span_initial_with_orders(context, prepared, rows, scratch) + lost_to_mark(desk, orders);
  }
  const bool tail = is_tail(policy.method);
  double sum = desk.offsets() ? 0.0 : lost_to_mark(desk, orders);
  scratch.initial_losses.clear();
  std::size_t o = 0;
  const auto add = [&](UnderlyingIndex underlying, std::int64_t begin, std::int64_t end) {
    const std::size_t first = o;
    while (o < orders.size() &&
           context.instruments.underlying[orders[o].instrument] == underlying) {
      ++o;
    }
    const Unit unit{underlying, begin, end, orders.subspan(first, o - first)};
    if (tail) {
      sum += doubt_charge(desk, unit);
      return;
    }
    if (policy.method == MethodId::dynamic) {
      const bool netted = policy.dynamic[unit.u()].netting_underlying;
      const Losses losses = netted ? grid_losses(desk, unit, 1.0, 0.0) : Losses{};
      sum += netted ? std::max(losses.up, losses.down) : gross_losses(desk, unit);
      sum += dynamic_charges(desk, unit);
      return;
    }
    const ScenarioParameters& p = policy.scenario[unit.u()];
    const double collateral = pricing::worth_in(scratch.collateral, underlying);
    Losses losses = grid_losses(desk, unit, p.initial_factor, collateral);
    if (p.strike_nodes) node_losses(desk, unit, collateral, losses);
    scratch.initial_losses.push_back({underlying, losses.up, losses.down});
    sum += scenario_charges(desk, unit);
  };
  // Units in the order of underlyings: of positions, of orders alone, of simulated collateral
  // alone.
  std::size_t n = 0;
  while (n < rows.unit_underlying.size() || o < orders.size()) {
    const UnderlyingIndex held =
        n < rows.unit_underlying.size() ? rows.unit_underlying[n] : INT32_MAX;
    const UnderlyingIndex resting =
        o < orders.size() ? context.instruments.underlying[orders[o].instrument] : INT32_MAX;
    if (held <= resting) {
      add(held, rows.unit_positions[n], rows.unit_positions[n + 1]);
      ++n;
    } else {
      add(resting, 0, 0);
    }
  }
  if (policy.method == MethodId::dynamic) return sum;
  if (tail) return sum + tail_initial_with_orders(context, prepared, weights, rows, scratch);
  for (const pricing::IndexedCollateral& worth : scratch.collateral) {
    const bool there = std::any_of(
        scratch.initial_losses.begin(), scratch.initial_losses.end(),
        [&](const risk::TwoSidedLoss& loss) { return loss.underlying == worth.underlying; });
    if (!there) add(worth.underlying, 0, 0);
  }
  return sum + risk::netted_loss(scratch.initial_losses, policy.netting,
                                 context.market.underlying_count());
}

}  // namespace tickmargin::margin

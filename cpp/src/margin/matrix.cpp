// Portfolio margin of exchanges that publish a risk matrix; the formulas are in README.md.
// A pair settled in the underlying's coin can be counted in coins: the venue compares them with
// coins, so a coin's own fall is no loss.
#include "margin/matrix.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/one_value.hpp"
#include "margin/methods.hpp"

namespace tickmargin::margin {
namespace {

const MatrixParameters& parameters(const Prepared& prepared, UnderlyingIndex underlying) {
  return prepared.policy->matrix[static_cast<std::size_t>(underlying)];
}

double index_numeraire(const Context& context, UnderlyingIndex underlying) noexcept {
  return context.market.columns.index_price[static_cast<std::size_t>(underlying)] *
         market::quote_price(context.market, underlying);
}

std::size_t pair_of(const Context& context, const MatrixParameters& p, std::uint32_t i,
                    std::vector<MatrixPair>& pairs) {
  const AssetIndex asset = context.instruments.settlement_asset[i];
  std::size_t n = 0;
  while (n < pairs.size() && pairs[n].asset != asset) ++n;
  if (n == pairs.size()) {
    const MatrixPair one = matrix_pair(context, p, i);
    pairs.push_back({asset, one.in_coin, 0.0, 0.0, {}});
  }
  return n;
}

// Sums of the positions' rows by pair, and what resting orders could take from each scenario.
void add_rows(const Context& context, const Prepared& prepared, const PocketRows& rows,
              const MatrixUnit& unit, MatrixScratch& scratch) {
  const MatrixParameters& p = parameters(prepared, unit.underlying);
  const std::size_t n = p.price_move.size();
  scratch.pairs.clear();
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    pair_of(context, p, rows.instrument[k], scratch.pairs);
  }
  for (const book::OrderRow& order : unit.orders) {
    pair_of(context, p, order.instrument, scratch.pairs);
  }
  scratch.raw.assign(scratch.pairs.size() * n, 0.0);
  scratch.hurt.assign(scratch.pairs.size() * n, 0.0);
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const std::uint32_t i = rows.instrument[k];
    const double q = rows.quantity[k];
    const std::size_t at = pair_of(context, p, i, scratch.pairs);
    const double* const row = prepared.table.row(i);
    double* const sum = scratch.raw.data() + at * n;
    for (std::size_t s = 0; s < n; ++s) sum[s] += q * row[s];
    const MatrixPair one = matrix_pair(context, p, i);
    scratch.pairs[at].option_value += q * one.option_value;
    scratch.pairs[at].index_gap += q * one.index_gap;
    scratch.pairs[at].delta.add(q * context.values.contract[i].roll_delta);
  }
  for (const book::OrderRow& order : unit.orders) {
    const std::size_t at = pair_of(context, p, order.instrument, scratch.pairs);
    const double* const row = prepared.table.row(order.instrument);
    const MatrixPair one = matrix_pair(context, p, order.instrument);
    for (std::size_t s = 0; s < n; ++s) {
      const double gain =
          order.quantity * (matrix_weight(p, s, one.in_coin) * matrix_profit(p, s, one, row[s]));
      if (!(gain >= 0)) scratch.hurt[at * n + s] += gain;
    }
    scratch.pairs[at].delta.may_add(order.quantity *
                                    context.values.contract[order.instrument].roll_delta);
  }
}

void scan(const MatrixParameters& p, MatrixScratch& scratch, MatrixCharges& out) {
  const std::size_t n = p.price_move.size();
  scratch.total.assign(n, 0.0);
  double worst = 0, worst_of_pairs = 0;
  for (std::size_t at = 0; at < scratch.pairs.size(); ++at) {
    const MatrixPair& pair = scratch.pairs[at];
    double alone = 0;
    for (std::size_t s = 0; s < n; ++s) {
      const double weighted =
          matrix_weight(p, s, pair.in_coin) * matrix_profit(p, s, pair, scratch.raw[at * n + s]) +
          scratch.hurt[at * n + s];
      const double profit = matrix_aggregated(p, s, pair.in_coin, weighted);
      scratch.total[s] += profit;
      if (!(profit >= alone)) alone = profit;
    }
    worst_of_pairs += -alone;
  }
  for (std::size_t s = 0; s < n; ++s) {
    const double loss = -scratch.total[s];
    double& table = s < p.standard ? out.standard : out.extended;
    if (!(loss <= table)) table = loss;
    if (!(-loss >= worst)) {
      worst = -loss;
      out.worst_scenario = static_cast<std::int32_t>(s);
    }
    if (p.price_move[s] >= 0 && !(loss <= out.loss_up)) out.loss_up = loss;
    if (p.price_move[s] <= 0 && !(loss <= out.loss_down)) out.loss_down = loss;
  }
  const double kept = worst_of_pairs + worst;  // the offset between the pairs
  out.correlation = p.correlation_ratio == 0 ? 0.0 : p.correlation_ratio * std::fmax(kept, 0.0);
}

MatrixExpiry& expiry_of(TimeNs expiry_ns, std::vector<MatrixExpiry>& expiries) {
  const auto at =
      std::lower_bound(expiries.begin(), expiries.end(), expiry_ns,
                       [](const MatrixExpiry& e, TimeNs ns) { return e.expiry_ns < ns; });
  if (at != expiries.end() && at->expiry_ns == expiry_ns) return *at;
  return *expiries.insert(at, MatrixExpiry{expiry_ns, {}, {}, {}});
}

double roll_ratio(const MatrixParameters& p, TimeNs expiry_ns, TimeNs now_ns) noexcept {
  if (expiry_ns == 0) return p.roll_ratio_perpetual;
  const double years = static_cast<double>(expiry_ns - now_ns) / ns_per_year;
  const double simple = p.roll_ratio_annual * years;
  const double ratio = p.roll_continuous ? kernels::exp_of(simple) - 1.0 : simple;
  return std::max(ratio, p.roll_ratio_min);
}

// Long options may only reduce what short options and futures leave.
double shocked_delta(double long_options, double rest) noexcept {
  return rest < 0 ? std::min(std::max(long_options + rest, rest), 0.0)
                  : std::max(std::min(long_options + rest, rest), 0.0);
}

double delta_shock(const MatrixParameters& p, double size_base, double index) noexcept {
  if (p.delta_shock_max_ratio == 0) return 0.0;
  const double over = std::max(size_base - p.delta_shock_threshold / index, 0.0);
  const double ratio = std::min(p.delta_shock_max_ratio, p.delta_shock_slope * over);
  return size_base * ratio * index;
}

double hedged(const std::vector<MatrixPair>& pairs, double index) noexcept {
  double longs = 0, shorts = 0;
  for (const MatrixPair& pair : pairs) {
    longs += std::max(pair.delta.high, 0.0) * index;
    shorts += std::max(-pair.delta.low, 0.0) * index;
  }
  return std::min(longs, shorts);
}

// Value per 1.00 of the rate, forward held; a coin-settled option is not discounted.
double rate_exposure(const Context& context, std::uint32_t i) noexcept {
  const bool discounted =
      context.instruments.kind[i] == Kind::option && context.instruments.payoff[i] != Payoff::coin;
  return discounted ? context.values.contract[i].value * context.values.years[i] : 0.0;
}

struct Deltas {
  double long_options = 0;
  Range rest;
  double gross = 0;  // sum over instruments of |net delta|
};

Deltas add_charges(const Context& context, const PocketRows& rows, const MatrixUnit& unit,
                   MatrixScratch& scratch, double& theta) {
  scratch.expiries.clear();
  Deltas deltas;
  double net = 0;
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    const std::uint32_t i = rows.instrument[k];
    const double q = rows.quantity[k];
    const pricing::ContractValue& v = context.values.contract[i];
    MatrixExpiry& expiry = expiry_of(context.instruments.expiry_ns[i], scratch.expiries);
    const double delta = q * v.roll_delta;
    expiry.delta.add(delta);
    expiry.vega.add(q * v.vega);
    expiry.rate.add(q * rate_exposure(context, i));
    const bool option = context.instruments.kind[i] == Kind::option;
    if (option && q > 0) {
      deltas.long_options += delta;
    } else {
      deltas.rest.add(delta);
    }
    theta += option ? q * v.theta : 0.0;
    net += delta;
    if (k + 1 == unit.end || rows.instrument[k + 1] != i) {
      deltas.gross += std::fabs(net);
      net = 0;
    }
  }
  for (const book::OrderRow& order : unit.orders) {
    const pricing::ContractValue& v = context.values.contract[order.instrument];
    MatrixExpiry& expiry =
        expiry_of(context.instruments.expiry_ns[order.instrument], scratch.expiries);
    const double delta = order.quantity * v.roll_delta;
    expiry.delta.may_add(delta);
    expiry.vega.may_add(order.quantity * v.vega);
    expiry.rate.may_add(order.quantity * rate_exposure(context, order.instrument));
    deltas.rest.may_add(delta);
    deltas.gross += std::fabs(delta);
    if (order.quantity * v.theta < 0) theta += order.quantity * v.theta;
  }
  return deltas;
}

void set_lines(const MatrixParameters& p, const MatrixCharges& c, UnitRequirement& unit) noexcept {
  const auto set = [&](Component component, double amount) {
    unit.initial[static_cast<std::size_t>(component)] = p.initial_factor * amount;
    unit.maintenance[static_cast<std::size_t>(component)] = p.maintenance_factor * amount;
  };
  set(Component::scan, c.scan);
  set(Component::roll, c.roll);
  set(Component::delta_shock, c.delta_shock);
  set(Component::correlation, c.correlation);
  set(Component::vega, c.vega);
  set(Component::rates, c.rates);
  set(Component::hedge, c.hedge);
  set(Component::minimum, c.minimum);
}

double lines_before_minimum(const MatrixCharges& c) noexcept {
  return c.scan + c.roll + c.delta_shock + c.correlation + c.vega + c.rates + c.hedge;
}

// Each position's share of the binding scenario, before the dampener and the offset of gains.
void trace_positions(const Context& context, const Prepared& prepared, const PocketRows& rows,
                     const MatrixUnit& unit, std::int32_t scenario, PositionTrace& trace) {
  const MatrixParameters& p = parameters(prepared, unit.underlying);
  for (std::int64_t k = unit.begin; k < unit.end; ++k) {
    double profit = 0;
    if (scenario >= 0) {
      const auto s = static_cast<std::size_t>(scenario);
      const std::uint32_t i = rows.instrument[k];
      const MatrixPair one = matrix_pair(context, p, i);
      profit = rows.quantity[k] * (matrix_weight(p, s, one.in_coin) *
                                   matrix_profit(p, s, one, prepared.table.row(i)[s]));
    }
    trace.add(rows, k, -profit);
  }
}

}  // namespace

double matrix_weight(const MatrixParameters& p, std::size_t scenario, bool in_coin) noexcept {
  if (scenario < p.standard) return 1.0;
  if (!p.extended_by_range) return p.extended_factor;
  const double move = p.price_move[scenario];
  const double weight = p.extended_factor * (p.price_range / std::fabs(move));
  if (!in_coin) return weight;
  // In coins a profit scaled back to the range stands at the range's own price.
  return weight * (1.0 + move) / (1.0 + std::copysign(p.price_range, move));
}

double matrix_profit(const MatrixParameters& p, std::size_t scenario, const MatrixPair& pair,
                     double raw) noexcept {
  const double move = p.price_move[scenario];
  const double profit = raw + pair.index_gap * move;
  return pair.in_coin ? (profit - pair.option_value * move) / (1.0 + move) : profit;
}

double matrix_aggregated(const MatrixParameters& p, std::size_t scenario, bool in_coin,
                         double weighted) noexcept {
  double profit = weighted;
  if (scenario >= p.standard && p.extended_dampener > 0) {
    const double move = p.price_move[scenario];
    double relief = (std::max(std::fabs(move) / p.price_range, 1.0) - 1.0) * p.extended_dampener;
    if (in_coin) relief /= 1.0 + std::copysign(p.price_range, move);
    // A NaN is not below anything, and stays.
    const double size = std::fabs(profit);
    profit = size < relief ? 0.0 : std::copysign(size - relief, profit);
  }
  return profit > 0 ? std::min(p.gain_offset_ratio * profit, p.gain_offset_max) : profit;
}

MatrixPair matrix_pair(const Context& context, const MatrixParameters& p, std::uint32_t i) {
  const AssetIndex asset = context.instruments.settlement_asset[i];
  const UnderlyingIndex underlying = context.instruments.underlying[i];
  MatrixPair pair{asset, false, 0.0, 0.0, {}};
  pair.in_coin =
      p.in_coin &&
      context.market.columns.asset_underlying[static_cast<std::size_t>(asset)] == underlying;
  if (context.instruments.kind[i] == Kind::option) {
    pair.option_value = context.values.contract[i].value;
  } else if (p.index_moves && context.instruments.payoff[i] != Payoff::inverse &&
             context.values.settled_in_base[i] == 0) {
    const double size = context.instruments.multiplier[i] * context.values.open[i] *
                        context.values.asset_price[static_cast<std::size_t>(asset)];
    pair.index_gap =
        size * context.market.columns.index_price[static_cast<std::size_t>(underlying)] -
        context.values.scale[i];
  }
  return pair;
}

double tiered(std::span<const Tier> tiers, double amount) noexcept {
  double sum = 0, floor = 0;
  for (const Tier& tier : tiers) {
    const bool last = amount <= tier.cap || &tier == &tiers.back();
    sum += ((last ? amount : tier.cap) - floor) * tier.rate;
    if (last) break;
    floor = tier.cap;
  }
  return sum;
}

MatrixCharges matrix_charges(const Context& context, const Prepared& prepared,
                             const PocketRows& rows, const MatrixUnit& unit,
                             MatrixScratch& scratch) {
  const MatrixParameters& p = parameters(prepared, unit.underlying);
  const double index = index_numeraire(context, unit.underlying);
  MatrixCharges out;
  add_rows(context, prepared, rows, unit, scratch);
  scan(p, scratch, out);
  double theta = 0;
  const Deltas deltas = add_charges(context, rows, unit, scratch, theta);
  out.theta = p.theta_days == 0 ? 0.0 : std::max(-theta * (p.theta_days / 365.0), 0.0);
  out.scan = std::max({out.standard, out.extended, out.theta});
  for (const MatrixExpiry& e : scratch.expiries) {
    const double ratio = roll_ratio(p, e.expiry_ns, context.market.columns.as_of_ns);
    out.roll += e.delta.largest() * index * ratio;
    out.vega += e.vega.largest() * p.vega_shock_annual;
    out.rates += e.rate.largest() * p.rate_shock_annual;
  }
  const bool exact = unit.orders.empty();
  const double size = exact ? std::fabs(shocked_delta(deltas.long_options, deltas.rest.low))
                            : deltas.rest.largest();
  out.delta_shock = delta_shock(p, size, index);
  if (!p.hedge_tiers.empty()) out.hedge = tiered(p.hedge_tiers, hedged(scratch.pairs, index));
  out.minimum_raw = p.minimum_ratio * deltas.gross * index;
  out.minimum_scaled =
      p.minimum_tiers.empty() ? out.minimum_raw : tiered(p.minimum_tiers, out.minimum_raw);
  out.minimum = std::max(out.minimum_scaled - lines_before_minimum(out), 0.0);
  out.delta = (deltas.long_options + deltas.rest.low) * index;
  return out;
}

double matrix_initial_with_orders(const Context& context, const Prepared& prepared,
                                  const PocketRows& rows, Scratch& scratch) {
  double sum = 0;
  std::size_t n = 0, o = 0;
  while (n < rows.unit_underlying.size() || o < rows.orders.size()) {
    const UnderlyingIndex held =
        n < rows.unit_underlying.size() ? rows.unit_underlying[n] : INT32_MAX;
    const UnderlyingIndex resting = o < rows.orders.size()
                                        ? context.instruments.underlying[rows.orders[o].instrument]
                                        : INT32_MAX;
    MatrixUnit unit{std::min(held, resting), 0, 0, {}};
    if (held == unit.underlying) {
      unit.begin = rows.unit_positions[n];
      unit.end = rows.unit_positions[n + 1];
      ++n;
    }
    const std::size_t first = o;
    while (o < rows.orders.size() &&
           context.instruments.underlying[rows.orders[o].instrument] == unit.underlying) {
      ++o;
    }
    unit.orders = rows.orders.subspan(first, o - first);
    const MatrixCharges c = matrix_charges(context, prepared, rows, unit, scratch.matrix);
    sum += parameters(prepared, unit.underlying).initial_factor *
           (lines_before_minimum(c) + c.minimum);
  }
  return sum;
}

void matrix_scenarios(const Context&, const Policy& policy, std::size_t u, bool,
                      risk::UnderlyingScenarios& out, Status&) {
  const MatrixParameters& p = policy.matrix[u];
  out.grid.price_move = p.price_move;
  out.grid.vol_index = p.vol_index;
  out.grid.weight.assign(p.price_move.size(), 1.0);
  out.shocks.kind = p.vol_shock_kind;
  out.shocks.shock = p.vol_shock;
  out.shocks.reference_days = p.vol_reference_days;
  out.shocks.power_short = p.vol_power_short;
  out.shocks.power_long = p.vol_power_long;
  out.shocks.up_floor_annual = p.vol_up_floor_annual;
  out.shocks.min_days = p.min_days;
}

void evaluate_matrix(const Context& context, const Prepared& prepared, const PocketRows& rows,
                     Scratch& scratch, PocketRequirement& out, PositionTrace* trace) {
  out.units.assign(rows.unit_underlying.size(), {});
  out.netting_initial = out.netting_maintenance = 0;
  for (std::size_t u = 0; u < out.units.size(); ++u) {
    UnitRequirement& unit = out.units[u];
    unit.underlying = rows.unit_underlying[u];
    const MatrixUnit held{unit.underlying, rows.unit_positions[u], rows.unit_positions[u + 1], {}};
    const MatrixCharges c = matrix_charges(context, prepared, rows, held, scratch.matrix);
    const MatrixParameters& p = parameters(prepared, unit.underlying);
    unit.loss_up = c.loss_up;
    unit.loss_down = c.loss_down;
    unit.worst_scenario = c.worst_scenario;
    if (c.worst_scenario >= 0) {
      const auto s = static_cast<std::size_t>(c.worst_scenario);
      unit.worst_price_move = p.price_move[s];
      unit.worst_vol_shock = p.vol_shock[p.vol_index[s]];
    }
    set_lines(p, c, unit);
    if (trace != nullptr) trace_positions(context, prepared, rows, held, c.worst_scenario, *trace);
  }
}

}  // namespace tickmargin::margin

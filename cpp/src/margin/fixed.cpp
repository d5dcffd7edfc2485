// Percent of notional for futures, perpetuals and spot; standard formulas for short options.
//
// Marginal brackets add up slice by slice ("tax brackets": notional x rate - cumulative deduction
// is the same number); whole-position brackets apply the rate of the bracket the notional falls in.
// Size scaling: step    rate + step x ceil((size - free) / step_size)   above a free size
//               linear  rate + slope x size                              (size in base units)
//               sqrt    max(rate, factor x sqrt(size))
//               power45 max(rate, factor x notional^(4/5))
// Long options need no margin: their premium is paid. Left out: spreads between options.
#include <algorithm>
#include <bit>
#include <cmath>

#include "base/ticks.hpp"
#include "kernels/one_value.hpp"
#include "margin/methods.hpp"
#include "margin/option_formula.hpp"

namespace tickmargin::margin {
namespace {

struct Pair {
  double initial = 0;
  double maintenance = 0;
};

Pair scaled_ratio(const FuturesParameters& p, double notional, double size_base) noexcept {
  Pair ratio{p.initial_ratio, p.maintenance_ratio};
  switch (p.scaling) {
    case SizeScaling::none: break;
    case SizeScaling::step: {
      const double over = size_base - p.scaling_free_size;
      const double steps = over > 0 ? std::ceil(over / p.scaling_step_size) : 0.0;
      ratio.initial += steps * p.scaling_initial;
      ratio.maintenance += steps * p.scaling_maintenance;
      break;
    }
    case SizeScaling::linear:
      ratio.initial += p.scaling_initial * size_base;
      ratio.maintenance += p.scaling_maintenance * size_base;
      break;
    case SizeScaling::sqrt: {
      const double root = std::sqrt(size_base);
      ratio.initial = std::max(ratio.initial, p.scaling_initial * root);
      ratio.maintenance = std::max(ratio.maintenance, p.scaling_maintenance * root);
      break;
    }
    case SizeScaling::power45: {
      const double power = kernels::power_of(notional, 0.8);
      ratio.initial = std::max(ratio.initial, p.scaling_initial * power);
      ratio.maintenance = std::max(ratio.maintenance, p.scaling_maintenance * power);
      break;
    }
  }
  return ratio;
}

Pair bracket_margin(const FuturesParameters& p, double notional) noexcept {
  Pair margin;
  double floor = 0;
  for (const Bracket& bracket : p.brackets) {
    const bool last = notional <= bracket.notional_cap || &bracket == &p.brackets.back();
    if (p.bracket_whole) {
      if (last) return {notional * bracket.initial_ratio, notional * bracket.maintenance_ratio};
      continue;
    }
    const double slice = (last ? notional : bracket.notional_cap) - floor;
    margin.initial += slice * bracket.initial_ratio;
    margin.maintenance += slice * bracket.maintenance_ratio;
    if (last) break;
    floor = bracket.notional_cap;
  }
  return margin;
}

Pair futures_margin(const FuturesParameters& p, double notional, double size_base) noexcept {
  if (!p.brackets.empty()) return bracket_margin(p, notional);
  const Pair ratio = scaled_ratio(p, notional, size_base);
  return {notional * ratio.initial, notional * ratio.maintenance};
}

// Base units of one contract, of what still follows the index.
double contract_size(const Context& context, std::size_t i) noexcept {
  const double multiplier = context.instruments.multiplier[i];
  const bool inverse = context.instruments.payoff[i] == Payoff::inverse;
  const double size = inverse ? multiplier / std::fabs(context.values.mark[i]) : multiplier;
  return size * context.values.open[i];
}

// Of one contract held short. The entry counts where `initial_uses_entry` says so alone.
OptionMargin option_margin(const Context& context, const Policy& policy, const OptionParameters& p,
                           std::size_t i, double entry) noexcept {
  const pricing::InstrumentValues& values = context.values;
  const InstrumentColumns& instruments = context.instruments;
  const auto u = static_cast<std::size_t>(instruments.underlying[i]);
  const double base = p.base_forward ? values.forward[i] : context.market.columns.index_price[u];
  // Inside the settlement window so much of a contract is left, of strike K'.
  const double open = values.open[i];
  const double worth = instruments.multiplier[i] * values.unit_price[i] * open;
  const double mark = values.contract[i].value;  // numeraire per contract
  double initial_mark = mark;
  if (p.initial_uses_entry) {
    // An entry premium is quoted like the mark: in coin for a coin option, else in quote units.
    const bool coin = instruments.payoff[i] == Payoff::coin;
    const double paid = entry * open * instruments.multiplier[i] *
                        (coin ? values.unit_price[i] * context.market.columns.index_price[u]
                              : values.unit_price[i]);
    initial_mark = std::max(mark, paid);
  }
  return standard_option(p, {instruments.is_call[i] != 0, base, values.strike[i], worth, mark,
                             initial_mark, !policy.option_value_in_equity});
}

struct SideSums {
  Pair longs, shorts;
  double net_notional = 0;
  double net_size = 0;
};

void add_to_side(SideSums& sums, double quantity, Pair margin, double notional, double size) {
  Pair& side = quantity > 0 ? sums.longs : sums.shorts;
  side.initial += margin.initial;
  side.maintenance += margin.maintenance;
  sums.net_notional += quantity > 0 ? notional : -notional;
  sums.net_size += quantity > 0 ? size : -size;
}

Pair net_sides(const FuturesParameters& p, const SideSums& sums) noexcept {
  switch (p.netting) {
    case FuturesNetting::none: break;
    case FuturesNetting::max_side:
      return {std::max(sums.longs.initial, sums.shorts.initial),
              std::max(sums.longs.maintenance, sums.shorts.maintenance)};
    case FuturesNetting::net:
      return futures_margin(p, std::fabs(sums.net_notional), std::fabs(sums.net_size));
  }
  return {sums.longs.initial + sums.shorts.initial,
          sums.longs.maintenance + sums.shorts.maintenance};
}

void set_component(UnitRequirement& unit, Component component, Pair amount) noexcept {
  unit.initial[static_cast<std::size_t>(component)] = amount.initial;
  unit.maintenance[static_cast<std::size_t>(component)] = amount.maintenance;
}

// Of options held short whose charge is that of any account, in a loop that calls nothing so that
// sums stay in registers. Other instruments have charges of 0, and 0 added changes no bit of a sum
// that began as +0: so nothing branches on kinds and sides, which follow no pattern.
Pair short_options(const PocketRows& rows, std::int64_t begin, std::int64_t end,
                   const OptionMargin* charge) noexcept {
  Pair sum;
  for (std::int64_t k = begin; k < end; ++k) {
    const double quantity = rows.quantity[k];
    const OptionMargin& each = charge[rows.instrument[k]];
    const std::uint64_t is_short = quantity < 0 ? ~std::uint64_t{0} : 0;
    const auto of = [&](double amount) {
      return std::bit_cast<double>(std::bit_cast<std::uint64_t>(-quantity * amount) & is_short);
    };
    sum.initial += of(each.initial);
    sum.maintenance += of(each.maintenance);
  }
  return sum;
}

void evaluate_unit(const Context& context, const Prepared& prepared, const PocketRows& rows,
                   std::size_t u, UnitRequirement& unit, PositionTrace* trace) {
  const Policy& policy = *prepared.policy;
  const auto underlying = static_cast<std::size_t>(unit.underlying);
  const FuturesParameters& futures = policy.futures[underlying];
  const OptionParameters& options = policy.options[underlying];
  const std::int64_t begin = rows.unit_positions[u], end = rows.unit_positions[u + 1];
  const bool by_column = !options.initial_uses_entry && trace == nullptr;
  SideSums sums;
  Pair option_sum;
  if (by_column) option_sum = short_options(rows, begin, end, prepared.short_option.data());
  double closing_notional = 0;  // what closing trades now, whatever the ratios are taken of
  for (std::int64_t k = begin; k < end; ++k) {
    const std::size_t i = rows.instrument[k];
    const double quantity = rows.quantity[k];
    const double contracts = std::fabs(quantity);
    Pair margin;
    if (context.instruments.kind[i] == Kind::option) {
      if (by_column || !(quantity < 0)) {
        if (trace != nullptr) trace->add(rows, k, 0.0);
        continue;
      }
      const OptionMargin each = option_margin(context, policy, options, i, rows.entry[k]);
      margin = {contracts * each.initial, contracts * each.maintenance};
      option_sum.initial += margin.initial;
      option_sum.maintenance += margin.maintenance;
    } else {
      const pricing::ContractValue& c = context.values.contract[i];
      const bool at_entry = futures.notional_at_entry && context.instruments.kind[i] != Kind::spot;
      const double notional =
          contracts * (at_entry ? std::fabs(c.entry_factor * rows.entry[k]) * context.values.open[i]
                                : c.notional);
      const double size = contracts * contract_size(context, i);
      margin = futures_margin(futures, notional, size);
      add_to_side(sums, quantity, margin, notional, size);
      closing_notional += contracts * c.notional;
    }
    if (trace != nullptr) trace->add(rows, k, margin.maintenance);
  }
  set_component(unit, Component::futures, net_sides(futures, sums));
  set_component(unit, Component::options, option_sum);
  const double fee = futures.taker_fee_ratio * closing_notional;
  set_component(unit, Component::fee, {fee, fee});
}

}  // namespace

void fill_charges(const Context& context, std::span<const std::uint32_t> rows, Prepared& prepared) {
  const Policy& policy = *prepared.policy;
  for (const std::uint32_t i : rows) {
    const auto u = static_cast<std::size_t>(context.instruments.underlying[i]);
    if (context.instruments.kind[i] != Kind::option || policy.options[u].initial_uses_entry) {
      continue;
    }
    prepared.short_option[i] =
        option_margin(context, policy, policy.options[u], i, base::canonical_nan);
  }
}

void evaluate_fixed(const Context& context, const Prepared& prepared, const PocketRows& rows,
                    Scratch&, PocketRequirement& out, PositionTrace* trace) {
  make_units(rows.unit_underlying, out);
  out.netting_initial = out.netting_maintenance = 0;
  for (std::size_t u = 0; u < rows.unit_underlying.size(); ++u) {
    evaluate_unit(context, prepared, rows, u, out.units[u], trace);
  }
}

}  // namespace tickmargin::margin

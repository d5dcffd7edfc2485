// Rules that on-chain protocols state in whole numbers, of accounts as this engine keeps them.
// Sizes, prices and amounts become whole parts at the door; from there on cpp/src/protocol decides.
// What it asks for comes back as money of the numeraire, never above the whole number it stands
// for. Formulas and what is left out: README.md.
#include <cmath>

#include "base/ticks.hpp"
#include "collateral/haircut.hpp"
#include "margin/charges.hpp"
#include "margin/methods.hpp"
#include "margin/protocol_door.hpp"
#include "protocol/drift_v2.hpp"
#include "protocol/dydx_v4.hpp"
#include "protocol/vega.hpp"

namespace tickmargin::margin {
namespace {

namespace drift = protocol::drift_v2;

struct Amounts {
  Checked initial = 0;
  Checked maintenance = 0;
};

// A net position in one market, as its rule sees it.
struct Held {
  Checked size;                         // base units x 10^size_decimals, above 0 long
  Checked price;                        // quote units x 10^price_decimals
  Checked cost = 0;                     // quote parts: what was paid for it, Drift only
  base::Rational entered = Checked(0);  // size x price in parts when it was entered, Vega only
};

struct Market {
  const Context& context;
  const ProtocolParameters& p;
  double money;  // numeraire of one quote unit

  double amount(Checked parts) const noexcept { return amount_of(parts, p.quote_decimals) * money; }
};

Amounts dydx_margin(const ProtocolParameters& p, const Held& held) noexcept {
  namespace dydx = protocol::dydx_v4;
  const dydx::Tier tier{ratio_of(p.initial_ppm, 1.0), ratio_of(p.maintenance_fraction_ppm, 1.0),
                        parts_of(p.interest_lower_cap, p.quote_decimals),
                        parts_of(p.interest_upper_cap, p.quote_decimals)};
  const base::Rational price(held.price * ten_to(p.quote_decimals),
                             ten_to(p.price_decimals) * ten_to(p.size_decimals));
  const dydx::Requirement need = dydx::margin_requirement(
      {held.size, price, tier}, parts_of(p.open_interest_base, p.size_decimals),
      ratio_of(p.custom_ppm, 1.0));
  return {need.initial_margin, need.maintenance_margin};
}

Amounts vega_margin(const ProtocolParameters& p, const Held& held) noexcept {
  namespace vega = protocol::vega;
  const Checked unit = ten_to(nine);
  const auto factor = [&](double value) { return base::Rational(parts_of(value, nine), unit); };
  // Prices and margins are in parts of the settlement asset.
  const base::Rational mark(held.price * ten_to(p.quote_decimals), ten_to(p.price_decimals));
  const double funding = std::fabs(p.funding_per_unit);
  const Checked owed = parts_of(funding, p.quote_decimals);
  const vega::Market market{mark,
                            factor(p.risk_long),
                            factor(p.risk_short),
                            factor(p.linear_slippage),
                            factor(p.quadratic_slippage),
                            ten_to(p.size_decimals),
                            p.funding_per_unit < 0 ? -owed : owed};
  const vega::Orders none{0, 0};
  const base::Rational need =
      vega::maintenance_margin(market, held.size, none, none, {false, Checked(0)});
  const base::Rational scaling = factor(p.initial_scaling);
  const vega::Levels levels = vega::margin_levels(need, {scaling, scaling, scaling});
  if (p.initial_ratio == 0) return {levels.initial, levels.maintenance};
  // Isolated: what its orders were asked for, a share of the notional at their prices.
  const base::Rational unit_price(ten_to(p.quote_decimals), ten_to(p.price_decimals));
  const base::Rational asked =
      held.entered * unit_price * factor(p.initial_ratio) / market.position_factor;
  return {base::max(asked.rounded(base::Rounding::floor), levels.maintenance), levels.maintenance};
}

// Size x price in parts at which a net position was entered: of the rows on its side, at their mean
// where the other side has closed a part.
base::Rational entered_at(const ProtocolParameters& p, const PocketRows& rows, std::int64_t begin,
                          std::int64_t end, double multiplier, Checked net) noexcept {
  if (!net.ok() || net.value() == 0) return Checked(0);
  const bool is_long = net.value() > 0;
  Checked size = 0, value = 0;
  for (std::int64_t k = begin; k < end; ++k) {
    if ((rows.quantity[k] > 0) != is_long) continue;
    const Checked own = parts_of(std::fabs(rows.quantity[k]) * multiplier, p.size_decimals);
    size = size + own;
    value = value + own * price_of(rows.entry[k], p.price_decimals);
  }
  return base::Rational(value) * base::Rational(base::abs(net), size);
}

drift::PerpMarket drift_market(const ProtocolParameters& p) noexcept {
  constexpr double weights = 1e4, factors = 1e6;
  return {ratio_of(p.initial_ratio, weights),
          ratio_of(p.maintenance_ratio, weights),
          ratio_of(p.size_factor, factors),
          ratio_of(p.profit_initial_weight, weights),
          ratio_of(p.profit_maintenance_weight, weights),
          ratio_of(p.profit_size_factor, factors)};
}

struct Drift {
  Amounts required;
  Amounts discounted;  // of the profit, which equity counts whole
};

Drift drift_margin(const ProtocolParameters& p, const Held& held) noexcept {
  const drift::PerpPosition position{drift_market(p), held.size, -held.cost, 0, 0, 0, held.price};
  const Checked one = ten_to(p.quote_decimals);
  const Checked profit = drift::unrealized_pnl(held.size, -held.cost, held.price);
  Drift out;
  const auto of = [&](drift::MarginType type, Checked& required, Checked& discounted) {
    const drift::Terms terms{type, 0, 0, {one, one, one}};
    const drift::AccountMargin margin = drift::account_margin({}, {&position, 1}, terms);
    required = margin.requirement;
    discounted = profit - margin.collateral;
  };
  of(drift::MarginType::initial, out.required.initial, out.discounted.initial);
  of(drift::MarginType::maintenance, out.required.maintenance, out.discounted.maintenance);
  return out;
}

// What a balance counts for less under Drift's weights than equity does, and what a debt needs
// beyond itself.
struct Less {
  double initial = 0;
  double maintenance = 0;
};

Less drift_balance(const Context& context, const Policy& policy, AssetIndex asset,
                   double amount) noexcept {
  const auto a = static_cast<std::size_t>(asset);
  const TokenParameters& t = policy.tokens[a];
  constexpr double weights = 1e4;
  constexpr std::uint32_t quote_decimals = 6;
  const double initial_weight = collateral::weight_of(policy.haircut_initial[a]);
  const double maintenance_weight = collateral::weight_of(policy.haircut_maintenance[a]);
  const Checked tokens = amount < 0 ? parts_of(amount, t.decimals) : cut_of(amount, t.decimals);
  const drift::SpotMarket market{
      static_cast<base::Int128>(t.decimals),        ratio_of(initial_weight, weights),
      ratio_of(maintenance_weight, weights),        ratio_of(t.initial_debt_weight, weights),
      ratio_of(t.maintenance_debt_weight, weights), ratio_of(t.size_factor, 1e6),
      parts_of(t.scale_start, quote_decimals),      parts_of(t.deposits, t.decimals)};
  const Checked price = price_of(context.values.asset_price[a], quote_decimals);
  const drift::StrictPrice strict{price, price, price};
  const Checked one = ten_to(quote_decimals);
  const double worth = amount * context.values.asset_price[a];
  const auto less = [&](drift::MarginType type, double weight) {
    const drift::Terms terms{type, 0, 0, {one, one, one}};
    const drift::SpotPosition position{market, tokens, 0, 0, 0, strict, false};
    const drift::AccountMargin margin = drift::account_margin({&position, 1}, {}, terms);
    const double counted = amount < 0 ? worth : worth * weight;
    const double own = amount_of(margin.collateral, quote_decimals) -
                       amount_of(margin.requirement, quote_decimals);
    // Written so that a NaN stays one.
    return counted - own <= 0 ? 0.0 : counted - own;
  };
  Less out;
  out.maintenance = less(drift::MarginType::maintenance, maintenance_weight);
  // What cannot be delivered counts nothing in initial equity already.
  const bool halted = amount > 0 && context.market.columns.asset_halted[a] != 0;
  out.initial = halted ? 0.0 : less(drift::MarginType::initial, initial_weight);
  return out;
}

void add(UnitRequirement& unit, Component component, double initial, double maintenance) noexcept {
  unit.initial[static_cast<std::size_t>(component)] += initial;
  unit.maintenance[static_cast<std::size_t>(component)] += maintenance;
}

// Rows begin .. end of one instrument, netted: an account has one position in a market.
void add_market(const Context& context, const ProtocolParameters& p, const PocketRows& rows,
                std::int64_t begin, std::int64_t end, UnitRequirement& unit, PositionTrace* trace) {
  const std::uint32_t i = rows.instrument[begin];
  if (!is_known_to(MethodId::protocol, context, i)) {
    return add(unit, Component::futures, base::canonical_nan, base::canonical_nan);
  }
  const double multiplier = context.instruments.multiplier[i] * context.values.open[i];
  double net = 0, gross = 0, cost = 0, gross_cost = 0;
  for (std::int64_t k = begin; k < end; ++k) {
    const double entered = rows.quantity[k] * multiplier * rows.entry[k];
    net += rows.quantity[k];
    gross += std::fabs(rows.quantity[k]);
    cost += entered;
    gross_cost += std::fabs(entered);
  }
  const double mark = context.values.mark[i];
  const Market market{context, p, context.values.unit_price[i]};
  Held held{parts_of(net * multiplier, p.size_decimals, gross * multiplier),
            price_of(mark, p.price_decimals), 0};
  Amounts need;
  if (p.rule == ProtocolRule::dydx_v4) {
    need = dydx_margin(p, held);
  } else if (p.rule == ProtocolRule::vega) {
    if (p.initial_ratio != 0) held.entered = entered_at(p, rows, begin, end, multiplier, held.size);
    need = vega_margin(p, held);
  } else {
    held.cost = cost < 0 ? cut_of(cost, p.quote_decimals, gross_cost)
                         : parts_of(cost, p.quote_decimals, gross_cost);
    const Drift drift = drift_margin(p, held);
    need = drift.required;
    add(unit, Component::contingency, market.amount(drift.discounted.initial),
        market.amount(drift.discounted.maintenance));
  }
  const double maintenance = market.amount(need.maintenance);
  add(unit, Component::futures, market.amount(need.initial), maintenance);
  if (trace != nullptr) trace->add(rows, begin, maintenance);
}

bool lends(const Policy& policy) noexcept {
  return !policy.tokens.empty();
}

// Balances that follow an index belong to its unit, all others to the first.
void add_balances(const Context& context, const Policy& policy, const PocketRows& rows,
                  PocketRequirement& out) noexcept {
  for (std::size_t b = 0; b < rows.balance_asset.size(); ++b) {
    const AssetIndex asset = rows.balance_asset[b];
    const UnderlyingIndex linked =
        context.market.columns.asset_underlying[static_cast<std::size_t>(asset)];
    std::size_t n = 0;
    for (std::size_t u = 0; u < out.units.size(); ++u) {
      if (out.units[u].underlying == linked) n = u;
    }
    const Less less = drift_balance(context, policy, asset, rows.balance_amount[b]);
    add(out.units[n], Component::contingency, less.initial, less.maintenance);
  }
}

}  // namespace

void evaluate_protocol(const Context& context, const Prepared& prepared, const PocketRows& rows,
                       Scratch&, PocketRequirement& out, PositionTrace* trace) {
  const Policy& policy = *prepared.policy;
  make_units(context, rows, out);
  for (std::size_t n = 0; n < rows.unit_underlying.size(); ++n) {
    const auto u = static_cast<std::size_t>(rows.unit_underlying[n]);
    const std::int64_t end = rows.unit_positions[n + 1];
    for (std::int64_t k = rows.unit_positions[n]; k < end;) {
      std::int64_t next = k + 1;
      while (next < end && rows.instrument[next] == rows.instrument[k]) ++next;
      add_market(context, policy.protocol[u], rows, k, next, out.units[n], trace);
      k = next;
    }
  }
  if (!lends(policy) || rows.balance_asset.empty()) return;
  if (out.units.empty()) {
    out.units.push_back({});
    out.units.back().underlying = 0;
  }
  add_balances(context, policy, rows, out);
}

}  // namespace tickmargin::margin

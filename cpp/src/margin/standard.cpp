// Standard margin by expiry: each short option alone, or the worst pay-off of the expiry over price
// 0 and its strikes, whichever asks for less; longs are worth nothing by themselves. Perpetuals by
// percent of notional. Doubt about feeds and a peg in initial margin only. Formulas: README.md.
#include <algorithm>
#include <cmath>

#include "base/ticks.hpp"
#include "margin/charges.hpp"
#include "margin/methods.hpp"
#include "margin/order_costs.hpp"

namespace tickmargin::margin {
namespace {

struct Pair {
  double initial = 0;
  double maintenance = 0;
};

struct Expiry {
  const Context& context;
  const StandardParameters& p;
  const PocketRows& rows;
  std::int64_t begin;
  std::int64_t end;
  TimeNs expiry_ns;
  double index;
  UnderlyingIndex underlying;

  bool holds(std::int64_t k) const noexcept {
    const std::uint32_t i = rows.instrument[k];
    return context.instruments.kind[i] == Kind::option &&
           context.instruments.expiry_ns[i] == expiry_ns;
  }
};

// What a short contract needs alone, its mark included; per contract.
Pair isolated(const Expiry& e, std::uint32_t i) noexcept {
  const StandardParameters& p = e.p;
  const double worth = index_notional(e.context, i, 1.0);
  const double mark = e.context.values.contract[i].value;
  const double price =
      e.context.market.columns
          .index_price[static_cast<std::size_t>(e.context.instruments.underlying[i])];
  const bool call = e.context.instruments.is_call[i] != 0;
  const double strike = e.context.values.strike[i];
  const double otm = std::max(call ? strike - price : price - strike, 0.0) / price;
  const double initial = worth * e.index * std::max(p.spot_min, p.spot_max - otm) + mark;
  if (call) return {initial, worth * e.index * p.call_maintenance + mark};
  const double maintenance =
      std::max(p.put_maintenance * worth * e.index, p.put_mark_maintenance * mark) + mark;
  return {std::max(initial, maintenance * p.put_initial_scale), maintenance};
}

// Pay-off of one contract at a settlement price.
double contract_pay_off(const Expiry& e, std::uint32_t i, double price) noexcept {
  if (e.context.values.form[i] == pricing::OptionForm::settled) {
    return e.context.values.contract[i].value;
  }
  const double strike = e.context.values.strike[i];
  const bool call = e.context.instruments.is_call[i] != 0;
  const double paid = std::max(call ? price - strike : strike - price, 0.0);
  return index_notional(e.context, i, 1.0) * e.context.values.unit_price[i] * paid;
}

// Pay-off of the expiry's options at one settlement price.
double pay_off(const Expiry& e, double price) noexcept {
  double sum = 0;
  for (std::int64_t k = e.begin; k < e.end; ++k) {
    if (!e.holds(k)) continue;
    sum += e.rows.quantity[k] * contract_pay_off(e, e.rows.instrument[k], price);
  }
  return sum;
}

Pair worst_pay_off(const Expiry& e) noexcept {
  double worst = std::min(pay_off(e, 0.0), 0.0), calls = 0;
  for (std::int64_t k = e.begin; k < e.end; ++k) {
    if (!e.holds(k)) continue;
    const std::uint32_t i = e.rows.instrument[k];
    const double paid = pay_off(e, e.context.values.strike[i]);
    if (!(paid >= worst)) worst = paid;
    if (e.context.instruments.is_call[i] == 0) continue;
    calls += e.rows.quantity[k] * (index_notional(e.context, i, 1.0) *
                                   e.context.values.unit_price[i] * e.context.values.forward[i]);
  }
  const double unpaired = calls < 0 ? -calls : 0.0;
  return {e.p.unpaired_initial * unpaired - worst, e.p.unpaired_maintenance * unpaired - worst};
}

Pair expiry_margin(const Expiry& e) noexcept {
  Pair alone;
  for (std::int64_t k = e.begin; k < e.end; ++k) {
    if (!e.holds(k) || e.rows.quantity[k] >= 0) continue;
    const Pair one = isolated(e, e.rows.instrument[k]);
    alone.initial += -e.rows.quantity[k] * one.initial;
    alone.maintenance += -e.rows.quantity[k] * one.maintenance;
  }
  const Pair worst = worst_pay_off(e);
  // Written so that a NaN of either side stays.
  const auto less = [](double a, double b) { return a < b ? a : (b <= a ? b : a + b); };
  return {less(alone.initial, worst.initial), less(alone.maintenance, worst.maintenance)};
}

void evaluate_unit(const Context& context, const StandardParameters& p, const PocketRows& rows,
                   std::int64_t begin, std::int64_t end, Scratch& scratch, UnitRequirement& out) {
  const auto u = static_cast<std::size_t>(out.underlying);
  const double index = index_numeraire(context, u);
  const MarketColumns& c = context.market.columns;
  const double spot = market::value_or(c.index_confidence, u, 1.0);
  Pair futures, options;
  double doubt = 0, exposed = 0;
  scratch.expiry.clear();
  for (std::int64_t k = begin; k < end; ++k) {
    const std::uint32_t i = rows.instrument[k];
    const double size = std::fabs(rows.quantity[k]);
    const double notional = size * index_notional(context, i, index);
    double own = market::value_or(c.mark_confidence, i, 1.0);
    if (context.instruments.kind[i] == Kind::option) {
      const TimeNs expiry = context.instruments.expiry_ns[i];
      const auto at = std::lower_bound(scratch.expiry.begin(), scratch.expiry.end(), expiry);
      if (at == scratch.expiry.end() || *at != expiry) scratch.expiry.insert(at, expiry);
      if (!is_known_to(MethodId::standard, context, i)) {
        options = {base::canonical_nan, base::canonical_nan};
      }
      if (rows.quantity[k] >= 0) continue;
      own = market::expiry_terms(context.market, out.underlying, expiry).confidence;
    } else {
      futures.initial += size * context.values.contract[i].notional * p.perpetual_initial;
      futures.maintenance += size * context.values.contract[i].notional * p.perpetual_maintenance;
    }
    const double trust = std::min(spot, own);
    doubt += doubt_charge(trust, p.confidence_threshold, p.confidence_ratio, notional);
    exposed += notional;
  }
  for (const TimeNs expiry : scratch.expiry) {
    const Pair one = expiry_margin({context, p, rows, begin, end, expiry, index, out.underlying});
    options.initial += one.initial;
    options.maintenance += one.maintenance;
  }
  const auto set = [&](Component component, double initial, double maintenance) {
    out.initial[static_cast<std::size_t>(component)] = initial;
    out.maintenance[static_cast<std::size_t>(component)] = maintenance;
  };
  set(Component::futures, futures.initial, futures.maintenance);
  set(Component::options, options.initial, options.maintenance);
  set(Component::contingency, peg_loss(context, u, p.peg_threshold, p.peg_factor) * exposed, 0.0);
  doubt += balance_doubt(context, rows, u, spot, false, p.confidence_threshold, p.confidence_ratio);
  set(Component::oracle, doubt, 0.0);
}

}  // namespace

void evaluate_standard(const Context& context, const Prepared& prepared, const PocketRows& rows,
                       Scratch& scratch, PocketRequirement& out, PositionTrace*) {
  make_units(context, rows, out);
  const std::size_t held = rows.unit_underlying.size();
  for (std::size_t n = 0; n < out.units.size(); ++n) {
    const auto u = static_cast<std::size_t>(out.units[n].underlying);
    const std::int64_t begin = n < held ? rows.unit_positions[n] : 0;
    const std::int64_t end = n < held ? rows.unit_positions[n + 1] : 0;
    evaluate_unit(context, prepared.policy->standard[u], rows, begin, end, scratch, out.units[n]);
  }
}

namespace {

// The same of an expiry with resting orders, whichever of them trade: every sell for shorts alone,
// at each price the orders that pay there for the worst pay-off.
double expiry_with_orders(const Expiry& e) noexcept {
  const auto on = [&](const OrderRow& order) {
    return e.context.instruments.kind[order.instrument] == Kind::option &&
           e.context.instruments.underlying[order.instrument] == e.underlying &&
           e.context.instruments.expiry_ns[order.instrument] == e.expiry_ns;
  };
  double alone = 0, calls = 0;
  const auto short_of = [&](std::uint32_t i) {
    if (e.context.instruments.kind[i] != Kind::option ||
        e.context.instruments.expiry_ns[i] != e.expiry_ns) {
      return;
    }
    alone += -reach_of(e.rows, i).most_short() * isolated(e, i).initial;
  };
  each_instrument(e.context, e.rows, e.begin, e.end, e.underlying, short_of);
  const auto unpaired = [&](std::uint32_t i, double quantity) {
    if (e.context.instruments.is_call[i] == 0) return;
    calls += quantity * (index_notional(e.context, i, 1.0) * e.context.values.unit_price[i] *
                         e.context.values.forward[i]);
  };
  double worst = 0;
  const auto see = [&](double price) {
    double paid = pay_off(e, price);
    for (const OrderRow& order : e.rows.orders) {
      if (on(order)) {
        paid += std::min(order.quantity * contract_pay_off(e, order.instrument, price), 0.0);
      }
    }
    if (!(paid >= worst)) worst = paid;
  };
  see(0.0);
  for (std::int64_t k = e.begin; k < e.end; ++k) {
    if (!e.holds(k)) continue;
    see(e.context.values.strike[e.rows.instrument[k]]);
    unpaired(e.rows.instrument[k], e.rows.quantity[k]);
  }
  for (const OrderRow& order : e.rows.orders) {
    if (!on(order)) continue;
    see(e.context.values.strike[order.instrument]);
    unpaired(order.instrument, std::min(order.quantity, 0.0));
  }
  const double together = e.p.unpaired_initial * (calls < 0 ? -calls : 0.0) - worst;
  return alone < together ? alone : (together <= alone ? together : alone + together);
}

double unit_with_orders(const Context& context, const StandardParameters& p, const PocketRows& rows,
                        std::int64_t begin, std::int64_t end, UnderlyingIndex underlying,
                        Scratch& scratch) {
  const auto u = static_cast<std::size_t>(underlying);
  const double index = index_numeraire(context, u);
  const MarketColumns& c = context.market.columns;
  const double spot = market::value_or(c.index_confidence, u, 1.0);
  double sum = 0, exposed = 0;
  scratch.expiry.clear();
  each_instrument(context, rows, begin, end, underlying, [&](std::uint32_t i) {
    const Reach reach = reach_of(rows, i);
    const bool option = context.instruments.kind[i] == Kind::option;
    double own = market::value_or(c.mark_confidence, i, 1.0);
    double size = reach.gross();
    if (option) {
      const TimeNs expiry = context.instruments.expiry_ns[i];
      const auto at = std::lower_bound(scratch.expiry.begin(), scratch.expiry.end(), expiry);
      if (at == scratch.expiry.end() || *at != expiry) scratch.expiry.insert(at, expiry);
      if (!is_known_to(MethodId::standard, context, i)) sum = base::canonical_nan;
      own = market::expiry_terms(context.market, underlying, expiry).confidence;
      size = -reach.most_short();
    } else {
      sum += size * context.values.contract[i].notional * p.perpetual_initial;
    }
    const double notional = size * index_notional(context, i, index);
    sum += doubt_charge(std::min(spot, own), p.confidence_threshold, p.confidence_ratio, notional);
    exposed += notional;
  });
  for (const TimeNs expiry : scratch.expiry) {
    sum += expiry_with_orders({context, p, rows, begin, end, expiry, index, underlying});
  }
  return sum + peg_loss(context, u, p.peg_threshold, p.peg_factor) * exposed +
         balance_doubt(context, rows, u, spot, false, p.confidence_threshold, p.confidence_ratio);
}

}  // namespace

double standard_initial_with_orders(const Context& context, const Prepared& prepared,
                                    const PocketRows& rows, Scratch& scratch) {
  double sum = 0;
  each_unit(context, rows, true,
            [&](UnderlyingIndex underlying, std::int64_t begin, std::int64_t end) {
              const auto u = static_cast<std::size_t>(underlying);
              sum += unit_with_orders(context, prepared.policy->standard[u], rows, begin, end,
                                      underlying, scratch);
            });
  return sum;
}

}  // namespace tickmargin::margin

#include "pricing/instrument_values.hpp"

#include <cmath>
#include <numeric>

#include "base/ticks.hpp"
#include "kernels/one_value.hpp"
#include "pricing/everlasting.hpp"
#include "pricing/settlement.hpp"

namespace tickmargin::pricing {
namespace {

using base::canonical_nan;

// One instrument's inputs from the market, before any model.
struct Terms {
  double index;
  double quote_price;
  double settlement_price;
  double multiplier;
};

Terms terms_of(const market::Market& market, const InstrumentColumns& instruments, std::size_t i) {
  const UnderlyingIndex u = instruments.underlying[i];
  return {market.columns.index_price[static_cast<std::size_t>(u)], market::quote_price(market, u),
          market::asset_price(market, instruments.settlement_asset[i]), instruments.multiplier[i]};
}

void mark_missing(InstrumentValues& out, std::size_t i, Status status) {
  out.status[i] = status;
  out.contract[i] = {canonical_nan, canonical_nan, canonical_nan, canonical_nan,
                     canonical_nan, canonical_nan, canonical_nan, canonical_nan};
  out.scale[i] = out.base_value[i] = out.mark[i] = out.forward[i] = canonical_nan;
}

double linear_mark(const market::Market& market, const InstrumentColumns& instruments,
                   std::size_t i, double index) {
  const double ratio = market.mark_ratio[i];
  if (!std::isnan(ratio)) return ratio * index;
  switch (instruments.kind[i]) {
    case Kind::spot: return index;
    case Kind::future:
      return market::forward_at(market, instruments.underlying[i], instruments.expiry_ns[i])
          .forward;
    case Kind::perpetual:
    case Kind::option: return canonical_nan;
  }
  return canonical_nan;
}

// Spot, futures and perpetuals: linear in the index along the path with F/S held. What of a future
// is settled already moves no more.
void value_linear(const market::Market& market, const InstrumentColumns& instruments, std::size_t i,
                  InstrumentValues& out) {
  const Terms t = terms_of(market, instruments, i);
  const Settling left = settling_of(market, i);
  const double moving =
      left.open == 0 ? 0.0 : left.open * linear_mark(market, instruments, i, t.index);
  if (std::isnan(moving)) {
    const bool dated = instruments.kind[i] == Kind::future;
    return mark_missing(out, i, dated ? Status::missing_forward : Status::missing_price);
  }
  const double mark = left.settled + moving;
  const double index_numeraire = t.index * t.quote_price;
  ContractValue& c = out.contract[i];
  c = {};
  if (instruments.payoff[i] == Payoff::inverse) {
    c.value = -(t.multiplier * t.settlement_price / mark);
    c.entry_factor = t.multiplier * t.settlement_price;
    c.notional = t.multiplier * t.quote_price * left.open;
    out.scale[i] = t.multiplier * t.settlement_price / mark * (moving / mark);
  } else {
    const double worth = t.multiplier * t.settlement_price;
    c.value = worth * mark;
    c.entry_factor = instruments.kind[i] == Kind::spot ? 0.0 : -worth;
    c.notional = worth * std::fabs(moving);
    out.scale[i] = worth * moving;
  }
  c.delta_base = out.scale[i] / index_numeraire;
  c.roll_delta = c.delta_base;
  // The coin is worth more as the position wins: profit c m (1 + m) bends by 2 c.
  if (out.settled_in_base[i] != 0) c.gamma = 2.0 * out.scale[i] / (index_numeraire * t.index);
  out.mark[i] = out.forward[i] = mark;
  out.unit_price[i] = t.settlement_price;
}

void clear(OptionColumns& c) {
  c.row.clear();
  c.is_call.clear();
  for (auto* column : {&c.forward, &c.strike, &c.vol, &c.years, &c.rate}) column->clear();
}

void reserve(OptionColumns& c, std::size_t rows) {
  c.row.reserve(rows);
  c.is_call.reserve(rows);
  for (auto* column : {&c.forward, &c.strike, &c.vol, &c.years, &c.rate, &c.price, &c.delta,
                       &c.gamma, &c.vega, &c.theta}) {
    column->reserve(rows);
  }
}

// What a model says of one option, undiscounted.
struct Modelled {
  double forward, vol, rate;
  double price, delta = 0, gamma = 0, vega = 0, theta = 0;
};

// A complete average leaves its pay-off, a coin-settled one so many coins.
void value_settled(const Terms& t, const InstrumentColumns& instruments, std::size_t i,
                   double average, InstrumentValues& out) {
  const bool coin = instruments.payoff[i] == Payoff::coin;
  const double strike = instruments.strike[i];
  const double price = std::fmax(instruments.is_call[i] ? average - strike : strike - average, 0.0);
  ContractValue& v = out.contract[i];
  v = {};
  out.scale[i] = t.multiplier * t.settlement_price / (coin ? average : 1.0);
  v.value = out.base_value[i] = out.scale[i] * price;
  if (coin) v.delta_base = v.value / (t.index * t.quote_price);
  out.mark[i] = coin ? price * t.index / average : price;
  out.forward[i] = average;
  out.strike[i] = strike;
  out.form[i] = OptionForm::settled;
  out.settled_ratio[i] = coin;
  out.unit_price[i] = coin ? t.settlement_price / t.index : t.settlement_price;
}

void write_option(const market::Market& market, const InstrumentColumns& instruments, std::size_t i,
                  const Modelled& m, InstrumentValues& out) {
  const Terms t = terms_of(market, instruments, i);
  const Settling left = settling_of(market, i);
  const bool coin = instruments.payoff[i] == Payoff::coin;
  const double discount = kernels::exp_of(-m.rate * out.years[i]);
  // A coin option pays Black / F coins, so its scale carries coin price / F, constant in the index.
  // In the window it pays by the average, of which a part moves no more.
  const double settles_at = left.settles_at(m.forward);
  const double per_quote = coin ? t.settlement_price / settles_at : t.settlement_price * discount;
  const double scale = t.multiplier * per_quote * left.open;
  // A forward at or below zero keeps its distance to the index, any other its ratio.
  const double forward_per_index = m.forward > 0 ? m.forward / t.index : 1.0;
  ContractValue& v = out.contract[i];
  v.value = scale * m.price;
  v.entry_factor = 0;
  double slope = scale * m.delta;
  double bend = scale * m.gamma;
  const double settled = coin ? left.settled / settles_at : 0.0;
  if (settled != 0) {
    // Coins already won are worth more as the index rises: cpp/src/margin/README.md.
    bend += 2.0 * (settled / m.forward) * (slope - (1.0 - settled) * (v.value / m.forward));
    slope += settled * (v.value / m.forward);
  }
  v.delta_base = slope * forward_per_index / t.quote_price;
  v.gamma = bend * forward_per_index * forward_per_index / t.quote_price;
  v.vega = scale * m.vega;
  v.theta = scale * m.theta + m.rate * v.value;
  v.notional = t.multiplier * t.index * t.quote_price * left.open;
  v.roll_delta = v.delta_base - (coin ? v.value / (t.index * t.quote_price) : 0.0);
  out.scale[i] = scale;
  out.base_value[i] = v.value;
  out.mark[i] = coin ? m.price * left.open * t.index / settles_at : m.price * left.open * discount;
  out.forward[i] = m.forward;
  out.vol_annual[i] = m.vol;
  out.settled_ratio[i] = settled;
  out.unit_price[i] = coin ? t.settlement_price / t.index : t.settlement_price;
}

// An everlasting option stands on the index and by its own rate; its theta is the funding.
void value_everlasting(const market::Market& market, const InstrumentColumns& instruments,
                       std::size_t i, InstrumentValues& out) {
  const Terms t = terms_of(market, instruments, i);
  const double vol = market.columns.mark_vol_annual[i];
  if (std::isnan(vol)) return mark_missing(out, i, Status::missing_vol);
  const EverlastingValue e =
      everlasting_value({instruments.is_call[i] != 0, t.index, instruments.strike[i], vol,
                         instruments.funding_period_years[i], instruments.funding_rate_annual[i]});
  const double scale = t.multiplier * t.settlement_price;
  ContractValue& v = out.contract[i];
  v = {};
  v.value = out.base_value[i] = scale * e.price;
  v.delta_base = v.roll_delta = scale * e.delta / t.quote_price;
  v.gamma = scale * e.gamma / t.quote_price;
  v.vega = scale * e.vega;
  v.theta = scale * e.funding;
  v.notional = t.multiplier * t.index * t.quote_price;
  out.scale[i] = scale;
  out.mark[i] = e.price;
  out.forward[i] = t.index;
  out.years[i] = instruments.funding_period_years[i];
  out.vol_annual[i] = vol;
  out.model[i] = OptionModel::everlasting;
  out.unit_price[i] = t.settlement_price;
}

// Inputs of one option into the batch of its model, its value where none is needed, or the reason
// it has none.
void gather_option(const market::Market& market, const InstrumentColumns& instruments,
                   std::size_t i, InstrumentValues& out, OptionColumns& lognormal,
                   OptionColumns& normal) {
  const Settling left = settling_of(market, i);
  if (left.open == 0) {
    return value_settled(terms_of(market, instruments, i), instruments, i, left.settled, out);
  }
  const market::ForwardPoint point =
      market::forward_at(market, instruments.underlying[i], instruments.expiry_ns[i]);
  if (std::isnan(point.forward)) return mark_missing(out, i, Status::missing_forward);
  const bool use_normal = instruments.bachelier[i] != 0 && point.forward <= 0;
  const double rate = instruments.payoff[i] == Payoff::coin ? 0.0 : point.rate_annual;
  const double strike = left.strike_left(instruments.strike[i]);
  out.strike[i] = strike;
  if (!use_normal && strike <= 0) {
    const bool call = instruments.is_call[i] != 0;
    out.form[i] = OptionForm::forward;
    return write_option(
        market, instruments, i,
        {point.forward, 0.0, rate, call ? point.forward - strike : 0.0, call ? 1.0 : 0.0}, out);
  }
  double vol =
      use_normal ? market.columns.mark_vol_normal_annual[i] : market.columns.mark_vol_annual[i];
  if (std::isnan(vol) && !use_normal) {
    vol = market::surface_vol(market, instruments.underlying[i], instruments.expiry_ns[i],
                              instruments.strike[i]);
  }
  if (std::isnan(vol)) return mark_missing(out, i, Status::missing_vol);
  OptionColumns& columns = use_normal ? normal : lognormal;
  columns.row.push_back(static_cast<std::uint32_t>(i));
  columns.is_call.push_back(instruments.is_call[i] != 0);
  columns.forward.push_back(point.forward);
  columns.strike.push_back(strike);
  columns.vol.push_back(vol);
  columns.years.push_back(out.years[i]);
  columns.rate.push_back(rate);
  if (use_normal) out.model[i] = OptionModel::bachelier;
}

void run_model(OptionColumns& c, bool normal) {
  const std::size_t n = c.row.size();
  for (auto* column : {&c.price, &c.delta, &c.gamma, &c.vega, &c.theta}) column->resize(n);
  static constexpr double zero = 0.0;
  const kernels::OptionRows rows{c.is_call.data(),
                                 1,
                                 {c.forward.data(), 1},
                                 {c.strike.data(), 1},
                                 {c.vol.data(), 1},
                                 {c.years.data(), 1},
                                 {&zero, 0}};
  kernels::OptionOutputs outputs{};
  outputs.price = c.price.data();
  outputs.delta = c.delta.data();
  outputs.gamma = c.gamma.data();
  outputs.vega = c.vega.data();
  outputs.theta = c.theta.data();
  const kernels::Kernels& k = kernels::kernels();
  (normal ? k.bachelier : k.black76)(rows, outputs, n);
}

bool all_finite(const ContractValue& c) {
  for (const double x : {c.value, c.entry_factor, c.delta_base, c.gamma, c.vega, c.theta,
                         c.notional, c.roll_delta}) {
    if (!std::isfinite(x)) return false;
  }
  return true;
}

// What does not depend on a model, and the inputs of the model where there is one.
void start_row(const market::Market& market, const InstrumentColumns& instruments, std::size_t i,
               ValueScratch& scratch, InstrumentValues& out) {
  const Terms t = terms_of(market, instruments, i);
  out.status[i] = Status::ok;
  out.model[i] = OptionModel::black76;
  out.years[i] = out.base_value[i] = out.vol_annual[i] = out.settled_ratio[i] = 0;
  out.open[i] = settling_of(market, i).open;
  out.strike[i] = instruments.strike[i];
  out.form[i] = OptionForm::curved;
  if (instruments.expiry_ns[i] != 0) {
    out.years[i] =
        static_cast<double>(instruments.expiry_ns[i] - market.columns.as_of_ns) / ns_per_year;
  }
  const AssetIndex settlement = instruments.settlement_asset[i];
  const bool follows =
      settlement >= 0 && market.columns.asset_underlying[static_cast<std::size_t>(settlement)] ==
                             instruments.underlying[i];
  const Payoff payoff = instruments.payoff[i];
  out.settled_in_base[i] = follows && (payoff == Payoff::linear || payoff == Payoff::quanto) &&
                           instruments.kind[i] != Kind::spot && instruments.kind[i] != Kind::option;
  if (std::isnan(t.index)) {
    mark_missing(out, i, Status::missing_price);
  } else if (std::isnan(t.settlement_price) || std::isnan(t.quote_price)) {
    mark_missing(out, i, Status::missing_asset_price);
  } else if (instruments.is_everlasting(i)) {
    value_everlasting(market, instruments, i, out);
  } else if (instruments.kind[i] == Kind::option) {
    gather_option(market, instruments, i, out, scratch.lognormal, scratch.normal);
  } else {
    value_linear(market, instruments, i, out);
  }
}

}  // namespace

void ValueScratch::reserve(std::size_t rows) {
  pricing::reserve(lognormal, rows);
  pricing::reserve(normal, rows);
}

InstrumentValues make_values(std::size_t count) {
  InstrumentValues out;
  out.contract.assign(count, {});
  out.status.assign(count, Status::ok);
  for (auto* column :
       {&out.mark, &out.forward, &out.years, &out.vol_annual, &out.scale, &out.base_value,
        &out.unit_price, &out.open, &out.strike, &out.settled_ratio}) {
    column->assign(count, 0.0);
  }
  out.model.assign(count, OptionModel::black76);
  out.form.assign(count, OptionForm::curved);
  out.settled_in_base.assign(count, 0);
  return out;
}

void value_assets(const market::Market& market, InstrumentValues& out) {
  out.asset_price.resize(market.asset_count());
  for (std::size_t a = 0; a < market.asset_count(); ++a) {
    out.asset_price[a] = market::asset_price(market, static_cast<AssetIndex>(a));
  }
}

void value_rows(const market::Market& market, const InstrumentColumns& instruments,
                std::span<const std::uint32_t> rows, ValueScratch& scratch, InstrumentValues& out) {
  clear(scratch.lognormal);
  clear(scratch.normal);
  for (const std::uint32_t i : rows) start_row(market, instruments, i, scratch, out);
  for (OptionColumns* columns : {&scratch.lognormal, &scratch.normal}) {
    run_model(*columns, columns == &scratch.normal);
    for (std::size_t j = 0; j < columns->row.size(); ++j) {
      const OptionColumns& c = *columns;
      write_option(market, instruments, c.row[j],
                   {c.forward[j], c.vol[j], c.rate[j], c.price[j], c.delta[j], c.gamma[j],
                    c.vega[j], c.theta[j]},
                   out);
    }
  }
  for (const std::uint32_t i : rows) {
    if (out.status[i] == Status::ok && !all_finite(out.contract[i])) {
      mark_missing(out, i, Status::not_finite);
    }
  }
}

InstrumentValues value_instruments(const market::Market& market,
                                   const InstrumentColumns& instruments) {
  InstrumentValues out = make_values(instruments.size());
  value_assets(market, out);
  std::vector<std::uint32_t> rows(instruments.size());
  std::iota(rows.begin(), rows.end(), 0u);
  ValueScratch scratch;
  value_rows(market, instruments, rows, scratch, out);
  return out;
}

}  // namespace tickmargin::pricing

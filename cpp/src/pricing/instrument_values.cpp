#include "pricing/instrument_values.hpp"

#include <cmath>
#include <numeric>

#include "base/ticks.hpp"
#include "kernels/one_value.hpp"

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

// Spot, futures and perpetuals: linear in the index along the path with F/S held.
void value_linear(const market::Market& market, const InstrumentColumns& instruments, std::size_t i,
                  InstrumentValues& out) {
  const Terms t = terms_of(market, instruments, i);
  const double mark = linear_mark(market, instruments, i, t.index);
  if (std::isnan(mark)) {
    const bool dated = instruments.kind[i] == Kind::future;
    return mark_missing(out, i, dated ? Status::missing_forward : Status::missing_price);
  }
  const double index_numeraire = t.index * t.quote_price;
  ContractValue& c = out.contract[i];
  c = {};
  if (instruments.payoff[i] == Payoff::inverse) {
    c.value = -(t.multiplier * t.settlement_price / mark);
    c.entry_factor = t.multiplier * t.settlement_price;
    c.notional = t.multiplier * t.quote_price;
    out.scale[i] = t.multiplier * t.settlement_price / mark;
  } else {
    const double worth = t.multiplier * t.settlement_price;
    c.value = worth * mark;
    c.entry_factor = instruments.kind[i] == Kind::spot ? 0.0 : -worth;
    c.notional = worth * std::fabs(mark);
    out.scale[i] = worth * mark;
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

// Inputs of one option into the batch of its model, or the reason it has no value.
void gather_option(const market::Market& market, const InstrumentColumns& instruments,
                   std::size_t i, InstrumentValues& out, OptionColumns& lognormal,
                   OptionColumns& normal) {
  const market::ForwardPoint point =
      market::forward_at(market, instruments.underlying[i], instruments.expiry_ns[i]);
  if (std::isnan(point.forward)) return mark_missing(out, i, Status::missing_forward);
  const bool use_normal = instruments.bachelier[i] != 0 && point.forward <= 0;
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
  columns.strike.push_back(instruments.strike[i]);
  columns.vol.push_back(vol);
  columns.years.push_back(out.years[i]);
  columns.rate.push_back(instruments.payoff[i] == Payoff::coin ? 0.0 : point.rate_annual);
  out.normal[i] = use_normal;
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

void spread_option(const market::Market& market, const InstrumentColumns& instruments,
                   const OptionColumns& c, std::size_t j, InstrumentValues& out) {
  const std::size_t i = c.row[j];
  const Terms t = terms_of(market, instruments, i);
  const bool coin = instruments.payoff[i] == Payoff::coin;
  const double discount = kernels::exp_of(-c.rate[j] * c.years[j]);
  // A coin option pays Black / F coins, so its scale carries coin price / F, constant in the index.
  const double per_quote = coin ? t.settlement_price / c.forward[j] : t.settlement_price * discount;
  const double scale = t.multiplier * per_quote;
  // A forward at or below zero keeps its distance to the index, any other its ratio.
  const double forward_per_index = c.forward[j] > 0 ? c.forward[j] / t.index : 1.0;
  ContractValue& v = out.contract[i];
  v.value = scale * c.price[j];
  v.entry_factor = 0;
  v.delta_base = scale * c.delta[j] * forward_per_index / t.quote_price;
  v.gamma = scale * c.gamma[j] * forward_per_index * forward_per_index / t.quote_price;
  v.vega = scale * c.vega[j];
  v.theta = scale * c.theta[j] + c.rate[j] * v.value;
  v.notional = t.multiplier * t.index * t.quote_price;
  v.roll_delta = v.delta_base - (coin ? v.value / (t.index * t.quote_price) : 0.0);
  out.scale[i] = scale;
  out.base_value[i] = v.value;
  out.mark[i] = coin ? c.price[j] * t.index / c.forward[j] : c.price[j] * discount;
  out.forward[i] = c.forward[j];
  out.vol_annual[i] = c.vol[j];
  out.unit_price[i] = coin ? t.settlement_price / t.index : t.settlement_price;
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
  out.normal[i] = 0;
  out.years[i] = out.base_value[i] = out.vol_annual[i] = 0;
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
                           instruments.kind[i] != Kind::spot &&
                           instruments.kind[i] != Kind::option;
  if (std::isnan(t.index)) {
    mark_missing(out, i, Status::missing_price);
  } else if (std::isnan(t.settlement_price) || std::isnan(t.quote_price)) {
    mark_missing(out, i, Status::missing_asset_price);
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
  for (auto* column : {&out.mark, &out.forward, &out.years, &out.vol_annual, &out.scale,
                       &out.base_value, &out.unit_price}) {
    column->assign(count, 0.0);
  }
  out.normal.assign(count, 0);
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
      spread_option(market, instruments, *columns, j, out);
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

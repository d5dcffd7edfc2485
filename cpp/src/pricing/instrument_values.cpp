#include "pricing/instrument_values.hpp"

#include <cmath>

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

struct OptionColumns {
  std::vector<std::size_t> row;
  std::vector<std::uint8_t> is_call;
  std::vector<double> forward, strike, vol, years, rate;
  std::vector<double> price, delta, gamma, vega, theta;

  void push(std::size_t i, bool call, double f, double k, double v) {
    row.push_back(i);
    is_call.push_back(call);
    forward.push_back(f);
    strike.push_back(k);
    vol.push_back(v);
  }
};

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
  columns.push(i, instruments.is_call[i] != 0, point.forward, instruments.strike[i], vol);
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

void resize(InstrumentValues& out, std::size_t n) {
  out.contract.assign(n, {});
  out.status.assign(n, Status::ok);
  for (auto* column : {&out.mark, &out.forward, &out.years, &out.vol_annual, &out.scale,
                       &out.base_value, &out.unit_price}) {
    column->assign(n, 0.0);
  }
  out.normal.assign(n, 0);
  out.settled_in_base.assign(n, 0);
}

bool all_finite(const ContractValue& c) {
  for (const double x : {c.value, c.entry_factor, c.delta_base, c.gamma, c.vega, c.theta,
                         c.notional, c.roll_delta}) {
    if (!std::isfinite(x)) return false;
  }
  return true;
}

}  // namespace

InstrumentValues value_instruments(const market::Market& market,
                                   const InstrumentColumns& instruments) {
  const std::size_t n = instruments.size();
  InstrumentValues out;
  resize(out, n);
  for (std::size_t a = 0; a < market.asset_count(); ++a) {
    out.asset_price.push_back(market::asset_price(market, static_cast<AssetIndex>(a)));
  }
  OptionColumns lognormal, normal;
  for (std::size_t i = 0; i < n; ++i) {
    const Terms t = terms_of(market, instruments, i);
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
      gather_option(market, instruments, i, out, lognormal, normal);
    } else {
      value_linear(market, instruments, i, out);
    }
  }
  for (OptionColumns* columns : {&lognormal, &normal}) {
    run_model(*columns, columns == &normal);
    for (std::size_t j = 0; j < columns->row.size(); ++j) {
      spread_option(market, instruments, *columns, j, out);
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    if (out.status[i] == Status::ok && !all_finite(out.contract[i])) {
      mark_missing(out, i, Status::not_finite);
    }
  }
  return out;
}

}  // namespace tickmargin::pricing

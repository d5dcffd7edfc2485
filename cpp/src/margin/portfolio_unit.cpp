#include "margin/portfolio_unit.hpp"

#include <algorithm>
#include <cmath>

#include "base/ticks.hpp"
#include "kernels/one_value.hpp"

namespace tickmargin::margin {
namespace {

// Factor of a volatility when the smile turns: k away from the money moves it by up to a cap.
double skew_factor(const SkewParameters& p, const PortfolioExpiry& e, double base, double slope,
                   double k) noexcept {
  const double cap = base + slope * e.root_years;
  const double reach =
      std::max(p.min_reach, e.root_years * p.width * (p.vol + p.vol_slope * e.root_years));
  const double turn = k * cap / reach;
  return std::max(0.0, 1.0 + std::max(-cap, std::min(cap, turn)));
}

double moved_vol(const PortfolioParameters& p, const PortfolioExpiry& e, VolMove move, double vol,
                 double log_moneyness) noexcept {
  switch (move) {
    case VolMove::none: return vol;
    case VolMove::up:
      return std::max(p.vol_up_floor_annual, vol * (1.0 + p.vol_up * e.shock_scale));
    case VolMove::down: return vol * std::max(0.0, 1.0 - p.vol_down * e.shock_scale);
    case VolMove::linear:
      return vol * skew_factor(p.skew, e, p.skew.linear_base, p.skew.linear_slope, log_moneyness);
    case VolMove::absolute:
      return vol * skew_factor(p.skew, e, p.skew.absolute_base, p.skew.absolute_slope,
                               std::fabs(log_moneyness));
  }
  return vol;
}

// Undiscounted prices of an option that its settled part has decided.
void linear_prices(pricing::OptionForm form, bool is_call, double forward, double strike,
                   const std::vector<double>& moved, double* price) noexcept {
  for (std::size_t s = 0; s < moved.size(); ++s) {
    const double at = form == pricing::OptionForm::settled ? forward : moved[s];
    price[s] = is_call ? std::max(at - strike, 0.0) : std::max(strike - at, 0.0);
  }
}

}  // namespace

bool turns_smile(VolMove move) noexcept {
  return move == VolMove::linear || move == VolMove::absolute;
}

double portfolio_discount(const PortfolioParameters& p, const PortfolioExpiry& e,
                          double worth) noexcept {
  const double rate = std::max(e.terms.rate_annual, 0.0);
  const auto power = [&](const DiscountParameters& d) { return rate * d.rate_factor + d.add; };
  if (worth >= 0) return p.long_discount.base * kernels::exp_of(-e.years * power(p.long_discount));
  const double rise = p.short_discount.base * kernels::exp_of(e.years * power(p.short_discount));
  return std::min(kernels::exp_of(e.years * rate), rise);
}

PortfolioExpiry expiry_of(const PortfolioUnit& unit, TimeNs expiry_ns, double years) noexcept {
  const double days = std::max(365.0 * years, unit.p.min_days);
  const double power =
      365.0 * years > unit.p.vol_reference_days ? unit.p.vol_power_long : unit.p.vol_power_short;
  return {
      years, std::sqrt(years), kernels::power_of(unit.p.vol_reference_days / days, power),
      market::expiry_terms(unit.context.market, static_cast<UnderlyingIndex>(unit.u), expiry_ns)};
}

void option_worths(const PortfolioUnit& unit, std::uint32_t i, const PortfolioExpiry& e,
                   Scratch& scratch, double* worth) {
  const pricing::InstrumentValues& v = unit.context.values;
  const std::size_t n = unit.columns();
  if (!is_repriced(unit.context, i, e.terms.fixed)) {
    std::fill_n(worth, n, base::canonical_nan);
    return;
  }
  const double strike = v.strike[i], forward = v.forward[i], settled = v.settled_ratio[i];
  const double fixed = e.terms.fixed;
  const double log_moneyness =
      v.form[i] == pricing::OptionForm::curved ? kernels::log_of(strike / forward) : 0.0;
  scratch.option_forward.resize(n);
  scratch.option_vol.resize(n);
  for (std::size_t s = 0; s < n; ++s) {
    scratch.option_forward[s] = (forward - fixed) * (1.0 + unit.move(s)) + fixed;
    scratch.option_vol[s] = moved_vol(unit.p, e, unit.vol_move(s), v.vol_annual[i], log_moneyness);
  }
  const std::uint8_t is_call = unit.context.instruments.is_call[i];
  const double zero = 0;
  const kernels::OptionRows options{&is_call,
                                    0,
                                    {scratch.option_forward.data(), 1},
                                    {&strike, 0},
                                    {scratch.option_vol.data(), 1},
                                    {&v.years[i], 0},
                                    {&zero, 0}};
  kernels::OptionOutputs out{};
  out.price = worth;
  if (v.form[i] == pricing::OptionForm::curved) {
    kernels::kernels().black76(options, out, n);
  } else {
    linear_prices(v.form[i], is_call != 0, forward, strike, scratch.option_forward, worth);
  }
  for (std::size_t s = 0; s < n; ++s) {
    const double rise = 1.0 + unit.move(s);
    const double coin = settled == 0 ? 1.0 : rise / (settled + (1.0 - settled) * rise);
    worth[s] *= v.scale[i] * coin;
  }
}

void linear_profits(const PortfolioUnit& unit, std::uint32_t i, double index,
                    double* profit) noexcept {
  const pricing::InstrumentValues& v = unit.context.values;
  const double slope = v.contract[i].delta_base * index;
  for (std::size_t s = 0; s < unit.columns(); ++s) {
    const double rise = v.settled_in_base[i] != 0 ? 1.0 + unit.move(s) : 1.0;
    profit[s] = slope * unit.move(s) * rise;
  }
}

}  // namespace tickmargin::margin

// Everlasting (perpetual) options and power perpetuals: contracts without an expiry that funding
// holds to their pay-off.
//
// A long pays (mark - pay-off) / period a year. So the mark is the mean of European options whose
// expiry is exponential with mean `period`, and as a function V of the index S it solves
//   v/2 S^2 V'' + r S V' - r V + (payoff - V) / period = 0,    v = vol^2.
// With m+ > 1 and m- < 0 the roots of v/2 m (m - 1) + r m = r + 1/period, W = m+ - m-,
// rho = r period / (1 + r period) and x = S / K:
//   x < 1   call = K (1 - rho m-) / W x^m+
//   x >= 1  call = S - K / (1 + r period) + K (1 - rho m+) / W x^m-
// and the put is the call less S - K / (1 + r period). At r = 0 this is Deri's formula with
// u = W; with r it is that of Deri v4 and Paradex, whose terms are singular at r = v/2 and which
// this form is not. Source: White and Bankman-Fried, "Everlasting options" (2021); docs.deri.io.
#pragma once

#include <cstddef>

namespace tickmargin::pricing {

struct EverlastingTerms {
  bool is_call;
  double index;         // > 0, quote units
  double strike;        // > 0, quote units
  double vol_annual;    // >= 0
  double period_years;  // > 0: funding pays (mark - payoff) once in this time
  double rate;          // continuous, annual; 1 + rate x period > 0
};

// Per base unit, in quote units. `funding` is what a long receives a year, the index unchanged:
// below 0 wherever the option is worth more than its pay-off; it stands where theta stands.
struct EverlastingValue {
  double price;
  double delta;  // by the index
  double gamma;
  double vega;  // per 1.00 of volatility
  double funding;
  double time_value;      // price less pay-off
  double exponent_width;  // W; infinite without volatility
};

// NaN in any term is NaN in all of the value.
EverlastingValue everlasting_value(const EverlastingTerms& terms) noexcept;

// The same where funding is paid `per_period` times a period, each time that share of mark less
// pay-off: the sum over k >= 1 of n^(k-1) / (n+1)^k European options of k / n periods.
double everlasting_sum(const EverlastingTerms& terms, int per_period) noexcept;

// Mark of a perpetual on index^power: index^power / (1 - period x growth), the mean of forwards at
// exponential times, or with `once` index^power exp(period x growth), a single forward at `period`
// (Opyn's squeeth); growth = (power - 1) (rate + power vol^2 / 2). NaN where the mean has no end.
double power_perpetual_mark(double index, double power, double vol_annual, double period_years,
                            double rate, bool once) noexcept;

}  // namespace tickmargin::pricing

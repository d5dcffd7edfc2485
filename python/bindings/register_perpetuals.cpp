// Free functions on contracts without an expiry: prepared columns in, results into given memory.
#include <pybind11/stl.h>

#include "input_rows.hpp"
#include "pricing/everlasting.hpp"
#include "pricing/perpetual.hpp"
#include "register.hpp"
#include "result_columns.hpp"

namespace tickmargin::bindings {
namespace {

double at(const Input<double>& input, std::size_t i) {
  return input.data[static_cast<std::ptrdiff_t>(i) * input.step];
}

// `columns`: index, rate, dividend_yield, premium_factor, interest_factor, period_years,
// settlement_covariance.
py::object perpetual_fair_price(const py::tuple& columns, std::size_t count, int payoff,
                                int funding, const ResultColumns& out) {
  std::vector<Input<double>> in;
  for (const py::handle column : columns) {
    in.emplace_back(column, count, "column");
  }
  std::optional<Refusal> refusal;
  {
    const py::gil_scoped_release unlocked;
    refusal = first_refusal(
        {{"index", &in.at(0), Limit::positive}, {"period_years", &in.at(5), Limit::not_negative}},
        count);
    if (!refusal) {
      const pricing::PerpetualRows rows{column_of(in[0]),   column_of(in[1]), column_of(in[2]),
                                        column_of(in[3]),   column_of(in[4]), column_of(in[5]),
                                        column_of(in.at(6))};
      pricing::perpetual_fair_price(rows, static_cast<pricing::PerpetualPayoff>(payoff),
                                    static_cast<pricing::FundingIndex>(funding),
                                    out.column("price"), count);
    }
  }
  return refusal_or_none(refusal);
}

// What everlasting_value gives, in the order of its fields.
constexpr std::array<const char*, 7> everlasting_names = {
    "price", "delta", "gamma", "vega", "funding", "time_value", "exponent_width"};

// `columns`: is_call, index, strike, vol_annual, funding_period_years, rate. With `per_period` 0
// funding is continuous and all of everlasting_names are written, otherwise `price` alone.
struct EverlastingInputs {
  Input<std::uint8_t> is_call;
  Input<double> index, strike, vol, period, rate;

  EverlastingInputs(const py::tuple& c, std::size_t count)
      : is_call(c[0], count, "is_call"),
        index(c[1], count, "index"),
        strike(c[2], count, "strike"),
        vol(c[3], count, "vol_annual"),
        period(c[4], count, "funding_period_years"),
        rate(c[5], count, "rate") {}

  // Rates at which the mean of the option's prices has no end come last.
  std::optional<Refusal> refusal(std::size_t count) const {
    const auto found = first_refusal({{"index", &index, Limit::positive},
                                      {"strike", &strike, Limit::positive},
                                      {"vol_annual", &vol, Limit::not_negative},
                                      {"funding_period_years", &period, Limit::positive}},
                                     count);
    if (found) return found;
    for (std::size_t i = 0; i < count; ++i) {
      if (at(rate, i) * at(period, i) <= -1) return Refusal{"rate", i, at(rate, i)};
    }
    return std::nullopt;
  }

  pricing::EverlastingTerms terms(std::size_t i) const {
    const bool call = is_call.data[static_cast<std::ptrdiff_t>(i) * is_call.step] != 0;
    return {call, at(index, i), at(strike, i), at(vol, i), at(period, i), at(rate, i)};
  }
};

py::object everlasting_option(const py::tuple& columns, std::size_t count, int per_period,
                              const ResultColumns& out) {
  const EverlastingInputs in(columns, count);
  std::array<double*, everlasting_names.size()> column{};
  const std::size_t outputs = per_period == 0 ? column.size() : 1;
  for (std::size_t k = 0; k < outputs; ++k) column[k] = out.column(everlasting_names[k]);
  std::optional<Refusal> refusal;
  {
    const py::gil_scoped_release unlocked;
    refusal = in.refusal(count);
    for (std::size_t i = 0; !refusal && i < count; ++i) {
      if (per_period != 0) {
        column[0][i] = pricing::everlasting_sum(in.terms(i), per_period);
        continue;
      }
      const pricing::EverlastingValue v = pricing::everlasting_value(in.terms(i));
      const double values[] = {v.price,   v.delta,      v.gamma,         v.vega,
                               v.funding, v.time_value, v.exponent_width};
      for (std::size_t k = 0; k < outputs; ++k) column[k][i] = values[k];
    }
  }
  return refusal_or_none(refusal);
}

// `columns`: index, power, vol_annual, funding_period_years, rate.
py::object power_perpetual_mark(const py::tuple& columns, std::size_t count, bool once,
                                const ResultColumns& out) {
  const Input<double> index(columns[0], count, "index"), power(columns[1], count, "power"),
      vol(columns[2], count, "vol_annual"), period(columns[3], count, "funding_period_years"),
      rate(columns[4], count, "rate");
  double* const price = out.column("price");
  std::optional<Refusal> refusal;
  {
    const py::gil_scoped_release unlocked;
    refusal = first_refusal({{"index", &index, Limit::positive},
                             {"vol_annual", &vol, Limit::not_negative},
                             {"funding_period_years", &period, Limit::positive}},
                            count);
    for (std::size_t i = 0; !refusal && i < count; ++i) {
      price[i] = pricing::power_perpetual_mark(at(index, i), at(power, i), at(vol, i),
                                               at(period, i), at(rate, i), once);
    }
  }
  return refusal_or_none(refusal);
}

}  // namespace

void register_perpetuals(Module& m) {
  m.def("perpetual_fair_price", &perpetual_fair_price, py::arg("columns"), py::arg("count"),
        py::arg("payoff"), py::arg("funding"), py::arg("out"));
  m.def("everlasting_option", &everlasting_option, py::arg("columns"), py::arg("count"),
        py::arg("per_period"), py::arg("out"));
  m.def("power_perpetual_mark", &power_perpetual_mark, py::arg("columns"), py::arg("count"),
        py::arg("once"), py::arg("out"));
}

}  // namespace tickmargin::bindings

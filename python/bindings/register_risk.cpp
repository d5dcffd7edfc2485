// Measures of risk on their own: contiguous float64 arrays in, new arrays out. The package's
// risk.py checks types, shapes and ranges.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <span>

#include "columns.hpp"
#include "register.hpp"
#include "risk/delta_gamma.hpp"
#include "risk/joint_moves.hpp"
#include "risk/quantile.hpp"
#include "risk/saddlepoint.hpp"
#include "risk/symmetric.hpp"
#include "risk/tail_risk.hpp"

namespace tickmargin::bindings {
namespace {

using Floats = py::array_t<double, py::array::c_style>;

std::span<const double> view(const Floats& array) {
  return {array.data(), static_cast<std::size_t>(array.size())};
}

std::vector<double> copy(const Floats& array) {
  return {array.data(), array.data() + array.size()};
}

py::tuple pair_of(const risk::TailRisk& tail) {
  return py::make_tuple(tail.var, tail.es);
}

risk::QuantileRule rule_of(int rule) {
  if (rule < 0 || rule >= static_cast<int>(risk::quantile_rule_count)) {
    throw py::value_error("no such quantile rule");
  }
  return static_cast<risk::QuantileRule>(rule);
}

py::object square_matrix(std::vector<double> values, std::size_t n) {
  return give_column(std::move(values)).attr("reshape")(n, n);
}

py::tuple shares_of(const std::vector<risk::TailShare>& shares) {
  std::vector<std::uint32_t> scenario;
  std::vector<double> share;
  for (const risk::TailShare& part : shares) {
    scenario.push_back(part.scenario);
    share.push_back(part.share);
  }
  return py::make_tuple(give_column(std::move(scenario)), give_column(std::move(share)));
}

// The observations of the measure and their shares; no weights: all the same.
py::tuple tail_shares(const Floats& losses, const Floats& weights, double confidence, int rule,
                      bool shortfall) {
  risk::TailScratch scratch;
  std::vector<risk::TailShare> shares;
  if (shortfall) {
    risk::es_shares(view(losses), view(weights), confidence, scratch, shares);
  } else {
    risk::var_shares(view(losses), view(weights), confidence, rule_of(rule), scratch, shares);
  }
  py::tuple columns = shares_of(shares);
  return py::make_tuple(risk::tail_value(view(losses), shares), columns[0], columns[1]);
}

double quantile(const Floats& sample, double probability, int rule) {
  std::vector<double> sorted = copy(sample);
  std::sort(sorted.begin(), sorted.end());
  return risk::quantile(sorted, probability, rule_of(rule));
}

py::tuple filtered_returns(const Floats& returns, double omega, double alpha, double beta,
                           double first_variance) {
  std::vector<double> rescaled(static_cast<std::size_t>(returns.size()));
  const double next =
      risk::filtered_returns(view(returns), {omega, alpha, beta, first_variance}, rescaled.data());
  return py::make_tuple(give_column(std::move(rescaled)), next);
}

py::tuple component_risk(const Floats& amounts, const Floats& covariance, double multiple) {
  risk::ComponentRisk out = risk::component_risk(view(amounts), view(covariance), multiple);
  return py::make_tuple(out.total, give_column(std::move(out.individual)),
                        give_column(std::move(out.marginal)),
                        give_column(std::move(out.component)));
}

risk::QuadraticForm form_of(const Floats& delta, const Floats& gamma, const Floats& covariance) {
  return risk::quadratic_form(view(delta), view(gamma), view(covariance),
                              static_cast<std::size_t>(delta.size()));
}

double delta_gamma_quantile(const Floats& delta, const Floats& gamma, const Floats& covariance,
                            double probability, int method) {
  return risk::delta_gamma_quantile(form_of(delta, gamma, covariance), probability,
                                    static_cast<risk::DeltaGammaMethod>(method));
}

py::tuple delta_gamma_tail(const Floats& delta, const Floats& gamma, const Floats& covariance,
                           double tail, bool shortfall) {
  const auto n = static_cast<std::size_t>(delta.size());
  std::vector<double> linear = copy(delta), square = copy(gamma), by_linear(n), by_square(n);
  for (double& x : linear) x = -x;
  for (double& x : square) x = -x;
  risk::SaddleScratch scratch;
  const double measure = risk::saddlepoint_tail({linear, square, view(covariance)}, tail, shortfall,
                                                scratch, by_linear, by_square);
  for (double& x : by_linear) x = -x;
  for (double& x : by_square) x = -x;
  return py::make_tuple(measure, give_column(std::move(by_linear)),
                        give_column(std::move(by_square)));
}

using Rows = py::array_t<std::uint32_t, py::array::c_style>;

py::object filtered_moves(const Floats& prices, double omega, double alpha, double beta,
                          const Rows& start, const Rows& end) {
  const auto last = static_cast<std::uint32_t>(prices.size());
  const auto inside = [&](const Rows& rows) {
    return std::all_of(rows.data(), rows.data() + rows.size(), [&](auto r) { return r < last; });
  };
  if (start.size() != end.size() || !inside(start) || !inside(end)) {
    throw py::value_error("pairs must be rows of the prices");
  }
  const risk::RowPairs pairs{{start.data(), static_cast<std::size_t>(start.size())},
                             {end.data(), static_cast<std::size_t>(end.size())}};
  return give_column(risk::filtered_moves(view(prices), omega, alpha, beta, pairs));
}

py::object drawn_moves(const Floats& deviation, const Floats& correlation, std::size_t count,
                       std::uint64_t seed, double freedom, double jump_count, double jump_mean,
                       double jump_deviation) {
  if (correlation.size() != deviation.size() * deviation.size()) {
    throw py::value_error("correlation must have a row and a column for each deviation");
  }
  return give_column(risk::drawn_moves({view(deviation), view(correlation), count, seed, freedom,
                                        jump_count, jump_mean, jump_deviation}))
      .attr("reshape")(deviation.size(), count);
}

py::object copula_moves(const Floats& history, const Floats& correlation, std::size_t count,
                        std::uint64_t seed, double freedom) {
  if (history.ndim() != 2 || history.size() == 0) {
    throw py::value_error("history must have a row for each underlying and a move");
  }
  const auto n = static_cast<std::size_t>(history.shape(0));
  if (static_cast<std::size_t>(correlation.size()) != n * n) {
    throw py::value_error("correlation must have a row and a column for each underlying");
  }
  return give_column(
             risk::copula_moves({view(history), view(correlation), n, count, seed, freedom}))
      .attr("reshape")(n, count);
}

}  // namespace

void register_risk(Module& m) {
  m.def("quantile_rules", [] {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < risk::quantile_rule_count; ++i) {
      names.emplace_back(risk::quantile_rule_name(static_cast<risk::QuantileRule>(i)));
    }
    return names;
  });
  m.def("risk_quantile", &quantile, py::arg("sample"), py::arg("probability"), py::arg("rule"));
  m.def("tail_shares", &tail_shares, py::arg("losses"), py::arg("weights"), py::arg("confidence"),
        py::arg("rule"), py::arg("shortfall"));
  m.def(
      "age_weights",
      [](std::size_t count, double decay) { return give_column(risk::age_weights(count, decay)); },
      py::arg("count"), py::arg("decay"));
  m.def(
      "normal_tail", [](double tail) { return pair_of(risk::normal_tail(tail)); }, py::arg("tail"));
  m.def(
      "student_tail",
      [](double tail, double freedom, bool standardised) {
        return pair_of(risk::student_tail(tail, freedom, standardised));
      },
      py::arg("tail"), py::arg("freedom"), py::arg("standardised"));
  m.def(
      "pareto_tail",
      [](double threshold, double shape, double scale, double count, double exceedances,
         double tail) {
        return pair_of(risk::pareto_tail({threshold, shape, scale, count, exceedances}, tail));
      },
      py::arg("threshold"), py::arg("shape"), py::arg("scale"), py::arg("count"),
      py::arg("exceedances"), py::arg("tail"));
  m.def("filtered_returns", &filtered_returns, py::arg("returns"), py::arg("omega"),
        py::arg("alpha"), py::arg("beta"), py::arg("first_variance"));
  m.def("filtered_moves", &filtered_moves, py::arg("prices"), py::arg("omega"), py::arg("alpha"),
        py::arg("beta"), py::arg("start"), py::arg("end"));
  m.def("drawn_moves", &drawn_moves, py::arg("deviation"), py::arg("correlation"), py::arg("count"),
        py::arg("seed"), py::arg("freedom"), py::arg("jump_count"), py::arg("jump_mean"),
        py::arg("jump_deviation"));
  m.def("copula_moves", &copula_moves, py::arg("history"), py::arg("correlation"), py::arg("count"),
        py::arg("seed"), py::arg("freedom"));
  m.def("component_risk", &component_risk, py::arg("amounts"), py::arg("covariance"),
        py::arg("multiple"));
  m.def("delta_gamma_quantile", &delta_gamma_quantile, py::arg("delta"), py::arg("gamma"),
        py::arg("covariance"), py::arg("probability"), py::arg("method"));
  m.def("delta_gamma_tail", &delta_gamma_tail, py::arg("delta"), py::arg("gamma"),
        py::arg("covariance"), py::arg("tail"), py::arg("shortfall"));
  m.def(
      "nearest_correlation",
      [](const Floats& matrix, std::size_t n) {
        return square_matrix(risk::nearest_correlation(view(matrix), n), n);
      },
      py::arg("matrix"), py::arg("n"));
  m.def(
      "positive_semidefinite",
      [](const Floats& matrix, std::size_t n, double tolerance) {
        return risk::positive_semidefinite(view(matrix), n, tolerance);
      },
      py::arg("matrix"), py::arg("n"), py::arg("tolerance"));
}

}  // namespace tickmargin::bindings

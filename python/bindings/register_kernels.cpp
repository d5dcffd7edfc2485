// Free pricing functions: prepared columns in, results into given memory; the GIL is released.
//
// The Python package broadcasts and checks types; here rows are checked, all before one is written,
// and an input that shares memory with an output is copied first.
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <optional>

#include "columns.hpp"
#include "input_rows.hpp"
#include "kernels/kernels.hpp"
#include "pricing/delta_convention.hpp"
#include "pricing/spot.hpp"
#include "register.hpp"
#include "result_columns.hpp"

namespace tickmargin::bindings {
namespace {

constexpr std::array<const char*, 10> greek_names = {
    "price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm", "dividend_rho"};

// Where each Greek goes; null where it is not asked for.
struct Outputs {
  std::array<double*, greek_names.size()> column{};
  std::size_t count;

  Outputs(const py::object& out, std::size_t rows) : count(rows) {
    if (py::isinstance<ResultColumns>(out)) {
      const auto& own = out.cast<const ResultColumns&>();
      if (own.count() != count) throw py::value_error("out has the wrong number of rows");
      for (const std::string& name : own.names()) set(name, own.column(name));
      return;
    }
    for (const auto& [name, value] : out.cast<py::dict>()) {
      auto array = borrow<double>(value, "out");
      if (static_cast<std::size_t>(array.size()) != count) {
        throw py::value_error("out has the wrong number of rows");
      }
      set(name.cast<std::string>(), array.mutable_data());
    }
  }

  kernels::OptionOutputs forward_form() const {
    const auto& c = column;
    return {c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8]};
  }
  pricing::SpotOutputs spot_form() const {
    const auto& c = column;
    return {c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9]};
  }

 private:
  void set(const std::string& name, double* data) {
    for (std::size_t g = 0; g < greek_names.size(); ++g) {
      if (name == greek_names[g]) {
        column[g] = data;
        return;
      }
    }
    throw py::key_error(name);
  }
};

using OptionKernel = void (*)(const kernels::OptionRows&, const kernels::OptionOutputs&,
                              std::size_t) noexcept;

// The inputs every option function has.
struct OptionInputs {
  Input<std::uint8_t> is_call;
  Input<double> price, strike, vol, years, rate;  // `price` is the forward or the spot

  OptionInputs(const py::tuple& c, std::size_t count)
      : is_call(c[0], count, "is_call"),
        price(c[1], count, "forward"),
        strike(c[2], count, "strike"),
        vol(c[3], count, "vol_annual"),
        years(c[4], count, "expiry_years"),
        rate(c[5], count, "rate") {}

  void keep_apart(const double* out, std::size_t count) {
    is_call.keep_apart(out, count);
    for (Input<double>* input : {&price, &strike, &vol, &years, &rate}) {
      input->keep_apart(out, count);
    }
  }

  kernels::OptionRows rows() const {
    return {is_call.data,   is_call.step,     column_of(price), column_of(strike),
            column_of(vol), column_of(years), column_of(rate)};
  }
};

py::object price_on_forward(const py::tuple& columns, std::size_t count, const py::object& out,
                            bool normal) {
  OptionInputs in(columns, count);
  const Outputs outputs(out, count);
  const Limit positive = normal ? Limit::none : Limit::positive;
  std::optional<Refusal> refusal;
  {
    const py::gil_scoped_release unlocked;
    refusal = first_refusal({{"forward", &in.price, positive},
                             {"strike", &in.strike, positive},
                             {"vol_annual", &in.vol, Limit::not_negative},
                             {"expiry_years", &in.years, Limit::not_negative}},
                            count);
    if (!refusal) {
      for (const double* column : outputs.column) in.keep_apart(column, count);
      const kernels::Kernels& k = kernels::kernels();
      const OptionKernel kernel = normal ? k.bachelier : k.black76;
      kernel(in.rows(), outputs.forward_form(), count);
    }
  }
  return refusal_or_none(refusal);
}

pricing::SpotRows spot_rows(const OptionInputs& in, const Input<double>& yield) {
  const kernels::OptionRows rows = in.rows();
  return {rows.is_call,    rows.is_call_step, rows.forward,     rows.strike,
          rows.vol_annual, rows.expiry_years, rows.rate_annual, column_of(yield)};
}

py::object price_on_spot(const py::tuple& columns, std::size_t count, const py::object& out) {
  OptionInputs in(columns, count);
  Input<double> yield(columns[6], count, "dividend_yield");
  const Outputs outputs(out, count);
  std::optional<Refusal> refusal;
  {
    const py::gil_scoped_release unlocked;
    refusal = first_refusal({{"spot", &in.price, Limit::positive},
                             {"strike", &in.strike, Limit::positive},
                             {"vol_annual", &in.vol, Limit::not_negative},
                             {"expiry_years", &in.years, Limit::not_negative}},
                            count);
    if (!refusal) {
      for (const double* column : outputs.column) {
        in.keep_apart(column, count);
        yield.keep_apart(column, count);
      }
      pricing::black_scholes(spot_rows(in, yield), outputs.spot_form(), count);
    }
  }
  return refusal_or_none(refusal);
}

// `columns`: is_call, forward, strike, price (where the volatility stands elsewhere), expiry_years,
// rate.
py::tuple implied_vol(const py::tuple& columns, std::size_t count, bool normal) {
  const OptionInputs in(columns, count);
  std::vector<double> vol(count);
  std::vector<kernels::ImpliedVolStatus> status(count);
  {
    const py::gil_scoped_release unlocked;
    kernels::OptionRows rows = in.rows();
    const Column price = rows.vol_annual;
    const kernels::Kernels& k = kernels::kernels();
    (normal ? k.bachelier_implied_vol : k.implied_vol)(rows, price, vol.data(), status.data(),
                                                       count);
  }
  return py::make_tuple(give_column(std::move(vol)), give_column(std::move(status)));
}

py::object delta_from_strike(const py::tuple& columns, std::size_t count, int convention,
                             const ResultColumns& out) {
  const OptionInputs in(columns, count);
  const Input<double> yield(columns[6], count, "dividend_yield");
  std::optional<Refusal> refusal;
  {
    const py::gil_scoped_release unlocked;
    refusal = first_refusal({{"spot", &in.price, Limit::positive},
                             {"strike", &in.strike, Limit::positive},
                             {"vol_annual", &in.vol, Limit::not_negative},
                             {"expiry_years", &in.years, Limit::not_negative}},
                            count);
    if (!refusal) {
      pricing::delta_from_strike(spot_rows(in, yield),
                                 static_cast<pricing::DeltaConvention>(convention),
                                 out.column("delta"), count);
    }
  }
  return refusal_or_none(refusal);
}

// `columns`: as for delta_from_strike with the delta in the strike's place.
py::tuple strike_from_delta(const py::tuple& columns, std::size_t count, int convention) {
  const OptionInputs in(columns, count);
  const Input<double> yield(columns[6], count, "dividend_yield");
  std::vector<double> strike(count);
  std::vector<pricing::StrikeStatus> status(count);
  {
    const py::gil_scoped_release unlocked;
    pricing::strike_from_delta(spot_rows(in, yield), column_of(in.strike),
                               static_cast<pricing::DeltaConvention>(convention), strike.data(),
                               status.data(), count);
  }
  return py::make_tuple(give_column(std::move(strike)), give_column(std::move(status)));
}

}  // namespace

void register_kernels(Module& m) {
  py::class_<ResultColumns>(m, "ResultColumns")
      .def(py::init<std::vector<std::string>, std::size_t>(), py::arg("names"), py::arg("count"))
      .def("view", &ResultColumns::view, py::arg("name"))
      .def("item", &ResultColumns::item, py::arg("name"))
      .def_property_readonly("names", &ResultColumns::names)
      .def_property_readonly("count", &ResultColumns::count)
      .def_property_readonly("exports", &ResultColumns::exports);
  m.def("price_on_forward", &price_on_forward, py::arg("columns"), py::arg("count"), py::arg("out"),
        py::arg("normal"));
  m.def("price_on_spot", &price_on_spot, py::arg("columns"), py::arg("count"), py::arg("out"));
  m.def("implied_vol", &implied_vol, py::arg("columns"), py::arg("count"), py::arg("normal"));
  m.def("delta_from_strike", &delta_from_strike, py::arg("columns"), py::arg("count"),
        py::arg("convention"), py::arg("out"));
  m.def("strike_from_delta", &strike_from_delta, py::arg("columns"), py::arg("count"),
        py::arg("convention"));
}

}  // namespace tickmargin::bindings

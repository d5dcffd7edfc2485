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
#include "kernels/kernels.hpp"
#include "pricing/delta_convention.hpp"
#include "pricing/perpetual.hpp"
#include "pricing/spot.hpp"
#include "register.hpp"
#include "result_columns.hpp"

namespace tickmargin::bindings {
namespace {

using kernels::Column;

template <class T>
using Array = py::array_t<T, py::array::c_style>;

// The package hands over arrays that need no conversion; a converted one would die too early.
template <class T>
Array<T> borrow(const py::handle& object, const char* name) {
  if (!py::isinstance<Array<T>>(object)) {
    throw py::type_error(std::string(name) + " must be a contiguous array of its own type");
  }
  return py::reinterpret_borrow<Array<T>>(object);
}

// An input with one element serves all rows.
template <class T>
struct Input {
  const T* data;
  std::ptrdiff_t step;
  std::size_t size;
  std::vector<T> copy;

  Input(const py::handle& object, std::size_t count, const char* name) {
    const Array<T> array = borrow<T>(object, name);
    data = array.data();
    size = static_cast<std::size_t>(array.size());
    step = size == 1 ? 0 : 1;
    if (size != 1 && size != count) {
      throw py::value_error(std::string(name) + " has the wrong number of rows");
    }
  }

  void keep_apart(const double* first, std::size_t count) {
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    const auto end = reinterpret_cast<std::uintptr_t>(data + size);
    const auto out_begin = reinterpret_cast<std::uintptr_t>(first);
    const auto out_end = reinterpret_cast<std::uintptr_t>(first + count);
    if (first == nullptr || !copy.empty() || end <= out_begin || out_end <= begin) return;
    copy.assign(data, data + size);
    data = copy.data();
  }
};

Column column_of(const Input<double>& input) {
  return {input.data, input.step};
}

// What makes a row of an argument illegal. NaN never is: it gives NaN in its row.
enum class Limit { none, not_negative, positive };

struct Rule {
  const char* name;
  const Input<double>* input;
  Limit limit;
};

struct Refusal {
  const char* name;
  std::size_t row;
  double value;
};

// Whether a row may be negative or zero; a NaN or -0 may be all there is. As integers, because the
// compiler makes no SIMD of a comparison of doubles here: a sign bit, or +0, which taking one away
// gives a sign bit. Several lanes, so that one row need not wait for the one before.
bool may_be_illegal(const double* data, std::size_t count) {
  constexpr std::size_t lanes = 8;
  std::array<std::uint64_t, lanes> found{};
  const auto look = [&](std::size_t row, std::size_t lane) {
    const auto bits = std::bit_cast<std::uint64_t>(data[row]);
    found[lane] |= bits | (bits - 1);
  };
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::size_t lane = 0; lane < lanes; ++lane) look(i + lane, lane);
  }
  for (; i < count; ++i) look(i, 0);
  std::uint64_t any = 0;
  for (const std::uint64_t lane : found) any |= lane;
  return any >> 63 != 0;
}

// First row under the limit, or `count`, in chunks: an early fault is found early.
template <class Illegal>
std::size_t first_row(const double* data, std::size_t count, Illegal illegal) {
  constexpr std::size_t chunk = 1024;
  for (std::size_t first = 0; first < count; first += chunk) {
    const std::size_t end = std::min(count, first + chunk);
    if (!may_be_illegal(data + first, end - first)) continue;
    for (std::size_t i = first; i < end; ++i) {
      if (illegal(data[i])) return i;
    }
  }
  return count;
}

std::optional<Refusal> first_refusal(std::initializer_list<Rule> rules, std::size_t count) {
  std::optional<Refusal> worst;
  if (count == 0) return worst;
  for (const Rule& rule : rules) {
    const std::size_t n = rule.input->step == 0 ? 1 : count;
    std::size_t row = n;
    if (rule.limit == Limit::not_negative) {
      row = first_row(rule.input->data, n, [](double x) { return x < 0; });
    } else if (rule.limit == Limit::positive) {
      row = first_row(rule.input->data, n, [](double x) { return x <= 0; });
    }
    if (row < n && (!worst || row < worst->row)) worst = {rule.name, row, rule.input->data[row]};
  }
  return worst;
}

py::object refusal_or_none(const std::optional<Refusal>& refusal) {
  if (!refusal) return py::none();
  return py::make_tuple(refusal->name, refusal->row, refusal->value);
}

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

}  // namespace

void register_kernels(py::module_& m) {
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
  m.def("perpetual_fair_price", &perpetual_fair_price, py::arg("columns"), py::arg("count"),
        py::arg("payoff"), py::arg("funding"), py::arg("out"));
}

}  // namespace tickmargin::bindings

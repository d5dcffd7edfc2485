// Rules of on-chain protocols in whole numbers; tickmargin.protocols gives them names and types.
#include <utility>
#include <vector>

#include "int128.hpp"
#include "protocol/dydx_v4.hpp"

namespace tickmargin::bindings {
namespace {

namespace dydx = protocol::dydx_v4;
using base::Checked;
using base::Rational;

// (base quantums, price numerator, price denominator, initial ppm, fraction ppm, lower, upper cap)
dydx::Position dydx_position(const py::tuple& row) {
  if (row.size() != 7) throw py::value_error("a position is seven whole numbers");
  const auto at = [&row](std::size_t i) { return Checked(int128_of(row[i])); };
  return {at(0), Rational(at(1), at(2)), {at(3), at(4), at(5), at(6)}};
}

std::vector<dydx::Position> dydx_positions(const py::list& rows, std::size_t index) {
  std::vector<dydx::Position> positions;
  for (const py::handle row : rows) positions.push_back(dydx_position(row.cast<py::tuple>()));
  if (index >= positions.size()) throw py::index_error("no such position");
  return positions;
}

}  // namespace

void register_protocols(Module& m) {
  m.def(
      "dydx_adjusted_initial_margin_ppm",
      [](const py::tuple& position, const py::int_& oi_notional) {
        return int_of(dydx::adjusted_initial_margin_ppm(dydx_position(position).tier,
                                                        int128_of(oi_notional)));
      },
      py::arg("position"), py::arg("oi_notional"));
  m.def(
      "dydx_initial_margin",
      [](const py::tuple& position, const py::int_& oi_notional, const py::int_& notional,
         const py::int_& custom_ppm) {
        return int_of(dydx::initial_margin(dydx_position(position).tier, int128_of(oi_notional),
                                           int128_of(notional), int128_of(custom_ppm)));
      },
      py::arg("position"), py::arg("oi_notional"), py::arg("notional"), py::arg("custom_ppm"));
  m.def(
      "dydx_margin_requirement",
      [](const py::tuple& position, const py::int_& open_interest, const py::int_& custom_ppm) {
        const dydx::Requirement need = dydx::margin_requirement(
            dydx_position(position), int128_of(open_interest), int128_of(custom_ppm));
        return py::make_tuple(int_of(need.initial_margin), int_of(need.maintenance_margin));
      },
      py::arg("position"), py::arg("open_interest"), py::arg("custom_ppm"));
  m.def(
      "dydx_bankruptcy_price",
      [](const py::int_& balance, const py::list& positions, std::size_t index,
         const py::int_& delta) {
        return int_of(dydx::bankruptcy_price(int128_of(balance), dydx_positions(positions, index),
                                             index, int128_of(delta)));
      },
      py::arg("balance"), py::arg("positions"), py::arg("index"), py::arg("delta"));
  m.def(
      "dydx_fillable_price",
      [](const py::int_& balance, const py::list& positions, std::size_t index,
         const py::int_& adjustment_ppm, const py::int_& spread_ppm) {
        const Rational price =
            dydx::fillable_price(int128_of(balance), dydx_positions(positions, index), index,
                                 int128_of(adjustment_ppm), int128_of(spread_ppm));
        const Checked top = price.ok() ? Checked(price.numerator()) : Checked::failed();
        return py::make_tuple(int_of(top), int_of(price.denominator()));
      },
      py::arg("balance"), py::arg("positions"), py::arg("index"), py::arg("adjustment_ppm"),
      py::arg("spread_ppm"));
  m.def(
      "dydx_insurance_fund_delta",
      [](const py::int_& balance, const py::list& positions, std::size_t index,
         const py::int_& delta, const py::int_& fill_quote, const py::int_& max_fee_ppm) {
        return int_of(dydx::insurance_fund_delta(
            int128_of(balance), dydx_positions(positions, index), index, int128_of(delta),
            int128_of(fill_quote), int128_of(max_fee_ppm)));
      },
      py::arg("balance"), py::arg("positions"), py::arg("index"), py::arg("delta"),
      py::arg("fill_quote"), py::arg("max_fee_ppm"));
}

}  // namespace tickmargin::bindings

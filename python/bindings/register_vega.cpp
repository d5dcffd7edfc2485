// Vega's margins; tickmargin.protocols.vega gives them names, types and checks.
#include <cstddef>
#include <optional>
#include <vector>

#include "int128.hpp"
#include "protocol/vega.hpp"
#include "risk/normal.hpp"

namespace tickmargin::bindings {
namespace {

namespace vega = protocol::vega;
using base::Checked;
using base::Rational;

Rational fraction(const py::handle& object) {
  const auto pair = object.cast<py::tuple>();
  return {Checked(int128_of(pair[0])), Checked(int128_of(pair[1]))};
}

py::object fraction_out(const Rational& value) {
  const Checked top = value.ok() ? Checked(value.numerator()) : Checked::failed();
  return py::make_tuple(int_of(top), int_of(value.denominator()));
}

// mark, risk long, risk short, linear, quadratic, position factor, funding per unit
vega::Market market_of(const py::tuple& row) {
  if (row.size() != 7) throw py::value_error("a market is seven fractions");
  return {fraction(row[0]), fraction(row[1]), fraction(row[2]), fraction(row[3]),
          fraction(row[4]), fraction(row[5]), fraction(row[6])};
}

std::vector<vega::Order> orders_of(const py::list& rows) {
  std::vector<vega::Order> orders;
  for (const py::handle item : rows) {
    const auto row = item.cast<py::tuple>();
    orders.push_back({int128_of(row[0]), int128_of(row[1])});
  }
  return orders;
}

vega::Orders sums_of(const py::list& rows) {
  vega::Orders sums{0, 0};
  for (const vega::Order& order : orders_of(rows)) {
    sums.size = sums.size + order.size;
    sums.value = sums.value + order.size * order.price;
  }
  return sums;
}

}  // namespace

void register_vega(Module& m) {
  m.def("vega_maintenance_margin",
        [](const py::tuple& market, const py::int_& position, const py::list& buys,
           const py::list& sells, bool auction, const py::tuple& auction_price) {
          return fraction_out(vega::maintenance_margin(market_of(market), int128_of(position),
                                                       sums_of(buys), sums_of(sells),
                                                       {auction, fraction(auction_price)}));
        });
  m.def("vega_capped_margin", [](const py::int_& position, const py::tuple& entry,
                                 const py::tuple& highest, const py::tuple& position_factor) {
    return fraction_out(vega::capped_margin(int128_of(position), fraction(entry), fraction(highest),
                                            fraction(position_factor)));
  });
  m.def("vega_margin_levels", [](const py::tuple& maintenance, const py::tuple& search,
                                 const py::tuple& initial, const py::tuple& release) {
    const vega::Levels levels = vega::margin_levels(
        fraction(maintenance), {fraction(search), fraction(initial), fraction(release)});
    return py::make_tuple(int_of(levels.maintenance), int_of(levels.search), int_of(levels.initial),
                          int_of(levels.release));
  });
  m.def("vega_order_side_margin",
        [](const py::int_& position, const py::list& orders, bool buys,
           const py::tuple& margin_factor, const py::tuple& position_factor,
           const py::int_& auction_price) {
          return int_of(vega::order_side_margin(
              int128_of(position), orders_of(orders), buys ? vega::Side::buy : vega::Side::sell,
              fraction(margin_factor), fraction(position_factor), int128_of(auction_price)));
        });
  m.def("vega_liquidation_price",
        [](const py::tuple& market, const py::int_& position,
           const py::tuple& collateral) -> py::object {
          const std::optional<Rational> price =
              vega::liquidation_price(market_of(market), int128_of(position), fraction(collateral));
          return price ? fraction_out(*price) : py::none();
        });
  m.def("vega_distribute", [](const py::list& amounts, const py::int_& collected,
                              const py::int_& expected, std::size_t rest_to) {
    std::vector<Checked> given;
    for (const py::handle amount : amounts) given.push_back(int128_of(amount));
    if (rest_to >= given.size()) throw py::index_error("no such winner");
    py::list paid;
    for (const Checked amount :
         vega::distribute(given, int128_of(collected), int128_of(expected), rest_to)) {
      paid.append(int_of(amount));
    }
    return paid;
  });
  m.def("vega_lognormal_risk_factors", [](double tail, double tau, double mu, double sigma) {
    const vega::RiskFactors factors =
        vega::lognormal_risk_factors(risk::normal_quantile(tail), tail, tau, mu, sigma);
    return py::make_tuple(factors.fall_ratio, factors.rise_ratio);
  });
}

}  // namespace tickmargin::bindings

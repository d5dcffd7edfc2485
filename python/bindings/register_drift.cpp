// Drift v2 in whole numbers; tickmargin.protocols.drift_v2 gives it names, types and checks.
#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "int128.hpp"
#include "protocol/drift_v2.hpp"
#include "protocol/drift_v2_liquidation.hpp"

namespace tickmargin::bindings {
namespace {

namespace drift = protocol::drift_v2;
using base::Checked;

Checked number(const py::handle& object) {
  return int128_of(object);
}

template <std::size_t N>
std::array<Checked, N> numbers(const py::handle& row) {
  const auto given = row.cast<py::tuple>();
  if (given.size() != N) throw py::value_error("a row has another number of values");
  std::array<Checked, N> result;
  for (std::size_t i = 0; i < N; ++i) result[i] = number(given[i]);
  return result;
}

drift::SpotMarket spot_market(const py::handle& row) {
  const auto n = numbers<8>(row);
  return {n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]};
}

drift::PerpMarket perp_market(const py::handle& row) {
  const auto n = numbers<6>(row);
  return {n[0], n[1], n[2], n[3], n[4], n[5]};
}

drift::Leg leg(const py::handle& row) {
  const auto n = numbers<4>(row);
  return {n[0], n[1], n[2], n[3]};
}

// 0 initial, 1 fill, 2 maintenance
drift::MarginType type_of(int type) {
  if (type < 0 || type > 2) throw py::value_error("no such margin type");
  return static_cast<drift::MarginType>(type);
}

py::object optional_of(const std::optional<Checked>& amount) {
  if (!amount) return py::none();
  return int_of(*amount);
}

void register_weights(Module& m) {
  m.def("drift_size_premium_liability_weight",
        [](const py::int_& size, const py::int_& factor, const py::int_& weight) {
          return int_of(
              drift::size_premium_liability_weight(number(size), number(factor), number(weight)));
        });
  m.def("drift_size_discount_asset_weight", [](const py::int_& size, const py::int_& factor,
                                               const py::int_& weight) {
    return int_of(drift::size_discount_asset_weight(number(size), number(factor), number(weight)));
  });
  m.def("drift_scaled_initial_asset_weight", [](const py::tuple& market, const py::int_& price) {
    return int_of(drift::scaled_initial_asset_weight(spot_market(market), number(price)));
  });
  m.def("drift_asset_weight",
        [](const py::tuple& market, const py::int_& tokens, const py::int_& price, int type) {
          return int_of(drift::asset_weight(spot_market(market), number(tokens), number(price),
                                            type_of(type)));
        });
  m.def("drift_liability_weight", [](const py::tuple& market, const py::int_& tokens, int type) {
    return int_of(drift::liability_weight(spot_market(market), number(tokens), type_of(type)));
  });
  m.def("drift_margin_ratio", [](const py::tuple& market, const py::int_& base, int type) {
    return int_of(drift::margin_ratio(perp_market(market), number(base), type_of(type)));
  });
  m.def("drift_pnl_asset_weight", [](const py::tuple& market, const py::int_& pnl, int type) {
    return int_of(drift::pnl_asset_weight(perp_market(market), number(pnl), type_of(type)));
  });
  m.def("drift_unrealized_pnl",
        [](const py::int_& base, const py::int_& quote, const py::int_& price) {
          return int_of(drift::unrealized_pnl(number(base), number(quote), number(price)));
        });
}

void register_account(Module& m) {
  // spot: (market, (tokens, bids, asks, orders, price, average), is_quote)
  // perps: (market, (base, quote, bids, asks, orders, price))
  // terms: (custom ratio, margin per open order, quote price, its average)
  m.def("drift_account_margin", [](const py::list& spot_rows, const py::list& perp_rows, int type,
                                   const py::tuple& terms_row) {
    std::vector<drift::SpotPosition> spot;
    for (const py::handle item : spot_rows) {
      const auto row = item.cast<py::tuple>();
      const auto n = numbers<6>(row[1]);
      spot.push_back({spot_market(row[0]), n[0], n[1], n[2], n[3], drift::strict_price(n[4], n[5]),
                      row[2].cast<bool>()});
    }
    std::vector<drift::PerpPosition> perps;
    for (const py::handle item : perp_rows) {
      const auto row = item.cast<py::tuple>();
      const auto n = numbers<6>(row[1]);
      perps.push_back({perp_market(row[0]), n[0], n[1], n[2], n[3], n[4], n[5]});
    }
    const auto t = numbers<4>(terms_row);
    const drift::AccountMargin margin = drift::account_margin(
        spot, perps, {type_of(type), t[0], t[1], drift::strict_price(t[2], t[3])});
    return py::make_tuple(int_of(margin.requirement), int_of(margin.collateral));
  });
}

void register_liquidation(Module& m) {
  m.def("drift_base_to_cover", [](const py::tuple& row) {
    const auto n = numbers<6>(row);
    return optional_of(drift::base_to_cover(n[0], n[1], n[2], n[3], n[4], n[5]));
  });
  m.def("drift_debt_to_cover", [](const py::int_& shortage, const py::tuple& asset,
                                  const py::tuple& debt, const py::int_& insurance_fee) {
    return optional_of(
        drift::debt_to_cover(number(shortage), leg(asset), leg(debt), number(insurance_fee)));
  });
  m.def("drift_debt_for_asset",
        [](const py::int_& amount, const py::tuple& asset, const py::tuple& debt) {
          return int_of(drift::debt_for_asset(number(amount), leg(asset), leg(debt)));
        });
  m.def("drift_asset_for_debt", [](const py::int_& amount, const py::tuple& asset,
                                   const py::tuple& debt, const py::int_& held) {
    return int_of(drift::asset_for_debt(number(amount), leg(asset), leg(debt), number(held)));
  });
  m.def("drift_perp_insurance_fee", [](const py::tuple& row) {
    const auto n = numbers<7>(row);
    return int_of(drift::perp_insurance_fee(n[0], n[1], n[2], n[3], n[4], n[5], n[6]));
  });
  m.def("drift_spot_insurance_fee",
        [](const py::int_& shortage, const py::int_& tokens, const py::tuple& asset,
           const py::tuple& debt, const py::int_& largest) {
          return int_of(drift::spot_insurance_fee(number(shortage), number(tokens), leg(asset),
                                                  leg(debt), number(largest)));
        });
  m.def("drift_liquidation_fee", [](const py::tuple& row) {
    const auto n = numbers<5>(row);
    return int_of(drift::liquidation_fee(n[0], n[1], n[2], n[3], n[4]));
  });
  m.def("drift_share_to_liquidate", [](const py::tuple& row) {
    const auto n = numbers<5>(row);
    return int_of(drift::share_to_liquidate(n[0], n[1], n[2], n[3], n[4]));
  });
  m.def("drift_funding_rate_delta", [](const py::int_& loss, const py::int_& base_long,
                                       const py::int_& base_short) {
    return int_of(drift::funding_rate_delta(number(loss), number(base_long), number(base_short)));
  });
  m.def("drift_deposit_index_delta",
        [](const py::int_& loss, const py::int_& deposits, const py::int_& index) {
          return int_of(drift::deposit_index_delta(number(loss), number(deposits), number(index)));
        });
}

}  // namespace

void register_drift(Module& m) {
  register_weights(m);
  register_account(m);
  register_liquidation(m);
}

}  // namespace tickmargin::bindings

// Rules of exchanges and clearing houses as plain functions: numbers in, numbers out.
#include <pybind11/stl.h>

#include <stdexcept>
#include <string>

#include "columns.hpp"
#include "margin/clearing_rules.hpp"
#include "margin/option_formula.hpp"
#include "margin/span_rules.hpp"
#include "margin/venue_rules.hpp"
#include "register.hpp"

namespace tickmargin::bindings {
namespace {

using margin::SpanArray;

std::vector<Tier> tiers_of(const std::vector<std::pair<double, double>>& rows) {
  std::vector<Tier> out;
  for (const auto& [cap, rate] : rows) out.push_back({cap, rate});
  return out;
}

// Of a whole position: initial and maintenance margin, and margin of the order that opens it.
py::tuple option_margin(bool is_call, double quantity, double base, double strike,
                        double multiplier, double mark, bool in_coin, const py::dict& d) {
  OptionParameters p;
  p.otm_a = d["otm_a"].cast<double>();
  p.otm_b = d["otm_b"].cast<double>();
  p.maintenance_c = d["maintenance_c"].cast<double>();
  p.maintenance_mark_floor = static_cast<MarkFloor>(d["maintenance_mark_floor"].cast<int>());
  p.initial_at_least_maintenance = d["initial_at_least_maintenance"].cast<bool>();
  p.margin_factor = d["margin_factor"].cast<double>();
  const double premium = mark * multiplier;
  if (quantity >= 0) return py::make_tuple(0.0, 0.0, quantity * premium);
  const double worth = in_coin ? multiplier / base : multiplier;
  const margin::OptionMargin each =
      margin::standard_option(p, {is_call, base, strike, worth, premium, premium, true});
  return py::make_tuple(-quantity * each.initial, -quantity * each.maintenance,
                        -quantity * each.initial);
}

py::tuple borrow_margins(const std::vector<double>& units, double initial_factor, double liability,
                         double initial_ratio, double maintenance_ratio, double fee,
                         double equity) {
  const margin::BorrowMargins m = margin::borrow_margins(
      units, {initial_factor, liability, initial_ratio, maintenance_ratio, fee}, equity);
  return py::make_tuple(m.borrow_initial, m.borrow_maintenance, m.derivatives_maintenance,
                        m.initial, m.maintenance, m.ratio);
}

py::tuple scan_tuple(const SpanArray& losses) {
  const margin::SpanScan s = margin::span_scan(losses);
  return py::make_tuple(s.risk, s.active + 1, s.paired + 1, s.vol_adjusted, s.time_risk,
                        s.price_risk);
}

margin::SpanScanTerms terms_of(double range, double vol, bool relative, double multiple,
                               double cover, double lookahead_years) {
  return {range, vol, relative, multiple, cover, lookahead_years};
}

void register_exchanges(Module& m) {
  m.def("option_margin", &option_margin);
  m.def("settlement_delta", [](double delta, double mark, double elapsed, double window) {
    const auto d = margin::settlement_delta(delta, mark, elapsed, window);
    return py::make_tuple(d.decayed, d.net);
  });
  m.def("matrix_margins",
        [](double matrix, double factor, double spot, double maker, double orders, int decimals) {
          const auto r = margin::matrix_margins(matrix, factor, spot, maker, orders, decimals);
          return py::make_tuple(r.initial, r.maintenance);
        });
  m.def("printed", &margin::printed);
  m.def("option_order_margin", [](int kind, double quantity, double multiplier, double price,
                                  double fee, double position_margin, double least) {
    return margin::option_order_margin(static_cast<margin::OptionOrder>(kind), quantity, multiplier,
                                       price, fee, position_margin, least);
  });
  m.def("borrow_margins", &borrow_margins);
  m.def("discounted_value",
        [](double amount, double price, const std::vector<std::pair<double, double>>& tiers) {
          return margin::discounted_value(amount, price, tiers_of(tiers));
        });
  m.def("coin_option_profit", [](double quantity, double multiplier, double entry, double exit) {
    const auto r = margin::coin_option_profit(quantity, multiplier, entry, exit);
    return py::make_tuple(r.cost, r.profit);
  });
  m.def("option_cost", [](double quantity, double price, double index, double fee, double cap) {
    const auto r = margin::option_cost(quantity, price, index, fee, cap);
    return py::make_tuple(r.premium, r.fee, r.cost);
  });
  m.def("coin_open_loss", &margin::coin_open_loss);
  m.def("out_of_the_money", &margin::out_of_the_money);
  m.def("unified_ratio", &margin::unified_ratio);
  m.def("auto_close_fraction", &margin::auto_close_fraction);
  m.def("withdrawable", [](double balance, double unrealised, double used) {
    const auto r = margin::withdrawable(balance, unrealised, used);
    return py::make_tuple(r.total, r.free, r.withdrawable);
  });
}

void register_span(Module& m) {
  m.def("span_scenarios", [](double price, double vol, double multiple, double cover) {
    py::list out;
    for (const auto& s : margin::span_scenarios(price, vol, multiple, cover)) {
      out.append(py::make_tuple(s.price_move, s.vol_move, s.cover));
    }
    return out;
  });
  m.def("span_linear_array", &margin::span_linear_array);
  m.def("span_option_array",
        [](bool is_call, double forward, double strike, double years, double vol, double range,
           double vol_range, bool relative, double multiple, double cover, double lookahead) {
          return margin::span_option_array(
              {is_call, forward, strike, years, vol},
              terms_of(range, vol_range, relative, multiple, cover, lookahead));
        });
  m.def("span_option_deltas", [](bool is_call, double forward, double strike, double years,
                                 double vol, double range, double lookahead) {
    return margin::span_option_deltas({is_call, forward, strike, years, vol},
                                      terms_of(range, 0, true, 1, 1, lookahead));
  });
  m.def("span_composite_delta", &margin::span_composite_delta);
  m.def("span_scan", [](const std::vector<std::pair<double, SpanArray>>& positions) {
    SpanArray sums{};
    for (const auto& [quantity, array] : positions) {
      for (std::size_t s = 0; s < sums.size(); ++s) sums[s] += quantity * array[s];
    }
    return scan_tuple(sums);
  });
  m.def("span_form_spreads", [](double a, double b, double per_a, double per_b) {
    const double spreads = margin::span_form_spreads(a, b, per_a, per_b);
    return py::make_tuple(spreads, a, b);
  });
  m.def("span_credit", [](double a, double b, double per_a, double per_b, double risk_a,
                          double risk_b, double rate) {
    const double spreads = margin::span_form_spreads(a, b, per_a, per_b);
    return py::make_tuple(spreads, rate * spreads * per_a * risk_a, rate * spreads * per_b * risk_b,
                          a, b);
  });
  m.def("span_requirement", [](double scan, double intra, double spot, double credit, double calls,
                               double puts, double rate, bool sum) {
    return std::max(margin::span_short_minimum(calls, puts, rate,
                                               sum ? ShortMinimum::sum : ShortMinimum::larger),
                    scan + intra + spot - credit);
  });
  m.def("span_total", [](double risk, double net_option_value) {
    const auto t = margin::span_total(risk, net_option_value);
    return py::make_tuple(t.requirement, t.excess);
  });
}

void register_clearing(Module& m) {
  m.def("schedule_percent", [](int of, double maturity) {
    return margin::schedule_percent(static_cast<margin::ScheduleClass>(of), maturity);
  });
  m.def("schedule_margin", [](const std::vector<std::tuple<int, double, double, double>>& trades) {
    std::vector<margin::ScheduleTrade> rows;
    for (const auto& [of, maturity, notional, value] : trades) {
      rows.push_back({static_cast<margin::ScheduleClass>(of), maturity, notional, value});
    }
    const auto r = margin::schedule_margin(rows);
    return py::make_tuple(r.gross, r.net_to_gross, r.net);
  });
  m.def("valuation_points", &margin::valuation_points);
  m.def("blended_total", &margin::blended_total);
}

}  // namespace

void register_venues(Module& m) {
  register_exchanges(m);
  register_span(m);
  register_clearing(m);
}

}  // namespace tickmargin::bindings

#include "engine/risk_matrix.hpp"

#include <cmath>

#include "margin/matrix.hpp"

namespace tickmargin::engine {
namespace {

struct Unit {
  const pricing::Context context;
  const margin::Prepared& prepared;
  const MatrixParameters& p;
  const book::PocketRows& rows;
  std::int32_t pocket;
  margin::MatrixUnit held;
};

template <class ProfitOf>
void add(const Unit& unit, const char* level, AssetIndex asset, InstrumentIndex instrument,
         bool in_coin, ProfitOf profit_of, RiskMatrix& out) {
  for (std::size_t s = 0; s < unit.p.price_move.size(); ++s) {
    const bool extended = s >= unit.p.standard;
    const std::size_t first = extended ? unit.p.standard : 0;
    out.vectors.push_back({unit.pocket, unit.held.underlying, level, asset, instrument,
                           extended ? "extended" : "standard",
                           static_cast<std::int32_t>(s - first + 1), unit.p.price_move[s],
                           unit.p.vol_shock[unit.p.vol_index[s]],
                           margin::matrix_weight(unit.p, s, in_coin), profit_of(s)});
  }
}

void add_instruments(const Unit& unit, RiskMatrix& out) {
  for (std::int64_t k = unit.held.begin; k < unit.held.end; ++k) {
    const std::uint32_t i = unit.rows.instrument[k];
    const margin::MatrixPair one = margin::matrix_pair(unit.context, unit.p, i);
    const double* const row = unit.prepared.table.row(i);
    add(
        unit, "initial", one.asset, static_cast<InstrumentIndex>(i), one.in_coin,
        [&](std::size_t s) {
          return unit.rows.quantity[k] * (margin::matrix_weight(unit.p, s, one.in_coin) *
                                          margin::matrix_profit(unit.p, s, one, row[s]));
        },
        out);
    if (unit.context.instruments.kind[i] != Kind::option) continue;
    const risk::VolShocks& shocks =
        unit.prepared.table.underlying[static_cast<std::size_t>(unit.held.underlying)].shocks;
    for (const double shock : shocks.shock) {
      out.volatilities.push_back(
          {static_cast<InstrumentIndex>(i), shock,
           risk::shocked_vol(shocks, shock, unit.context.values.vol_annual[i],
                             unit.context.values.years[i])});
    }
  }
}

void add_pairs(const Unit& unit, const margin::MatrixScratch& scratch, RiskMatrix& out) {
  const std::size_t n = unit.p.price_move.size();
  for (std::size_t at = 0; at < scratch.pairs.size(); ++at) {
    const margin::MatrixPair& pair = scratch.pairs[at];
    const auto weighted = [&](std::size_t s) {
      return margin::matrix_weight(unit.p, s, pair.in_coin) *
             margin::matrix_profit(unit.p, s, pair, scratch.raw[at * n + s]);
    };
    add(
        unit, "unweighted", pair.asset, -1, pair.in_coin,
        [&](std::size_t s) {
          return margin::matrix_profit(unit.p, s, pair, scratch.raw[at * n + s]);
        },
        out);
    add(unit, "pre_aggregated", pair.asset, -1, pair.in_coin, weighted, out);
    add(
        unit, "aggregated", pair.asset, -1, pair.in_coin,
        [&](std::size_t s) {
          return margin::matrix_aggregated(unit.p, s, pair.in_coin, weighted(s));
        },
        out);
  }
  add(unit, "total", -1, -1, false, [&](std::size_t s) { return scratch.total[s]; }, out);
}

void add_charges(const Unit& unit, const margin::MatrixCharges& c, RiskMatrix& out) {
  const double matrix =
      c.scan + c.roll + c.delta_shock + c.correlation + c.vega + c.rates + c.hedge + c.minimum;
  const std::pair<const char*, double> named[] = {{"standard", c.standard},
                                                  {"extended", c.extended},
                                                  {"theta", c.theta},
                                                  {"worst_case", c.scan},
                                                  {"roll_shock", c.roll},
                                                  {"delta_shock", c.delta_shock},
                                                  {"correlation", c.correlation},
                                                  {"vega", c.vega},
                                                  {"rates", c.rates},
                                                  {"hedge", c.hedge},
                                                  {"minimum_raw", c.minimum_raw},
                                                  {"minimum_scaled", c.minimum_scaled},
                                                  {"minimum", c.minimum},
                                                  {"risk_matrix_margin", matrix},
                                                  {"delta", c.delta}};
  for (const auto& [name, amount] : named) {
    out.charges.push_back({unit.pocket, unit.held.underlying, name, amount});
  }
}

}  // namespace

RiskMatrix risk_matrix(const Revaluation& world, const book::Book& book, const PolicySet& policies,
                       AccountIndex account) {
  const auto a = static_cast<std::size_t>(account);
  const PolicyState& policy = world.policies[static_cast<std::size_t>(policies.account_policy[a])];
  RiskMatrix out;
  if (policy.policy->method != MethodId::matrix) return out;
  out.known = true;
  margin::MatrixScratch scratch;
  for (std::int64_t p = book.account_pockets[a]; p < book.account_pockets[a + 1]; ++p) {
    const auto pocket = static_cast<std::size_t>(p);
    const book::PocketRows rows = book::pocket_rows(book, pocket);
    for (std::size_t u = 0; u < rows.unit_underlying.size(); ++u) {
      const UnderlyingIndex underlying = rows.unit_underlying[u];
      const Unit unit{world.context(),
                      policy.prepared,
                      policy.policy->matrix[static_cast<std::size_t>(underlying)],
                      rows,
                      book.pocket_name[pocket],
                      {underlying, rows.unit_positions[u], rows.unit_positions[u + 1], {}}};
      const margin::MatrixCharges charges =
          margin::matrix_charges(unit.context, unit.prepared, rows, unit.held, scratch);
      add_instruments(unit, out);
      add_pairs(unit, scratch, out);
      add_charges(unit, charges, out);
    }
  }
  return out;
}

}  // namespace tickmargin::engine

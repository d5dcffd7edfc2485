#include "engine/market_move.hpp"

#include "base/ticks.hpp"
#include "pricing/settlement.hpp"

namespace tickmargin::engine {
namespace {

constexpr double days_a_year = 365.0;

void shock_volatilities(const InstrumentColumns& instruments, TimeNs as_of_ns,
                        const MarketMove& move, MarketColumns& c) {
  const risk::VolShocks& terms = move.terms;
  const auto years_to = [&](TimeNs expiry_ns) {
    return static_cast<double>(expiry_ns - as_of_ns) / ns_per_year;
  };
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    const auto u = static_cast<std::size_t>(instruments.underlying[i]);
    const double shock = move.vol_shock[u];
    if (shock == 0) continue;
    const double years = instruments.is_everlasting(i) ? instruments.funding_period_years[i]
                                                       : years_to(instruments.expiry_ns[i]);
    double& vol = c.mark_vol_annual[i];
    double& normal = c.mark_vol_normal_annual[i];
    vol = risk::shocked_vol(terms, shock, vol, years);
    const double index = c.index_price[u];
    normal = index * risk::shocked_vol(terms, shock, normal / index, years);
  }
  for (std::size_t n = 0; n < c.surface_vol_annual.size(); ++n) {
    const double shock = move.vol_shock[static_cast<std::size_t>(c.surface_underlying[n])];
    double& vol = c.surface_vol_annual[n];
    vol = risk::shocked_vol(terms, shock, vol, years_to(c.surface_expiry_ns[n]));
  }
  for (std::size_t u = 0; u < c.realised_vol_annual.size(); ++u) {
    double& vol = c.realised_vol_annual[u];
    vol = risk::shocked_vol(terms, move.vol_shock[u], vol, terms.reference_days / days_a_year);
  }
}

}  // namespace

market::Market moved_market(const InstrumentColumns& instruments, const market::Market& market,
                            const MarketMove& move) {
  market::Market moved = market;
  MarketColumns& c = moved.columns;
  for (std::size_t u = 0; u < c.index_price.size(); ++u) {
    if (move.price_move[u] != 0) c.index_price[u] *= 1.0 + move.price_move[u];
  }
  if (!move.vol_shock.empty()) shock_volatilities(instruments, c.as_of_ns, move, c);
  c.as_of_ns += move.forward_ns;
  return moved;
}

std::vector<double> settlement_prices(const InstrumentColumns& instruments,
                                      const market::Market& moved, TimeNs forward_ns) {
  std::vector<double> price(instruments.size(), base::canonical_nan);
  if (forward_ns <= 0) return price;
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    const TimeNs expiry = instruments.expiry_ns[i];
    if (expiry == 0 || expiry > moved.columns.as_of_ns) continue;
    const auto u = static_cast<std::size_t>(instruments.underlying[i]);
    const pricing::Settling left = pricing::settling_of(moved, i);
    price[i] = left.open == 0 ? left.settled : left.settles_at(moved.columns.index_price[u]);
  }
  return price;
}

}  // namespace tickmargin::engine

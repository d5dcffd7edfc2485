#include "engine/projection.hpp"

#include <cmath>

#include "book/settle.hpp"
#include "engine/batch.hpp"
#include "pricing/settlement.hpp"

namespace tickmargin::engine {
namespace {

bool moves(const Projection& p, UnderlyingIndex underlying) noexcept {
  return p.underlying < 0 || p.underlying == underlying;
}

// A normal volatility is in quote units: an absolute shock of it is a share of the index.
double shocked(double vol, double shock, bool absolute, double unit) noexcept {
  const double to = absolute ? vol + shock * unit : vol * (1.0 + shock);
  return to < 0 ? 0.0 : to;
}

void shock_volatilities(const InstrumentColumns& instruments, const Projection& p,
                        MarketColumns& c) {
  if (p.vol_shock == 0) return;
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    const UnderlyingIndex u = instruments.underlying[i];
    if (!moves(p, u)) continue;
    const double index = c.index_price[static_cast<std::size_t>(u)];
    double& normal = c.mark_vol_normal_annual[i];
    c.mark_vol_annual[i] = shocked(c.mark_vol_annual[i], p.vol_shock, p.vol_shock_absolute, 1.0);
    normal = shocked(normal, p.vol_shock, p.vol_shock_absolute, index);
  }
  for (std::size_t n = 0; n < c.surface_vol_annual.size(); ++n) {
    double& vol = c.surface_vol_annual[n];
    if (!moves(p, c.surface_underlying[n])) continue;
    vol = shocked(vol, p.vol_shock, p.vol_shock_absolute, 1.0);
  }
  for (std::size_t u = 0; u < c.realised_vol_annual.size(); ++u) {
    double& vol = c.realised_vol_annual[u];
    if (!moves(p, static_cast<UnderlyingIndex>(u))) continue;
    vol = shocked(vol, p.vol_shock, p.vol_shock_absolute, 1.0);
  }
}

// Where contracts settle that expire on the way: at the moved index, what of the average is known
// already as it is. NaN: not settled, also where the index is not known.
std::vector<double> settlement_prices(const InstrumentColumns& instruments,
                                      const market::Market& market, TimeNs forward_ns) {
  std::vector<double> price(instruments.size(), base::canonical_nan);
  if (forward_ns <= 0) return price;
  for (std::size_t i = 0; i < instruments.size(); ++i) {
    const TimeNs expiry = instruments.expiry_ns[i];
    if (expiry == 0 || expiry > market.columns.as_of_ns) continue;
    const auto u = static_cast<std::size_t>(instruments.underlying[i]);
    const pricing::Settling left = pricing::settling_of(market, i);
    price[i] = left.open == 0 ? left.settled : left.settles_at(market.columns.index_price[u]);
  }
  return price;
}

PolicySet policies_of(const PolicySet& policies, const std::vector<AccountIndex>& accounts) {
  PolicySet out{policies.policies, {}};
  for (const AccountIndex account : accounts) {
    out.account_policy.push_back(policies.account_policy[static_cast<std::size_t>(account)]);
  }
  return out;
}

}  // namespace

Result project(const InstrumentColumns& instruments, const market::Market& market,
               const book::Book& book, const PolicySet& policies,
               const std::optional<PolicyRamp>& ramp, base::TickScale scale,
               const Projection& projection) {
  market::Market moved = market;
  MarketColumns& c = moved.columns;
  for (std::size_t u = 0; u < c.index_price.size(); ++u) {
    if (!moves(projection, static_cast<UnderlyingIndex>(u)) || projection.price_move == 0) continue;
    c.index_price[u] *= 1.0 + projection.price_move;
  }
  shock_volatilities(instruments, projection, c);
  c.as_of_ns += projection.forward_ns;
  const std::vector<double> price = settlement_prices(instruments, moved, projection.forward_ns);
  const book::Book held = book::settled(book, instruments, projection.accounts, price);
  const PolicySet chosen = policies_of(policies, projection.accounts);
  // A change of policies stands where it is: its grace period is not projected.
  std::optional<PolicyRamp> held_ramp;
  if (ramp) held_ramp = PolicyRamp{policies_of(ramp->from, projection.accounts), ramp->left};
  const Revaluation world =
      revalue(std::move(moved), instruments, chosen.policies, held_ramp ? &*held_ramp : nullptr);
  return recompute_all(world, held, chosen, scale, projection.threads);
}

}  // namespace tickmargin::engine

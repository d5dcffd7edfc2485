#include "engine/projection.hpp"

#include "book/settle.hpp"
#include "engine/batch.hpp"
#include "engine/market_move.hpp"

namespace tickmargin::engine {
namespace {

// The same of every underlying that the projection moves, 0 of the others.
std::vector<double> by_underlying(const Projection& p, std::size_t underlyings, double of_moved) {
  std::vector<double> out(underlyings, p.underlying < 0 ? of_moved : 0.0);
  if (p.underlying >= 0) out[static_cast<std::size_t>(p.underlying)] = of_moved;
  return out;
}

}  // namespace

Result project(const InstrumentColumns& instruments, const market::Market& market,
               const book::Book& book, const PolicySet& policies,
               const std::optional<PolicyRamp>& ramp, base::TickScale scale,
               const Projection& projection) {
  const std::size_t underlyings = market.underlying_count();
  const auto price_move = by_underlying(projection, underlyings, projection.price_move);
  const auto vol_shock = by_underlying(projection, underlyings, projection.vol_shock);
  risk::VolShocks terms;
  if (projection.vol_shock_absolute) terms.kind = VolShock::absolute;
  market::Market moved =
      moved_market(instruments, market, {price_move, vol_shock, terms, projection.forward_ns});
  const std::vector<double> price = settlement_prices(instruments, moved, projection.forward_ns);
  const book::Book held = book::settled(book, instruments, projection.accounts, price);
  const PolicySet chosen = policies_of(policies, projection.accounts);
  const std::optional<PolicyRamp> held_ramp = ramp_of(ramp, projection.accounts);
  const Revaluation world =
      revalue(std::move(moved), instruments, chosen.policies, held_ramp ? &*held_ramp : nullptr);
  return recompute_all(world, held, chosen, scale, projection.threads);
}

PolicySet policies_of(const PolicySet& policies, const std::vector<AccountIndex>& accounts) {
  PolicySet out{policies.policies, {}};
  for (const AccountIndex account : accounts) {
    out.account_policy.push_back(policies.account_policy[static_cast<std::size_t>(account)]);
  }
  return out;
}

std::optional<PolicyRamp> ramp_of(const std::optional<PolicyRamp>& ramp,
                                  const std::vector<AccountIndex>& accounts) {
  std::optional<PolicyRamp> out;
  if (ramp) out = PolicyRamp{policies_of(ramp->from, accounts), ramp->left};
  return out;
}

}  // namespace tickmargin::engine

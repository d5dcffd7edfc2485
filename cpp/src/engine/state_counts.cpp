#include "engine/state_counts.hpp"

#include <algorithm>
#include <utility>

#include "book/settle.hpp"
#include "engine/batch.hpp"
#include "engine/market_move.hpp"
#include "engine/parallel.hpp"
#include "engine/projection.hpp"

namespace tickmargin::engine {
namespace {

// One scenario's moves and shocks by underlying.
struct Slice {
  std::vector<double> price_move, vol_shock;

  void take(const JointScenarios& joint, std::size_t underlyings, std::size_t scenario) {
    const auto column = [&](const std::vector<double>& from, std::vector<double>& to) {
      to.clear();
      if (from.empty()) return;
      for (std::size_t u = 0; u < underlyings; ++u) to.push_back(from[u * joint.count + scenario]);
    };
    column(joint.price_move, price_move);
    column(joint.vol_shock, vol_shock);
  }
};

// What one worker has counted, and its buffers.
struct Counter {
  StateCounts::Columns by_account;
  StateCounts::Columns here;  // one row: accounts in this scenario
  Slice slice;
  Workspace work;
};

void make(StateCounts::Columns& columns, std::size_t rows) {
  for (auto* column :
       {&columns.below_initial, &columns.called, &columns.liquidated, &columns.undecidable}) {
    column->assign(rows, 0);
  }
}

void count(StateCounts::Columns& columns, std::size_t row, const AccountDecision& decided) {
  const State state = decided.total.state;
  if (state == State::undecidable) {
    ++columns.undecidable[row];
    return;
  }
  if (decided.below_initial) ++columns.below_initial[row];
  if (state >= State::margin_call) ++columns.called[row];
  if (state >= State::liquidating) ++columns.liquidated[row];
}

// Adds all rows to those of `to` from `first` on.
void add(const StateCounts::Columns& from, StateCounts::Columns& to, std::size_t first) {
  const auto sum = [&](const std::vector<std::uint32_t>& x, std::vector<std::uint32_t>& total) {
    for (std::size_t row = 0; row < x.size(); ++row) total[first + row] += x[row];
  };
  sum(from.below_initial, to.below_initial);
  sum(from.called, to.called);
  sum(from.liquidated, to.liquidated);
  sum(from.undecidable, to.undecidable);
}

// Without the policies that none of the accounts has: their tables need not be built.
PolicySet only_used(PolicySet policies) {
  PolicySet out;
  std::vector<std::int32_t> place(policies.policies.size(), -1);
  for (const std::int32_t policy : policies.account_policy) {
    std::int32_t& at = place[static_cast<std::size_t>(policy)];
    if (at < 0) {
      at = static_cast<std::int32_t>(out.policies.size());
      out.policies.push_back(std::move(policies.policies[static_cast<std::size_t>(policy)]));
    }
    out.account_policy.push_back(at);
  }
  return out;
}

bool any_expires(const InstrumentColumns& instruments, TimeNs now, TimeNs then) {
  if (then <= now) return false;
  return std::any_of(instruments.expiry_ns.begin(), instruments.expiry_ns.end(),
                     [&](TimeNs expiry) { return expiry != 0 && expiry <= then; });
}

}  // namespace

StateCounts count_states(const InstrumentColumns& instruments, const market::Market& market,
                         const book::Book& book, const PolicySet& policies,
                         const std::optional<PolicyRamp>& ramp, base::TickScale scale,
                         const JointScenarios& joint) {
  const std::size_t accounts = joint.accounts.size();
  const std::size_t underlyings = market.underlying_count();
  const PolicySet chosen = only_used(policies_of(policies, joint.accounts));
  std::optional<PolicyRamp> held_ramp = ramp_of(ramp, joint.accounts);
  if (held_ramp) held_ramp->from = only_used(std::move(held_ramp->from));
  const risk::VolShocks terms{joint.vol_shock_kind,
                              {0.0},
                              joint.vol_reference_days,
                              joint.vol_power_short,
                              joint.vol_power_long,
                              joint.vol_up_floor_annual,
                              joint.min_days};
  // Where nothing settles on the way every scenario finds the same book.
  const bool settles =
      any_expires(instruments, market.columns.as_of_ns, market.columns.as_of_ns + joint.forward_ns);
  const std::vector<double> nothing(instruments.size(), base::canonical_nan);
  const book::Book still =
      settles ? book::Book{} : book::settled(book, instruments, joint.accounts, nothing);

  StateCounts counts;
  make(counts.by_account, accounts);
  make(counts.by_scenario, joint.count);
  std::vector<Counter> counters(static_cast<std::size_t>(std::max(joint.threads, 1)));
  for (Counter& counter : counters) make(counter.by_account, accounts);
  for_each_block(joint.count, joint.threads, [&](std::size_t scenario, std::size_t worker) {
    Counter& own = counters[worker];
    own.slice.take(joint, underlyings, scenario);
    market::Market moved = moved_market(
        instruments, market, {own.slice.price_move, own.slice.vol_shock, terms, joint.forward_ns});
    book::Book after;
    if (settles) {
      const auto price = settlement_prices(instruments, moved, joint.forward_ns);
      after = book::settled(book, instruments, joint.accounts, price);
    }
    const book::Book& held = settles ? after : still;
    const Revaluation world =
        revalue(std::move(moved), instruments, chosen.policies, held_ramp ? &*held_ramp : nullptr);
    make(own.here, 1);
    for (std::size_t account = 0; account < accounts; ++account) {
      const AccountDecision decided = decide_account(world, held, chosen, scale, account, own.work);
      count(own.by_account, account, decided);
      count(own.here, 0, decided);
    }
    add(own.here, counts.by_scenario, scenario);
  });
  for (const Counter& counter : counters) add(counter.by_account, counts.by_account, 0);
  return counts;
}

}  // namespace tickmargin::engine

// The market side of a recompute: every instrument valued, every policy's tables built. What is
// left is a pure function of one pocket's rows.
#pragma once

#include <vector>

#include "base/ticks.hpp"
#include "book/pocket_rows.hpp"
#include "book/scratch_pocket.hpp"
#include "collateral/valuation.hpp"
#include "margin/method.hpp"
#include "market/market.hpp"
#include "monitor/state.hpp"
#include "pricing/context.hpp"
#include "tickmargin/engine.hpp"

namespace tickmargin::engine {

struct PolicyState {
  const Policy* policy;
  const margin::Method* method;
  collateral::Weights weights;
  margin::Prepared prepared;
};

// A change of policies under way: initial margin is the new policies', maintenance margin moves
// from the old ones' to theirs. The rule is in cpp/src/live/README.md.
struct PolicyRamp {
  PolicySet from;
  double left = 0;  // share of the grace period that is still to come, in (0, 1]
};

// The same as one account sees it; without a policy it comes from there is none.
struct Ramp {
  const PolicyState* from = nullptr;
  double left = 0;
};

// Holds references: the instruments, policies and ramp must outlive it.
struct Revaluation {
  market::Market market;
  const InstrumentColumns& instruments;
  pricing::InstrumentValues values;
  std::vector<PolicyState> policies;
  const PolicyRamp* ramp = nullptr;
  std::vector<PolicyState> ramp_policies{};  // those it comes from

  Ramp ramp_of(std::size_t account) const noexcept;
  pricing::Context context() const noexcept { return {market, instruments, values}; }
};

Revaluation revalue(market::Market market, const InstrumentColumns& instruments,
                    const std::vector<Policy>& policies, const PolicyRamp* ramp = nullptr);

// Moves an index; forwards, marks and linked assets follow.
void move_index(market::Market& market, const std::vector<IndexMove>& moves);

// Buffers of one worker, reused from pocket to pocket.
struct Workspace {
  collateral::PocketValue value;
  margin::PocketRequirement requirement;
  margin::Scratch scratch;
  std::vector<margin::PocketRequirement> account;  // of one account's pockets, until it is decided
  std::vector<book::OrderRow> orders;              // that can be valued
  book::ScratchPocket filled;                      // with resting orders traded
  margin::PocketRequirement of_filled;
  margin::PocketRequirement worst;  // the largest of several fills, line by line
};

// Values and margins one pocket; the details stay in the workspace.
struct Measured {
  monitor::Amounts amounts;
  Status status;
};
Measured measure_pocket(const Revaluation& world, const PolicyState& policy,
                        const book::PocketRows& rows, Workspace& work,
                        margin::PositionTrace* trace = nullptr, Ramp ramp = {});
// The same, decided.
monitor::Decision evaluate_pocket(const Revaluation& world, const PolicyState& policy,
                                  const book::PocketRows& rows, base::TickScale scale,
                                  Workspace& work, margin::PositionTrace* trace = nullptr,
                                  Ramp ramp = {});

// The two halves, for orders that change the margined quantities and the equity separately.
void require_pocket(const Revaluation& world, const PolicyState& policy,
                    const book::PocketRows& rows, Workspace& work, margin::PositionTrace* trace);
monitor::Amounts amounts_of(const PolicyState& policy, const Workspace& work) noexcept;

// The u-th unit of a pocket that has been measured; its numbers are one NaN or finite.
UnitRow unit_row(const Workspace& work, std::size_t u, std::int32_t pocket) noexcept;

// Whether the policy's method has a place in its rules for a contract that has a value.
bool is_supported(const Revaluation& world, const PolicyState& policy, std::uint32_t instrument);

// First missing input of the policy's method among the pocket's underlyings, after `status`.
Status method_status(const PolicyState& policy, const book::PocketRows& rows, Status status);

}  // namespace tickmargin::engine

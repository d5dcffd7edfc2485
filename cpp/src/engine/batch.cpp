#include "engine/batch.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/binding.hpp"
#include "engine/parallel.hpp"

namespace tickmargin::engine {
namespace {

constexpr std::size_t accounts_per_block = 512;

using base::canonical;
using base::canonical_nan;

// Requirement sums of one block:
// [policy][underlying, the last one: netting and ramp][component][initial, maintenance].
struct ComponentSums {
  std::size_t underlyings;
  std::vector<double> sums;

  ComponentSums(std::size_t policies, std::size_t underlying_count)
      : underlyings(underlying_count + 1),
        sums(policies * underlyings * margin::component_count * 2) {}

  double* at(std::size_t policy, std::size_t underlying, std::size_t component) noexcept {
    return &sums[((policy * underlyings + underlying) * margin::component_count + component) * 2];
  }

  void add(std::size_t policy, const margin::PocketRequirement& requirement) noexcept {
    for (const margin::UnitRequirement& unit : requirement.units) {
      for (std::size_t c = 0; c < margin::component_count; ++c) {
        double* sum = at(policy, static_cast<std::size_t>(unit.underlying), c);
        sum[0] += unit.initial[c];
        sum[1] += unit.maintenance[c];
      }
    }
    for (std::size_t c = 0; c < margin::component_count && requirement.whole_lines; ++c) {
      double* sum = at(policy, underlyings - 1, c);
      sum[0] += requirement.whole_initial[c];
      sum[1] += requirement.whole_maintenance[c];
    }
    double* netting =
        at(policy, underlyings - 1, static_cast<std::size_t>(margin::Component::netting));
    netting[0] += requirement.netting_initial;
    netting[1] += requirement.netting_maintenance;
    at(policy, underlyings - 1, static_cast<std::size_t>(margin::Component::orders))[0] +=
        requirement.orders_initial;
    at(policy, underlyings - 1, static_cast<std::size_t>(margin::Component::ramp))[1] +=
        requirement.ramp_maintenance;
  }
};

// The columns of a result. Memory that is written for the first time is slow: made by one thread,
// the columns took as long as a sixth of a book under fixed margin, so the workers share them.
class ResultColumns {
 public:
  template <class T>
  void make(std::vector<T>& column, std::size_t size) {
    jobs_.push_back([&column, size] { column.resize(size); });
  }
  template <class T>
  void copy(std::vector<T>& column, const std::vector<T>& from) {
    jobs_.push_back([&column, &from] { column = from; });
  }
  void run(int threads) const {
    for_each_block(jobs_.size(), threads, [&](std::size_t job, std::size_t) { jobs_[job](); });
  }

 private:
  std::vector<std::function<void()>> jobs_;
};

template <class Rows>
void make_amounts(Rows& rows, std::size_t n, ResultColumns& columns) {
  for (auto* column : {&rows.equity, &rows.equity_initial, &rows.initial_margin,
                       &rows.maintenance_margin, &rows.debts}) {
    columns.make(*column, n);
  }
  columns.make(rows.slack_ticks, n);
  columns.make(rows.state, n);
  columns.make(rows.status, n);
}

Result make_result(const book::Book& book, TimeNs as_of_ns, int threads) {
  Result result;
  ResultColumns columns;
  result.as_of_ns = as_of_ns;
  const std::size_t accounts = book.account_count();
  make_amounts(result.accounts, accounts, columns);
  columns.make(result.accounts.policy, accounts);
  columns.make(result.accounts.worst_pocket, accounts);
  columns.make(result.accounts.worst_underlying, accounts);
  columns.make(result.accounts.worst_price_move, accounts);
  columns.make(result.accounts.worst_vol_shock, accounts);
  const std::size_t pockets = book.pocket_count();
  make_amounts(result.pockets, pockets, columns);
  columns.copy(result.pockets.account, book.pocket_account);
  columns.copy(result.pockets.pocket, book.pocket_name);
  columns.make(result.pockets.gross_notional, pockets);
  UnitRows& units = result.units;
  columns.copy(units.underlying, book.unit_underlying);
  columns.make(units.account, book.unit_count());
  columns.make(units.pocket, book.unit_count());
  for (auto* column :
       {&units.delta_base, &units.gamma, &units.vega, &units.theta, &units.gross_notional,
        &units.value, &units.initial_margin, &units.maintenance_margin, &units.worst_price_move,
        &units.worst_vol_shock}) {
    columns.make(*column, book.unit_count());
  }
  columns.run(threads);
  return result;
}

template <class Rows>
void write_decision(Rows& rows, std::size_t row, const monitor::Decision& d, double debts,
                    base::TickScale scale) {
  const bool known = d.state != State::undecidable;
  rows.equity[row] = known ? base::ticks_to_amount(d.equity, scale) : canonical_nan;
  rows.equity_initial[row] = known ? base::ticks_to_amount(d.equity_initial, scale) : canonical_nan;
  rows.initial_margin[row] = known ? base::ticks_to_amount(d.initial_margin, scale) : canonical_nan;
  rows.maintenance_margin[row] =
      known ? base::ticks_to_amount(d.maintenance_margin, scale) : canonical_nan;
  rows.debts[row] = known ? canonical(debts) : canonical_nan;
  rows.slack_ticks[row] = known ? d.slack : slack_unknown;
  rows.state[row] = d.state;
  rows.status[row] = d.status;
}

void write_units(const book::Book& book, std::size_t pocket, const Workspace& work,
                 UnitRows& units) {
  const auto first = static_cast<std::size_t>(book.pocket_units[pocket]);
  for (std::size_t u = 0; u < work.value.units.size(); ++u) {
    const UnitRow unit = unit_row(work, u, book.pocket_name[pocket]);
    const std::size_t row = first + u;
    units.account[row] = book.pocket_account[pocket];
    units.pocket[row] = unit.pocket;
    units.delta_base[row] = unit.delta_base;
    units.gamma[row] = unit.gamma;
    units.vega[row] = unit.vega;
    units.theta[row] = unit.theta;
    units.gross_notional[row] = unit.gross_notional;
    units.value[row] = unit.value;
    units.initial_margin[row] = unit.initial_margin;
    units.maintenance_margin[row] = unit.maintenance_margin;
    units.worst_price_move[row] = unit.worst_price_move;
    units.worst_vol_shock[row] = unit.worst_vol_shock;
  }
}

// Adds a pocket's ticks to the account's row.
void join(monitor::Decision& total, const monitor::Decision& pocket) noexcept {
  const bool fits =
      base::checked_add(total.equity, pocket.equity, &total.equity) &&
      base::checked_add(total.equity_initial, pocket.equity_initial, &total.equity_initial) &&
      base::checked_add(total.initial_margin, pocket.initial_margin, &total.initial_margin) &&
      base::checked_add(total.maintenance_margin, pocket.maintenance_margin,
                        &total.maintenance_margin);
  total.state = std::max(total.state, pocket.state);
  total.status = first_of(total.status, pocket.status);
  if (!fits && total.status == Status::ok) {
    total.state = State::undecidable;
    total.status = Status::overflow;
  }
}

// Decides an account pocket by pocket; each one's details stand in the workspace while
// `look(pocket, decision, binds)` has it.
template <class Look>
monitor::Decision decide(const Revaluation& world, const book::Book& book,
                         const PolicySet& policies, base::TickScale scale, std::size_t account,
                         Workspace& work, Look look) {
  const auto index = static_cast<std::size_t>(policies.account_policy[account]);
  const auto first = static_cast<std::size_t>(book.account_pockets[account]);
  const auto end = static_cast<std::size_t>(book.account_pockets[account + 1]);
  monitor::Decision total;
  total.state = State::healthy;
  Binding binding;
  for (std::size_t pocket = first; pocket < end; ++pocket) {
    const monitor::Decision decision =
        evaluate_pocket(world, world.policies[index], book::pocket_rows(book, pocket), scale, work,
                        nullptr, world.ramp_of(account));
    join(total, decision);
    look(pocket, decision, binding.takes(book.holds(pocket), decision));
  }
  total.slack = binding.slack;
  return total;
}

struct Batch {
  const Revaluation& world;
  const book::Book& book;
  const PolicySet& policies;
  base::TickScale scale;
  Result& result;
};

// The unit of the binding pocket that needs most.
void write_worst_unit(const margin::PocketRequirement& requirement, bool known, std::size_t account,
                      AccountRows& rows) {
  rows.worst_underlying[account] = -1;
  rows.worst_price_move[account] = rows.worst_vol_shock[account] = 0;
  if (!known) return;
  const auto* const unit = margin::largest_unit(requirement, &margin::UnitRequirement::maintenance);
  if (unit == nullptr) return;
  rows.worst_underlying[account] = unit->underlying;
  rows.worst_price_move[account] = unit->worst_price_move;
  rows.worst_vol_shock[account] = unit->worst_vol_shock;
}

void recompute_account(const Batch& batch, std::size_t account, Workspace& work,
                       ComponentSums& components) {
  const book::Book& book = batch.book;
  AccountRows& rows = batch.result.accounts;
  const std::int32_t policy_index = batch.policies.account_policy[account];
  const auto first = static_cast<std::size_t>(book.account_pockets[account]);
  const auto end = static_cast<std::size_t>(book.account_pockets[account + 1]);
  double debts = 0;
  rows.policy[account] = policy_index;
  const auto write_pocket = [&](std::size_t pocket, const monitor::Decision& decision, bool binds) {
    write_decision(batch.result.pockets, pocket, decision, work.value.debts, batch.scale);
    debts += work.value.debts;
    batch.result.pockets.gross_notional[pocket] = canonical(work.value.gross_notional);
    write_units(book, pocket, work, batch.result.units);
    if (binds) {
      const bool known = decision.state != State::undecidable;
      rows.worst_pocket[account] = static_cast<std::int64_t>(pocket);
      write_worst_unit(work.requirement, known, account, rows);
    }
    const std::size_t n = pocket - first;
    if (work.account.size() <= n) work.account.emplace_back();
    work.account[n] = work.requirement;
  };
  const monitor::Decision total =
      decide(batch.world, book, batch.policies, batch.scale, account, work, write_pocket);
  // Sums by component match the accounts' totals: an undecidable account is in neither.
  for (std::size_t n = 0; n < end - first && total.state != State::undecidable; ++n) {
    components.add(static_cast<std::size_t>(policy_index), work.account[n]);
  }
  write_decision(rows, account, total, debts, batch.scale);
}

void write_components(ComponentSums& total, std::size_t policy_count, ComponentRows& rows) {
  for (std::size_t p = 0; p < policy_count; ++p) {
    for (std::size_t u = 0; u < total.underlyings; ++u) {
      for (std::size_t c = 0; c < margin::component_count; ++c) {
        const double* sum = total.at(p, u, c);
        if (sum[0] == 0 && sum[1] == 0) continue;
        const bool netting = u + 1 == total.underlyings;
        rows.policy.push_back(static_cast<std::int32_t>(p));
        rows.underlying.push_back(netting ? -1 : static_cast<UnderlyingIndex>(u));
        rows.component.emplace_back(margin::component_name(static_cast<margin::Component>(c)));
        rows.initial_margin.push_back(sum[0]);
        rows.maintenance_margin.push_back(sum[1]);
      }
    }
  }
}

}  // namespace

Result recompute_all(const Revaluation& world, const book::Book& book, const PolicySet& policies,
                     base::TickScale scale, int threads) {
  Result result = make_result(book, world.market.columns.as_of_ns, threads);
  const std::size_t accounts = book.account_count();
  const std::size_t blocks = (accounts + accounts_per_block - 1) / accounts_per_block;
  const std::size_t policy_count = policies.policies.size();
  std::vector<ComponentSums> partial(blocks,
                                     ComponentSums(policy_count, world.market.underlying_count()));
  std::vector<Workspace> workspaces(static_cast<std::size_t>(std::max(threads, 1)));
  const Batch batch{world, book, policies, scale, result};
  for_each_block(blocks, threads, [&](std::size_t block, std::size_t worker) {
    const std::size_t end = std::min(accounts, (block + 1) * accounts_per_block);
    for (std::size_t account = block * accounts_per_block; account < end; ++account) {
      recompute_account(batch, account, workspaces[worker], partial[block]);
    }
  });
  ComponentSums total(policy_count, world.market.underlying_count());
  for (const ComponentSums& block : partial) {
    for (std::size_t i = 0; i < total.sums.size(); ++i) total.sums[i] += block.sums[i];
  }
  write_components(total, policy_count, result.components);
  return result;
}

AccountDecision decide_account(const Revaluation& world, const book::Book& book,
                               const PolicySet& policies, base::TickScale scale,
                               std::size_t account, Workspace& work) {
  AccountDecision decided;
  decided.total = decide(world, book, policies, scale, account, work,
                         [&](std::size_t, const monitor::Decision& pocket, bool) {
                           decided.below_initial |= pocket.equity_initial < pocket.initial_margin;
                         });
  return decided;
}

}  // namespace tickmargin::engine

#include "engine/what_if.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "book/scratch_pocket.hpp"
#include "engine/parallel.hpp"

namespace tickmargin::engine {
namespace {

constexpr std::size_t orders_per_block = 64;

using base::canonical_nan;

struct Trade {
  std::uint32_t instrument;
  double quantity;
  double price;  // quote units; coin for a coin-settled option
};

struct Buffers {
  Workspace work;
  book::ScratchPocket pocket;
  std::vector<Trade> trades;  // of one order, and its hedge behind them
};

// One account's pocket, before any order.
struct Desk {
  const Revaluation& world;
  const PolicyState& policy;
  base::TickScale scale;
  Ramp ramp;
  book::PocketRows rows;
};

// The pocket after the trades, evaluated as a recompute would; undecidable where any number is.
monitor::Decision after(const Desk& desk, std::size_t count, Buffers& buffers) {
  const InstrumentColumns& instruments = desk.world.instruments;
  buffers.pocket.assign(desk.rows);
  for (std::size_t t = 0; t < count; ++t) {
    const Trade& trade = buffers.trades[t];
    const double entry = book::entry_term(instruments.payoff[trade.instrument], trade.price);
    buffers.pocket.fill(instruments, {trade.instrument, trade.quantity, entry});
  }
  return evaluate_pocket(desk.world, desk.policy, buffers.pocket.rows(instruments), desk.scale,
                         buffers.work, nullptr, desk.ramp);
}

bool covered(const monitor::Decision& d) noexcept {
  return d.state != State::undecidable && d.equity_initial >= d.initial_margin;
}

// An order passes if equity covers initial margin after it, or if it eases the account.
bool passes(const monitor::Decision& before, const monitor::Decision& then) noexcept {
  return covered(then) || (then.state != State::undecidable && monitor::eases(before, then));
}

// By how much, in ticks: positive when it passes.
double margin_of_passing(const monitor::Decision& before, const monitor::Decision& then) noexcept {
  if (then.state == State::undecidable) return -INFINITY;
  const auto needed = static_cast<double>(then.initial_margin);
  const double above = static_cast<double>(then.equity_initial) - needed;
  const auto needed_before = static_cast<double>(before.initial_margin);
  const double above_before = static_cast<double>(before.equity_initial) - needed_before;
  return std::fmax(above, std::fmin(needed_before - needed, above - above_before));
}

// The mark in the units an order's price has: coin for a coin-settled option.
double mark_price(const Revaluation& world, std::uint32_t i) noexcept {
  const double mark = world.values.mark[i];
  if (world.instruments.payoff[i] != Payoff::coin) return mark;
  return mark / world.market.columns
                    .index_price[static_cast<std::size_t>(world.instruments.underlying[i])];
}

struct HedgeSearch {
  const Desk& desk;
  const monitor::Decision& before;
  std::uint32_t instrument;
  double price;
  Buffers& buffers;

  bool passes_at(double quantity) { return passes(before, at(quantity)); }
  double score(double quantity) { return margin_of_passing(before, at(quantity)); }

  monitor::Decision at(double quantity) {
    const std::size_t legs = buffers.trades.size() - 1;
    buffers.trades.back() = {instrument, quantity, price};
    return after(desk, quantity == 0 ? legs : legs + 1, buffers);
  }

  // Best gap on [0, end]: golden section; exact where the requirement is convex in the hedge, as
  // the worst of linear scenario losses is.
  double best_quantity(double end) {
    constexpr double ratio = 0.6180339887498949;
    double a = 0, b = end;
    double x = b - ratio * (b - a), y = a + ratio * (b - a);
    double gap_x = score(x), gap_y = score(y);
    for (int i = 0; i < 60; ++i) {
      if (gap_x >= gap_y) {
        b = y;
        y = x;
        gap_y = gap_x;
        gap_x = score(x = b - ratio * (b - a));
      } else {
        a = x;
        x = y;
        gap_x = gap_y;
        gap_y = score(y = a + ratio * (b - a));
      }
    }
    return gap_x >= gap_y ? x : y;
  }

  // Smallest passing quantity between a failing and a passing one.
  double bisect(double failing, double passing) {
    for (int i = 0; i < 60; ++i) {
      const double middle = 0.5 * (failing + passing);
      if (middle == failing || middle == passing) break;
      (passes_at(middle) ? passing : failing) = middle;
    }
    return passing;
  }

  // Smallest passing quantity in one direction, NaN without. A geometric ladder finds the first
  // rung that passes even where the requirement is not convex.
  double smallest(double end) {
    double previous = 0;
    const double best = best_quantity(end);
    for (int rung = 40; rung >= 0; --rung) {
      const double quantity = end * std::ldexp(1.0, -rung);
      const bool passes_best = std::fabs(best) > std::fabs(previous) &&
                               std::fabs(best) <= std::fabs(quantity) && passes_at(best);
      if (passes_best) return bisect(previous, best);
      if (passes_at(quantity)) return bisect(previous, quantity);
      previous = quantity;
    }
    return canonical_nan;
  }
};

double smallest_hedge(const Desk& desk, const monitor::Decision& before, std::uint32_t hedge,
                      Buffers& buffers) {
  const Revaluation& world = desk.world;
  if (world.values.status[hedge] != Status::ok) return canonical_nan;
  const double reach =
      4.0 * buffers.work.value.gross_notional / world.values.contract[hedge].notional;
  if (!(reach > 0) || !std::isfinite(reach)) return canonical_nan;
  buffers.trades.emplace_back();
  HedgeSearch search{desk, before, hedge, mark_price(world, hedge), buffers};
  const double buy = search.smallest(reach);
  const double sell = search.smallest(-reach);
  if (std::isnan(buy)) return sell;
  if (std::isnan(sell)) return buy;
  return std::fabs(buy) <= std::fabs(sell) ? buy : sell;
}

void name_binding_unit(const margin::PocketRequirement& requirement, OrderEffect& effect) {
  const auto* const unit = margin::largest_unit(requirement, &margin::UnitRequirement::initial);
  if (unit == nullptr) return;
  effect.binding_underlying = unit->underlying;
  effect.binding_price_move = unit->worst_price_move;
  effect.binding_vol_shock = unit->worst_vol_shock;
}

OrderEffect effect_of(const Desk& desk, std::span<const Order> legs, InstrumentIndex hedge,
                      Buffers& buffers) {
  OrderEffect effect;
  auto amount = [&](Ticks ticks) { return base::ticks_to_amount(ticks, desk.scale); };
  buffers.trades.clear();
  for (const Order& leg : legs) {
    const auto i = static_cast<std::uint32_t>(leg.instrument);
    buffers.trades.push_back({i, leg.quantity, leg.price});
    effect.mark_price += leg.mark_weight * mark_price(desk.world, i);
  }
  const monitor::Decision before = after(desk, 0, buffers);
  const monitor::Decision then = after(desk, legs.size(), buffers);
  effect.hedge_quantity = canonical_nan;
  if (before.state == State::undecidable || then.state == State::undecidable) {
    effect.status = before.status != Status::ok ? before.status : then.status;
    for (double* x : {&effect.equity_before, &effect.equity_after, &effect.initial_margin_before,
                      &effect.initial_margin_after, &effect.maintenance_margin_before,
                      &effect.maintenance_margin_after, &effect.shortfall}) {
      *x = canonical_nan;
    }
    return effect;
  }
  effect.equity_before = amount(before.equity_initial);
  effect.equity_after = amount(then.equity_initial);
  effect.initial_margin_before = amount(before.initial_margin);
  effect.initial_margin_after = amount(then.initial_margin);
  effect.maintenance_margin_before = amount(before.maintenance_margin);
  effect.maintenance_margin_after = amount(then.maintenance_margin);
  name_binding_unit(buffers.work.requirement, effect);
  if (covered(then)) {
    effect.verdict = OrderVerdict::accepted;
  } else if (monitor::eases(before, then)) {
    effect.verdict = OrderVerdict::accepted_reduces;
  } else {
    effect.verdict = OrderVerdict::refused_margin;
    effect.shortfall = amount(then.initial_margin - then.equity_initial);
    if (hedge >= 0) {
      effect.hedge_quantity =
          smallest_hedge(desk, before, static_cast<std::uint32_t>(hedge), buffers);
    }
  }
  return effect;
}

}  // namespace

std::vector<OrderEffect> order_effects(const Revaluation& world, const book::Book& book,
                                       const PolicySet& policies, base::TickScale scale,
                                       const std::vector<Order>& orders, InstrumentIndex hedge,
                                       int threads) {
  std::vector<std::size_t> first;  // of each order its first leg, and the end of all
  for (std::size_t o = 0; o < orders.size(); ++o) {
    if (!orders[o].joined) first.push_back(o);
  }
  std::vector<OrderEffect> effects(first.size());
  first.push_back(orders.size());
  std::vector<Buffers> buffers(static_cast<std::size_t>(std::max(threads, 1)));
  const std::size_t blocks = (effects.size() + orders_per_block - 1) / orders_per_block;
  for_each_block(blocks, threads, [&](std::size_t block, std::size_t worker) {
    const std::size_t end = std::min(effects.size(), (block + 1) * orders_per_block);
    for (std::size_t o = block * orders_per_block; o < end; ++o) {
      const std::span<const Order> legs{orders.data() + first[o], first[o + 1] - first[o]};
      const Order& order = legs.front();
      const auto account = static_cast<std::size_t>(order.account);
      const auto policy = static_cast<std::size_t>(policies.account_policy[account]);
      Desk desk{world, world.policies[policy], scale, world.ramp_of(account), {}};
      // A pocket the account does not have yet is empty.
      static constexpr std::int64_t no_positions[1] = {0};
      desk.rows.unit_positions = no_positions;
      for (std::int64_t p = book.account_pockets[account]; p < book.account_pockets[account + 1];
           ++p) {
        if (book.pocket_name[static_cast<std::size_t>(p)] != order.pocket) continue;
        desk.rows = book::pocket_rows(book, static_cast<std::size_t>(p));
      }
      effects[o] = effect_of(desk, legs, hedge, buffers[worker]);
    }
  });
  return effects;
}

}  // namespace tickmargin::engine

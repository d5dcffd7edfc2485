#include "engine/what_if.hpp"

#include <algorithm>
#include <cmath>

#include "engine/parallel.hpp"
#include "engine/scratch_pocket.hpp"

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
  ScratchPocket margined;  // quantities netted as the venue nets them
  ScratchPocket owned;     // rows that add up to the equity after the fills
};

// One account's pocket, before any order.
struct Desk {
  const Revaluation& world;
  const PolicyState& policy;
  base::TickScale scale;
  book::PocketRows rows;
};

void apply(const Desk& desk, const Trade& trade, Buffers& buffers) {
  const InstrumentColumns& instruments = desk.world.instruments;
  const std::uint32_t i = trade.instrument;
  const double entry = book::entry_term(instruments.payoff[i], trade.price);
  const bool paid_up_front =
      instruments.kind[i] == Kind::option || instruments.kind[i] == Kind::spot;
  buffers.margined.fill(instruments, {i, trade.quantity, entry});
  buffers.owned.append(instruments, {i, trade.quantity, entry});
  if (!paid_up_front) return;
  const double premium = -(trade.quantity * instruments.multiplier[i] * trade.price);
  buffers.owned.add_balance(instruments.settlement_asset[i], premium);
}

// Margin of the pocket after the trades; the decision is undecidable where any number is.
monitor::Decision after(const Desk& desk, const Trade* trades, std::size_t count,
                        Buffers& buffers) {
  buffers.margined.assign(desk.rows);
  buffers.owned.assign(desk.rows);
  for (std::size_t t = 0; t < count; ++t) apply(desk, trades[t], buffers);
  const InstrumentColumns& instruments = desk.world.instruments;
  const book::PocketRows owned = buffers.owned.rows(instruments);
  collateral::value_pocket(desk.world.context(), *desk.policy.policy, desk.policy.weights, owned,
                           buffers.work.value);
  const book::PocketRows margined = buffers.margined.rows(instruments);
  require_pocket(desk.world, desk.policy, margined, buffers.work, nullptr);
  const Status status = method_status(desk.policy, owned, buffers.work.value.status);
  return decide_pocket(desk.policy, buffers.work, desk.scale, status);
}

bool covered(const monitor::Decision& d) noexcept {
  return d.state != State::undecidable && d.equity_initial >= d.initial_margin;
}

double gap(const monitor::Decision& d) noexcept {
  if (d.state == State::undecidable) return -INFINITY;
  return static_cast<double>(d.equity_initial) - static_cast<double>(d.initial_margin);
}

// Price at which the hedge trades: its mark, in the units an order's price has.
double hedge_price(const Revaluation& world, std::uint32_t i) noexcept {
  const double mark = world.values.mark[i];
  if (world.instruments.payoff[i] != Payoff::coin) return mark;
  return mark / world.market.columns
                    .index_price[static_cast<std::size_t>(world.instruments.underlying[i])];
}

struct HedgeSearch {
  const Desk& desk;
  Trade order;
  std::uint32_t instrument;
  double price;
  Buffers& buffers;

  monitor::Decision at(double quantity) {
    const Trade trades[2] = {order, {instrument, quantity, price}};
    return after(desk, trades, quantity == 0 ? 1 : 2, buffers);
  }

  // Best gap on [0, end]: golden section; exact where the requirement is convex in the hedge, as
  // the worst of linear scenario losses is.
  double best_quantity(double end) {
    constexpr double ratio = 0.6180339887498949;
    double a = 0, b = end;
    double x = b - ratio * (b - a), y = a + ratio * (b - a);
    double gap_x = gap(at(x)), gap_y = gap(at(y));
    for (int i = 0; i < 60; ++i) {
      if (gap_x >= gap_y) {
        b = y;
        y = x;
        gap_y = gap_x;
        gap_x = gap(at(x = b - ratio * (b - a)));
      } else {
        a = x;
        x = y;
        gap_x = gap_y;
        gap_y = gap(at(y = a + ratio * (b - a)));
      }
    }
    return gap_x >= gap_y ? x : y;
  }

  // Smallest passing quantity between a failing and a passing one.
  double bisect(double failing, double passing) {
    for (int i = 0; i < 60; ++i) {
      const double middle = 0.5 * (failing + passing);
      if (middle == failing || middle == passing) break;
      (covered(at(middle)) ? passing : failing) = middle;
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
                               std::fabs(best) <= std::fabs(quantity) && covered(at(best));
      if (passes_best) return bisect(previous, best);
      if (covered(at(quantity))) return bisect(previous, quantity);
      previous = quantity;
    }
    return canonical_nan;
  }
};

double smallest_hedge(const Desk& desk, const Trade& order, std::uint32_t hedge,
                      double gross_notional, Buffers& buffers) {
  const Revaluation& world = desk.world;
  if (world.values.status[hedge] != Status::ok) return canonical_nan;
  const double reach = 4.0 * gross_notional / world.values.contract[hedge].notional;
  if (!(reach > 0) || !std::isfinite(reach)) return canonical_nan;
  HedgeSearch search{desk, order, hedge, hedge_price(world, hedge), buffers};
  const double buy = search.smallest(reach);
  const double sell = search.smallest(-reach);
  if (std::isnan(buy)) return sell;
  if (std::isnan(sell)) return buy;
  return std::fabs(buy) <= std::fabs(sell) ? buy : sell;
}

void name_binding_unit(const margin::PocketRequirement& requirement, OrderEffect& effect) {
  double largest = 0;
  for (const margin::UnitRequirement& unit : requirement.units) {
    double needed = 0;
    for (const double line : unit.initial) needed += line;
    if (!(needed > largest)) continue;
    largest = needed;
    effect.binding_underlying = unit.underlying;
    effect.binding_price_move = unit.worst_price_move;
    effect.binding_vol_shock = unit.worst_vol_shock;
  }
}

OrderEffect effect_of(const Desk& desk, const Order& order, InstrumentIndex hedge,
                      Buffers& buffers) {
  OrderEffect effect;
  auto amount = [&](Ticks ticks) { return base::ticks_to_amount(ticks, desk.scale); };
  const monitor::Decision before = after(desk, nullptr, 0, buffers);
  const Trade trade{static_cast<std::uint32_t>(order.instrument), order.quantity, order.price};
  const monitor::Decision then = after(desk, &trade, 1, buffers);
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
  } else if (then.initial_margin <= before.initial_margin) {
    effect.verdict = OrderVerdict::accepted_reduces;
  } else {
    effect.verdict = OrderVerdict::refused_margin;
    effect.shortfall = amount(then.initial_margin - then.equity_initial);
    if (hedge >= 0) {
      effect.hedge_quantity = smallest_hedge(desk, trade, static_cast<std::uint32_t>(hedge),
                                             buffers.work.value.gross_notional, buffers);
    }
  }
  return effect;
}

}  // namespace

std::vector<OrderEffect> order_effects(const Revaluation& world, const book::Book& book,
                                       const PolicySet& policies, base::TickScale scale,
                                       const std::vector<Order>& orders, InstrumentIndex hedge,
                                       int threads) {
  std::vector<OrderEffect> effects(orders.size());
  std::vector<Buffers> buffers(static_cast<std::size_t>(std::max(threads, 1)));
  const std::size_t blocks = (orders.size() + orders_per_block - 1) / orders_per_block;
  for_each_block(blocks, threads, [&](std::size_t block, std::size_t worker) {
    const std::size_t end = std::min(orders.size(), (block + 1) * orders_per_block);
    for (std::size_t o = block * orders_per_block; o < end; ++o) {
      const Order& order = orders[o];
      const auto account = static_cast<std::size_t>(order.account);
      const auto policy = static_cast<std::size_t>(policies.account_policy[account]);
      Desk desk{world, world.policies[policy], scale, {}};
      // A pocket the account does not have yet is empty.
      static constexpr std::int64_t no_positions[1] = {0};
      desk.rows.unit_positions = no_positions;
      for (std::int64_t p = book.account_pockets[account]; p < book.account_pockets[account + 1];
           ++p) {
        if (book.pocket_name[static_cast<std::size_t>(p)] != order.pocket) continue;
        desk.rows = book::pocket_rows(book, static_cast<std::size_t>(p));
      }
      effects[o] = effect_of(desk, order, hedge, buffers[worker]);
    }
  });
  return effects;
}

}  // namespace tickmargin::engine

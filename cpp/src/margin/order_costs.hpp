// What resting orders cost beside a method's own requirement, whichever of them trade.
#pragma once

#include "margin/orders.hpp"

namespace tickmargin::margin {

// What orders lose against the mark, each for itself.
double lost_to_mark(const Context& context, const Policy& policy,
                    const collateral::Weights& weights, const PocketRows& rows) noexcept;

// What haircuts take of profits that the orders may realise: a profit counts in full while it is
// open, and with its asset's weight once it is a balance. Each order is taken to close its whole
// size against the opposite position or order that it makes most on.
double lost_to_haircuts(const Context& context, const Policy& policy,
                        const collateral::Weights& weights, const PocketRows& rows) noexcept;

// The `oracle` line of doubtful indices with every order filled.
double doubt_with_orders(const Context& context, const PocketRows& rows) noexcept;

// The most contracts of an instrument that a pocket can hold, both sides added where it holds both:
// a trade then joins its own side, and otherwise closes the other.
struct Reach {
  double buys = 0;
  double sells = 0;  // below 0
  double longs = 0;
  double shorts = 0;  // below 0

  bool hedged() const noexcept { return longs > 0 && shorts < 0; }
  double gross() const noexcept;
  // Short contracts at most, below 0: a buy may not trade.
  double most_short() const noexcept;
};
Reach reach_of(const PocketRows& rows, std::uint32_t instrument) noexcept;

// Calls `each` with every instrument of one underlying that is held or has orders, once. Positions
// are rows begin .. end; orders those on the underlying.
template <class Each>
void each_instrument(const Context& context, const PocketRows& rows, std::int64_t begin,
                     std::int64_t end, UnderlyingIndex underlying, Each each) {
  for (std::int64_t k = begin; k < end; ++k) {
    if (k == begin || rows.instrument[k] != rows.instrument[k - 1]) each(rows.instrument[k]);
  }
  std::uint32_t last = UINT32_MAX;
  for (const OrderRow& order : rows.orders) {
    if (context.instruments.underlying[order.instrument] != underlying) continue;
    if (order.instrument == last) continue;
    last = order.instrument;
    bool held = false;
    for (std::int64_t k = begin; k < end; ++k) held = held || rows.instrument[k] == last;
    if (!held) each(last);
  }
}

// Calls `each` with every underlying that has positions, orders or, where `balances` is set, a
// balance that follows it: its index and the range of its positions.
template <class Each>
void each_unit(const Context& context, const PocketRows& rows, bool balances, Each each) {
  const auto is_held = [&](UnderlyingIndex underlying) {
    for (const std::int32_t held : rows.unit_underlying) {
      if (held == underlying) return true;
    }
    return false;
  };
  for (std::size_t n = 0; n < rows.unit_underlying.size(); ++n) {
    each(rows.unit_underlying[n], rows.unit_positions[n], rows.unit_positions[n + 1]);
  }
  UnderlyingIndex last = -1;
  const auto rests = [&](UnderlyingIndex underlying) {
    for (const OrderRow& order : rows.orders) {
      if (context.instruments.underlying[order.instrument] == underlying) return true;
    }
    return false;
  };
  for (const OrderRow& order : rows.orders) {
    const UnderlyingIndex underlying = context.instruments.underlying[order.instrument];
    if (underlying == last || is_held(underlying)) continue;
    last = underlying;
    each(underlying, std::int64_t{0}, std::int64_t{0});
  }
  if (!balances) return;
  const std::vector<UnderlyingIndex>& links = context.market.columns.asset_underlying;
  for (std::size_t b = 0; b < rows.balance_asset.size(); ++b) {
    const UnderlyingIndex linked = links[static_cast<std::size_t>(rows.balance_asset[b])];
    bool seen = linked < 0 || is_held(linked) || rests(linked);
    for (std::size_t before = 0; before < b; ++before) {
      seen = seen || links[static_cast<std::size_t>(rows.balance_asset[before])] == linked;
    }
    if (!seen) each(linked, std::int64_t{0}, std::int64_t{0});
  }
}

}  // namespace tickmargin::margin

// Orders before they trade: the pocket as if filled in full, decided as a recompute would.
#include <cmath>

#include "live/state.hpp"

namespace tickmargin {

bool LiveEngine::State::marks_in_doubt(std::size_t pocket) const noexcept {
  return pocket < store.pocket_count() && liquidation_blocked(pocket);
}

bool LiveEngine::State::mark_in_doubt(std::uint32_t instrument) const noexcept {
  const live::Dependencies& d = world.depends[instrument];
  for (int k = 0; k < d.count; ++k) {
    const auto u = static_cast<std::size_t>(d.underlying[static_cast<std::size_t>(k)]);
    if (underlyings[u].guard.mark_state != MarkState::ready) return true;
  }
  return vol_doubt_until[instrument] != 0;
}

// The first index whose mark forbids new risk on an instrument in a pocket (-1: none yet), or -1.
UnderlyingIndex LiveEngine::State::doubtful_mark(std::uint32_t instrument,
                                                 std::int32_t pocket) const noexcept {
  const live::Dependencies& d = world.depends[instrument];
  for (int k = 0; k < d.count; ++k) {
    const std::int32_t u = d.underlying[static_cast<std::size_t>(k)];
    if (underlyings[static_cast<std::size_t>(u)].guard.mark_state != MarkState::ready) return u;
  }
  if (vol_doubt_until[instrument] != 0) return world.instruments.underlying[instrument];
  if (pocket < 0) return -1;
  for (std::int32_t l = pockets[static_cast<std::size_t>(pocket)].first_link; l >= 0;
       l = links[static_cast<std::size_t>(l)].next_of_pocket) {
    const std::int32_t u = links[static_cast<std::size_t>(l)].underlying;
    if (underlyings[static_cast<std::size_t>(u)].guard.mark_state != MarkState::ready ||
        holds_doubtful_vol(static_cast<std::size_t>(pocket), u)) {
      return u;
    }
  }
  return -1;
}

// The rows in `scratch` evaluated under the policy of an account.
monitor::Decision LiveEngine::State::margin_of_scratch(AccountIndex account,
                                                       std::int32_t pocket) noexcept {
  const auto a = static_cast<std::size_t>(account);
  live::PolicyGrid& grid =
      policies->grids[static_cast<std::size_t>(policies->set.account_policy[a])];
  book::PocketRows rows = scratch.rows(world.instruments);
  rows.orders = orders_of(account, pocket);
  world.refresh(rows, grid);
  refresh_orders(rows.orders, grid);
  return engine::evaluate_pocket(world.reval, grid.state, rows, scale, work);
}

namespace {

void name_binding(const margin::PocketRequirement& requirement, CheckedOrder& out) {
  const auto* const unit = margin::largest_unit(requirement, &margin::UnitRequirement::initial);
  if (unit == nullptr) return;
  out.binding_underlying = unit->underlying;
  out.binding_price_move = unit->worst_price_move;
  out.binding_vol_shock = unit->worst_vol_shock;
}

CheckedOrder undecidable(Status status) {
  CheckedOrder out{};
  out.verdict = CheckVerdict::refused_undecidable;
  out.status = status;
  out.binding_underlying = -1;
  return out;
}

}  // namespace

// What the order is refused for before any margin is looked at.
CheckVerdict LiveEngine::State::screen(const Order& order, bool reduce_only) const noexcept {
  if (order.account < 0 || static_cast<std::size_t>(order.account) >= accounts.size() ||
      order.instrument < 0 ||
      static_cast<std::size_t>(order.instrument) >= world.instruments.size() ||
      has_expired(static_cast<std::size_t>(order.instrument))) {
    return CheckVerdict::refused_unknown;
  }
  const auto i = static_cast<std::size_t>(order.instrument);
  const bool option = world.instruments.kind[i] == Kind::option;
  if (!std::isfinite(order.quantity) || order.quantity == 0 || !std::isfinite(order.price) ||
      (option ? order.price < 0 : !(order.price > 0)) || order.pocket < 0) {
    return CheckVerdict::refused_invalid;
  }
  if (!reduce_only) return CheckVerdict::accepted;
  double net = 0;
  const std::int32_t pocket = store.find(order.account, order.pocket);
  if (pocket >= 0) {
    const auto held_instruments = store.instruments(static_cast<std::size_t>(pocket));
    const auto quantities = store.quantities(static_cast<std::size_t>(pocket));
    for (std::size_t k = 0; k < held_instruments.size(); ++k) {
      if (held_instruments[k] == i) net += quantities[k];
    }
  }
  // Those that rest already may all trade before this one does.
  double closing = order.quantity;
  for (std::int32_t o = accounts[static_cast<std::size_t>(order.account)].first_order; o >= 0;
       o = orders[static_cast<std::size_t>(o)].next) {
    const live::RestingOrder& resting = orders[static_cast<std::size_t>(o)];
    if ((resting.flags & flag_reduce_only) != 0 && resting.pocket == order.pocket &&
        resting.instrument == order.instrument && (resting.quantity < 0) == (order.quantity < 0)) {
      closing += resting.quantity;
    }
  }
  const bool reduces =
      net != 0 && (net < 0) != (order.quantity < 0) && std::fabs(closing) <= std::fabs(net);
  return reduces ? CheckVerdict::accepted : CheckVerdict::refused_not_reducing;
}

CheckedOrder LiveEngine::State::check(const Order& order, bool reduce_only) noexcept {
  CheckedOrder out{};
  out.binding_underlying = -1;
  out.verdict = screen(order, reduce_only);
  if (out.verdict != CheckVerdict::accepted) return out;
  const std::int32_t pocket = store.find(order.account, order.pocket);
  const std::int32_t loaded =
      pocket >= 0 ? pocket : static_cast<std::int32_t>(store.pocket_count());
  const auto i = static_cast<std::uint32_t>(order.instrument);
  if (pocket >= 0 && proves(order, static_cast<std::size_t>(pocket))) {
    ++counters.proofs;
    return out;
  }
  ++counters.exact_checks;
  load_scratch(loaded);
  scratch.fill(world.instruments,
               {i, order.quantity, book::entry_term(world.instruments.payoff[i], order.price)});
  if (scratch.positions().size() > capacity.pocket_positions) {
    out.verdict = CheckVerdict::refused_capacity;
    return out;
  }
  const monitor::Decision then = margin_of_scratch(order.account, order.pocket);
  const bool decidable = then.state != tickmargin::State::undecidable;
  if (decidable) {
    name_binding(work.requirement, out);
    out.equity_after = then.equity_initial;
    out.initial_after = then.initial_margin;
    out.shortfall = std::max<Ticks>(out.initial_after - out.equity_after, 0);
  }
  const bool liquidating = pocket >= 0 && pockets[static_cast<std::size_t>(pocket)].state >=
                                              tickmargin::State::liquidating;
  // Without the order the pocket matters to all but the plain case: covered, on marks that are
  // ready, and known as it is.
  const bool known =
      pocket < 0 || (!ramping() && !pockets[static_cast<std::size_t>(pocket)].undecidable);
  if (decidable && out.shortfall == 0 && known && !liquidating && doubtful_mark(i, pocket) < 0) {
    return out;
  }
  load_scratch(loaded);
  const monitor::Decision before = margin_of_scratch(order.account, order.pocket);
  if (!decidable || before.state == tickmargin::State::undecidable) {
    return undecidable(first_of(before.status, then.status));
  }
  const bool adds = then.initial_margin > before.initial_margin;
  const UnderlyingIndex doubtful = adds ? doubtful_mark(i, pocket) : -1;
  if (doubtful >= 0) {
    // A state reached on a mark in doubt is no reason to give: the mark is.
    out.verdict = CheckVerdict::refused_doubtful;
    out.binding_underlying = doubtful;
    out.binding_price_move = out.binding_vol_shock = 0;
  } else if (adds && liquidating) {
    out.verdict = CheckVerdict::refused_liquidating;
  } else if (out.equity_after >= out.initial_after) {
    out.verdict = CheckVerdict::accepted;
  } else if (monitor::eases(before, then)) {
    out.verdict = CheckVerdict::accepted_reduces;
  } else {
    out.verdict = CheckVerdict::refused_margin;
  }
  return out;
}

}  // namespace tickmargin

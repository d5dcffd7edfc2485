// Resting orders and orders before they trade.
#include <array>

#include "check.hpp"
#include "live_book.hpp"

using namespace live_book;

namespace {

void drain(LiveEngine& engine) {
  std::array<Event, 256> events;
  while (engine.events(events) != 0) {
  }
}

LiveEngine open_engine(std::int32_t accounts, std::uint64_t seed) {
  LiveInputs inputs = make_inputs(accounts, seed);
  LiveEngine engine(inputs);
  for (std::int32_t u = 0; u < underlyings; ++u) {
    CHECK_EQ(int(engine.apply(index_tick(u, 1, index_at_start[u], start_ns)).status), 0);
    drain(engine);
  }
  return engine;
}

Record trade(RecordType type, const Order& order, std::uint64_t id) {
  Record r = make_record(type, order.instrument, start_ns);
  r.account = order.account;
  r.pocket = order.pocket;
  r.sequence = id;
  r.value[0] = order.quantity;
  r.value[1] = order.price;
  return r;
}

// Of those `far` some a third to three times as dear as the market.
Order draw_order(Draw& draw, const InstrumentColumns& c, AccountIndex account, bool far = false) {
  const std::int32_t i = draw.below(c.size());
  const auto at = static_cast<std::size_t>(i);
  const double index = index_at_start[c.underlying[at]];
  const bool option = c.kind[at] == Kind::option;
  const double quantity = std::round(draw.uniform(-9, 9)) * 6'000.0 / index;
  const double off = far && draw.chance(0.3) ? std::exp(draw.uniform(-1.1, 1.1)) : 1.0;
  const double price = option ? (c.payoff[at] == Payoff::coin ? 0.03 : 0.03 * index)
                              : index * draw.uniform(0.995, 1.005);
  return {account, 0, i, quantity == 0 ? 1.0 : quantity, off * price};
}

Ticks shortfall(LiveEngine& engine, AccountIndex account) {
  const LiveAccount row = engine.account(account);
  CHECK(row.state != State::undecidable);
  return row.initial_margin - row.equity_initial;
}

// No subset of an account's resting orders, once traded, leaves it shorter than it is said to be
// with all of them resting.
TEST(no_subset_of_resting_orders_is_worse_than_their_charge) {
  Draw draw(3);
  long worse = 0, tight = 0, charged = 0;
  for (int round = 0; round < 60; ++round) {
    const LiveInputs inputs = make_inputs(12, 100 + static_cast<std::uint64_t>(round));
    LiveEngine engine = open_engine(12, 100 + static_cast<std::uint64_t>(round));
    const std::vector<std::byte> before = engine.save();
    const AccountIndex account = draw.below(12);
    std::vector<Order> orders;
    for (int n = 1 + draw.below(4); n > 0; --n) {
      orders.push_back(draw_order(draw, inputs.engine.instruments, account));
    }
    const Ticks without = shortfall(engine, account);
    for (std::size_t o = 0; o < orders.size(); ++o) {
      const Record r = trade(RecordType::order, orders[o], o + 1);
      CHECK_EQ(int(engine.apply(r).status), 0);
    }
    const Ticks resting = shortfall(engine, account);
    CHECK(resting >= without);
    charged += resting > without;
    Ticks worst = without;
    for (std::size_t subset = 1; subset < (std::size_t{1} << orders.size()); ++subset) {
      LiveEngine traded = LiveEngine::load(before);
      for (std::size_t o = 0; o < orders.size(); ++o) {
        if ((subset >> o & 1) == 0) continue;
        const Record r = trade(RecordType::fill, orders[o], 0);
        CHECK_EQ(int(traded.apply(r).status), 0);
        drain(traded);
      }
      worst = std::max(worst, shortfall(traded, account));
    }
    constexpr Ticks rounding = 10;
    if (worst > resting + rounding) {
      ++worse;
      std::printf("  round %d account %d policy %d: resting %lld, traded %lld\n", round, account,
                  account % 6, static_cast<long long>(resting), static_cast<long long>(worst));
    }
    tight += worst + rounding >= resting;
  }
  std::printf("  %ld of 60 charged, %ld exactly\n", charged, tight);
  CHECK_EQ(worse, 0L);
  CHECK(charged > 30);
}

// An order is accepted exactly where the account, had it traded, would hold its initial margin, or
// need no more of it and be no nearer to it, whatever the order's price.
TEST(a_check_decides_as_the_account_after_the_trade) {
  Draw draw(5);
  long accepted = 0, refused = 0, far_off = 0;
  for (int round = 0; round < 6; ++round) {
    const std::uint64_t seed = 200 + static_cast<std::uint64_t>(round);
    const LiveInputs inputs = make_inputs(12, seed);
    LiveEngine engine = open_engine(12, seed);
    const std::vector<std::byte> before = engine.save();
    for (int n = 0; n < 60; ++n) {
      const Order order = draw_order(draw, inputs.engine.instruments, draw.below(12), true);
      const CheckedOrder check = engine.check(order);
      LiveEngine traded = LiveEngine::load(before);
      const LiveAccount had = traded.account(order.account);
      const Record r = trade(RecordType::fill, order, 0);
      CHECK_EQ(int(traded.apply(r).status), 0);
      const LiveAccount has = traded.account(order.account);
      const bool isolated = had.equity_initial != 0 && traded.account_count() == 0;
      CHECK(!isolated);
      const bool ok = check.verdict == CheckVerdict::accepted ||
                      check.verdict == CheckVerdict::accepted_reduces;
      if (check.verdict == CheckVerdict::refused_liquidating) continue;
      // With isolated pockets an account's sum is not its cross pocket: compare where it is.
      const bool single = inputs.engine.portfolio.position_pocket.empty() ||
                          check.equity_after == has.equity_initial;
      if (!single) continue;
      const bool covered = has.equity_initial >= has.initial_margin;
      const bool reduces =
          has.initial_margin <= had.initial_margin &&
          has.equity_initial - has.initial_margin >= had.equity_initial - had.initial_margin;
      far_off += has.initial_margin <= had.initial_margin && !reduces && !covered;
      CHECK_EQ(ok, covered || reduces);
      CHECK_EQ(check.initial_after, has.initial_margin);
      (ok ? accepted : refused)++;
    }
  }
  std::printf("  %ld accepted, %ld refused, %ld of them for their price alone\n", accepted, refused,
              far_off);
  CHECK(accepted > 20 && refused > 20 && far_off > 0);
}

// A market maker's orders, a tick before each: decided by proof where that can be, and always as an
// engine decides that evaluates every time.
TEST(proofs_decide_as_evaluations_do) {
  long proofs = 0, refused = 0, orders = 0;
  for (const std::uint64_t seed : {31, 32, 33}) {
    LiveInputs inputs = make_inputs(6, seed, 160);
    // Policies 2 and 5 are the scenario ones, netted by correlation and by sum.
    for (std::int32_t a = 0; a < 6; ++a) {
      inputs.engine.policies.account_policy[static_cast<std::size_t>(a)] = a % 2 ? 5 : 2;
    }
    inputs.settings.asset_chain = {0, 1, 2, 2, 3};
    LiveInputs exact = inputs;
    exact.settings.bands = false;
    LiveEngine proving(inputs), evaluating(exact);
    Draw draw(seed);
    double price[underlyings];
    TimeNs now = start_ns;
    std::uint64_t sequence = 0;
    std::int32_t halted = -1;  // a chain, whose assets count otherwise from one record to the next
    for (std::int32_t u = 0; u < underlyings; ++u) price[u] = index_at_start[u];
    for (int n = 0; n < 1500; ++n) {
      const std::int32_t u = n < 3 ? n : draw.below(underlyings);
      price[u] *= 1 + (draw.chance(0.02) ? 3e-3 : 1e-4) * draw.normal();
      Record r = index_tick(u, ++sequence, price[u], now += 100'000'000);
      if (draw.chance(0.01)) r = make_record(RecordType::clock, 0, now);
      if (n >= 3 && draw.chance(0.03)) {
        r = make_record(RecordType::chain_halt, halted >= 0 ? halted : draw.below(4), now);
        r.flags = halted >= 0 ? 0 : flag_halted;
        halted = halted >= 0 ? -1 : r.subject;
      }
      CHECK_EQ(proving.apply(r).status, RecordStatus::ok);
      CHECK_EQ(evaluating.apply(r).status, RecordStatus::ok);
      drain(proving);
      drain(evaluating);
      if (n < 3) continue;
      Order order = draw_order(draw, inputs.engine.instruments, draw.below(6), true);
      order.quantity *= draw.chance(0.3) ? draw.uniform(10, 200) : draw.uniform(0.1, 3);
      const CheckedOrder by_proof = proving.check(order);
      const CheckedOrder by_evaluation = evaluating.check(order);
      CHECK_EQ(by_proof.verdict, by_evaluation.verdict);
      CHECK_EQ(by_proof.shortfall, by_evaluation.shortfall);
      ++orders;
      refused += by_evaluation.verdict == CheckVerdict::refused_margin;
      if (draw.chance(0.05) && by_proof.verdict == CheckVerdict::accepted) {
        Record fill = trade(RecordType::fill, order, 0);
        fill.ts_ns = now;
        CHECK_EQ(proving.apply(fill).status, RecordStatus::ok);
        CHECK_EQ(evaluating.apply(fill).status, RecordStatus::ok);
        drain(proving);
        drain(evaluating);
      }
    }
    proofs += static_cast<long>(proving.counters().proofs);
    CHECK_EQ(evaluating.counters().proofs, std::uint64_t{0});
  }
  std::printf("  %ld orders: %ld by proof, %ld short of margin\n", orders, proofs, refused);
  CHECK(proofs > orders / 4);
  CHECK(refused > 50);
}

TEST(reduce_only_orders_reduce) {
  LiveInputs inputs = make_inputs(1, 9);
  PortfolioColumns& p = inputs.engine.portfolio;
  p = {};
  p.account_count = 1;
  p.position_account = p.position_pocket = p.position_instrument = {0};
  p.position_quantity = {5.0};
  p.position_entry_price = {60'000.0};
  p.balance_account = p.balance_pocket = p.balance_asset = {0};
  p.balance_amount = {1e6};
  inputs.engine.policies = make_policies(1);
  LiveEngine engine(inputs);
  for (std::int32_t u = 0; u < underlyings; ++u) {
    CHECK_EQ(int(engine.apply(index_tick(u, 1, index_at_start[u], start_ns)).status), 0);
  }
  const auto verdict = [&](double quantity) {
    return engine.check({0, 0, 0, quantity, 60'000.0}, true).verdict;
  };
  CHECK(verdict(-5.0) == CheckVerdict::accepted);
  CHECK(verdict(-5.1) == CheckVerdict::refused_not_reducing);
  CHECK(verdict(1.0) == CheckVerdict::refused_not_reducing);
  CHECK(engine.check({0, 0, 0, -11.0, 60'000.0}).verdict == CheckVerdict::accepted);
  // Given away, the position takes the account below its margin, though it needs less.
  CHECK(engine.check({0, 0, 0, -5.0, 1.0}).verdict == CheckVerdict::accepted);
  Record lost = make_record(RecordType::withdrawal, 0, start_ns);
  const LiveAccount row = engine.account(0);
  const auto equity = static_cast<double>(row.equity_initial);
  lost.value[0] =
      std::floor(1e6 * (equity - static_cast<double>(row.initial_margin)) / equity) - 100;
  CHECK_EQ(int(engine.apply(lost).status), 0);
  const CheckedOrder given = engine.check({0, 0, 0, -5.0, 1.0});
  CHECK_EQ(int(given.verdict), int(CheckVerdict::refused_margin));
  CHECK(given.shortfall == given.initial_after - given.equity_after && given.equity_after < 0);
  CHECK(engine.check({0, 0, 0, -5.0, 1.0}, true).verdict == CheckVerdict::refused_margin);
  // What rests counts with it: all of it may trade.
  Record resting = trade(RecordType::order, {0, 0, 0, -3.0, 61'000.0}, 1);
  resting.flags = flag_reduce_only;
  CHECK_EQ(int(engine.apply(resting).status), 0);
  CHECK(verdict(-2.0) == CheckVerdict::accepted);
  CHECK(verdict(-2.1) == CheckVerdict::refused_not_reducing);
  CHECK_EQ(int(engine.apply(trade(RecordType::order, {0, 0, 0, -2.0, 61'000.0}, 2)).status), 0);
  CHECK(verdict(-2.0) == CheckVerdict::accepted);  // an order of another kind is no promise
  CHECK(engine.check({0, 7, 0, -1.0, 60'000.0}, true).verdict ==
        CheckVerdict::refused_not_reducing);
  CHECK(engine.check({0, 0, 999, 1.0, 1.0}).verdict == CheckVerdict::refused_unknown);
  CHECK(engine.check({0, 0, 0, missing, 1.0}).verdict == CheckVerdict::refused_invalid);
}

}  // namespace

CHECK_MAIN()

// A drawn stream of everything that a live engine takes, refusals among it. What it draws depends
// on the seed and on what the engine answers, so equal engines are sent equal streams; a copy of it
// goes on as the original would.
#pragma once

#include <array>
#include <thread>

#include "live_book.hpp"

namespace live_stream {

using namespace live_book;

// Guards that quarantine, chains that halt, room to list, expiries within reach of the clock.
inline LiveInputs make_stream_inputs(std::int32_t accounts, std::uint64_t seed) {
  LiveInputs in = make_inputs(accounts, seed, 6);
  in.capacity.instruments = in.engine.instruments.size() + 8;
  in.capacity.pockets = static_cast<std::size_t>(3 * accounts);
  in.capacity.positions = static_cast<std::size_t>(40 * accounts);
  in.capacity.balances = static_cast<std::size_t>(12 * accounts);
  in.capacity.pocket_positions = 64;
  in.capacity.orders = 64;
  in.capacity.transfers = 64;
  in.settings.ladder_buckets = 1 << 10;
  in.settings.asset_chain = {0, 0, 1, 1, 0};
  in.settings.oracle[1].sources = 2;
  in.settings.oracle[2].band_ratio = 0.004;
  in.settings.oracle[2].band_cap_ratio = 0.02;
  in.settings.oracle[2].quarantine_limit_ns = 60'000'000'000;
  return in;
}

inline void drain(LiveEngine& engine) {
  std::array<Event, 64> events;
  while (engine.events(events) != 0) {
  }
}

class Stream {
 public:
  Stream(const LiveInputs& inputs, std::uint64_t seed)
      : instruments_(inputs.engine.instruments),
        accounts_(inputs.engine.portfolio.account_count),
        draw_(seed) {
    for (std::int32_t u = 0; u < underlyings; ++u) price_[u] = index_at_start[u];
  }

  // Sends the engine one thing, again while it has no room for it.
  Applied step(LiveEngine& engine) {
    drain(engine);
    if (draw_.chance(0.01)) {
      engine.stage_policies(++epoch_, make_policies(accounts_));
      return {RecordStatus::ok, engine.applied_seq()};
    }
    const Record record = next(engine);
    while (true) {
      const Applied applied = engine.apply(record);
      if (applied.status != RecordStatus::ring_full) {
        learn(record, applied.status);
        return applied;
      }
      drain(engine);
      std::this_thread::yield();
    }
  }

 private:
  Record next(LiveEngine& engine) {
    const double kind = draw_.uniform(0, 1);
    if (kind < 0.40) return tick();
    if (kind < 0.46) return clock();
    if (kind < 0.52) return volatility(RecordType::volatility);
    if (kind < 0.58) return volatility(RecordType::surface_stage);
    if (kind < 0.60) return commit();
    if (kind < 0.63) return forward(engine);
    if (kind < 0.66) return mark(engine);
    if (kind < 0.76) return trade(engine, RecordType::fill);
    if (kind < 0.80) return trade(engine, RecordType::order);
    if (kind < 0.82) return numbered(RecordType::cancel, order_);
    if (kind < 0.87) return transfer(RecordType::deposit);
    if (kind < 0.88) return numbered(RecordType::deposit_reversed, transfer_);
    if (kind < 0.91) return transfer(RecordType::withdrawal);
    if (kind < 0.92) return halt();
    if (kind < 0.93) return epoch();
    if (kind < 0.95) return one(RecordType::realised_vol, draw_.uniform(0.3, 1.2));
    if (kind < 0.96) return depth();
    if (kind < 0.97) return one(RecordType::trade_flow, draw_.uniform(-1e5, 1e5));
    if (kind < 0.975) return one(RecordType::operator_release, 0);
    if (kind < 0.98) return listing(engine);
    return expiry();
  }

  void learn(const Record& r, RecordStatus status) {
    if (status != RecordStatus::ok) return;
    if (r.type == RecordType::surface_commit) staged_[r.subject].fill(false);
    if (r.type == RecordType::surface_stage) {
      const auto i = static_cast<std::size_t>(r.subject);
      staged_[instruments_.underlying[i]][i % staged_[0].size()] = true;
    }
  }

  Record tick() {
    const std::int32_t u = draw_.below(underlyings);
    const double size = draw_.chance(0.05) ? 0.03 : 1e-3;
    price_[u] *= 1 + size * draw_.normal();
    now_ += 100'000'000;
    return index_tick(u, ++sequence_, price_[u], now_, u == 1 && draw_.chance(0.5) ? 1 : 0);
  }
  Record clock() {
    const std::size_t most = draw_.chance(0.5) ? 20'000'000'000'000 : 1'000'000'000;
    now_ += static_cast<TimeNs>(draw_.bits() % most);
    return make_record(RecordType::clock, 0, now_);
  }
  Record volatility(RecordType type) {
    const std::int32_t i = an_option(draw_, instruments_);
    Record r = make_record(type, i, now_);
    r.value[0] = draw_.uniform(0.5, 0.7);
    return r;
  }
  Record commit() {
    Record r = make_record(RecordType::surface_commit, draw_.below(underlyings), now_);
    for (const bool staged : staged_[r.subject]) r.detail += staged ? 1 : 0;
    return r;
  }
  Record forward(const LiveEngine& engine) {
    const std::int32_t node = draw_.below(2 * underlyings);
    Record r = make_record(RecordType::forward, node / 2, now_);
    r.detail = node;
    r.value[0] = engine.index_price(node / 2) * (1.001 + 1e-3 * draw_.normal());
    r.value[1] = 0.03;
    return r;
  }
  Record mark(const LiveEngine& engine) {
    const std::int32_t u = draw_.below(underlyings);
    const auto a_book = static_cast<std::int32_t>(instruments_.size() / underlyings);
    Record r = make_record(RecordType::mark, u * a_book + draw_.below(2), now_);
    r.value[0] = engine.index_price(u) * (1.001 + 1e-3 * draw_.normal());
    return r;
  }
  Record trade(const LiveEngine& engine, RecordType type) {
    const std::int32_t i = draw_.below(instruments_.size());
    const auto at = static_cast<std::size_t>(i);
    const std::int32_t u = instruments_.underlying[at];
    const double index = engine.index_price(u);
    Record r = make_record(type, i, now_);
    r.account = draw_.below(static_cast<std::size_t>(accounts_));
    r.pocket = draw_.below(2);
    r.value[0] = std::round(draw_.uniform(-9, 9)) * 6'000.0 / index_at_start[u];
    const double premium = instruments_.payoff[at] == Payoff::coin ? 0.03 : 0.03 * index;
    r.value[1] =
        instruments_.kind[at] == Kind::option ? premium : index * (1 + 1e-3 * draw_.normal());
    if (type == RecordType::order) r.sequence = ++order_;
    return r;
  }
  Record numbered(RecordType type, std::uint64_t last) {
    Record r = make_record(type, 0, now_);
    r.sequence = last - draw_.bits() % (last < 8 ? 1 : 8);
    return r;
  }
  Record transfer(RecordType type) {
    Record r = make_record(type, draw_.below(5), now_);
    const bool again = type == RecordType::deposit && draw_.chance(0.1);
    r.sequence = again ? transfer_ : ++transfer_;
    r.account = draw_.below(static_cast<std::size_t>(accounts_));
    const double price = r.subject >= 1 && r.subject <= 3 ? index_at_start[r.subject - 1] : 1.0;
    r.value[0] = draw_.uniform(10, 20'000) / price;
    // Ahead of the clock: what makes older deposits final.
    if (draw_.chance(0.2)) r.ts_ns += 2'000'000'000'000;
    return r;
  }
  Record halt() {
    Record r = make_record(RecordType::chain_halt, draw_.below(2), now_);
    r.flags = draw_.chance(0.3) ? flag_halted : 0;
    return r;
  }
  Record epoch() {
    Record r = make_record(RecordType::policy_epoch, 0, now_);
    r.sequence = epoch_ - draw_.bits() % (epoch_ < 2 ? 1 : 2);
    r.flags = draw_.chance(0.3) ? flag_rollback : 0;
    return r;
  }
  Record one(RecordType type, double value) {
    Record r = make_record(type, draw_.below(underlyings), now_);
    r.value[0] = value;
    return r;
  }
  Record depth() {
    Record r = one(RecordType::depth, draw_.uniform(1e6, 1e8));
    r.value[1] = draw_.uniform(1e6, 1e8);
    return r;
  }
  Record listing(const LiveEngine& engine) {
    const auto next_row = static_cast<std::int32_t>(engine.instrument_count());
    Record r = make_record(RecordType::instrument_listing, next_row, now_);
    r.account = draw_.below(underlyings);
    r.pocket = stable;
    r.detail = static_cast<std::int32_t>(Kind::option) | 1 << 16;
    r.sequence = static_cast<std::uint64_t>(start_ns + 30 * ns_per_day);
    r.value[0] = 0.1;
    r.value[1] = index_at_start[r.account];
    r.value[2] = 0.6;
    return r;
  }
  Record expiry() {
    return make_record(RecordType::instrument_expiry, draw_.below(instruments_.size()), now_);
  }

  InstrumentColumns instruments_;
  std::int32_t accounts_;
  Draw draw_;
  double price_[underlyings];
  std::array<std::array<bool, 256>, underlyings> staged_{};
  TimeNs now_ = start_ns;
  std::uint64_t sequence_ = 0, transfer_ = 0, order_ = 0, epoch_ = 0;
};

// An engine that never stopped, and the stream as it goes on from where that engine is.
struct Reference {
  LiveEngine engine;
  Stream stream;

  Reference(const LiveInputs& inputs, std::uint64_t seed) : engine(inputs), stream(inputs, seed) {}

  // To the state after `seq` changes; false if it is past it.
  bool run_to(std::uint64_t seq) {
    while (engine.applied_seq() < seq) stream.step(engine);
    return engine.applied_seq() == seq;
  }
};

}  // namespace live_stream

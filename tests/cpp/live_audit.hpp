// What the live engine's stream tests share: records drawn from a book, the auditor after each of
// them, and a frozen batch engine that must give the same bits.
#pragma once

#include <array>

#include "check.hpp"
#include "live_book.hpp"

namespace live_audit {

using namespace live_book;

inline void drain(LiveEngine& engine) {
  std::array<Event, 256> events;
  while (engine.events(events) != 0) {
  }
}

// Applies a record; the number of pockets whose kept state is not what brute force finds.
inline std::size_t differences(LiveEngine& engine, const Record& record, RecordStatus* status) {
  *status = engine.apply(record).status;
  drain(engine);
  return engine.audit();
}

inline void apply_ok(LiveEngine& engine, const Record& record) {
  RecordStatus status;
  const std::size_t wrong = differences(engine, record, &status);
  CHECK_EQ(wrong, std::size_t{0});
  CHECK_EQ(status, RecordStatus::ok);
}

inline Record clock_at(TimeNs ts_ns) {
  return make_record(RecordType::clock, 0, ts_ns);
}

inline Record policy_epoch(std::uint64_t epoch, double grace_seconds, TimeNs ts_ns,
                           std::uint32_t flags = 0) {
  Record r = make_record(RecordType::policy_epoch, 0, ts_ns);
  r.sequence = epoch;
  r.flags = flags;
  r.value[0] = grace_seconds;
  return r;
}

// Every account against a recompute of the frozen state, every number to the bit.
inline void same_as_frozen(LiveEngine& engine, int decimals = 6, int threads = 1) {
  const Engine frozen = engine.freeze();
  RecomputeOptions options;
  options.threads = threads;
  const Result result = frozen.recompute(options);
  const double tick = std::pow(10.0, decimals);
  long wrong = 0;
  for (std::size_t a = 0; a < engine.account_count(); ++a) {
    const LiveAccount row = engine.account(static_cast<AccountIndex>(a));
    const bool known = row.state != State::undecidable;
    wrong += known != (result.accounts.state[a] != State::undecidable);
    wrong += row.status != result.accounts.status[a];
    if (!known) continue;
    const auto differs = [tick](Ticks ticks, double amount) {
      return !check::same_bits(static_cast<double>(ticks) / tick, amount);
    };
    wrong += differs(row.equity, result.accounts.equity[a]);
    wrong += differs(row.equity_initial, result.accounts.equity_initial[a]);
    wrong += differs(row.initial_margin, result.accounts.initial_margin[a]);
    wrong += differs(row.maintenance_margin, result.accounts.maintenance_margin[a]);
    wrong += row.slack != result.accounts.slack_ticks[a];
  }
  CHECK_EQ(wrong, 0L);
}

// The lines of an account, added in order, against the numbers in its row; single pockets only.
inline void lines_add_up(const Engine& frozen, AccountIndex account, const LiveAccount& row,
                         int decimals = 6) {
  const Explanation e = frozen.explain(account);
  const double tick = std::pow(10.0, decimals);
  double maintenance = 0, equity = 0;
  for (const ExplainedRequirement& line : e.requirement) {
    if (line.component == "rounding") {
      CHECK_SAME_BITS(static_cast<double>(row.maintenance_margin) / tick - maintenance,
                      line.maintenance);
    }
    maintenance += line.maintenance;
  }
  for (const ExplainedEquity& line : e.equity) {
    if (line.kind == "rounding") {
      CHECK_SAME_BITS(static_cast<double>(row.equity) / tick - equity, line.maintenance);
    }
    equity += line.maintenance;
  }
}

// Random records of the kinds that move numbers; time moves with them.
class Stream {
 public:
  Stream(LiveEngine& engine, const LiveInputs& inputs, std::uint64_t seed, TimeNs now)
      : instruments_(inputs.engine.instruments), draw_(seed), now_(now) {
    for (std::int32_t u = 0; u < underlyings; ++u) price_[u] = index_at_start[u];
    for (std::int32_t u = 0; u < underlyings; ++u) apply_ok(engine, tick(u, 0));
  }

  Record next(const LiveEngine& engine, TimeNs step_ns) {
    now_ += static_cast<TimeNs>(draw_.uniform(0, static_cast<double>(step_ns)));
    const double kind = draw_.uniform(0, 1);
    if (kind < 0.5) return tick(draw_.below(underlyings), draw_.chance(0.05) ? 0.02 : 1e-3);
    if (kind < 0.75) return clock_at(now_);
    if (kind < 0.85) return fill(engine);
    if (kind < 0.9) return realised_vol();
    return volatility();
  }
  TimeNs now() const { return now_; }

 private:
  Record tick(std::int32_t u, double size) {
    price_[u] *= 1 + size * draw_.normal();
    return index_tick(u, ++sequence_, price_[u], now_);
  }
  Record realised_vol() {
    Record r = make_record(RecordType::realised_vol, draw_.below(underlyings), now_);
    r.value[0] = draw_.uniform(0.3, 1.0);
    return r;
  }
  Record volatility() {
    const std::int32_t i = an_option(draw_, instruments_);
    Record r = make_record(RecordType::volatility, i, now_);
    r.value[0] = draw_.uniform(0.5, 0.7);
    return r;
  }
  Record fill(const LiveEngine& engine) {
    const std::int32_t i = draw_.below(instruments_.size());
    const auto at = static_cast<std::size_t>(i);
    const std::int32_t u = instruments_.underlying[at];
    Record r = make_record(RecordType::fill, i, now_);
    r.account = draw_.below(engine.account_count());
    r.value[0] = draw_.chance(0.5) ? 1 : -1;
    const bool coin = instruments_.payoff[at] == Payoff::coin;
    r.value[1] = instruments_.kind[at] == Kind::option ? (coin ? 0.03 : 0.03 * index_at_start[u])
                                                       : engine.index_price(u);
    return r;
  }

  const InstrumentColumns& instruments_;
  Draw draw_;
  double price_[underlyings];
  TimeNs now_;
  std::uint64_t sequence_ = 0;
};

}  // namespace live_audit

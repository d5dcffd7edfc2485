// Random records for the live engine. Moves are drawn around the width of a band, so that some stop
// just inside it and some just outside; bursts move every risk factor before anything is renewed.
#pragma once

#include <array>
#include <cstdio>
#include <deque>

#include "live_book.hpp"

namespace live_book {

// How often a state was entered from a better one, from a worse one.
struct Moves {
  std::array<long, 6> worse{}, better{};

  void read(LiveEngine& engine) {
    std::array<Event, 256> events;
    while (const std::size_t n = engine.events(events)) {
      for (std::size_t e = 0; e < n; ++e) {
        if (events[e].type != EventType::account || events[e].after == events[e].before) continue;
        (events[e].after > events[e].before ? worse : better)[events[e].after]++;
      }
    }
  }
  long all_worse() const { return sum(worse); }
  long all_better() const { return sum(better); }

 private:
  static long sum(const std::array<long, 6>& counts) {
    long all = 0;
    for (const long n : counts) all += n;
    return all;
  }
};

// Accounts whose state hangs on what a band must prove: options on both sides of the money with
// nothing else, spreads over all indices, strikes between the nodes of the grid. In dollars.
inline void add_specialists(LiveInputs& in, std::int32_t first, std::int32_t last,
                            std::uint64_t seed) {
  const InstrumentColumns& c = in.engine.instruments;
  PortfolioColumns& p = in.engine.portfolio;
  const auto each = static_cast<std::int32_t>(c.size()) / underlyings;
  Draw draw(seed);
  const auto hold = [&](std::int32_t account, std::int32_t instrument, double contracts) {
    const auto at = static_cast<std::size_t>(instrument);
    const double index = index_at_start[c.underlying[at]];
    p.position_account.push_back(account);
    p.position_pocket.push_back(0);
    p.position_instrument.push_back(instrument);
    p.position_quantity.push_back(contracts * 60'000.0 / index);
    p.position_entry_price.push_back(c.kind[at] == Kind::option ? missing : index);
  };
  for (std::int32_t a = first; a < last; ++a) {
    const std::int32_t u = draw.below(underlyings);
    const double size = draw.uniform(20, 60) * (draw.chance(0.5) ? 1 : -1);
    // Of an underlying: 3 linear contracts, then by strike put (coin, linear), call (coin, linear).
    const auto option = [&](int strike, bool call, bool dollars) {
      return u * each + 3 + strike * 4 + (call ? 2 : 0) + (dollars ? 1 : 0);
    };
    const bool dollars = draw.chance(0.5);
    if (a % 4 == 0) {
      for (std::int32_t v = 0; v < underlyings; ++v) hold(a, v * each, draw.chance(0.5) ? 9 : -9);
    } else if (a % 4 == 1) {
      const int strike = 2 + draw.below(3);
      for (const bool call : {false, true}) hold(a, option(strike, call, dollars), size);
    } else if (a % 4 == 2) {
      const int strike = 1 + draw.below(4);
      hold(a, option(strike, false, dollars), std::fabs(size));
      hold(a, option(strike + draw.below(2), true, dollars), std::fabs(size));
    } else {
      hold(a, option(2 + draw.below(3), draw.chance(0.5), dollars), size);
      hold(a, u * each, -0.5 * size);
    }
    p.balance_account.push_back(a);
    p.balance_pocket.push_back(0);
    p.balance_asset.push_back(0);
    p.balance_amount.push_back(3e4);
  }
  p.account_count = last;
}

class Bursts {
 public:
  Bursts(LiveEngine& engine, const LiveInputs& inputs, std::uint64_t seed)
      : engine_(&engine),
        instruments_(inputs.engine.instruments),
        policies_(inputs.engine.policies),
        draw_(seed) {
    vols_ = inputs.engine.market.mark_vol_annual;
    nodes_ = static_cast<std::int32_t>(inputs.engine.market.forward_price.size());
    each_ = static_cast<std::int32_t>(instruments_.size()) / underlyings;
  }

  // The engine goes on as another one: what was saved and loaded.
  void follow(LiveEngine& engine) { engine_ = &engine; }

  // The next record. A burst's records come one after the other.
  Record next() {
    if (waiting_.empty()) draw_some();
    const Record r = waiting_.front();
    waiting_.pop_front();
    return r;
  }
  bool between_bursts() const { return waiting_.empty(); }

  Record first_tick(std::int32_t u) { return tick_of(u, 0.0); }

 private:
  void draw_some() {
    const double kind = draw_.uniform(0, 1);
    if (kind < 0.63) {
      push(tick_of(draw_.below(underlyings), some_move() * draw_.normal()));
    } else if (kind < 0.71) {
      burst();
    } else if (kind < 0.79) {
      push(volatility(option()));
    } else if (kind < 0.80) {
      surface();
    } else if (kind < 0.83) {
      push(forward());
    } else if (kind < 0.86) {
      push(clock());
    } else if (kind < 0.88) {
      push(mark());
    } else if (kind < 0.91) {
      push(fill());
    } else if (kind < 0.92) {
      push(deposit(draw_.below(engine_->account_count()), draw_.below(5)));
    } else {
      to_a_border(draw_.below(engine_->account_count()));
    }
  }
  void push(const Record& r) { waiting_.push_back(r); }

  // Bands are 1e-5 to 1e-2 of the index wide, as gaps are.
  double some_move() { return std::exp(draw_.uniform(std::log(1e-5), std::log(1.5e-2))); }

  Record tick_of(std::int32_t u, double move) {
    double& x = log_price_[u];
    x += move;
    if (std::fabs(x) > 0.12) x *= 0.5;
    now_ += 20'000'000;
    return index_tick(u, ++sequence_, index_at_start[u] * std::exp(x), now_);
  }

  // All indices the same way by about as much as bands are wide, with volatilities or time.
  void burst() {
    const double size = some_move() * (draw_.chance(0.5) ? 1 : -1);
    for (std::int32_t u = 0; u < underlyings; ++u) push(tick_of(u, size * draw_.uniform(0.7, 1)));
    if (draw_.chance(0.3)) surface();
    if (draw_.chance(0.2)) push(clock());
  }

  Record volatility(std::int32_t i) {
    double& vol = vols_[static_cast<std::size_t>(i)];
    const double size = draw_.chance(0.1) ? 0.03 : 0.003;
    vol = std::fmin(std::fmax(vol * (1 + size * draw_.normal()), 0.3), 1.2);
    Record r = make_record(RecordType::volatility, i, now_);
    r.value[0] = vol;
    return r;
  }

  // A whole surface by one level.
  void surface() {
    const std::int32_t u = draw_.below(underlyings);
    const double level = std::exp(draw_.uniform(-0.01, 0.01));
    std::int32_t staged = 0;
    for (std::int32_t i = u * each_; i < (u + 1) * each_; ++i) {
      const auto at = static_cast<std::size_t>(i);
      if (instruments_.kind[at] != Kind::option) continue;
      vols_[at] = std::fmin(std::fmax(vols_[at] * level, 0.3), 1.2);
      Record r = make_record(RecordType::surface_stage, i, now_);
      r.value[0] = vols_[at];
      push(r);
      ++staged;
    }
    Record r = make_record(RecordType::surface_commit, u, now_);
    r.detail = staged;
    push(r);
  }

  Record clock() {
    const std::uint64_t most = draw_.chance(0.02) ? 600'000'000'000 : 1'000'000'000;
    now_ += static_cast<TimeNs>(draw_.bits() % most);
    return make_record(RecordType::clock, 0, now_);
  }

  double price(std::int32_t u) const { return index_at_start[u] * std::exp(log_price_[u]); }

  Record forward() {
    const std::int32_t node = draw_.below(static_cast<std::size_t>(nodes_));
    Record r = make_record(RecordType::forward, node / 2, now_);
    r.detail = node;
    r.value[0] = price(node / 2) * (1 + (node % 2 ? 60 : 10) * 1e-4 + 1e-4 * draw_.normal());
    r.value[1] = 0.03 + 1e-3 * draw_.normal();
    return r;
  }

  Record mark() {
    const std::int32_t u = draw_.below(underlyings);
    Record r = make_record(RecordType::mark, u * each_ + draw_.below(2), now_);
    r.value[0] = price(u) * (1.001 + 2e-4 * draw_.normal());
    return r;
  }

  Record fill_of(std::int32_t account, std::int32_t i, double quantity, double at) {
    Record r = make_record(RecordType::fill, i, now_);
    r.account = account;
    r.value[0] = quantity;
    r.value[1] = at;
    return r;
  }

  // Books stay as they are drawn: what was traded is traded back in time.
  Record fill() {
    if (fills_.size() > 100) {
      Record back = fills_.front();
      fills_.pop_front();
      back.ts_ns = now_;
      back.value[0] = -back.value[0];
      return back;
    }
    const std::int32_t i = draw_.below(instruments_.size());
    const auto at = static_cast<std::size_t>(i);
    const std::int32_t u = instruments_.underlying[at];
    double quantity = std::round(draw_.uniform(-9, 9)) * 6'000.0 / index_at_start[u];
    if (quantity == 0) quantity = 1;
    const bool coin = instruments_.payoff[at] == Payoff::coin;
    const double premium = coin ? 0.03 : 0.03 * index_at_start[u];
    const bool option = instruments_.kind[at] == Kind::option;
    const double paid = option ? premium : price(u) * (1 + 1e-3 * draw_.normal());
    fills_.push_back(fill_of(draw_.below(engine_->account_count()), i, quantity, paid));
    return fills_.back();
  }

  Record deposit(std::int32_t account, std::int32_t asset) {
    Record r = make_record(RecordType::deposit, asset, now_);
    r.sequence = ++transfer_;
    r.account = account;
    r.value[0] = draw_.uniform(10, 5'000) / (asset >= 1 && asset <= 3 ? price(asset - 1) : 1.0);
    return r;
  }

  // Brings an account within 1 % of one of the borders of its state: by a deposit, or by an option
  // bought dear and sold for nothing.
  void to_a_border(std::int32_t account) {
    const LiveAccount row = engine_->account(account);
    if (row.state == State::undecidable || row.maintenance_margin == 0) return push(clock());
    const Levels& levels = policies_
                               .policies[static_cast<std::size_t>(
                                   policies_.account_policy[static_cast<std::size_t>(account)])]
                               .levels;
    const double at[] = {levels.warning, levels.margin_call, levels.liquidation};
    const double border = at[draw_.below(3)] * (draw_.chance(0.5) ? 1.0 : 1.02);
    const double wanted = border * (1 + 0.01 * std::pow(draw_.uniform(-1, 1), 5));
    const double missing_amount =
        (wanted * static_cast<double>(row.maintenance_margin) - static_cast<double>(row.equity)) *
        1e-6;
    if (missing_amount > 0) {
      Record r = deposit(account, 0);
      r.value[0] = missing_amount / 0.9603 + 1e-6;
      return push(r);
    }
    const std::int32_t i = each_ - 1;  // a linear option: paid in the stable coin
    push(fill_of(account, i, 1.0, -missing_amount / 0.0959 + 1e-6));
    push(fill_of(account, i, -1.0, 0.0));
  }

  std::int32_t option() {
    while (true) {
      const std::int32_t i = draw_.below(instruments_.size());
      if (instruments_.kind[static_cast<std::size_t>(i)] == Kind::option) return i;
    }
  }

  LiveEngine* engine_;
  const InstrumentColumns& instruments_;
  const PolicySet& policies_;
  Draw draw_;
  std::deque<Record> waiting_, fills_;
  double log_price_[underlyings] = {};
  std::vector<double> vols_;
  std::int32_t nodes_ = 0, each_ = 0;
  TimeNs now_ = start_ns;
  std::uint64_t sequence_ = 0, transfer_ = 0;
};

}  // namespace live_book

// A matching engine with the margin engine inside: drawn traders on a drawn venue, prices that
// fall, orders checked before they match. In the end a second engine is fed the same records.
//
//   matching_engine [orders] [seed]
#include <cinttypes>
#include <cmath>
#include <cstring>

#include "exchange.hpp"
#include "live_book.hpp"

using namespace matching;
using live_book::Draw;

namespace {

constexpr std::int32_t accounts = 120;

// What a contract is worth about now, in the units of its price.
double fair_price(const InstrumentColumns& instruments, std::size_t i, double index) {
  if (instruments.kind[i] != Kind::option) return index;
  return instruments.payoff[i] == Payoff::coin ? 0.05 : 0.05 * index;
}

class Traders {
 public:
  Traders(Exchange& exchange, const LiveInputs& inputs, const std::vector<double>& tick_size,
          std::uint64_t seed)
      : exchange_(exchange), inputs_(inputs), tick_size_(tick_size), draw_(seed) {}

  void open() {
    for (std::int32_t u = 0; u < live_book::underlyings; ++u) move_index(u, 0);
  }

  long verdicts[10] = {};
  long compared = 0;

  void step() {
    now_ += 20'000'000;
    const double kind = draw_.uniform(0, 1);
    if (kind < 0.25) {
      // A market that falls, with a jump now and then.
      move_index(draw_.below(live_book::underlyings),
                 -1e-4 + 1e-3 * draw_.normal() - (draw_.chance(0.01) ? 0.02 : 0));
    } else if (kind < 0.27) {
      exchange_.send(live_book::make_record(RecordType::clock, 0, now_));
    } else {
      order();
    }
  }

 private:
  void move_index(std::int32_t u, double change) {
    double& price = price_[static_cast<std::size_t>(u)];
    price *= 1 + change;
    const RecordStatus status = exchange_.send(live_book::index_tick(u, ++sequence_, price, now_));
    require(status == RecordStatus::ok, "a price is taken");
  }

  void order() {
    const InstrumentColumns& instruments = inputs_.engine.instruments;
    const std::int32_t each =
        static_cast<std::int32_t>(instruments.size()) / live_book::underlyings;
    const std::int32_t i = draw_.below(live_book::underlyings) * each + draw_.below(7);
    const auto at = static_cast<std::size_t>(i);
    const double fair = fair_price(instruments, at,
                                   exchange_.margin.engine.index_price(instruments.underlying[at]));
    const auto price = static_cast<std::int64_t>(fair / tick_size_[at] + 3 * draw_.normal());
    const double contract = instruments.payoff[at] == Payoff::inverse ? 10.0 : 0.1 * fair_index(at);
    const double wanted = std::exp(draw_.uniform(std::log(100.0), std::log(300'000.0)));
    const auto size = std::max<std::int64_t>(1, static_cast<std::int64_t>(wanted / contract));
    const bool reduce_only = draw_.chance(0.05);
    const std::int32_t account = draw_.below(accounts);
    const std::int64_t signed_size = draw_.chance(0.5) ? size : -size;
    if (draw_.chance(0.01)) compare_with_what_if(account, i, signed_size, price);
    const CheckedOrder checked =
        exchange_.submit(account, i, signed_size, price, reduce_only, now_);
    ++verdicts[static_cast<std::size_t>(checked.verdict)];
  }

  // No order is accepted that a recompute of the account with it would refuse.
  void compare_with_what_if(std::int32_t account, std::int32_t instrument, std::int64_t size,
                            std::int64_t price) {
    LiveEngine& engine = exchange_.margin.engine;
    const Order order{
        account, 0, instrument, static_cast<double>(size),
        static_cast<double>(price) * tick_size_[static_cast<std::size_t>(instrument)]};
    if (engine.check(order).verdict != CheckVerdict::accepted) return;
    const OrderEffect effect = engine.freeze().what_if({order})[0];
    require(effect.verdict <= OrderVerdict::accepted_reduces, "a recompute accepts it too");
    ++compared;
  }

  double fair_index(std::size_t i) const {
    return price_[static_cast<std::size_t>(inputs_.engine.instruments.underlying[i])];
  }

  Exchange& exchange_;
  const LiveInputs& inputs_;
  const std::vector<double>& tick_size_;
  Draw draw_;
  double price_[live_book::underlyings] = {60'000.0, 3'000.0, 150.0};
  TimeNs now_ = live_book::start_ns;
  std::uint64_t sequence_ = 0;
};

// The live rows are what a recompute from nothing gives.
void compare_with_recompute(LiveEngine& engine) {
  const Result result = engine.freeze().recompute();
  for (std::int32_t a = 0; a < accounts; ++a) {
    const LiveAccount row = engine.account(a);
    const auto at = static_cast<std::size_t>(a);
    require((row.state == State::undecidable) == (result.accounts.state[at] == State::undecidable),
            "live and recompute agree on who is undecidable");
    if (row.state == State::undecidable) continue;
    require(row.slack == result.accounts.slack_ticks[at], "live slack is recompute's");
    require(static_cast<double>(row.initial_margin) / 1e6 == result.accounts.initial_margin[at],
            "live initial margin is recompute's");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const long orders = argc > 1 ? std::atol(argv[1]) : 20'000;
  const auto seed = static_cast<std::uint64_t>(argc > 2 ? std::atoll(argv[2]) : 1);
  LiveInputs inputs = live_book::make_inputs(accounts, seed);
  inputs.capacity.positions = 20'000;
  inputs.capacity.orders = static_cast<std::size_t>(orders) + 1;
  std::vector<double> tick_size;
  for (std::size_t i = 0; i < inputs.engine.instruments.size(); ++i) {
    const auto u = static_cast<std::size_t>(inputs.engine.instruments.underlying[i]);
    tick_size.push_back(
        fair_price(inputs.engine.instruments, i, inputs.engine.market.index_price[u]) / 2'000);
  }

  Exchange exchange(inputs, tick_size);
  Traders traders(exchange, inputs, tick_size, seed + 1);
  traders.open();
  while (exchange.statistics.orders < orders) {
    traders.step();
    if (exchange.records.size() % 2'000 == 0) {
      require(exchange.margin.engine.audit() == 0, "every state is what an evaluation says");
    }
  }
  require(exchange.margin.engine.audit() == 0, "every state is what an evaluation says");
  require(!exchange.crossed(), "no book is crossed");
  compare_with_recompute(exchange.margin.engine);

  Margined replay(inputs);
  for (const Record& record : exchange.records) replay.send(record);
  replay.drain();
  exchange.margin.drain();
  const std::uint64_t hash = exchange.margin.engine.state_hash();
  require(replay.engine.state_hash() == hash, "a replay ends in the same state");
  require(replay.events.size() == exchange.margin.events.size() &&
              std::memcmp(replay.events.data(), exchange.margin.events.data(),
                          replay.events.size() * sizeof(Event)) == 0,
          "a replay tells the same events");
  LiveEngine loaded = LiveEngine::load(exchange.margin.engine.save());
  require(loaded.state_hash() == hash, "what is saved comes back");

  const Statistics& s = exchange.statistics;
  std::printf("%ld orders: %ld refused, %ld trades of %" PRId64
              " contracts, %ld not rested, "
              "%ld withdrawn, %" PRId64 " contracts rest\n",
              s.orders, s.refused, s.trades, exchange.contracts_traded, s.not_rested, s.withdrawn,
              exchange.resting());
  for (int v = 0; v < 10; ++v) {
    if (traders.verdicts[v] == 0) continue;
    std::printf("  %s: %ld\n", check_verdict_name(static_cast<CheckVerdict>(v)),
                traders.verdicts[v]);
  }
  std::printf("%zu records, %zu events, hash %016" PRIx64 "\n", exchange.records.size(),
              exchange.margin.events.size(), hash);
  require(traders.compared > orders / 500, "orders are compared with a recompute");
  require(s.trades > orders / 20 && s.refused > orders / 50 && s.withdrawn > 0,
          "orders trade, are refused and withdrawn");
  return 0;
}

// What it costs to come in through the C table instead of C++: the same call on the same engine
// both ways, in one interleaved run. The crossing is the difference; it shows where the call itself
// is short, and drowns in the noise of the machine where it is long. The answers are compared.
//
//   bench_doors
#include <bit>
#include <string>

#include "../../tests/cpp/live_book.hpp"
#include "capi/handle.hpp"
#include "harness.hpp"

using namespace tickmargin;

namespace {

constexpr int calls = 1'000;
constexpr std::int32_t accounts = 200;

// Found at run time, as a user's program finds it.
const tickmargin_api* table() {
  static const tickmargin_api* volatile api = tickmargin_api_get(TICKMARGIN_ABI_VERSION);
  return api;
}

struct Pair {
  std::string what;
  std::function<std::int64_t()> direct, through_table;  // `calls` calls; a sum of the answers
};

void race(const Pair& pair, int rounds) {
  harness::require(pair.direct() == pair.through_table(), pair.what);
  std::int64_t sum = 0;
  std::vector<harness::Contestant> both;
  both.push_back({"direct", [&] { harness::keep(sum += pair.direct()); }, 1, {}});
  both.push_back({"table", [&] { harness::keep(sum += pair.through_table()); }, 1, {}});
  harness::race(both, rounds, 5e5);
  std::vector<double> crossing;
  for (std::size_t r = 0; r < both[0].times.size(); ++r) {
    crossing.push_back((both[1].times[r] - both[0].times[r]) / calls);
  }
  std::printf("%-44s  C++ %8.1f  C table %8.1f  crossing %6.1f ns\n", pair.what.c_str(),
              harness::median(both[0].times) / calls, harness::median(both[1].times) / calls,
              harness::median(crossing));
  harness::require(pair.direct() == pair.through_table(), pair.what);
}

Pair checks(const std::string& what, LiveEngine& engine, const Order& order) {
  tickmargin_engine* handle = capi::handle_of(&engine);
  const tickmargin_order c_order{order.account,  order.pocket, order.instrument, 0,
                                 order.quantity, order.price};
  return {what,
          [&engine, order] {
            std::int64_t sum = 0;
            for (int n = 0; n < calls; ++n) {
              const CheckedOrder checked = engine.check(order);
              sum += static_cast<int>(checked.verdict) + checked.equity_after;
            }
            return sum;
          },
          [handle, c_order] {
            const tickmargin_api* api = table();
            std::int64_t sum = 0;
            tickmargin_checked_order checked;
            for (int n = 0; n < calls; ++n) {
              sum += api->check(handle, &c_order, &checked);
              sum += checked.equity_after_ticks;
            }
            return sum;
          }};
}

// The same record each time, or one after the other where `next` changes it.
template <class Next>
Pair applies(const std::string& what, LiveEngine& engine, Record& record, Next next) {
  tickmargin_engine* handle = capi::handle_of(&engine);
  return {what,
          [&engine, &record, next] {
            std::int64_t sum = 0;
            for (int n = 0; n < calls; ++n) {
              next(record);
              sum += static_cast<int>(engine.apply(record).status);
            }
            return sum;
          },
          [handle, &record, next] {
            const tickmargin_api* api = table();
            std::int64_t sum = 0;
            for (int n = 0; n < calls; ++n) {
              next(record);
              const auto c_record = std::bit_cast<tickmargin_record>(record);
              sum += api->apply(handle, &c_record);
            }
            return sum;
          }};
}

Pair reads(const std::string& what, LiveEngine& engine, bool published) {
  tickmargin_engine* handle = capi::handle_of(&engine);
  return {what,
          [&engine, published] {
            std::int64_t sum = 0;
            for (std::int32_t n = 0; n < calls; ++n) {
              const std::int32_t a = n % accounts;
              sum += (published ? engine.published(a) : engine.account(a)).slack;
            }
            return sum;
          },
          [handle, published] {
            const tickmargin_api* api = table();
            std::int64_t sum = 0;
            tickmargin_account row{};
            row.size = sizeof row;
            for (std::int32_t n = 0; n < calls; ++n) {
              const std::int32_t a = n % accounts;
              published ? api->published(handle, a, &row) : api->account(handle, a, &row);
              sum += row.slack_ticks;
            }
            return sum;
          }};
}

}  // namespace

int main() {
  const LiveInputs inputs = live_book::make_inputs(accounts, 1);
  LiveEngine engine(inputs);
  for (std::int32_t u = 0; u < live_book::underlyings; ++u) {
    engine.apply(live_book::index_tick(u, 1, live_book::index_at_start[u], live_book::start_ns));
  }
  constexpr int rounds = 41;
  std::printf("kernels %s, %d accounts, medians of %d rounds of %d calls\n", table()->kernel_name(),
              accounts, rounds, calls);
  race(checks("check, refused at once (no such account)", engine, {-1, 0, 0, 1.0, 60'000.0}),
       rounds);
  race(checks("check, one more perpetual", engine, {1, 0, 0, 1.0, 60'000.0}), rounds);

  Record same = live_book::index_tick(0, 1, live_book::index_at_start[0], live_book::start_ns);
  race(applies("apply, the same index tick again", engine, same, [](Record&) {}), rounds);
  Record tick = same;
  race(applies("apply, an index tick", engine, tick,
               [](Record& r) {
                 ++r.sequence;
                 r.value[0] = 60'000.0 + 0.5 * static_cast<double>(r.sequence % 2);
               }),
       3);
  race(reads("account", engine, false), rounds);
  race(reads("published", engine, true), rounds);
  harness::require(engine.audit() == 0, "the engine is right after all of it");
  return 0;
}

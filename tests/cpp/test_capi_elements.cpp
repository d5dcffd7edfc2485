// One bad element among good ones, at the first, middle and last place of the C table's calls.
#include <bit>
#include <limits>
#include <vector>

#include "capi/handle.hpp"
#include "check.hpp"
#include "live_book.hpp"

using namespace live_book;

namespace {

constexpr std::size_t good = 4;
constexpr std::size_t places[] = {0, 2, good};

const tickmargin_api& api() {
  return *tickmargin_api_get(TICKMARGIN_ABI_VERSION);
}

LiveEngine running() {
  LiveEngine engine(make_inputs(50, 3));
  for (std::int32_t u = 0; u < underlyings; ++u) {
    engine.apply(index_tick(u, 1, index_at_start[u], start_ns));
  }
  return engine;
}

tickmargin_record tick(std::uint64_t sequence, double price) {
  return std::bit_cast<tickmargin_record>(
      index_tick(0, sequence, price, start_ns + static_cast<TimeNs>(sequence)));
}

std::vector<tickmargin_record> good_ticks() {
  std::vector<tickmargin_record> ticks;
  for (std::uint64_t n = 2; n < 2 + good; ++n) ticks.push_back(tick(n, index_at_start[0]));
  return ticks;
}

template <class Row>
std::vector<Row> with(std::vector<Row> rows, std::size_t place, const Row& bad) {
  rows.insert(rows.begin() + static_cast<std::ptrdiff_t>(place), bad);
  return rows;
}

struct BadRecord {
  const char* answer;
  tickmargin_record record;
};

std::vector<BadRecord> bad_records() {
  std::vector<BadRecord> bad;
  for (const std::uint64_t word : {0x7ff8000000000000ULL, 0x7ff0000000000001ULL,
                                   0xfff7ffffffffffffULL, 0x7ff0000000000000ULL}) {
    bad.push_back({"not_finite", tick(99, std::bit_cast<double>(word))});
  }
  for (const double price : {0.0, -0.0, -1.0}) bad.push_back({"not_positive", tick(99, price)});
  tickmargin_record record = tick(99, 6e4);
  record.type = 99;
  bad.push_back({"unknown_type", record});
  record = tick(99, 6e4);
  record.flags = 1;
  bad.push_back({"reserved_not_zero", record});
  record = tick(99, 6e4);
  record.subject = underlyings;
  bad.push_back({"unknown_underlying", record});
  record = tick(99, 6e4);
  record.ts_ns = INT64_MAX;
  bad.push_back({"out_of_range", record});
  record = tick(99, 6e4);
  record.sequence = 0;
  bad.push_back({"out_of_order", record});
  record = tick(99, 6e4);
  record.ts_ns = 1;
  bad.push_back({"time_reversed", record});
  return bad;
}

TEST(a_bad_record_refuses_itself) {
  LiveEngine without = running();
  for (const tickmargin_record& r : good_ticks()) without.apply(std::bit_cast<Record>(r));
  const std::vector<std::byte> bytes = running().save();
  for (const BadRecord& bad : bad_records()) {
    for (const std::size_t place : places) {
      const std::vector<tickmargin_record> rows = with(good_ticks(), place, bad.record);
      LiveEngine engine = LiveEngine::load(bytes);
      std::vector<std::uint8_t> status(rows.size());
      const auto count = static_cast<std::int64_t>(rows.size());
      CHECK_EQ(api().apply_many(capi::handle_of(&engine), rows.data(), count, status.data()),
               count);
      for (std::size_t n = 0; n < rows.size(); ++n) {
        CHECK_EQ(std::string(api().record_status_name(status[n])),
                 std::string(n == place ? bad.answer : "ok"));
      }
      CHECK_EQ(engine.state_hash(), without.state_hash());
    }
  }
}

TEST(a_bad_order_refuses_itself_and_a_flag_refuses_the_call) {
  LiveEngine engine = running();
  tickmargin_engine* const handle = capi::handle_of(&engine);
  const std::uint64_t hash = engine.state_hash();
  std::vector<tickmargin_order> orders;
  for (std::int32_t a = 0; a < static_cast<std::int32_t>(good); ++a) {
    orders.push_back({a, 0, 0, 0, 1.0, index_at_start[0]});
  }
  std::vector<tickmargin_checked_order> alone(good);
  CHECK_EQ(api().check_many(handle, orders.data(), good, alone.data()), std::int64_t{good});

  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<tickmargin_order, std::int32_t>> bad = {
      {{0, 0, 0, 0, nan, 6e4}, TICKMARGIN_REFUSED_INVALID},
      {{0, 0, 0, 0, -infinity, 6e4}, TICKMARGIN_REFUSED_INVALID},
      {{0, 0, 0, 0, 0.0, 6e4}, TICKMARGIN_REFUSED_INVALID},
      {{0, 0, 0, 0, 1.0, std::numeric_limits<double>::signaling_NaN()}, TICKMARGIN_REFUSED_INVALID},
      {{0, 0, 0, 0, 1.0, infinity}, TICKMARGIN_REFUSED_INVALID},
      {{0, 0, 0, 0, 1.0, -5e-324}, TICKMARGIN_REFUSED_INVALID},
      {{0, -1, 0, 0, 1.0, 6e4}, TICKMARGIN_REFUSED_INVALID},
      {{50, 0, 0, 0, 1.0, 6e4}, TICKMARGIN_REFUSED_UNKNOWN},
      {{0, 0, -1, 0, 1.0, 6e4}, TICKMARGIN_REFUSED_UNKNOWN},
  };
  for (const std::size_t place : places) {
    std::vector<tickmargin_checked_order> checked(good + 1);
    for (const auto& [order, verdict] : bad) {
      const std::vector<tickmargin_order> rows = with(orders, place, order);
      CHECK_EQ(api().check_many(handle, rows.data(), good + 1, checked.data()),
               std::int64_t{good + 1});
      CHECK_EQ(checked[place].verdict, verdict);
      for (std::size_t n = 0; n < good; ++n) {
        CHECK_EQ(std::memcmp(&checked[n + (n >= place)], &alone[n], sizeof alone[n]), 0);
      }
    }
    const std::vector<tickmargin_order> flagged =
        with(orders, place, {0, 0, 0, 2, 1.0, index_at_start[0]});
    std::vector<tickmargin_checked_order> untouched(good + 1);
    CHECK_EQ(api().check_many(handle, flagged.data(), good + 1, untouched.data()),
             std::int64_t{TICKMARGIN_FAULT_FLAGS});
    const std::vector<tickmargin_checked_order> zero(good + 1);
    CHECK_EQ(std::memcmp(untouched.data(), zero.data(), (good + 1) * sizeof zero[0]), 0);
  }
  CHECK_EQ(engine.state_hash(), hash);
}

}  // namespace

CHECK_MAIN()

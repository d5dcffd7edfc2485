// Every table that creation fixed, filled to its limit: what does not fit is answered `capacity`,
// again and again, and nothing has changed.
#include <functional>
#include <string>

#include "check.hpp"
#include "live_small.hpp"

using namespace live_book;

namespace {

Record with(RecordType type, std::int32_t subject, std::uint64_t sequence, double a, double b = 0) {
  Record r = make_record(type, subject, start_ns);
  r.sequence = sequence;
  r.value[0] = a;
  r.value[1] = b;
  return r;
}

Record of(Record r, std::size_t account, std::size_t pocket) {
  r.account = static_cast<AccountIndex>(account % small_accounts);
  r.pocket = static_cast<std::int32_t>(pocket);
  return r;
}

// Room for everything; a test narrows one table.
LiveInputs wide() {
  LiveInputs in = small_inputs(1);
  in.capacity = {};
  in.capacity.instruments = in.engine.instruments.size() + 100;
  in.capacity.pockets = in.capacity.positions = in.capacity.balances = 4'000;
  in.capacity.events = 1 << 16;
  return in;
}

// The number of records until the table was full.
std::size_t fill_up(const char* table, const LiveInputs& in,
                    const std::function<Record(std::size_t)>& next) {
  LiveEngine engine(in);
  std::vector<Event> events(1'000);
  std::size_t n = 0;
  RecordStatus status = RecordStatus::ok;
  while (n < 5'000 && status == RecordStatus::ok) {
    status = engine.apply(next(n++)).status;
    engine.events(events);
  }
  const std::string what = std::string(table) + " after " + std::to_string(n) + ": ";
  CHECK_EQ(what + record_status_name(status), what + "capacity");
  const std::uint64_t hash = engine.state_hash(), seq = engine.applied_seq();
  for (int again = 0; again < 3; ++again) {
    const Applied applied = engine.apply(next(n - 1));
    CHECK_EQ(applied.status, RecordStatus::capacity);
    CHECK_EQ(applied.applied_seq, seq);
    CHECK_EQ(engine.state_hash(), hash);
  }
  CHECK_EQ(engine.audit(), std::size_t{0});
  // What was not taken is not there: the same without it is the same state.
  LiveEngine without(in);
  for (std::size_t k = 0; k + 1 < n; ++k) {
    without.apply(next(k));
    without.events(events);
  }
  CHECK_EQ(without.state_hash(), hash);
  return n - 1;
}

TEST(instruments) {
  LiveInputs in = wide();
  const std::size_t there = in.engine.instruments.size();
  in.capacity.instruments = there + 6;
  const std::size_t taken = fill_up("instruments", in, [&](std::size_t n) {
    Record r = with(RecordType::instrument_listing, static_cast<std::int32_t>(there + n),
                    static_cast<std::uint64_t>(start_ns + 30 * ns_per_day), 0.1, 6e4);
    r.pocket = stable;
    r.detail = static_cast<std::int32_t>(Kind::option) | 1 << 16;
    r.value[2] = 0.6;
    return r;
  });
  CHECK_EQ(taken, std::size_t{6});
}

TEST(orders) {
  LiveInputs in = wide();
  in.capacity.orders = 8;
  const std::size_t taken = fill_up("orders", in, [](std::size_t n) {
    return of(with(RecordType::order, 0, n + 1, 1, 6e4), n, 0);
  });
  CHECK_EQ(taken, std::size_t{8});
}

TEST(transfers) {
  LiveInputs in = wide();
  in.capacity.transfers = 12;
  const std::size_t taken = fill_up("transfers", in, [](std::size_t n) {
    return of(with(RecordType::deposit, 0, n + 1, 10), n, 0);
  });
  CHECK_EQ(taken, std::size_t{12});
}

TEST(pockets) {
  LiveInputs in = wide();
  in.capacity.pockets = 40;
  const std::size_t taken = fill_up("pockets", in, [](std::size_t n) {
    return of(with(RecordType::fill, 0, 0, 1, 6e4), n, 10 + n / small_accounts);
  });
  CHECK(taken >= 40 - 2 * small_accounts && taken < 40);
}

TEST(positions_of_one_pocket) {
  LiveInputs in = wide();
  in.capacity.pocket_positions = 9;
  const std::size_t taken = fill_up("positions of a pocket", in, [](std::size_t n) {
    return of(with(RecordType::fill, static_cast<std::int32_t>(n), 0, 1e-3, 0.01), 1, 10);
  });
  CHECK_EQ(taken, std::size_t{9});
}

TEST(positions) {
  LiveInputs in = wide();
  in.capacity.positions = in.engine.portfolio.position_account.size() + 60;
  const std::size_t taken = fill_up("positions", in, [](std::size_t n) {
    return of(
        with(RecordType::fill, static_cast<std::int32_t>(n / small_accounts % 25), 0, 1e-3, 0.01),
        n, 10 + n / small_accounts / 25);
  });
  CHECK(taken > 10 && taken <= in.capacity.positions);
}

// Pockets that are yet to be made ask for rows as those that are there do.
TEST(positions_of_new_pockets) {
  LiveInputs in = wide();
  in.capacity.positions = in.engine.portfolio.position_account.size() + 60;
  const std::size_t taken = fill_up("positions of new pockets", in, [](std::size_t n) {
    return of(with(RecordType::fill, 0, 0, 1e-3, 6e4), n, 10 + n / small_accounts);
  });
  CHECK(taken > 10 && taken <= in.capacity.positions);
}

TEST(balances) {
  LiveInputs in = wide();
  in.capacity.pockets = 200;  // each brings room for four
  in.capacity.balances = in.engine.portfolio.balance_account.size();
  const std::size_t taken = fill_up("balances", in, [](std::size_t n) {
    return of(with(RecordType::deposit, static_cast<std::int32_t>(n % 5), n + 1, 1), n / 5,
              10 + n / 5 / small_accounts);
  });
  CHECK(taken > 100 && taken < 1'000);
}

}  // namespace

CHECK_MAIN()

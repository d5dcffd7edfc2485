// The C table against the core: the same answers, and a fault for every call that makes no sense.
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "capi/handle.hpp"
#include "check.hpp"
#include "live_book.hpp"

using namespace live_book;

// CHECK_EQ looks at what it compares twice; a call is made once.
#define ANSWERS(call, expected)                                             \
  do {                                                                      \
    const auto answer = static_cast<std::int64_t>(call);                    \
    const auto wanted = static_cast<std::int64_t>(expected);                \
    check::report(answer == wanted, __FILE__, __LINE__,                     \
                  check::describe(#call " == " #expected, answer, wanted)); \
  } while (false)

namespace {

const tickmargin_api& api() {
  return *tickmargin_api_get(TICKMARGIN_ABI_VERSION);
}

tickmargin_record c_record(const Record& record) {
  return std::bit_cast<tickmargin_record>(record);
}

LiveEngine make_engine() {
  LiveEngine engine(make_inputs(50, 3));
  for (std::int32_t u = 0; u < underlyings; ++u) {
    engine.apply(index_tick(u, 1, index_at_start[u], start_ns));
  }
  return engine;
}

struct Opened {
  explicit Opened(const std::vector<std::byte>& bytes) {
    ANSWERS(api().open_bytes(bytes.data(), bytes.size(), &engine, &message), 0);
  }
  ~Opened() { api().close(engine); }
  Opened(const Opened&) = delete;
  tickmargin_engine* engine = nullptr;
  tickmargin_message message{};
};

TEST(a_table_is_served_to_every_version_up_to_its_own) {
  CHECK(tickmargin_api_get(0) == nullptr);
  CHECK(tickmargin_api_get(1) == tickmargin_api_get(TICKMARGIN_ABI_VERSION));
  CHECK(tickmargin_api_get(TICKMARGIN_ABI_VERSION + 1) == nullptr);
  CHECK_EQ(api().size, std::uint32_t{sizeof(tickmargin_api)});
  CHECK_EQ(api().abi_version, TICKMARGIN_ABI_VERSION);
  CHECK(std::string(api().version()).find('.') != std::string::npos);
  CHECK(std::string(api().kernel_name()) != "");
}

TEST(answers_are_the_cores) {
  const std::vector<std::byte> bytes = make_engine().save();
  LiveEngine direct = LiveEngine::load(bytes);
  const Opened opened(bytes);
  CHECK_EQ(std::string(opened.message.text), std::string());
  Draw draw(5);
  double price = index_at_start[0];
  std::int64_t seen_units = 0;
  for (int n = 0; n < 500; ++n) {
    price *= 1 + 2e-3 * draw.normal();
    const Record tick = index_tick(0, static_cast<std::uint64_t>(n + 2), price, start_ns + n);
    const tickmargin_record c_tick = c_record(tick);
    ANSWERS(api().apply(opened.engine, &c_tick),
            static_cast<std::int32_t>(direct.apply(tick).status));
    const Order order{draw.below(50), 0, draw.below(90), std::round(draw.uniform(-5, 5)), price};
    const tickmargin_order c_order{order.account, 0, order.instrument, 0, order.quantity, price};
    tickmargin_checked_order checked;
    const CheckedOrder expected = direct.check(order);
    ANSWERS(api().check(opened.engine, &c_order, &checked),
            static_cast<std::int32_t>(expected.verdict));
    CHECK_EQ(checked.shortfall_ticks, expected.shortfall);
    CHECK_EQ(checked.equity_after_ticks, expected.equity_after);
    CHECK_EQ(checked.initial_after_ticks, expected.initial_after);
    CHECK_EQ(checked.binding_underlying, expected.binding_underlying);
    tickmargin_unit c_units[8];
    UnitRow units[8];
    const auto held = static_cast<std::int64_t>(direct.units(order.account, units));
    ANSWERS(api().units(opened.engine, order.account, c_units, 8), held);
    CHECK_EQ(std::memcmp(c_units, units, static_cast<std::size_t>(held) * sizeof(UnitRow)), 0);
    ANSWERS(api().units(opened.engine, order.account, nullptr, 0), held);
    seen_units += held;
    for (const bool whole : {true, false}) {
      tickmargin_account row{};
      row.size = sizeof row;
      ANSWERS((whole ? api().account(opened.engine, order.account, &row)
                     : api().published(opened.engine, order.account, &row)),
              0);
      const LiveAccount same =
          whole ? direct.account(order.account) : direct.published(order.account);
      CHECK_EQ(row.equity_ticks, same.equity);
      CHECK_EQ(row.equity_initial_ticks, same.equity_initial);
      CHECK_EQ(row.initial_margin_ticks, same.initial_margin);
      CHECK_EQ(row.maintenance_margin_ticks, same.maintenance_margin);
      CHECK_EQ(row.slack_ticks, same.slack);
      CHECK_EQ(int{row.state}, static_cast<int>(same.state));
      CHECK_EQ(row.since_ns, same.since_ns);
    }
  }
  CHECK(seen_units > 500);
  tickmargin_event c_events[100];
  Event events[100];
  direct.apply(index_tick(0, 1'000, price * 0.8, start_ns + 1'000));
  const tickmargin_record last = c_record(index_tick(0, 1'000, price * 0.8, start_ns + 1'000));
  api().apply(opened.engine, &last);
  std::vector<Event> from_c, from_core;
  while (const auto n = api().events(opened.engine, c_events, 37)) {
    for (std::int64_t e = 0; e < n; ++e) from_c.push_back(std::bit_cast<Event>(c_events[e]));
  }
  while (const auto n = direct.events(events))
    from_core.insert(from_core.end(), events, events + n);
  CHECK(!from_c.empty());
  CHECK_EQ(from_c.size(), from_core.size());
  CHECK(std::memcmp(from_c.data(), from_core.data(), from_c.size() * sizeof(Event)) == 0);
  std::uint64_t hash = 0, seq = 0;
  ANSWERS(api().state_hash(opened.engine, &hash), 0);
  CHECK_EQ(hash, direct.state_hash());
  ANSWERS(api().applied_seq(opened.engine, &seq), 0);
  CHECK_EQ(seq, direct.applied_seq());
  ANSWERS(api().audit(opened.engine), 0);
  double index = 0;
  ANSWERS(api().index_price(opened.engine, 0, &index), 0);
  CHECK_SAME_BITS(index, direct.index_price(0));
  ANSWERS(api().mark_state(opened.engine, 1), static_cast<std::int32_t>(direct.mark_state(1)));
  tickmargin_counts counts{sizeof counts, 0, 0, 0};
  ANSWERS(api().counts(opened.engine, &counts), 0);
  CHECK_EQ(counts.accounts, 50);
  CHECK_EQ(counts.underlyings, underlyings);
  CHECK_EQ(static_cast<std::size_t>(counts.instruments), direct.instrument_count());
  tickmargin_counters counters{};
  counters.size = sizeof counters;
  ANSWERS(api().counters(opened.engine, &counters), 0);
  CHECK_EQ(counters.records, std::uint64_t{501});
}

TEST(many_are_one_by_one_and_stop_where_the_ring_is_full) {
  LiveInputs inputs = make_inputs(40, 8);
  LiveEngine direct(inputs);
  const Opened opened(direct.save());
  std::vector<Record> records;
  Draw draw(9);
  double price[underlyings] = {index_at_start[0], index_at_start[1], index_at_start[2]};
  for (int n = 0; n < 3'000; ++n) {
    const std::int32_t u = n % underlyings;
    price[u] *= 1 + 0.02 * draw.normal();
    records.push_back(index_tick(u, static_cast<std::uint64_t>(n + 1), price[u], start_ns + n));
  }
  std::vector<tickmargin_record> c_records;
  for (const Record& r : records) c_records.push_back(c_record(r));
  std::vector<std::uint8_t> status(records.size());
  std::vector<tickmargin_event> events(100);
  std::int64_t at = 0, stops = 0;
  const auto count = static_cast<std::int64_t>(records.size());
  while (at < count) {
    const auto from = static_cast<std::size_t>(at);
    at += api().apply_many(opened.engine, &c_records[from], count - at, &status[from]);
    if (at == count) break;
    ++stops;
    ANSWERS(status[static_cast<std::size_t>(at)], TICKMARGIN_RING_FULL);
    while (api().events(opened.engine, events.data(), 100) > 0) continue;
  }
  CHECK(stops > 0);
  std::vector<Event> drained(100);
  for (std::size_t n = 0; n < records.size(); ++n) {
    ANSWERS(direct.apply(records[n]).status, status[n]);
    while (direct.events(drained) > 0) continue;
  }
  std::uint64_t hash = 0;
  api().state_hash(opened.engine, &hash);
  CHECK_EQ(hash, direct.state_hash());

  std::vector<tickmargin_order> orders;
  for (std::int32_t a = 0; a < 40; ++a) orders.push_back({a, 0, a % 9, 0, 2.0, 100.0});
  std::vector<tickmargin_checked_order> many(orders.size());
  ANSWERS(api().check_many(opened.engine, orders.data(), 40, many.data()), 40);
  for (std::size_t n = 0; n < orders.size(); ++n) {
    tickmargin_checked_order one;
    ANSWERS(api().check(opened.engine, &orders[n], &one), many[n].verdict);
    CHECK_EQ(std::memcmp(&one, &many[n], sizeof one), 0);
  }
}

TEST(a_saved_engine_comes_back_or_is_refused_whole) {
  LiveEngine direct = make_engine();
  const std::vector<std::byte> bytes = direct.save();
  const Opened opened(bytes);
  std::uint64_t count = 0;
  ANSWERS(api().save(opened.engine, nullptr, 0, &count), TICKMARGIN_FAULT_BUFFER);
  CHECK_EQ(count, std::uint64_t{bytes.size()});
  std::vector<std::byte> again(bytes.size());
  ANSWERS(api().save(opened.engine, again.data(), count - 1, &count), TICKMARGIN_FAULT_BUFFER);
  ANSWERS(api().save(opened.engine, again.data(), count, &count), 0);
  CHECK(again == bytes);

  tickmargin_engine* engine = nullptr;
  tickmargin_message message;
  for (std::size_t n = 0; n < bytes.size(); n += n < 256 ? 1 : 997) {
    ANSWERS(api().open_bytes(bytes.data(), n, &engine, &message), TICKMARGIN_FAULT_REFUSED);
    CHECK(engine == nullptr && message.text[0] != '\0');
  }
  again.push_back(std::byte{0});
  ANSWERS(api().open_bytes(again.data(), again.size(), &engine, nullptr), TICKMARGIN_FAULT_REFUSED);

  const std::string path = "test_capi.saved";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  ANSWERS(api().open_file(path.c_str(), &engine, &message), 0);
  std::uint64_t hash = 0;
  ANSWERS(api().state_hash(engine, &hash), 0);
  CHECK_EQ(hash, direct.state_hash());
  api().close(engine);
  std::remove(path.c_str());
  ANSWERS(api().open_file(path.c_str(), &engine, &message), TICKMARGIN_FAULT_FILE);
  CHECK(engine == nullptr);
  CHECK(std::string(message.text).find("No such file") != std::string::npos);
  ANSWERS(api().open_file("/", &engine, &message) < 0, true);
}

TEST(a_call_that_makes_no_sense_is_a_fault) {
  LiveEngine direct = make_engine();
  tickmargin_engine* e = capi::handle_of(&direct);
  const std::uint64_t before = direct.state_hash();
  tickmargin_record record{};
  tickmargin_order order{};
  tickmargin_checked_order checked{};
  tickmargin_account row{};
  row.size = sizeof row;
  tickmargin_event event{};
  tickmargin_unit unit{};
  std::uint8_t status = 0;
  std::uint64_t number = 0;
  double price = 0;

  constexpr int null = TICKMARGIN_FAULT_NULL;
  ANSWERS(api().apply(nullptr, &record), null);
  ANSWERS(api().apply(e, nullptr), null);
  ANSWERS(api().apply_many(nullptr, &record, 1, &status), null);
  ANSWERS(api().apply_many(e, nullptr, 1, &status), null);
  ANSWERS(api().apply_many(e, &record, 1, nullptr), null);
  ANSWERS(api().apply_many(e, nullptr, 0, nullptr), 0);
  ANSWERS(api().check(nullptr, &order, &checked), null);
  ANSWERS(api().check(e, nullptr, &checked), null);
  ANSWERS(api().check(e, &order, nullptr), null);
  ANSWERS(api().check_many(nullptr, &order, 1, &checked), null);
  ANSWERS(api().check_many(e, nullptr, 1, &checked), null);
  ANSWERS(api().check_many(e, &order, 1, nullptr), null);
  ANSWERS(api().account(nullptr, 0, &row), null);
  ANSWERS(api().account(e, 0, nullptr), null);
  ANSWERS(api().published(nullptr, 0, &row), null);
  ANSWERS(api().published(e, 0, nullptr), null);
  ANSWERS(api().units(nullptr, 0, &unit, 1), null);
  ANSWERS(api().units(e, 0, nullptr, 1), null);
  ANSWERS(api().events(nullptr, &event, 1), null);
  ANSWERS(api().events(e, nullptr, 1), null);
  ANSWERS(api().audit(nullptr), null);
  ANSWERS(api().state_hash(nullptr, &number), null);
  ANSWERS(api().state_hash(e, nullptr), null);
  ANSWERS(api().applied_seq(nullptr, &number), null);
  ANSWERS(api().applied_seq(e, nullptr), null);
  ANSWERS(api().counters(e, nullptr), null);
  ANSWERS(api().counts(nullptr, nullptr), null);
  ANSWERS(api().index_price(nullptr, 0, &price), null);
  ANSWERS(api().index_price(e, 0, nullptr), null);
  ANSWERS(api().mark_state(nullptr, 0), null);
  ANSWERS(api().save(nullptr, nullptr, 0, &number), null);
  ANSWERS(api().save(e, nullptr, 8, &number), null);
  ANSWERS(api().save(e, nullptr, 0, nullptr), null);
  ANSWERS(api().open_bytes(nullptr, 4, &e, nullptr), null);
  e = capi::handle_of(&direct);
  ANSWERS(api().open_bytes(&record, 4, nullptr, nullptr), null);
  ANSWERS(api().open_file(nullptr, nullptr, nullptr), null);
  api().close(nullptr);

  constexpr int handle = TICKMARGIN_FAULT_HANDLE;
  for (const std::int32_t wrong : {-1, 50, INT32_MAX, INT32_MIN}) {
    ANSWERS(api().account(e, wrong, &row), handle);
    ANSWERS(api().published(e, wrong, &row), handle);
    ANSWERS(api().units(e, wrong, &unit, 1), handle);
    ANSWERS(api().index_price(e, wrong, &price), handle);
    ANSWERS(api().mark_state(e, wrong), handle);
    order = {wrong, 0, 0, 0, 1.0, 1.0};
    ANSWERS(api().check(e, &order, &checked), TICKMARGIN_REFUSED_UNKNOWN);
    order = {0, 0, wrong == 50 ? 10'000 : wrong, 0, 1.0, 1.0};
    ANSWERS(api().check(e, &order, &checked), TICKMARGIN_REFUSED_UNKNOWN);
    // As an account, subject, pocket and detail of each type of record.
    for (std::uint16_t type = 0; type <= 22; ++type) {
      for (int field = 0; field < 4; ++field) {
        record = {};
        record.type = type;
        record.ts_ns = start_ns;
        record.sequence = 77;
        record.value[0] = 1;
        (field == 0   ? record.account
         : field == 1 ? record.subject
         : field == 2 ? record.pocket
                      : record.detail) = wrong == 50 ? 10'000 : wrong;
        const std::int32_t answer = api().apply(e, &record);
        CHECK(answer >= 0 && std::string(api().record_status_name(answer)) != "unknown");
      }
    }
  }

  order = {0, 0, 0, 2, 1.0, 1.0};
  ANSWERS(api().check(e, &order, &checked), TICKMARGIN_FAULT_FLAGS);
  ANSWERS(api().check_many(e, &order, 1, &checked), TICKMARGIN_FAULT_FLAGS);
  ANSWERS(api().apply_many(e, &record, -1, &status), TICKMARGIN_FAULT_COUNT);
  ANSWERS(api().check_many(e, &order, -1, &checked), TICKMARGIN_FAULT_COUNT);
  ANSWERS(api().events(e, &event, -1), TICKMARGIN_FAULT_COUNT);
  ANSWERS(api().units(e, 0, &unit, -1), TICKMARGIN_FAULT_COUNT);

  constexpr int size = TICKMARGIN_FAULT_SIZE;
  for (const std::uint32_t wrong : {0u, 4u, 79u, 81u, UINT32_MAX}) {
    row.size = wrong;
    ANSWERS(api().account(e, 0, &row), size);
    ANSWERS(api().published(e, 0, &row), size);
    tickmargin_counts counts{wrong, 0, 0, 0};
    ANSWERS(api().counts(e, &counts), size);
    tickmargin_counters counters{};
    counters.size = wrong;
    ANSWERS(api().counters(e, &counters), size);
  }
  CHECK_EQ(direct.audit(), std::size_t{0});
  CHECK(before != 0);
}

TEST(every_number_has_a_name) {
  CHECK_EQ(std::string(api().record_status_name(TICKMARGIN_RING_FULL)), std::string("ring_full"));
  CHECK_EQ(std::string(api().check_verdict_name(9)), std::string("refused_capacity"));
  CHECK_EQ(std::string(api().state_name(5)), std::string("undecidable"));
  CHECK_EQ(std::string(api().status_name(6)), std::string("overflow"));
  CHECK_EQ(std::string(api().mark_state_name(3)), std::string("unusable"));
  for (std::int32_t fault = TICKMARGIN_FAULT_NOT_RECORDING; fault < 0; ++fault) {
    CHECK(std::string(api().fault_name(fault)) != "unknown");
  }
  for (const std::int32_t none : {-16, 0, 256, 1'000'000}) {
    CHECK_EQ(std::string(api().fault_name(none)), std::string("unknown"));
    if (none == 0) continue;
    CHECK_EQ(std::string(api().record_status_name(none)), std::string("unknown"));
    CHECK_EQ(std::string(api().check_verdict_name(none)), std::string("unknown"));
    CHECK_EQ(std::string(api().state_name(none)), std::string("unknown"));
    CHECK_EQ(std::string(api().status_name(none)), std::string("unknown"));
    CHECK_EQ(std::string(api().mark_state_name(none)), std::string("unknown"));
  }
}

}  // namespace

CHECK_MAIN()

// A live engine as Python holds it: guards its two ends, lets go of the GIL, copies columns.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/planned.hpp"
#include "live_columns.hpp"
#include "live_rows.hpp"
#include "policy_from_dict.hpp"
#include "recording.hpp"
#include "tickmargin/live.hpp"
#include "unit_columns.hpp"

namespace tickmargin::bindings {

using Clock = std::chrono::steady_clock;
using Statuses = py::array_t<std::uint8_t, py::array::c_style>;
using Times = py::array_t<std::int64_t, py::array::c_style>;

inline std::int64_t ns_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(to - from).count();
}

class Live {
 public:
  explicit Live(LiveEngine engine) : engine_(std::move(engine)) {}

  // Applies until the first record that has no room for its events; one that has none in the
  // journal's ring waits for the disk. Gives how many were
  // answered and the sequence number of the last that changed state; writes a status for each, and
  // how long each took where `elapsed_ns` is given.
  py::tuple apply(const py::array& records, Statuses statuses, std::optional<Times> elapsed_ns) {
    const std::byte* rows = rows_of<Record>(records, "records");
    const auto count = static_cast<std::size_t>(records.size());
    std::uint8_t* status = one_per_record(statuses, records.size(), "statuses");
    std::int64_t* elapsed =
        elapsed_ns ? one_per_record(*elapsed_ns, records.size(), "elapsed_ns") : nullptr;
    const Held held(writing_, "another thread is writing to this engine");
    std::size_t row = 0;
    {
      const py::gil_scoped_release unlocked;
      Clock::time_point before = elapsed ? Clock::now() : Clock::time_point();
      for (; row < count; ++row) {
        const RecordStatus answer = apply_one(record_at(rows, row));
        if (answer == RecordStatus::ring_full) break;
        status[row] = static_cast<std::uint8_t>(answer);
        if (elapsed == nullptr) continue;
        const Clock::time_point after = Clock::now();
        elapsed[row] = ns_between(before, after);
        before = after;
      }
      std::fill(status + row, status + count, static_cast<std::uint8_t>(RecordStatus::ring_full));
    }
    return py::make_tuple(row, engine_.applied_seq());
  }

  // Gives each record its planned moment, counted from the first, and writes how long after it the
  // record was done: a record that waits for a slow one before it is charged for the wait. Orders
  // are checked instead of applied; their status is the verdict. Events are drained in between.
  std::uint64_t play(const py::array& records, const Times& planned_ns, Statuses statuses,
                     Times latency_ns) {
    const std::byte* rows = rows_of<Record>(records, "records");
    const auto count = static_cast<std::size_t>(records.size());
    if (planned_ns.size() != records.size()) {
      throw py::value_error("planned_ns must have an element for each record");
    }
    const std::int64_t* planned = planned_ns.data();
    std::uint8_t* status = one_per_record(statuses, records.size(), "statuses");
    std::int64_t* latency = one_per_record(latency_ns, records.size(), "latency_ns");
    const Held held(writing_, "another thread is writing to this engine");
    const Held drained(draining_, "another thread is taking events from this engine");
    const py::gil_scoped_release unlocked;
    std::vector<Event> drain(1024);
    std::uint64_t events = 0;
    const auto give = [&](std::size_t row) {
      const Record record = record_at(rows, row);
      if (record.type == RecordType::order) {
        const Order order{record.account, record.pocket, record.subject, record.value[0],
                          record.value[1]};
        const bool reduce_only = (record.flags & flag_reduce_only) != 0;
        status[row] = static_cast<std::uint8_t>(engine_.check(order, reduce_only).verdict);
      } else {
        status[row] = static_cast<std::uint8_t>(engine_.apply(record).status);
      }
    };
    const auto take_events = [&](std::size_t) {
      for (std::size_t n = drain.size(); n == drain.size();) events += n = engine_.events(drain);
    };
    play_planned({planned, count}, latency, nullptr, give, take_events);
    return events;
  }

  py::dict check_many(const py::dict& orders) {
    const auto account = take_column<std::int32_t>(orders, "account");
    const auto pocket = take_column<std::int32_t>(orders, "pocket");
    const auto instrument = take_column<std::int32_t>(orders, "instrument");
    const auto quantity = take_column<double>(orders, "quantity");
    const auto price = take_column<double>(orders, "price");
    const auto reduce_only = take_column<std::uint8_t>(orders, "reduce_only");
    const std::size_t n = account.size();
    for (const std::size_t size :
         {pocket.size(), instrument.size(), quantity.size(), price.size(), reduce_only.size()}) {
      if (size != n) throw py::value_error("columns of orders differ in length");
    }
    CheckColumns out(n);
    const Held held(writing_, "another thread is writing to this engine");
    {
      const py::gil_scoped_release unlocked;
      for (std::size_t i = 0; i < n; ++i) {
        out.set(i, engine_.check({account[i], pocket[i], instrument[i], quantity[i], price[i]},
                                 reduce_only[i] != 0));
      }
    }
    return std::move(out).give();
  }

  // Exact rows, as of the last record.
  py::dict accounts(const py::object& rows) {
    const auto wanted = account_rows(rows);
    const Held held(writing_, "another thread is writing to this engine");
    AccountColumns out;
    {
      const py::gil_scoped_release unlocked;
      for (const AccountIndex a : wanted) out.add(engine_.account(a));
    }
    return std::move(out).give();
  }

  // What the accounts hold of each underlying, exact as of the last record.
  py::dict units(const py::object& rows) {
    const auto wanted = account_rows(rows);
    const Held held(writing_, "another thread is writing to this engine");
    UnitRows out;
    {
      const py::gil_scoped_release unlocked;
      std::vector<UnitRow> of_account;
      for (const AccountIndex a : wanted) {
        const std::size_t count = engine_.units(a, of_account);
        if (count > of_account.size()) {
          of_account.resize(count);
          engine_.units(a, of_account);
        }
        for (std::size_t u = 0; u < count; ++u) add_unit(out, a, of_account[u]);
      }
    }
    return units_to_dict(std::move(out));
  }

  // Rows as last written, whole; from any thread at any time.
  py::dict published(const py::object& rows) const {
    const auto wanted = account_rows(rows);
    AccountColumns out;
    {
      const py::gil_scoped_release unlocked;
      for (const AccountIndex a : wanted) out.add(engine_.published(a));
    }
    return std::move(out).give();
  }

  std::size_t events(py::array out) {
    rows_of<Event>(out, "events");
    if (reinterpret_cast<std::uintptr_t>(out.data()) % alignof(Event) != 0) {
      throw py::value_error("events must be aligned");
    }
    const Held held(draining_, "another thread is taking events from this engine");
    const std::span<Event> room(static_cast<Event*>(out.mutable_data()),
                                static_cast<std::size_t>(out.size()));
    const py::gil_scoped_release unlocked;
    return engine_.events(room);
  }

  void stage_policies(std::uint64_t epoch, const py::list& policies,
                      const py::object& account_policy) {
    PolicySet set = policies_from(policies, account_policy);
    const Held held(writing_, "another thread is writing to this engine");
    const py::gil_scoped_release unlocked;
    engine_.stage_policies(epoch, std::move(set));
  }

  // For the doors that cannot compile policies.
  py::bytes save_policies(const py::list& policies, const py::object& account_policy) {
    PolicySet set = policies_from(policies, account_policy);
    const Held held(writing_, "another thread is writing to this engine");
    const std::vector<std::byte> bytes = engine_.save_policies(std::move(set));
    return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  std::unique_ptr<Engine> freeze() {
    const Held held(writing_, "another thread is writing to this engine");
    const py::gil_scoped_release unlocked;
    return std::make_unique<Engine>(engine_.freeze());
  }

  std::size_t audit() {
    const Held held(writing_, "another thread is writing to this engine");
    const py::gil_scoped_release unlocked;
    return engine_.audit();
  }

  std::uint64_t state_hash() {
    const Held held(writing_, "another thread is writing to this engine");
    const py::gil_scoped_release unlocked;
    return engine_.state_hash();
  }

  py::bytes save() {
    std::vector<std::byte> bytes;
    {
      const Held held(writing_, "another thread is writing to this engine");
      const py::gil_scoped_release unlocked;
      bytes = engine_.save();
    }
    return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  static std::unique_ptr<Live> load(const py::bytes& bytes) {
    const std::string_view text = bytes;
    const py::gil_scoped_release unlocked;
    return std::make_unique<Live>(LiveEngine::load(std::as_bytes(std::span(text))));
  }

  void record_to(const std::string& directory, const py::dict& beside, std::size_t ring_records,
                 std::size_t group_records) {
    RecordingOptions options;
    options.ring_records = ring_records;
    options.group_records = group_records;
    options.beside = writing_beside(directory, beside);
    const Held held(writing_, "another thread is writing to this engine");
    const py::gil_scoped_release unlocked;
    engine_.record_to(directory, options);
  }

  void snapshot() {
    const Held held(writing_, "another thread is writing to this engine");
    const py::gil_scoped_release unlocked;
    engine_.snapshot();
  }

  // Whether everything applied is durable now, and the errno that a journal failed with.
  py::tuple flush() {
    const Held held(writing_, "another thread is writing to this engine");
    bool durable = false;
    {
      const py::gil_scoped_release unlocked;
      durable = engine_.flush();
    }
    return py::make_tuple(durable, engine_.journal_error());
  }

  // Whether the recording is that of the process this one was forked from.
  bool is_forked() const { return engine_.is_forked(); }

  std::uint64_t durable_seq() const { return engine_.durable_seq(); }

  std::uint64_t applied_seq() {
    const Held held(writing_, "another thread is writing to this engine");
    return engine_.applied_seq();
  }

  static py::tuple recover(const std::string& directory) {
    return with_report([&] { return LiveEngine::recover(directory); });
  }

  // `progress` is None or called with the last entry applied and the last there is.
  static py::tuple replay(const std::string& directory, std::optional<std::uint64_t> until_seq,
                          const py::object& progress) {
    ReplayOptions options;
    if (until_seq) options.until_seq = *until_seq;
    options.progress = telling(progress);
    return with_report([&] { return LiveEngine::replay(directory, options); });
  }

  py::dict counters() {
    const Held held(writing_, "another thread is writing to this engine");
    const LiveCounters c = engine_.counters();
    py::dict d;
    d["records"] = c.records;
    d["refused"] = c.refused;
    d["evaluated"] = c.evaluated;
    d["crossed"] = c.crossed;
    d["watched"] = c.watched;
    d["renewed"] = c.renewed;
    d["sweeps"] = c.sweeps;
    d["proofs"] = c.proofs;
    d["exact_checks"] = c.exact_checks;
    d["eased"] = c.eased;
    return d;
  }

  // Where the engine stands: one look at everything that a record can change at a stroke.
  py::dict position() {
    const Held held(writing_, "another thread is writing to this engine");
    const std::size_t n = engine_.underlying_count();
    std::vector<MarkState> state(n);
    std::vector<double> price(n);
    for (std::size_t u = 0; u < n; ++u) {
      state[u] = engine_.mark_state(static_cast<UnderlyingIndex>(u));
      price[u] = engine_.index_price(static_cast<UnderlyingIndex>(u));
    }
    py::dict d;
    d["applied_seq"] = engine_.applied_seq();
    d["now_ns"] = engine_.now_ns();
    d["epoch"] = engine_.epoch();
    d["instruments"] = engine_.instrument_count();
    d["mark_state"] = give_column(std::move(state));
    d["index_price"] = give_column(std::move(price));
    return d;
  }

  std::vector<bool> policies_with_bands(std::int32_t count) {
    const Held held(writing_, "another thread is writing to this engine");
    std::vector<bool> out;
    for (std::int32_t p = 0; p < count; ++p) out.push_back(engine_.policy_has_bands(p));
    return out;
  }

 private:
  // A record that finds the journal's ring full is given again once what waits there is on the
  // disk: only then is want of room a matter of events.
  RecordStatus apply_one(const Record& record) noexcept {
    const RecordStatus answer = engine_.apply(record).status;
    if (answer != RecordStatus::ring_full || !engine_.flush()) return answer;
    return engine_.apply(record).status;
  }

  template <class Make>
  static py::tuple with_report(Make make) {
    std::unique_ptr<Live> live;
    RecoveryReport report;
    {
      const py::gil_scoped_release unlocked;
      RecoveredEngine made = make();
      live = std::make_unique<Live>(std::move(made.engine));
      report = std::move(made.report);
    }
    return py::make_tuple(std::move(live), report_of(report));
  }

  std::vector<AccountIndex> account_rows(const py::object& rows) const {
    const std::size_t count = engine_.account_count();
    std::vector<AccountIndex> wanted;
    if (rows.is_none()) {
      for (std::size_t a = 0; a < count; ++a) wanted.push_back(static_cast<AccountIndex>(a));
      return wanted;
    }
    wanted = to_column<AccountIndex>(rows, "rows");
    for (const AccountIndex a : wanted) {
      if (a < 0 || static_cast<std::size_t>(a) >= count) throw py::index_error("no such account");
    }
    return wanted;
  }

  LiveEngine engine_;
  std::atomic_flag writing_ = ATOMIC_FLAG_INIT, draining_ = ATOMIC_FLAG_INIT;
};

}  // namespace tickmargin::bindings

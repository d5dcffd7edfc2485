// The live engine: records in, events out. One thread at a time: a second one is told, never waited
// for, so that no caller finds its latency in another's.
#include <pybind11/stl.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "columns.hpp"
#include "inputs_from_dict.hpp"
#include "live_columns.hpp"
#include "live_settings.hpp"
#include "margin/bounds.hpp"
#include "policy_from_dict.hpp"
#include "register.hpp"
#include "tickmargin/live.hpp"

namespace tickmargin::bindings {
namespace {

using Clock = std::chrono::steady_clock;
using Statuses = py::array_t<std::uint8_t, py::array::c_style>;
using Times = py::array_t<std::int64_t, py::array::c_style>;

std::int64_t ns_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(to - from).count();
}

// The first of the rows of a NumPy array of 64-byte structs; rows are copied out one by one, so
// that an array of any alignment will do.
template <class Row>
const std::byte* rows_of(const py::array& array, const char* what) {
  const bool plain = array.ndim() == 1 && array.itemsize() == sizeof(Row) &&
                     (array.flags() & py::array::c_style) != 0;
  if (!plain) {
    throw py::type_error(std::string(what) + " must be a contiguous array of 64-byte rows");
  }
  return static_cast<const std::byte*>(array.data());
}

template <class T>
T* one_per_record(py::array_t<T, py::array::c_style>& array, py::ssize_t count, const char* what) {
  if (array.ndim() != 1 || array.size() != count) {
    throw py::value_error(std::string(what) + " must have an element for each record");
  }
  return array.mutable_data();
}

Record record_at(const std::byte* rows, std::size_t row) {
  Record record;
  std::memcpy(&record, rows + row * sizeof(Record), sizeof(Record));
  return record;
}

// Holds one of the engine's two ends, or throws: nothing here waits.
class Held {
 public:
  Held(std::atomic_flag& flag, const char* what) : flag_(flag) {
    if (flag_.test_and_set(std::memory_order_acquire)) {
      const py::object error = py::module_::import("tickmargin.errors").attr("EngineBusyError");
      PyErr_SetString(error.ptr(), what);
      throw py::error_already_set();
    }
  }
  ~Held() { flag_.clear(std::memory_order_release); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  std::atomic_flag& flag_;
};

// Waits by looking at the clock all the time, since a sleep overshoots.
void wait_until(Clock::time_point moment) {
  while (Clock::now() < moment) {
  }
}

class Live {
 public:
  explicit Live(LiveEngine engine) : engine_(std::move(engine)) {}

  // Applies until the first record that has to wait for room for its events. Gives how many were
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
        const RecordStatus answer = engine_.apply(record_at(rows, row)).status;
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
    const Clock::time_point start = Clock::now();
    for (std::size_t row = 0; row < count; ++row) {
      const Record record = record_at(rows, row);
      const Clock::time_point due = start + std::chrono::nanoseconds(planned[row]);
      wait_until(due);
      if (record.type == RecordType::order) {
        const Order order{record.account, record.pocket, record.subject, record.value[0],
                          record.value[1]};
        const bool reduce_only = (record.flags & flag_reduce_only) != 0;
        status[row] = static_cast<std::uint8_t>(engine_.check(order, reduce_only).verdict);
      } else {
        status[row] = static_cast<std::uint8_t>(engine_.apply(record).status);
      }
      latency[row] = ns_between(due, Clock::now());
      for (std::size_t n = drain.size(); n == drain.size();) events += n = engine_.events(drain);
    }
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

std::unique_ptr<Live> make_live(const py::dict& market, const py::dict& instruments,
                                const py::dict& portfolio, const py::list& policies,
                                const py::object& account_policy, int numeraire_decimals,
                                const py::dict& capacity, const py::dict& settings) {
  LiveInputs inputs{{market_from(market), instruments_from(instruments), portfolio_from(portfolio),
                     policies_from(policies, account_policy), numeraire_decimals},
                    live_capacity_from(capacity),
                    live_settings_from(settings)};
  const py::gil_scoped_release unlocked;
  return std::make_unique<Live>(LiveEngine(std::move(inputs)));
}

// What `play` measures when there is nothing to do: the clock and the waiting.
void play_nothing(const Times& planned_ns, Times latency_ns) {
  std::int64_t* latency = one_per_record(latency_ns, planned_ns.size(), "latency_ns");
  const std::int64_t* planned = planned_ns.data();
  const auto count = static_cast<std::size_t>(planned_ns.size());
  const py::gil_scoped_release unlocked;
  const Clock::time_point start = Clock::now();
  for (std::size_t row = 0; row < count; ++row) {
    const Clock::time_point due = start + std::chrono::nanoseconds(planned[row]);
    wait_until(due);
    latency[row] = ns_between(due, Clock::now());
  }
}

template <class Enum>
std::vector<std::string> names(Enum last, const char* (*name)(Enum)) {
  std::vector<std::string> out;
  for (int i = 0; i <= static_cast<int>(last); ++i) out.emplace_back(name(static_cast<Enum>(i)));
  return out;
}

}  // namespace

void register_live(py::module_& m) {
  py::class_<Live>(m, "Live")
      .def(py::init(&make_live), py::arg("market"), py::arg("instruments"), py::arg("portfolio"),
           py::arg("policies"), py::arg("account_policy"), py::arg("numeraire_decimals"),
           py::arg("capacity"), py::arg("settings"))
      .def_static("load", &Live::load, py::arg("bytes"))
      .def("apply", &Live::apply, py::arg("records"), py::arg("statuses"), py::arg("elapsed_ns"))
      .def("play", &Live::play, py::arg("records"), py::arg("planned_ns"), py::arg("statuses"),
           py::arg("latency_ns"))
      .def("check_many", &Live::check_many, py::arg("orders"))
      .def("accounts", &Live::accounts, py::arg("rows"))
      .def("published", &Live::published, py::arg("rows"))
      .def("events", &Live::events, py::arg("out"))
      .def("stage_policies", &Live::stage_policies, py::arg("epoch"), py::arg("policies"),
           py::arg("account_policy"))
      .def("freeze", &Live::freeze)
      .def("audit", &Live::audit)
      .def("state_hash", &Live::state_hash)
      .def("save", &Live::save)
      .def("counters", &Live::counters)
      .def("position", &Live::position)
      .def("policies_with_bands", &Live::policies_with_bands, py::arg("count"));
  m.def(
      "policy_has_bands",
      [](const py::dict& policy) { return margin::policy_is_bounded(policy_from_dict(policy)); },
      py::arg("policy"));
  m.def("play_nothing", &play_nothing, py::arg("planned_ns"), py::arg("latency_ns"));
  m.def("record_status_names", [] {
    return names<RecordStatus>(RecordStatus::quarantined,
                               [](RecordStatus s) { return record_status_name(s); });
  });
  m.def("check_verdict_names", [] {
    return names<CheckVerdict>(CheckVerdict::refused_capacity,
                               [](CheckVerdict v) { return check_verdict_name(v); });
  });
  m.def("mark_state_names", [] {
    return names<MarkState>(MarkState::unusable, [](MarkState s) { return mark_state_name(s); });
  });
}

}  // namespace tickmargin::bindings

// The live engine: records in, events out. One thread at a time: a second one is told, never waited
// for, so that no caller finds its latency in another's.
#include <pybind11/stl.h>

#include "inputs_from_dict.hpp"
#include "live_object.hpp"
#include "live_settings.hpp"
#include "margin/bounds.hpp"
#include "register.hpp"

namespace tickmargin::bindings {
namespace {

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
  const auto nothing = [](std::size_t) {};
  play_planned({planned, count}, latency, nullptr, nothing, nothing);
}

template <class Enum>
std::vector<std::string> names(Enum last, const char* (*name)(Enum)) {
  std::vector<std::string> out;
  for (int i = 0; i <= static_cast<int>(last); ++i) out.emplace_back(name(static_cast<Enum>(i)));
  return out;
}

}  // namespace

void register_live(Module& m) {
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
      .def("units", &Live::units, py::arg("rows"))
      .def("published", &Live::published, py::arg("rows"))
      .def("events", &Live::events, py::arg("out"))
      .def("stage_policies", &Live::stage_policies, py::arg("epoch"), py::arg("policies"),
           py::arg("account_policy"))
      .def("save_policies", &Live::save_policies, py::arg("policies"), py::arg("account_policy"))
      .def("freeze", &Live::freeze)
      .def("audit", &Live::audit)
      .def("state_hash", &Live::state_hash)
      .def("save", &Live::save)
      .def("record_to", &Live::record_to, py::arg("directory"), py::arg("beside"),
           py::arg("ring_records"), py::arg("group_records"))
      .def("snapshot", &Live::snapshot)
      .def("flush", &Live::flush)
      .def("is_forked", &Live::is_forked)
      .def("durable_seq", &Live::durable_seq)
      .def("applied_seq", &Live::applied_seq)
      .def_static("recover", &Live::recover, py::arg("directory"))
      .def_static("replay", &Live::replay, py::arg("directory"), py::arg("until_seq"),
                  py::arg("progress"))
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

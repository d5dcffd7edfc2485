// Snapshot files: named sections of bytes, whole or refused.
#include <pybind11/stl.h>

#include <map>
#include <string>
#include <string_view>

#include "journal/snapshot.hpp"
#include "register.hpp"

namespace tickmargin::bindings {
namespace {

int write_snapshot(const std::string& path, const std::map<std::string, py::bytes>& given) {
  std::vector<journal::Section> sections;
  for (const auto& [name, bytes] : given) {
    sections.push_back({name, std::as_bytes(std::span(std::string_view(bytes)))});
  }
  const py::gil_scoped_release unlocked;
  return journal::write_snapshot(journal::posix_files(), path, sections);
}

// The status by name, an errno, and the sections: none of a file that is refused.
py::tuple read_snapshot(const std::string& path) {
  journal::Snapshot snapshot;
  {
    const py::gil_scoped_release unlocked;
    snapshot = journal::read_snapshot(journal::posix_files(), path);
  }
  py::dict sections;
  for (const journal::Section& section : snapshot.sections) {
    sections[py::str(section.name.data(), section.name.size())] =
        py::bytes(reinterpret_cast<const char*>(section.bytes.data()), section.bytes.size());
  }
  return py::make_tuple(journal::snapshot_status_name(snapshot.status), snapshot.error, sections);
}

}  // namespace

void register_snapshot(Module& m) {
  m.def("write_snapshot", &write_snapshot, py::arg("path"), py::arg("sections"));
  m.def("read_snapshot", &read_snapshot, py::arg("path"));
}

}  // namespace tickmargin::bindings

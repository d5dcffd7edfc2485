// A live engine's recording, as Python gives and takes it; its errors become RecordingError.
#include "recording.hpp"

#include <pybind11/stl.h>

#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/snapshot.hpp"
#include "register.hpp"

namespace tickmargin::bindings {
namespace {

struct FileBeside {
  std::string path;
  std::vector<journal::Section> sections;
};

const char* fault_name(RecordingFault fault) {
  switch (fault) {
    case RecordingFault::io: return "io";
    case RecordingFault::in_use: return "in_use";
    case RecordingFault::missing: return "missing";
    case RecordingFault::damaged: return "damaged";
    case RecordingFault::differs: return "differs";
  }
  return "io";
}

}  // namespace

std::function<void()> writing_beside(const std::string& directory, const py::dict& beside) {
  std::vector<FileBeside> files;
  for (const auto& [name, given] : beside) {
    FileBeside file{directory + "/" + py::cast<std::string>(name), {}};
    for (const auto& [section, bytes] : py::cast<py::dict>(given)) {
      file.sections.push_back({py::cast<std::string_view>(section),
                               std::as_bytes(std::span(py::cast<std::string_view>(bytes)))});
    }
    files.push_back(std::move(file));
  }
  return [files = std::move(files)] {
    for (const FileBeside& file : files) {
      const int error = journal::write_snapshot(journal::posix_files(), file.path, file.sections);
      if (error == 0) continue;
      throw RecordingError(RecordingFault::io,
                           file.path + ": cannot be written: " + std::strerror(error), error);
    }
  };
}

py::dict report_of(const RecoveryReport& report) {
  py::dict d;
  d["snapshot"] = report.snapshot;
  d["refused"] = report.refused;
  d["snapshot_seq"] = report.snapshot_seq;
  d["records_replayed"] = report.records_replayed;
  d["hashes_compared"] = report.hashes_compared;
  d["torn_bytes"] = report.torn_bytes;
  d["torn_file"] = report.torn_file;
  d["applied_seq"] = report.applied_seq;
  d["state_hash"] = report.state_hash;
  return d;
}

std::function<void(std::uint64_t, std::uint64_t)> telling(const py::object& progress) {
  return [&progress](std::uint64_t done, std::uint64_t total) {
    const py::gil_scoped_acquire locked;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!progress.is_none()) progress(done, total);
  };
}

void register_recording(Module& m) {
  static PyObject* const type =
      py::exception<RecordingError>(m, "RecordingError", PyExc_RuntimeError).release().ptr();
  py::register_local_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const RecordingError& error) {
      const py::tuple told = py::make_tuple(fault_name(error.fault), error.what(), error.error);
      PyErr_SetObject(type, told.ptr());
    }
  });
}

}  // namespace tickmargin::bindings

// A live engine's recording, as Python gives and takes it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "columns.hpp"
#include "tickmargin/live.hpp"

namespace tickmargin::bindings {

// `beside`: by file name, the named sections of a file that is written into the directory before
// anything of the engine's is. Looks at the dict's bytes, without the GIL: they have to outlive it.
std::function<void()> writing_beside(const std::string& directory, const py::dict& beside);

py::dict report_of(const RecoveryReport& report);

// Tells Python's `progress`, None or a callable that outlives it, from a thread that has let go of
// the GIL, and lets an interrupt in.
std::function<void(std::uint64_t, std::uint64_t)> telling(const py::object& progress);

}  // namespace tickmargin::bindings

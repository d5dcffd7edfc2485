// What the add-ons of the core say of themselves: policy files are checked against it.
#include <pybind11/stl.h>

#include "margin/add_ons.hpp"
#include "register.hpp"

namespace tickmargin::bindings {
namespace {

const char* range_name(margin::KeyRange range) {
  switch (range) {
    case margin::KeyRange::ratio: return "ratio";
    case margin::KeyRange::non_negative: return "non_negative";
    case margin::KeyRange::positive: return "positive";
    case margin::KeyRange::peg: return "peg";
  }
  return "unknown";
}

py::list add_ons() {
  py::list out;
  for (std::size_t id = 0; id < margin::add_on_count; ++id) {
    const margin::AddOn& add_on = margin::add_on_of(static_cast<margin::AddOnId>(id));
    py::list keys, seen_by;
    for (const margin::Key& key : add_on.keys) {
      const bool required = key.fallback == margin::required;
      keys.append(
          py::make_tuple(key.name, range_name(key.range), required, key.fallback, key.says));
    }
    for (unsigned method = 0; method < 32; ++method) {
      if (add_on.seen_by >> method & 1) {
        seen_by.append(margin::method_of(static_cast<MethodId>(method)).name);
      }
    }
    py::dict row;
    row["line"] = margin::component_name(margin::component_of(static_cast<margin::AddOnId>(id)));
    row["section"] = add_on.section;
    row["says"] = add_on.says;
    row["keys"] = keys;
    row["seen_by"] = seen_by;
    row["whole_pocket"] = add_on.pocket != nullptr;
    row["bounded"] = add_on.bounded;
    out.append(row);
  }
  return out;
}

}  // namespace

void register_add_ons(Module& m) {
  m.def("add_ons", &add_ons,
        "Every add-on: its section, keys with their ranges, and the methods it is refused under.");
}

}  // namespace tickmargin::bindings

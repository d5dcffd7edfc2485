// A live engine that Python owns, handed to C and Cython as a named capsule.
#pragma once

#include <pybind11/pybind11.h>

#include "capi/handle.hpp"

namespace tickmargin::bindings {

// The capsule keeps `owner`, the object that holds the engine, alive; the engine stays where it is.
inline pybind11::capsule capsule_of(LiveEngine& engine, const pybind11::object& owner) {
  pybind11::capsule capsule(
      capi::handle_of(&engine), TICKMARGIN_ENGINE_CAPSULE,
      [](PyObject* self) { Py_XDECREF(static_cast<PyObject*>(PyCapsule_GetContext(self))); });
  if (PyCapsule_SetContext(capsule.ptr(), owner.ptr()) != 0) {
    throw pybind11::error_already_set();
  }
  owner.inc_ref();
  return capsule;
}

}  // namespace tickmargin::bindings

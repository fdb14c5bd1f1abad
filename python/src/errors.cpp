#include <string>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include "varve/base/error.h"

#include "bindings.h"

namespace nb = nanobind;

namespace varve::python {
namespace {

// The classes are Python's own (varve.errors); here a kind is only looked up.
void raise_as_python(const Error& error) {
  const nb::object classes = nb::module_::import_("varve.errors").attr("CLASSES");
  const std::string kind(to_string(error.kind()));
  const nb::object raised = classes[kind.c_str()];
  PyErr_SetString(raised.ptr(), error.what());
}

}  // namespace

void bind_errors(nb::module_& module) {
  nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const Error& error) {
      raise_as_python(error);
    }
  });
  module.def("error_kinds", [] {
    std::vector<std::string> names;
    for (const ErrorKind kind : kErrorKinds) {
      names.emplace_back(to_string(kind));
    }
    return names;
  });
}

}  // namespace varve::python

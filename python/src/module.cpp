#include <unistd.h>

#include <nanobind/nanobind.h>

#include "bindings.h"

namespace varve::python {
namespace {

void check_signals() {
  const nanobind::gil_scoped_acquire held;
  if (PyErr_CheckSignals() != 0) throw nanobind::python_error();
}

}  // namespace

Unlocked::Unlocked() {
  const bool is_main_thread = ::gettid() == ::getpid();
  if (is_main_thread) interruption_.emplace(check_signals);
}

}  // namespace varve::python

NB_MODULE(_varve, module) {
  module.doc() = "Varve's engine. Use the package varve, which gives it its types and documents.";
  varve::python::bind_errors(module);
  varve::python::bind_table(module);
  varve::python::bind_lake(module);
  varve::python::bind_predicate(module);
  varve::python::bind_stream(module);
  varve::python::bind_parquet_file(module);
}

#include <nanobind/nanobind.h>

#include "bindings.h"

NB_MODULE(_varve, module) {
  module.doc() = "Varve's engine. Use the package varve, which gives it its types and documents.";
  varve::python::bind_errors(module);
  varve::python::bind_table(module);
  varve::python::bind_lake(module);
  varve::python::bind_predicate(module);
  varve::python::bind_stream(module);
  varve::python::bind_parquet_file(module);
}

#include "stream.h"

#include <mutex>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>

#include "varve/table/select.h"

#include "bindings.h"

namespace nb = nanobind;

namespace varve::python {

struct Stream::Pass {
  Pass(Schema its_schema, Next its_next) : schema(std::move(its_schema)), next(std::move(its_next)) {}
  std::optional<Table> take() {
    const std::lock_guard lock(mutex);
    return next();
  }

  Schema schema;
  Next next;
  std::mutex mutex;
};

Stream::Stream(Schema schema, Next next) : pass_(std::make_shared<Pass>(std::move(schema), std::move(next))) {}

Table Stream::empty() const { return Table::empty(pass_->schema); }

std::optional<Table> Stream::next() { return pass_->take(); }

Table Stream::rest() {
  std::vector<Table> pieces = {empty()};
  while (std::optional<Table> piece = next()) pieces.push_back(*std::move(piece));
  return table::concatenate(pieces);
}

nb::capsule Stream::arrow_stream() const {
  return export_arrow_batches(pass_->schema, [pass = pass_] { return pass->take(); });
}

void bind_stream(nb::module_& module) {
  nb::class_<Stream>(module, "Stream")
      .def("empty", &Stream::empty)
      .def("next", &Stream::next, nb::call_guard<Unlocked>())
      .def("rest", &Stream::rest, nb::call_guard<Unlocked>())
      .def("arrow_stream", &Stream::arrow_stream);
}

}  // namespace varve::python

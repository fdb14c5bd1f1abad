#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <nanobind/nanobind.h>

#include "varve/base/error.h"
#include "varve/table/arrow.h"

#include "bindings.h"

namespace nb = nanobind;

namespace varve::python {
namespace {

constexpr const char* kStreamName = "arrow_array_stream";
constexpr const char* kSchemaName = "arrow_schema";
constexpr const char* kArrayName = "arrow_array";

// Takes over the structure in a capsule: the capsule's own destructor then finds it released.
template <typename Structure>
Structure take_over(const nb::object& capsule, const char* name) {
  auto* held = static_cast<Structure*>(PyCapsule_GetPointer(capsule.ptr(), name));
  if (held == nullptr) {
    throw nb::python_error();
  }
  Structure taken = *held;
  held->release = nullptr;
  return taken;
}

// A stream of bare columns shown as a stream of tables with that one column: the parent structures are ours, the
// children the producer's.
struct ColumnStream {
  ArrowArrayStream inner;
};

template <typename Structure>
struct Parent {
  Structure child;
  Structure* children[1];
  const void* buffers[1];
};

template <typename Structure>
void release_parent(Structure* structure) {
  auto* parent = static_cast<Parent<Structure>*>(structure->private_data);
  if (parent->child.release != nullptr) {
    parent->child.release(&parent->child);
  }
  std::unique_ptr<Parent<Structure>>(parent).reset();
  structure->release = nullptr;
}

template <typename Structure>
Parent<Structure>* adopt(const Structure& child) {
  auto parent = std::make_unique<Parent<Structure>>();
  parent->child = child;
  parent->children[0] = &parent->child;
  parent->buffers[0] = nullptr;
  return parent.release();
}

ArrowSchema wrap_schema(const ArrowSchema& child) {
  ArrowSchema wrapped{};
  auto* parent = adopt(child);
  if (child.name == nullptr || *child.name == '\0') {
    parent->child.name = "value";
  }
  wrapped.format = "+s";
  wrapped.name = "";
  wrapped.n_children = 1;
  wrapped.children = parent->children;
  wrapped.release = release_parent<ArrowSchema>;
  wrapped.private_data = parent;
  return wrapped;
}

ArrowArray wrap_array(const ArrowArray& child) {
  ArrowArray wrapped{};
  auto* parent = adopt(child);
  wrapped.length = child.length;
  wrapped.n_buffers = 1;
  wrapped.buffers = parent->buffers;
  wrapped.n_children = 1;
  wrapped.children = parent->children;
  wrapped.release = release_parent<ArrowArray>;
  wrapped.private_data = parent;
  return wrapped;
}

int column_stream_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  auto& inner = static_cast<ColumnStream*>(stream->private_data)->inner;
  ArrowSchema child{};
  const int status = inner.get_schema(&inner, &child);
  if (status == 0) {
    *out = wrap_schema(child);
  }
  return status;
}

int column_stream_next(ArrowArrayStream* stream, ArrowArray* out) {
  auto& inner = static_cast<ColumnStream*>(stream->private_data)->inner;
  ArrowArray child{};
  const int status = inner.get_next(&inner, &child);
  if (status != 0) {
    return status;
  }
  *out = child.release == nullptr ? ArrowArray{} : wrap_array(child);
  return 0;
}

const char* column_stream_error(ArrowArrayStream* stream) {
  auto& inner = static_cast<ColumnStream*>(stream->private_data)->inner;
  return inner.get_last_error(&inner);
}

void release_column_stream(ArrowArrayStream* stream) {
  std::unique_ptr<ColumnStream> held(static_cast<ColumnStream*>(stream->private_data));
  if (held->inner.release != nullptr) {
    held->inner.release(&held->inner);
  }
  stream->release = nullptr;
}

ArrowArrayStream as_table_stream(const ArrowArrayStream& columns) {
  auto held = std::make_unique<ColumnStream>(ColumnStream{columns});
  return {.get_schema = column_stream_schema,
          .get_next = column_stream_next,
          .get_last_error = column_stream_error,
          .release = release_column_stream,
          .private_data = held.release()};
}

// Whether the stream's items are tables. A stream that cannot tell its schema is left to import_table to complain of.
bool is_table_stream(ArrowArrayStream& stream) {
  ArrowSchema schema{};
  if (stream.get_schema(&stream, &schema) != 0) {
    return true;
  }
  const bool is_table = std::strcmp(schema.format, "+s") == 0;
  schema.release(&schema);
  return is_table;
}

Table import_stream_capsule(const nb::object& capsule) {
  auto stream = take_over<ArrowArrayStream>(capsule, kStreamName);
  const nb::gil_scoped_release unlocked;
  if (!is_table_stream(stream)) {
    stream = as_table_stream(stream);
  }
  return import_table(&stream);
}

Table import_array_capsules(const nb::object& pair) {
  auto schema = take_over<ArrowSchema>(nb::object(pair[0]), kSchemaName);
  auto array = take_over<ArrowArray>(nb::object(pair[1]), kArrayName);
  if (std::strcmp(schema.format, "+s") != 0) {
    schema = wrap_schema(schema);
    array = wrap_array(array);
  }
  // import_batch reads the producer's schema again, import_schema ends it: hand out its ends in that order.
  Table table;
  try {
    table = import_batch(&array, schema);
  } catch (...) {
    schema.release(&schema);
    throw;
  }
  schema.release(&schema);
  return table;
}

template <typename Structure>
void end_of_capsule(void* pointer) noexcept {
  std::unique_ptr<Structure> held(static_cast<Structure*>(pointer));
  if (held->release != nullptr) {
    held->release(held.get());
  }
}

}  // namespace

Table import_arrow(nb::handle object) {
  if (nb::hasattr(object, "__arrow_c_stream__")) {
    return import_stream_capsule(object.attr("__arrow_c_stream__")());
  }
  if (nb::hasattr(object, "__arrow_c_array__")) {
    return import_array_capsules(object.attr("__arrow_c_array__")());
  }
  const nb::str type_name(nb::handle(reinterpret_cast<PyObject*>(Py_TYPE(object.ptr()))));
  throw InvalidArgument("{} is not tabular: expected an object with __arrow_c_stream__ or a dict of columns",
                        type_name.c_str());
}

nb::capsule export_arrow_stream(const Table& table) {
  auto stream = std::make_unique<ArrowArrayStream>();
  export_stream(table, stream.get());
  return {stream.release(), kStreamName, end_of_capsule<ArrowArrayStream>};
}

nb::capsule export_arrow_batches(const Schema& schema, std::function<std::optional<Table>()> next) {
  auto stream = std::make_unique<ArrowArrayStream>();
  export_batches(schema, std::move(next), stream.get());
  return {stream.release(), kStreamName, end_of_capsule<ArrowArrayStream>};
}

nb::capsule export_arrow_schema(const Schema& schema) {
  auto exported = std::make_unique<ArrowSchema>();
  export_schema(schema, exported.get());
  return {exported.release(), kSchemaName, end_of_capsule<ArrowSchema>};
}

}  // namespace varve::python

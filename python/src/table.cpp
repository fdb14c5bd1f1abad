#include "varve/table/table.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "varve/base/error.h"
#include "varve/table/builder.h"
#include "varve/table/print.h"

#include "bindings.h"
#include "options.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace varve::python {
namespace {

using NamedColumn = std::pair<std::string, Column>;

Table table_from_columns(const std::vector<NamedColumn>& named) {
  std::vector<Field> fields;
  std::vector<Column> columns;
  for (const auto& [name, column] : named) {
    fields.push_back({.name = name, .type = column.type()});
    columns.push_back(column);
  }
  return {Schema(std::move(fields)), std::move(columns)};
}

// Bytes 0 and 1, one a row, as a bitmap; none if there are no bytes.
base::BufferPtr bitmap_from_bytes(const std::optional<nb::bytes>& flags, int64_t rows) {
  if (!flags) {
    return nullptr;
  }
  if (static_cast<int64_t>(flags->size()) != rows) {
    throw InvalidArgument("{} flags for {} rows", flags->size(), rows);
  }
  auto bitmap = base::MutableBuffer::allocate_zeroed(static_cast<size_t>((rows + 7) / 8));
  auto* bits = bitmap.as<uint8_t>();
  const char* source = flags->c_str();
  for (int64_t row = 0; row < rows; ++row) {
    if (source[row] != 0) {
      bits[row >> 3] = static_cast<uint8_t>(bits[row >> 3] | (1U << (row & 7)));
    }
  }
  return std::move(bitmap).finish();
}

// Rows of a fixed-width type as they lie in memory, little-endian.
Column column_from_bytes(const std::string& type_text, const nb::bytes& bytes, const std::optional<nb::bytes>& valid) {
  const DataType type = parse_type(type_text);
  if (storage_of(type) != Storage::kFixed) {
    throw InvalidArgument("type {} has no fixed width", type_text);
  }
  const auto width = static_cast<size_t>(width_of(type));
  if (bytes.size() % width != 0) {
    throw InvalidArgument("{} bytes are no whole number of {} values of {} bytes", bytes.size(), type_text, width);
  }
  auto values = base::MutableBuffer::allocate(bytes.size());
  std::memcpy(values.data(), bytes.c_str(), bytes.size());
  const auto rows = static_cast<int64_t>(bytes.size() / width);
  return Column(
      {.type = type, .length = rows, .validity = bitmap_from_bytes(valid, rows), .values = std::move(values).finish()});
}

Column column_from_flags(const nb::bytes& flags, const std::optional<nb::bytes>& valid) {
  const auto rows = static_cast<int64_t>(flags.size());
  return Column({.type = DataType::boolean(),
                 .length = rows,
                 .validity = bitmap_from_bytes(valid, rows),
                 .values = bitmap_from_bytes(flags, rows)});
}

// A sequence of str, bytes or None.
Column column_from_texts(const std::string& type_text, const nb::sequence& texts) {
  table::ColumnBuilder builder(parse_type(type_text));
  for (const nb::handle text : texts) {
    if (text.is_none()) {
      builder.append_null();
      continue;
    }
    Py_ssize_t size = 0;
    const char* bytes = PyUnicode_Check(text.ptr()) ? PyUnicode_AsUTF8AndSize(text.ptr(), &size) : nullptr;
    if (bytes == nullptr && PyBytes_Check(text.ptr())) {
      bytes = PyBytes_AS_STRING(text.ptr());
      size = PyBytes_GET_SIZE(text.ptr());
    }
    if (bytes == nullptr) {
      PyErr_Clear();
      throw InvalidArgument("value {} of a {} column is neither text nor bytes, or not UTF-8", builder.length(),
                            type_text);
    }
    builder.append_bytes({bytes, static_cast<size_t>(size)});
  }
  return builder.finish();
}

// The text of each value of rows [start, start + count), None for nulls: for people, not for computing.
std::vector<std::vector<std::optional<std::string>>> texts(const Table& table, int64_t start, int64_t count) {
  const Table part = table.slice(start, count);
  std::vector<std::vector<std::optional<std::string>>> rows(static_cast<size_t>(part.num_rows()));
  for (size_t position = 0; position < part.num_columns(); ++position) {
    const Column& column = part.column(position);
    for (int64_t row = 0; row < part.num_rows(); ++row) {
      auto& cells = rows[static_cast<size_t>(row)];
      cells.push_back(column.is_null(row) ? std::nullopt : std::optional(table::value_text(column, row)));
    }
  }
  return rows;
}

std::vector<std::pair<std::string, std::string>> fields(const Table& table) {
  std::vector<std::pair<std::string, std::string>> named;
  for (const Field& field : table.schema().fields()) {
    named.emplace_back(field.name, to_string(field.type));
  }
  return named;
}

}  // namespace

void bind_table(nb::module_& module) {
  nb::class_<Column>(module, "Column").def("__len__", &Column::length);
  nb::class_<Table>(module, "Table")
      .def("__len__", &Table::num_rows)
      .def("fields", &fields)
      .def("metadata", [](const Table& table) { return table.schema().metadata(); })
      .def(
          "slice",
          [](const Table& table, nb::handle start, nb::handle length) {
            return table.slice(to_option<int64_t>(start, "start"), to_option<int64_t>(length, "length"));
          },
          "start"_a.none(), "length"_a.none())
      .def(
          "select", [](const Table& table, nb::handle names) { return table.select(to_columns(names)); },
          "columns"_a.none())
      .def(
          "column", [](const Table& table, const std::string& name) { return table.column(name); }, "name"_a)
      .def("byte_size", &Table::byte_size)
      .def("texts", &texts, "start"_a, "count"_a)
      .def(
          "to_text",
          [](const Table& table, int64_t rows_max, int32_t width_max) {
            return table::to_text(table, {.rows_max = rows_max, .width_max = width_max});
          },
          "rows_max"_a, "width_max"_a)
      .def(
          "equals", [](const Table& left, const Table& right) { return equals(left, right); }, "other"_a)
      .def("arrow_stream", &export_arrow_stream)
      .def("arrow_schema", [](const Table& table) { return export_arrow_schema(table.schema()); });
  module.def("import_arrow", &import_arrow, "source"_a.none());
  module.def("table_from_columns", &table_from_columns, "columns"_a);
  module.def("column_from_bytes", &column_from_bytes, "type"_a, "values"_a, "valid"_a.none());
  module.def("column_from_flags", &column_from_flags, "flags"_a, "valid"_a.none());
  module.def(
      "column_of_nulls", [](const std::string& type, int64_t rows) { return make_null_column(parse_type(type), rows); },
      "type"_a, "rows"_a);
  module.def("column_from_texts", &column_from_texts, "type"_a, "texts"_a);
}

}  // namespace varve::python

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include "varve/base/error.h"
#include "varve/base/file_system.h"
#include "varve/base/thread_pool.h"
#include "varve/market/kind.h"
#include "varve/parquet/reader.h"
#include "varve/parquet/writer.h"

#include "bindings.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace varve::python {
namespace {

struct Range {
  std::optional<TimeBound> start;
  std::optional<TimeBound> end;
  std::string zone;
  std::string index;
};

// Rows within [start, end] of the index, both inside; all where both are absent.
Table read_parquet(const std::string& path, std::optional<std::vector<std::string>> columns, const Range& range) {
  const auto files = base::make_system_file_system();
  base::ThreadPool pool;
  const auto reader = parquet::Reader::open(files->open(path, base::OpenMode::kRead), path);
  parquet::ReadOptions options{.columns = std::move(columns), .pool = &pool};
  if (range.start || range.end) {
    const std::string column = market::find_index(reader.schema(), range.index);
    if (column.empty()) {
      throw InvalidArgument("{} has no timestamp or date column for the range", path);
    }
    options.range = parquet::IndexRange{.column = column,
                                        .start = range.start ? range.start->as_start(range.zone) : Timestamp::min(),
                                        .end = range.end ? range.end->as_end(range.zone) : Timestamp::max()};
  }
  return reader.read(options);
}

struct WriteParquetOptions {
  std::string compression;
  std::vector<std::string> sorted_by;
  int64_t rows_per_group;
  bool durable;
};

// The file appears whole, or what was there stays.
int64_t write_parquet(const Table& table, const std::string& path, const WriteParquetOptions& wanted) {
  base::ThreadPool pool;
  const parquet::WriteOptions options{.compression = parquet::parse_compression(wanted.compression),
                                      .sorted_by = wanted.sorted_by,
                                      .rows_per_group = wanted.rows_per_group,
                                      .pool = &pool};
  int64_t bytes_written = 0;
  const auto fill = [&](base::File& file) {
    const parquet::Writer::Sink sink = [&](auto bytes) { file.append(bytes); };
    bytes_written = parquet::write_table(table, sink, options).bytes;
  };
  base::write_whole_file(*base::make_system_file_system(), path, fill, {.durable = wanted.durable});
  return bytes_written;
}

}  // namespace

void bind_parquet_file(nb::module_& module) {
  module.def(
      "read_parquet",
      [](const std::string& path, std::optional<std::vector<std::string>> columns, const std::optional<Bound>& start,
         const std::optional<Bound>& end, const std::string& zone, const std::string& index) {
        return read_parquet(path, std::move(columns), {to_bound(start), to_bound(end), zone, index});
      },
      "path"_a, "columns"_a.none(), "start"_a.none(), "end"_a.none(), "zone"_a, "index"_a,
      nb::call_guard<nb::gil_scoped_release>());
  module.def(
      "write_parquet",
      [](const Table& table, const std::string& path, const std::string& compression,
         const std::vector<std::string>& sorted_by, int64_t rows_per_group, bool durable) {
        return write_parquet(table, path, {compression, sorted_by, rows_per_group, durable});
      },
      "table"_a, "path"_a, "compression"_a, "sorted_by"_a, "rows_per_group"_a, "durable"_a,
      nb::call_guard<nb::gil_scoped_release>());
}

}  // namespace varve::python

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include "varve/base/error.h"
#include "varve/base/file_system.h"
#include "varve/base/thread_pool.h"
#include "varve/market/kind.h"
#include "varve/parquet/explain.h"
#include "varve/parquet/reader.h"
#include "varve/parquet/stream.h"
#include "varve/parquet/writer.h"
#include "varve/table/arrow.h"

#include "bindings.h"
#include "stream.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace varve::python {
namespace {

// Which rows and columns are wanted. `range_zone` and `index` belong to `start` and `end`.
struct Wanted {
  std::optional<std::vector<std::string>> columns;
  std::optional<Bound> start;
  std::optional<Bound> end;
  std::string zone;
  std::string index;
  std::optional<Predicate> where;
};

class ParquetFile {
 public:
  explicit ParquetFile(const std::string& path)
      : path_(path),
        pool_(std::make_shared<base::ThreadPool>()),
        reader_(std::make_shared<parquet::Reader>(
            parquet::Reader::open(base::make_system_file_system()->open(path, base::OpenMode::kRead), path))) {}

  // What was handed out before goes on, and so do reads of other threads.
  void close() {
    const std::lock_guard lock(mutex_);
    reader_.reset();
  }
  // To be held for as long as it is used.
  [[nodiscard]] std::shared_ptr<const parquet::Reader> reader() const {
    const std::lock_guard lock(mutex_);
    if (!reader_) throw InvalidArgument("{} is closed", path_);
    return reader_;
  }
  [[nodiscard]] Table read(Wanted wanted) const {
    const auto held = reader();
    return held->read(options(held->schema(), std::move(wanted)));
  }
  [[nodiscard]] Stream batches(Wanted wanted, int64_t rows_max) const {
    const auto held = reader();
    parquet::ReadOptions read = options(held->schema(), std::move(wanted));
    auto batches =
        std::make_shared<parquet::Stream>(held, parquet::StreamOptions{.read = std::move(read), .rows_max = rows_max});
    return {batches->schema(), [batches, pool = pool_] { return batches->next(); }};
  }

 private:
  [[nodiscard]] parquet::ReadOptions options(const Schema& schema, Wanted wanted) const {
    parquet::ReadOptions options{
        .columns = std::move(wanted.columns), .where = std::move(wanted.where), .pool = pool_.get()};
    const auto start = to_bound(wanted.start);
    const auto end = to_bound(wanted.end);
    if (!start && !end) return options;
    const std::string column = market::find_index(schema, wanted.index);
    if (column.empty()) throw InvalidArgument("{} has no timestamp or date column for the range", path_);
    options.range = parquet::IndexRange{.column = column,
                                        .start = start ? start->as_start(wanted.zone) : Timestamp::min(),
                                        .end = end ? end->as_end(wanted.zone) : Timestamp::max()};
    return options;
  }

  std::string path_;
  std::shared_ptr<base::ThreadPool> pool_;
  mutable std::mutex mutex_;  // of `reader_`
  std::shared_ptr<const parquet::Reader> reader_;
};

// A file being written; it appears under its name when it is closed. Threads that share it take turns.
class ParquetWriter {
 public:
  ParquetWriter(std::string path, const std::string& compression, std::vector<std::string> sorted_by,
                std::optional<int64_t> rows_per_group, bool durable)
      : options_{.compression = parquet::parse_compression(compression),
                 .sorted_by = std::move(sorted_by),
                 .rows_per_group = rows_per_group,
                 .pool = &pool_},
        durable_(durable),
        files_(base::make_system_file_system()),
        file_(std::make_unique<base::WholeFile>(base::WholeFile::create(*files_, std::move(path)))) {}

  void write(const Table& table) {
    const std::lock_guard lock(mutex_);
    check_open();
    try {
      if (!writer_) {
        const parquet::Writer::Sink sink = [file = &file_->file()](auto bytes) { file->append(bytes); };
        writer_ = std::make_unique<parquet::Writer>(table.schema(), sink, options_);
      }
      writer_->write(table);
    } catch (...) {
      give_up();
      throw;
    }
  }

  // The file's bytes.
  int64_t close() {
    const std::lock_guard lock(mutex_);
    check_open();
    try {
      if (!writer_) throw InvalidArgument("{}: no table was written, so that there are no columns", file_->path());
      const int64_t bytes = writer_->finish().bytes;
      file_->commit({.durable = durable_});
      give_up();
      return bytes;
    } catch (...) {
      give_up();
      throw;
    }
  }

  // Leaves nothing behind but what was there before. Idempotent; after close it does nothing.
  void abandon() {
    const std::lock_guard lock(mutex_);
    give_up();
  }
  [[nodiscard]] bool closed() const {
    const std::lock_guard lock(mutex_);
    return file_ == nullptr;
  }

 private:
  void check_open() const {
    if (file_ == nullptr) throw InvalidArgument("the writer is closed");
  }
  void give_up() noexcept {
    writer_.reset();
    file_.reset();
  }

  mutable std::mutex mutex_;

  base::ThreadPool pool_;
  parquet::WriteOptions options_;
  bool durable_;
  std::unique_ptr<base::FileSystem> files_;
  std::unique_ptr<base::WholeFile> file_;
  std::unique_ptr<parquet::Writer> writer_;
};

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields fields_of(const ParquetFile& file) {
  Fields fields;
  const auto reader = file.reader();
  for (const Field& field : reader->schema().fields()) fields.emplace_back(field.name, to_string(field.type));
  return fields;
}

void bind_reading(nb::module_& module) {
  using Columns = std::optional<std::vector<std::string>>;
  using Where = std::optional<Predicate>;
  nb::class_<ParquetFile>(module, "ParquetFile")
      .def(nb::init<const std::string&>(), "path"_a, nb::call_guard<Unlocked>())
      .def("close", &ParquetFile::close)
      .def("fields", &fields_of)
      .def("nested", [](const ParquetFile& file) { return file.reader()->nested_columns(); })
      .def("metadata", [](const ParquetFile& file) { return file.reader()->schema().metadata(); })
      .def("created_by", [](const ParquetFile& file) { return file.reader()->metadata().created_by; })
      .def("num_rows", [](const ParquetFile& file) { return file.reader()->num_rows(); })
      .def("num_row_groups", [](const ParquetFile& file) { return file.reader()->num_row_groups(); })
      .def(
          "read",
          [](const ParquetFile& file, Columns columns, std::optional<Bound> start, std::optional<Bound> end,
             std::string zone, std::string index, Where where) {
            return file.read({std::move(columns), std::move(start), std::move(end), std::move(zone), std::move(index),
                              std::move(where)});
          },
          "columns"_a.none(), "start"_a.none(), "end"_a.none(), "zone"_a, "index"_a, "where"_a.none(),
          nb::call_guard<Unlocked>())
      .def(
          "batches",
          [](const ParquetFile& file, Columns columns, std::optional<Bound> start, std::optional<Bound> end,
             std::string zone, std::string index, Where where, int64_t rows_max) {
            return file.batches({std::move(columns), std::move(start), std::move(end), std::move(zone),
                                 std::move(index), std::move(where)},
                                rows_max);
          },
          "columns"_a.none(), "start"_a.none(), "end"_a.none(), "zone"_a, "index"_a, "where"_a.none(), "rows_max"_a,
          nb::call_guard<Unlocked>())
      .def(
          "explain",
          [](const ParquetFile& file, bool by_row_group) {
            return parquet::explain(*file.reader(), {.by_row_group = by_row_group});
          },
          "by_row_group"_a, nb::call_guard<Unlocked>());
}

}  // namespace

void bind_parquet_file(nb::module_& module) {
  bind_reading(module);
  nb::class_<ParquetWriter>(module, "ParquetWriter")
      .def(nb::init<std::string, const std::string&, std::vector<std::string>, std::optional<int64_t>, bool>(),
           "path"_a, "compression"_a, "sorted_by"_a, "rows_per_group"_a.none(), "durable"_a)
      .def("write", &ParquetWriter::write, "table"_a, nb::call_guard<Unlocked>())
      .def("close", &ParquetWriter::close, nb::call_guard<Unlocked>())
      .def("abandon", &ParquetWriter::abandon, nb::call_guard<Unlocked>())
      .def("closed", &ParquetWriter::closed, nb::call_guard<Unlocked>());
}

}  // namespace varve::python

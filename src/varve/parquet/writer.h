// Writes one Parquet file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "varve/base/cancel.h"
#include "varve/base/thread_pool.h"
#include "varve/table/table.h"

namespace varve::parquet {

enum class Compression { kAuto, kNone, kSnappy, kLz4, kGzip, kZstd };
std::string_view to_string(Compression compression) noexcept;  // "auto", "none", "snappy", "lz4", "gzip", "zstd"

struct CompressionSetting {
  Compression codec = Compression::kAuto;  // zstd where it takes off a tenth of a page, a seventh of dictionary indexes
  int level = 0;                           // 0: the codec's default
};
// Reads "auto", "zstd", "zstd:9" and so on. Throws InvalidArgument, listing the names.
CompressionSetting parse_compression(std::string_view text);

struct WriteOptions {
  CompressionSetting compression;
  std::vector<std::string> sorted_by;  // columns by which the rows are sorted, ascending, nulls first
  // Most rows of a row group. Absent: 2^20, and fewer of wide rows, so that the group's values take about 64 MiB:
  // readers that share work out by row groups then have several of them.
  std::optional<int64_t> rows_per_group;
  int64_t rows_per_page = 1 << 14;                            // most rows of a page; bytes limit it too
  std::vector<std::pair<std::string, std::string>> metadata;  // of the file; replaces the schema's of the same name
  base::ThreadPool* pool = nullptr;                           // encodes columns side by side
  base::CancelToken cancel;
};

struct WriteSummary {
  int64_t rows = 0;
  int64_t bytes = 0;
  int64_t row_groups = 0;
};

// Takes tables of one schema and hands out the file's bytes in order. Move-only; one thread.
// Files hold DataPageV2 pages with CRC, an encoding per column chunk that costs least on a sample of its values,
// statistics, page indexes and sorting columns: every reader of the format opens them.
class Writer {
 public:
  // Takes the next bytes. Called in order and never twice at a time, but also from the pool's threads, within write and
  // finish.
  using Sink = std::function<void(std::span<const std::byte>)>;

  // Hands out the first bytes. Throws NotSupported for a column type that Parquet has no place for, InvalidArgument for
  // options out of range, NotFound for a name in `sorted_by` that is no column, and what the sink throws.
  Writer(const Schema& schema, Sink sink, WriteOptions options = {});
  ~Writer();
  Writer(Writer&&) noexcept;
  Writer& operator=(Writer&&) noexcept;

  // Adds rows. Whole row groups are written as they fill; the rows of one that is not full are shared, not copied.
  // Besides these, encoded columns that wait for one before them take at most 64 MiB and one column for each thread.
  // Throws InvalidArgument if the schema is another one, the file is finished, or a value cannot be stored (seconds
  // beyond the reach of milliseconds, a decimal of more digits than its column has), Cancelled, and what the sink
  // throws. A writer that has thrown is of no use any more.
  void write(const Table& table);
  // Writes what is left and the footer, once. The file is not a file before. Throws as write.
  WriteSummary finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The whole table as one file.
WriteSummary write_table(const Table& table, const Writer::Sink& sink, const WriteOptions& options = {});

}  // namespace varve::parquet

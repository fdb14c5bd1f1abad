// Reads one Parquet file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "varve/base/cancel.h"
#include "varve/base/file_system.h"
#include "varve/base/thread_pool.h"
#include "varve/parquet/format.h"
#include "varve/table/predicate/predicate.h"
#include "varve/table/table.h"

namespace varve::parquet {

struct OpenFile;  // read/chunk_locator.h

// Rows whose `column` (a timestamp or date) lies within [start, end], both inside, in nanoseconds UTC. The first and
// the last moment of nanoseconds are no bounds: columns of other units reach beyond.
struct IndexRange {
  std::string column;
  Timestamp start = Timestamp::min();
  Timestamp end = Timestamp::max();
  bool sorted = false;  // the file's rows are known to be sorted by the column: pages are cut by binary search
};

struct ReadOptions {
  std::optional<std::vector<std::string>> columns;  // all if absent; in the order named
  std::optional<IndexRange> range;
  // Only rows for which it is true; its columns need not be among `columns`. What statistics, page indexes and
  // dictionaries rule out is not read, and of the other columns only pages that hold such a row.
  std::optional<Predicate> where;
  bool verify_checksums = true;  // page CRCs, where the file has them
  // Most bytes that the result may take; more is Corruption. Lengths are checked against the bytes that are there, but
  // a few bytes may rightly stand for a run of 2^31 equal values: this bounds what such a claim can cost.
  // 0: the larger of 4 GiB and 4,096 times the file's size.
  int64_t result_bytes_max = 0;
  base::ThreadPool* pool = nullptr;  // decodes columns and row groups side by side
  base::CancelToken cancel;
};

// One open file. Safe to read from several threads. Nothing that a file may hold crashes it: hostile input ends in
// Corruption (or NotSupported), with the file's name, and allocates no more than the bytes at hand can justify.
class Reader {
 public:
  // `name` is for messages. Throws Corruption if this is not a whole Parquet file, NotSupported for an encrypted one.
  static Reader open(std::unique_ptr<base::File> file, std::string name);
  ~Reader();
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;

  // The flat columns; key-value metadata included.
  [[nodiscard]] const Schema& schema() const noexcept;
  [[nodiscard]] const std::vector<std::string>& nested_columns() const noexcept;
  [[nodiscard]] int64_t num_rows() const noexcept;
  [[nodiscard]] size_t num_row_groups() const noexcept;
  [[nodiscard]] const FileMetaData& metadata() const noexcept;
  [[nodiscard]] const OpenFile& file() const noexcept;  // for this folder

  // Throws NotFound for a column that is not there, NotSupported for a nested one among those to read, InvalidArgument
  // for a condition whose values cannot be compared with their columns, Corruption, Cancelled, Io.
  [[nodiscard]] Table read(const ReadOptions& options = {}) const;
  // Rows [first, first + count) of the file, neither below 0; what lies beyond its end is left out.
  [[nodiscard]] Table read_rows(int64_t first, int64_t count, const ReadOptions& options = {}) const;
  // The rows of one row group.
  [[nodiscard]] Table read_row_group(size_t group, const ReadOptions& options = {}) const;

 private:
  struct State;
  explicit Reader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace varve::parquet

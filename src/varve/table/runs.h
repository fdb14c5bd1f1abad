// Puts rows of several columns together in runs: what concatenating, filtering and merging have in common.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>

#include "varve/base/buffer.h"
#include "varve/base/thread_pool.h"
#include "varve/table/table.h"

namespace varve::table {

// Rows [first, first + length) of the source with number `source`.
struct Run {
  int64_t first = 0;
  int64_t length = 0;
  size_t source = 0;
};

// A list of runs in which neighbours that continue each other become one. Its memory comes from the pool, as there may
// be a run a row.
class RunList {
 public:
  void add(size_t source, int64_t first, int64_t length) {
    if (length == 0) return;
    rows_ += length;
    if (count_ != 0) {
      Run& last = buffer_.as<Run>()[count_ - 1];
      if (last.source == source && last.first + last.length == first) {
        last.length += length;
        return;
      }
    }
    if ((count_ + 1) * sizeof(Run) > buffer_.size()) buffer_.resize(std::max<size_t>(1024, 2 * buffer_.size()));
    buffer_.as<Run>()[count_++] = {first, length, source};
  }

  [[nodiscard]] std::span<const Run> runs() const noexcept {
    return {reinterpret_cast<const Run*>(buffer_.data()), count_};
  }
  [[nodiscard]] int64_t rows() const noexcept { return rows_; }

 private:
  base::MutableBuffer buffer_;
  size_t count_ = 0;
  int64_t rows_ = 0;
};

// The runs one after the other. `sources` are not empty and have one type; the runs lie inside them. Nothing is copied
// where the only run is the whole of a source.
Column assemble(std::span<const Column> sources, const RunList& runs);
// The same for tables of one schema; the metadata are those of the first.
Table assemble(std::span<const Table> sources, const RunList& runs, base::ThreadPool* pool);

// So few values are copied before another thread is awake.
inline constexpr int64_t kFewValues = int64_t{1} << 15;

}  // namespace varve::table

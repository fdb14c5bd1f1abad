// Bounds what one read may allocate on a file's word alone.
#pragma once

#include <atomic>
#include <cstdint>

#include "varve/base/error.h"

namespace varve::parquet {

// A few bytes of a file may rightly stand for gigabytes (a run of equal values, a long string that a dictionary
// repeats), so lengths checked against the bytes that are there do not bound a result. This does: every allocation
// that such a claim decides is taken from one budget a read. Safe from several threads.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t bytes) : limit_(bytes), left_(bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Takes `rows` times `width` bytes (neither negative). Throws Corruption if they are not left.
  void take(int64_t rows, int64_t width = 1) {
    check(rows, width);
    const int64_t bytes = rows * width;
    if (left_.fetch_sub(bytes, std::memory_order_relaxed) < bytes) refuse(rows, width);
  }

  // For memory that is soon free again: throws if it would be more than the whole budget.
  void check(int64_t rows, int64_t width) const {
    int64_t bytes = 0;
    if (__builtin_mul_overflow(rows, width, &bytes) || bytes > limit_) refuse(rows, width);
  }

 private:
  [[noreturn]] void refuse(int64_t rows, int64_t width) const {
    throw Corruption("{} values of {} bytes would take more than the {} bytes that a read of this file may take", rows,
                     width, limit_);
  }

  int64_t limit_;
  std::atomic<int64_t> left_;
};

}  // namespace varve::parquet

// How long work on a lake tells how far it is, and learns that it is to stop.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

#include "varve/base/cancel.h"

namespace varve::store {

struct UpkeepOptions {
  // Told now and then, by one thread at a time: bytes that are done, and of how many, as far as is known.
  std::function<void(int64_t bytes, int64_t bytes_total)> progress = {};
  base::CancelToken cancel = {};
};

// Counts for one such work. Safe to use from several threads. The options must outlive it.
class Meter {
 public:
  explicit Meter(const UpkeepOptions& options) : options_(options) {}

  // There are so many more bytes to do.
  void expect(int64_t bytes) {
    const std::lock_guard lock(mutex_);
    total_ += bytes;
  }
  // So many more are done. Throws Cancelled.
  void add(int64_t bytes) {
    options_.cancel.check();
    const std::lock_guard lock(mutex_);
    done_ += bytes;
    if (options_.progress) options_.progress(done_, total_ < done_ ? done_ : total_);
  }
  [[nodiscard]] const base::CancelToken& cancel() const noexcept { return options_.cancel; }

 private:
  const UpkeepOptions& options_;
  std::mutex mutex_;
  int64_t done_ = 0;
  int64_t total_ = 0;
};

}  // namespace varve::store

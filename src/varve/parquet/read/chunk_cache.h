// What an open file keeps of its chunks from one read to the next, so that reading a few rows costs little more than
// their pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace varve::parquet {

// Values by the place of their chunk in the file. What would not fit any more drives out all that is there: reads that
// come back to the same rows need little, others would gain nothing. Safe from several threads.
template <typename Value>
class ChunkCache {
 public:
  explicit ChunkCache(size_t bytes_max) : bytes_max_(bytes_max) {}

  // Null if it is not there.
  [[nodiscard]] std::shared_ptr<const Value> find(uint64_t chunk) const {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(chunk);
    return found == values_.end() ? nullptr : found->second;
  }

  void put(uint64_t chunk, std::shared_ptr<const Value> value, size_t bytes) {
    if (bytes > bytes_max_) return;
    const std::lock_guard lock(mutex_);
    if (values_.contains(chunk)) return;
    if (bytes_ + bytes > bytes_max_) {
      values_.clear();
      bytes_ = 0;
    }
    values_.emplace(chunk, std::move(value));
    bytes_ += bytes;
  }

 private:
  size_t bytes_max_;
  mutable std::mutex mutex_;
  size_t bytes_ = 0;
  std::unordered_map<uint64_t, std::shared_ptr<const Value>> values_;
};

}  // namespace varve::parquet

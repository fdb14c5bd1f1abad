// What an open file keeps of its chunks from one read to the next, so that reading a few rows costs little more than
// their pages.
#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace varve::parquet {

// Of an open file. Its place in the file would not do: nothing keeps chunks of a damaged file from claiming one place.
struct ChunkId {
  size_t group = 0;
  size_t column = 0;

  auto operator<=>(const ChunkId&) const = default;
};

// Values by their chunk. What would not fit any more drives out all that is there: reads that come back to the same
// rows need little, others would gain nothing. Safe from several threads.
template <typename Value>
class ChunkCache {
 public:
  explicit ChunkCache(size_t bytes_max) : bytes_max_(bytes_max) {}

  // Null if it is not there.
  [[nodiscard]] std::shared_ptr<const Value> find(const ChunkId& chunk) const {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(chunk);
    return found == values_.end() ? nullptr : found->second;
  }

  // `bytes` is what the value takes. What is there already stays.
  void put(const ChunkId& chunk, std::shared_ptr<const Value> value, size_t bytes) {
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
  std::map<ChunkId, std::shared_ptr<const Value>> values_;
};

}  // namespace varve::parquet

// Puts column chunks that threads encode side by side into the order of the file.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "varve/parquet/write/column_encoder.h"

namespace varve::parquet {

// Hands out chunks 0 to count - 1 in this order, whoever makes them when. The thread that finds the next one there
// hands it out, one thread at a time, while the others go on. Where chunks that wait for one before them take more than
// kBytesWaitingMax, nobody makes another one except that for which they wait.
class ChunkQueue {
 public:
  static constexpr size_t kBytesWaitingMax = size_t{64} << 20;

  ChunkQueue(size_t count, std::function<void(size_t index, EncodedChunk chunk)> hand_out)
      : waiting_(count), hand_out_(std::move(hand_out)) {}

  // Calls `make`, which gives chunk `index`, as soon as there is room for it. Chunks must be begun in their order, each
  // by a thread that goes on at once, or all wait for ever. When `make` or handing out throws, calls of other threads
  // return without more ado: the exception is the caller's to report.
  template <typename Make>
  void put(size_t index, const Make& make) {
    if (!wait_for_room(index)) return;
    try {
      add(index, make());
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failed_ = true;
      room_.notify_all();
      throw;
    }
  }

 private:
  static size_t bytes_of(const EncodedChunk& chunk) { return chunk.pages.dictionary.size() + chunk.pages.data.size(); }

  bool wait_for_room(size_t index) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return bytes_waiting_ <= kBytesWaitingMax || index == next_ || failed_; });
    return !failed_;
  }

  void add(size_t index, EncodedChunk chunk) {
    std::unique_lock lock(mutex_);
    bytes_waiting_ += bytes_of(chunk);
    waiting_[index] = std::move(chunk);
    if (handing_out_) return;
    handing_out_ = true;
    while (next_ < waiting_.size() && waiting_[next_]) {
      EncodedChunk ready = *std::exchange(waiting_[next_], std::nullopt);
      const size_t bytes = bytes_of(ready);
      lock.unlock();
      hand_out_(next_, std::move(ready));
      lock.lock();
      bytes_waiting_ -= bytes;
      ++next_;
      room_.notify_all();
    }
    handing_out_ = false;
  }

  std::mutex mutex_;
  std::condition_variable room_;
  std::vector<std::optional<EncodedChunk>> waiting_;
  std::function<void(size_t, EncodedChunk)> hand_out_;
  size_t next_ = 0;  // to be handed out; changed by the thread that does so
  size_t bytes_waiting_ = 0;
  bool handing_out_ = false;
  bool failed_ = false;
};

}  // namespace varve::parquet

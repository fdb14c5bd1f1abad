// Joins the strings of a column that several tasks decode piece by piece.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "varve/base/buffer.h"

namespace varve::parquet {

// Strings as decoders leave them: one offset more than strings, the first 0.
struct StringPiece {
  int64_t count = 0;
  base::MutableBuffer offsets;
  base::MutableBuffer characters;
};

// Pieces come in any order, from any thread. One that comes when all before it are there is decoded right behind them;
// the others are copied there as soon as it is their turn, by one thread at a time, and their memory is free for the
// pieces to come: the strings are hardly ever in memory twice.
class JoinedStrings {
 public:
  // Where the next string goes.
  struct End {
    int64_t* offsets;
    base::MutableBuffer* characters;
  };

  JoinedStrings(size_t pieces, int64_t strings)
      : waiting_(pieces),
        offsets_(base::MutableBuffer::allocate((static_cast<size_t>(strings) + 1) * sizeof(int64_t))) {
    offsets_.as<int64_t>()[0] = 0;
  }

  // If it is the piece's turn: the caller adds its strings there and calls `end`; no other piece is joined before.
  // Where much waits already for a piece that takes long (its thread may not run at all), the caller waits too, for a
  // while.
  std::optional<End> begin(size_t index) {
    std::unique_lock lock(mutex_);
    const auto may_begin = [&] { return index == next_ || waiting_bytes_ < kWaitingMax; };
    joined_.wait_for(lock, kPatience, may_begin);
    if (joining_ || index != next_) return std::nullopt;
    joining_ = true;
    return End{offsets_.as<int64_t>() + count_, &characters_};
  }
  // Says that `count` strings were added. Those of pieces that wait for them follow.
  void end(int64_t count) {
    std::unique_lock lock(mutex_);
    count_ += count;
    ++next_;
    join_waiting(lock);
  }

  // A piece that was decoded elsewhere, before or after its turn.
  void add(size_t index, StringPiece piece) {
    std::unique_lock lock(mutex_);
    waiting_bytes_ += piece.characters.size();
    waiting_[index] = std::move(piece);
    if (joining_) return;
    joining_ = true;
    join_waiting(lock);
  }

  // Once all pieces are there.
  [[nodiscard]] base::BufferPtr take_offsets() { return std::move(offsets_).finish(); }
  [[nodiscard]] base::BufferPtr take_characters() { return std::move(characters_).finish(); }

 private:
  void join_waiting(std::unique_lock<std::mutex>& lock) {
    while (next_ < waiting_.size() && waiting_[next_]) {
      StringPiece ready = *std::exchange(waiting_[next_], std::nullopt);
      const size_t bytes = ready.characters.size();
      lock.unlock();
      append(ready);
      lock.lock();
      waiting_bytes_ -= bytes;
      ++next_;
    }
    joining_ = false;
    joined_.notify_all();
  }

  static constexpr size_t kWaitingMax = size_t{16} << 20;
  static constexpr std::chrono::milliseconds kPatience{500};  // nobody waits for ever for a piece that failed

  // From this size on what is copied of a piece leaves the memory at once, step by step.
  static constexpr size_t kLargePiece = size_t{8} << 20;
  static constexpr size_t kStep = size_t{2} << 20;

  void append(StringPiece& piece) {
    const auto* from = reinterpret_cast<const int64_t*>(piece.offsets.data());
    int64_t* to = offsets_.as<int64_t>() + count_;
    const auto base = static_cast<int64_t>(characters_.size());
    for (int64_t at = 1; at <= piece.count; ++at) to[at] = from[at] + base;
    count_ += piece.count;
    if (base == 0) {
      characters_ = std::move(piece.characters);
    } else {
      append(piece.characters);
    }
  }

  void append(base::MutableBuffer& characters) {
    const bool is_large = characters.size() >= kLargePiece;
    const size_t step = is_large ? kStep : characters.size();
    characters_.resize(characters_.size() + characters.size());
    std::byte* to = characters_.data() + characters_.size() - characters.size();
    for (size_t first = 0; first < characters.size(); first += step) {
      const size_t size = std::min(step, characters.size() - first);
      std::memcpy(to + first, characters.data() + first, size);
      if (is_large) characters.drop(first, size);
    }
  }

  std::mutex mutex_;
  std::condition_variable joined_;
  std::vector<std::optional<StringPiece>> waiting_;
  size_t waiting_bytes_ = 0;
  size_t next_ = 0;
  bool joining_ = false;
  int64_t count_ = 0;  // of strings joined, by the thread that joins
  base::MutableBuffer offsets_;
  base::MutableBuffer characters_ = base::MutableBuffer::allocate(0);
};

}  // namespace varve::parquet

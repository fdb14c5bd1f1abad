// Memory and codecs that decoding uses again and again, one set a thread at work, kept from read to read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "varve/base/buffer.h"
#include "varve/base/error.h"
#include "varve/compress/codec.h"
#include "varve/parquet/read/memory_budget.h"

namespace varve::parquet {

// Working memory that grows and keeps nothing: its bytes are unspecified after each call.
class Scratch {
 public:
  // Throws Corruption if this many values of `width` bytes are beyond all reason.
  template <typename T = std::byte>
  T* at_least(int64_t count, int64_t width = sizeof(T)) {
    return reinterpret_cast<T*>(grow(count, width));
  }

  [[nodiscard]] size_t bytes() const noexcept { return bytes_.capacity(); }

 private:
  // More than any page decodes to: page sizes are 32-bit, and values are counted against rows before.
  static constexpr int64_t kBytesMax = int64_t{1} << 36;

  std::byte* grow(int64_t count, int64_t width) {
    int64_t size = 0;
    if (__builtin_mul_overflow(count, width, &size) || size > kBytesMax) {
      throw Corruption("a page of {} values of {} bytes is beyond all reason", count, width);
    }
    if (bytes_.data() == nullptr || bytes_.capacity() < static_cast<size_t>(size)) {
      bytes_ = base::MutableBuffer::allocate(static_cast<size_t>(size));
    }
    return bytes_.data();
  }

  base::MutableBuffer bytes_;
};

// What one task uses; each member has one user at a time.
struct Workspace {
  MemoryBudget* budget = nullptr;  // of the read, shared by all of its tasks
  base::MutableBuffer window{};    // bytes of the file
  Scratch unpacked{};              // the page at hand
  Scratch levels{};
  Scratch indices{};
  Scratch stored{};   // values before their conversion
  Scratch offsets{};  // of strings before their conversion
  Scratch page{};     // rows of a page that is not wanted whole
  Scratch values{};   // values on their way into a dictionary
  std::map<compress::Codec, compress::BlockCodec> codecs{};

  compress::BlockCodec& codec(compress::Codec codec) { return codecs.try_emplace(codec, codec).first->second; }
  [[nodiscard]] size_t bytes() const noexcept {
    size_t bytes = window.capacity();
    for (const Scratch* each : {&unpacked, &levels, &indices, &stored, &offsets, &page, &values})
      bytes += each->bytes();
    return bytes;
  }
};

// Lends workspaces, each to one task at a time. Between reads it keeps a few small ones: fresh memory and fresh codecs
// would cost a short read more than its pages. Safe from several threads.
class Workspaces {
 public:
  // Makes `body(workspace)` with one that nobody else has.
  template <typename Body>
  void use(MemoryBudget& budget, const Body& body) {
    std::unique_ptr<Workspace> workspace = take();
    workspace->budget = &budget;
    body(*workspace);  // after an exception nobody needs it any more
    give(std::move(workspace));
  }

  // Says that a read is over.
  void shrink() {
    const std::lock_guard lock(mutex_);
    std::erase_if(free_, [](const auto& workspace) { return workspace->bytes() > kBytesKeptMax; });
    if (free_.size() > kKeptMax) free_.resize(kKeptMax);
  }

 private:
  static constexpr size_t kKeptMax = 4;
  static constexpr size_t kBytesKeptMax = size_t{4} << 20;

  std::unique_ptr<Workspace> take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<Workspace>();
    std::unique_ptr<Workspace> workspace = std::move(free_.back());
    free_.pop_back();
    return workspace;
  }
  void give(std::unique_ptr<Workspace> workspace) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(workspace));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> free_;
};

}  // namespace varve::parquet

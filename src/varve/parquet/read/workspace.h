// Memory and codecs that decoding uses again and again, one set a thread at work.
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
  MemoryBudget& budget;          // of the read, shared by all of its tasks
  base::MutableBuffer window{};  // bytes of the file
  Scratch unpacked{};            // the page at hand
  Scratch levels{};
  Scratch indices{};
  Scratch stored{};   // values before their conversion
  Scratch offsets{};  // of strings before their conversion
  Scratch page{};     // rows of a page that is not wanted whole
  Scratch values{};   // values on their way into a dictionary
  std::map<compress::Codec, compress::BlockCodec> codecs{};

  compress::BlockCodec& codec(compress::Codec codec) { return codecs.try_emplace(codec, codec).first->second; }
};

// Lends workspaces, each to one task at a time. Safe from several threads.
class Workspaces {
 public:
  // `budget` must outlive this object.
  explicit Workspaces(MemoryBudget& budget) : budget_(budget) {}

  // Makes `body(workspace)` with one that nobody else has.
  template <typename Body>
  void use(const Body& body) {
    std::unique_ptr<Workspace> workspace = take();
    body(*workspace);  // after an exception nobody needs it any more
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(workspace));
  }

 private:
  std::unique_ptr<Workspace> take() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<Workspace>(Workspace{budget_});
    std::unique_ptr<Workspace> workspace = std::move(free_.back());
    free_.pop_back();
    return workspace;
  }

  MemoryBudget& budget_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> free_;
};

}  // namespace varve::parquet

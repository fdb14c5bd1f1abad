// Memory for columns: 64-byte aligned blocks that are kept and used again, and shared views of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace varve::base {

// Bytes that do not change any more, shared by all columns that show them. The bytes live as long as one of their
// owners does. Alignment is 64 bytes when allocated here, and whatever the producer gave when wrapped.
class Buffer {
 public:
  virtual ~Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  [[nodiscard]] const std::byte* data() const noexcept { return data_; }
  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

  // Shows foreign memory, which `owner` keeps alive (nullptr if it lives for ever). Nothing is promised about what lies
  // behind it.
  static std::shared_ptr<const Buffer> wrap(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);

 protected:
  Buffer(const std::byte* bytes, size_t size) : data_(bytes), size_(size) {}
  const std::byte* data_;
  size_t size_;
};

using BufferPtr = std::shared_ptr<const Buffer>;

// A block being filled. Move-only; one thread at a time. `finish` turns it into a Buffer without copying.
// At least 64 bytes that may be read and written lie behind `capacity` (so that vector kernels may run past the end),
// in the finished Buffer too. The bytes are not set to anything at first, except by allocate_zeroed. A default-made or
// moved-from block is empty: no bytes and no padding.
class MutableBuffer {
 public:
  MutableBuffer() = default;
  // Throws std::bad_alloc if there is no memory. Large blocks come in huge pages from the pool (see below).
  static MutableBuffer allocate(size_t size);
  static MutableBuffer allocate_zeroed(size_t size);

  MutableBuffer(MutableBuffer&& other) noexcept;
  MutableBuffer& operator=(MutableBuffer&& other) noexcept;
  ~MutableBuffer();

  [[nodiscard]] std::byte* data() noexcept { return data_; }
  [[nodiscard]] const std::byte* data() const noexcept { return data_; }
  [[nodiscard]] size_t size() const noexcept { return size_; }
  [[nodiscard]] size_t capacity() const noexcept { return capacity_; }
  template <typename T>
  [[nodiscard]] T* as() noexcept {
    return reinterpret_cast<T*>(data_);
  }

  // Grows or shrinks; keeps the first min(old, new) bytes; capacity at least doubles when it must grow.
  void resize(size_t size);
  // Adds bytes at the end, growing as needed. `bytes` must not lie in this block.
  void append(std::span<const std::byte> bytes);

  // Says that `size` bytes from `start` on, inside the block, are not needed any more: what whole huge pages they fill
  // go back to the system (with the room behind the last byte, if that is one of them), and the bytes are unspecified
  // until they are written again.
  void drop(size_t start, size_t size) noexcept;

  // The finished block; this object is empty afterwards.
  BufferPtr finish() &&;

 private:
  bool reserve_exactly(size_t capacity);

  std::byte* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

// What the pool behind these blocks holds. The pool is one a process, like malloc beneath it, because buffers outlive
// whatever made them; it is the one exception to "nothing global". Blocks under 1 MiB go to malloc and are not counted
// here; larger ones are mapped in multiples of 2 MiB with huge pages asked for, and kept for reuse when freed, up to a
// limit: what would be over it is given back to the system, the longest unused first. Safe from several threads.
struct MemoryPoolState {
  size_t bytes_in_use = 0;    // in large blocks that somebody holds
  size_t bytes_kept = 0;      // in large blocks freed and kept for reuse
  size_t bytes_kept_max = 0;  // the limit
};
MemoryPoolState memory_pool_state() noexcept;
// Sets how many freed bytes are kept (default: a quarter of the machine's or container's memory, at most 4 GiB); frees
// what is over.
void set_memory_pool_limit(size_t bytes_kept_max) noexcept;

}  // namespace varve::base

#include "varve/base/buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "varve/base/memory_pool.h"

namespace varve::base {
namespace {

using internal::kPadding;

class WrappedBuffer final : public Buffer {
 public:
  WrappedBuffer(std::span<const std::byte> bytes, std::shared_ptr<const void> owner)
      : Buffer(bytes.data(), bytes.size()), owner_(std::move(owner)) {}

 private:
  std::shared_ptr<const void> owner_;
};

class FinishedBuffer final : public Buffer {
 public:
  explicit FinishedBuffer(MutableBuffer block) : Buffer(block.data(), block.size()), block_(std::move(block)) {}

 private:
  MutableBuffer block_;
};

}  // namespace

BufferPtr Buffer::wrap(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  return std::make_shared<WrappedBuffer>(bytes, std::move(owner));
}

MutableBuffer MutableBuffer::allocate(size_t size) {
  MutableBuffer buffer;
  buffer.reserve_exactly(size);
  buffer.size_ = size;
  return buffer;
}

MutableBuffer MutableBuffer::allocate_zeroed(size_t size) {
  MutableBuffer buffer;
  const bool zeroed = buffer.reserve_exactly(size);
  if (!zeroed) std::memset(buffer.data_, 0, buffer.capacity_ + kPadding);
  buffer.size_ = size;
  return buffer;
}

MutableBuffer::MutableBuffer(MutableBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

MutableBuffer& MutableBuffer::operator=(MutableBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
  return *this;
}

MutableBuffer::~MutableBuffer() {
  if (data_ != nullptr) internal::give_block(data_, capacity_ + kPadding);
}

bool MutableBuffer::reserve_exactly(size_t capacity) {
  if (capacity > SIZE_MAX - kPadding) throw std::bad_alloc();
  const size_t wanted = capacity + kPadding;
  const internal::Block block = data_ == nullptr
                                    ? internal::take_block(wanted)
                                    : internal::grow_block({data_, capacity_ + kPadding, false}, size_, wanted);
  data_ = block.bytes;
  capacity_ = block.size - kPadding;
  return block.zeroed;
}

void MutableBuffer::resize(size_t size) {
  if (size > capacity_ || data_ == nullptr) reserve_exactly(std::max(size, 2 * capacity_));
  size_ = size;
}

void MutableBuffer::append(std::span<const std::byte> bytes) {
  const size_t before = size_;
  if (bytes.size() > SIZE_MAX - before) throw std::bad_alloc();
  resize(before + bytes.size());
  if (!bytes.empty()) std::memcpy(data_ + before, bytes.data(), bytes.size());
}

void MutableBuffer::drop(size_t start, size_t size) noexcept {
  internal::drop_pages(data_ + start, start + size < size_ ? size : capacity_ + kPadding - start);
}

BufferPtr MutableBuffer::finish() && { return std::make_shared<FinishedBuffer>(std::move(*this)); }

}  // namespace varve::base

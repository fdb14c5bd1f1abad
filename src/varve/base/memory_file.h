// A file that lies in memory.
#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "varve/base/buffer.h"
#include "varve/base/error.h"
#include "varve/base/file_system.h"

namespace varve::base {

// Can only be read (NotSupported). Ends as real files do: reading beyond its bytes is Corruption. Safe from several
// threads.
class MemoryFile final : public File {
 public:
  explicit MemoryFile(BufferPtr bytes) : bytes_(std::move(bytes)) {}
  explicit MemoryFile(std::vector<std::byte> bytes) {
    const auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    bytes_ = Buffer::wrap(*owner, owner);
  }

  void read_at(uint64_t offset, std::span<std::byte> bytes) const override {
    if (offset > bytes_->size() || bytes.size() > bytes_->size() - offset) {
      throw Corruption("{} bytes from byte {} of a file of {}", bytes.size(), offset, bytes_->size());
    }
    if (!bytes.empty()) std::memcpy(bytes.data(), bytes_->data() + offset, bytes.size());
  }
  [[nodiscard]] uint64_t size() const override { return bytes_->size(); }
  [[nodiscard]] BufferPtr map() const override { return bytes_; }
  [[nodiscard]] FileStatus status() const override { return {.size = bytes_->size()}; }

  void write_at(uint64_t, std::span<const std::byte>) override { refuse(); }
  void append(std::span<const std::byte>) override { refuse(); }
  void truncate(uint64_t) override { refuse(); }
  void sync() override {}
  void close() override {}

 private:
  [[noreturn]] static void refuse() { throw NotSupported("a memory file cannot be written"); }

  BufferPtr bytes_;
};

}  // namespace varve::base

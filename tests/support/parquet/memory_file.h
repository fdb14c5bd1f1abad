// A file that lies in memory, for tests and fuzzing.
#pragma once

#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/base/file_system.h"

namespace varve::testing {

// Can only be read. Ends as real files do: reading beyond its bytes is Corruption.
class MemoryFile final : public base::File {
 public:
  explicit MemoryFile(std::vector<std::byte> bytes)
      : bytes_(std::make_shared<const std::vector<std::byte>>(std::move(bytes))) {}

  void read_at(uint64_t offset, std::span<std::byte> bytes) const override {
    if (offset > bytes_->size() || bytes.size() > bytes_->size() - offset) {
      throw Corruption("{} bytes from byte {} of a file of {}", bytes.size(), offset, bytes_->size());
    }
    if (!bytes.empty()) std::memcpy(bytes.data(), bytes_->data() + offset, bytes.size());
  }
  [[nodiscard]] uint64_t size() const override { return bytes_->size(); }
  [[nodiscard]] base::BufferPtr map() const override { return base::Buffer::wrap(*bytes_, bytes_); }
  [[nodiscard]] base::FileStatus status() const override { return {.size = bytes_->size()}; }

  void write_at(uint64_t, std::span<const std::byte>) override { refuse(); }
  void append(std::span<const std::byte>) override { refuse(); }
  void truncate(uint64_t) override { refuse(); }
  void sync() override {}
  void close() override {}

 private:
  [[noreturn]] static void refuse() { throw NotSupported("a memory file cannot be written"); }

  std::shared_ptr<const std::vector<std::byte>> bytes_;
};

}  // namespace varve::testing

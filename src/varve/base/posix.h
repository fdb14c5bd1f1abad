// The system's file calls for posix_*.cpp: descriptors that close themselves, and error numbers made into errors.
#pragma once

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>

#include "varve/base/file_system.h"

struct stat;

namespace varve::base::internal {

// Throws what `error_number` (an errno value) means: ENOENT NotFound; EEXIST AlreadyExists; EROFS, EACCES, EPERM
// ReadOnly; all others Io. The message: "cannot <doing> <path>: <the system's text>".
[[noreturn]] void throw_system_error(int error_number, std::string_view doing, std::string_view path);

// Owns a descriptor. Move-only.
class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();

  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] bool valid() const noexcept { return number_ >= 0; }
  // Gives it out; nothing is owned afterwards.
  int release() noexcept;

 private:
  int number_;
};

// Repeats a system call (a function that returns -1 and sets errno on failure) while signals interrupt it.
template <typename Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

FileStatus to_file_status(const struct ::stat& status);

// Takes over the open descriptor of a regular file.
std::unique_ptr<File> make_posix_file(Descriptor descriptor, std::string path);

}  // namespace varve::base::internal

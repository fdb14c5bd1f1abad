// A directory for one test, gone when the test is over.
#pragma once

#include <string>
#include <string_view>

namespace varve::testing {

// Made under $TMPDIR, or /tmp; removed with all that is in it. Throws std::runtime_error if it cannot be made.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // The path of `name` in it.
  [[nodiscard]] std::string operator/(std::string_view name) const;

 private:
  std::string path_;
};

}  // namespace varve::testing

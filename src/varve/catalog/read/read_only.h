// How a catalog is read that this program may not, or shall not, write to.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "varve/base/file_system.h"
#include "varve/catalog/sqlite.h"

namespace varve::catalog {

// One way to read a catalog file without making or changing anything beside it:
// - with the others, where its write-ahead log and shared memory are there;
// - as it lies, where its log is empty or missing, as long as nobody changes it;
// - from a copy in the temporary folder, where there is a log but no shared memory, or none that can be used: a writer
//   that was killed as it changed it leaves it so until another comes, and who only reads cannot mend it.
// The first shows what others commit; the other two say when the files have changed. One thread at a time.
class ReadOnlySource {
 public:
  enum class SharedMemory { kIfThere, kNever };
  // Throws NotFound if there is no file, Io if the copy cannot be made.
  ReadOnlySource(base::FileSystem& files, std::string path, SharedMemory memory = SharedMemory::kIfThere);
  ~ReadOnlySource();  // removes the copy
  ReadOnlySource(const ReadOnlySource&) = delete;
  ReadOnlySource& operator=(const ReadOnlySource&) = delete;

  // What to open.
  [[nodiscard]] const std::string& path() const noexcept { return opened_path_; }
  [[nodiscard]] Access access() const noexcept { return access_; }

  // Whether this is still the way to read, so that what was read until now was committed. If not, make another.
  [[nodiscard]] bool is_current() const;

 private:
  struct Traces {
    base::FileStatus file;
    std::optional<base::FileStatus> log;
    bool has_shared_memory = false;
  };
  [[nodiscard]] Traces traces() const;
  [[nodiscard]] bool same(const Traces& now) const;
  [[nodiscard]] bool can_be_shared() const { return traces_.log && traces_.has_shared_memory; }
  [[nodiscard]] bool needs_log() const { return traces_.log && traces_.log->size > 0; }
  void wait_for_quiet();
  void copy();

  base::FileSystem& files_;
  const std::string path_;
  Traces traces_;
  Access access_ = Access::kReadOnly;
  std::string folder_;  // of the copy
  std::string opened_path_;
};

}  // namespace varve::catalog

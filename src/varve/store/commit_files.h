// The data files of one commit, on their way from memory into the lake's objects.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "varve/base/buffer.h"
#include "varve/parquet/writer.h"
#include "varve/store/adopt/originals.h"
#include "varve/store/engine.h"
#include "varve/table/table.h"

namespace varve::store {

// Small files go into the catalog with the commit and become files later: the sync of the catalog is then all that the
// commit waits for. Those of a commit of few files may be larger (StoreOptions::inline_bytes_max).
inline constexpr size_t kInlineFileBytesMax = size_t{64} << 10;
inline constexpr size_t kInlineCommitBytesMax = size_t{16} << 20;
inline constexpr size_t kFewFiles = 4;

struct WrittenFile {
  std::string object_id;
  int64_t rows = 0;
  int64_t bytes = 0;
  std::string sha256;
  base::BufferPtr inline_bytes;  // null: the file is on the disk
  bool linked = false;           // a second name for a file of somebody else's, who may change it
};

// Lives as long as the commit is under way. If it goes without `keep` or `leave`, what it wrote is removed again. If
// the process dies before, recovery does that: an empty file of the commit's name in the staging directory says that
// objects of that commit may exist, and the catalog knows whether the commit does. (Where files make way for the
// commit, it is not empty but names them: they come back if there is none.)
class CommitFiles {
 public:
  // `commit_id`: 32 hexadecimal digits; `files`: how many there will be. Writes nothing yet.
  CommitFiles(Engine& engine, std::string commit_id, size_t files);
  ~CommitFiles();
  CommitFiles(const CommitFiles&) = delete;
  CommitFiles& operator=(const CommitFiles&) = delete;

  // Says, on the disk, which files make way for the commit: before anything else. Throws Io.
  void announce(std::vector<Original> originals);

  // Writes the rows as one file, the `number`-th of the commit: into memory if it is small, else to the disk. Safe from
  // several threads. Throws Io.
  WrittenFile add(size_t number, const Table& rows, const parquet::WriteOptions& options);
  // The same of rows that `fill` writes piece by piece, and what it throws.
  using Fill = std::function<void(parquet::Writer& writer)>;
  WrittenFile add(size_t number, const Schema& schema, const parquet::WriteOptions& options, const Fill& fill);
  // The rows of a file that was added, as it lies on the disk or in memory. Throws Corruption.
  [[nodiscard]] Table read(const WrittenFile& written) const;
  // Takes in a file that lies below the root as the `number`-th, by a second name for it or, where there are no links,
  // a copy, and brings both to the disk. What the catalog knows of it was found when its state was `status`. Throws
  // ConcurrentWrite if it is another now, Io.
  WrittenFile adopt(size_t number, const std::string& path, const base::FileStatus& status);
  // Brings the files to the disk, checks them by reading their footers again, and makes them objects: after it returns
  // they survive anything, but nobody knows them yet. Then those that were announced make way. Throws Io, Corruption,
  // ConcurrentWrite.
  void move_into_objects();

  // The commit happened: the files stay.
  void keep() noexcept;
  // Nobody knows whether the commit happened: everything stays, and recovery finds out.
  void leave() noexcept { settled_ = true; }

 private:
  // A file in the staging directory.
  struct StagedFile {
    std::string id;
    std::string path;
    std::unique_ptr<base::File> file;  // null once it is on the disk
    int64_t rows = 0;
    int64_t bytes = 0;
  };

  [[nodiscard]] std::string intent_path() const;
  [[nodiscard]] size_t inline_bytes_max() const;
  void make_intent(std::string_view text);
  StagedFile& stage(size_t number);
  void settle(StagedFile& staged);
  void move_staged();
  void undo();

  Engine& engine_;
  std::string commit_id_;
  size_t files_;
  std::mutex mutex_;
  std::atomic<size_t> inline_bytes_ = 0;  // of files that stay in memory
  std::string staging_;                   // empty until the first file on the disk
  std::deque<StagedFile> staged_;
  bool moved_ = false;  // some of them may be among the objects
  std::vector<Original> originals_;
  bool settled_ = false;
};

// "<commit id>-<number>", numbers in four digits so that objects of one commit sort as they were written.
std::string object_id(std::string_view commit_id, size_t number);

bool is_commit_id(std::string_view name);
bool is_object_id(std::string_view name);

// Removes the objects of a commit that did not happen. `commit_id` names one that nobody is working on.
void remove_objects_of_commit(const Disk& disk, std::string_view commit_id);

}  // namespace varve::store

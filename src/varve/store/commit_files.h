// The data files of one commit, on their way from memory into the lake's objects.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "varve/base/buffer.h"
#include "varve/parquet/writer.h"
#include "varve/store/engine.h"
#include "varve/table/table.h"

namespace varve::store {

// Files up to this size, and so many bytes of them in one commit, go into the catalog with the commit and become files
// later: the sync of the catalog is then all that the commit waits for.
inline constexpr size_t kInlineFileBytesMax = size_t{64} << 10;
inline constexpr size_t kInlineCommitBytesMax = size_t{16} << 20;

struct WrittenFile {
  std::string object_id;
  int64_t rows = 0;
  int64_t bytes = 0;
  std::string sha256;
  base::BufferPtr inline_bytes;  // null: the file is on the disk
};

// Lives as long as the commit is under way. If it goes without `keep` or `leave`, what it wrote is removed again. If
// the process dies before, recovery does that: an empty file of the commit's name in the staging directory says that
// objects of that commit may exist, and the catalog knows whether the commit does.
class CommitFiles {
 public:
  // `commit_id`: 32 hexadecimal digits. Writes nothing yet.
  CommitFiles(Engine& engine, std::string commit_id);
  ~CommitFiles();
  CommitFiles(const CommitFiles&) = delete;
  CommitFiles& operator=(const CommitFiles&) = delete;

  // Writes the rows as one file: into memory if it is small, else to the disk, checked by reading its footer again.
  // Throws Io, Corruption.
  WrittenFile add(const Table& rows, const parquet::WriteOptions& options);
  // The rows of a file that was added, as it lies on the disk or in memory. Throws Corruption.
  [[nodiscard]] Table read(const WrittenFile& written) const;
  // Makes the files objects: after it returns they survive anything, but nobody knows them yet.
  void move_into_objects();

  // The commit happened: the files stay.
  void keep() noexcept;
  // Nobody knows whether the commit happened: everything stays, and recovery finds out.
  void leave() noexcept { settled_ = true; }

 private:
  [[nodiscard]] std::string intent_path() const;
  std::string stage(const std::string& id);
  void undo();

  Engine& engine_;
  std::string commit_id_;
  size_t files_ = 0;                  // added
  size_t inline_bytes_ = 0;           // of those that stay in memory
  std::string staging_;               // empty until the first file on the disk
  std::vector<std::string> written_;  // ids of objects on the disk
  size_t moved_ = 0;                  // so many of them may be among the objects
  bool settled_ = false;
};

// "<commit id>-<number>", numbers in four digits so that objects of one commit sort as they were written.
std::string object_id(std::string_view commit_id, size_t number);

// Removes the objects of a commit that did not happen. `commit_id` names one that nobody is working on.
void remove_objects_of_commit(const Disk& disk, std::string_view commit_id);

}  // namespace varve::store

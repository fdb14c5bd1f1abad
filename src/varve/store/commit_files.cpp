#include "varve/store/commit_files.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "varve/base/digest.h"
#include "varve/base/error.h"
#include "varve/base/memory_file.h"
#include "varve/parquet/reader.h"

namespace varve::store {
namespace {

// Takes the bytes of a file: keeps them as long as they are few, and then puts them into a file.
class FileBytes {
 public:
  // `make_file` is called once, when there are more than `kept_max` bytes.
  FileBytes(size_t kept_max, std::function<std::unique_ptr<base::File>()> make_file)
      : kept_max_(kept_max), make_file_(std::move(make_file)) {}

  void append(std::span<const std::byte> bytes) {
    digest_.update(bytes);
    if (!file_ && kept_.size() + bytes.size() > kept_max_) {
      file_ = make_file_();
      file_->append({kept_.data(), kept_.size()});
      kept_ = {};
    }
    file_ ? file_->append(bytes) : kept_.append(bytes);
  }
  // The bytes that were kept; null if they are in the file, and then on the disk.
  base::BufferPtr finish() {
    if (!file_) return std::move(kept_).finish();
    file_->sync();
    file_->close();
    return nullptr;
  }
  std::string sha256() { return base::to_hex(digest_.finish()); }

 private:
  size_t kept_max_;
  std::function<std::unique_ptr<base::File>()> make_file_;
  base::MutableBuffer kept_;
  std::unique_ptr<base::File> file_;
  base::Sha256 digest_;
};

// What was written is there and is a Parquet file of so many rows.
void check_written(base::FileSystem& files, const std::string& path, int64_t rows, int64_t bytes) {
  const uint64_t size = files.status(path).size;
  if (size != static_cast<uint64_t>(bytes)) {
    throw Corruption("{} was written with {} bytes and has {}", path, bytes, size);
  }
  const parquet::Reader reader = parquet::Reader::open(files.open(path, base::OpenMode::kRead), path);
  if (reader.num_rows() != rows) {
    throw Corruption("{} was written with {} rows and has {}", path, rows, reader.num_rows());
  }
}

void unlink_if_there(base::FileSystem& files, const std::string& path) {
  try {
    files.unlink(path);
  } catch (const NotFound&) {  // that is what was wanted
  }
}

}  // namespace

std::string object_id(std::string_view commit_id, size_t number) {
  const std::string digits = std::to_string(number);
  return std::string(commit_id) + "-" + std::string(digits.size() < 4 ? 4 - digits.size() : 0, '0') + digits;
}

void remove_objects_of_commit(const Disk& disk, std::string_view commit_id) {
  const std::string directory = disk.object_directory(commit_id);
  const std::string prefix = std::string(commit_id) + "-";
  for (const std::string& name : disk.files().list(directory)) {
    if (name.starts_with(prefix)) unlink_if_there(disk.files(), base::join_path(directory, name));
  }
}

CommitFiles::CommitFiles(Engine& engine, std::string commit_id) : engine_(engine), commit_id_(std::move(commit_id)) {}

CommitFiles::~CommitFiles() {
  if (settled_) return;
  try {
    undo();
  } catch (...) {  // recovery will do it: the intent is removed last
  }
}

std::string CommitFiles::intent_path() const { return base::join_path(staging_, commit_id_); }

std::string CommitFiles::stage(const std::string& id) {
  if (staging_.empty()) {
    staging_ = engine_.staging();
    engine_.files().open(intent_path(), base::OpenMode::kWriteNew)->close();
  }
  written_.push_back(id);
  return base::join_path(staging_, id);
}

WrittenFile CommitFiles::add(const Table& rows, const parquet::WriteOptions& options) {
  const std::string id = object_id(commit_id_, files_++);
  std::string path;
  FileBytes file(std::min(kInlineFileBytesMax, kInlineCommitBytesMax - inline_bytes_), [&] {
    path = stage(id);
    return engine_.files().open(path, base::OpenMode::kWriteNew);
  });
  const auto sink = [&](std::span<const std::byte> bytes) { file.append(bytes); };
  const parquet::WriteSummary summary = parquet::write_table(rows, sink, options);
  WrittenFile written{.object_id = id, .rows = rows.num_rows(), .bytes = summary.bytes};
  written.inline_bytes = file.finish();
  written.sha256 = file.sha256();
  if (!written.inline_bytes) {
    check_written(engine_.files(), path, written.rows, written.bytes);
  } else {
    inline_bytes_ += written.inline_bytes->size();
  }
  return written;
}

Table CommitFiles::read(const WrittenFile& written) const {
  const std::string path = base::join_path(staging_, written.object_id);
  std::unique_ptr<base::File> file;
  if (written.inline_bytes) {
    file = std::make_unique<base::MemoryFile>(written.inline_bytes);
  } else {
    file = engine_.files().open(path, base::OpenMode::kRead);
  }
  const parquet::Reader reader = parquet::Reader::open(std::move(file), path);
  return reader.read({.columns = {}, .range = {}, .pool = engine_.pool(), .cancel = {}});
}

void CommitFiles::move_into_objects() {
  if (written_.empty()) return;
  for (const std::string& id : written_) {
    ++moved_;
    engine_.files().rename(base::join_path(staging_, id), engine_.disk().object_path(id));
  }
  engine_.files().sync_directory(engine_.disk().object_directory(commit_id_));
}

void CommitFiles::keep() noexcept {
  settled_ = true;
  if (staging_.empty()) return;
  try {
    engine_.files().unlink(intent_path());
  } catch (...) {  // recovery finds the commit in the catalog and does only this
  }
}

void CommitFiles::undo() {
  for (size_t number = 0; number < written_.size(); ++number) {
    if (number < moved_) unlink_if_there(engine_.files(), engine_.disk().object_path(written_[number]));
    unlink_if_there(engine_.files(), base::join_path(staging_, written_[number]));
  }
  if (!staging_.empty()) unlink_if_there(engine_.files(), intent_path());
}

}  // namespace varve::store

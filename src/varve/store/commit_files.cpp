#include "varve/store/commit_files.h"

#include "varve/base/digest.h"
#include "varve/base/error.h"
#include "varve/parquet/reader.h"

namespace varve::store {
namespace {

struct WrittenBytes {
  int64_t bytes = 0;
  std::string sha256;
};

WrittenBytes write_durably(base::FileSystem& files, const std::string& path, const Table& rows,
                           const parquet::WriteOptions& options) {
  const std::unique_ptr<base::File> file = files.open(path, base::OpenMode::kWriteNew);
  base::Sha256 digest;
  const parquet::Writer::Sink sink = [&](std::span<const std::byte> bytes) {
    digest.update(bytes);
    file->append(bytes);
  };
  const parquet::WriteSummary summary = parquet::write_table(rows, sink, options);
  file->sync();
  file->close();
  return {.bytes = summary.bytes, .sha256 = base::to_hex(digest.finish())};
}

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

WrittenFile CommitFiles::add(const Table& rows, const parquet::WriteOptions& options) {
  if (staging_.empty()) {
    staging_ = engine_.staging();
    engine_.files().open(intent_path(), base::OpenMode::kWriteNew)->close();
  }
  const std::string id = object_id(commit_id_, written_.size());
  const std::string path = base::join_path(staging_, id);
  written_.push_back(id);
  WrittenBytes written = write_durably(engine_.files(), path, rows, options);
  check_written(engine_.files(), path, rows.num_rows(), written.bytes);
  return {.object_id = id, .rows = rows.num_rows(), .bytes = written.bytes, .sha256 = std::move(written.sha256)};
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

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

// A commit of more files syncs each when it is written.
constexpr size_t kOpenFilesMax = 200;

// Takes the bytes of a file: keeps them as long as they are few, and then puts them into a file.
class FileBytes {
 public:
  // `make_file` is called once, when there are more than `kept_max` bytes.
  FileBytes(size_t kept_max, std::function<base::File*()> make_file)
      : kept_max_(kept_max), make_file_(std::move(make_file)) {}

  void append(std::span<const std::byte> bytes) {
    digest_.update(bytes);
    if (file_ == nullptr && kept_.size() + bytes.size() > kept_max_) {
      file_ = make_file_();
      file_->append({kept_.data(), kept_.size()});
      kept_ = {};
    }
    file_ != nullptr ? file_->append(bytes) : kept_.append(bytes);
  }
  // The bytes that were kept; null if they are in the file.
  base::BufferPtr finish() { return file_ == nullptr ? std::move(kept_).finish() : nullptr; }
  std::string sha256() { return base::to_hex(digest_.finish()); }

 private:
  size_t kept_max_;
  std::function<base::File*()> make_file_;
  base::MutableBuffer kept_;
  base::File* file_ = nullptr;
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

void sync_file(base::FileSystem& files, const std::string& path) {
  const std::unique_ptr<base::File> file = files.open(path, base::OpenMode::kRead);
  file->sync();
}

// Piece by piece, because somebody may change it meanwhile.
void copy_file(base::FileSystem& files, const std::string& from, const std::string& to) {
  constexpr uint64_t kPiece = uint64_t{1} << 20;
  const std::unique_ptr<base::File> source = files.open(from, base::OpenMode::kRead);
  const std::unique_ptr<base::File> copy = files.open(to, base::OpenMode::kWriteNew);
  const uint64_t size = source->size();
  std::vector<std::byte> piece(static_cast<size_t>(std::min(size, kPiece)));
  for (uint64_t at = 0; at < size; at += piece.size()) {
    piece.resize(static_cast<size_t>(std::min(size - at, kPiece)));
    source->read_at(at, piece);
    copy->append(piece);
  }
  copy->sync();
  copy->close();
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

bool is_commit_id(std::string_view name) {
  return name.size() == 32 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_object_id(std::string_view name) {
  return name.size() > 33 && is_commit_id(name.substr(0, 32)) && name[32] == '-' &&
         name.find_first_not_of("0123456789", 33) == std::string_view::npos;
}

void remove_objects_of_commit(const Disk& disk, std::string_view commit_id) {
  const std::string directory = disk.object_directory(commit_id);
  const std::string prefix = std::string(commit_id) + "-";
  for (const std::string& name : disk.files().list(directory)) {
    if (name.starts_with(prefix)) unlink_if_there(disk.files(), base::join_path(directory, name));
  }
}

CommitFiles::CommitFiles(Engine& engine, std::string commit_id, size_t files)
    : engine_(engine), commit_id_(std::move(commit_id)), files_(files) {}

CommitFiles::~CommitFiles() {
  if (settled_) return;
  try {
    undo();
  } catch (...) {  // recovery will do it: the intent is removed last
  }
}

std::string CommitFiles::intent_path() const { return base::join_path(staging_, commit_id_); }

size_t CommitFiles::inline_bytes_max() const {
  if (inline_bytes_ >= kInlineCommitBytesMax) return 0;
  const size_t most = engine_.inline_bytes_max();
  return files_ <= kFewFiles ? most : std::min(most, kInlineFileBytesMax);
}

void CommitFiles::announce(std::vector<Original> originals) {
  if (originals.empty()) return;
  make_intent(to_text(originals));
  originals_ = std::move(originals);
  engine_.files().sync_directory(staging_);
  engine_.files().sync_directory(engine_.disk().staging_path());
}

void CommitFiles::make_intent(std::string_view text) {
  staging_ = engine_.staging();
  const std::unique_ptr<base::File> intent = engine_.files().open(intent_path(), base::OpenMode::kWriteNew);
  if (!text.empty()) {
    intent->append(std::as_bytes(std::span(text)));
    intent->sync();
  }
  intent->close();
}

CommitFiles::StagedFile& CommitFiles::stage(size_t number) {
  const std::lock_guard lock(mutex_);
  if (staging_.empty()) make_intent({});
  StagedFile& staged = staged_.emplace_back();
  staged.id = object_id(commit_id_, number);
  staged.path = base::join_path(staging_, staged.id);
  return staged;
}

WrittenFile CommitFiles::add(size_t number, const Table& rows, const parquet::WriteOptions& options) {
  return add(number, rows.schema(), options, [&](parquet::Writer& writer) { writer.write(rows); });
}

WrittenFile CommitFiles::add(size_t number, const Schema& schema, const parquet::WriteOptions& options,
                             const Fill& fill) {
  StagedFile* staged = nullptr;
  FileBytes file(inline_bytes_max(), [&] {
    staged = &stage(number);
    staged->file = engine_.files().open(staged->path, base::OpenMode::kWriteNew);
    return staged->file.get();
  });
  parquet::Writer writer(
      schema, [&](std::span<const std::byte> bytes) { file.append(bytes); }, options);
  fill(writer);
  const parquet::WriteSummary summary = writer.finish();
  WrittenFile written{
      .object_id = object_id(commit_id_, number), .rows = summary.rows, .bytes = summary.bytes, .sha256 = {}};
  written.inline_bytes = file.finish();
  written.sha256 = file.sha256();
  if (staged == nullptr) {
    inline_bytes_ += written.inline_bytes->size();
    return written;
  }
  staged->rows = written.rows;
  staged->bytes = written.bytes;
  staged->file->start_sync();
  if (files_ > kOpenFilesMax) settle(*staged);
  return written;
}

WrittenFile CommitFiles::adopt(size_t number, const std::string& path, const base::FileStatus& status) {
  const StagedFile& staged = stage(number);
  base::FileSystem& files = engine_.files();
  const std::string whole = base::join_path(engine_.disk().root(), path);
  WrittenFile written{.object_id = staged.id, .bytes = static_cast<int64_t>(status.size), .linked = true};
  sync_file(files, whole);
  try {
    files.link(whole, staged.path);
  } catch (const NotSupported&) {
    copy_file(files, whole, staged.path);
    written.linked = false;
  }
  const base::FileStatus now = files.status(whole);
  if (now.size != status.size || now.modified_nanoseconds != status.modified_nanoseconds || now.inode != status.inode) {
    throw ConcurrentWrite("{} was changed while it was looked at", path);
  }
  return written;
}

// On the disk, and there as it was written.
void CommitFiles::settle(StagedFile& staged) {
  if (!staged.file) return;
  staged.file->sync();
  staged.file->close();
  staged.file.reset();
  check_written(engine_.files(), staged.path, staged.rows, staged.bytes);
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
  move_staged();
  if (originals_.empty()) return;
  const auto lock = engine_.disk().lock(LakeLock::kPublish, engine_.lock_timeout());
  put_away(engine_.disk(), commit_id_, originals_);
}

void CommitFiles::move_staged() {
  if (staged_.empty()) return;
  const auto settle_one = [this](size_t at) { settle(staged_[at]); };
  base::parallel_for(engine_.pool(), staged_.size(), settle_one);
  moved_ = true;
  for (const StagedFile& staged : staged_) {
    engine_.files().rename(staged.path, engine_.disk().object_path(staged.id));
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
  for (const StagedFile& staged : staged_) {
    if (moved_) unlink_if_there(engine_.files(), engine_.disk().object_path(staged.id));
    unlink_if_there(engine_.files(), staged.path);
  }
  if (!originals_.empty()) {
    const auto lock = engine_.disk().lock(LakeLock::kPublish, engine_.lock_timeout());
    put_back(engine_, commit_id_, parse_paths(to_text(originals_)));
  }
  if (!staging_.empty()) unlink_if_there(engine_.files(), intent_path());
}

}  // namespace varve::store

#include "varve/base/file_system.h"

#include "varve/base/error.h"
#include "varve/base/uuid.h"

namespace varve::base {
namespace {

// "x/." is there if and only if x is a directory, or a link to one.
bool is_directory(FileSystem& files, const std::string& path) { return files.exists(join_path(path, ".")); }

// The path without slashes at its end.
std::string_view trimmed(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

}  // namespace

std::string_view to_string(FileOperation operation) noexcept {
  switch (operation) {
    case FileOperation::kOpen: return "open";
    case FileOperation::kRead: return "read";
    case FileOperation::kWrite: return "write";
    case FileOperation::kTruncate: return "truncate";
    case FileOperation::kSync: return "sync";
    case FileOperation::kClose: return "close";
    case FileOperation::kRename: return "rename";
    case FileOperation::kExchange: return "exchange";
    case FileOperation::kLink: return "link";
    case FileOperation::kUnlink: return "unlink";
    case FileOperation::kMakeDirectory: return "make_directory";
    case FileOperation::kRemoveDirectory: return "remove_directory";
    case FileOperation::kSyncDirectory: return "sync_directory";
    case FileOperation::kSyncAll: return "sync_all";
    case FileOperation::kLock: return "lock";
    case FileOperation::kStat: return "stat";
    case FileOperation::kList: return "list";
  }
  return "unknown";
}

void make_directories(FileSystem& files, const std::string& path) {
  if (is_directory(files, path)) return;
  const std::string parent = parent_path(path);
  make_directories(files, parent);
  try {
    files.make_directory(path);
  } catch (const AlreadyExists&) {  // somebody else was faster, or it is no directory
    if (!is_directory(files, path)) throw Io("cannot make directory {}: something else has that name", path);
  }
  files.sync_directory(parent);
}

void remove_tree(FileSystem& files, const std::string& path) {
  try {
    if (files.status(path).type != FileType::kDirectory) {
      files.unlink(path);
      return;
    }
    for (const std::string& name : files.list(path)) remove_tree(files, join_path(path, name));
    files.remove_directory(path);
  } catch (const NotFound&) {  // it is gone, which was the point
  }
}

namespace {

std::unique_ptr<File> create_beside(FileSystem& files, const std::string& path, const std::string& temporary) {
  try {
    return files.open(temporary, OpenMode::kWriteNew);
  } catch (const NotFound&) {
    throw NotFound("cannot write {}: there is no folder {}", path, parent_path(path));
  }
}

}  // namespace

WholeFile WholeFile::create(FileSystem& files, std::string path) {
  if (files.exists(path) && files.status(path).type == FileType::kOther) {
    throw Io("cannot write {}: it is not a regular file", path);
  }
  WholeFile whole(files, std::move(path));
  whole.file_ = create_beside(files, whole.path_, whole.temporary_);
  return whole;
}

WholeFile::WholeFile(FileSystem& files, std::string path)
    : files_(&files), path_(std::move(path)), temporary_(path_ + "." + make_uuid() + ".tmp") {}

WholeFile::~WholeFile() {
  if (!file_) return;
  file_.reset();
  try {
    files_->unlink(temporary_);
  } catch (...) {  // what went wrong before is the one to tell
  }
}

void WholeFile::commit(const WholeFileOptions& options) {
  if (options.durable) file_->sync();
  file_->close();
  files_->rename(temporary_, path_);
  file_.reset();
  if (options.durable) files_->sync_directory(parent_path(path_));
}

void write_whole_file(FileSystem& files, const std::string& path, const std::function<void(File&)>& fill,
                      const WholeFileOptions& options) {
  WholeFile whole = WholeFile::create(files, path);
  fill(whole.file());
  whole.commit(options);
}

std::vector<std::byte> read_file(FileSystem& files, const std::string& path) {
  const std::unique_ptr<File> file = files.open(path, OpenMode::kRead);
  std::vector<std::byte> bytes(file->size());
  file->read_at(0, bytes);
  return bytes;
}

std::string join_path(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty() && !path.ends_with('/')) path += '/';
  return path += name;
}

std::string parent_path(std::string_view path) {
  path = trimmed(path);
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(slash == 0 ? "/" : trimmed(path.substr(0, slash)));
}

std::string file_name(std::string_view path) {
  path = trimmed(path);
  return std::string(path.substr(path.rfind('/') + 1));
}

}  // namespace varve::base

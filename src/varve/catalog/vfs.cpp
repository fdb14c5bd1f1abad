#include "varve/catalog/vfs.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>

#include <sqlite3.h>

#include "varve/base/error.h"
#include "varve/base/uuid.h"

namespace varve::catalog {

using base::FileCall;
using base::FileOperation;

struct VfsState {
  base::FileSystem* files;
  sqlite3_vfs* below;
  bool read_only;
  std::string name;
  std::exception_ptr failure = nullptr;
  bool sync_failed = false;
  const volatile void* log_index = nullptr;  // its first part, as long as it is mapped
  sqlite3_vfs layer = {};

  // SQLITE_OK, or `code` if the announcement threw.
  int announce(const FileCall& call, int code) noexcept {
    try {
      files->before(call);
      return SQLITE_OK;
    } catch (...) {
      if (!failure) failure = std::current_exception();
      return code;
    }
  }
};

namespace {

constexpr const char* kLayerBelow = "unix";

// What the log has behind its last transaction: to write over bytes that are there takes the disk half as long as to
// make a file longer, and its sync need not tell the file system of a new size.
constexpr sqlite3_int64 kLogRoom = 1 << 20;
constexpr sqlite3_int64 kLogRoomMin = 64 << 10;

// What SQLite takes for its file. The file of the layer below lies right behind it in the same block.
struct OpenFile {
  sqlite3_file file;
  VfsState* state;
  const char* path;  // SQLite keeps it until the file is closed
  bool shared_memory_announced;
  bool is_log;
  bool written;              // since the last sync
  sqlite3_int64 written_to;  // where the last write ended
};

VfsState& state_of(sqlite3_vfs* layer) { return *static_cast<VfsState*>(layer->pAppData); }
OpenFile& open_file(sqlite3_file* file) { return *reinterpret_cast<OpenFile*>(file); }
sqlite3_file* below(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<std::byte*>(file) + sizeof(OpenFile));
}

int announce(sqlite3_file* file, FileCall call, int code) {
  call.path = open_file(file).path;
  return open_file(file).state->announce(call, code);
}

int close_file(sqlite3_file* file) { return below(file)->pMethods->xClose(below(file)); }
int read_file(sqlite3_file* file, void* bytes, int count, sqlite3_int64 offset) {
  return below(file)->pMethods->xRead(below(file), bytes, count, offset);
}

int write_file(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  const FileCall call = {FileOperation::kWrite, {}, static_cast<uint64_t>(offset), static_cast<uint64_t>(count)};
  const int code = announce(file, call, SQLITE_IOERR_WRITE);
  open_file(file).written = true;
  open_file(file).written_to = offset + count;
  return code == SQLITE_OK ? below(file)->pMethods->xWrite(below(file), bytes, count, offset) : code;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  const FileCall call = {FileOperation::kTruncate, {}, static_cast<uint64_t>(size), 0};
  const int code = announce(file, call, SQLITE_IOERR_TRUNCATE);
  return code == SQLITE_OK ? below(file)->pMethods->xTruncate(below(file), size) : code;
}

int file_size(sqlite3_file* file, sqlite3_int64* size) { return below(file)->pMethods->xFileSize(below(file), size); }

// Puts zeros behind what was written to the log, which only a connection that writes does, and one at a time: so nobody
// else's transaction lies there. Where the disk has no room for them, the log grows as it is written.
int make_room(sqlite3_file* file) {
  static constexpr std::array<char, 64 << 10> kZeros{};
  OpenFile& log = open_file(file);
  if (!log.is_log || !std::exchange(log.written, false)) return SQLITE_OK;
  sqlite3_int64 size = 0;
  if (file_size(file, &size) != SQLITE_OK || size - log.written_to >= kLogRoomMin) return SQLITE_OK;
  const sqlite3_int64 end = std::max(size, log.written_to) + kLogRoom;
  const FileCall call = {FileOperation::kWrite, {}, static_cast<uint64_t>(size), static_cast<uint64_t>(end - size)};
  if (const int code = announce(file, call, SQLITE_IOERR_WRITE); code != SQLITE_OK) return code;
  while (size < end) {
    const auto count = static_cast<int>(std::min<sqlite3_int64>(end - size, std::ssize(kZeros)));
    if (below(file)->pMethods->xWrite(below(file), kZeros.data(), count, size) != SQLITE_OK) break;
    size += count;
  }
  return SQLITE_OK;
}

int sync_file(sqlite3_file* file, int flags) {
  int code = make_room(file);
  if (code == SQLITE_OK) code = announce(file, {FileOperation::kSync, {}}, SQLITE_IOERR_FSYNC);
  if (open_file(file).is_log) flags |= SQLITE_SYNC_DATAONLY;  // with its size, which is all that readers need
  if (code == SQLITE_OK) code = below(file)->pMethods->xSync(below(file), flags);
  if (code != SQLITE_OK) open_file(file).state->sync_failed = true;
  return code;
}

int lock_file(sqlite3_file* file, int level) { return below(file)->pMethods->xLock(below(file), level); }
int unlock_file(sqlite3_file* file, int level) { return below(file)->pMethods->xUnlock(below(file), level); }
int check_reserved_lock(sqlite3_file* file, int* held) {
  return below(file)->pMethods->xCheckReservedLock(below(file), held);
}

int file_control(sqlite3_file* file, int operation, void* argument) {
  return below(file)->pMethods->xFileControl(below(file), operation, argument);
}

int sector_size(sqlite3_file* file) { return below(file)->pMethods->xSectorSize(below(file)); }
int device_characteristics(sqlite3_file* file) { return below(file)->pMethods->xDeviceCharacteristics(below(file)); }

int announce_shared_memory(sqlite3_file* file, FileOperation operation, int code) {
  const std::string path = std::string(open_file(file).path) + "-shm";
  return open_file(file).state->announce({operation, path}, code);
}

// The first call makes the file of the shared memory if it is not there.
int shared_memory_map(sqlite3_file* file, int region, int size, int extend, void volatile** bytes) {
  OpenFile& open = open_file(file);
  if (!open.shared_memory_announced && !open.state->read_only) {
    const int code = announce_shared_memory(file, FileOperation::kOpen, SQLITE_IOERR_SHMOPEN);
    if (code != SQLITE_OK) return code;
    open.shared_memory_announced = true;
  }
  const int code = below(file)->pMethods->xShmMap(below(file), region, size, extend, bytes);
  if (region == 0 && code == SQLITE_OK) open.state->log_index = *bytes;
  return code;
}

int shared_memory_lock(sqlite3_file* file, int offset, int count, int flags) {
  return below(file)->pMethods->xShmLock(below(file), offset, count, flags);
}

void shared_memory_barrier(sqlite3_file* file) { below(file)->pMethods->xShmBarrier(below(file)); }
int shared_memory_unmap(sqlite3_file* file, int remove) {
  open_file(file).state->log_index = nullptr;
  if (remove != 0 && announce_shared_memory(file, FileOperation::kUnlink, SQLITE_IOERR) != SQLITE_OK) remove = 0;
  return below(file)->pMethods->xShmUnmap(below(file), remove);
}

int open_path(sqlite3_vfs* layer, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  static constexpr sqlite3_io_methods kMethods = {2,
                                                  close_file,
                                                  read_file,
                                                  write_file,
                                                  truncate_file,
                                                  sync_file,
                                                  file_size,
                                                  lock_file,
                                                  unlock_file,
                                                  check_reserved_lock,
                                                  file_control,
                                                  sector_size,
                                                  device_characteristics,
                                                  shared_memory_map,
                                                  shared_memory_lock,
                                                  shared_memory_barrier,
                                                  shared_memory_unmap,
                                                  nullptr,
                                                  nullptr};
  VfsState& state = state_of(layer);
  file->pMethods = nullptr;  // tells SQLite not to close what was not opened
  if (state.read_only) flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
  if ((flags & SQLITE_OPEN_READWRITE) != 0 && path != nullptr) {
    const int code = state.announce({FileOperation::kOpen, path}, SQLITE_CANTOPEN);
    if (code != SQLITE_OK) return code;
  }
  const int code = state.below->xOpen(state.below, path, below(file), flags, flags_out);
  if (code == SQLITE_OK) {
    std::construct_at(
        &open_file(file),
        OpenFile{{&kMethods}, &state, path == nullptr ? "" : path, false, (flags & SQLITE_OPEN_WAL) != 0, false, 0});
  }
  return code;
}

int remove_path(sqlite3_vfs* layer, const char* path, int sync_directory) {
  VfsState& state = state_of(layer);
  const int code = state.announce({FileOperation::kUnlink, path}, SQLITE_IOERR_DELETE);
  return code == SQLITE_OK ? state.below->xDelete(state.below, path, sync_directory) : code;
}

int access_path(sqlite3_vfs* layer, const char* path, int flags, int* result) {
  return state_of(layer).below->xAccess(state_of(layer).below, path, flags, result);
}

int full_path(sqlite3_vfs* layer, const char* path, int size, char* full) {
  return state_of(layer).below->xFullPathname(state_of(layer).below, path, size, full);
}

int randomness(sqlite3_vfs* layer, int count, char* bytes) {
  return state_of(layer).below->xRandomness(state_of(layer).below, count, bytes);
}

int sleep_microseconds(sqlite3_vfs* layer, int microseconds) {
  return state_of(layer).below->xSleep(state_of(layer).below, microseconds);
}

int current_time(sqlite3_vfs* layer, double* days) {
  return state_of(layer).below->xCurrentTime(state_of(layer).below, days);
}

int last_error(sqlite3_vfs* layer, int size, char* text) {
  return state_of(layer).below->xGetLastError(state_of(layer).below, size, text);
}

int current_milliseconds(sqlite3_vfs* layer, sqlite3_int64* milliseconds) {
  return state_of(layer).below->xCurrentTimeInt64(state_of(layer).below, milliseconds);
}

sqlite3_vfs* layer_below() {
  sqlite3_vfs* layer = sqlite3_vfs_find(kLayerBelow);
  if (layer == nullptr) throw NotSupported("this SQLite has no file layer \"{}\"", kLayerBelow);
  return layer;
}

}  // namespace

Vfs::Vfs(base::FileSystem& files, bool read_only)
    : state_(std::make_unique<VfsState>(VfsState{&files, layer_below(), read_only, "varve-" + base::make_uuid()})) {
  sqlite3_vfs& layer = state_->layer;
  layer.iVersion = 2;
  layer.szOsFile = static_cast<int>(sizeof(OpenFile)) + state_->below->szOsFile;
  layer.mxPathname = state_->below->mxPathname;
  layer.zName = state_->name.c_str();
  layer.pAppData = state_.get();
  layer.xOpen = open_path;
  layer.xDelete = remove_path;
  layer.xAccess = access_path;
  layer.xFullPathname = full_path;
  layer.xRandomness = randomness;
  layer.xSleep = sleep_microseconds;
  layer.xCurrentTime = current_time;
  layer.xGetLastError = last_error;
  layer.xCurrentTimeInt64 = current_milliseconds;
  if (sqlite3_vfs_register(&layer, 0) != SQLITE_OK) throw Io("SQLite does not take a file layer");
}

Vfs::~Vfs() { sqlite3_vfs_unregister(&state_->layer); }

const char* Vfs::name() const noexcept { return state_->name.c_str(); }

std::exception_ptr Vfs::take_failure() noexcept { return std::exchange(state_->failure, nullptr); }

bool Vfs::take_sync_failure() noexcept { return std::exchange(state_->sync_failed, false); }

// Writers write the second copy before the first. The sanitizer does not see that the two are compared.
__attribute__((no_sanitize("thread"))) std::optional<LogStamp> Vfs::log_stamp() const noexcept {
  const auto* words = static_cast<const volatile uint32_t*>(state_->log_index);
  if (words == nullptr) return {};
  LogStamp first;
  LogStamp second;
  for (size_t at = 0; at < first.size(); ++at) first[at] = words[at];
  std::atomic_thread_fence(std::memory_order_acquire);
  for (size_t at = 0; at < second.size(); ++at) second[at] = words[first.size() + at];
  constexpr size_t kIsInitialized = 3;  // in one of its bytes
  if (first != second || first[kIsInitialized] == 0) return {};
  return first;
}

std::vector<std::byte> read_database_file(const std::string& path) {
  sqlite3_vfs* layer = layer_below();
  const std::unique_ptr<const char, decltype(&sqlite3_free_filename)> name(
      sqlite3_create_filename(path.c_str(), "", "", 0, nullptr), sqlite3_free_filename);
  if (!name) throw std::bad_alloc();
  std::vector<std::byte> memory(static_cast<size_t>(layer->szOsFile));
  auto* file = reinterpret_cast<sqlite3_file*>(memory.data());
  int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB;
  int code = layer->xOpen(layer, name.get(), file, flags, &flags);
  if (code != SQLITE_OK) throw Io("cannot open {}: {}", path, sqlite3_errstr(code));
  sqlite3_int64 size = 0;
  code = file->pMethods->xFileSize(file, &size);
  std::vector<std::byte> bytes(code == SQLITE_OK ? static_cast<size_t>(size) : 0);
  constexpr size_t kPiece = 1U << 20U;
  for (size_t at = 0; at < bytes.size() && code == SQLITE_OK; at += kPiece) {
    const size_t count = std::min(kPiece, bytes.size() - at);
    code = file->pMethods->xRead(file, bytes.data() + at, static_cast<int>(count), static_cast<sqlite3_int64>(at));
  }
  file->pMethods->xClose(file);
  if (code != SQLITE_OK) throw Io("cannot read {}: {}", path, sqlite3_errstr(code));
  return bytes;
}

}  // namespace varve::catalog

#include "varve/catalog/connection.h"

#include <unistd.h>

#include <chrono>
#include <thread>

#include "varve/base/error.h"
#include "varve/base/uuid.h"
#include "varve/catalog/tables.h"

namespace varve::catalog {

namespace {

// In pages of 4 KiB. Where somebody merges the log now and then, commits do not.
constexpr int64_t kMergeAtFrames = 1000;
constexpr int64_t kMergeInCommitsAtFrames = 8 * kMergeAtFrames;
constexpr size_t kIdleReadersMax = 8;
constexpr int kReadAttempts = 10;
constexpr int kSharedMemoryAttempts = 5;

void run_transaction(Database& database, const std::string& task, const std::function<void(Database&)>& work) {
  Transaction transaction(database, Transaction::Mode::kWrite, task);
  work(database);
  transaction.commit();
}

// The smallest transaction there is.
void write_something(Database& database) {
  database.query("INSERT OR REPLACE INTO properties VALUES ('written_over', ?1)", base::make_uuid()).run();
}

}  // namespace

std::string lock_path_of(const std::string& catalog_path) {
  return base::join_path(base::parent_path(catalog_path), "locks");
}

Catalog::Connection::Connection(base::FileSystem& files, std::string path, const base::Clock& clock,
                                CatalogOptions options)
    : files_(files), path_(std::move(path)), clock_(clock), options_(std::move(options)), process_(::getpid()) {
  if (!files_.exists(path_)) throw NotFound("no catalog {}", path_);
  if (!options_.read_only) {
    writer_ = std::make_unique<Database>(files_, path_, Database::Options{Access::kReadWrite, options_.busy_timeout});
    check_tables(*writer_, path_);
  } else {
    with_reader([&](Database& database) { check_tables(database, path_); });
  }
  inode_ = files_.status(path_).inode;
}

Catalog::Connection::~Connection() {
  if (::getpid() == process_) return;
  // SQLite must not be called in a child with a connection of the parent's, not even to close it.
  (void)writer_.release();
  for (std::unique_ptr<Database>& reader : idle_readers_) (void)reader.release();
}

void Catalog::Connection::check_process() const {
  if (::getpid() != process_) {
    throw Forked("catalog {} was opened by process {}, not by this one, {}", path_, process_, ::getpid());
  }
}

bool Catalog::Connection::in_place() const {
  try {
    return files_.status(path_).inode == inode_;
  } catch (const NotFound&) {
    return false;
  }
}

void Catalog::Connection::close() {
  check_process();
  const std::scoped_lock lock(writer_mutex_, readers_mutex_);
  closed_ = true;
  idle_readers_.clear();
  source_.reset();
  const std::unique_ptr<Database> writer = std::move(writer_);
  if (writer) writer->close();
}

void Catalog::Connection::with_reader(const Work& work) {
  check_process();
  int useless = 0;  // how often the shared memory was
  for (int left = kReadAttempts; left > 0; --left) {
    Reader reader;
    try {
      lend(reader, useless < kSharedMemoryAttempts ? ReadOnlySource::SharedMemory::kIfThere
                                                   : ReadOnlySource::SharedMemory::kNever);
      work(*reader.database);
      if (!reader.source || reader.source->is_current()) {
        take_back(std::move(reader));
        return;
      }
    } catch (const NotFound&) {
      const bool log_went = options_.read_only && !reader.source && files_.exists(path_);
      if (!log_went && (!reader.source || reader.source->is_current())) throw;
    } catch (const ReadOnly&) {
      if (!reader.source || reader.source->access() != Access::kReadOnly) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(1 << useless++));  // a writer that comes mends it
    } catch (const Error&) {
      if (!reader.source || reader.source->is_current()) throw;
    }
    forget(reader.source);
  }
  throw Io("catalog {} changed {} times while it was being read", path_, kReadAttempts);
}

void Catalog::Connection::lend(Reader& reader, ReadOnlySource::SharedMemory memory) {
  {
    const std::lock_guard lock(readers_mutex_);
    if (closed_) throw InvalidArgument("catalog {} is closed", path_);
    reader.source = source_;
    if (!idle_readers_.empty()) {
      reader.database = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return;
    }
  }
  if (options_.read_only && !reader.source) reader.source = make_source(memory);
  const Access access = reader.source ? reader.source->access() : Access::kQuery;
  reader.database = std::make_unique<Database>(files_, reader.source ? reader.source->path() : path_,
                                               Database::Options{access, options_.busy_timeout});
}

// May take a while, which nobody else waits for.
std::shared_ptr<ReadOnlySource> Catalog::Connection::make_source(ReadOnlySource::SharedMemory memory) {
  auto made = std::make_shared<ReadOnlySource>(files_, path_, memory);
  const std::lock_guard lock(readers_mutex_);
  if (!source_ && !closed_) source_ = made;
  return made;
}

void Catalog::Connection::take_back(Reader reader) {
  const std::lock_guard lock(readers_mutex_);
  if (closed_ || reader.source != source_ || idle_readers_.size() >= kIdleReadersMax) return;
  idle_readers_.push_back(std::move(reader.database));
}

void Catalog::Connection::forget(const std::shared_ptr<ReadOnlySource>& source) {
  const std::lock_guard lock(readers_mutex_);
  if (source != source_) return;
  idle_readers_.clear();
  source_.reset();
}

std::optional<LogStamp> Catalog::Connection::log_stamp() {
  check_process();
  const std::lock_guard lock(readers_mutex_);
  if (options_.read_only || closed_ || idle_readers_.empty()) return {};
  return idle_readers_.back()->log_stamp();
}

void Catalog::Connection::with_writer(const Work& work) {
  check_process();
  {
    const std::lock_guard lock(writer_mutex_);
    if (options_.read_only) throw ReadOnly("catalog {} was opened for reading", path_);
    if (!writer_) throw InvalidArgument("catalog {} is closed", path_);
    // What is written to a file that has no name any more is found by nobody.
    if (!in_place()) throw NotFound("catalog {} was moved, removed or replaced while it was open", path_);
    work(*writer_);
    log_frames_ = writer_->log_frames();
  }
  merge_log_from(kMergeInCommitsAtFrames);
}

void Catalog::Connection::merge_log() { merge_log_from(kMergeAtFrames); }

void Catalog::Connection::write(const std::string& task, const Work& work) {
  with_writer([&](Database& database) {
    if (log_in_doubt_) renew_log(database);
    (void)database.take_sync_failure();
    try {
      run_transaction(database, task, work);
    } catch (const Error& failure) {
      if (!database.take_sync_failure()) throw;
      log_in_doubt_ = true;
      try {
        renew_log(database);
      } catch (const Error& second) {
        throw OutcomeUnknown("could not {}, but a power cut may bring it back: {}; and then: {}", task, failure.what(),
                             second.what());
      }
      throw;
    }
  });
}

// A sync that failed leaves two doubts. All of a transaction may lie in the log, out of sight, and a power cut could
// bring it to light. And what was written to the log before it without a sync may never reach the disk, so that nothing
// behind it could be read after a power cut. So all of the log is merged, and a new one begins with a transaction.
void Catalog::Connection::renew_log(Database& database) {
  const auto lock = files_.lock(lock_path_of(path_), {.byte = kCatalogLockByte, .timeout = options_.busy_timeout});
  database.set_task("renew the log");
  {
    Query merged = database.query("PRAGMA wal_checkpoint(TRUNCATE)");
    if (!merged.next() || merged.integer(0) != 0) {
      throw Timeout("cannot renew the log of catalog {}: others used it for longer than {}", path_,
                    to_string(options_.busy_timeout));
    }
  }
  run_transaction(database, "begin a new log", write_something);
  log_in_doubt_ = false;
}

// While others write, the log never ends: what they added meanwhile is merged a second time while they wait, which does
// not take long, and then the next one writes at its beginning again.
void Catalog::Connection::merge_log_from(int64_t frames_min) {
  const int64_t frames = log_frames_;
  if (frames < merged_frames_) merged_frames_ = 0;  // it began anew
  if (frames < merged_frames_ + frames_min) return;
  try {
    const auto lock = files_.lock(lock_path_of(path_), {.byte = kCatalogLockByte});
    merged_frames_ = frames;
    const auto merge = [this](Database& database) {
      database.set_task("merge the log");
      try {
        database.execute("PRAGMA wal_checkpoint(PASSIVE)");
      } catch (const Error&) {
        if (database.take_sync_failure()) log_in_doubt_ = true;
        throw;
      }
    };
    with_reader(merge);
    const std::lock_guard writers_wait(writer_mutex_);
    if (log_frames_ > frames) with_reader(merge);
  } catch (const ConcurrentWrite&) {  // another process is at it
  } catch (const Error& error) {
    if (options_.log) options_.log(base::LogLevel::kWarning, error.what());
  }
}

}  // namespace varve::catalog

// The connections behind one catalog: one that writes, and several that read.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "varve/base/clock.h"
#include "varve/base/file_system.h"
#include "varve/catalog/catalog.h"
#include "varve/catalog/read/read_only.h"
#include "varve/catalog/sqlite.h"

namespace varve::catalog {

// The lock file beside a catalog (kCatalogLockByte).
std::string lock_path_of(const std::string& catalog_path);

// Safe to use from several threads, close() included: calls that began before it end well. Every call throws Forked in
// a forked child, InvalidArgument after close().
class Catalog::Connection {
 public:
  Connection(base::FileSystem& files, std::string path, const base::Clock& clock, CatalogOptions options);
  ~Connection();  // in a forked child: leaves the connections to the parent
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void close();
  // See Catalog::in_place.
  [[nodiscard]] bool in_place() const;

  using Work = std::function<void(Database& database)>;
  // Lends a connection that waits for no writer of this process. In a read-only catalog the work is done again if the
  // files changed under it.
  void with_reader(const Work& work);
  // Lends the writing connection, to one thread at a time. Throws ReadOnly, and NotFound if not in place.
  void with_writer(const Work& work);

  // with_reader in one read transaction: returns what `work(database)` does.
  template <typename Reading>
  auto read(const std::string& task, Reading work) {
    std::optional<std::invoke_result_t<Reading, Database&>> result;
    with_reader([&](Database& database) {
      const Transaction transaction(database, Transaction::Mode::kRead, task);
      result = work(database);
    });
    return *std::move(result);
  }

  // with_writer in one write transaction, which is committed when `work` returns. After an error nothing of it is
  // there, nor can a power cut bring it back; OutcomeUnknown, with the task, if that cannot be had.
  void write(const std::string& task, const Work& work);

  // See Catalog::merge_log. On a connection of its own, so that other threads go on committing.
  void merge_log();

  // What the database holds is the same wherever this is. Nothing where that is not known: in a read-only catalog, and
  // while no connection that reads is idle.
  [[nodiscard]] std::optional<LogStamp> log_stamp();

  [[nodiscard]] Timestamp now() const { return clock_.now(); }
  [[nodiscard]] base::FileSystem& files() const noexcept { return files_; }

 private:
  // The source goes after the connection to it.
  struct Reader {
    std::shared_ptr<ReadOnlySource> source;  // null unless read-only
    std::unique_ptr<Database> database;
  };

  void check_process() const;
  void lend(Reader& reader, ReadOnlySource::SharedMemory memory);
  std::shared_ptr<ReadOnlySource> make_source(ReadOnlySource::SharedMemory memory);
  void take_back(Reader reader);
  void forget(const std::shared_ptr<ReadOnlySource>& source);
  void merge_log_from(int64_t frames_min);
  void renew_log(Database& database);

  base::FileSystem& files_;
  const std::string path_;
  const base::Clock& clock_;
  const CatalogOptions options_;
  const pid_t process_;
  uint64_t inode_ = 0;  // of what was opened

  std::mutex writer_mutex_;
  std::unique_ptr<Database> writer_;  // null if read-only or closed
  std::atomic<int64_t> log_frames_ = 0;
  std::atomic<int64_t> merged_frames_ = 0;  // so long was the log when it was last merged
  std::atomic<bool> log_in_doubt_ = false;

  std::mutex readers_mutex_;
  bool closed_ = false;
  std::shared_ptr<ReadOnlySource> source_;
  std::vector<std::unique_ptr<Database>> idle_readers_;  // to source_, if there is one
};

}  // namespace varve::catalog

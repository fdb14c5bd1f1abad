// SQLite in C++: a connection, its statements and its transactions, with our errors.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "varve/base/file_system.h"
#include "varve/base/time.h"
#include "varve/catalog/vfs.h"

struct sqlite3;
struct sqlite3_stmt;

namespace varve::catalog {

enum class Access {
  kCreate,     // read and write, made if absent
  kReadWrite,  // must exist, and be writable
  kQuery,      // as kReadWrite, but statements that write are errors; may merge the write-ahead log
  kReadOnly,   // makes and changes no file; needs the write-ahead log and shared memory of others to be there
  kImmutable,  // makes and changes no file; nobody else may change it meanwhile, the write-ahead log is not looked at
};

class Database;

// One run of a prepared statement. The database must outlive it; one of the same text must not be running.
class Query {
 public:
  template <typename... Values>
  Query(Database& database, sqlite3_stmt* statement, const Values&... values)
      : database_(database), statement_(statement) {
    int parameter = 0;
    (bind(++parameter, values), ...);
  }
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // Moves to the next row; false after the last.
  bool next();
  // To the end, for statements whose rows do not matter.
  void run();

  // Columns of the row, counted from 0. NULL reads as 0 and "".
  [[nodiscard]] int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string_view text(int column) const;            // until next is called again
  [[nodiscard]] std::span<const std::byte> blob(int column) const;  // likewise
  [[nodiscard]] bool is_null(int column) const;

 private:
  void bind(int parameter, int64_t value);
  void bind(int parameter, std::integral auto value) { bind(parameter, static_cast<int64_t>(value)); }
  void bind(int parameter, double value);
  void bind(int parameter, std::string_view value);
  void bind(int parameter, std::span<const std::byte> value);  // not copied: must live until the query ends
  void bind_null(int parameter);
  template <typename Value>
  void bind(int parameter, const std::optional<Value>& value) {
    value ? bind(parameter, *value) : bind_null(parameter);
  }

  Database& database_;
  sqlite3_stmt* statement_;
};

// One connection: durable (synchronous=FULL), checked (foreign keys, cell sizes), trusting nothing in the file's own
// schema. Every call may throw what Catalog promises; what an announcement to the file system threw comes out as it
// was. One thread at a time.
class Database {
 public:
  struct Options {
    Access access = Access::kReadWrite;
    Duration busy_timeout = Duration::seconds(30);
  };
  // `files` must outlive it. Throws NotSupported if the library is not the one this was built with, or is older than
  // 3.51.3.
  Database(base::FileSystem& files, std::string path, const Options& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Ends the connection and, if it is the last one of the file, merges the write-ahead log. A log that cannot be merged
  // stays, and nothing is lost; only what is no varve::Error is thrown. Idempotent.
  void close();

  // Makes `to`, an empty database of its own file, what this one is at one moment, and brings it to the disk.
  void copy_to(Database& to);

  // Runs statements that are not worth keeping.
  void execute(const std::string& statements);

  // Starts a statement, prepared at first use and kept. `text` must live as long as the database (a literal); values
  // (numbers, text, bytes, and any as an optional) are bound to ?1, ?2, ….
  template <typename... Values>
  Query query(std::string_view text, const Values&... values) {
    return Query(*this, prepare(text), values...);
  }
  // Rows that the last statement changed; the row id that the last INSERT gave.
  [[nodiscard]] int64_t changes() const;
  [[nodiscard]] int64_t last_row_id() const;

  // Frames in the write-ahead log after the last commit of this connection.
  [[nodiscard]] int64_t log_frames() const noexcept { return log_frames_; }
  // Whether a sync failed since the last time this was asked.
  [[nodiscard]] bool take_sync_failure() noexcept { return vfs_.take_sync_failure(); }
  // See Vfs::log_stamp.
  [[nodiscard]] std::optional<LogStamp> log_stamp() const noexcept { return vfs_.log_stamp(); }
  // What errors say was being done: "cannot <task> in catalog …".
  void set_task(std::string task) { task_ = std::move(task); }

 private:
  friend class Query;
  friend class Transaction;

  void open(Access access);
  void configure(Access access);
  sqlite3_stmt* prepare(std::string_view text);
  // Returns if `code` is a success, and throws what it means otherwise.
  void check(int code);
  [[noreturn]] void fail(int code) const;
  [[nodiscard]] bool in_transaction() const noexcept;
  void roll_back() noexcept;
  [[nodiscard]] bool wait_for_lock(int attempts) noexcept;

  const std::string path_;
  const Duration busy_timeout_;
  std::chrono::steady_clock::time_point busy_since_;
  std::string task_ = "open a connection";
  int64_t log_frames_ = 0;
  Vfs vfs_;
  sqlite3* handle_ = nullptr;
  std::map<std::string_view, sqlite3_stmt*> statements_;
};

// A transaction, rolled back when it dies uncommitted. One a database at a time.
class Transaction {
 public:
  enum class Mode { kRead, kWrite };
  Transaction(Database& database, Mode mode, const std::string& task);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  Database& database_;
};

// While it lives, commits are written but not synced: they reach the disk with the next one that is.
class RelaxedSync {
 public:
  explicit RelaxedSync(Database& database);
  ~RelaxedSync();
  RelaxedSync(const RelaxedSync&) = delete;
  RelaxedSync& operator=(const RelaxedSync&) = delete;

 private:
  Database& database_;
};

}  // namespace varve::catalog

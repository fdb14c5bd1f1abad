#include "varve/catalog/sqlite.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include <sqlite3.h>

#include "varve/base/error.h"
#include "varve/catalog/catalog.h"

namespace varve::catalog {

namespace {

constexpr int kOldestLibrary = 3'051'003;  // before it a race of two checkpoints could damage the file

void check_library() {
  if (sqlite3_libversion_number() >= kOldestLibrary && std::strcmp(sqlite3_sourceid(), SQLITE_SOURCE_ID) == 0) return;
  throw NotSupported("this program was built with SQLite {} but runs with {}", SQLITE_VERSION, sqlite3_libversion());
}

// "file:…?mode=…": options can only be given in this form.
std::string uri_of(std::string_view path, Access access) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  static constexpr std::string_view kPlain = "/._-~";
  std::string uri = path.starts_with('/') ? "file://" : "file:";
  for (const char letter : path) {
    const auto byte = static_cast<uint8_t>(letter);
    const bool alphanumeric =
        (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
    if (alphanumeric || kPlain.find(letter) != std::string_view::npos) {
      uri += letter;
    } else {
      uri += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  if (access == Access::kReadOnly) uri += "?readonly_shm=1";
  if (access == Access::kImmutable) uri += "?immutable=1";
  return uri;
}

bool changes_files(Access access) { return access != Access::kReadOnly && access != Access::kImmutable; }

int open_flags(Access access) {
  const int mode = access == Access::kCreate ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                   : changes_files(access)   ? SQLITE_OPEN_READWRITE
                                             : SQLITE_OPEN_READONLY;
  return mode | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
}

}  // namespace

std::string sqlite_version() { return sqlite3_libversion(); }

Query::~Query() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool Query::next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  database_.check(code == SQLITE_DONE ? SQLITE_OK : code);
  return false;
}

void Query::run() {
  while (next()) {}
}

int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double Query::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Query::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return {bytes, bytes == nullptr ? 0 : static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

std::span<const std::byte> Query::blob(int column) const {
  const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
  return {bytes, bytes == nullptr ? 0 : static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

void Query::bind(int parameter, int64_t value) { database_.check(sqlite3_bind_int64(statement_, parameter, value)); }

void Query::bind(int parameter, double value) { database_.check(sqlite3_bind_double(statement_, parameter, value)); }

void Query::bind(int parameter, std::string_view value) {
  const char* bytes = value.data() == nullptr ? "" : value.data();  // a null pointer would bind NULL
  database_.check(sqlite3_bind_text64(statement_, parameter, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Query::bind(int parameter, std::span<const std::byte> value) {
  const void* bytes = value.data() == nullptr ? "" : static_cast<const void*>(value.data());
  database_.check(sqlite3_bind_blob64(statement_, parameter, bytes, value.size(), SQLITE_STATIC));
}

void Query::bind_null(int parameter) { database_.check(sqlite3_bind_null(statement_, parameter)); }

Database::Database(base::FileSystem& files, std::string path, const Options& options)
    : path_(std::move(path)), busy_timeout_(options.busy_timeout), vfs_(files, !changes_files(options.access)) {
  check_library();
  try {
    open(options.access);
  } catch (...) {
    sqlite3_close_v2(handle_);
    throw;
  }
}

Database::~Database() {
  try {
    close();
  } catch (...) {  // told by close() to those who want to know
  }
}

void Database::open(Access access) {
  check(sqlite3_open_v2(uri_of(path_, access).c_str(), &handle_, open_flags(access), vfs_.name()));
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_handler(
      handle_, [](void* self, int attempts) { return static_cast<Database*>(self)->wait_for_lock(attempts) ? 1 : 0; },
      this);
  sqlite3_wal_hook(
      handle_,
      [](void* self, sqlite3*, const char*, int frames) {
        static_cast<Database*>(self)->log_frames_ = frames;
        return SQLITE_OK;
      },
      this);
  if (changes_files(access) && sqlite3_db_readonly(handle_, "main") == 1) {
    throw ReadOnly("catalog {} cannot be opened for writing", path_);
  }
  configure(access);
}

void Database::configure(Access access) {
  for (const auto& [option, value] : {std::pair(SQLITE_DBCONFIG_DEFENSIVE, 1),
                                      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                      {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                                      {SQLITE_DBCONFIG_ENABLE_QPSG, 1}}) {  // new values prepare nothing anew
    check(sqlite3_db_config(handle_, option, value, nullptr));
  }
  execute(
      "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; "
      "PRAGMA temp_store=MEMORY");
  if (access == Access::kQuery) execute("PRAGMA query_only=ON");
}

void Database::close() {
  if (handle_ == nullptr) return;
  for (const auto& [text, statement] : statements_) sqlite3_finalize(statement);
  statements_.clear();
  sqlite3_close_v2(std::exchange(handle_, nullptr));
  try {
    if (const std::exception_ptr failure = vfs_.take_failure()) std::rethrow_exception(failure);
  } catch (const Error&) {  // the log stays, and whoever opens the file next merges it
  }
}

void Database::copy_to(Database& to) {
  to.execute("PRAGMA journal_mode=MEMORY");  // nobody sees the file before it is done
  sqlite3_backup* const copy = sqlite3_backup_init(to.handle_, "main", handle_, "main");
  if (copy == nullptr) to.check(sqlite3_extended_errcode(to.handle_));
  const int code = sqlite3_backup_step(copy, -1);
  const int end = sqlite3_backup_finish(copy);
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED) check(code);
  to.check(end);
}

void Database::execute(const std::string& statements) {
  check(sqlite3_exec(handle_, statements.c_str(), nullptr, nullptr, nullptr));
}

sqlite3_stmt* Database::prepare(std::string_view text) {
  const auto [place, is_new] = statements_.try_emplace(text, nullptr);
  if (place->second == nullptr) {
    check(sqlite3_prepare_v3(handle_, text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT,
                             &place->second, nullptr));
  }
  return place->second;
}

int64_t Database::changes() const { return sqlite3_changes64(handle_); }

int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(handle_); }

void Database::check(int code) {
  const std::exception_ptr failure = vfs_.take_failure();
  if (failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const Error&) {
      if (code != SQLITE_OK) throw;  // else SQLite got along without
    }
  }
  if (code != SQLITE_OK) fail(code);
}

void Database::fail(int code) const {
  const int system_error = handle_ == nullptr ? 0 : sqlite3_system_errno(handle_);
  std::string message = "cannot " + task_ + " in catalog " + path_ + ": " +
                        (handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_));
  switch (code & 0xFF) {
    case SQLITE_NOMEM: throw std::bad_alloc();
    case SQLITE_BUSY:
    case SQLITE_LOCKED: throw Timeout("{}: others held it for longer than {}", message, to_string(busy_timeout_));
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: throw ReadOnly("{}", message);
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      if (system_error != 0) message += " (" + std::generic_category().message(system_error) + ")";
      if (system_error == EACCES || system_error == EROFS) throw ReadOnly("{}", message);
      throw Io("{}", message);
    case SQLITE_CONSTRAINT: throw AlreadyExists("{}", message);
    case SQLITE_TOOBIG:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE: throw InvalidArgument("{}", message);
    default:  // SQLITE_ERROR too: our statements are good, so the tables they speak of must be gone
      throw Corruption("{}", message);
  }
}

bool Database::in_transaction() const noexcept { return handle_ != nullptr && sqlite3_get_autocommit(handle_) == 0; }

void Database::roll_back() noexcept {
  if (!in_transaction()) return;
  sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  (void)vfs_.take_failure();  // what matters has been thrown
}

// SQLite's own waiting goes up to 100 ms a step; commits are done in a few.
bool Database::wait_for_lock(int attempts) noexcept {
  const auto now = std::chrono::steady_clock::now();
  if (attempts == 0) busy_since_ = now;
  if (now - busy_since_ >= std::chrono::nanoseconds(busy_timeout_.nanoseconds)) return false;
  std::this_thread::sleep_for(std::chrono::microseconds(100) * (1 << std::min(attempts, 5)));
  return true;
}

Transaction::Transaction(Database& database, Mode mode, const std::string& task) : database_(database) {
  database.set_task(task);
  database.query(mode == Mode::kRead ? "BEGIN" : "BEGIN IMMEDIATE").run();
}

Transaction::~Transaction() { database_.roll_back(); }

void Transaction::commit() { database_.query("COMMIT").run(); }

RelaxedSync::RelaxedSync(Database& database) : database_(database) {
  database.query("PRAGMA synchronous=NORMAL").run();
}

RelaxedSync::~RelaxedSync() {
  try {
    database_.query("PRAGMA synchronous=FULL").run();
  } catch (const Error&) {  // it was prepared before and touches no file
  }
}

}  // namespace varve::catalog

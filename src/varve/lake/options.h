// What calls on a lake take and give back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "varve/base/time.h"
#include "varve/lake/coverage.h"
#include "varve/table/predicate/predicate.h"
#include "varve/table/schema.h"

namespace varve {

namespace base {
class Clock;
class FileSystem;
}  // namespace base

// One end of a range: a moment, a day, or ISO 8601 text for either. A day (or text without a time of day) means its
// first instant as a start and its last as an end, in `ReadOptions::zone`.
class TimeBound {
 public:
  TimeBound(Timestamp at) : moment_(at) {}             // NOLINT(google-explicit-constructor)
  TimeBound(Date day) : day_(day) {}                   // NOLINT(google-explicit-constructor)
  TimeBound(std::string_view text) : text_(text) {}    // NOLINT(google-explicit-constructor)
  TimeBound(const std::string& text) : text_(text) {}  // NOLINT(google-explicit-constructor)
  TimeBound(const char* text) : text_(text) {}         // NOLINT(google-explicit-constructor)

  // Throws InvalidArgument for bad text, and for a naive time where `zone` is empty ("say the zone").
  [[nodiscard]] Timestamp as_start(std::string_view zone) const;
  [[nodiscard]] Timestamp as_end(std::string_view zone) const;
  // Whether it is a day, as far as can be told: bad text is one until it is asked for.
  [[nodiscard]] bool is_day() const;

 private:
  std::optional<Timestamp> moment_;
  std::optional<Date> day_;
  std::string text_;
};

// A range of a series' index. An end that is absent is the end of time. A day is inside or outside as a whole: where
// `closed` leaves an end out, all of its day is.
struct SeriesRange {
  std::optional<TimeBound> start;
  std::optional<TimeBound> end;
  Closed closed = Closed::kBoth;
  std::string zone;  // of days and naive text, as in ReadOptions
};

// The index values in a range: both ends inside; first > last where there are none. Where they are dates
// (`of_dates`), which no clock has, days are not those of the zone. Throws InvalidArgument as TimeBound does.
struct Moments {
  Timestamp first = Timestamp::min();
  Timestamp last = Timestamp::max();
};
Moments moments_of(const SeriesRange& range, bool of_dates = false);

// Which part of time a question about coverage is about. An end that is absent is the end of time.
struct CoverageRange {
  std::optional<TimeBound> start;
  std::optional<TimeBound> end;
  std::string zone;  // of days and naive text, as in ReadOptions
};

// From the start up to and without the end; a day as an end means all of it. So `2024-01-01` to `2024-01-31` is all of
// January, and `2024-01-01T00:00Z` to `2024-02-01T00:00Z` is the same; `of_dates` as with moments_of. Throws
// InvalidArgument as TimeBound does, and for an end before the start.
TimeRange half_open(const CoverageRange& range, bool of_dates = false);

struct OpenOptions {
  bool create = true;      // make the lake if there is none
  bool read_only = false;  // never writes, never creates; also what happens on a disk that cannot be written
  Duration lock_timeout = Duration::seconds(30);          // how long a write waits for another writer of its key
  Duration publish_delay = Duration::milliseconds(150);   // how long small commits may take to show in the visible tree
  size_t threads = 0;                                     // 0: one a processor
  std::function<void(std::string_view line)> on_warning;  // told what a person may want to know; any thread
  // For tests; both must outlive the lake. Null: the system's.
  base::FileSystem* file_system = nullptr;
  const base::Clock* clock = nullptr;
};

// What is fixed when a series is made by its first write; later ones may leave it out, and must agree or redefine it.
struct SeriesOptions {
  std::optional<std::string> kind;                   // else from the columns
  std::optional<std::string> index;                  // else by name and type; "" for untimed
  std::optional<std::vector<std::string>> identity;  // else by the kind; {} for none. The index itself is always part
  std::optional<std::string> layout;       // "range" (default), "month", "day", or a path template (docs/format.md)
  std::optional<std::string> compression;  // "auto" (default), "zstd", "zstd:9", "snappy", "lz4", "gzip", "none"
  std::optional<int64_t> target_rows_per_file;  // default 128 Ki rows
  // "float" (default), or "decimal": files keep prices (float64) as decimals of 18 digits. Each must be a decimal of at
  // most 9 places and 15 digits, and of at most 18 with as many places as any that was written to its column so far
  // has (beside 1e-9 less than 1e9), else SchemaCompatibility shows it; reads give floats, bit by bit, or decimals.
  std::optional<std::string> prices;
  std::optional<std::vector<std::string>> price_columns;  // else by the kind; all float64 where that knows none
};

enum class AppendConflict { kError, kIgnore };

// The file that rows came from. Where rows have no identity, an append of a file whose rows are there, told by its
// checksum, does nothing (Commit::source_seen), and throws AlreadyExists if others of its rows were removed since.
struct Source {
  std::string name;
  std::string sha256;  // 64 hexadecimal digits
  bool again = false;  // its rows are added even so
};

struct SeriesWriteOptions {
  SeriesOptions series;
  AppendConflict on_conflict = AppendConflict::kError;  // append only
  std::string zone;                                     // of an index without one; "": such an index is refused
  std::optional<Source> source;
  bool published = false;                  // the visible tree shows the commit when the call returns
  std::optional<int64_t> expects_version;  // ConcurrentWrite unless the series has this version; 0: it must not exist
  // Write only: the series becomes what the options and columns say, as if it were new. Older versions keep what they
  // were defined as: they are read by it, and restore brings it back.
  bool redefine = false;
  // Kept in the same commit, and also if the rows change nothing:
  CoverageChange coverage;              // of the rows' source; not of an untimed series
  std::optional<std::string> metadata;  // a JSON object, in place of the one before
};

// What a call that writes did. A call that changed nothing made no version: `id` is empty and `version` the one before.
struct Commit {
  std::string id;
  std::string key;
  int64_t version = 0;
  int64_t rows_added = 0;
  int64_t rows_replaced = 0;   // took the place of a row with the same identity and other values
  int64_t rows_unchanged = 0;  // were there already
  int64_t rows_ignored = 0;    // left out for the row that was there (append, kIgnore)
  int64_t rows_removed = 0;
  bool source_seen = false;  // the source was brought in before, so nothing was done
  bool published = true;     // false: committed, and the visible files follow soon
};

// Which state of a key is meant: a version of the series that has it; or the newest version at a time, or the one that
// a snapshot names, of the series that had the key then (if none had, of the one that has it now).
class AsOf {
 public:
  AsOf(int64_t version) : version_(version) {}                    // NOLINT(google-explicit-constructor)
  AsOf(int version) : version_(version) {}                        // NOLINT(google-explicit-constructor)
  AsOf(Timestamp time) : time_(time) {}                           // NOLINT(google-explicit-constructor)
  AsOf(std::string snapshot) : snapshot_(std::move(snapshot)) {}  // NOLINT(google-explicit-constructor)
  AsOf(const char* snapshot) : snapshot_(snapshot) {}             // NOLINT(google-explicit-constructor)

  [[nodiscard]] std::optional<int64_t> version() const { return version_; }
  [[nodiscard]] std::optional<Timestamp> time() const { return time_; }
  [[nodiscard]] const std::string& snapshot() const { return snapshot_; }

 private:
  std::optional<int64_t> version_;
  std::optional<Timestamp> time_;
  std::string snapshot_;
};

struct ReadOptions {
  std::optional<TimeBound> start;
  std::optional<TimeBound> end;
  Closed closed = Closed::kBoth;
  std::string zone;  // of days and naive text in start and end; "": UTC days, no naive text. Dates have none
  std::optional<std::vector<std::string>> columns;  // all if absent; in the order named
  std::optional<Predicate> where;                   // only rows for which it is true; of any columns of the series
  std::optional<AsOf> as_of;                        // the newest state if absent
  std::optional<int64_t> limit;                     // at most so many rows, the first ones
  std::string prices = "float";                     // or "decimal": of a series that keeps them so, as kept
};

struct SeriesInfo {
  std::string key;
  std::string kind;
  std::string index;                                 // "" if untimed
  std::optional<std::vector<std::string>> identity;  // without the index; empty optional: none
  std::string layout;
  std::string compression;
  int64_t target_rows_per_file = 0;
  std::string prices;                           // "float", or "decimal"
  std::map<std::string, int32_t> price_scales;  // places that files keep by now, of columns of decimal prices
  int64_t version = 0;
  int64_t rows = 0;
  int64_t files = 0;
  int64_t bytes = 0;
  std::optional<Timestamp> first;
  std::optional<Timestamp> last;
  Timestamp created;
  Timestamp updated;
  std::string metadata;  // a JSON object as it was given, "{}" if there is none
  Schema schema;
};

// One version of a series, and the commit that made it. Sums are over its files, counts are those of the commit.
struct VersionInfo {
  int64_t version = 0;
  std::string commit_id;
  Timestamp time;         // of the commit; never earlier than that of the version before
  std::string operation;  // "write", "append", "upsert", "delete", "restore", "transaction", …
  bool deleted = false;   // the series ended with it
  int64_t rows = 0;
  int64_t files = 0;
  int64_t bytes = 0;
  std::optional<Timestamp> first;
  std::optional<Timestamp> last;
  int64_t rows_added = 0;
  int64_t rows_replaced = 0;
  int64_t rows_removed = 0;
};

struct SnapshotInfo {
  std::string name;
  Timestamp created;
  int64_t keys = 0;
};

}  // namespace varve

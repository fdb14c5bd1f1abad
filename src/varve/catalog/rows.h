// Rows of the tables as values.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "varve/base/time.h"
#include "varve/catalog/catalog.h"
#include "varve/catalog/sqlite.h"
#include "varve/table/schema.h"

namespace varve::catalog {

// What a series is defined as, wherever a table keeps it: these columns, of which `first` is the number of the first.
inline constexpr std::string_view kDefinitionColumns =
    "kind, index_column, identity, layout, compression, target_rows_per_file, prices";
SeriesDefinition definition_of(const Query& row, int first);

std::optional<SeriesRow> select_series(Database& database, std::string_view key);
// Throws NotFound.
SeriesRow select_series(Database& database, int64_t series_id);
// The series that had the key at a time and has it no more.
std::optional<int64_t> select_former_owner(Database& database, std::string_view key, Timestamp time);
// Whether the series was made by then.
bool has_schema_of(Database& database, int64_t series_id, Timestamp time);
// Those that are not deleted, in the order of their keys; low <= key < high.
std::vector<SeriesRow> select_series_between(Database& database, std::string_view low, std::string_view high);
// Throws NotFound.
Schema select_schema(Database& database, int64_t series_id, int32_t schema_version);
// Schemas read one after the other: those that read alike, as most do in a lake, are parsed once.
class SchemaRows {
 public:
  explicit SchemaRows(Database& database) : database_(database) {}
  const Schema& select(int64_t series_id, int32_t schema_version);  // throws NotFound

 private:
  Database& database_;
  std::map<std::string, Schema, std::less<>> parsed_;
};

// The newest version at a time; nothing if there is none.
std::optional<int64_t> select_version_at(Database& database, int64_t series_id, Timestamp time);
// What a snapshot names by this key, or else of the series; nothing if neither is in it. Throws NotFound for the
// snapshot.
std::optional<SeriesVersion> select_version_in_snapshot(Database& database, std::string_view name, std::string_view key,
                                                        int64_t series_id);

std::optional<CommitRow> select_commit(Database& database, std::string_view commit_id);
std::optional<CommitRow> select_newest_commit(Database& database);

// The objects of a version that overlap [first, last], in order of time, then of id.
struct ObjectsWanted {
  int64_t series_id = 0;
  int64_t version = 0;
  bool newest = false;  // no version came after it
  Timestamp first;
  Timestamp last;
};
std::vector<ObjectRow> select_objects(Database& database, const ObjectsWanted& wanted);
// The last ones, by time, of the newest version, in the same order.
std::vector<ObjectRow> select_last_objects(Database& database, int64_t series_id, int64_t objects_max);
std::vector<ObjectRow> select_all_objects(Database& database);
// Those of a series that no version of it has any more.
std::vector<ObjectRow> select_orphans(Database& database, int64_t series_id);
// Live or dead.
std::optional<ObjectRow> select_object_named(Database& database, int64_t series_id, std::string_view name);
// Those whose names lie in [first, end).
std::vector<ObjectRow> select_objects_between(Database& database, int64_t series_id, std::string_view first,
                                              std::string_view end);

// Times that may be NULL.
std::optional<Timestamp> time_or_null(const Query& row, int column);
std::optional<int64_t> nanoseconds_of(const std::optional<Timestamp>& time);

}  // namespace varve::catalog

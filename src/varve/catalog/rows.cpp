#include "varve/catalog/rows.h"

#include "varve/base/error.h"
#include "varve/catalog/schema_text.h"

namespace varve::catalog {

namespace {

const std::string& series_columns() {
  static const std::string kColumns =
      "id, key, version, deleted, schema_version, rows, files, bytes, first_time, last_time, created, updated, " +
      std::string(kDefinitionColumns);
  return kColumns;
}

SeriesRow series_of(const Query& row) {
  SeriesRow series;
  series.id = row.integer(0);
  series.key = row.text(1);
  series.version = row.integer(2);
  series.deleted = row.integer(3) != 0;
  series.schema_version = static_cast<int32_t>(row.integer(4));
  series.rows = row.integer(5);
  series.files = row.integer(6);
  series.bytes = row.integer(7);
  series.first = time_or_null(row, 8);
  series.last = time_or_null(row, 9);
  series.created = Timestamp{row.integer(10)};
  series.updated = Timestamp{row.integer(11)};
  series.definition = definition_of(row, 12);
  return series;
}

const std::string& object_columns() {
  static const std::string kColumns =
      "id, series_id, added_version, removed_version, name, rows, bytes, first_time, last_time, sha256, "
      "schema_version, stored, max(created, coalesce(verified, created)), modified";
  return kColumns;
}

ObjectRow object_of(const Query& row) {
  ObjectRow object;
  object.id = row.text(0);
  object.series_id = row.integer(1);
  object.added_version = row.integer(2);
  if (!row.is_null(3)) object.removed_version = row.integer(3);
  object.name = row.text(4);
  object.rows = row.integer(5);
  object.bytes = row.integer(6);
  object.first = Timestamp{row.integer(7)};
  object.last = Timestamp{row.integer(8)};
  object.sha256 = row.text(9);
  object.schema_version = static_cast<int32_t>(row.integer(10));
  object.stored = row.integer(11) != 0;
  object.whole_at = Timestamp{row.integer(12)};
  if (!row.is_null(13)) object.modified = row.integer(13);
  return object;
}

std::optional<CommitRow> commit_of(Query&& rows) {
  if (!rows.next()) return {};
  return CommitRow{std::string(rows.text(0)), rows.integer(1), Timestamp{rows.integer(2)}, std::string(rows.text(3))};
}

std::vector<ObjectRow> objects_of(Query&& rows) {
  std::vector<ObjectRow> objects;
  while (rows.next()) objects.push_back(object_of(rows));
  return objects;
}

}  // namespace

SeriesDefinition definition_of(const Query& row, int first) {
  SeriesDefinition definition;
  definition.kind = row.text(first);
  definition.index = row.text(first + 1);
  definition.has_identity = !row.is_null(first + 2);
  if (definition.has_identity) definition.identity = parse_columns(row.text(first + 2));
  definition.layout = row.text(first + 3);
  definition.compression = row.text(first + 4);
  definition.target_rows_per_file = row.integer(first + 5);
  if (!row.is_null(first + 6)) definition.prices = parse_prices(row.text(first + 6));
  return definition;
}

std::optional<SeriesRow> select_series(Database& database, std::string_view key) {
  static const std::string kSelect = "SELECT " + series_columns() + " FROM series WHERE key = ?1";
  Query rows = database.query(kSelect, key);
  if (!rows.next()) return {};
  return series_of(rows);
}

SeriesRow select_series(Database& database, int64_t series_id) {
  static const std::string kSelect = "SELECT " + series_columns() + " FROM series WHERE id = ?1";
  Query rows = database.query(kSelect, series_id);
  if (!rows.next()) throw NotFound("no series of id {}", series_id);
  return series_of(rows);
}

// From its first series on a key has one without a break, though maybe a deleted one: the first that left it after the
// time is the one that had it then.
std::optional<int64_t> select_former_owner(Database& database, std::string_view key, Timestamp time) {
  Query rows =
      database.query("SELECT series_id FROM former_keys WHERE key = ?1 AND until_time > ?2 ORDER BY until_time LIMIT 1",
                     key, time.nanoseconds);
  if (!rows.next()) return {};
  return rows.integer(0);
}

// Schemas are kept when versions are forgotten.
bool has_schema_of(Database& database, int64_t series_id, Timestamp time) {
  return database
      .query("SELECT 1 FROM schemas WHERE series_id = ?1 AND created <= ?2 LIMIT 1", series_id, time.nanoseconds)
      .next();
}

std::vector<SeriesRow> select_series_between(Database& database, std::string_view low, std::string_view high) {
  static const std::string kSelect =
      "SELECT " + series_columns() + " FROM series WHERE key >= ?1 AND key < ?2 AND NOT deleted ORDER BY key";
  Query rows = database.query(kSelect, low, high);
  std::vector<SeriesRow> series;
  while (rows.next()) series.push_back(series_of(rows));
  return series;
}

Schema select_schema(Database& database, int64_t series_id, int32_t schema_version) {
  return SchemaRows(database).select(series_id, schema_version);
}

const Schema& SchemaRows::select(int64_t series_id, int32_t schema_version) {
  Query rows = database_.query("SELECT columns FROM schemas WHERE series_id = ?1 AND schema_version = ?2", series_id,
                               schema_version);
  if (!rows.next()) throw NotFound("series {} has no schema version {}", series_id, schema_version);
  const std::string_view text = rows.text(0);
  const auto known = parsed_.find(text);
  if (known != parsed_.end()) return known->second;
  return parsed_.emplace(text, parse_schema(text)).first->second;
}

std::optional<CommitRow> select_commit(Database& database, std::string_view commit_id) {
  return commit_of(database.query("SELECT id, sequence, time, operation FROM commits WHERE id = ?1", commit_id));
}

std::optional<CommitRow> select_newest_commit(Database& database) {
  return commit_of(database.query("SELECT id, sequence, time, operation FROM commits ORDER BY sequence DESC LIMIT 1"));
}

// The planner does not know that most objects may be dead, so it is told which index to go by.
std::vector<ObjectRow> select_objects(Database& database, const ObjectsWanted& wanted) {
  static const std::string kWhere =
      " FROM objects INDEXED BY objects_of_version WHERE series_id = ?1 "
      "AND last_time >= ?2 AND first_time <= ?3 AND ";
  static const std::string kOrder = " ORDER BY 8, 1";
  static const std::string kNewest = "SELECT " + object_columns() + kWhere + "removed_version IS NULL" + kOrder;
  static const std::string kOlder =  //
      "SELECT " + object_columns() + kWhere + "removed_version IS NULL AND added_version <= ?4 UNION ALL " + "SELECT " +
      object_columns() + kWhere + "removed_version > ?4 AND added_version <= ?4" + kOrder;
  const int64_t first = wanted.first.nanoseconds;
  const int64_t last = wanted.last.nanoseconds;
  if (wanted.newest) return objects_of(database.query(kNewest, wanted.series_id, first, last));
  return objects_of(database.query(kOlder, wanted.series_id, first, last, wanted.version));
}

std::vector<ObjectRow> select_last_objects(Database& database, int64_t series_id, int64_t objects_max) {
  static const std::string kSelect =
      "SELECT * FROM (SELECT " + object_columns() +
      " FROM objects INDEXED BY objects_of_version WHERE series_id = ?1 AND removed_version IS NULL "
      "ORDER BY last_time DESC, first_time DESC, id DESC LIMIT ?2) ORDER BY 8, 1";
  return objects_of(database.query(kSelect, series_id, objects_max));
}

std::vector<ObjectRow> select_all_objects(Database& database) {
  static const std::string kSelect =
      "SELECT " + object_columns() + " FROM objects ORDER BY series_id, added_version, id";
  return objects_of(database.query(kSelect));
}

std::vector<ObjectRow> select_orphans(Database& database, int64_t series_id) {
  static const std::string kSelect =
      "SELECT " + object_columns() +
      " FROM objects INDEXED BY objects_of_version WHERE series_id = ?1 AND removed_version IS NOT NULL AND NOT EXISTS "
      "(SELECT 1 FROM versions WHERE versions.series_id = objects.series_id AND versions.version >= "
      "objects.added_version AND versions.version < objects.removed_version)";
  return objects_of(database.query(kSelect, series_id));
}

std::optional<ObjectRow> select_object_named(Database& database, int64_t series_id, std::string_view name) {
  static const std::string kSelect = "SELECT " + object_columns() + " FROM objects WHERE series_id = ?1 AND name = ?2";
  Query rows = database.query(kSelect, series_id, name);
  if (!rows.next()) return {};
  return object_of(rows);
}

std::vector<ObjectRow> select_objects_between(Database& database, int64_t series_id, std::string_view first,
                                              std::string_view end) {
  static const std::string kSelect =
      "SELECT " + object_columns() + " FROM objects WHERE series_id = ?1 AND name >= ?2 AND name < ?3 ORDER BY name";
  return objects_of(database.query(kSelect, series_id, first, end));
}

std::optional<Timestamp> time_or_null(const Query& row, int column) {
  if (row.is_null(column)) return {};
  return Timestamp{row.integer(column)};
}

std::optional<int64_t> nanoseconds_of(const std::optional<Timestamp>& time) {
  if (!time) return {};
  return time->nanoseconds;
}

}  // namespace varve::catalog

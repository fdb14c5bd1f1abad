#include "varve/catalog/history.h"

#include "varve/base/error.h"
#include "varve/catalog/catalog.h"
#include "varve/catalog/connection.h"
#include "varve/catalog/former_definitions.h"
#include "varve/catalog/rows.h"
#include "varve/catalog/schema_text.h"
#include "varve/catalog/sqlite.h"

namespace varve::catalog {
namespace {

VersionRow version_of(const Query& row) {
  VersionRow version;
  version.version = row.integer(0);
  version.commit_id = row.text(1);
  version.time = Timestamp{row.integer(2)};
  version.operation = row.text(3);
  version.deleted = row.integer(4) != 0;
  version.schema_version = static_cast<int32_t>(row.integer(5));
  version.rows = row.integer(6);
  version.files = row.integer(7);
  version.bytes = row.integer(8);
  version.first = time_or_null(row, 9);
  version.last = time_or_null(row, 10);
  version.rows_added = row.integer(11);
  version.rows_replaced = row.integer(12);
  version.rows_removed = row.integer(13);
  return version;
}

// The commit goes with its last version, unless it is the newest one, whose time the next one's must be after.
void forget_version(Database& database, int64_t series_id, int64_t version) {
  int64_t commit = 0;
  {
    Query forgotten = database.query(
        "DELETE FROM versions WHERE series_id = ?1 AND version = ?2 AND version < "
        "(SELECT version FROM series WHERE id = ?1) RETURNING commit_sequence",
        series_id, version);
    if (!forgotten.next()) return;
    commit = forgotten.integer(0);
  }
  database
      .query(
          "DELETE FROM commits WHERE sequence = ?1 AND sequence < (SELECT max(sequence) FROM commits) "
          "AND NOT EXISTS (SELECT 1 FROM versions WHERE commit_sequence = ?1)",
          commit)
      .run();
}

bool has_snapshot(Database& database, std::string_view name) {
  return database.query("SELECT 1 FROM snapshots WHERE name = ?1", name).next();
}

}  // namespace

std::optional<int64_t> select_version_at(Database& database, int64_t series_id, Timestamp time) {
  Query rows = database.query(
      "SELECT versions.version FROM versions JOIN commits ON commits.sequence = versions.commit_sequence "
      "WHERE versions.series_id = ?1 AND commits.time <= ?2 ORDER BY versions.version DESC LIMIT 1",
      series_id, time.nanoseconds);
  if (!rows.next()) return {};
  return rows.integer(0);
}

std::optional<SeriesVersion> select_version_in_snapshot(Database& database, std::string_view name, std::string_view key,
                                                        int64_t series_id) {
  if (!has_snapshot(database, name)) throw NotFound("no snapshot {}", quote(name));
  Query rows = database.query(
      "SELECT series_id, version FROM snapshot_versions WHERE snapshot = ?1 AND (key = ?2 OR series_id = ?3) "
      "ORDER BY key = ?2 DESC LIMIT 1",
      name, key, series_id);
  if (!rows.next()) return {};
  return SeriesVersion{rows.integer(0), rows.integer(1)};
}

std::vector<int64_t> Catalog::series_ids() {
  return connection_->read("list the series", [](Database& database) {
    Query rows = database.query("SELECT id FROM series ORDER BY id");
    std::vector<int64_t> ids;
    while (rows.next()) ids.push_back(rows.integer(0));
    return ids;
  });
}

std::vector<SchemaRow> Catalog::schemas(int64_t series_id) {
  return connection_->read("list the schemas", [&](Database& database) {
    Query rows = database.query(
        "SELECT schema_version, version, created, operation, columns FROM schemas WHERE series_id = ?1 "
        "ORDER BY schema_version",
        series_id);
    std::vector<SchemaRow> schemas;
    while (rows.next()) {
      schemas.push_back({.schema_version = static_cast<int32_t>(rows.integer(0)),
                         .version = rows.integer(1),
                         .time = Timestamp{rows.integer(2)},
                         .operation = std::string(rows.text(3)),
                         .schema = parse_schema(rows.text(4))});
    }
    return schemas;
  });
}

std::vector<VersionRow> Catalog::versions(int64_t series_id) {
  return connection_->read("list versions", [&](Database& database) {
    Query rows = database.query(
        "SELECT versions.version, commits.id, commits.time, commits.operation, versions.deletes, "
        "versions.schema_version, versions.rows, versions.files, versions.bytes, versions.first_time, "
        "versions.last_time, versions.rows_added, versions.rows_replaced, versions.rows_removed "
        "FROM versions JOIN commits ON commits.sequence = versions.commit_sequence "
        "WHERE versions.series_id = ?1 ORDER BY versions.version",
        series_id);
    std::vector<VersionRow> versions;
    while (rows.next()) versions.push_back(version_of(rows));
    return versions;
  });
}

std::vector<VersionTime> Catalog::version_times(int64_t series_id) {
  return connection_->read("list the times of versions", [&](Database& database) {
    Query rows = database.query(
        "SELECT versions.version, commits.time, EXISTS (SELECT 1 FROM snapshot_versions WHERE "
        "snapshot_versions.series_id = versions.series_id AND snapshot_versions.version = versions.version) "
        "FROM versions JOIN commits ON commits.sequence = versions.commit_sequence "
        "WHERE versions.series_id = ?1 ORDER BY versions.version",
        series_id);
    std::vector<VersionTime> times;
    while (rows.next()) times.push_back({rows.integer(0), Timestamp{rows.integer(1)}, rows.integer(2) != 0});
    return times;
  });
}

std::vector<SeriesVersion> Catalog::missing_versions(std::span<const SeriesVersion> versions) {
  return connection_->read("look for versions", [&](Database& database) {
    std::vector<SeriesVersion> missing;
    for (const SeriesVersion& each : versions) {
      Query rows =
          database.query("SELECT 1 FROM versions WHERE series_id = ?1 AND version = ?2", each.series_id, each.version);
      if (!rows.next()) missing.push_back(each);
    }
    return missing;
  });
}

std::vector<ObjectRow> Catalog::forget_versions(int64_t series_id, std::span<const int64_t> versions) {
  std::vector<ObjectRow> orphans;
  connection_->write("forget versions", [&](Database& database) {
    for (const int64_t version : versions) forget_version(database, series_id, version);
    drop_old_sources(database, series_id);
    drop_former_definitions(database, series_id);
    orphans = select_orphans(database, series_id);
  });
  return orphans;
}

void Catalog::forget_objects(std::span<const std::string> object_ids) {
  if (object_ids.empty()) return;
  connection_->with_writer([&](Database& database) {
    const RelaxedSync relaxed(database);
    Transaction transaction(database, Transaction::Mode::kWrite, "forget objects");
    for (const std::string& id : object_ids) {
      database.query("DELETE FROM inline_objects WHERE object_id = ?1", id).run();
      database.query("DELETE FROM objects WHERE id = ?1 AND removed_version IS NOT NULL", id).run();
    }
    transaction.commit();
  });
}

int64_t Catalog::make_snapshot(std::string_view name, std::span<const std::string> keys) {
  int64_t named = 0;
  connection_->write("make a snapshot", [&](Database& database) {
    if (has_snapshot(database, name)) throw AlreadyExists("there is a snapshot {} already", quote(name));
    database.query("INSERT INTO snapshots VALUES (?1, ?2)", name, connection_->now().nanoseconds).run();
    for (const std::string& key : keys) {
      const std::optional<SeriesRow> series = select_series(database, key);
      if (!series || series->deleted) throw NotFound("no series {}", quote(key));
      database.query("INSERT INTO snapshot_versions VALUES (?1, ?2, ?3, ?4)", name, series->id, series->version, key)
          .run();
      ++named;
    }
  });
  return named;
}

void Catalog::remove_snapshot(std::string_view name) {
  connection_->write("remove a snapshot", [&](Database& database) {
    if (!has_snapshot(database, name)) throw NotFound("no snapshot {}", quote(name));
    database.query("DELETE FROM snapshot_versions WHERE snapshot = ?1", name).run();
    database.query("DELETE FROM snapshots WHERE name = ?1", name).run();
  });
}

std::vector<SnapshotRow> Catalog::snapshots() {
  return connection_->read("list snapshots", [](Database& database) {
    Query rows = database.query(
        "SELECT name, created, (SELECT count(*) FROM snapshot_versions WHERE snapshot = name) FROM snapshots "
        "ORDER BY name");
    std::vector<SnapshotRow> snapshots;
    while (rows.next()) {
      snapshots.push_back({std::string(rows.text(0)), Timestamp{rows.integer(1)}, rows.integer(2)});
    }
    return snapshots;
  });
}

std::vector<SnapshotVersion> Catalog::snapshot(std::string_view name) {
  return connection_->read("read a snapshot", [&](Database& database) {
    if (!has_snapshot(database, name)) throw NotFound("no snapshot {}", quote(name));
    Query rows = database.query("SELECT key, version FROM snapshot_versions WHERE snapshot = ?1 ORDER BY key", name);
    std::vector<SnapshotVersion> versions;
    while (rows.next()) versions.push_back({std::string(rows.text(0)), rows.integer(1)});
    return versions;
  });
}

}  // namespace varve::catalog

#include <algorithm>
#include <set>
#include <utility>

#include "varve/base/error.h"
#include "varve/catalog/catalog.h"
#include "varve/catalog/connection.h"
#include "varve/catalog/former_definitions.h"
#include "varve/catalog/key.h"
#include "varve/catalog/rows.h"
#include "varve/catalog/schema_text.h"
#include "varve/catalog/sqlite.h"

namespace varve::catalog {

namespace {

void check_request(const CommitRequest& request) {
  if (request.id.empty() || request.changes.empty()) throw InvalidArgument("a commit needs an id and a change");
  std::set<std::string_view> keys;
  for (const SeriesChange& change : request.changes) {
    check_key(change.key);
    if (!keys.insert(change.key).second) throw InvalidArgument("two changes of {} in one commit", quote(change.key));
    const bool brings = change.define || change.schema || !change.added.empty() || !change.annotations.none();
    if (!change.new_key.empty()) {
      check_key(change.new_key);
      if (brings || change.deletes) throw InvalidArgument("a change of {} renames and does more", quote(change.key));
    }
    if (change.deletes && brings) throw InvalidArgument("a change of {} deletes and adds", quote(change.key));
    check_annotations(change.annotations);
  }
}

// The series must be as the change takes it to be.
void check_base(const SeriesChange& change, const std::optional<SeriesRow>& found) {
  const int64_t version = found ? found->version : 0;
  if (version != change.base_version) {
    throw ConcurrentWrite("series {} is at version {}, not {}: another writer was faster", quote(change.key), version,
                          change.base_version);
  }
  if (found && !found->deleted) return;
  if (change.deletes) throw NotFound("no series {} to delete", quote(change.key));
  if (!change.new_key.empty()) throw NotFound("no series {} to rename", quote(change.key));
  if (!change.define || !change.schema) {
    throw InvalidArgument("series {} does not exist; a new one needs a definition and a schema", quote(change.key));
  }
}

// One commit on its way into the tables, within a transaction of the caller's.
class CommitWriter {
 public:
  CommitWriter(Database& database, const CommitRequest& request) : database_(database), request_(request) {}

  std::vector<CommittedSeries> write(Timestamp now) {
    if (select_commit(database_, request_.id)) throw AlreadyExists("commit {} is there already", request_.id);
    insert_commit(now);
    std::vector<CommittedSeries> committed;
    for (const SeriesChange& change : request_.changes) committed.push_back(apply(change));
    return committed;
  }

 private:
  void insert_commit(Timestamp now) {
    {
      Query newest = database_.query("SELECT sequence, time, file_ids FROM commits ORDER BY sequence DESC LIMIT 1");
      const bool is_first = !newest.next();
      sequence_ = newest.integer(0) + 1;
      time_ = is_first ? now : std::max(now, Timestamp{newest.integer(1)} + Duration{1});
      file_ids_ = newest.integer(2);
    }
    int64_t files = 0;  // those whose names were used before will not need an id
    for (const SeriesChange& change : request_.changes) files += static_cast<int64_t>(change.added.size());
    database_
        .query("INSERT INTO commits VALUES (?1, ?2, ?3, ?4, ?5)", sequence_, request_.id, time_.nanoseconds,
               request_.operation, file_ids_ + files)
        .run();
  }

  CommittedSeries apply(const SeriesChange& change) {
    std::optional<SeriesRow> found = select_series(database_, change.key);
    check_base(change, found);
    const bool is_new = !found;
    SeriesRow series = is_new ? insert_series(change) : *std::move(found);
    if (series.deleted) series.created = time_;
    series.version = std::max(change.base_version + 1, change.least_version);
    series.deleted = change.deletes;
    series.updated = time_;
    if (!change.new_key.empty()) rename(series, change);
    if (change.define && !is_new && *change.define != series.definition) {  // before the row is another
      keep_former_definition(database_, series.id, series.version);
    }
    if (change.define) define(series, *change.define);
    if (change.schema) set_schema(series, *change.schema);
    if (change.deletes) {
      remove_all(series);
    } else {
      for (const std::string& id : change.removed) remove_object(series, id);
      for (const NewObject& object : change.added) add_object(series, object);
      find_lost_ends(series);
    }
    update_series(series);
    insert_version(series, change);
    apply_sources(database_, series.id, series.version, change.sources);
    if (change.sources.forgets) drop_coverage(database_, series.id);
    apply_annotations(database_, series.id, change.annotations);
    database_.query("INSERT OR REPLACE INTO pending VALUES (?1, ?2)", series.id, request_.id).run();
    return {change.key, series.id, series.version};
  }

  // The old key is left to a deleted series without a past, so that its versions count on; so do those of the new key.
  // A deleted series that had the new key is found by the times at which it did.
  void rename(SeriesRow& series, const SeriesChange& change) {
    const std::optional<SeriesRow> former = select_series(database_, change.new_key);
    const int64_t version = former ? former->version : 0;
    if (former && !former->deleted) throw AlreadyExists("there is a series {} already", quote(change.new_key));
    if (version != change.new_key_version) {
      throw ConcurrentWrite("key {} is at version {}, not {}: another writer was faster", quote(change.new_key),
                            version, change.new_key_version);
    }
    if (former) {
      note_former_key(former->id, change.new_key, true);
      // No key has such a name.
      database_
          .query("UPDATE series SET key = ?2 WHERE id = ?1", former->id,
                 change.new_key + "\n" + std::to_string(former->id))
          .run();
    }
    series.version = std::max(series.version, version + 1);
    series.key = change.new_key;
    database_.query("UPDATE series SET key = ?2 WHERE id = ?1", series.id, series.key).run();
    SeriesRow left = insert_series(change);
    left.definition = series.definition;
    left.version = series.version;
    left.deleted = true;
    left.schema_version = series.schema_version;
    left.updated = time_;
    define(left, left.definition);
    update_series(left);
    note_former_key(series.id, change.key, false);
    // Its own directory again: not to be swept.
    database_.query("UPDATE former_keys SET swept = 1 WHERE series_id = ?1 AND key = ?2", series.id, series.key).run();
  }

  void note_former_key(int64_t series_id, std::string_view key, bool swept) {
    database_.query("INSERT INTO former_keys VALUES (?1, ?2, ?3, ?4)", key, time_.nanoseconds, series_id, swept).run();
  }

  SeriesRow insert_series(const SeriesChange& change) {
    database_
        .query(
            "INSERT INTO series VALUES (NULL, ?1, '', '', NULL, '', '', 0, NULL, 0, 0, 0, 0, 0, 0, NULL, NULL, ?2, ?2)",
            change.key, time_.nanoseconds)
        .run();
    SeriesRow series;
    series.id = database_.last_row_id();
    series.key = change.key;
    series.created = time_;
    return series;
  }

  void define(SeriesRow& series, const SeriesDefinition& definition) {
    series.definition = definition;
    std::optional<std::string> identity;
    if (definition.has_identity) identity = to_text(definition.identity);
    std::optional<std::string> prices;
    if (definition.prices) prices = to_text(*definition.prices);
    database_
        .query(
            "UPDATE series SET kind = ?2, index_column = ?3, identity = ?4, layout = ?5, compression = ?6, "
            "target_rows_per_file = ?7, prices = ?8 WHERE id = ?1",
            series.id, definition.kind, definition.index, identity, definition.layout, definition.compression,
            definition.target_rows_per_file, prices)
        .run();
    if (!definition.index.empty()) return;
    series.first.reset();
    series.last.reset();
    drop_coverage(database_, series.id);
  }

  void set_schema(SeriesRow& series, const Schema& schema) {
    const int32_t newest = newest_schema_version(series.id);
    if (newest > 0 && select_schema(database_, series.id, newest) == schema) {
      series.schema_version = newest;
      return;
    }
    series.schema_version = newest + 1;
    database_
        .query("INSERT INTO schemas VALUES (?1, ?2, ?3, ?4, ?5, ?6)", series.id, series.schema_version, to_text(schema),
               series.version, time_.nanoseconds, request_.operation)
        .run();
  }

  int32_t newest_schema_version(int64_t series_id) {
    Query rows = database_.query("SELECT max(schema_version) FROM schemas WHERE series_id = ?1", series_id);
    rows.next();
    return static_cast<int32_t>(rows.integer(0));
  }

  void remove_all(SeriesRow& series) {
    database_
        .query("UPDATE objects SET removed_version = ?2 WHERE series_id = ?1 AND removed_version IS NULL", series.id,
               series.version)
        .run();
    end_sources(database_, series.id, series.version);
    drop_coverage(database_, series.id);
    drop_metadata(database_, series.id);
    series.rows = series.files = series.bytes = 0;
    series.first.reset();
    series.last.reset();
  }

  void remove_object(SeriesRow& series, const std::string& id) {
    Query removed = database_.query(
        "UPDATE objects SET removed_version = ?3 WHERE id = ?1 AND series_id = ?2 AND removed_version IS NULL "
        "RETURNING rows, bytes, first_time, last_time",
        id, series.id, series.version);
    if (!removed.next()) throw InvalidArgument("object {} is not one of series {}", quote(id), quote(series.key));
    series.rows -= removed.integer(0);
    series.bytes -= removed.integer(1);
    series.files -= 1;
    lost_first_ = lost_first_ || Timestamp{removed.integer(2)} <= series.first;
    lost_last_ = lost_last_ || Timestamp{removed.integer(3)} >= series.last;
  }

  void add_object(SeriesRow& series, const NewObject& object) {
    database_
        .query(
            "INSERT INTO objects VALUES (?1, ?2, ?3, NULL, ?4, ?5, ?6, ?7, ?8, ?9, ?10, coalesce((SELECT file_id "
            "FROM objects WHERE series_id = ?2 AND name >= ?15 AND name < ?16 LIMIT 1), ?11), ?12, NULL, ?13, ?14)",
            object.id, series.id, series.version, object.name, object.rows, object.bytes, object.first.nanoseconds,
            object.last.nanoseconds, object.sha256, series.schema_version, ++file_ids_, time_.nanoseconds,
            object.inline_bytes == nullptr, object.modified, object.names_of_file.first, object.names_of_file.second)
        .run();
    if (object.inline_bytes) {
      database_.query("INSERT INTO inline_objects VALUES (?1, ?2)", object.id, object.inline_bytes->bytes()).run();
    }
    series.rows += object.rows;
    series.bytes += object.bytes;
    series.files += 1;
    if (series.definition.index.empty() || object.rows == 0) return;
    series.first = std::min(series.first.value_or(object.first), object.first);
    series.last = std::max(series.last.value_or(object.last), object.last);
  }

  // Removed objects may have held the ends of the series. The index gives the last time at once, which is what a series
  // that only grows asks for.
  void find_lost_ends(SeriesRow& series) {
    if (series.definition.index.empty()) return;
    if (std::exchange(lost_first_, false)) {
      Query rows = database_.query(
          "SELECT min(first_time) FROM objects WHERE series_id = ?1 AND removed_version IS NULL AND rows > 0",
          series.id);
      rows.next();
      series.first = time_or_null(rows, 0);
    }
    if (std::exchange(lost_last_, false)) {
      Query rows = database_.query(
          "SELECT last_time FROM objects WHERE series_id = ?1 AND removed_version IS NULL AND rows > 0 "
          "ORDER BY last_time DESC LIMIT 1",
          series.id);
      series.last = rows.next() ? time_or_null(rows, 0) : std::nullopt;
    }
  }

  void update_series(const SeriesRow& series) {
    database_
        .query(
            "UPDATE series SET version = ?2, deleted = ?3, schema_version = ?4, rows = ?5, files = ?6, bytes = ?7, "
            "first_time = ?8, last_time = ?9, created = ?10, updated = ?11 WHERE id = ?1",
            series.id, series.version, series.deleted, series.schema_version, series.rows, series.files, series.bytes,
            nanoseconds_of(series.first), nanoseconds_of(series.last), series.created.nanoseconds,
            series.updated.nanoseconds)
        .run();
  }

  void insert_version(const SeriesRow& series, const SeriesChange& change) {
    database_
        .query("INSERT INTO versions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)", series.id,
               series.version, sequence_, series.schema_version, series.deleted, series.rows, series.files,
               series.bytes, nanoseconds_of(series.first), nanoseconds_of(series.last), change.rows_added,
               change.rows_replaced, change.rows_removed)
        .run();
  }

  Database& database_;
  const CommitRequest& request_;
  int64_t sequence_ = 0;
  Timestamp time_;
  int64_t file_ids_ = 0;
  bool lost_first_ = false;
  bool lost_last_ = false;
};

}  // namespace

std::vector<CommittedSeries> Catalog::commit(const CommitRequest& request) {
  check_request(request);
  std::vector<CommittedSeries> committed;
  connection_->write("make commit " + request.id, [&](Database& database) {
    committed = CommitWriter(database, request).write(connection_->now());
  });
  return committed;
}

}  // namespace varve::catalog

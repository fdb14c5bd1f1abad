#include "varve/catalog/registry.h"

#include <cmath>
#include <string_view>
#include <utility>

#include "varve/base/error.h"
#include "varve/catalog/connection.h"
#include "varve/catalog/rows.h"
#include "varve/catalog/schema_text.h"
#include "varve/catalog/sqlite.h"
#include "varve/catalog/tables.h"
#include "varve/table/utf8.h"

namespace varve::catalog {

namespace {

void check_text(std::string_view text, std::string_view what) {
  if (!table::is_utf8(text)) throw InvalidArgument("{} {} is not UTF-8", what, quote(text));
}
void check_any_text(const std::optional<std::string>& text, std::string_view what) {
  if (text) check_text(*text, what);
}
void check_word(std::string_view word, std::string_view what) {
  if (word.empty()) throw InvalidArgument("{} is missing", what);
  check_text(word, what);
}
void check_count(int64_t count, std::string_view what) {
  if (count < 0) throw InvalidArgument("{} is {} and must not be negative", what, count);
}
void check_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) {
    throw InvalidArgument("duration_seconds is {}: expected a number from 0 on", seconds);
  }
}

void check(const FetchRun& run) {
  check_word(run.instrument, "instrument");
  check_text(run.granularity, "granularity");
  if (run.end < run.start) {
    throw InvalidArgument("the range from {} to {} ends before it starts", to_string(run.start), to_string(run.end));
  }
  check_count(run.records_fetched, "records_fetched");
  check_count(run.api_calls_used, "api_calls_used");
  check_duration(run.duration_seconds);
  check_word(run.status, "status");
  check_any_text(run.error_message, "error_message");
}

void check(const ProcessingRun& run) {
  check_word(run.run_type, "run_type");
  check_text(run.config_hash, "config_hash");
  check_json(run.input_files, JsonShape::kArray, "input_files");
  check_json(run.output_files, JsonShape::kArray, "output_files");
  check_word(run.status, "status");
  if (run.duration_seconds) check_duration(*run.duration_seconds);
  check_any_text(run.log_file, "log_file");
}

void check(const ModelArtifact& artifact) {
  check_word(artifact.model_type, "model_type");
  check_word(artifact.version, "version");
  check_word(artifact.file_path, "file_path");
  check_text(artifact.config_hash, "config_hash");
  if (artifact.metrics) check_json(*artifact.metrics, JsonShape::kObject, "metrics");
}

std::optional<std::string> text_or_null(const Query& row, int column) {
  if (row.is_null(column)) return {};
  return std::string(row.text(column));
}

constexpr const char* kFetchRuns =
    "SELECT id, instrument, granularity, start_date, end_date, records_fetched, api_calls_used, duration_seconds, "
    "status, error_message, created_at FROM fetch_runs WHERE ";

FetchRun fetch_run_of(const Query& row) {
  return {.id = row.integer(0),
          .instrument = std::string(row.text(1)),
          .granularity = std::string(row.text(2)),
          .start = Timestamp{row.integer(3)},
          .end = Timestamp{row.integer(4)},
          .records_fetched = row.integer(5),
          .api_calls_used = row.integer(6),
          .duration_seconds = row.real(7),
          .status = std::string(row.text(8)),
          .error_message = text_or_null(row, 9),
          .created = Timestamp{row.integer(10)}};
}

constexpr const char* kProcessingRuns =
    "SELECT id, run_type, config_hash, input_files, output_files, status, duration_seconds, log_file, created_at "
    "FROM processing_runs WHERE ";

ProcessingRun processing_run_of(const Query& row) {
  ProcessingRun run{.id = row.integer(0),
                    .run_type = std::string(row.text(1)),
                    .config_hash = std::string(row.text(2)),
                    .input_files = std::string(row.text(3)),
                    .output_files = std::string(row.text(4)),
                    .status = std::string(row.text(5)),
                    .log_file = text_or_null(row, 7),
                    .created = Timestamp{row.integer(8)}};
  if (!row.is_null(6)) run.duration_seconds = row.real(6);
  return run;
}

constexpr const char* kModelArtifacts =
    "SELECT id, model_type, version, file_path, config_hash, training_run_id, metrics, file_size, checksum, "
    "created_at, last_verified FROM model_artifacts WHERE ";

ModelArtifact model_artifact_of(const Query& row) {
  ModelArtifact artifact{.id = row.integer(0),
                         .model_type = std::string(row.text(1)),
                         .version = std::string(row.text(2)),
                         .file_path = std::string(row.text(3)),
                         .config_hash = std::string(row.text(4)),
                         .metrics = text_or_null(row, 6),
                         .bytes = row.integer(7),
                         .sha256 = std::string(row.text(8)),
                         .created = Timestamp{row.integer(9)},
                         .verified = time_or_null(row, 10)};
  if (!row.is_null(5)) artifact.training_run_id = row.integer(5);
  return artifact;
}

template <typename Record>
std::vector<Record> all_of(Query&& rows, Record (*record_of)(const Query&)) {
  std::vector<Record> records;
  while (rows.next()) records.push_back(record_of(rows));
  return records;
}

template <typename Record>
std::optional<Record> first_of(Query&& rows, Record (*record_of)(const Query&)) {
  if (!rows.next()) return {};
  return record_of(rows);
}

// Our own connections run no view of a file, so they run what the view is made of.
const std::string& data_files_select() {
  static const std::string kSelect = "SELECT * FROM (" + std::string(kDataFiles) + ") WHERE ";
  return kSelect;
}

DataFileRow data_file_of(const Query& row) {
  DataFileRow file;
  file.id = row.integer(0);
  file.key = row.text(1);
  file.object.name = row.text(2);
  file.instrument = row.text(3);
  file.data_type = row.text(4);
  file.timed = !row.is_null(5);
  file.object.first = Timestamp{row.integer(5)};
  file.object.last = Timestamp{row.integer(6)};
  file.object.rows = row.integer(7);
  file.object.bytes = row.integer(8);
  file.object.sha256 = row.text(9);
  file.created = Timestamp{row.integer(10)};
  file.verified = time_or_null(row, 11);
  file.object.id = row.text(12);
  file.object.series_id = row.integer(13);
  file.object.added_version = row.integer(14);
  if (!row.is_null(15)) file.object.removed_version = row.integer(15);
  file.object.schema_version = static_cast<int32_t>(row.integer(16));
  return file;
}

}  // namespace

int64_t Registry::add_fetch_run(const FetchRun& run) {
  check(run);
  int64_t id = 0;
  catalog_.connection_->write("add a fetch run", [&](Database& database) {
    database
        .query("INSERT INTO fetch_runs VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", run.instrument,
               run.granularity, run.start.nanoseconds, run.end.nanoseconds, run.records_fetched, run.api_calls_used,
               run.duration_seconds, run.status, run.error_message,
               run.created.value_or(catalog_.connection_->now()).nanoseconds)
        .run();
    id = database.last_row_id();
  });
  return id;
}

int64_t Registry::add_processing_run(const ProcessingRun& run) {
  check(run);
  int64_t id = 0;
  catalog_.connection_->write("add a processing run", [&](Database& database) {
    database
        .query("INSERT INTO processing_runs VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", run.run_type,
               run.config_hash, run.input_files, run.output_files, run.status, run.duration_seconds, run.log_file,
               run.created.value_or(catalog_.connection_->now()).nanoseconds)
        .run();
    id = database.last_row_id();
  });
  return id;
}

int64_t Registry::add_model_artifact(const ModelArtifact& artifact) {
  check(artifact);
  int64_t id = 0;
  catalog_.connection_->write("add a model artifact", [&](Database& database) {
    if (artifact.training_run_id &&
        !database.query("SELECT 1 FROM processing_runs WHERE id = ?1", *artifact.training_run_id).next()) {
      throw NotFound("no processing run {}", *artifact.training_run_id);
    }
    database
        .query("INSERT INTO model_artifacts VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
               artifact.model_type, artifact.version, artifact.file_path, artifact.config_hash,
               artifact.training_run_id, artifact.metrics, artifact.bytes, artifact.sha256,
               artifact.created.value_or(catalog_.connection_->now()).nanoseconds, nanoseconds_of(artifact.verified))
        .run();
    id = database.last_row_id();
  });
  return id;
}

std::optional<FetchRun> Registry::find_fetch_run(int64_t id) {
  static const std::string kSelect = std::string(kFetchRuns) + "id = ?1";
  return catalog_.connection_->read(
      "find a fetch run", [&](Database& database) { return first_of(database.query(kSelect, id), fetch_run_of); });
}

std::optional<ProcessingRun> Registry::find_processing_run(int64_t id) {
  static const std::string kSelect = std::string(kProcessingRuns) + "id = ?1";
  return catalog_.connection_->read("find a processing run", [&](Database& database) {
    return first_of(database.query(kSelect, id), processing_run_of);
  });
}

std::optional<ModelArtifact> Registry::find_model_artifact(int64_t id) {
  static const std::string kSelect = std::string(kModelArtifacts) + "id = ?1";
  return catalog_.connection_->read("find a model artifact", [&](Database& database) {
    return first_of(database.query(kSelect, id), model_artifact_of);
  });
}

// With `?1 IS NULL OR` before it the index could not be used.
std::vector<FetchRun> Registry::list_fetch_runs(const FetchRunFilter& filter) {
  static const std::string kRest = "(?2 IS NULL OR granularity = ?2) AND (?3 IS NULL OR status = ?3) ORDER BY id";
  static const std::string kAll = kFetchRuns + kRest;
  static const std::string kOfInstrument = std::string(kFetchRuns) + "instrument = ?1 AND " + kRest;
  return catalog_.connection_->read("list fetch runs", [&](Database& database) {
    return all_of(
        database.query(filter.instrument ? kOfInstrument : kAll, filter.instrument, filter.granularity, filter.status),
        fetch_run_of);
  });
}

std::vector<ProcessingRun> Registry::list_processing_runs(const ProcessingRunFilter& filter) {
  static const std::string kRest = "(?2 IS NULL OR config_hash = ?2) AND (?3 IS NULL OR status = ?3) ORDER BY id";
  static const std::string kAll = kProcessingRuns + kRest;
  static const std::string kOfType = std::string(kProcessingRuns) + "run_type = ?1 AND " + kRest;
  return catalog_.connection_->read("list processing runs", [&](Database& database) {
    return all_of(database.query(filter.run_type ? kOfType : kAll, filter.run_type, filter.config_hash, filter.status),
                  processing_run_of);
  });
}

std::vector<ModelArtifact> Registry::list_model_artifacts(const ModelArtifactFilter& filter) {
  static const std::string kSelect =
      std::string(kModelArtifacts) +
      "(?1 IS NULL OR model_type = ?1) AND (?2 IS NULL OR version = ?2) AND (?3 IS NULL OR training_run_id = ?3) "
      "ORDER BY id";
  return catalog_.connection_->read("list model artifacts", [&](Database& database) {
    return all_of(database.query(kSelect, filter.model_type, filter.version, filter.training_run_id),
                  model_artifact_of);
  });
}

std::vector<DataFileRow> Registry::list_data_files(const DataFileFilter& filter) {
  static const std::string kSelect =
      data_files_select() +
      "removed_version IS NULL AND (?1 IS NULL OR key = ?1) AND (?2 IS NULL OR instrument = ?2) AND "
      "(?3 IS NULL OR data_type = ?3) AND (start_date IS NULL OR (end_date >= ?4 AND start_date <= ?5)) "
      "ORDER BY start_date, id";
  return catalog_.connection_->read("list data files", [&](Database& database) {
    return all_of(database.query(kSelect, filter.key, filter.instrument, filter.data_type, filter.first.nanoseconds,
                                 filter.last.nanoseconds),
                  data_file_of);
  });
}

std::optional<DataFileRow> Registry::find_data_file(int64_t id) {
  static const std::string kSelect = data_files_select() + "id = ?1 ORDER BY added_version DESC LIMIT 1";
  return catalog_.connection_->read(
      "find a data file", [&](Database& database) { return first_of(database.query(kSelect, id), data_file_of); });
}

void Registry::mark_verified(std::span<const WholeObject> objects) {
  if (objects.empty()) return;
  const int64_t now = catalog_.connection_->now().nanoseconds;
  catalog_.connection_->with_writer([&](Database& database) {
    const RelaxedSync relaxed(database);
    Transaction transaction(database, Transaction::Mode::kWrite, "mark what was found whole");
    static const std::string kUpdate =
        "UPDATE objects SET verified = ?2, modified = CASE WHEN modified IS NOT NULL THEN coalesce(?3, modified) END "
        "WHERE id = ?1";
    for (const WholeObject& object : objects) database.query(kUpdate, object.id, now, object.modified).run();
    transaction.commit();
  });
}

void Registry::forget_owners() {
  catalog_.connection_->write("take over adopted files", [](Database& database) {
    database.query("UPDATE objects SET modified = NULL WHERE modified IS NOT NULL").run();
  });
}

void Registry::mark_artifact_verified(int64_t id) {
  catalog_.connection_->write("mark an artifact", [&](Database& database) {
    database
        .query("UPDATE model_artifacts SET last_verified = ?2 WHERE id = ?1", id,
               catalog_.connection_->now().nanoseconds)
        .run();
  });
}

}  // namespace varve::catalog

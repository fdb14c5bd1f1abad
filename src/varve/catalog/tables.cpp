#include "varve/catalog/tables.h"

#include "varve/base/error.h"
#include "varve/base/uuid.h"

namespace varve::catalog {

namespace {

constexpr int64_t kApplicationId = 0x56727665;  // "Vrve", in the file's header

// Times are nanoseconds since 1970 UTC. `rows` to `last_time` of a series and of a version are sums over its objects,
// so that listing a lake does not look at them. `file_ids` is how many ids of files were given up to that commit.
constexpr const char* kTables = R"sql(
CREATE TABLE properties (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  index_column TEXT NOT NULL,
  identity TEXT,
  layout TEXT NOT NULL,
  compression TEXT NOT NULL,
  target_rows_per_file INTEGER NOT NULL,
  prices TEXT,
  version INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  schema_version INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  files INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  first_time INTEGER,
  last_time INTEGER,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;

CREATE TABLE former_definitions (
  series_id INTEGER NOT NULL REFERENCES series,
  until_version INTEGER NOT NULL,
  kind TEXT NOT NULL,
  index_column TEXT NOT NULL,
  identity TEXT,
  layout TEXT NOT NULL,
  compression TEXT NOT NULL,
  target_rows_per_file INTEGER NOT NULL,
  prices TEXT,
  PRIMARY KEY (series_id, until_version)
) STRICT, WITHOUT ROWID;

CREATE TABLE schemas (
  series_id INTEGER NOT NULL REFERENCES series,
  schema_version INTEGER NOT NULL,
  columns TEXT NOT NULL,
  version INTEGER NOT NULL,
  created INTEGER NOT NULL,
  operation TEXT NOT NULL,
  PRIMARY KEY (series_id, schema_version)
) STRICT, WITHOUT ROWID;

CREATE TABLE commits (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  time INTEGER NOT NULL,
  operation TEXT NOT NULL,
  file_ids INTEGER NOT NULL
) STRICT;

CREATE TABLE versions (
  series_id INTEGER NOT NULL REFERENCES series,
  version INTEGER NOT NULL,
  commit_sequence INTEGER NOT NULL REFERENCES commits,
  schema_version INTEGER NOT NULL,
  deletes INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  files INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  first_time INTEGER,
  last_time INTEGER,
  rows_added INTEGER NOT NULL,
  rows_replaced INTEGER NOT NULL,
  rows_removed INTEGER NOT NULL,
  PRIMARY KEY (series_id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX versions_of_commit ON versions (commit_sequence);

CREATE TABLE objects (
  id TEXT NOT NULL PRIMARY KEY,
  series_id INTEGER NOT NULL REFERENCES series,
  added_version INTEGER NOT NULL,
  removed_version INTEGER,
  name TEXT NOT NULL,
  rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  first_time INTEGER NOT NULL,
  last_time INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  schema_version INTEGER NOT NULL,
  file_id INTEGER NOT NULL,
  created INTEGER NOT NULL,
  verified INTEGER,
  stored INTEGER NOT NULL,
  modified INTEGER,
  UNIQUE (series_id, name)
) STRICT;
CREATE INDEX objects_of_version ON objects (series_id, removed_version, last_time, first_time);

CREATE TABLE inline_objects (
  object_id TEXT NOT NULL PRIMARY KEY REFERENCES objects,
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE snapshots (
  name TEXT NOT NULL PRIMARY KEY,
  created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot_versions (
  snapshot TEXT NOT NULL REFERENCES snapshots,
  series_id INTEGER NOT NULL REFERENCES series,
  version INTEGER NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY (snapshot, series_id),
  UNIQUE (snapshot, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX snapshots_of_version ON snapshot_versions (series_id, version);

CREATE TABLE pending (
  series_id INTEGER PRIMARY KEY REFERENCES series,
  commit_id TEXT NOT NULL
) STRICT;

CREATE TABLE former_keys (
  key TEXT NOT NULL,
  until_time INTEGER NOT NULL,
  series_id INTEGER NOT NULL REFERENCES series,
  swept INTEGER NOT NULL,
  PRIMARY KEY (key, until_time)
) STRICT, WITHOUT ROWID;
CREATE INDEX unswept_keys ON former_keys (series_id) WHERE swept = 0;

CREATE TABLE sources (
  series_id INTEGER NOT NULL REFERENCES series,
  sha256 TEXT NOT NULL,
  added_version INTEGER NOT NULL,
  removed_version INTEGER,
  name TEXT NOT NULL,
  whole INTEGER NOT NULL,
  first_time INTEGER,
  last_time INTEGER,
  PRIMARY KEY (series_id, sha256, added_version)
) STRICT, WITHOUT ROWID;

CREATE TABLE coverage (
  series_id INTEGER NOT NULL REFERENCES series,
  fact TEXT NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER NOT NULL,
  PRIMARY KEY (series_id, fact, start_time)
) STRICT, WITHOUT ROWID;

CREATE TABLE metadata (
  series_id INTEGER PRIMARY KEY REFERENCES series,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE fetch_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  instrument TEXT NOT NULL,
  granularity TEXT NOT NULL,
  start_date INTEGER NOT NULL,
  end_date INTEGER NOT NULL,
  records_fetched INTEGER NOT NULL,
  api_calls_used INTEGER NOT NULL,
  duration_seconds REAL NOT NULL,
  status TEXT NOT NULL,
  error_message TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX fetch_runs_of_instrument ON fetch_runs (instrument);

CREATE TABLE processing_runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_type TEXT NOT NULL,
  config_hash TEXT NOT NULL,
  input_files TEXT NOT NULL,
  output_files TEXT NOT NULL,
  status TEXT NOT NULL,
  duration_seconds REAL,
  log_file TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX processing_runs_of_type ON processing_runs (run_type);

CREATE TABLE model_artifacts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  model_type TEXT NOT NULL,
  version TEXT NOT NULL,
  file_path TEXT NOT NULL,
  config_hash TEXT NOT NULL,
  training_run_id INTEGER REFERENCES processing_runs,
  metrics TEXT,
  file_size INTEGER NOT NULL,
  checksum TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_verified INTEGER
) STRICT;
)sql";

int64_t single_value(Database& database, const char* statement) {
  Query query = database.query(statement);
  return query.next() ? query.integer(0) : 0;
}

}  // namespace

void create_tables(Database& database) {
  database.set_task("make the tables");
  database.execute("PRAGMA journal_mode=MEMORY");  // nobody sees the file before it is done
  {
    Transaction transaction(database, Transaction::Mode::kWrite, "make the tables");
    database.execute(kTables);
    database.execute("CREATE VIEW data_files AS " + std::string(kDataFiles) + "WHERE objects.removed_version IS NULL");
    database.query("INSERT INTO properties VALUES ('lake_id', ?1)", base::make_uuid()).run();
    database.execute("PRAGMA application_id=" + std::to_string(kApplicationId));
    database.execute("PRAGMA user_version=" + std::to_string(kFormatVersion));
    transaction.commit();
  }
  // Last, so that nothing lies in a write-ahead log, which the file is about to be parted from by its new name.
  Query mode = database.query("PRAGMA journal_mode=WAL");
  if (!mode.next() || mode.text(0) != "wal") throw Io("the new catalog cannot be put into write-ahead mode");
}

void check_tables(Database& database, const std::string& path) {
  Transaction transaction(database, Transaction::Mode::kRead, "read the header");
  if (single_value(database, "PRAGMA application_id") != kApplicationId) {
    throw Corruption("{} is an SQLite database but not a catalog of a lake", path);
  }
  const int64_t version = single_value(database, "PRAGMA user_version");
  if (version > kFormatVersion) {
    throw NotSupported("catalog {} has format version {}; this program reads up to {}", path, version, kFormatVersion);
  }
  if (version < 1) throw Corruption("catalog {} has format version {}, which never was", path, version);
}

}  // namespace varve::catalog

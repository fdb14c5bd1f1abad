#include "varve/catalog/catalog.h"

#include <functional>
#include <utility>

#include "varve/base/error.h"
#include "varve/catalog/connection.h"
#include "varve/catalog/former_definitions.h"
#include "varve/catalog/read/state_cache.h"
#include "varve/catalog/rows.h"
#include "varve/catalog/sqlite.h"
#include "varve/catalog/tables.h"

namespace varve::catalog {

namespace {

constexpr Duration kCreateTimeout = Duration::seconds(30);

// A version and the schema under which it is read; empty if there is no such version.
struct FoundVersion {
  int64_t version = 0;
  int32_t schema_version = 0;
};
std::optional<FoundVersion> find_version(Database& database, const SeriesRow& series, int64_t version) {
  if (version == 0 || version == series.version) {
    if (series.deleted) return {};
    return FoundVersion{series.version, series.schema_version};
  }
  Query rows = database.query(
      "SELECT schema_version FROM versions WHERE series_id = ?1 AND version = ?2 AND NOT deletes", series.id, version);
  if (!rows.next()) return {};
  return FoundVersion{version, static_cast<int32_t>(rows.integer(0))};
}

// Finds the version of a key that is wanted. `series` is the one that has the key now, and becomes the one that the
// version is of.
std::optional<FoundVersion> find_version(Database& database, std::string_view key, const VersionWanted& wanted,
                                         SeriesRow& series) {
  if (const auto* number = std::get_if<int64_t>(&wanted)) return find_version(database, series, *number);
  if (const auto* time = std::get_if<Timestamp>(&wanted)) {
    if (const std::optional<int64_t> owner = select_former_owner(database, key, *time)) {
      SeriesRow former = select_series(database, *owner);
      const std::optional<int64_t> version = select_version_at(database, former.id, *time);
      if (!version && has_schema_of(database, former.id, *time)) return {};  // it is forgotten
      if (const auto found = version ? find_version(database, former, *version) : std::nullopt) {
        series = std::move(former);
        return found;
      }
    }
    const std::optional<int64_t> version = select_version_at(database, series.id, *time);
    return version ? find_version(database, series, *version) : std::nullopt;
  }
  if (const auto* version = std::get_if<SeriesVersion>(&wanted)) {
    if (version->series_id != series.id) series = select_series(database, version->series_id);
    return find_version(database, series, version->version);
  }
  const auto named = select_version_in_snapshot(database, std::get<std::string>(wanted), key, series.id);
  if (!named) return {};
  if (named->series_id != series.id) series = select_series(database, named->series_id);
  return find_version(database, series, named->version);
}

std::optional<Catalog::State> select_state(Database& database, std::string_view key, SeriesRow series,
                                           const Catalog::StatesWanted& wanted, SchemaRows& schemas) {
  const std::optional<FoundVersion> found = find_version(database, key, wanted.version, series);
  if (!found) return {};
  Catalog::State state;
  state.version = found->version;
  state.schema = schemas.select(series.id, found->schema_version);
  const bool is_newest = found->version == series.version;
  state.is_tail = is_newest && wanted.tail_will_do && wanted.tail_will_do(series);
  if (state.is_tail) {
    state.objects = select_last_objects(database, series.id, Catalog::kTailObjects);
  } else {
    state.objects = select_objects(database, {.series_id = series.id,
                                              .version = found->version,
                                              .newest = is_newest,
                                              .first = wanted.first,
                                              .last = wanted.last});
  }
  state.series = std::move(series);
  state.series.key = key;
  if (!is_newest) {
    if (auto former = select_former_definition(database, state.series.id, state.version)) {
      state.series.definition = *std::move(former);
    }
  }
  return state;
}

std::optional<Catalog::State> select_state(Database& database, std::string_view key,
                                           const Catalog::StatesWanted& wanted, SchemaRows& schemas) {
  std::optional<SeriesRow> series = select_series(database, key);
  return series ? select_state(database, key, *std::move(series), wanted, schemas) : std::nullopt;
}

// The file has its name only when it is whole and on the disk.
void make_file(base::FileSystem& files, const std::string& path, const std::function<void(Database&)>& fill) {
  const auto lock = files.lock(lock_path_of(path), {.byte = kCatalogLockByte, .timeout = kCreateTimeout});
  if (files.exists(path)) throw AlreadyExists("catalog {} is there already", path);
  const std::string unfinished = path + ".new";
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {  // of a creation that was cut short
    if (files.exists(unfinished + suffix)) files.unlink(unfinished + suffix);
  }
  files.open(unfinished, base::OpenMode::kWriteNew)->close();  // SQLite's files get the rights of this one
  Database database(files, unfinished, {.access = Access::kCreate});
  fill(database);
  database.close();
  files.rename(unfinished, path);
  files.sync_directory(base::parent_path(path));
}

}  // namespace

void Catalog::create(base::FileSystem& files, const std::string& path) { make_file(files, path, create_tables); }

void Catalog::copy_to(const std::string& path) {
  make_file(connection_->files(), path, [&](Database& copy) {
    connection_->with_reader([&](Database& database) {
      database.set_task("copy the catalog");
      database.copy_to(copy);
    });
  });
}

Catalog Catalog::open(base::FileSystem& files, const std::string& path, const base::Clock& clock,
                      const CatalogOptions& options) {
  return Catalog(std::make_unique<Connection>(files, path, clock, options));
}

Catalog::Catalog(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)), cache_(std::make_unique<StateCache>()) {}
Catalog::~Catalog() = default;
Catalog::Catalog(Catalog&&) noexcept = default;
Catalog& Catalog::operator=(Catalog&&) noexcept = default;

void Catalog::close() { connection_->close(); }

bool Catalog::in_place() const { return connection_->in_place(); }

std::optional<SeriesRow> Catalog::find_series(std::string_view key) {
  return connection_->read("find a series", [&](Database& database) { return select_series(database, key); });
}

std::vector<std::optional<SeriesRow>> Catalog::find_many(std::span<const std::string> keys) {
  return connection_->read("find series", [&](Database& database) {
    std::vector<std::optional<SeriesRow>> found;
    found.reserve(keys.size());
    for (const std::string& key : keys) found.push_back(select_series(database, key));
    return found;
  });
}

std::string Catalog::key_of(int64_t series_id) {
  return connection_->read("find a key", [&](Database& database) {
    Query rows = database.query("SELECT key FROM series WHERE id = ?1", series_id);
    return rows.next() ? std::string(rows.text(0)) : std::string();
  });
}

std::vector<SeriesRow> Catalog::list_series(std::string_view prefix) {
  return connection_->read("list the series", [&](Database& database) {
    if (prefix.empty()) return select_series_between(database, "", "\xFF");  // no UTF-8 comes after this byte
    std::vector<SeriesRow> series;
    std::string folder(prefix);
    if (prefix.back() != '/') {
      std::optional<SeriesRow> itself = select_series(database, prefix);
      if (itself && !itself->deleted) series.push_back(*std::move(itself));
      folder += '/';
    }
    std::string behind = folder;
    ++behind.back();
    for (SeriesRow& below : select_series_between(database, folder, behind)) series.push_back(std::move(below));
    return series;
  });
}

std::optional<SeriesVersion> Catalog::find_version(std::string_view key, const VersionWanted& wanted) {
  return connection_->read("find a version", [&](Database& database) -> std::optional<SeriesVersion> {
    std::optional<SeriesRow> series = select_series(database, key);
    if (!series) return {};
    const std::optional<FoundVersion> found = catalog::find_version(database, key, wanted, *series);
    if (!found) return {};
    return SeriesVersion{series->id, found->version};
  });
}

Schema Catalog::schema(int64_t series_id, int32_t schema_version) {
  return connection_->read("read a schema",
                           [&](Database& database) { return select_schema(database, series_id, schema_version); });
}

std::vector<Schema> Catalog::newest_schemas(std::span<const SeriesRow> series) {
  return connection_->read("read schemas", [&](Database& database) {
    SchemaRows rows(database);
    std::vector<Schema> schemas;
    schemas.reserve(series.size());
    for (const SeriesRow& each : series) schemas.push_back(rows.select(each.id, each.schema_version));
    return schemas;
  });
}

std::optional<Catalog::State> Catalog::state(std::string_view key, int64_t version, Timestamp first, Timestamp last) {
  return connection_->read("read the state of a series", [&](Database& database) {
    SchemaRows schemas(database);
    return select_state(database, key, {.version = version, .first = first, .last = last}, schemas);
  });
}

std::vector<std::optional<Catalog::State>> Catalog::states(std::span<const std::string> keys,
                                                           const StatesWanted& wanted) {
  const auto* version = std::get_if<int64_t>(&wanted.version);
  if (keys.size() == 1 && version != nullptr && *version == 0) return {newest_state(keys[0], wanted)};
  return connection_->read("read the states of series", [&](Database& database) {
    SchemaRows schemas(database);
    std::vector<std::optional<State>> states;
    states.reserve(keys.size());
    for (const std::string& key : keys) states.push_back(select_state(database, key, wanted, schemas));
    return states;
  });
}

std::vector<ObjectRow> Catalog::objects_named(int64_t series_id, std::span<const std::string> names) {
  return connection_->read("find objects by name", [&](Database& database) {
    std::vector<ObjectRow> objects;
    for (const std::string& name : names) {
      std::optional<ObjectRow> object = select_object_named(database, series_id, name);
      if (object) objects.push_back(*std::move(object));
    }
    return objects;
  });
}

// What is asked for a second time is read whole and kept, until somebody changes the catalog.
std::optional<Catalog::State> Catalog::newest_state(const std::string& key, const StatesWanted& wanted) {
  const std::optional<LogStamp> stamp = connection_->log_stamp();
  if (stamp) {
    if (std::optional<State> known = cache_->find(*stamp, key, wanted)) return known;
  }
  const bool again = stamp && cache_->is_asked_again(*stamp, key);
  bool whole = false;
  std::optional<State> found = connection_->read("read the state of a series", [&](Database& database) {
    std::optional<SeriesRow> series = select_series(database, key);
    whole = again && series && series->files <= StateCache::kObjectsMax;
    SchemaRows schemas(database);
    if (!series) return std::optional<State>();
    return select_state(database, key, *std::move(series), whole ? StatesWanted() : wanted, schemas);
  });
  if (!whole || !found) return found;
  State part = StateCache::cut(*found, wanted);
  if (connection_->log_stamp() == stamp) cache_->put(*stamp, *std::move(found));
  return part;
}

Catalog::ObjectNames Catalog::taken_names(const ObjectNames& names) {
  return connection_->read("find names of objects", [&](Database& database) {
    ObjectNames taken;
    for (const auto& [series_id, name] : names) {
      Query rows = database.query("SELECT 1 FROM objects WHERE series_id = ?1 AND name = ?2", series_id, name);
      if (rows.next()) taken.emplace(series_id, name);
    }
    return taken;
  });
}

std::vector<ObjectRow> Catalog::objects_between(int64_t series_id, std::string_view first, std::string_view end) {
  return connection_->read("find objects by name",
                           [&](Database& database) { return select_objects_between(database, series_id, first, end); });
}

std::vector<std::string> Catalog::object_names(int64_t series_id) {
  return connection_->read("list the names of objects", [&](Database& database) {
    std::vector<std::string> names;
    Query rows = database.query("SELECT name FROM objects WHERE series_id = ?1 ORDER BY name", series_id);
    while (rows.next()) names.emplace_back(rows.text(0));
    return names;
  });
}

std::vector<ObjectRow> Catalog::all_objects() { return connection_->read("list the objects", select_all_objects); }

base::BufferPtr Catalog::inline_bytes(std::string_view object_id) {
  return connection_->read("read an object", [&](Database& database) -> base::BufferPtr {
    Query rows = database.query("SELECT bytes FROM inline_objects WHERE object_id = ?1", object_id);
    if (!rows.next()) return nullptr;
    auto bytes = base::MutableBuffer::allocate(0);
    bytes.append(rows.blob(0));
    return std::move(bytes).finish();
  });
}

// Not worth a sync, as with clear_pending.
void Catalog::set_stored(std::span<const std::string> object_ids) {
  if (object_ids.empty()) return;
  connection_->with_writer([&](Database& database) {
    const RelaxedSync relaxed(database);
    Transaction transaction(database, Transaction::Mode::kWrite, "drop bytes of objects");
    for (const std::string& id : object_ids) {
      database.query("UPDATE objects SET stored = 1 WHERE id = ?1", id).run();
      database.query("DELETE FROM inline_objects WHERE object_id = ?1", id).run();
    }
    transaction.commit();
  });
}

std::optional<CommitRow> Catalog::find_commit(std::string_view commit_id) {
  return connection_->read("find a commit", [&](Database& database) { return select_commit(database, commit_id); });
}

std::optional<CommitRow> Catalog::newest_commit() { return connection_->read("find a commit", select_newest_commit); }

std::vector<PendingPublication> Catalog::pending_publications() {
  return connection_->read("list what is to be published", [](Database& database) {
    Query rows = database.query(
        "SELECT series.id, series.key, pending.commit_id FROM pending JOIN series ON series.id = pending.series_id "
        "ORDER BY series.id");
    std::vector<PendingPublication> pending;
    while (rows.next()) pending.push_back({rows.integer(0), std::string(rows.text(1)), std::string(rows.text(2))});
    return pending;
  });
}

// Not worth a sync: what a power cut takes away again is published once more.
void Catalog::clear_pending(std::span<const PendingPublication> published) {
  if (published.empty()) return;
  connection_->with_writer([&](Database& database) {
    const RelaxedSync relaxed(database);
    Transaction transaction(database, Transaction::Mode::kWrite, "clear flags");
    for (const PendingPublication& one : published) {
      database.query("DELETE FROM pending WHERE series_id = ?1 AND commit_id = ?2", one.series_id, one.commit_id).run();
    }
    transaction.commit();
  });
}

void Catalog::clear_pending(int64_t series_id, std::string_view commit_id) {
  const PendingPublication published{.series_id = series_id, .key = {}, .commit_id = std::string(commit_id)};
  clear_pending(std::span(&published, 1));
}

std::vector<std::string> Catalog::former_keys(int64_t series_id) {
  return connection_->read("read the former keys of a series", [&](Database& database) {
    Query rows = database.query("SELECT key FROM former_keys WHERE series_id = ?1 AND swept = 0", series_id);
    std::vector<std::string> keys;
    while (rows.next()) keys.emplace_back(rows.text(0));
    return keys;
  });
}

void Catalog::forget_former_keys(int64_t series_id) {
  connection_->with_writer([&](Database& database) {
    const RelaxedSync relaxed(database);
    Transaction transaction(database, Transaction::Mode::kWrite, "forget former keys");
    database.query("UPDATE former_keys SET swept = 1 WHERE series_id = ?1 AND swept = 0", series_id).run();
    transaction.commit();
  });
}

void Catalog::set_pending(std::span<const int64_t> series_ids, std::string_view commit_id) {
  if (series_ids.empty()) return;
  connection_->write("set a flag", [&](Database& database) {
    for (const int64_t id : series_ids) {
      database.query("INSERT OR REPLACE INTO pending VALUES (?1, ?2)", id, commit_id).run();
    }
  });
}

SourceSeen Catalog::source_seen(int64_t series_id, std::string_view sha256) {
  return connection_->read("find a source",
                           [&](Database& database) { return select_source(database, series_id, sha256); });
}

std::string Catalog::property(std::string_view name) {
  return connection_->read("read a property", [&](Database& database) {
    Query rows = database.query("SELECT value FROM properties WHERE name = ?1", name);
    return rows.next() ? std::string(rows.text(0)) : std::string();
  });
}

void Catalog::set_property(std::string_view name, std::string_view value) {
  connection_->write("set a property", [&](Database& database) {
    if (value.empty()) {
      database.query("DELETE FROM properties WHERE name = ?1", name).run();
    } else {
      database.query("INSERT OR REPLACE INTO properties VALUES (?1, ?2)", name, value).run();
    }
  });
}

void Catalog::merge_log() { connection_->merge_log(); }

std::vector<std::string> Catalog::check() {
  return connection_->read("check the file", [](Database& database) {
    std::vector<std::string> found;
    Query integrity = database.query("PRAGMA integrity_check");
    while (integrity.next()) {
      if (integrity.text(0) != "ok") found.emplace_back(integrity.text(0));
    }
    Query references = database.query("PRAGMA foreign_key_check");
    while (references.next()) {
      found.push_back("a row of " + std::string(references.text(0)) + " speaks of a row of " +
                      std::string(references.text(2)) + " that is not there");
    }
    return found;
  });
}

}  // namespace varve::catalog

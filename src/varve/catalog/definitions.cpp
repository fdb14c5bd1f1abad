#include "varve/catalog/definitions.h"

#include <string>

#include "varve/catalog/rows.h"
#include "varve/catalog/sqlite.h"

namespace varve::catalog {
namespace {

bool has_table(Database& database) {
  return database.query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'former_definitions'").next();
}

}  // namespace

void make_definition_table(Database& database) {
  database.execute(R"sql(
CREATE TABLE IF NOT EXISTS former_definitions (
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
)sql");
}

void keep_definition(Database& database, int64_t series_id, int64_t until_version) {
  static const std::string kKeep =
      "INSERT INTO former_definitions SELECT id, ?2, " + std::string(kDefinitionColumns) +
      " FROM series WHERE id = ?1 AND EXISTS (SELECT 1 FROM versions WHERE series_id = ?1)";
  make_definition_table(database);
  database.query(kKeep, series_id, until_version).run();
}

std::optional<SeriesDefinition> select_former_definition(Database& database, int64_t series_id, int64_t version) {
  static const std::string kSelect =
      "SELECT " + std::string(kDefinitionColumns) +
      " FROM former_definitions WHERE series_id = ?1 AND until_version > ?2 ORDER BY until_version LIMIT 1";
  if (!has_table(database)) return {};
  Query rows = database.query(kSelect, series_id, version);
  if (!rows.next()) return {};
  return definition_of(rows, 0);
}

void drop_old_definitions(Database& database, int64_t series_id) {
  if (!has_table(database)) return;
  database
      .query(
          "DELETE FROM former_definitions WHERE series_id = ?1 AND until_version <= "
          "coalesce((SELECT min(version) FROM versions WHERE series_id = ?1), until_version)",
          series_id)
      .run();
}

}  // namespace varve::catalog

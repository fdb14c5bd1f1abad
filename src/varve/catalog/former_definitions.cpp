#include "varve/catalog/former_definitions.h"

#include <string>

#include "varve/catalog/rows.h"
#include "varve/catalog/sqlite.h"

namespace varve::catalog {

// A key that a rename left behind has a row in `series`, and no past.
void keep_former_definition(Database& database, int64_t series_id, int64_t until_version) {
  static const std::string kColumns(kDefinitionColumns);
  static const std::string kKeep =
      "INSERT INTO former_definitions (series_id, until_version, " + kColumns + ") SELECT id, ?2, " + kColumns +
      " FROM series WHERE id = ?1 AND EXISTS (SELECT 1 FROM versions WHERE series_id = ?1)";
  database.query(kKeep, series_id, until_version).run();
}

std::optional<SeriesDefinition> select_former_definition(Database& database, int64_t series_id, int64_t version) {
  static const std::string kSelect =
      "SELECT " + std::string(kDefinitionColumns) +
      " FROM former_definitions WHERE series_id = ?1 AND until_version > ?2 ORDER BY until_version LIMIT 1";
  Query rows = database.query(kSelect, series_id, version);
  if (!rows.next()) return {};
  return definition_of(rows, 0);
}

void drop_former_definitions(Database& database, int64_t series_id) {
  database
      .query(
          "DELETE FROM former_definitions WHERE series_id = ?1 AND until_version <= "
          "coalesce((SELECT min(version) FROM versions WHERE series_id = ?1), until_version)",
          series_id)
      .run();
}

}  // namespace varve::catalog

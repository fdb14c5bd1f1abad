// The tables of a catalog file: their SQL, their version, and a new file that holds them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "varve/base/file_system.h"
#include "varve/catalog/sqlite.h"

namespace varve::catalog {

// The version of the tables that this program writes, in the file's `user_version`.
inline constexpr int64_t kFormatVersion = 1;

// What the view `data_files` shows, and more: the files of all versions, with what holds their present content. A file
// is a name in a series; its id is that of the first object that had the name. For use in FROM.
inline constexpr std::string_view kDataFiles = R"sql(
SELECT
  objects.file_id AS id,
  series.key AS key,
  objects.name AS name,
  coalesce(
    json_extract(metadata.value, '$.instrument'),
    substr(series.key, 1 + length(rtrim(series.key, replace(series.key, '/', ''))))
  ) AS instrument,
  coalesce(json_extract(metadata.value, '$.data_type'), series.kind) AS data_type,
  iif(series.index_column = '', NULL, objects.first_time) AS start_date,
  iif(series.index_column = '', NULL, objects.last_time) AS end_date,
  objects.rows AS record_count,
  objects.bytes AS file_size,
  objects.sha256 AS checksum,
  objects.created AS created_at,
  objects.verified AS last_verified,
  objects.id AS object_id,
  objects.series_id AS series_id,
  objects.added_version AS added_version,
  objects.removed_version AS removed_version,
  objects.schema_version AS schema_version
FROM objects JOIN series ON series.id = objects.series_id LEFT JOIN metadata ON metadata.series_id = objects.series_id
)sql";

// Makes the tables in an empty database, in write-ahead mode.
void create_tables(Database& database);

// Throws Corruption if the file is not a catalog, NotSupported if its format version is newer than kFormatVersion.
void check_tables(Database& database, const std::string& path);

}  // namespace varve::catalog

// What series were defined as before, which is what their older versions are read by.
#pragma once

#include <cstdint>
#include <optional>

#include "varve/catalog/series_definition.h"

namespace varve::catalog {

class Database;

// Catalogs made before there was such a table have none until a series is defined anew.
void make_definition_table(Database& database);

// Keeps what the series is at this moment as what its versions before `until_version` were. Within a transaction of the
// caller's.
void keep_definition(Database& database, int64_t series_id, int64_t until_version);

// What the series was at a version; nothing: what it is.
std::optional<SeriesDefinition> select_former_definition(Database& database, int64_t series_id, int64_t version);

// Forgets what no version is read by any more. Within a transaction of the caller's.
void drop_old_definitions(Database& database, int64_t series_id);

}  // namespace varve::catalog

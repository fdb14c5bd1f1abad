// The tables of a catalog file: their SQL, their version, and a new file that holds them.
#pragma once

#include <cstdint>
#include <string>

#include "varve/base/file_system.h"
#include "varve/catalog/sqlite.h"

namespace varve::catalog {

// The version of the tables that this program writes, in the file's `user_version`.
inline constexpr int64_t kFormatVersion = 1;

// Makes the tables in an empty database, in write-ahead mode.
void create_tables(Database& database);

// Throws Corruption if the file is not a catalog, NotSupported if its format version is newer than kFormatVersion.
void check_tables(Database& database, const std::string& path);

}  // namespace varve::catalog

// Data files that somebody else may have changed.
#pragma once

#include <string>

#include "varve/base/file_system.h"
#include "varve/catalog/catalog.h"
#include "varve/parquet/reader.h"

namespace varve::store {

// Throws Corruption, with `name`, if a file that is about to be trusted is not what was committed: if its size is
// another one, or if it was written to later than it was last known to be whole and its SHA-256 is another one. So
// files that became visible after their commit, and lakes that were copied by other programs, cost a look at each file,
// and `verify` ends that. Of an adopted file, which its owner may write to, the time has to be just the one it had.
void check_unchanged(const base::File& file, const base::FileStatus& status, const catalog::ObjectRow& object,
                     const std::string& name);

// Whether a file, whatever its time, says that another commit wrote it, or has another number of rows.
bool is_of_another_commit(const parquet::Reader& reader, const catalog::ObjectRow& object);

// Throws as check_unchanged if its SHA-256 is another one.
void check_bytes(const base::File& file, const catalog::ObjectRow& object, const std::string& name);

}  // namespace varve::store

// The bytes of objects: which objects are needed, and whether their bytes are those that were committed.
#pragma once

#include <string>
#include <vector>

#include "varve/base/file_system.h"
#include "varve/store/engine.h"
#include "varve/store/upkeep/progress.h"

namespace varve::store {

// The objects of a series that a version needs that is still remembered, in order of their names.
std::vector<catalog::ObjectRow> needed_objects(Engine& engine, int64_t series_id);

// Read piece by piece: the file may change meanwhile. Throws Io, Corruption (it became shorter), Cancelled.
std::string sha256_of(const base::File& file, Meter& meter);

// In words, the versions that need an object; the newest is none of them.
std::string old_versions_of(const catalog::ObjectRow& object);

// In words, what is wrong with the bytes of an object; empty if they are those that were committed.
std::string find_damage(Engine& engine, const catalog::ObjectRow& object, Meter& meter);
// The same of a file that is said to hold them.
std::string find_damage(const base::File& file, const catalog::ObjectRow& object, Meter& meter);

}  // namespace varve::store

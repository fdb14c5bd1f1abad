// Makes files of objects whose bytes came into the catalog with their commit.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "varve/catalog/catalog.h"
#include "varve/store/engine.h"

namespace varve::store {

// Writes those of `objects` that are not stored, brings them to the disk and drops the catalog's bytes; what a stopped
// attempt left behind is written again. Sets `stored` of each. The caller holds the publish lock. Throws Io, and
// Corruption if the catalog does not have the bytes.
void store_inline_objects(Engine& engine, std::span<catalog::ObjectRow> objects);

// The same for many at once. Their names are not on the disk yet: the caller says Catalog::set_stored of those that
// this returns when they are.
std::vector<std::string> write_inline_objects(Engine& engine, std::span<catalog::ObjectRow* const> objects);

// The files of a version's objects (0: of the newest), in order of time, relative to the root. They do not change, and
// are there until the version is vacuumed; those whose bytes only the catalog has are made first. Throws NotFound, and
// ReadOnly where some would have to be made and nothing may be written.
std::vector<std::string> object_files(Engine& engine, std::string_view key, const catalog::VersionWanted& version);

}  // namespace varve::store

// Makes files of objects whose bytes came into the catalog with their commit.
#pragma once

#include <span>

#include "varve/catalog/catalog.h"
#include "varve/store/engine.h"

namespace varve::store {

// Writes those of `objects` that are not stored, brings them to the disk and drops the catalog's bytes; what a stopped
// attempt left behind is written again. Sets `stored` of each. The caller holds the publish lock. Throws Io, and
// Corruption if the catalog does not have the bytes.
void store_inline_objects(Engine& engine, std::span<catalog::ObjectRow> objects);

}  // namespace varve::store

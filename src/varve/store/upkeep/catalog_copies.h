// Copies of the catalog that a lake keeps of itself in `.varve/catalog-backups`.
#pragma once

#include <string>
#include <vector>

#include "varve/store/engine.h"

namespace varve::store {

inline constexpr size_t kCatalogCopiesKept = 3;

// The names of those that are there, the newest first: "20240101T100000Z.sqlite" by when they were made.
std::vector<std::string> catalog_copies(const Disk& disk);

// Called when a process that wrote closes the lake: makes one if the newest is older than a day, and lets the oldest
// go, so that kCatalogCopiesKept stay. A catalog of more than 256 MiB is left to `backup`.
void keep_catalog_copy(Engine& engine);

}  // namespace varve::store

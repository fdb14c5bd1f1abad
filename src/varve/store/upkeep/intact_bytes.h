// Where else the bytes of a damaged object may be found.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "varve/base/file_system.h"
#include "varve/store/engine.h"
#include "varve/store/upkeep/progress.h"

namespace varve::store {

// Another lake with objects of the same ids: a backup.
struct OtherLake {
  Disk disk;
  catalog::Catalog catalog;  // for reading

  // Throws NotFound if there is none at `root`.
  static OtherLake open(const Engine& engine, const std::string& root);
};

struct IntactBytes {
  std::unique_ptr<base::File> file;
  std::string source;  // "the catalog", "the visible file", …
};

// Bytes with the object's size and SHA-256: those in the catalog, the visible file, another object of the same content,
// the backup; or a file of the same rows as another version has them, written again and found to be the same. Nothing
// if there are none. `backup` may be null.
struct DamagedObject {
  const catalog::SeriesRow& series;
  const catalog::ObjectRow& object;
};
std::optional<IntactBytes> find_intact_bytes(Engine& engine, const DamagedObject& damaged, OtherLake* backup,
                                             Meter& meter);

}  // namespace varve::store

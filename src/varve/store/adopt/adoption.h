// Files of somebody else's, looked at before they become a series in place.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "varve/store/adopt/found_files.h"
#include "varve/store/adopt/originals.h"
#include "varve/store/engine.h"
#include "varve/store/upkeep/progress.h"
#include "varve/table/table.h"

namespace varve::store {

// One file that may become an object as it is.
struct AdoptedFile {
  std::string path;  // relative to the root
  std::string name;
  int64_t rows = 0;
  int64_t bytes = 0;
  Timestamp first;  // of the index, both inside; both 0 if untimed
  Timestamp last;
  std::string sha256;
  base::FileStatus status;  // when it was looked at
};

// A new series made of files that lie where it has them.
struct Adoption {
  std::string key;
  catalog::SeriesDefinition definition;
  Schema schema;
  std::vector<AdoptedFile> files;    // in order
  std::vector<std::string> skipped;  // paths of files without rows
};

// The columns of all files together, by their footers, in the order of files. Throws SchemaCompatibility,
// NotSupported (nested columns), InvalidArgument (no file), Corruption, each naming the file.
Schema adopted_schema(Engine& engine, const FoundSeries& found);

// All rows, file by file, under the schema of all; and the files as they were before they were read. Throws
// SchemaCompatibility, NotSupported, InvalidArgument (no file), Corruption, each naming the file.
struct FoundRows {
  Table rows;
  std::vector<Original> files;
};
FoundRows read_found(Engine& engine, const FoundSeries& found, Meter& meter);

// What files are to become.
struct SeriesToBe {
  catalog::SeriesDefinition definition;
  Schema columns;  // of the files (adopted_schema)
};

// Reads the index and the identity of each file and whatever has another type than in `series`, and checks that the
// files are a series: rows in order within a file and from file to file, times of files apart, each file in the place
// that the layout has for it, no null in the index, none of its times without a zone, no two rows of one identity, each
// value exact as the type of the series, and prices that are to be decimals so in all files; also that the key may have
// the layout where it is. Takes the files' checksums. Throws InvalidArgument, AlreadyExists (two rows of one identity),
// SchemaCompatibility, Corruption, each naming the file; PathTraversal.
Adoption examine(Engine& engine, const FoundSeries& found, const SeriesToBe& series, Meter& meter);

// The bytes of all files of a series: what the meter of both is told of one after the other.
int64_t bytes_of(Engine& engine, const FoundSeries& found);

}  // namespace varve::store

// Finds the bytes of column chunks and of their page indexes in a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "varve/base/file_system.h"
#include "varve/parquet/format.h"
#include "varve/parquet/read/chunk_cache.h"
#include "varve/parquet/read/column_decoder.h"
#include "varve/parquet/read/workspace.h"
#include "varve/parquet/schema_mapping.h"
#include "varve/table/predicate/condition.h"

namespace varve::parquet {

using PageRuns = std::vector<PageRun>;

// What reads of one file leave behind for the next.
struct FileMemory {
  Workspaces workspaces;
  ChunkCache<PageRuns> pages{size_t{1} << 20};
  ChunkCache<table::ColumnBounds> page_bounds{size_t{1} << 20};
  ChunkCache<Page> dictionaries{size_t{16} << 20};
};

// A file that is open and whose footer is read.
struct OpenFile {
  std::unique_ptr<base::File> file;
  std::string name;
  uint64_t size = 0;
  FileMetaData metadata;
  FileSchema columns;
  std::unique_ptr<FileMemory> memory = std::make_unique<FileMemory>();
};

// Reads the footer. Throws Corruption if this is not a whole Parquet file or its row counts contradict each other,
// NotSupported for an encrypted one; messages begin with the name.
OpenFile read_footer(std::unique_ptr<base::File> file, std::string name);

struct ByteRange {
  uint64_t begin = 0;
  uint64_t end = 0;  // left out
};

// Where a chunk's pages lie, inside the file. Throws Corruption for a chunk that claims bytes that are not there.
ByteRange bytes_of(const OpenFile& file, const ColumnMetaData& meta);

// The bytes of a flat column's chunk, inside the file. Throws Corruption for a chunk that contradicts the schema or the
// row group.
ChunkLocation locate(const OpenFile& file, const LeafColumn& column, size_t group);

// The chunk's pages by its offset index. Null if there is none or it does not fit the chunk.
std::shared_ptr<const PageRuns> read_pages(const OpenFile& file, const LeafColumn& column, size_t group);
// The chunk's column index as it is stored. Nothing if there is none or it is damaged.
std::optional<ColumnIndex> read_column_index(const OpenFile& file, const LeafColumn& column, size_t group);

}  // namespace varve::parquet

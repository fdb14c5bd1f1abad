// Finds the bytes of column chunks and of their page indexes in a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "varve/base/file_system.h"
#include "varve/parquet/format.h"
#include "varve/parquet/read/column_decoder.h"
#include "varve/parquet/schema_mapping.h"

namespace varve::parquet {

// A file that is open and whose footer is read.
struct OpenFile {
  std::unique_ptr<base::File> file;
  std::string name;
  uint64_t size = 0;
  FileMetaData metadata;
  FileSchema columns;
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

// The chunk's pages by its offset index. Nothing if there is none or it does not fit the chunk.
std::optional<std::vector<PageRun>> read_pages(const OpenFile& file, const LeafColumn& column, size_t group);
std::optional<ColumnIndex> read_column_index(const OpenFile& file, const LeafColumn& column, size_t group);

}  // namespace varve::parquet

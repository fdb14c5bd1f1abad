// Turns the pages of one column chunk into rows of the column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "varve/base/cancel.h"
#include "varve/parquet/read/chunk_cache.h"
#include "varve/parquet/read/page_reader.h"
#include "varve/parquet/read/row_ranges.h"
#include "varve/parquet/read/row_target.h"
#include "varve/parquet/read/workspace.h"
#include "varve/parquet/schema_mapping.h"

namespace varve::parquet {

// Consecutive pages of a chunk: their bytes in the file and their rows in the row group, ends left out.
struct PageRun {
  uint64_t begin = 0;
  uint64_t end = 0;
  RowRange rows;
};

// Which rows of which chunk. `rows` are ascending, disjoint, not empty, and covered by `runs`.
struct ChunkRequest {
  const base::File* file = nullptr;
  const LeafColumn* column = nullptr;
  ChunkId id;
  ChunkLocation location;
  std::optional<uint64_t> dictionary_end;  // the dictionary lies before `runs`, from location.begin to here
  std::vector<PageRun> runs;
  std::span<const RowRange> rows;
  ChunkCache<Page>* dictionaries = nullptr;  // where to look for that, and to leave it
  Workspace* workspace = nullptr;
  const base::CancelToken* cancel = nullptr;
};

// Decodes the rows asked for into `space` (indices of dictionary columns into the chunk's own dictionary); what has no
// place there comes back. Throws Corruption for bytes that are not what the format says and for pages that do not hold
// the rows that `runs` say, NotSupported, Cancelled, Io.
DecodedChunk decode_chunk(const ChunkRequest& request, const RowSpace& space);

// The same into a target of another kind, for count_rows(request.rows) rows.
void decode_chunk(const ChunkRequest& request, RowTarget& target);

}  // namespace varve::parquet

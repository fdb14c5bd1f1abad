// What a data file says about itself, so that a lake can be put together again from its files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "varve/base/thread_pool.h"
#include "varve/catalog/series_definition.h"
#include "varve/parquet/writer.h"

namespace varve::store {

using FileMetadata = std::vector<std::pair<std::string, std::string>>;

struct FileFacts {
  std::string key;
  // Kind, index, identity, layout, and what prices are decimals (without scales); files do not tell the rest.
  catalog::SeriesDefinition definition;
  int64_t version = 0;  // of the series that it was written for
  int32_t schema_version = 0;
  std::string commit_id;
};

// The key-value metadata of a file (docs/format.md), and back: nothing for a file that is not Varve's, or of a format
// that this program does not know.
FileMetadata to_metadata(const FileFacts& facts);
std::optional<FileFacts> parse_metadata(const FileMetadata& metadata);

// How a file of a series is written. Equal rows, facts and options give equal bytes.
parquet::WriteOptions write_options(const FileFacts& facts, base::ThreadPool* pool);

}  // namespace varve::store

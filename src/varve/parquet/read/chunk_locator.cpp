#include "varve/parquet/read/chunk_locator.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string_view>

#include "varve/base/error.h"
#include "varve/parquet/read/pruning.h"

namespace varve::parquet {
namespace {

constexpr std::string_view kEncryptedMagic = "PARE";
constexpr uint64_t kTailBytes = 8;  // the footer's length and the magic

std::vector<std::byte> read_bytes(const base::File& file, uint64_t offset, uint64_t size) {
  std::vector<std::byte> bytes(size);
  file.read_at(offset, bytes);
  return bytes;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void check_row_counts(const FileMetaData& metadata) {
  int64_t rows = 0;
  for (const RowGroup& group : metadata.row_groups) {
    if (group.num_rows < 0 || group.num_rows > std::numeric_limits<int32_t>::max()) {
      throw Corruption("a row group claims {} rows", group.num_rows);
    }
    if (__builtin_add_overflow(rows, group.num_rows, &rows)) throw Corruption("row groups of more than 2^63 rows");
  }
  if (rows != metadata.num_rows) {
    throw Corruption("the footer claims {} rows, its row groups {}", metadata.num_rows, rows);
  }
}

// Chunks of parquet-mr before 1.2.9 do not count their dictionary page's header (PARQUET-816).
uint64_t uncounted_bytes(const FileMetaData& metadata) {
  int major = 0;
  int minor = 0;
  int patch = 0;
  if (!metadata.created_by || !metadata.created_by->starts_with("parquet-mr")) return 0;  // scanning takes longer
  if (std::sscanf(metadata.created_by->c_str(), "parquet-mr version %d.%d.%d", &major, &minor, &patch) != 3) return 0;
  const bool old = major < 1 || (major == 1 && (minor < 2 || (minor == 2 && patch < 9)));
  return old ? 100 : 0;
}

std::optional<std::vector<std::byte>> read_index(const OpenFile& file, std::optional<int64_t> offset,
                                                 std::optional<int32_t> length) {
  if (!offset || !length || *offset < 0 || *length <= 0) return std::nullopt;
  const auto begin = static_cast<uint64_t>(*offset);
  const auto size = static_cast<uint64_t>(*length);
  if (begin > file.size || size > file.size - begin) return std::nullopt;
  return read_bytes(*file.file, begin, size);
}

const ColumnChunk& chunk_of(const OpenFile& file, const LeafColumn& column, size_t group) {
  const RowGroup& row_group = file.metadata.row_groups[group];
  if (column.position >= row_group.columns.size()) {
    throw Corruption("the row group has {} columns, this is column {}", row_group.columns.size(), column.position);
  }
  return row_group.columns[column.position];
}

OpenFile read_footer_unnamed(std::unique_ptr<base::File> file) {
  OpenFile result;
  result.size = file->size();
  if (result.size < kMagic.size() + kTailBytes) throw Corruption("{} bytes are no Parquet file", result.size);
  const auto head = read_bytes(*file, 0, kMagic.size());
  const auto tail = read_bytes(*file, result.size - kTailBytes, kTailBytes);
  const std::string_view magic = text_of(tail).substr(4);
  if (magic == kEncryptedMagic || text_of(head) == kEncryptedMagic) throw NotSupported("the file is encrypted");
  if (magic != kMagic || text_of(head) != kMagic) throw Corruption("not a Parquet file: it does not begin and end so");
  uint32_t length = 0;
  std::memcpy(&length, tail.data(), sizeof length);
  const uint64_t room = result.size - kMagic.size() - kTailBytes;
  if (length > room) throw Corruption("a footer of {} bytes in a file of {}", length, result.size);
  result.metadata = parse_file_metadata(read_bytes(*file, result.size - kTailBytes - length, length));
  check_row_counts(result.metadata);
  result.columns = read_schema(result.metadata);
  result.file = std::move(file);
  return result;
}

}  // namespace

OpenFile read_footer(std::unique_ptr<base::File> file, std::string name) {
  try {
    OpenFile result = read_footer_unnamed(std::move(file));
    result.name = std::move(name);
    return result;
  } catch (const Corruption& error) {
    throw Corruption("{}: {}", name, error.what());
  } catch (const NotSupported& error) {
    throw NotSupported("{}: {}", name, error.what());
  }
}

ByteRange bytes_of(const OpenFile& file, const ColumnMetaData& meta) {
  int64_t begin = meta.data_page_offset;
  const int64_t dictionary = meta.dictionary_page_offset.value_or(0);  // some writers say 0 for none
  if (dictionary > 0 && dictionary < begin) begin = dictionary;
  const int64_t size = meta.total_compressed_size;
  if (begin < 0 || size < 0 || static_cast<uint64_t>(begin) > file.size ||
      static_cast<uint64_t>(size) > file.size - static_cast<uint64_t>(begin)) {
    throw Corruption("the chunk claims {} bytes from byte {} of a file of {}", size, begin, file.size);
  }
  const auto first = static_cast<uint64_t>(begin);
  return {first, std::min(file.size, first + static_cast<uint64_t>(size) + uncounted_bytes(file.metadata))};
}

ChunkLocation locate(const OpenFile& file, const LeafColumn& column, size_t group) {
  const ColumnChunk& chunk = chunk_of(file, column, group);
  if (chunk.encrypted) throw NotSupported("the column is encrypted");
  if (chunk.file_path) throw NotSupported("the column lies in another file, {}", *chunk.file_path);
  if (!chunk.meta_data) throw Corruption("the chunk has no metadata");
  const ColumnMetaData& meta = *chunk.meta_data;
  const int64_t rows = file.metadata.row_groups[group].num_rows;
  if (meta.num_values != rows)
    throw Corruption("the chunk claims {} values, the row group {} rows", meta.num_values, rows);
  if (meta.type != column.element.type) {
    throw Corruption("the chunk has physical type {}, the schema says {}", static_cast<int32_t>(meta.type),
                     static_cast<int32_t>(column.element.type.value_or(PhysicalType::kBoolean)));
  }
  const ByteRange bytes = bytes_of(file, meta);
  ChunkLocation location;
  location.begin = bytes.begin;
  location.end = bytes.end;
  location.codec = meta.codec;
  location.optional = column.element.repetition == Repetition::kOptional;
  return location;
}

std::shared_ptr<const PageRuns> read_pages(const OpenFile& file, const LeafColumn& column, size_t group) {
  const ChunkId id{group, column.position};
  if (auto known = file.memory->pages.find(id)) return known;
  const ColumnChunk& chunk = chunk_of(file, column, group);
  const auto bytes = read_index(file, chunk.offset_index_offset, chunk.offset_index_length);
  if (!bytes) return nullptr;
  try {
    auto runs =
        pages_of(parse_offset_index(*bytes), locate(file, column, group), file.metadata.row_groups[group].num_rows);
    if (!runs) return nullptr;
    auto pages = std::make_shared<const PageRuns>(*std::move(runs));
    file.memory->pages.put(id, pages, pages->size() * sizeof(PageRun));
    return pages;
  } catch (const Corruption&) {
    return nullptr;  // the chunk can be read without
  }
}

std::optional<ColumnIndex> read_column_index(const OpenFile& file, const LeafColumn& column, size_t group) {
  const ColumnChunk& chunk = chunk_of(file, column, group);
  const auto bytes = read_index(file, chunk.column_index_offset, chunk.column_index_length);
  if (!bytes) return std::nullopt;
  try {
    return parse_column_index(*bytes);
  } catch (const Corruption&) {
    return std::nullopt;
  }
}

}  // namespace varve::parquet

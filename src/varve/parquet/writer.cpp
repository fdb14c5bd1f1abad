#include "varve/parquet/writer.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <numeric>
#include <optional>

#include "varve/base/error.h"
#include "varve/parquet/format.h"
#include "varve/parquet/schema_mapping.h"
#include "varve/parquet/write/chunk_queue.h"
#include "varve/parquet/write/column_encoder.h"
#include "varve/table/select.h"

namespace varve::parquet {

namespace {

constexpr std::string_view kCreatedBy = "varve version 0.1.0";
constexpr std::array<std::string_view, 6> kCompressionNames = {"auto", "none", "snappy", "lz4", "gzip", "zstd"};

// A page counts its rows in 32 bits, and readers take a chunk's rows for no more.
constexpr int64_t kRowsPerPageMax = int64_t{1} << 24;
constexpr int64_t kRowsPerGroupMax = (int64_t{1} << 31) - 1;

// So few are encoded before another thread is awake.
constexpr int64_t kFewValues = int64_t{1} << 14;

// Of a row group, where nothing else is said.
constexpr int64_t kGroupRows = int64_t{1} << 20;
constexpr int64_t kGroupBytes = int64_t{64} << 20;

WriteOptions checked(WriteOptions options) {
  if (options.rows_per_group.value_or(1) < 1 || options.rows_per_group.value_or(1) > kRowsPerGroupMax) {
    throw InvalidArgument("{} rows a row group, 1 to {} are possible", *options.rows_per_group, kRowsPerGroupMax);
  }
  if (options.rows_per_page < 1 || options.rows_per_page > kRowsPerPageMax) {
    throw InvalidArgument("{} rows a page, 1 to {} are possible", options.rows_per_page, kRowsPerPageMax);
  }
  return options;
}

void check_storable(const Schema& schema) {
  for (const Field& field : schema.fields()) {
    const DataType& type = value_type_of(field.type);
    if (type.id == TypeId::kFixedBinary && type.byte_width < 1) {
      throw NotSupported("column {}: Parquet has no values of {} bytes", field.name, type.byte_width);
    }
  }
}

// The file's own entries first, then the schema's of other names, then what readers restore types from.
std::vector<std::pair<std::string, std::string>> key_values(const Schema& schema, const WriteOptions& options) {
  auto entries = options.metadata;
  const auto is_new = [&](const std::string& key) {
    return std::none_of(entries.begin(), entries.end(), [&](const auto& entry) { return entry.first == key; });
  };
  for (const auto& entry : schema.metadata()) {
    if (entry.first != kArrowSchemaKey && is_new(entry.first)) entries.push_back(entry);
  }
  entries.emplace_back(kArrowSchemaKey, arrow_schema_value(schema));
  return entries;
}

// Encoders that are not at work, so that there are only as many as threads that encode.
class EncoderShelf {
 public:
  explicit EncoderShelf(const ChunkLayout& layout) : layout_(layout) { give(std::make_unique<ColumnEncoder>(layout)); }

  std::unique_ptr<ColumnEncoder> take() {
    const std::lock_guard lock(mutex_);
    if (encoders_.empty()) return std::make_unique<ColumnEncoder>(layout_);
    auto encoder = std::move(encoders_.back());
    encoders_.pop_back();
    return encoder;
  }
  void give(std::unique_ptr<ColumnEncoder> encoder) {
    const std::lock_guard lock(mutex_);
    encoders_.push_back(std::move(encoder));
  }

 private:
  ChunkLayout layout_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<ColumnEncoder>> encoders_;
};

// The rows of one row group, as pieces of the tables that were written.
using GroupRows = std::vector<Table>;

Column column_of(const GroupRows& pieces, size_t position) {
  if (pieces.size() == 1) return pieces[0].column(position);
  std::vector<Column> columns;
  for (const Table& piece : pieces) columns.push_back(piece.column(position));
  return table::concatenate(columns);
}

// Whole pages of rows like those of `table`.
int64_t choose_rows_per_group(const Table& table, int64_t rows_per_page) {
  const int64_t row_bytes = std::max<int64_t>(1, table.byte_size() / std::max<int64_t>(1, table.num_rows()));
  const int64_t pages = kGroupBytes / row_bytes / rows_per_page;
  return std::clamp(pages * rows_per_page, rows_per_page, std::max(rows_per_page, kGroupRows));
}

int64_t rows_of(const GroupRows& pieces) {
  int64_t rows = 0;
  for (const Table& piece : pieces) rows += piece.num_rows();
  return rows;
}

}  // namespace

struct Writer::State {
  State(const Schema& its_schema, Sink its_sink, WriteOptions its_options)
      : schema(its_schema),
        sink(std::move(its_sink)),
        options(checked(std::move(its_options))),
        shelf({options.compression, options.rows_per_page}) {
    check_storable(schema);
    metadata.schema = write_schema(schema);
    metadata.key_value_metadata = key_values(schema, options);
    metadata.created_by = kCreatedBy;
    metadata.has_column_orders = true;
    for (const std::string& name : options.sorted_by) {
      sorting.push_back({.column_idx = static_cast<int32_t>(schema.position_of(name))});
    }
    emit(kMagic);
  }

  void emit(std::span<const std::byte> bytes) {
    if (!bytes.empty()) sink(bytes);
    position += static_cast<int64_t>(bytes.size());
  }
  void emit(std::string_view bytes) { emit(std::as_bytes(std::span(bytes))); }

  void add(const Table& table);
  void write_groups(const std::vector<GroupRows>& groups);
  EncodedChunk encode(const Column& column, size_t position_in_schema);
  void write_chunk(size_t group, size_t column, EncodedChunk chunk);
  std::string serialize_indexes();
  WriteSummary finish();

  Schema schema;
  Sink sink;
  WriteOptions options;
  EncoderShelf shelf;
  FileMetaData metadata;
  std::vector<SortingColumn> sorting;
  std::vector<std::optional<ColumnIndex>> column_indexes;  // of all chunks, in their order
  std::vector<OffsetIndex> offset_indexes;
  GroupRows pending;  // fewer rows than a row group
  int64_t pending_rows = 0;
  int64_t position = 0;  // bytes handed out
  bool finished = false;
};

void Writer::State::add(const Table& table) {
  if (table.num_rows() == 0) return;
  if (!options.rows_per_group) options.rows_per_group = choose_rows_per_group(table, options.rows_per_page);
  std::vector<GroupRows> groups;
  for (int64_t row = 0; row < table.num_rows();) {
    const int64_t rows = std::min(*options.rows_per_group - pending_rows, table.num_rows() - row);
    pending.push_back(table.slice(row, rows));
    pending_rows += rows;
    row += rows;
    if (pending_rows < *options.rows_per_group) break;
    groups.push_back(std::exchange(pending, {}));
    pending_rows = 0;
  }
  write_groups(groups);
}

EncodedChunk Writer::State::encode(const Column& column, size_t position_in_schema) {
  const SchemaElement& element = metadata.schema[1 + position_in_schema];
  try {
    auto encoder = shelf.take();
    EncodedChunk chunk = encoder->encode(column, element);
    shelf.give(std::move(encoder));
    return chunk;
  } catch (const InvalidArgument& error) {
    throw InvalidArgument("column {}: {}", element.name, error.what());
  }
}

// Encodes the columns of all groups side by side and hands them out in their order.
void Writer::State::write_groups(const std::vector<GroupRows>& groups) {
  if (groups.empty() || schema.size() == 0) return;
  const size_t columns = schema.size();
  const size_t first_group = metadata.row_groups.size();
  for (const GroupRows& group : groups) {
    metadata.row_groups.push_back({.num_rows = rows_of(group), .sorting_columns = sorting});
    metadata.num_rows += metadata.row_groups.back().num_rows;
  }
  ChunkQueue queue(groups.size() * columns, [&](size_t index, EncodedChunk chunk) {
    write_chunk(first_group + index / columns, index % columns, std::move(chunk));
  });
  const auto encode_one = [&](size_t index) {
    queue.put(index, [&] {
      options.cancel.check();
      return encode(column_of(groups[index / columns], index % columns), index % columns);
    });
  };
  const int64_t rows = std::accumulate(groups.begin(), groups.end(), int64_t{0},
                                       [](int64_t sum, const GroupRows& group) { return sum + rows_of(group); });
  const bool few = rows * static_cast<int64_t>(columns) <= kFewValues;
  base::parallel_for(few ? nullptr : options.pool, groups.size() * columns, encode_one);
}

void Writer::State::write_chunk(size_t group, size_t column, EncodedChunk chunk) {
  ChunkPages& pages = chunk.pages;
  const SchemaElement& element = metadata.schema[1 + column];
  RowGroup& row_group = metadata.row_groups[group];
  ColumnMetaData described{.type = *element.type,
                           .encodings = std::move(chunk.encodings),
                           .path_in_schema = {element.name},
                           .codec = pages.codec,
                           .num_values = row_group.num_rows,
                           .total_uncompressed_size = pages.uncompressed_size,
                           .total_compressed_size = static_cast<int64_t>(pages.dictionary.size() + pages.data.size())};
  if (pages.dictionary.size() > 0) described.dictionary_page_offset = position;
  described.data_page_offset = position + static_cast<int64_t>(pages.dictionary.size());
  described.statistics = std::move(chunk.statistics);
  for (PageLocation& page : pages.offsets.page_locations) page.offset += described.data_page_offset;
  row_group.total_byte_size += described.total_uncompressed_size;
  row_group.total_compressed_size = row_group.total_compressed_size.value_or(0) + described.total_compressed_size;
  if (column == 0) {
    row_group.file_offset = position;
    if (group <= size_t{INT16_MAX}) row_group.ordinal = static_cast<int16_t>(group);
  }
  row_group.columns.push_back({.meta_data = std::move(described)});
  offset_indexes.push_back(std::move(pages.offsets));
  column_indexes.push_back(std::move(chunk.column_index));
  emit({pages.dictionary.data(), pages.dictionary.size()});
  emit({pages.data.data(), pages.data.size()});
}

// All column indexes, then all offset indexes, as the format wants it; they lie behind what was handed out.
std::string Writer::State::serialize_indexes() {
  std::string indexes;
  const auto end = [&] { return position + static_cast<int64_t>(indexes.size()); };
  const auto chunk_at = [&](size_t index) -> ColumnChunk& {
    return metadata.row_groups[index / schema.size()].columns[index % schema.size()];
  };
  for (size_t index = 0; index < column_indexes.size(); ++index) {
    if (!column_indexes[index]) continue;
    const std::string bytes = serialize(*column_indexes[index]);
    chunk_at(index).column_index_offset = end();
    chunk_at(index).column_index_length = static_cast<int32_t>(bytes.size());
    indexes += bytes;
  }
  for (size_t index = 0; index < offset_indexes.size(); ++index) {
    const std::string bytes = serialize(offset_indexes[index]);
    chunk_at(index).offset_index_offset = end();
    chunk_at(index).offset_index_length = static_cast<int32_t>(bytes.size());
    indexes += bytes;
  }
  return indexes;
}

WriteSummary Writer::State::finish() {
  if (pending_rows > 0) write_groups({std::exchange(pending, {})});
  pending_rows = 0;
  std::string tail = serialize_indexes();
  const std::string footer = serialize(metadata);
  const auto length = static_cast<uint32_t>(footer.size());
  tail.append(footer).append(reinterpret_cast<const char*>(&length), sizeof(length)).append(kMagic);
  emit(tail);
  finished = true;
  return {metadata.num_rows, position, static_cast<int64_t>(metadata.row_groups.size())};
}

std::string_view to_string(Compression compression) noexcept {
  return kCompressionNames[static_cast<size_t>(compression)];
}

CompressionSetting parse_compression(std::string_view text) {
  const std::string_view name = text.substr(0, text.find(':'));
  const auto found = std::find(kCompressionNames.begin(), kCompressionNames.end(), name);
  if (found == kCompressionNames.end()) {
    throw InvalidArgument("no compression \"{}\"; there are auto, none, snappy, lz4, gzip, zstd", text);
  }
  CompressionSetting setting{.codec = static_cast<Compression>(found - kCompressionNames.begin())};
  if (name.size() == text.size()) return setting;
  const std::string_view digits = text.substr(name.size() + 1);
  const bool is_number =
      !digits.empty() && digits.size() <= 2 &&
      std::all_of(digits.begin(), digits.end(), [](char digit) { return digit >= '0' && digit <= '9'; });
  if (!is_number) throw InvalidArgument("\"{}\": the level of a compression is a number", text);
  for (const char digit : digits) setting.level = 10 * setting.level + (digit - '0');
  static_cast<void>(PagePacker(setting));  // has the codec say what levels it has
  return setting;
}

Writer::Writer(const Schema& schema, Sink sink, WriteOptions options)
    : state_(std::make_unique<State>(schema, std::move(sink), std::move(options))) {}

Writer::~Writer() = default;
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;

void Writer::write(const Table& table) {
  if (state_->finished) throw InvalidArgument("the file is finished");
  if (table.schema() != state_->schema) {
    throw InvalidArgument("the file's columns are {}, the table's are {}", to_string(state_->schema),
                          to_string(table.schema()));
  }
  state_->add(table);
}

WriteSummary Writer::finish() {
  if (state_->finished) throw InvalidArgument("the file is finished");
  return state_->finish();
}

WriteSummary write_table(const Table& table, const Writer::Sink& sink, const WriteOptions& options) {
  Writer writer(table.schema(), sink, options);
  writer.write(table);
  return writer.finish();
}

}  // namespace varve::parquet

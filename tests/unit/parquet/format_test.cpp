#include "varve/parquet/format.h"

#include <gtest/gtest.h>

#include "support/errors.h"
#include "support/random.h"

namespace varve::parquet {
namespace {

using testing::expect_error;
using testing::Random;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

PageHeader parse_header(const std::string& bytes) {
  size_t consumed = 0;
  return parse_page_header(bytes_of(bytes), consumed);
}

Statistics full_statistics() {
  return {.min = "a",
          .max = "b",
          .null_count = 3,
          .distinct_count = 9,
          .min_value = std::string("\0\1", 2),
          .max_value = "",
          .is_min_value_exact = false,
          .is_max_value_exact = true};
}

ColumnChunk full_chunk(const std::string& name) {
  ColumnMetaData column{.type = PhysicalType::kInt64,
                        .encodings = {Encoding::kRle, Encoding::kDeltaBinaryPacked},
                        .path_in_schema = {name},
                        .codec = CompressionCodec::kZstd,
                        .num_values = int64_t{1} << 40,
                        .total_uncompressed_size = 1000,
                        .total_compressed_size = 900,
                        .data_page_offset = 4,
                        .dictionary_page_offset = 5,
                        .statistics = full_statistics()};
  return {.file_offset = 7,
          .meta_data = column,
          .offset_index_offset = 1,
          .offset_index_length = 2,
          .column_index_offset = 3,
          .column_index_length = 4};
}

FileMetaData full_metadata() {
  FileMetaData metadata{.version = 2, .num_rows = 12, .created_by = "a test", .has_column_orders = true};
  metadata.schema.push_back({.name = "schema", .num_children = 2});
  metadata.schema.push_back(
      {.type = PhysicalType::kInt64,
       .repetition = Repetition::kOptional,
       .name = "t",
       .converted_type = ConvertedType::kTimestampMicros,
       .logical_type = {
           .id = LogicalType::Id::kTimestamp, .is_adjusted_to_utc = true, .unit = LogicalType::Unit::kMicros}});
  metadata.schema.push_back({.type = PhysicalType::kFixedLenByteArray,
                             .type_length = 9,
                             .repetition = Repetition::kRequired,
                             .name = "d",
                             .scale = 3,
                             .precision = 20,
                             .logical_type = {.id = LogicalType::Id::kDecimal, .precision = 20, .scale = 3}});
  metadata.row_groups.push_back({.columns = {full_chunk("t"), full_chunk("d")},
                                 .total_byte_size = 2000,
                                 .num_rows = 12,
                                 .sorting_columns = {{.column_idx = 0}, {1, true, false}},
                                 .file_offset = 4,
                                 .total_compressed_size = 1800,
                                 .ordinal = int16_t{0}});
  for (int entry = 0; entry < 20; ++entry) metadata.key_value_metadata.emplace_back("key", std::to_string(entry));
  return metadata;
}

PageHeader full_header() {
  return {.type = PageType::kDataPageV2,
          .uncompressed_page_size = 100,
          .compressed_page_size = 90,
          .crc = 0xFEDCBA98,
          .data_page = DataPageHeader{.num_values = 4, .encoding = Encoding::kByteStreamSplit},
          .dictionary_page = DictionaryPageHeader{.num_values = 3, .is_sorted = true},
          .data_page_v2 = DataPageHeaderV2{.num_values = 5,
                                           .num_nulls = 1,
                                           .num_rows = 5,
                                           .definition_levels_byte_length = 7,
                                           .is_compressed = false,
                                           .statistics = full_statistics()}};
}

TEST(Format, FileMetaDataComesBackAsItWas) {
  const std::string bytes = serialize(full_metadata());
  const FileMetaData back = parse_file_metadata(bytes_of(bytes));
  EXPECT_EQ(serialize(back), bytes);
  EXPECT_TRUE(back.has_column_orders);
  EXPECT_EQ(back.schema[1].logical_type.unit, LogicalType::Unit::kMicros);
  EXPECT_EQ(back.schema[2].logical_type.precision, 20);
  EXPECT_EQ(back.schema[2].type_length, 9);
  EXPECT_EQ(back.row_groups[0].columns[1].meta_data->path_in_schema[0], "d");
  EXPECT_EQ(back.row_groups[0].columns[0].meta_data->num_values, int64_t{1} << 40);
  EXPECT_TRUE(back.row_groups[0].sorting_columns[1].descending);
  EXPECT_EQ(back.key_value_metadata[19].second, "19");
}

// Peers refuse a decimal that does not name its scale.
TEST(Format, DecimalsNameAScaleOfNone) {
  const auto size_with = [](int32_t scale) {
    FileMetaData metadata;
    metadata.schema.push_back({.type = PhysicalType::kInt64, .name = "d", .scale = scale, .precision = 18});
    return serialize(metadata).size();
  };
  EXPECT_EQ(size_with(0), size_with(1));
}

TEST(Format, StatisticsComeBackAsTheyWere) {
  const std::string bytes = serialize(full_metadata());
  const auto chunk = parse_file_metadata(bytes_of(bytes)).row_groups[0].columns[0];
  const Statistics& statistics = *chunk.meta_data->statistics;
  EXPECT_EQ(*statistics.min_value, std::string("\0\1", 2));
  EXPECT_EQ(*statistics.max_value, "");
  EXPECT_EQ(*statistics.min, "a");
  EXPECT_EQ(*statistics.null_count, 3);
  EXPECT_FALSE(*statistics.is_min_value_exact);
  EXPECT_TRUE(*statistics.is_max_value_exact);
}

TEST(Format, PageHeaderComesBackWithItsSize) {
  const std::string bytes = serialize(full_header());
  size_t consumed = 0;
  const PageHeader back = parse_page_header(bytes_of(bytes + "tail"), consumed);
  EXPECT_EQ(consumed, bytes.size());
  EXPECT_EQ(serialize(back), bytes);
  EXPECT_EQ(*back.crc, 0xFEDCBA98);
  EXPECT_FALSE(back.data_page_v2->is_compressed);
  EXPECT_EQ(back.data_page->encoding, Encoding::kByteStreamSplit);
}

TEST(Format, IndexesComeBackAsTheyWere) {
  const OffsetIndex offsets{{{4, 10, 0}, {14, 20, int64_t{1} << 33}}};
  const ColumnIndex columns{{false, true}, {"a", ""}, {"z", ""}, ColumnIndex::Order::kAscending, {0, int64_t{1} << 34}};
  const std::string offset_bytes = serialize(offsets);
  const std::string column_bytes = serialize(columns);
  EXPECT_EQ(parse_offset_index(bytes_of(offset_bytes)).page_locations[1].first_row_index, int64_t{1} << 33);
  const ColumnIndex back = parse_column_index(bytes_of(column_bytes));
  EXPECT_EQ(back.null_pages, columns.null_pages);
  EXPECT_EQ(back.max_values, columns.max_values);
  EXPECT_EQ(back.null_counts, columns.null_counts);
  EXPECT_EQ(back.boundary_order, ColumnIndex::Order::kAscending);
}

TEST(Format, EveryTruncationIsCorruption) {
  const std::string metadata = serialize(full_metadata());
  for (size_t size = 0; size < metadata.size(); ++size) {
    expect_error(ErrorKind::kCorruption, "thrift", [&] { parse_file_metadata(bytes_of(metadata.substr(0, size))); });
  }
  const std::string header = serialize(full_header());
  for (size_t size = 0; size < header.size(); ++size) {
    expect_error(ErrorKind::kCorruption, "thrift", [&] { parse_header(header.substr(0, size)); });
  }
}

TEST(Format, DamagedBytesGiveAnErrorOrSomeMetadata) {
  Random random;
  const std::string metadata = serialize(full_metadata());
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = metadata;
    for (int64_t flips = random.between(1, 3); flips > 0; --flips) {
      damaged[static_cast<size_t>(random.between(0, static_cast<int64_t>(damaged.size()) - 1))] =
          static_cast<char>(random.next());
    }
    try {
      EXPECT_LE(parse_file_metadata(bytes_of(damaged)).schema.size(), damaged.size());
    } catch (const Corruption&) {}
  }
}

// Fields 20 (a list of structures), 21 (a map), 22 (a double), 23 (a set of booleans), 24 (true) and 25 (a uuid).
constexpr char kUnknown[] =
    "\x09\x28\x2C\x11\x00\x00"
    "\x1B\x01\x58\x02\x01x"
    "\x17zzzzzzzz"
    "\x1A\x21\x01\x02"
    "\x11"
    "\x1Dxxxxxxxxxxxxxxxx";
const std::string kUnknownFields(kUnknown, sizeof(kUnknown) - 1);

TEST(Format, UnknownFieldsAreSkipped) {
  const std::string bytes = serialize(full_header());
  const std::string more = bytes.substr(0, bytes.size() - 1) + kUnknownFields + std::string(1, '\0');
  size_t consumed = 0;
  EXPECT_EQ(serialize(parse_page_header(bytes_of(more), consumed)), bytes);
  EXPECT_EQ(consumed, more.size());
}

TEST(Format, MissingRequiredFieldIsCorruption) {
  const std::string only_type("\x15\x00\x00", 3);
  expect_error(ErrorKind::kCorruption, "field 2 is missing", [&] { parse_header(only_type); });
}

TEST(Format, FieldOfAnotherKindIsCorruption) {
  expect_error(ErrorKind::kCorruption, "field 1 is of kind 8", [] { parse_header(std::string("\x18\x01x\x00", 4)); });
}

TEST(Format, ListLongerThanTheBytesIsCorruption) {
  // Field 1 is a list of 2^28 structures.
  const std::string bytes("\x19\xFC\x80\x80\x80\x80\x01\x00", 8);
  expect_error(ErrorKind::kCorruption, "list of 268435456 elements", [&] { parse_offset_index(bytes_of(bytes)); });
}

TEST(Format, DeepNestingIsCorruption) {
  const std::string bytes = "\x0C\x28" + std::string(100'000, '\x1C');  // field 20 holds a structure that holds …
  expect_error(ErrorKind::kCorruption, "nested deeper", [&] { parse_header(bytes); });
}

TEST(Format, UnknownLogicalTypeIsKeptByNumber) {
  FileMetaData metadata = full_metadata();
  metadata.schema[1].logical_type.id = static_cast<LogicalType::Id>(17);
  const std::string bytes = serialize(metadata);
  EXPECT_EQ(parse_file_metadata(bytes_of(bytes)).schema[1].logical_type.id, static_cast<LogicalType::Id>(17));
}

TEST(Format, EncryptedChunkIsSeen) {
  // A column chunk with file_offset (field 2) and crypto_metadata (field 8: a union of an empty structure).
  const std::string chunk("\x26\x00\x6C\x1C\x00\x00\x00", 7);
  const std::string group = std::string("\x19\x1C", 2) + chunk + std::string("\x16\x00\x16\x00\x00", 5);
  const std::string metadata = std::string("\x15\x04\x19\x0C\x16\x00\x19\x1C", 8) + group + std::string(1, '\0');
  const FileMetaData back = parse_file_metadata(bytes_of(metadata));
  EXPECT_TRUE(back.row_groups[0].columns[0].encrypted);
  EXPECT_FALSE(back.row_groups[0].columns[0].meta_data);
}

}  // namespace
}  // namespace varve::parquet

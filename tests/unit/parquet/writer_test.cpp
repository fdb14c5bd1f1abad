#include "varve/parquet/writer.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <mutex>

#include <gtest/gtest.h>

#include "varve/base/buffer.h"
#include "varve/base/crc.h"
#include "varve/base/memory_file.h"
#include "varve/parquet/format.h"
#include "varve/parquet/reader.h"
#include "varve/parquet/schema_mapping.h"
#include "varve/parquet/write/page_writer.h"
#include "varve/parquet/write/physical_values.h"
#include "varve/parquet/write/value_encoding.h"
#include "varve/table/builder.h"
#include "varve/table/decimal.h"

#include "support/errors.h"
#include "support/random.h"
#include "support/table/random_table.h"

namespace varve::parquet {
namespace {

using testing::expect_error;
using testing::make_bars;
using testing::Random;

// A file in memory and its parts.
class WrittenFile {
 public:
  explicit WrittenFile(const Table& table, const WriteOptions& options = {}) {
    summary = write_table(table, sink(), options);
    read_footer();
  }
  Writer::Sink sink() {
    return [this](std::span<const std::byte> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); };
  }
  void read_footer() {
    const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    EXPECT_EQ(all.substr(0, 4), "PAR1");
    EXPECT_EQ(all.substr(all.size() - 4), "PAR1");
    uint32_t length = 0;
    std::memcpy(&length, all.data() + all.size() - 8, sizeof(length));
    metadata = parse_file_metadata(part(bytes.size() - 8 - length, length));
  }
  [[nodiscard]] std::span<const std::byte> part(size_t offset, size_t length) const {
    return std::span(bytes).subspan(offset, length);
  }
  [[nodiscard]] const ColumnChunk& chunk(size_t column, size_t group = 0) const {
    return metadata.row_groups.at(group).columns.at(column);
  }
  [[nodiscard]] const ColumnMetaData& column(size_t column, size_t group = 0) const {
    return *chunk(column, group).meta_data;
  }
  [[nodiscard]] const Statistics& statistics(size_t position) const { return *column(position).statistics; }
  [[nodiscard]] ColumnIndex column_index(size_t column) const {
    const ColumnChunk& described = chunk(column);
    return parse_column_index(
        part(static_cast<size_t>(*described.column_index_offset), static_cast<size_t>(*described.column_index_length)));
  }
  [[nodiscard]] OffsetIndex offset_index(size_t column, size_t group = 0) const {
    const ColumnChunk& described = chunk(column, group);
    return parse_offset_index(
        part(static_cast<size_t>(*described.offset_index_offset), static_cast<size_t>(*described.offset_index_length)));
  }
  // The header at an offset; its page is checked against its checksum.
  [[nodiscard]] PageHeader page(int64_t offset) const {
    const auto start = static_cast<size_t>(offset);
    size_t consumed = 0;
    PageHeader header = parse_page_header(part(start, bytes.size() - start), consumed);
    EXPECT_EQ(*header.crc, base::crc32(part(start + consumed, static_cast<size_t>(header.compressed_page_size))));
    return header;
  }

  std::vector<std::byte> bytes;
  WriteSummary summary;
  FileMetaData metadata;
};

template <typename T>
Table one_column(DataType type, const std::vector<T>& values, const std::vector<bool>& valid = {}) {
  return Table(Schema({{"x", type}}), {make_column<T>(type, values, valid)});
}

Table strings(const std::vector<std::optional<std::string>>& values) {
  return Table(Schema({{"x", DataType::string()}}), {make_column(DataType::string(), values)});
}

template <typename T>
T value_of(const std::string& bytes) {
  T value;
  EXPECT_EQ(bytes.size(), sizeof(value));
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

// ---- the frame of a file ----

TEST(Writer, PagesAndIndexesAgree) {
  const WrittenFile file(make_bars(10'000), {.rows_per_group = 4000, .rows_per_page = 1500});
  ASSERT_EQ(file.metadata.row_groups.size(), 3);
  for (size_t group = 0; group < 3; ++group) {
    for (size_t column = 0; column < 6; ++column) {
      int64_t row = 0;
      for (const PageLocation& location : file.offset_index(column, group).page_locations) {
        const PageHeader header = file.page(location.offset);
        EXPECT_EQ(header.type, PageType::kDataPageV2);
        EXPECT_EQ(location.first_row_index, row);
        row += header.data_page_v2->num_rows;
      }
      EXPECT_EQ(row, file.metadata.row_groups[group].num_rows);
    }
  }
}

TEST(Writer, ChunksLieOneAfterTheOther) {
  const WrittenFile file(make_bars(5000), {.rows_per_group = 2000});
  int64_t position = 4;
  for (const RowGroup& group : file.metadata.row_groups) {
    EXPECT_EQ(group.file_offset, position);
    for (const ColumnChunk& chunk : group.columns) {
      EXPECT_EQ(chunk.meta_data->dictionary_page_offset.value_or(chunk.meta_data->data_page_offset), position);
      position += chunk.meta_data->total_compressed_size;
    }
  }
  EXPECT_EQ(file.chunk(0).column_index_offset, position);
}

TEST(Writer, SummaryTellsRowsGroupsAndBytes) {
  const WrittenFile file(make_bars(1000), {.rows_per_group = 300});
  EXPECT_EQ(file.summary.rows, 1000);
  EXPECT_EQ(file.summary.row_groups, 4);
  EXPECT_EQ(file.summary.bytes, static_cast<int64_t>(file.bytes.size()));
}

TEST(Writer, BytesDependNeitherOnThreadsNorOnPieces) {
  Random random;
  const Table table = make_bars(20'000);
  const WriteOptions options{.rows_per_group = 3000, .rows_per_page = 700};
  const WrittenFile whole(table, options);
  base::ThreadPool pool(4);
  WriteOptions parallel = options;
  parallel.pool = &pool;
  WrittenFile pieces(table.slice(0, 0), options);
  pieces.bytes.clear();
  Writer writer(table.schema(), pieces.sink(), parallel);
  for (int64_t row = 0; row < table.num_rows();) {
    const int64_t rows = random.between(0, 5000);
    writer.write(table.slice(row, rows));
    row += rows;
  }
  writer.finish();
  EXPECT_EQ(pieces.bytes, whole.bytes);
}

TEST(Writer, TableWithoutRowsIsAFileWithoutRowGroups) {
  const WrittenFile file(make_bars(0));
  EXPECT_EQ(file.metadata.num_rows, 0);
  EXPECT_TRUE(file.metadata.row_groups.empty());
  EXPECT_EQ(read_schema(file.metadata).to_schema(file.metadata), make_bars(0).schema());
}

TEST(Writer, MetadataOfTheFileReplacesThatOfTheSchema) {
  const Table table = make_bars(10).with_metadata({{"a", "schema"}, {"b", "schema"}, {"ARROW:schema", "stale"}});
  const WrittenFile file(table, {.metadata = {{"a", "file"}, {"c", "file"}}});
  const Schema schema = read_schema(file.metadata).to_schema(file.metadata);
  EXPECT_EQ(schema.metadata("a"), "file");
  EXPECT_EQ(schema.metadata("b"), "schema");
  EXPECT_EQ(schema.metadata("c"), "file");
  EXPECT_EQ(schema.metadata("ARROW:schema"), arrow_schema_value(table.schema()));
  EXPECT_EQ(file.metadata.created_by, "varve version 0.1.0");
}

TEST(Writer, SortingColumnsAreNamedInEachGroup) {
  const WrittenFile file(make_bars(10), {.sorted_by = {"timestamp", "volume"}, .rows_per_group = 5});
  for (const RowGroup& group : file.metadata.row_groups) {
    ASSERT_EQ(group.sorting_columns.size(), 2);
    EXPECT_EQ(group.sorting_columns[1].column_idx, 5);
    EXPECT_TRUE(group.sorting_columns[1].nulls_first);
    EXPECT_FALSE(group.sorting_columns[1].descending);
  }
  expect_error(ErrorKind::kNotFound, "nowhere", [] { WrittenFile(make_bars(1), {.sorted_by = {"nowhere"}}); });
}

TEST(Writer, MoreRowsThanAGroupCanHaveAreInvalid) {
  const int64_t most = (int64_t{1} << 31) - 1;
  const Table table = make_bars(10);
  EXPECT_EQ(WrittenFile(table, {.rows_per_group = most}).summary.rows, 10);
  expect_error(ErrorKind::kInvalidArgument, "2147483648", [&] { WrittenFile(table, {.rows_per_group = most + 1}); });
}

// The bytes are never touched.
TEST(PageWriter, PageOfMoreBytesThanItsHeaderCountsIsNotSupported) {
  const auto bytes = base::MutableBuffer::allocate(size_t{1} << 31);
  PagePacker packer({.codec = Compression::kNone});
  PageWriter writer(packer, {});
  const DataPage page{.num_rows = 1, .values = {bytes.data(), bytes.size()}};
  expect_error(ErrorKind::kNotSupported, "2147483648", [&] { writer.add(page); });
}

TEST(Writer, OtherSchemaIsInvalid) {
  Writer writer(make_bars(1).schema(), [](auto) {});
  expect_error(ErrorKind::kInvalidArgument, "x: string", [&] { writer.write(strings({"a"})); });
}

TEST(Writer, WhatTheSinkThrowsComesThrough) {
  base::ThreadPool pool(3);
  const auto full_disk = [written = 0](std::span<const std::byte> bytes) mutable {
    if ((written += static_cast<int>(bytes.size())) > 1000) throw Io("disk full");
  };
  expect_error(ErrorKind::kIo, "disk full", [&] { write_table(make_bars(5000), full_disk, {.pool = &pool}); });
}

TEST(Writer, ColumnsThatCannotBeStoredEndTheWaitingOfOthers) {
  const auto seconds = DataType::timestamp(TimeUnit::kSecond, "UTC");
  std::vector<Field> fields;
  std::vector<Column> columns;
  for (int at = 0; at < 50; ++at) {
    fields.push_back({"x" + std::to_string(at), seconds});
    columns.push_back(make_column<int64_t>(seconds, std::vector<int64_t>(1000, at == 25 ? INT64_MAX : at)));
  }
  base::ThreadPool pool(4);
  expect_error(ErrorKind::kInvalidArgument, "column x25", [&] {
    write_table(Table(Schema(std::move(fields)), std::move(columns)), [](auto) {}, {.pool = &pool});
  });
}

TEST(Writer, CancelledWritingStops) {
  base::CancelToken cancel;
  cancel.cancel();
  expect_error(ErrorKind::kCancelled, "", [&] { WrittenFile(make_bars(10), {.cancel = cancel}); });
}

TEST(Writer, EmptyFixedBinaryIsNotSupported) {
  const Schema schema({{"x", DataType::fixed_binary(0)}});
  expect_error(ErrorKind::kNotSupported, "column x", [&] { Writer(schema, [](auto) {}); });
}

TEST(Writer, SecondsBeyondMillisecondsAreInvalid) {
  const auto type = DataType::timestamp(TimeUnit::kSecond, "UTC");
  expect_error(ErrorKind::kInvalidArgument, "column x: 9223372036854775807 seconds", [&] {
    WrittenFile(one_column<int64_t>(type, {1, std::numeric_limits<int64_t>::max()}));
  });
  EXPECT_NO_THROW(WrittenFile(one_column<int64_t>(type, {1, std::numeric_limits<int64_t>::max()}, {true, false})));
}

// ---- encodings and compression ----

Encoding data_encoding(const WrittenFile& file, size_t column = 0) {
  return file.page(file.column(column).data_page_offset).data_page_v2->encoding;
}

std::vector<double> free_floats(size_t count) {
  Random random;
  std::vector<double> values(count);
  for (double& value : values) value = std::bit_cast<double>(random.next());
  return values;
}

TEST(WriterEncodings, BarsTakeTheCheapestOnes) {
  const WrittenFile file(make_bars(100'000));
  EXPECT_EQ(data_encoding(file, 0), Encoding::kDeltaBinaryPacked);
  EXPECT_EQ(data_encoding(file, 1), Encoding::kRleDictionary);
  EXPECT_LT(file.column(0).total_compressed_size, 10'000);
  EXPECT_LT(file.bytes.size(), 100'000 * 11);
}

TEST(WriterEncodings, ConstantTakesNextToNothing) {
  const auto column = one_column<double>(DataType::float64(), std::vector<double>(100'000, 1.25));
  const WrittenFile file(column, {.rows_per_page = 1 << 16});
  EXPECT_LT(file.column(0).total_compressed_size, 300);
}

TEST(WriterGroups, WideRowsMakeThemShorter) {
  const std::vector<int64_t> values(300'000, 7);
  std::vector<Field> fields;
  std::vector<Column> columns;
  for (int number = 0; number < 64; ++number) {
    fields.push_back({"feature_" + std::to_string(number), DataType::int64(), false});
    columns.push_back(make_column<int64_t>(DataType::int64(), values));
  }
  const WrittenFile file(Table(Schema(std::move(fields)), std::move(columns)));
  ASSERT_EQ(file.metadata.row_groups.size(), 3U);
  EXPECT_EQ(file.metadata.row_groups[0].num_rows, (64 << 20) / (64 * 8));
}

TEST(WriterEncodings, FreeFloatsAreNotMadeWorse) {
  const WrittenFile file(one_column<double>(DataType::float64(), free_floats(50'000)));
  EXPECT_NE(data_encoding(file), Encoding::kRleDictionary);
  EXPECT_LT(file.column(0).total_compressed_size, 50'000 * 8 + 2000);
}

Table decimals(int32_t precision, const std::function<int64_t(int64_t)>& value_at) {
  std::vector<Int128> values;
  for (int64_t row = 0; row < 20'000; ++row) values.emplace_back(value_at(row));
  return one_column<Int128>(DataType::decimal(precision, 2), values);
}

TEST(WriterEncodings, ShortDecimalsAreCodedAsIntegers) {
  for (const int32_t precision : {9, 10, 18}) {
    Random random;
    int64_t price = 0;
    const WrittenFile walk(decimals(precision, [&](int64_t) { return price += random.between(1, 99); }));
    EXPECT_EQ(walk.column(0).type, PhysicalType::kInt64);
    EXPECT_EQ(data_encoding(walk), Encoding::kDeltaBinaryPacked);
    EXPECT_LT(walk.column(0).total_compressed_size, 20'000);  // 7 bits a step
    const WrittenFile few(decimals(precision, [&](int64_t) { return random.between(0, 3) * 12'345'678; }));
    EXPECT_EQ(data_encoding(few), Encoding::kRleDictionary);
    EXPECT_LT(few.column(0).total_compressed_size, 5'500);  // 2 bits an index
  }
}

TEST(WriterEncodings, LongDecimalsAreBytes) {
  const WrittenFile file(decimals(19, [](int64_t row) { return row * 1'000'003; }));
  EXPECT_EQ(file.column(0).type, PhysicalType::kFixedLenByteArray);
  EXPECT_LT(file.column(0).total_compressed_size, 20'000 * 9);
}

TEST(WriterEncodings, PagesThatShrinkAreFoundBehindThoseThatDoNot) {
  std::vector<double> values = free_floats(100'000);
  for (size_t row = 50'000; row < values.size(); ++row) values[row] = values[row - 100];
  const WrittenFile file(one_column<double>(DataType::float64(), values), {.rows_per_page = 1000});
  EXPECT_FALSE(file.page(file.column(0).data_page_offset).data_page_v2->is_compressed);
  EXPECT_LT(file.column(0).total_compressed_size, 70'000 * 8);
}

TEST(WriterEncodings, FreeStringsAreDeltaCoded) {
  Random random;
  std::vector<std::optional<std::string>> values;
  for (int row = 0; row < 20'000; ++row) values.emplace_back(std::to_string(random.next()));
  EXPECT_EQ(data_encoding(WrittenFile(strings(values))), Encoding::kDeltaLengthByteArray);
}

TEST(WriterEncodings, RepeatedStringsHaveADictionary) {
  std::vector<std::optional<std::string>> values;
  for (int row = 0; row < 20'000; ++row) values.emplace_back("symbol " + std::to_string(row % 7));
  const WrittenFile file(strings(values));
  EXPECT_EQ(data_encoding(file), Encoding::kRleDictionary);
  EXPECT_EQ(file.page(*file.column(0).dictionary_page_offset).dictionary_page->num_values, 7);
}

TEST(WriterEncodings, PageOfNullsSaysNothingAgainstADictionary) {
  constexpr size_t kRows = 200'000;
  Random random;
  std::vector<double> values(kRows);
  std::vector<bool> valid(kRows);
  for (size_t row = 0; row < kRows; ++row) {
    values[row] = static_cast<double>(random.between(0, 999)) / 8;
    valid[row] = row >= 100'000;
  }
  EXPECT_EQ(data_encoding(WrittenFile(one_column<double>(DataType::float64(), values, valid))),
            Encoding::kRleDictionary);
}

// Free numbers, but for the slices that a sample looks at: these hold three values.
std::vector<double> misleading_floats() {
  constexpr size_t kRows = 200'000;
  constexpr size_t kSlice = 512;
  std::vector<double> values = free_floats(kRows);
  for (size_t slice = 0; slice < 8; ++slice) {
    const size_t first = (kRows - kSlice) / 7 * slice;
    for (size_t row = first; row < first + kSlice; ++row) values[row] = static_cast<double>(row % 3);
  }
  return values;
}

TEST(WriterEncodings, DictionaryThatTheSampleAlonePromisesIsGivenUp) {
  const std::vector<double> values = misleading_floats();
  PagePacker packer({});
  const PhysicalValues physical{
      .type = PhysicalType::kDouble, .width = 8, .count = values.size(), .fixed = std::as_bytes(std::span(values))};
  ASSERT_TRUE(EncodingChooser(packer).choose(physical, candidates_for(PhysicalType::kDouble, false)).is_guess);
  const WrittenFile file(one_column<double>(DataType::float64(), values));
  EXPECT_NE(data_encoding(file), Encoding::kRleDictionary);
  EXPECT_LT(file.column(0).total_compressed_size, static_cast<int64_t>(values.size() * 8 + 4000));
}

TEST(WriterEncodings, ValuesOfADictionaryThatWasGivenUpComeBack) {
  const Table table = one_column<double>(DataType::float64(), misleading_floats());
  const WrittenFile file(table);
  auto copy = base::MutableBuffer::allocate(0);
  copy.append(file.bytes);
  const Reader reader = Reader::open(std::make_unique<base::MemoryFile>(std::move(copy).finish()), "file");
  EXPECT_TRUE(equals(reader.read(), table));
}

TEST(WriterEncodings, DictionaryColumnKeepsOnlyWhatItUses) {
  std::vector<std::optional<std::string>> values;
  for (int row = 0; row < 1000; ++row) values.emplace_back(std::to_string(row % 100));
  const DataType type = DataType::dictionary(DataType::string());
  table::ColumnBuilder builder(type);
  for (const auto& value : values) builder.append_bytes(*value);
  const Table table(Schema({{"x", type}}), {builder.finish()});
  const WrittenFile file(table.slice(503, 4));
  EXPECT_EQ(data_encoding(file), Encoding::kRleDictionary);
  EXPECT_EQ(file.page(*file.column(0).dictionary_page_offset).dictionary_page->num_values, 4);
  EXPECT_EQ(*file.statistics(0).min_value, "3");
  EXPECT_EQ(*file.statistics(0).max_value, "6");
}

TEST(WriterEncodings, PageThatDoesNotShrinkStaysUnpacked) {
  const Table table = one_column<double>(DataType::float64(), free_floats(10'000));
  for (const auto codec : {Compression::kAuto, Compression::kSnappy, Compression::kLz4, Compression::kNone}) {
    const WrittenFile file(table, {.compression = {codec}});
    EXPECT_EQ(file.column(0).codec, CompressionCodec::kUncompressed) << to_string(codec);
    EXPECT_FALSE(file.page(file.column(0).data_page_offset).data_page_v2->is_compressed);
  }
}

// Indexes of 4 bits with 3.5 bits of information each: an eighth can be taken off.
TEST(WriterEncodings, DictionaryIndexesArePackedForNoLessThanASeventh) {
  Random random;
  std::vector<double> values;
  for (int row = 0; row < 100'000; ++row) {
    const int64_t value = random.between(0, 7) + (random.between(0, 99) < 89 ? 0 : 8);
    values.push_back(static_cast<double>(value) * 1.1);
  }
  const Table table = one_column<double>(DataType::float64(), values);
  const auto first_page = [](const WrittenFile& file) { return file.page(file.column(0).data_page_offset); };
  const PageHeader zstd = first_page(WrittenFile(table, {.compression = {Compression::kZstd}}));
  const double share = static_cast<double>(zstd.compressed_page_size) / zstd.uncompressed_page_size;
  EXPECT_GT(share, 1 - 1.0 / 7);
  EXPECT_LT(share, 0.9);
  const WrittenFile file(table);
  EXPECT_EQ(data_encoding(file), Encoding::kRleDictionary);
  EXPECT_FALSE(first_page(file).data_page_v2->is_compressed);
}

TEST(WriterEncodings, CodecAskedForIsUsed) {
  std::vector<std::optional<std::string>> values;
  for (int row = 0; row < 5000; ++row)
    values.emplace_back("a long and rather dull string, number " + std::to_string(row));
  const std::vector<std::pair<std::string, CompressionCodec>> expected = {
      {"auto", CompressionCodec::kZstd},     {"zstd:7", CompressionCodec::kZstd},
      {"snappy", CompressionCodec::kSnappy}, {"lz4", CompressionCodec::kLz4Raw},
      {"gzip:2", CompressionCodec::kGzip},   {"none", CompressionCodec::kUncompressed}};
  for (const auto& [name, codec] : expected) {
    const WrittenFile file(strings(values), {.compression = parse_compression(name)});
    EXPECT_EQ(file.column(0).codec, codec) << name;
    EXPECT_EQ(file.page(file.column(0).data_page_offset).data_page_v2->is_compressed, name != "none");
  }
}

TEST(WriterEncodings, LargeValuesGetPagesOfTheirOwn) {
  const std::string large(700'000, 'x');
  const WrittenFile file(strings({large + "1", large + "2", large + "3", "y", "z"}));
  EXPECT_EQ(file.offset_index(0).page_locations.size(), 3);
}

TEST(WriterEncodings, NamesOfCompressionsParse) {
  EXPECT_EQ(parse_compression("zstd:9").level, 9);
  EXPECT_EQ(parse_compression("lz4").codec, Compression::kLz4);
  expect_error(ErrorKind::kInvalidArgument, "auto, none, snappy, lz4, gzip, zstd", [] { parse_compression("rar"); });
  expect_error(ErrorKind::kInvalidArgument, "is a number", [] { parse_compression("zstd:high"); });
  expect_error(ErrorKind::kInvalidArgument, "levels 1 to 22", [] { parse_compression("zstd:23"); });
  expect_error(ErrorKind::kInvalidArgument, "no levels", [] { parse_compression("snappy:3"); });
}

// ---- statistics ----

TEST(WriterStatistics, NumbersHaveTheirOwnOrder) {
  const WrittenFile whole(one_column<int32_t>(DataType::int32(), {5, -7, 3}));
  EXPECT_EQ(value_of<int32_t>(*whole.statistics(0).min_value), -7);
  EXPECT_EQ(value_of<int32_t>(*whole.statistics(0).max_value), 5);
  const WrittenFile natural(one_column<uint64_t>(DataType::uint64(), {5, ~uint64_t{0}, 3}));
  EXPECT_EQ(value_of<uint64_t>(*natural.statistics(0).min_value), 3);
  EXPECT_EQ(value_of<uint64_t>(*natural.statistics(0).max_value), ~uint64_t{0});
}

TEST(WriterStatistics, NanIsLeftOut) {
  const double nan = std::nan("");
  const WrittenFile file(one_column<double>(DataType::float64(), {nan, 2, nan, 1, nan}));
  EXPECT_EQ(value_of<double>(*file.statistics(0).min_value), 1);
  EXPECT_EQ(value_of<double>(*file.statistics(0).max_value), 2);
  EXPECT_EQ(value_of<double>(file.column_index(0).min_values[0]), 1);
}

TEST(WriterStatistics, OnlyNanHasNoRangeAndNoIndex) {
  const WrittenFile file(one_column<float>(DataType::float32(), {std::nanf(""), std::nanf("")}));
  EXPECT_FALSE(file.statistics(0).min_value);
  EXPECT_FALSE(file.chunk(0).column_index_offset);
}

TEST(WriterStatistics, ZeroIsTakenWithBothSigns) {
  const WrittenFile file(one_column<double>(DataType::float64(), {0.0, -0.0, 0.0}));
  EXPECT_TRUE(std::signbit(value_of<double>(*file.statistics(0).min_value)));
  EXPECT_FALSE(std::signbit(value_of<double>(*file.statistics(0).max_value)));
}

TEST(WriterStatistics, HalfFloatsHaveTheOrderOfNumbers) {
  const DataType type{.id = TypeId::kFloat16};
  const WrittenFile file(one_column<uint16_t>(type, {0x3C00, 0xC000, 0x7E00, 0xBC00}));  // 1, -2, NaN, -1
  EXPECT_EQ(value_of<uint16_t>(*file.statistics(0).min_value), 0xC000);
  EXPECT_EQ(value_of<uint16_t>(*file.statistics(0).max_value), 0x3C00);
}

TEST(WriterStatistics, LongDecimalsHaveTheOrderOfNumbers) {
  const WrittenFile file(one_column<Int128>(DataType::decimal(20, 0), {Int128{5}, Int128{-1}, Int128{300}}));
  EXPECT_EQ(*file.statistics(0).min_value, std::string(9, '\xFF'));
  EXPECT_EQ(*file.statistics(0).max_value, std::string(7, '\0') + "\x01\x2C");
}

// A column whose contents nobody has checked.
Table unchecked_decimal(int32_t precision, Int128 value) {
  base::MutableBuffer values;
  values.append(std::as_bytes(std::span(&value, 1)));
  const DataType type = DataType::decimal(precision, 0);
  return Table(Schema({{"x", type}}), {Column({.type = type, .length = 1, .values = std::move(values).finish()})});
}

TEST(WriterStatistics, DecimalBeyondItsDigitsIsInvalid) {
  for (const int32_t precision : {5, 18, 20, 38}) {
    const Int128 largest = table::power_of_ten(precision) - 1;
    for (const Int128 value : {largest + 1, -largest - 1}) {
      const Table table = unchecked_decimal(precision, value);
      expect_error(ErrorKind::kInvalidArgument, "column x: a value of a decimal(", [&] { WrittenFile{table}; });
    }
    EXPECT_NO_THROW(WrittenFile(unchecked_decimal(precision, -largest)));
  }
}

TEST(WriterStatistics, StringsCompareAsBytes) {
  const WrittenFile file(strings({"b", "\xC3\xA4", std::nullopt, ""}));
  EXPECT_EQ(*file.statistics(0).min_value, "");
  EXPECT_EQ(*file.statistics(0).max_value, "\xC3\xA4");
  EXPECT_EQ(*file.statistics(0).null_count, 1);
  EXPECT_TRUE(*file.statistics(0).is_max_value_exact);
}

TEST(WriterStatistics, LongStringsAreCutToBoundsThatHold) {
  const std::string value = std::string(63, 'a') + "\xC3\xA4" + "tail";
  const WrittenFile file(strings({value}));
  const Statistics& statistics = file.statistics(0);
  EXPECT_EQ(*statistics.min_value, std::string(63, 'a'));  // a character is not cut in two
  EXPECT_EQ(*statistics.max_value, std::string(62, 'a') + "b");
  EXPECT_FALSE(*statistics.is_min_value_exact);
  EXPECT_FALSE(*statistics.is_max_value_exact);
}

TEST(WriterStatistics, GreatestThatCannotBeRaisedStaysWhole) {
  const std::string value(100, '\xFF');
  const Table table(Schema({{"x", DataType::binary()}}), {make_column(DataType::binary(), {value})});
  EXPECT_EQ(*WrittenFile(table).statistics(0).max_value, value);
}

TEST(WriterStatistics, IndexTellsPagesOfNullsAndTheirOrder) {
  const std::vector<bool> valid = {true, true, false, false, true, true};
  const WrittenFile file(one_column<int64_t>(DataType::int64(), {1, 2, 0, 0, 3, 4}, valid), {.rows_per_page = 2});
  const ColumnIndex index = file.column_index(0);
  EXPECT_EQ(index.null_pages, (std::vector<bool>{false, true, false}));
  EXPECT_EQ(index.null_counts, (std::vector<int64_t>{0, 2, 0}));
  EXPECT_EQ(index.boundary_order, ColumnIndex::Order::kAscending);
  EXPECT_EQ(value_of<int64_t>(index.max_values[2]), 4);
}

TEST(WriterStatistics, IndexKnowsFallingAndFreePages) {
  const WrittenFile falling(one_column<int64_t>(DataType::int64(), {4, 3, 2, 1}), {.rows_per_page = 2});
  EXPECT_EQ(falling.column_index(0).boundary_order, ColumnIndex::Order::kDescending);
  const WrittenFile free(one_column<int64_t>(DataType::int64(), {1, 5, 2, 3}), {.rows_per_page = 2});
  EXPECT_EQ(free.column_index(0).boundary_order, ColumnIndex::Order::kUnordered);
}

}  // namespace
}  // namespace varve::parquet

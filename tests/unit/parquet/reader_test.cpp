#include "varve/parquet/reader.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "varve/base/thread_pool.h"
#include "varve/table/print.h"

#include "support/errors.h"
#include "support/parquet/handmade_file.h"
#include "support/parquet/memory_file.h"

namespace varve::parquet {
namespace {

using namespace varve::testing;  // NOLINT(google-build-using-namespace): the fixtures' verbs

constexpr int64_t kSecond = kNanosecondsPerSecond;

Reader open(Bytes bytes) { return Reader::open(std::make_unique<MemoryFile>(std::move(bytes)), "some.parquet"); }
Table read(const HandmadeFile& file, const ReadOptions& options = {}) { return open(file.finish()).read(options); }

// The rows of the only column as text, "-" for null.
std::vector<std::string> cells(const Table& table) {
  std::vector<std::string> result;
  const Column& column = table.column(size_t{0});
  for (int64_t row = 0; row < column.length(); ++row) {
    result.push_back(column.is_null(row) ? "-" : table::value_text(column, row));
  }
  return result;
}
std::vector<std::string> cells(const HandmadeFile& file, const ReadOptions& options = {}) {
  return cells(read(file, options));
}

void expect_corruption(std::string_view part, const HandmadeFile& file, const ReadOptions& options = {}) {
  expect_error(ErrorKind::kCorruption, part, [&] { static_cast<void>(read(file, options)); });
}

using Cells = std::vector<std::string>;

const Field kInt64{"x", DataType::int64()};
const Field kRequired{"x", DataType::int64(), false};
const Field kText{"x", DataType::string()};
const Field kSymbols{"x", DataType::dictionary(DataType::string())};

HandmadeFile three_rows() {
  HandmadeFile file(kRequired);
  file.page_v1(3, bytes_of<int64_t>({1, 2, 3})).end_group();
  return file;
}

SchemaElement element(PhysicalType type, LogicalType logical = {}, int32_t type_length = 0) {
  return {.type = type,
          .type_length = type_length,
          .repetition = Repetition::kRequired,
          .name = "x",
          .logical_type = logical};
}

// ---- pages ----

TEST(Reader, ReadsRequiredPages) { EXPECT_EQ(cells(three_rows()), (Cells{"1", "2", "3"})); }

TEST(Reader, ReadsNullsOfBothPageVersions) {
  HandmadeFile file(kInt64);
  file.page_v1(4, prefixed(rle_bits({1, 0, 0, 1})) + bytes_of<int64_t>({7, 8}));
  file.page_v2(3, 2, rle_bits({0, 1, 0}), bytes_of<int64_t>({9})).end_group();
  EXPECT_EQ(cells(file), (Cells{"7", "-", "-", "8", "-", "9", "-"}));
}

TEST(Reader, PagesWithoutNullsMakeNoValidity) {
  HandmadeFile file(kInt64);
  file.page_v1(2, prefixed(rle_bits({1, 1})) + bytes_of<int64_t>({7, 8})).end_group();
  const Table table = read(file);
  EXPECT_EQ(table.column("x").null_count(), 0);
  EXPECT_EQ(table.column("x").parts().validity, nullptr);
}

TEST(Reader, NullsAreCountedWhereOnlyTheLastGroupHasThem) {
  HandmadeFile file(kInt64);
  file.page_v1(1, prefixed(rle_bits({1})) + bytes_of<int64_t>({7})).end_group();
  file.page_v1(2, prefixed(rle_bits({0, 1})) + bytes_of<int64_t>({8})).end_group();
  EXPECT_EQ(read(file).column("x").null_count(), 1);
  EXPECT_EQ(cells(file), (Cells{"7", "-", "8"}));
}

TEST(Reader, ReadsDeprecatedBitPackedLevels) {
  HandmadeFile file(kInt64);
  const Bytes levels = bytes_of<uint8_t>({0b10110000});  // the first level in the highest bit
  file.page_v1(4, levels + bytes_of<int64_t>({1, 2, 3}), Encoding::kPlain, Encoding::kBitPacked).end_group();
  EXPECT_EQ(cells(file), (Cells{"1", "-", "2", "3"}));
}

TEST(Reader, ReadsDictionaryPagesThatFallBackToPlain) {
  HandmadeFile file(kRequired);
  file.dictionary(2, bytes_of<int64_t>({100, 200}));
  file.page_v1(3, indices(1, {1, 0, 1}), Encoding::kRleDictionary);
  file.page_v1(2, indices(1, {0, 0}), Encoding::kPlainDictionary);
  file.page_v1(1, bytes_of<int64_t>({5})).end_group();
  EXPECT_EQ(cells(file), (Cells{"200", "100", "200", "100", "100", "5"}));
}

TEST(Reader, TakesIndicesOfNoBits) {
  HandmadeFile file(kRequired);
  file.dictionary(1, bytes_of<int64_t>({9})).page_v1(2, indices(0, {0, 0}), Encoding::kRleDictionary).end_group();
  EXPECT_EQ(cells(file), (Cells{"9", "9"}));
}

TEST(Reader, SkipsIndexPagesAndEmptyOnes) {
  HandmadeFile file(kRequired);
  file.index_page(bytes_of("whatever")).page_v1(0, {}).page_v1(1, bytes_of<int64_t>({5}));
  file.index_page(bytes_of("again")).page_v1(1, bytes_of<int64_t>({6})).end_group();
  EXPECT_EQ(cells(file), (Cells{"5", "6"}));
}

TEST(Reader, ReadsFilesOfNoRows) {
  HandmadeFile file(kText);
  EXPECT_EQ(cells(file), Cells{});
  EXPECT_EQ(cells(file.end_group()), Cells{});
}

TEST(Reader, ReadsEveryKindOfBooleans) {
  HandmadeFile file(Field{"x", DataType::boolean()});
  file.page_v1(3, prefixed(rle_bits({1, 1, 1})) + bytes_of<uint8_t>({0b101}));
  file.page_v1(3, prefixed(rle_bits({1, 0, 1})) + bytes_of<uint8_t>({0b10}));
  file.page_v2(2, 0, rle_bits({1, 1}), prefixed(rle_bits({0, 1})), Encoding::kRle);
  file.page_v2(3, 1, rle_bits({1, 0, 1}), prefixed(rle_bits({1, 1})), Encoding::kRle).end_group();
  EXPECT_EQ(cells(file), (Cells{"true", "false", "true", "false", "-", "true", "false", "true", "true", "-", "true"}));
}

// ---- strings and dictionaries ----

TEST(Reader, ReadsStringsWithNullsFromAllKindsOfPages) {
  HandmadeFile file(kText);
  file.dictionary(2, plain_strings({"long enough to be no short string", "b"}));
  file.page_v1(3, prefixed(rle_bits({1, 0, 1})) + indices(1, {1, 0}), Encoding::kRleDictionary);
  file.page_v1(3, prefixed(rle_bits({0, 1, 0})) + plain_strings({"plain"})).end_group();
  file.page_v1(1, prefixed(rle_bits({1})) + plain_strings({""})).end_group();
  EXPECT_EQ(cells(file), (Cells{"b", "-", "long enough to be no short string", "-", "plain", "-", ""}));
}

TEST(Reader, UnitesTheDictionariesOfGroups) {
  HandmadeFile file(kSymbols);
  const Bytes levels = prefixed(rle_bits({1, 1}));
  file.dictionary(2, plain_strings({"A", "B"})).page_v1(2, levels + indices(1, {0, 1}), Encoding::kRleDictionary);
  file.end_group();
  file.dictionary(2, plain_strings({"C", "A"})).page_v1(2, levels + indices(1, {0, 1}), Encoding::kRleDictionary);
  file.end_group();
  const Table table = read(file);
  EXPECT_EQ(cells(table), (Cells{"A", "B", "C", "A"}));
  EXPECT_EQ(to_string(table.column("x").type()), "dictionary<string>");
  EXPECT_EQ(table.column("x").dictionary().length(), 3);
}

TEST(Reader, PlainPagesJoinTheDictionary) {
  HandmadeFile file(kSymbols);
  file.dictionary(1, plain_strings({"A"}));
  file.page_v1(2, prefixed(rle_bits({1, 0})) + indices(0, {0}), Encoding::kRleDictionary);
  file.page_v1(3, prefixed(rle_bits({1, 1, 1})) + plain_strings({"B", "A", "B"})).end_group();
  const Table table = read(file);
  EXPECT_EQ(cells(table), (Cells{"A", "-", "B", "A", "B"}));
  EXPECT_EQ(table.column("x").dictionary().length(), 2);
}

TEST(Reader, DictionaryColumnsMayHoldNullsAlone) {
  HandmadeFile file(kSymbols);
  file.page_v1(2, prefixed(rle_bits({0, 0}))).end_group();
  file.page_v1(1, prefixed(rle_bits({1})) + plain_strings({"B"})).end_group();
  EXPECT_EQ(cells(file), (Cells{"-", "-", "B"}));
}

TEST(Reader, StringsMustBeUtf8) {
  HandmadeFile file(kText);
  file.page_v1(1, prefixed(rle_bits({1})) + plain_strings({"\xFF"})).end_group();
  expect_corruption("not UTF-8", file);
  // Two strings may not share a character either.
  HandmadeFile torn(kText);
  torn.page_v1(2, prefixed(rle_bits({1, 1})) + plain_strings({"\xC3", "\xA4"})).end_group();
  expect_corruption("not UTF-8", torn);
}

// ---- types ----

TEST(Reader, ReadsInt96) {
  HandmadeFile file(element(PhysicalType::kInt96));
  file.page_v1(1, bytes_of<int64_t>({1'000'000'001}) + bytes_of<int32_t>({2'440'589})).end_group();
  EXPECT_EQ(cells(file), (Cells{"1970-01-02T00:00:01.000000001"}));
}

TEST(Reader, Int96BeyondNanosecondsIsNotSupported) {
  HandmadeFile file(element(PhysicalType::kInt96));
  file.page_v1(1, bytes_of<int64_t>({0}) + bytes_of<int32_t>({9'000'000})).end_group();
  expect_error(ErrorKind::kNotSupported, "INT96", [&] { static_cast<void>(read(file)); });
}

TEST(Reader, ReadsDecimalsOfAllPhysicalTypes) {
  const LogicalType decimal{.id = LogicalType::Id::kDecimal, .precision = 9, .scale = 2};
  const std::vector<std::pair<SchemaElement, Bytes>> ways = {
      {element(PhysicalType::kInt32, decimal), bytes_of<int32_t>({-12345})},
      {element(PhysicalType::kInt64, decimal), bytes_of<int64_t>({-12345})},
      {element(PhysicalType::kFixedLenByteArray, decimal, 4), bytes_of<uint8_t>({0xFF, 0xFF, 0xCF, 0xC7})},
      {element(PhysicalType::kFixedLenByteArray, decimal, 18),
       Bytes(16, std::byte{0xFF}) + bytes_of<uint8_t>({0xCF, 0xC7})},
      {element(PhysicalType::kByteArray, decimal), plain_strings({"\xCF\xC7"})},
  };
  for (const auto& [stored, values] : ways) {
    SchemaElement told = stored;
    told.precision = 9;
    told.scale = 2;
    HandmadeFile file(told);
    file.page_v1(1, values).end_group();
    EXPECT_EQ(cells(file), (Cells{"-123.45"})) << "physical type " << static_cast<int>(*stored.type);
  }
}

TEST(Reader, MillisecondsBecomeTheSecondsThatTheyWere) {
  const Field seconds{"x", DataType::timestamp(TimeUnit::kSecond, "Europe/Berlin"), false};
  HandmadeFile file(seconds);
  file.page_v1(2, bytes_of<int64_t>({5000, -1000})).end_group();
  EXPECT_EQ(to_string(read(file).column("x").type()), "timestamp[s, Europe/Berlin]");
  EXPECT_EQ(cells(file), (Cells{"1970-01-01T00:00:05Z", "1969-12-31T23:59:59Z"}));
  HandmadeFile odd(seconds);
  odd.page_v1(1, bytes_of<int64_t>({5001})).end_group();
  expect_corruption("exactly", odd);
}

TEST(Reader, NarrowIntegersMustFit) {
  HandmadeFile file(Field{"x", {.id = TypeId::kUInt8}, false});
  file.page_v1(2, bytes_of<int32_t>({0, 255})).end_group();
  EXPECT_EQ(cells(file), (Cells{"0", "255"}));
  HandmadeFile wide(Field{"x", {.id = TypeId::kUInt8}, false});
  wide.page_v1(1, bytes_of<int32_t>({256})).end_group();
  expect_corruption("8 bits", wide);
}

TEST(Reader, NullColumnsNeedNoPages) {
  HandmadeFile file(Field{"x", {.id = TypeId::kNull}});
  file.page_v1(2, prefixed(rle_bits({0, 0}))).end_group();
  EXPECT_EQ(cells(file), (Cells{"-", "-"}));
}

// ---- ranges ----

// Two groups of two pages each: 10 20 | 30 40 and 50 60 | 70 80 seconds.
HandmadeFile times(const Field& field = {"x", DataType::timestamp(TimeUnit::kNano, "UTC"), false}) {
  HandmadeFile file(field);
  for (const int64_t first : {10, 50}) {
    file.page_v1(2, bytes_of<int64_t>({first * kSecond, (first + 10) * kSecond}));
    file.page_v1(2, bytes_of<int64_t>({(first + 20) * kSecond, (first + 30) * kSecond})).end_group();
  }
  return file;
}

std::string stored(int64_t seconds) {
  const Bytes bytes = bytes_of<int64_t>({seconds * kSecond});
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ReadOptions between(int64_t start, int64_t end, bool sorted = true) {
  return {.range = IndexRange{.column = "x", .start = {start * kSecond}, .end = {end * kSecond}, .sorted = sorted}};
}

int64_t rows_between(const HandmadeFile& file, int64_t start, int64_t end) {
  const int64_t sorted = read(file, between(start, end)).num_rows();
  EXPECT_EQ(read(file, between(start, end, false)).num_rows(), sorted);
  return sorted;
}

TEST(ReaderRange, BothEndsAreInside) {
  EXPECT_EQ(rows_between(times(), 20, 50), 4);
  EXPECT_EQ(rows_between(times(), 21, 49), 2);
  EXPECT_EQ(rows_between(times(), 0, 100), 8);
  EXPECT_EQ(rows_between(times(), 81, 100), 0);
  EXPECT_EQ(rows_between(times(), 50, 20), 0);
}

TEST(ReaderRange, OpenEndsHoldWhatNanosecondsDoNotReach) {
  constexpr int64_t kFar = std::numeric_limits<int64_t>::max();
  HandmadeFile file(Field{"x", DataType::timestamp(TimeUnit::kMicro, "UTC"), false});
  file.page_v1(4, bytes_of<int64_t>({-kFar, -1, 0, kFar})).end_group();
  EXPECT_EQ(read(file, {.range = IndexRange{.column = "x", .end = {0}}}).num_rows(), 3);
  EXPECT_EQ(read(file, {.range = IndexRange{.column = "x", .start = {0}}}).num_rows(), 2);
  EXPECT_EQ(read(file, {.range = IndexRange{.column = "x"}}).num_rows(), 4);
}

TEST(ReaderRange, StatisticsKeepAGroupFromBeingRead) {
  HandmadeFile file = times();
  file.chunk(0).statistics = Statistics{.min_value = stored(10), .max_value = stored(40)};
  file.chunk(0).codec = CompressionCodec::kLzo;  // to be read at all it would have to be another
  EXPECT_EQ(rows_between(file, 45, 60), 2);
  expect_error(ErrorKind::kNotSupported, "codec", [&] { static_cast<void>(read(file, between(40, 60))); });
}

TEST(ReaderRange, StatisticsOfOddSizesProveNothing) {
  HandmadeFile file = times();
  file.chunk(0).statistics = Statistics{.min_value = "x", .max_value = "y"};
  file.chunk(1).statistics = Statistics{.min_value = stored(80), .max_value = stored(50)};
  EXPECT_EQ(rows_between(file, 20, 50), 4);
}

// The first group's first page is damaged: only readers that leave it alone get the rest.
HandmadeFile damaged_times() {
  HandmadeFile file(Field{"x", DataType::timestamp(TimeUnit::kNano, "UTC"), false});
  file.page_v1(2, bytes_of<int64_t>({10 * kSecond}));
  file.page_v1(2, bytes_of<int64_t>({30 * kSecond, 40 * kSecond})).end_group();
  return file;
}

TEST(ReaderRange, PageIndexKeepsAPageFromBeingRead) {
  HandmadeFile file = damaged_times();
  file.offset_index({file.locations()});
  file.column_index(
      {.null_pages = {false, false}, .min_values = {stored(10), stored(30)}, .max_values = {stored(20), stored(40)}});
  EXPECT_EQ(rows_between(file, 30, 40), 2);
  expect_corruption("2 values", file, between(20, 40));
}

TEST(ReaderRange, InconsistentPageIndexesAreLeftAside) {
  for (int way = 0; way < 5; ++way) {
    HandmadeFile file = times();
    std::vector<PageLocation> locations(file.locations().begin(), file.locations().begin() + 2);
    ColumnIndex bounds{
        .null_pages = {false, false}, .min_values = {stored(10), stored(30)}, .max_values = {stored(20), stored(40)}};
    if (way == 0) locations[1].offset = 1 << 30;
    if (way == 1) std::swap(locations[0], locations[1]);
    if (way == 2) locations[1].first_row_index = 7;
    if (way == 3) bounds.min_values.pop_back();
    if (way == 4) bounds.max_values[1] = "odd";
    file.offset_index({locations}).column_index(bounds);
    EXPECT_EQ(rows_between(file, 30, 40), 2) << "way " << way;
  }
}

TEST(ReaderRange, AnOffsetIndexThatLiesAboutRowsIsCorruption) {
  HandmadeFile file = times();
  std::vector<PageLocation> locations(file.locations().begin(), file.locations().begin() + 2);
  locations[1].first_row_index = 1;
  file.offset_index({locations});
  expect_error(ErrorKind::kCorruption, "rows", [&] { static_cast<void>(open(file.finish()).read_rows(0, 1)); });
}

TEST(ReaderRange, RowsByNumberCrossGroups) {
  const Reader reader = open(times().finish());
  EXPECT_EQ(cells(reader.read_rows(3, 2)), (Cells{"1970-01-01T00:00:40Z", "1970-01-01T00:00:50Z"}));
  EXPECT_EQ(reader.read_rows(6, 100).num_rows(), 2);
  EXPECT_EQ(reader.read_rows(8, 1).num_rows(), 0);
  EXPECT_EQ(reader.read_row_group(1).num_rows(), 4);
  expect_error(ErrorKind::kInvalidArgument, "row group 2", [&] { static_cast<void>(reader.read_row_group(2)); });
  expect_error(ErrorKind::kInvalidArgument, "-1", [&] { static_cast<void>(reader.read_rows(-1, 1)); });
}

TEST(ReaderRange, RowsWithoutIndexAreInNoRange) {
  HandmadeFile file(Field{"x", DataType::timestamp(TimeUnit::kNano, "UTC")});
  file.page_v1(4, prefixed(rle_bits({0, 1, 0, 1})) + bytes_of<int64_t>({10 * kSecond, 20 * kSecond})).end_group();
  EXPECT_EQ(rows_between(file, 0, 100), 2);
  EXPECT_EQ(rows_between(file, 15, 100), 1);
}

TEST(ReaderRange, UnsortedRowsAreFiltered) {
  HandmadeFile file(Field{"x", DataType::timestamp(TimeUnit::kNano, "UTC"), false});
  file.page_v1(5, bytes_of<int64_t>({5 * kSecond, 50 * kSecond, 6 * kSecond, 60 * kSecond, 7 * kSecond})).end_group();
  EXPECT_EQ(read(file, between(0, 10, false)).num_rows(), 3);
}

TEST(ReaderRange, CoarseUnitsKeepTheEndsExact) {
  HandmadeFile file(Field{"x", DataType::timestamp(TimeUnit::kMilli, ""), false});
  file.page_v1(3, bytes_of<int64_t>({-1, 0, 1})).end_group();
  const auto count = [&](int64_t start, int64_t end) {
    const IndexRange range{.column = "x", .start = {start}, .end = {end}};
    return read(file, {.range = range}).num_rows();
  };
  EXPECT_EQ(count(-1'000'000, 1'000'000), 3);
  EXPECT_EQ(count(-999'999, 999'999), 1);
  EXPECT_EQ(count(std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()), 3);
}

TEST(ReaderRange, OnlyTimesAreAnIndex) {
  ReadOptions options = between(0, 1);
  expect_error(ErrorKind::kInvalidArgument, "int64", [&] { static_cast<void>(read(three_rows(), options)); });
  options.range->column = "y";
  expect_error(ErrorKind::kNotFound, "y", [&] { static_cast<void>(read(three_rows(), options)); });
}

// ---- what is wrong with a file ----

TEST(ReaderHostile, OtherFilesAreCorruption) {
  for (const std::string_view text : {"", "PAR1", "PAR1PAR1", "time,price\n2024-01-01,1.5\n2024-01-02,2.5\n",
                                      "PAR1....\x04\x00\x00\x00PAR1", "PAR1\xFF\xFF\xFF\xFFPAR1"}) {
    expect_error(ErrorKind::kCorruption, "some.parquet", [&] { static_cast<void>(open(bytes_of(text))); });
  }
}

TEST(ReaderHostile, EncryptedFooterIsNotSupported) {
  expect_error(ErrorKind::kNotSupported, "encrypted", [] { static_cast<void>(open(bytes_of("PARE00000000PARE"))); });
}

TEST(ReaderHostile, ErrorsNameFileColumnAndRowGroup) {
  HandmadeFile file = three_rows();
  file.page_v1(2, bytes_of<int64_t>({1})).end_group();
  expect_corruption("some.parquet: column x, row group 1: 2 values", file);
}

TEST(ReaderHostile, ChecksumsAreVerifiedUnlessToldNot) {
  HandmadeFile file = three_rows();
  Bytes bytes = file.finish();
  const Bytes two = bytes_of<int64_t>({2});
  *std::search(bytes.begin(), bytes.end(), two.begin(), two.end()) = std::byte{9};
  expect_error(ErrorKind::kCorruption, "checksum", [&] { static_cast<void>(open(bytes).read()); });
  EXPECT_EQ(cells(open(bytes).read({.verify_checksums = false})), (Cells{"1", "9", "3"}));
}

TEST(ReaderHostile, RowCountsMustAgree) {
  HandmadeFile file = three_rows();
  file.metadata().num_rows = 4;
  expect_corruption("4 rows", file);
  file = three_rows();
  file.metadata().num_rows = file.metadata().row_groups[0].num_rows = 4;
  expect_corruption("3 values", file);
  file.chunk().num_values = 4;
  expect_corruption("end at row 3", file);
  file.metadata().num_rows = file.metadata().row_groups[0].num_rows = file.chunk().num_values = 2;
  expect_corruption("claims 3 rows", file);
  file.metadata().num_rows = file.metadata().row_groups[0].num_rows = file.chunk().num_values = -2;
  expect_corruption("-2 rows", file);
}

TEST(ReaderHostile, ChunksLieInsideTheFile) {
  for (const int64_t offset : {int64_t{-5}, int64_t{1} << 40, std::numeric_limits<int64_t>::max()}) {
    HandmadeFile file = three_rows();
    file.chunk().data_page_offset = offset;
    expect_corruption("column x, row group 0", file);
    file = three_rows();
    file.chunk().total_compressed_size = offset;
    expect_corruption("column x, row group 0", file);
  }
}

TEST(ReaderHostile, ClaimsBeyondTheBudgetAreCorruption) {
  constexpr int32_t kMany = std::numeric_limits<int32_t>::max();
  HandmadeFile file(kRequired);
  file.dictionary(1, bytes_of<int64_t>({9})).page_v1(kMany, indices(0, {0}), Encoding::kRleDictionary).end_group();
  expect_corruption("may take", file);
  HandmadeFile small(kRequired);
  small.page_v1(10, bytes_of<int64_t>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9})).end_group();
  EXPECT_EQ(read(small, {.result_bytes_max = 80}).num_rows(), 10);
  expect_corruption("79 bytes", small, {.result_bytes_max = 79});
}

TEST(ReaderHostile, AFewRowsOfAHugePageAreNotWorthItsMemory) {
  constexpr int32_t kMany = std::numeric_limits<int32_t>::max();
  HandmadeFile file(kRequired);
  file.dictionary(1, bytes_of<int64_t>({9})).page_v1(kMany, indices(0, {0}), Encoding::kRleDictionary).end_group();
  expect_error(ErrorKind::kCorruption, "may take", [&] { static_cast<void>(open(file.finish()).read_rows(5, 2)); });
}

TEST(ReaderHostile, RepeatedLongStringsStayInTheBudget) {
  const std::string text(1000, 'x');
  HandmadeFile file(kText);
  file.dictionary(1, plain_strings({text}));
  base::MutableBuffer run = base::MutableBuffer::allocate(0);
  encode_hybrid_run(0, 1'000'000, 0, run);
  base::MutableBuffer levels = base::MutableBuffer::allocate(0);
  encode_hybrid_run(1, 1'000'000, 1, levels);
  file.page_v2(1'000'000, 0, bytes_of(levels), bytes_of<uint8_t>({0}) + bytes_of(run), Encoding::kRleDictionary);
  file.end_group();
  expect_corruption("may take", file, {.result_bytes_max = 100'000'000});
}

TEST(ReaderHostile, DictionariesMustBeThereOnceAndHoldTheIndices) {
  HandmadeFile beyond(kRequired);
  beyond.dictionary(1, bytes_of<int64_t>({9})).page_v1(1, indices(1, {1}), Encoding::kRleDictionary).end_group();
  expect_corruption("index 1 where the dictionary has 1", beyond);
  HandmadeFile missing(kRequired);
  missing.page_v1(1, indices(1, {0}), Encoding::kRleDictionary).end_group();
  expect_corruption("has 0 values", missing);
  HandmadeFile twice(kRequired);
  twice.dictionary(1, bytes_of<int64_t>({9})).dictionary(1, bytes_of<int64_t>({8}));
  twice.page_v1(1, indices(0, {0}), Encoding::kRleDictionary).end_group();
  twice.chunk().dictionary_page_offset = 4;
  expect_corruption("second dictionary", twice);
  HandmadeFile large(kRequired);
  large.dictionary(1 << 30, bytes_of<int64_t>({9})).page_v1(1, bytes_of<int64_t>({1})).end_group();
  expect_corruption("1073741824 values", large);
}

TEST(ReaderHostile, EncodingsMustSuitTheType) {
  for (const Encoding encoding : {Encoding::kRle, Encoding::kBitPacked, Encoding::kDeltaByteArray, Encoding{77}}) {
    HandmadeFile file(kRequired);
    file.page_v1(1, bytes_of<int64_t>({1}), encoding).end_group();
    expect_corruption("encoding", file);
  }
}

TEST(ReaderHostile, CountsOfNullsMustBeRight) {
  HandmadeFile file(kInt64);
  file.page_v2(2, 1, rle_bits({1, 1}), bytes_of<int64_t>({1, 2})).end_group();
  expect_corruption("claims 1 nulls and has 0", file);
}

TEST(ReaderHostile, LevelsMustFitThePage) {
  HandmadeFile file(kInt64);
  file.page_v1(1, bytes_of<uint32_t>({1000}) + bytes_of<int64_t>({1})).end_group();
  expect_corruption("levels claim", file);
}

HandmadeFile mixed_file() {
  HandmadeFile file(kText);
  file.dictionary(2, plain_strings({"first", "second"}));
  file.page_v1(3, prefixed(rle_bits({1, 0, 1})) + indices(1, {1, 0}), Encoding::kRleDictionary);
  file.page_v2(2, 0, rle_bits({1, 1}), plain_strings({"third", "fourth"})).end_group();
  file.offset_index({file.locations()});
  return file;
}

TEST(ReaderHostile, TruncationAtEveryByteIsAnError) {
  const Bytes whole = mixed_file().finish();
  for (size_t size = 0; size < whole.size(); ++size) {
    const Bytes part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_THROW(static_cast<void>(open(part).read()), Error) << "at " << size;
  }
}

TEST(ReaderHostile, FlippedBitsGiveAnErrorOrATable) {
  const Bytes whole = mixed_file().finish();
  const Table table = open(whole).read();
  size_t errors = 0;
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    Bytes flipped = whole;
    flipped[bit / 8] ^= std::byte{1} << static_cast<int>(bit % 8);
    try {
      static_cast<void>(open(flipped).read({.result_bytes_max = 1 << 20}));
    } catch (const Error&) {
      ++errors;
    }
  }
  EXPECT_GT(errors, whole.size() * 3);
}

TEST(ReaderHostile, FlippedBitsOfPageBodiesAreNoticed) {
  const HandmadeFile file = mixed_file();
  const Bytes whole = file.finish();
  for (const PageLocation& location : file.locations()) {
    // What lies behind the header is under the checksum; the last bytes of a page are its values.
    for (int64_t at = location.offset + location.compressed_page_size - 10;
         at < location.offset + location.compressed_page_size; ++at) {
      Bytes flipped = whole;
      flipped[static_cast<size_t>(at)] ^= std::byte{4};
      expect_error(ErrorKind::kCorruption, "checksum", [&] { static_cast<void>(open(flipped).read()); });
    }
  }
}

// ---- columns, threads ----

TEST(Reader, ColumnsThatAreNotThereAreNotFound) {
  expect_error(ErrorKind::kNotFound, "y", [] { static_cast<void>(read(three_rows(), {.columns = {{"y"}}})); });
}

TEST(Reader, NestedColumnsAreNamedAndTheOthersReadableByName) {
  HandmadeFile file = three_rows();
  auto& schema = file.metadata().schema;
  schema[0].num_children = 2;
  schema.push_back({.type = PhysicalType::kInt64, .repetition = Repetition::kRepeated, .name = "list"});
  auto& columns = file.metadata().row_groups[0].columns;
  columns.push_back(columns[0]);
  const Reader reader = open(file.finish());
  EXPECT_EQ(reader.nested_columns(), (std::vector<std::string>{"list"}));
  EXPECT_EQ(reader.read({.columns = {{reader.schema()[0].name}}}).num_rows(), 3);
  expect_error(ErrorKind::kNotSupported, "list", [&] { static_cast<void>(reader.read({.columns = {{"list"}}})); });
  expect_error(ErrorKind::kNotSupported, "list", [&] { static_cast<void>(reader.read()); });
}

TEST(Reader, StopsWhenCancelled) {
  ReadOptions options;
  options.cancel.cancel();
  expect_error(ErrorKind::kCancelled, "", [&] { static_cast<void>(read(three_rows(), options)); });
}

TEST(Reader, OneReaderServesManyThreads) {
  HandmadeFile file = times();
  file.offset_index({{file.locations().begin(), file.locations().begin() + 2}});
  const Reader reader = open(file.finish());
  base::ThreadPool pool(2);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      ReadOptions options = between(20, 60);
      options.pool = &pool;
      for (int round = 0; round < 50; ++round) EXPECT_EQ(reader.read(options).num_rows(), 5);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace varve::parquet

#include "varve/parquet/reader.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "varve/base/memory_file.h"
#include "varve/base/thread_pool.h"
#include "varve/table/print.h"

#include "support/errors.h"
#include "support/parquet/handmade_file.h"
#include "unit/parquet/reader_fixture.h"

namespace varve::parquet {
namespace {

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

// Files as other and older writers make them, put together byte by byte where no writer of today makes them any more.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "varve/base/memory_file.h"
#include "varve/compress/codec.h"
#include "varve/parquet/reader.h"
#include "varve/table/print.h"

#include "support/errors.h"
#include "support/parquet/handmade_file.h"

namespace varve::parquet {
namespace {

using namespace varve::testing;  // NOLINT(google-build-using-namespace): the fixtures' verbs

using Cells = std::vector<std::string>;
using Logical = LogicalType::Id;

Table read(const HandmadeFile& file) {
  return Reader::open(std::make_unique<base::MemoryFile>(file.finish()), "some.parquet").read();
}

// The rows of the only column as text, "-" for null.
Cells cells(const HandmadeFile& file) {
  const Column column = read(file).column(size_t{0});
  Cells result;
  for (int64_t row = 0; row < column.length(); ++row) {
    result.push_back(column.is_null(row) ? "-" : table::value_text(column, row));
  }
  return result;
}

std::string type_of(const HandmadeFile& file) { return to_string(read(file).schema()[0].type); }

SchemaElement required(PhysicalType type, LogicalType logical = {}, int32_t type_length = 0) {
  return {.type = type,
          .type_length = type_length,
          .repetition = Repetition::kRequired,
          .name = "x",
          .logical_type = logical};
}

SchemaElement optional(SchemaElement element) {
  element.repetition = Repetition::kOptional;
  return element;
}

SchemaElement converted(PhysicalType type, ConvertedType meaning, int32_t type_length = 0) {
  SchemaElement element = required(type, {}, type_length);
  element.converted_type = meaning;
  element.precision = 9;
  element.scale = 2;
  return element;
}

HandmadeFile one_page(const SchemaElement& element, int32_t count, const Bytes& values,
                      Encoding encoding = Encoding::kPlain) {
  HandmadeFile file(element);
  file.page_v1(count, values, encoding).end_group();
  return file;
}

// ---- codecs ----

const Bytes kNumbers = bytes_of<int64_t>({7, 7, 7, 8});
const Cells kNumbersRead = {"7", "7", "7", "8"};

HandmadeFile packed(CompressionCodec codec, const std::function<Bytes(const Bytes&)>& pack_with) {
  HandmadeFile file(required(PhysicalType::kInt64));
  file.pack_with(codec, pack_with).page_v1(4, kNumbers).end_group();
  return file;
}

TEST(ForeignCodec, OldLz4IsFramedAsHadoopDoesIt) {
  EXPECT_EQ(cells(packed(CompressionCodec::kLz4, pack_framed_lz4)), kNumbersRead);
}

TEST(ForeignCodec, OldLz4MayBeABareBlock) {
  const auto bare = [](const Bytes& bytes) { return pack(compress::Codec::kLz4Raw, bytes); };
  EXPECT_EQ(cells(packed(CompressionCodec::kLz4, bare)), kNumbersRead);
}

TEST(ForeignCodec, LzoIsNotSupportedAndNamed) {
  const auto file = packed(CompressionCodec::kLzo, [](const Bytes& bytes) { return bytes; });
  expect_error(ErrorKind::kNotSupported, "column x, row group 0: compression codec LZO", [&] { read(file); });
  const auto later = packed(static_cast<CompressionCodec>(9), [](const Bytes& bytes) { return bytes; });
  expect_error(ErrorKind::kNotSupported, "compression codec 9 is not known", [&] { read(later); });
}

TEST(ForeignCodec, LevelsOfTheSecondVersionAreNeverPacked) {
  HandmadeFile file(optional(required(PhysicalType::kInt64)));
  file.pack_with(CompressionCodec::kSnappy, [](const Bytes& bytes) { return pack(compress::Codec::kSnappy, bytes); });
  file.page_v2(3, 1, rle_bits({1, 0, 1}), bytes_of<int64_t>({5, 6}));
  file.page_v2(2, 2, rle_bits({0, 0}), {});
  file.page_v1(2, prefixed(rle_bits({0, 1})) + bytes_of<int64_t>({9})).end_group();
  EXPECT_EQ(cells(file), (Cells{"5", "-", "6", "-", "-", "-", "9"}));
}

// ---- types as converted types alone tell them ----

TEST(ForeignType, TimesOfOldWritersHaveNoZone) {
  const auto millis =
      one_page(converted(PhysicalType::kInt64, ConvertedType::kTimestampMillis), 1, bytes_of<int64_t>({1'500}));
  EXPECT_EQ(type_of(millis), "timestamp[ms]");
  EXPECT_EQ(cells(millis), (Cells{"1970-01-01T00:00:01.500"}));
  const auto micros = one_page(converted(PhysicalType::kInt64, ConvertedType::kTimestampMicros), 1, delta<int64_t>({1}),
                               Encoding::kDeltaBinaryPacked);
  EXPECT_EQ(type_of(micros), "timestamp[us]");
  EXPECT_EQ(type_of(one_page(converted(PhysicalType::kInt32, ConvertedType::kTimeMillis), 1, bytes_of<int32_t>({1}))),
            "time[ms]");
  EXPECT_EQ(type_of(one_page(converted(PhysicalType::kInt64, ConvertedType::kTimeMicros), 1, bytes_of<int64_t>({1}))),
            "time[us]");
}

TEST(ForeignType, IntegersOfAllWidthsAndSigns) {
  const auto file = [](ConvertedType meaning, int32_t value) {
    return one_page(converted(PhysicalType::kInt32, meaning), 1, bytes_of<int32_t>({value}));
  };
  EXPECT_EQ(cells(file(ConvertedType::kInt8, -128)), (Cells{"-128"}));
  EXPECT_EQ(cells(file(ConvertedType::kUInt8, 255)), (Cells{"255"}));
  EXPECT_EQ(cells(file(ConvertedType::kInt16, -32768)), (Cells{"-32768"}));
  EXPECT_EQ(cells(file(ConvertedType::kUInt16, 65535)), (Cells{"65535"}));
  EXPECT_EQ(cells(file(ConvertedType::kInt32, -1)), (Cells{"-1"}));
  EXPECT_EQ(cells(file(ConvertedType::kUInt32, -1)), (Cells{"4294967295"}));
  EXPECT_EQ(cells(one_page(converted(PhysicalType::kInt64, ConvertedType::kUInt64), 1, bytes_of<int64_t>({-1}))),
            (Cells{"18446744073709551615"}));
}

TEST(ForeignType, BytesByTheirMeaning) {
  const auto file = [](ConvertedType meaning) {
    return one_page(converted(PhysicalType::kByteArray, meaning), 1, plain_strings({"{}"}));
  };
  EXPECT_EQ(type_of(file(ConvertedType::kUtf8)), "string");
  EXPECT_EQ(type_of(file(ConvertedType::kEnum)), "string");
  EXPECT_EQ(type_of(file(ConvertedType::kJson)), "string");
  EXPECT_EQ(type_of(file(ConvertedType::kBson)), "binary");
  const Bytes twelve = Bytes(12, std::byte{1});
  EXPECT_EQ(type_of(one_page(converted(PhysicalType::kFixedLenByteArray, ConvertedType::kInterval, 12), 1, twelve)),
            "binary(12)");
}

TEST(ForeignType, NullsOfAnyPhysicalType) {
  for (const auto type : {PhysicalType::kBoolean, PhysicalType::kByteArray, PhysicalType::kDouble}) {
    HandmadeFile file(optional(required(type, {.id = Logical::kUnknown})));
    file.page_v1(2, prefixed(rle_bits({0, 0}))).end_group();
    EXPECT_EQ(cells(file), (Cells{"-", "-"}));
  }
  EXPECT_EQ(cells(one_page(required(PhysicalType::kInt32, {.id = Logical::kUnknown}), 1, {})), (Cells{"-"}));
}

// ---- encodings of each physical type ----

TEST(ForeignEncoding, DecimalsInByteArrays) {
  const SchemaElement decimal = converted(PhysicalType::kByteArray, ConvertedType::kDecimal);
  const Cells expected = {"-1.00", "0.00", "300.00"};
  const std::string_view thirty_thousand("\x75\x30");
  EXPECT_EQ(cells(one_page(decimal, 3, plain_strings({"\x9C", "", thirty_thousand}))), expected);
  EXPECT_EQ(cells(one_page(decimal, 3, delta<int32_t>({1, 0, 2}) + bytes_of("\x9C\x75\x30"),
                           Encoding::kDeltaLengthByteArray)),
            expected);
  EXPECT_EQ(cells(one_page(decimal, 3, delta_strings({0, 0, 0}, {1, 0, 2}, "\x9C\x75\x30"), Encoding::kDeltaByteArray)),
            expected);
  HandmadeFile file(decimal);
  file.dictionary(3, plain_strings({thirty_thousand, "", "\x9C"}));
  file.page_v1(3, indices(2, {2, 1, 0}), Encoding::kRleDictionary).end_group();
  EXPECT_EQ(cells(file), expected);
}

TEST(ForeignEncoding, FixedWidthValuesMayShareTheirBeginnings) {
  const SchemaElement uuid = required(PhysicalType::kFixedLenByteArray, {.id = Logical::kUuid}, 3);
  const auto file = one_page(uuid, 2, delta_strings({0, 2}, {3, 1}, "abcd"), Encoding::kDeltaByteArray);
  EXPECT_EQ(read(file).column("x").bytes_at(1), "abd");
  const auto uneven = one_page(uuid, 2, delta_strings({0, 2}, {3, 2}, "abcde"), Encoding::kDeltaByteArray);
  expect_error(ErrorKind::kCorruption, "a value of 4 bytes where all have 3", [&] { read(uneven); });
}

TEST(ForeignEncoding, ByteStreamsOfEveryWidth) {
  const auto encoding = Encoding::kByteStreamSplit;
  EXPECT_EQ(cells(one_page(required(PhysicalType::kInt32), 2, split(bytes_of<int32_t>({-5, 70'000}), 4), encoding)),
            (Cells{"-5", "70000"}));
  EXPECT_EQ(cells(one_page(required(PhysicalType::kInt64), 2, split(bytes_of<int64_t>({-5, 1LL << 40}), 8), encoding)),
            (Cells{"-5", "1099511627776"}));
  EXPECT_EQ(cells(one_page(required(PhysicalType::kDouble), 1, split(bytes_of({2.5}), 8), encoding)), (Cells{"2.5"}));
  const SchemaElement half = required(PhysicalType::kFixedLenByteArray, {.id = Logical::kFloat16}, 2);
  EXPECT_EQ(cells(one_page(half, 2, split(bytes_of<uint16_t>({0x3C00, 0xC000}), 2), encoding)), (Cells{"1.0", "-2.0"}));
  const auto bytes =
      one_page(required(PhysicalType::kFixedLenByteArray, {}, 5), 2, split(bytes_of("12345abcde"), 5), encoding);
  EXPECT_EQ(read(bytes).column("x").bytes_at(1), "abcde");
}

TEST(ForeignEncoding, DictionariesOfEveryPhysicalType) {
  const auto file = [](const SchemaElement& element, const Bytes& values) {
    HandmadeFile made(element);
    made.dictionary(2, values).page_v1(3, indices(1, {1, 0, 1}), Encoding::kPlainDictionary).end_group();
    return made;
  };
  EXPECT_EQ(cells(file(required(PhysicalType::kInt32), bytes_of<int32_t>({1, 2}))), (Cells{"2", "1", "2"}));
  EXPECT_EQ(cells(file(required(PhysicalType::kFloat), bytes_of({1.5F, 2.5F}))), (Cells{"2.5", "1.5", "2.5"}));
  EXPECT_EQ(cells(file(required(PhysicalType::kDouble), bytes_of({1.5, 2.5}))), (Cells{"2.5", "1.5", "2.5"}));
  EXPECT_EQ(cells(file(converted(PhysicalType::kInt32, ConvertedType::kUInt8), bytes_of<int32_t>({1, 200}))),
            (Cells{"200", "1", "200"}));
  const Bytes moments = bytes_of<int64_t>({0}) + bytes_of<int32_t>({2'440'588}) + bytes_of<int64_t>({1'000}) +
                        bytes_of<int32_t>({2'440'588});
  EXPECT_EQ(cells(file(required(PhysicalType::kInt96), moments))[0], "1970-01-01T00:00:00.000001");
  EXPECT_EQ(read(file(required(PhysicalType::kFixedLenByteArray, {}, 3), bytes_of("abcdef"))).column("x").bytes_at(0),
            "def");
}

// ---- layouts ----

TEST(ForeignLayout, DictionaryMayLieWhereTheDataPagesAreSaidToBegin) {
  const auto file = [](std::optional<int64_t> dictionary_offset) {
    HandmadeFile made(required(PhysicalType::kInt64));
    made.dictionary(1, bytes_of<int64_t>({9})).page_v1(2, indices(0, {0, 0}), Encoding::kPlainDictionary).end_group();
    made.chunk().data_page_offset = 4;
    made.chunk().dictionary_page_offset = dictionary_offset;
    return made;
  };
  EXPECT_EQ(cells(file(std::nullopt)), (Cells{"9", "9"}));
  EXPECT_EQ(cells(file(0)), (Cells{"9", "9"}));
}

TEST(ForeignLayout, OldParquetMrDoesNotCountTheHeaderOfTheDictionary) {
  HandmadeFile file(required(PhysicalType::kInt64));
  file.dictionary(1, bytes_of<int64_t>({9})).page_v1(2, indices(0, {0, 0}), Encoding::kPlainDictionary).end_group();
  file.chunk().total_compressed_size -= 14;
  file.metadata().created_by = "parquet-mr version 1.2.8 (build 7)";
  EXPECT_EQ(cells(file), (Cells{"9", "9"}));
  file.metadata().created_by = "parquet-mr version 1.2.9 (build 7)";
  expect_error(ErrorKind::kCorruption, "column x", [&] { read(file); });
}

TEST(ForeignLayout, EachGroupHasAnEncodingOfItsOwn) {
  HandmadeFile file(optional(required(PhysicalType::kInt64)));
  file.dictionary(1, bytes_of<int64_t>({9}));
  file.page_v1(2, prefixed(rle_bits({1, 0})) + indices(0, {0}), Encoding::kRleDictionary).end_group();
  file.page_v2(2, 1, rle_bits({0, 1}), delta<int64_t>({8}), Encoding::kDeltaBinaryPacked).end_group();
  file.page_v2(1, 0, rle_bits({1}), split(bytes_of<int64_t>({7}), 8), Encoding::kByteStreamSplit).end_group();
  file.page_v1(1, bytes_of<uint8_t>({0x80}) + bytes_of<int64_t>({6}), Encoding::kPlain, Encoding::kBitPacked);
  file.end_group();
  EXPECT_EQ(cells(file), (Cells{"9", "-", "-", "8", "7", "6"}));
}

TEST(ForeignLayout, RequiredColumnsMaySayAnythingOfTheirLevels) {
  HandmadeFile file(required(PhysicalType::kInt64));
  file.page_v1(1, bytes_of<int64_t>({6}), Encoding::kPlain, Encoding::kBitPacked).end_group();
  EXPECT_EQ(cells(file), (Cells{"6"}));
}

TEST(ForeignLayout, ChunksInOtherFilesAreNotSupported) {
  HandmadeFile file = one_page(required(PhysicalType::kInt64), 1, bytes_of<int64_t>({6}));
  file.metadata().row_groups[0].columns[0].file_path = "part-0.parquet";
  expect_error(ErrorKind::kNotSupported, "another file, part-0.parquet", [&] { read(file); });
}

TEST(ForeignLayout, WhatLaterWritersAddIsLeftAside) {
  HandmadeFile file(required(PhysicalType::kByteArray, {.id = static_cast<Logical>(16)}));  // the type variant
  file.raw(bytes_of("PAD")).page_v1(1, plain_strings({"v"})).end_group();
  file.chunk().encodings = {Encoding::kPlain, static_cast<Encoding>(77)};
  file.chunk().data_page_offset = 7;
  EXPECT_EQ(type_of(file), "binary");
}

}  // namespace
}  // namespace varve::parquet

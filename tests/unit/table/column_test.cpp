#include "varve/table/column.h"

#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/table/bits.h"
#include "varve/table/select.h"
#include "varve/table/table.h"

#include "support/errors.h"
#include "support/table/random_table.h"

namespace varve {
namespace {

using testing::cells;
using testing::expect_error;
using testing::Random;

template <typename T>
base::BufferPtr buffer_of(const std::vector<T>& values) {
  auto buffer = base::MutableBuffer::allocate(values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(buffer.data(), values.data(), buffer.size());
  return std::move(buffer).finish();
}

ColumnParts strings(const std::vector<int64_t>& offsets, const std::string& bytes) {
  return {.type = DataType::string(),
          .length = static_cast<int64_t>(offsets.size()) - 1,
          .values = buffer_of(std::vector<char>(bytes.begin(), bytes.end())),
          .offsets = buffer_of(offsets)};
}

void expect_refused(const ColumnParts& parts, std::string_view part) {
  expect_error(ErrorKind::kInvalidArgument, part, [&] { Column(parts, true); });
}

TEST(Column, ShowsValuesAndNulls) {
  const Column column = make_column<int64_t>(DataType::int64(), std::vector<int64_t>{1, 2, 3}, {true, false, true});
  EXPECT_EQ(column.length(), 3);
  EXPECT_EQ(column.null_count(), 1);
  EXPECT_TRUE(column.is_null(1));
  EXPECT_EQ(column.values<int64_t>()[2], 3);
}

TEST(Column, IsOfNullsWithoutAnyBuffer) {
  const Column column({.type = DataType::null(), .length = 5});
  EXPECT_EQ(column.null_count(), 5);
  EXPECT_TRUE(column.is_null(4));
  EXPECT_EQ(column.slice(1, 3).null_count(), 3);
}

TEST(Column, NeedsNoBuffersWithoutRows) {
  for (const DataType& type : testing::all_types()) {
    if (type.id == TypeId::kDictionary) continue;
    const Column column({.type = type}, true);
    EXPECT_EQ(column.length(), 0);
    EXPECT_EQ(column.offsets().size(), 1U);
    EXPECT_EQ(column.byte_size(), storage_of(type) == Storage::kVariable ? 8 : 0);
  }
}

TEST(Column, SliceSharesBuffersAndCountsItsOwnNulls) {
  const Column column =
      make_column<int64_t>(DataType::int64(), std::vector<int64_t>{1, 2, 3, 4}, {false, true, true, false});
  const Column middle = column.slice(1, 2);
  EXPECT_EQ(middle.null_count(), 0);
  EXPECT_EQ(middle.values<int64_t>().data(), column.values<int64_t>().data() + 1);
  EXPECT_EQ(column.slice(2, 2).null_count(), 1);
}

TEST(Column, SliceOfASliceCountsFromTheInnerOne) {
  const Column column = make_column(DataType::string(), {"a", "bc", std::nullopt, "d"});
  EXPECT_EQ(cells(column.slice(1, 3).slice(1, 2)), (testing::Cells{std::nullopt, "d"}));
}

TEST(Column, SliceBeyondTheRowsIsRefused) {
  const auto refused = [](int64_t start, int64_t length) {
    const Column column = make_null_column(DataType::int64(), 3);
    expect_error(ErrorKind::kInvalidArgument, "of a column of 3", [&] { (void)column.slice(start, length); });
  };
  refused(-1, 1);
  refused(0, 4);
  refused(4, 0);
  refused(2, -1);
  refused(3, 1);
  refused(1, std::numeric_limits<int64_t>::max());
}

TEST(Column, RandomSlicesAgreeWithTheirRows) {
  Random random;
  for (const DataType& type : testing::all_types()) {
    const Column column = testing::random_column(random, type, {.rows = 150});
    const auto all = cells(column);
    const int64_t start = random.between(0, 150);
    const int64_t length = random.between(0, 150 - start);
    EXPECT_EQ(cells(column.slice(start, length)), testing::Cells(all.begin() + start, all.begin() + start + length));
  }
}

TEST(Column, ByteSizeCountsTheRowsShown) {
  EXPECT_EQ(make_column(DataType::string(), {"abc", "de"}).slice(1, 1).byte_size(), 2 + 2 * 8);
  EXPECT_EQ(make_null_column(DataType::int64(), 16).byte_size(), 2 + 16 * 8);
  EXPECT_EQ(make_null_column(DataType::boolean(), 9).byte_size(), 2 + 2);
}

TEST(Column, BuffersThatAreTooSmallAreRefused) {
  const auto eight = buffer_of<int64_t>({1});
  expect_refused({.type = DataType::int64(), .length = 2, .values = eight}, "too few");
  expect_refused({.type = DataType::int64(), .length = 1, .values = eight, .offset = 1}, "too few");
  expect_refused({.type = DataType::int64(), .length = 1}, "too few");
  expect_refused({.type = DataType::boolean(), .length = 65, .values = eight}, "too few");
  expect_refused({.type = DataType::decimal(5, 2), .length = 1, .values = eight}, "too few");
  expect_refused({.type = DataType::int64(), .length = 1, .validity = buffer_of<char>({}), .values = eight}, "too few");
}

TEST(Column, LengthsThatOverflowAreRefused) {
  const auto eight = buffer_of<int64_t>({1});
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  expect_refused({.type = DataType::int64(), .length = -1, .values = eight}, "-1 rows");
  expect_refused({.type = DataType::int64(), .length = kHuge, .values = eight}, "rows");
  expect_refused({.type = DataType::int64(), .length = 1, .values = eight, .offset = kHuge}, "rows");
  expect_refused({.type = DataType::int64(), .length = int64_t{1} << 56, .values = eight}, "too few");
}

TEST(Column, OffsetsOutOfBoundsAreRefused) {
  expect_refused(strings({0, 4}, "abc"), "outside its 3 bytes");
  expect_refused(strings({-1, 3}, "abc"), "outside its 3 bytes");
  expect_refused(strings({0, 3, 1, 3}, "abc"), "fall from 3 to 1 at row 1");
  expect_refused(strings({0, 9, 3}, "abc"), "fall from 9 to 3");
  EXPECT_EQ(cells(Column(strings({1, 1, 3}, "abc"), true)), (testing::Cells{"", "bc"}));
}

TEST(Column, StringsAreCheckedToBeUtf8OneByOne) {
  EXPECT_EQ(Column(strings({0, 2, 5}, "é€"), true).bytes_at(1), "€");
  expect_refused(strings({0, 1, 2}, "é"), "row 0 of a string column is not UTF-8");
  expect_refused(strings({0, 1, 3}, "a\xC0\xAF"), "row 1");
  expect_refused(strings({0, 3}, "\xED\xA0\x80"), "row 0");
  expect_refused(strings({0, 4}, "\xF4\x90\x80\x80"), "row 0");
  ColumnParts binary = strings({0, 1, 2}, "é");
  binary.type = DataType::binary();
  EXPECT_EQ(Column(binary, true).length(), 2);
}

TEST(Column, BytesOfNullStringsAreNotLookedAt) {
  ColumnParts parts = strings({0, 1, 2}, "\xFFz");
  parts.validity = buffer_of<uint8_t>({2});
  EXPECT_EQ(cells(Column(parts, true)), (testing::Cells{std::nullopt, "z"}));
}

TEST(Column, IndicesOutsideTheDictionaryAreRefused) {
  ColumnParts parts{.type = DataType::dictionary(DataType::string()),
                    .length = 3,
                    .values = buffer_of<int32_t>({0, 1, -1}),
                    .dictionary = std::make_shared<const Column>(make_column(DataType::string(), {"a", "b"}))};
  expect_refused(parts, "row 2 of a column points to value -1 of a dictionary of 2");
  parts.validity = buffer_of<uint8_t>({3});
  EXPECT_EQ(cells(Column(parts, true)), (testing::Cells{"a", "b", std::nullopt}));
}

TEST(Column, DictionariesThatDoNotFitAreRefused) {
  const auto with = [](std::optional<Column> dictionary) {
    ColumnParts parts{.type = DataType::dictionary(DataType::string()), .length = 1, .values = buffer_of<int32_t>({0})};
    if (dictionary) parts.dictionary = std::make_shared<const Column>(*dictionary);
    return parts;
  };
  expect_refused(with(std::nullopt), "no dictionary");
  expect_refused(with(make_null_column(DataType::int64(), 0)), "a dictionary of int64");
  expect_refused(with(make_column(DataType::string(), {std::nullopt})), "holds a null");
}

TEST(Column, NullCountOfOthersIsNotTrusted) {
  ColumnParts parts{.type = DataType::int64(),
                    .length = 2,
                    .validity = buffer_of<uint8_t>({1}),
                    .values = buffer_of<int64_t>({1, 2}),
                    .null_count = 0};
  EXPECT_EQ(Column(parts, true).null_count(), 1);
}

// A buffer of `size` bytes that hold small numbers, in which wrong offsets and indices are sometimes right.
base::BufferPtr random_buffer(Random& random, int64_t size) {
  auto bytes = random.bytes(static_cast<size_t>(size));
  const bool ones = random.one_in(2);
  for (size_t at = 0; at < bytes.size(); ++at) {
    if (at % 4 != 0 || !ones) bytes[at] = at % 8 == 0 ? bytes[at] & std::byte{3} : std::byte{0};
  }
  return random.one_in(10) ? nullptr : buffer_of(bytes);
}

TEST(Column, RandomPartsAreRefusedOrCanBeRead) {
  Random random;
  const std::vector<DataType> types = testing::all_types();
  int64_t readable = 0;
  for (int round = 0; round < 20'000; ++round) {
    const int64_t size = random.between(0, 200);
    ColumnParts parts{.type = random.pick(types), .length = random.between(-1, 12), .offset = random.between(0, 5)};
    if (random.one_in(2)) parts.validity = random_buffer(random, random.between(0, 3));
    parts.values = random_buffer(random, size);
    parts.offsets = random_buffer(random, random.between(0, 200));
    if (parts.type.id == TypeId::kDictionary) {
      parts.dictionary = std::make_shared<const Column>(
          testing::random_column(random, *parts.type.value_type, {.rows = random.between(0, 4), .nulls = false}));
    }
    try {
      const Column column(parts, true);
      EXPECT_TRUE(equals(column, column));
      EXPECT_EQ(cells(column).size(), static_cast<size_t>(parts.length));
      const std::vector<Column> pieces = {column, column.slice(column.length() / 2, column.length() / 3)};
      EXPECT_EQ(table::concatenate(pieces).length(), pieces[0].length() + pieces[1].length());
      readable += column.length() > 0 ? 1 : 0;
    } catch (const InvalidArgument&) {}
  }
  EXPECT_GT(readable, 1000);
}

TEST(Column, MadeOfValuesThatDoNotFitIsRefused) {
  expect_error(ErrorKind::kInvalidArgument, "do not make a column of int64",
               [] { make_column<int32_t>(DataType::int64(), std::vector<int32_t>{1}); });
  expect_error(ErrorKind::kInvalidArgument, "do not make a column", [] {
    make_column<int64_t>(DataType::int64(), std::vector<int64_t>{1}, {true, true});
  });
}

TEST(Column, MadeOfBooleansIsPacked) {
  const bool values[] = {true, false, true};
  const Column column = make_column<bool>(DataType::boolean(), values, {true, true, false});
  EXPECT_EQ(cells(column), (testing::Cells{"true", "false", std::nullopt}));
}

TEST(Bits, CopiesAndCountsAgreeWithABitByBitModel) {
  Random random;
  for (int round = 0; round < 2000; ++round) {
    const auto source = random.bytes(40);
    auto target = random.bytes(40);
    const auto before = target;
    const BitSpan bits{reinterpret_cast<const uint8_t*>(source.data()), random.between(0, 130), random.between(0, 190)};
    const int64_t at = random.between(0, 320 - bits.length);
    table::copy_bits(bits, reinterpret_cast<uint8_t*>(target.data()), at);
    const BitSpan was{reinterpret_cast<const uint8_t*>(before.data()), 0, 320};
    const BitSpan is{reinterpret_cast<const uint8_t*>(target.data()), 0, 320};
    int64_t set = 0;
    for (int64_t row = 0; row < 320; ++row) {
      const bool inside = row >= at && row < at + bits.length;
      ASSERT_EQ(is[row], inside ? bits[row - at] : was[row]);
      set += static_cast<int64_t>(inside && is[row]);
    }
    ASSERT_EQ(count_set(bits), set);
  }
}

TEST(Bits, AreReadByWordsWithoutLookingBehindTheLast) {
  Random random;
  for (int round = 0; round < 2000; ++round) {
    const int64_t offset = random.between(0, 20);
    const int64_t count = random.between(1, 64);
    const auto source = random.bytes(table::bytes_for_bits(offset + count));
    const BitSpan bits{reinterpret_cast<const uint8_t*>(source.data()), offset, count};
    const uint64_t word = table::read_bits(bits, 0, count);
    for (int64_t row = 0; row < 64; ++row) ASSERT_EQ((word >> row) & 1, row < count && bits[row] ? 1U : 0U);
  }
}

TEST(Bits, SettingKeepsTheBitsAround) {
  Random random;
  for (int round = 0; round < 500; ++round) {
    const bool value = random.one_in(2);
    std::vector<uint8_t> target(20, value ? 0 : 0xFF);
    const int64_t at = random.between(0, 160);
    const int64_t length = random.between(0, 160 - at);
    table::set_bits(target.data(), at, length, value);
    const BitSpan bits{target.data(), 0, 160};
    for (int64_t row = 0; row < 160; ++row) ASSERT_EQ(bits[row] == value, row >= at && row < at + length);
  }
}

}  // namespace
}  // namespace varve

#include "varve/table/builder.h"

#include <limits>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/table/half.h"

#include "support/errors.h"
#include "support/table/random_table.h"

namespace varve::table {
namespace {

using testing::Cells;
using testing::cells;
using testing::expect_error;

void expect_refused(const DataType& type, std::string_view part, const std::function<void(ColumnBuilder&)>& append) {
  ColumnBuilder builder(type);
  expect_error(ErrorKind::kInvalidArgument, part, [&] { append(builder); });
  EXPECT_EQ(builder.finish().length(), 0);
}

TEST(ColumnBuilder, GivesRowsInTheOrderTheyCame) {
  ColumnBuilder builder(DataType::string());
  builder.append_bytes("a");
  builder.append_null();
  builder.append_bytes("");
  EXPECT_EQ(builder.length(), 3);
  EXPECT_EQ(cells(builder.finish()), (Cells{"a", std::nullopt, ""}));
}

TEST(ColumnBuilder, IsEmptyAfterFinishAndUsableAgain) {
  for (const DataType& type : {DataType::dictionary(DataType::string()), DataType::string(), DataType::binary()}) {
    ColumnBuilder builder(type);
    builder.append_bytes("a");
    builder.append_null();
    (void)builder.finish();
    EXPECT_EQ(builder.length(), 0);
    builder.append_bytes("b");
    const Column column = builder.finish();
    EXPECT_EQ(column.null_count(), 0);
    EXPECT_EQ(column.bytes_at(0), "b");
  }
}

TEST(ColumnBuilder, KeepsOneDictionaryValueForManyRows) {
  ColumnBuilder builder(DataType::dictionary(DataType::string()));
  for (int row = 0; row < 100; ++row) builder.append_bytes(row % 2 == 0 ? "AAPL" : "MSFT");
  const Column column = builder.finish();
  EXPECT_EQ(column.dictionary().length(), 2);
  EXPECT_EQ(column.bytes_at(99), "MSFT");
}

TEST(ColumnBuilder, FirstNullAfterManyRows) {
  ColumnBuilder builder(DataType::boolean());
  for (int row = 0; row < 1000; ++row) builder.append_boolean(row % 3 == 0);
  builder.append_null();
  const Column column = builder.finish();
  EXPECT_EQ(column.null_count(), 1);
  EXPECT_TRUE(column.is_null(1000));
  EXPECT_EQ(count_set(column.bits()), 334);
}

TEST(ColumnBuilder, ReserveChangesNothing) {
  for (const DataType& type : testing::all_types()) {
    ColumnBuilder builder(type);
    builder.reserve(1000);
    builder.append_null();
    EXPECT_EQ(builder.finish().null_count(), 1) << to_string(type);
  }
}

TEST(ColumnBuilder, IntegersOutOfRangeAreRefused) {
  const auto integer = [](int64_t value) { return [value](ColumnBuilder& builder) { builder.append_int64(value); }; };
  expect_refused(parse_type("int8"), "128 does not fit into int8", integer(128));
  expect_refused(parse_type("int16"), "-32769", integer(-32769));
  expect_refused(DataType::date(), "2147483648", integer(2147483648));
  expect_refused(DataType::uint64(), "-1 does not fit into uint64", integer(-1));
  expect_refused(parse_type("uint8"), "256", integer(256));
  expect_refused(DataType::time(TimeUnit::kSecond), "86400", integer(86400));
  expect_refused(DataType::time(TimeUnit::kNano), "-1", integer(-1));
}

TEST(ColumnBuilder, ValuesOfAnotherTypeAreRefused) {
  expect_refused(DataType::int64(), "into int64", [](ColumnBuilder& builder) { builder.append_double(1.5); });
  expect_refused(DataType::float64(), "into float64", [](ColumnBuilder& builder) { builder.append_uint64(1); });
  expect_refused(DataType::int64(), "into int64", [](ColumnBuilder& builder) { builder.append_uint64(1); });
  expect_refused(DataType::int64(), "\"x\"", [](ColumnBuilder& builder) { builder.append_bytes("x"); });
  expect_refused(DataType::int64(), "true", [](ColumnBuilder& builder) { builder.append_boolean(true); });
  expect_refused(DataType::float64(), "decimal", [](ColumnBuilder& builder) { builder.append_decimal(1); });
}

TEST(ColumnBuilder, EdgesOfTheRangesFit) {
  ColumnBuilder builder(DataType::uint64());
  builder.append_uint64(std::numeric_limits<uint64_t>::max());
  builder.append_int64(std::numeric_limits<int64_t>::max());
  EXPECT_EQ(cells(builder.finish()), (Cells{"18446744073709551615", "9223372036854775807"}));
}

TEST(ColumnBuilder, DecimalsKeepToTheirPrecision) {
  const DataType type = DataType::decimal(4, 2);
  ColumnBuilder builder(type);
  builder.append_decimal(9999);
  builder.append_decimal(-5);
  EXPECT_EQ(cells(builder.finish()), (Cells{"99.99", "-0.05"}));
  expect_refused(type, "into decimal(4, 2)", [](ColumnBuilder& more) { more.append_decimal(10000); });
  expect_refused(type, "into decimal(4, 2)", [](ColumnBuilder& more) { more.append_decimal(-10000); });
}

TEST(ColumnBuilder, TextMustBeUtf8AndFixedBinaryOfItsWidth) {
  expect_refused(DataType::string(), "not UTF-8", [](ColumnBuilder& builder) { builder.append_bytes("\xFF"); });
  expect_refused(DataType::dictionary(DataType::string()), "not UTF-8",
                 [](ColumnBuilder& builder) { builder.append_bytes("\xFF"); });
  expect_refused(DataType::fixed_binary(2), "3 bytes", [](ColumnBuilder& builder) { builder.append_bytes("abc"); });
}

TEST(ColumnBuilder, FloatsAreRoundedButDoNotBecomeInfinite) {
  ColumnBuilder builder(DataType::float32());
  builder.append_double(0.1);
  builder.append_double(-std::numeric_limits<double>::infinity());
  EXPECT_EQ(cells(builder.finish()), (Cells{"0.1", "-inf"}));
  expect_refused(DataType::float32(), "into float32", [](ColumnBuilder& more) { more.append_double(1e300); });
  expect_refused(parse_type("float16"), "into float16", [](ColumnBuilder& more) { more.append_double(65520); });
}

TEST(ColumnBuilder, ADictionaryOfNumbersCannotBeBuilt) {
  expect_error(ErrorKind::kInvalidArgument, "dictionary<int64>",
               [] { ColumnBuilder builder(DataType::dictionary(DataType::int64())); });
}

TEST(Half, AllValuesGoToFloatAndBack) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = half_to_float(half);
    if (value != value) {
      EXPECT_GT(double_to_half(value) & 0x7FFF, 0x7C00);
    } else {
      ASSERT_EQ(double_to_half(value), half);
    }
  }
}

TEST(Half, RoundsToTheNearestAndTiesToEven) {
  EXPECT_EQ(double_to_half(1.0 + 0x1p-11), double_to_half(1.0));
  EXPECT_EQ(double_to_half(1.0 + 3 * 0x1p-11), double_to_half(1.0 + 0x1p-9));
  EXPECT_EQ(double_to_half(0x1p-25), 0);
  EXPECT_EQ(double_to_half(0x1.8p-25), 1);
  EXPECT_EQ(half_to_float(double_to_half(65519.9)), 65504.0F);
  EXPECT_EQ(half_to_float(double_to_half(2047.9999)), 2048.0F);
}

}  // namespace
}  // namespace varve::table

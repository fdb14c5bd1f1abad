// Floats that are decimals at heart: found, made decimals, and floats again, bit by bit.
#include "varve/table/decimals/float_decimal.h"

#include <bit>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/table/cast.h"
#include "varve/table/table.h"

#include "support/errors.h"
#include "support/random.h"

namespace varve::table {
namespace {

using testing::expect_error;

Column floats(const std::vector<double>& values, const std::vector<bool>& valid = {}) {
  return make_column<double>(DataType::float64(), values, valid);
}

double power(int64_t exponent) { return std::pow(10.0, static_cast<double>(exponent)); }

TEST(FloatDecimal, IsTheDecimalOfTheLeastScale) {
  const auto digits = [](double value) { return decimal_of(value, 9).value(); };
  EXPECT_EQ(digits(1.1).digits, 11);
  EXPECT_EQ(digits(1.1).scale, 1);
  EXPECT_EQ(digits(-1.08765).digits, -108765);
  EXPECT_EQ(digits(-1.08765).scale, 5);
  EXPECT_EQ(digits(250).scale, 0);
  EXPECT_EQ(digits(0).digits, 0);
  EXPECT_EQ(digits(1e-9).scale, 9);
  EXPECT_EQ(digits(999'999'999'999'999.0).scale, 0);
}

TEST(FloatDecimal, WhatIsNoDecimalIsNone) {
  for (const double value : {0.1 + 0.2, 1.0 / 3, -0.0, 1e-10, 1e15, 1e300, 123'456'789'012'345.6, std::nan(""),
                             std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                             std::numeric_limits<double>::denorm_min()}) {
    EXPECT_FALSE(decimal_of(value, 9)) << value;
  }
}

TEST(FloatDecimal, TheScaleIsThatOfTheValueWithMostPlaces) {
  EXPECT_EQ(decimal_scale(floats({1, 2.5, 1.25, 3}), 0, 9), 2);
  EXPECT_EQ(decimal_scale(floats({1, 2}), 5, 9), 5);
  EXPECT_EQ(decimal_scale(floats({999'999'999'999'999, 0.5}), 0, 9), 1);
  EXPECT_EQ(decimal_scale(floats({0.5, 999'999'999'999'999}), 0, 9), 1);
  EXPECT_EQ(decimal_scale(floats({std::nan(""), 0.5}, {false, true}), 0, 9), 1);
  expect_error(ErrorKind::kSchemaCompatibility, "row 1 is nan, which is no decimal of at most 9 places", [] {
    (void)decimal_scale(floats({1, std::nan("")}), 0, 9);
  });
  expect_error(ErrorKind::kSchemaCompatibility, "row 0 is -0.0", [] { (void)decimal_scale(floats({-0.0}), 0, 9); });
}

TEST(FloatDecimal, DecimalsOfMoreDigitsThanTheTypeAreRefused) {
  const Column large = floats({1, 12'345'678'901});
  EXPECT_EQ(to_decimal(large, DataType::decimal(18, 7)).values<Int128>()[1], Int128{12'345'678'901} * 10'000'000);
  expect_error(ErrorKind::kSchemaCompatibility, "row 1 is 12345678901.0",
               [&] { (void)to_decimal(large, DataType::decimal(18, 8)); });
  expect_error(ErrorKind::kSchemaCompatibility, "row 0 is 1.25",
               [] { (void)to_decimal(floats({1.25}), DataType::decimal(18, 1)); });
}

TEST(FloatDecimal, LongDecimalsAreNoFloats) {
  const auto decimal = [](Int128 unscaled, int32_t scale) {
    return make_column<Int128>(DataType::decimal(38, scale), std::vector<Int128>{unscaled});
  };
  EXPECT_EQ(to_float(decimal(Int128{15} * 1'000'000'000'000'000'000, 20)).values<double>()[0], 0.15);
  EXPECT_EQ(to_float(decimal(0, 38)).values<double>()[0], 0);
  expect_error(ErrorKind::kSchemaCompatibility, "at most 15 digits",
               [&] { (void)to_float(decimal(1'234'567'890'123'456, 3)); });
}

TEST(FloatDecimal, NullsStayNullWhateverLiesBeneath) {
  const Column column = floats({0.1 + 0.2, 2.5}, {false, true});
  const Column there = to_decimal(column, DataType::decimal(18, 1));
  const Column back = to_float(there);
  EXPECT_TRUE(there.is_null(0) && back.is_null(0));
  EXPECT_EQ(back.values<double>()[1], 2.5);
}

TEST(FloatDecimal, PricesOnAnyGridComeBackBitByBit) {
  testing::Random random;
  for (int round = 0; round < 400; ++round) {
    const int64_t scale = random.between(0, 9);
    const int64_t ticks = random.pick(std::vector<int64_t>{1, 5, 25, 125});
    const int64_t most = static_cast<int64_t>(power(random.between(3, 15))) / ticks - 1;
    std::vector<double> values;
    for (int row = 0; row < 100; ++row) {
      values.push_back(static_cast<double>(random.between(-most, most) * ticks) / power(scale));
      if (values.back() == 0) values.back() = 0;  // no negative zero
    }
    const Column column = floats(values);
    const int32_t needed = decimal_scale(column, 0, 9);
    ASSERT_LE(needed, scale);
    const Column decimals = cast(column, DataType::decimal(18, needed));
    ASSERT_TRUE(equals(cast(decimals, DataType::float64()), column));
    const Column finer = cast(decimals, DataType::decimal(18, needed + 1));  // as in files of a later scale
    ASSERT_TRUE(equals(cast(finer, DataType::float64()), column));
  }
}

}  // namespace
}  // namespace varve::table

#include "varve/parquet/read/conversion.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/table/decimal.h"

#include "support/errors.h"

namespace varve::parquet {
namespace {

using testing::expect_error;

// A column of decimals, and values as it stores them.
class StoredDecimals {
 public:
  StoredDecimals(PhysicalType type, int32_t precision, int32_t width = 0) : precision_(precision), width_(width) {
    column_.element.type = type;
    column_.element.type_length = width;
    column_.type = DataType::decimal(precision, 0);
    if (type == PhysicalType::kInt32) width_ = 4;
    if (type == PhysicalType::kInt64) width_ = 8;
  }

  [[nodiscard]] std::vector<Int128> read(const std::vector<Int128>& values) const {
    const Conversion conversion = conversion_of(column_);
    std::vector<int64_t> offsets{0};
    std::vector<std::byte> stored;
    for (const Int128 value : values) {
      append(value, stored);
      offsets.push_back(std::ssize(stored));
    }
    std::vector<Int128> read(values.size());
    auto* out = reinterpret_cast<std::byte*>(read.data());
    if (column_.element.type == PhysicalType::kByteArray) {
      convert_byte_arrays(conversion, offsets, stored.data(), out);
    } else {
      conversion.function(conversion, stored.data(), std::ssize(values), out);
    }
    return read;
  }
  [[nodiscard]] Int128 largest() const { return table::power_of_ten(precision_) - 1; }

 private:
  // Integers end with their highest byte, bytes begin with it.
  void append(Int128 value, std::vector<std::byte>& stored) const {
    const size_t begin = stored.size();
    for (int32_t byte = 0; byte < width_; ++byte, value >>= 8) stored.push_back(static_cast<std::byte>(value));
    const bool is_integer =
        column_.element.type == PhysicalType::kInt32 || column_.element.type == PhysicalType::kInt64;
    if (!is_integer) std::reverse(stored.begin() + static_cast<ptrdiff_t>(begin), stored.end());
  }

  LeafColumn column_;
  int32_t precision_;
  int32_t width_;
};

std::vector<StoredDecimals> every_way() {
  return {
      {PhysicalType::kInt32, 1},
      {PhysicalType::kInt32, 9},
      {PhysicalType::kInt64, 9},
      {PhysicalType::kInt64, 18},
      {PhysicalType::kFixedLenByteArray, 4, 2},
      {PhysicalType::kFixedLenByteArray, 18, 16},
      {PhysicalType::kFixedLenByteArray, 37, 16},
      {PhysicalType::kFixedLenByteArray, 38, 17},
      {PhysicalType::kByteArray, 7, 5},
      {PhysicalType::kByteArray, 38, 16},
  };
}

TEST(Conversion, DecimalsOfAllTheColumnsDigitsAreRead) {
  for (const StoredDecimals& stored : every_way()) {
    const std::vector<Int128> values = {0, stored.largest(), -1, -stored.largest(), 5};
    EXPECT_TRUE(stored.read(values) == values);
    EXPECT_TRUE(stored.read({}).empty());
  }
}

TEST(Conversion, DecimalOfMoreDigitsIsCorruption) {
  for (const StoredDecimals& stored : every_way()) {
    for (const Int128 value : {stored.largest() + 1, -stored.largest() - 1}) {
      expect_error(ErrorKind::kCorruption, "digits in a column of", [&] {
        static_cast<void>(stored.read({0, value, 1}));
      });
    }
  }
}

TEST(Conversion, MessageCountsTheDigits) {
  const StoredDecimals stored(PhysicalType::kInt64, 5);
  expect_error(ErrorKind::kCorruption, "a decimal of 7 digits in a column of 5", [&] {
    static_cast<void>(stored.read({-3, -1'234'567, 123'456}));
  });
}

TEST(Conversion, DecimalsInBytesOfEveryLength) {
  for (int64_t size = 1; size <= 20; ++size) {
    std::vector<std::byte> bytes(static_cast<size_t>(size), std::byte{0xFF});
    EXPECT_TRUE(decimal_of(bytes.data(), size) == -1) << size;
    Int128 expected = -1;
    for (int64_t at = std::max<int64_t>(size - 16, 0); at < size; ++at) {
      const bool is_sign = at == size - 16 || at == 0;
      bytes[static_cast<size_t>(at)] = static_cast<std::byte>((is_sign ? 0xF0 : 0x10) + at);
      expected = expected * 256 + std::to_integer<int>(bytes[static_cast<size_t>(at)]);
    }
    EXPECT_TRUE(decimal_of(bytes.data(), size) == expected) << size;
  }
}

// Any 64 bits have at most 19 digits.
TEST(Conversion, WideColumnsTakeEveryNumberOfTheirType) {
  constexpr auto kLeast = std::numeric_limits<int64_t>::min();
  const StoredDecimals stored(PhysicalType::kInt64, 19);
  EXPECT_TRUE(stored.read({kLeast, -(kLeast + 1)}) == (std::vector<Int128>{kLeast, -(kLeast + 1)}));
}

}  // namespace
}  // namespace varve::parquet

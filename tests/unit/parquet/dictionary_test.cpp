#include "varve/parquet/write/dictionary.h"

#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "varve/parquet/write/value_grid.h"

#include "support/random.h"

namespace varve::parquet {
namespace {

using testing::Random;

template <typename T>
std::vector<uint64_t> bits_of(const std::vector<T>& values) {
  std::vector<uint64_t> bits;
  for (const T value : values) bits.push_back(std::bit_cast<uint64_t>(value));
  return bits;
}

std::vector<double> prices(Random& random, double tick, size_t count) {
  std::vector<double> values;
  int64_t ticks = 10'000;
  for (size_t row = 0; row < count; ++row) values.push_back(static_cast<double>(ticks += random.between(-9, 9)) * tick);
  return values;
}

struct Encoded {
  bool within_limits = false;
  std::vector<uint32_t> codes;
  std::vector<uint64_t> entries;
  bool operator==(const Encoded&) const = default;
};

// Encodes in two calls, as pages are.
template <typename T>
Encoded encode_by(NumberDictionary<uint64_t>& dictionary, const std::vector<T>& values,
                  const std::optional<ValueGrid>& grid, DictionaryLimits limits = {}) {
  dictionary.clear(grid);
  const auto bits = bits_of(values);
  Encoded result{.codes = std::vector<uint32_t>(bits.size())};
  const auto [head, tail] = std::pair(std::span(bits).first(bits.size() / 3), std::span(bits).subspan(bits.size() / 3));
  result.within_limits = dictionary.encode(head, result.codes.data(), limits) &&
                         dictionary.encode(tail, result.codes.data() + head.size(), limits);
  if (!result.within_limits) return {};
  result.entries.assign(dictionary.entries().begin(), dictionary.entries().end());
  return result;
}

template <typename T>
Encoded encode(const std::vector<T>& values, const std::optional<ValueGrid>& grid, DictionaryLimits limits = {}) {
  NumberDictionary<uint64_t> dictionary;
  return encode_by(dictionary, values, grid, limits);
}

TEST(NumberDictionary, GivesBackWhatItTookByGridAndByHash) {
  Random random;
  const auto values = prices(random, 0.01, 50'000);
  const Encoded encoded = encode(values, ValueGrid::find_ticks(values));
  for (size_t row = 0; row < values.size(); ++row) {
    ASSERT_EQ(encoded.entries[encoded.codes[row]], std::bit_cast<uint64_t>(values[row])) << row;
  }
  EXPECT_EQ(encoded, encode(values, std::nullopt));
}

TEST(NumberDictionary, ValuesOffTheGridChangeNothing) {
  Random random;
  const std::vector<double> strangers = {std::nan(""), -0.0,   0.0,     1e300,
                                         -1e300,       1e-300, 100.005, std::numeric_limits<double>::infinity()};
  for (int round = 0; round < 50; ++round) {
    auto values = prices(random, 0.01, 10'000);
    const auto grid = ValueGrid::find_ticks(values);
    for (int count = 0; count < 3; ++count) {
      values[static_cast<size_t>(random.between(0, std::ssize(values) - 1))] = random.pick(strangers);
    }
    ASSERT_TRUE(grid.has_value());
    EXPECT_EQ(encode(values, grid), encode(values, std::nullopt));
  }
}

TEST(NumberDictionary, IntegersAreAlikeByGridAndByHash) {
  Random random;
  const std::vector<int64_t> strangers = {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(),
                                          1'000'000, -1'000'000};
  for (int round = 0; round < 50; ++round) {
    std::vector<int64_t> values(10'000);
    for (int64_t& value : values) value = random.between(-20'000, 30'000);
    const auto grid = ValueGrid::find_integers(values);
    ASSERT_TRUE(grid.has_value());
    const Encoded placed = encode(values, grid);
    for (size_t row = 0; row < values.size(); ++row) {
      ASSERT_EQ(placed.entries[placed.codes[row]], static_cast<uint64_t>(values[row])) << row;
    }
    EXPECT_EQ(placed, encode(values, std::nullopt));
    for (int count = 0; count < 2; ++count) {
      values[static_cast<size_t>(random.between(0, std::ssize(values) - 1))] = random.pick(strangers);
    }
    EXPECT_EQ(encode(values, grid), encode(values, std::nullopt));
  }
}

TEST(NumberDictionary, ClearForgetsTheGridBefore) {
  Random random;
  NumberDictionary<uint64_t> dictionary;
  for (int round = 0; round < 20; ++round) {
    const auto values = prices(random, random.pick(std::vector<double>{0.01, 0.5, 3.0}), 3'000);
    auto some = values;
    if (random.one_in(2)) some.back() = std::nan("");  // leaves the grid
    const auto grid = random.one_in(4) ? std::nullopt : ValueGrid::find_ticks(values);
    EXPECT_EQ(encode_by(dictionary, some, grid), encode(some, std::nullopt)) << round;
  }
}

TEST(NumberDictionary, StopsAtItsLimitsByGridAndByHash) {
  std::vector<double> values(5'000);
  for (size_t row = 0; row < values.size(); ++row) values[row] = static_cast<double>(row) / 4;
  for (const size_t entries : std::vector<size_t>{1, 1'000, 4'999, 5'000, 5'001}) {
    const DictionaryLimits limits{.entries = entries};
    EXPECT_EQ(encode(values, ValueGrid::find_ticks(values), limits).within_limits, entries >= values.size()) << entries;
    EXPECT_EQ(encode(values, std::nullopt, limits).within_limits, entries >= values.size()) << entries;
  }
}

TEST(ValueGrid, FindsTicksOfMarkets) {
  Random random;
  for (const double tick : {0.01, 0.25, 0.5, 1.0, 0.00005, 0.00001, 1e-8, 0.03125, 100.0}) {
    EXPECT_TRUE(ValueGrid::find_ticks(prices(random, tick, 100)).has_value()) << tick;
  }
}

TEST(ValueGrid, FreeNumbersLieOnNone) {
  EXPECT_FALSE(ValueGrid::find_ticks(std::vector<double>{1.0, 2.0, 3.14159265358979}).has_value());
  EXPECT_FALSE(ValueGrid::find_ticks(std::vector<double>{1.0, std::nan("")}).has_value());
  EXPECT_FALSE(ValueGrid::find_ticks(std::vector<double>{1.0, 1e18}).has_value());
  EXPECT_FALSE(ValueGrid::find_ticks(std::vector<double>{1.0, 2'000'001.0, 0.5}).has_value());
  EXPECT_FALSE(ValueGrid::find_ticks(std::vector<double>{}).has_value());
}

constexpr int64_t kLeastInteger = std::numeric_limits<int64_t>::min();
constexpr int64_t kGreatestInteger = std::numeric_limits<int64_t>::max();
constexpr auto kPlaces = static_cast<int64_t>(ValueGrid::kPlaces);

TEST(ValueGrid, HoldsIntegersThatLieNearEachOther) {
  for (const int64_t least : {kLeastInteger, int64_t{-5}, kGreatestInteger - kPlaces + 1}) {
    const std::vector<int64_t> values = {least, least + 1, least + kPlaces - 1};
    const auto grid = ValueGrid::find_integers(values);
    ASSERT_TRUE(grid.has_value()) << least;
    std::vector<uint32_t> places(values.size());
    ASSERT_TRUE(grid->place(bits_of(values), places.data())) << least;
    EXPECT_EQ(places[1], places[0] + 1);
  }
}

TEST(ValueGrid, HasNoPlaceForIntegersFarFromItsSample) {
  const auto grid = ValueGrid::find_integers(std::vector<int64_t>{1, 2, 3});
  for (const int64_t value : {kLeastInteger, -kPlaces, kPlaces, kGreatestInteger}) {
    uint32_t place = 0;
    EXPECT_FALSE(grid->place(bits_of(std::vector<int64_t>{value}), &place)) << value;
  }
}

TEST(ValueGrid, IntegersFarFromEachOtherLieOnNone) {
  EXPECT_FALSE(ValueGrid::find_integers(std::vector<int64_t>{0, kPlaces}).has_value());
  EXPECT_FALSE(ValueGrid::find_integers(std::vector<int64_t>{kLeastInteger, kGreatestInteger}).has_value());
  EXPECT_FALSE(ValueGrid::find_integers(std::vector<int64_t>{}).has_value());
}

TEST(ValueGrid, NeighboursLieSideBySide) {
  const std::vector<double> values = {10.25, 10.5, 10.75, 9.25};
  const auto grid = ValueGrid::find_ticks(values);
  ASSERT_TRUE(grid.has_value());
  std::vector<uint32_t> places(values.size());
  ASSERT_TRUE(grid->place(bits_of(values), places.data()));
  EXPECT_EQ(places[1], places[0] + 1);
  EXPECT_EQ(places[2], places[0] + 2);
  EXPECT_EQ(places[3], places[0] - 4);
}

TEST(BytesDictionary, TellsStringsOfAllLengthsApart) {
  Random random;
  std::string characters;
  std::vector<size_t> ends = {0};
  for (int row = 0; row < 5'000; ++row) {
    characters.append(static_cast<size_t>(random.between(0, 40)), random.one_in(3) ? 'a' : '\0');
    if (random.one_in(2) && characters.size() > ends.back()) characters.back() = 'b';
    ends.push_back(characters.size());
  }
  const auto value_at = [&](size_t row) {
    return std::string_view(characters).substr(ends[row], ends[row + 1] - ends[row]);
  };
  BytesDictionary dictionary;
  std::vector<uint32_t> codes(ends.size() - 1);
  ASSERT_TRUE(dictionary.encode(codes.size(), value_at, codes.data(), {}));
  std::map<std::string_view, uint32_t> expected;
  for (size_t row = 0; row < codes.size(); ++row) {
    const auto code = expected.try_emplace(value_at(row), static_cast<uint32_t>(expected.size())).first->second;
    ASSERT_EQ(codes[row], code) << row;
  }
}

}  // namespace
}  // namespace varve::parquet

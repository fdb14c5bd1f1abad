#include "varve/parquet/number_loops.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include "support/random.h"

namespace varve::parquet {
namespace {

using testing::Random;

constexpr size_t kSizeMax = 200;

// Runs the loops of one kind of processor that this one can run.
class NumberLoopsTest : public ::testing::TestWithParam<int64_t> {
 protected:
  NumberLoopsTest() { hwy::SetSupportedTargetsForTest(GetParam()); }
  ~NumberLoopsTest() override { hwy::SetSupportedTargetsForTest(0); }

  // Numbers of any bits: all extremes, and every kind of NaN.
  template <typename T>
  std::vector<T> numbers(size_t count) {
    const std::vector<std::byte> bytes = random_.bytes(count * sizeof(T));
    std::vector<T> numbers(count);
    if (count > 0) std::memcpy(numbers.data(), bytes.data(), bytes.size());
    return numbers;
  }

  template <typename T>
  void expect_extremes() {
    for (size_t size = 1; size < kSizeMax; ++size) {
      std::vector<T> values = numbers<T>(size);
      const Extremes<T> found = extremes_of(std::span<const T>(values));
      const auto nans = std::erase_if(values, [](T value) { return value != value; });
      ASSERT_EQ(found.has_nan, nans > 0) << size;
      if (values.empty()) continue;
      ASSERT_EQ(found.least, *std::min_element(values.begin(), values.end())) << size;
      ASSERT_EQ(found.greatest, *std::max_element(values.begin(), values.end())) << size;
    }
  }

  template <typename T>
  void expect_differences() {
    using Unsigned = std::make_unsigned_t<T>;
    const std::vector<T> values = numbers<T>(kDifferences + 1);
    std::vector<Unsigned> found(kDifferences);
    const T least = take_differences(values.data() + 1, found.data());
    std::vector<T> differences;
    for (size_t at = 1; at < values.size(); ++at) {
      differences.push_back(static_cast<T>(static_cast<Unsigned>(values[at]) - static_cast<Unsigned>(values[at - 1])));
    }
    EXPECT_EQ(least, *std::min_element(differences.begin(), differences.end()));
    for (size_t at = 0; at < kDifferences; ++at) {
      ASSERT_EQ(found[at], static_cast<Unsigned>(differences[at]) - static_cast<Unsigned>(least)) << at;
    }
  }

  Random random_;
};

INSTANTIATE_TEST_SUITE_P(, NumberLoopsTest, ::testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         [](const auto& of) { return hwy::TargetName(of.param); });

TEST_P(NumberLoopsTest, ExtremesAreThoseOfTheStandardLibrary) {
  expect_extremes<float>();
  expect_extremes<double>();
  expect_extremes<int32_t>();
  expect_extremes<uint32_t>();
  expect_extremes<int64_t>();
  expect_extremes<uint64_t>();
}

TEST_P(NumberLoopsTest, WithoutValuesTheExtremesCross) {
  const std::vector<double> nothing(50, std::nan(""));
  const auto extremes = extremes_of(std::span(nothing));
  EXPECT_EQ(extremes.least, std::numeric_limits<double>::infinity());
  EXPECT_EQ(extremes.greatest, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(extremes_of(std::span<const int32_t>()).least, std::numeric_limits<int32_t>::max());
}

TEST_P(NumberLoopsTest, PlacesCountTheStepsFromTheOrigin) {
  constexpr double kRounder = 0x1.8p52;
  const GridScale scale{4, kRounder, std::bit_cast<uint64_t>(kRounder + 100)};
  std::vector<uint64_t> values;
  for (int step = 0; step < 50; ++step) values.push_back(std::bit_cast<uint64_t>(25 + step / 4.0));
  std::vector<uint32_t> places(values.size());
  EXPECT_TRUE(place_values(values, scale, 64, places.data()));
  for (uint32_t step = 0; step < places.size(); ++step) EXPECT_EQ(places[step], step);
}

TEST_P(NumberLoopsTest, PlaceBeyondTheGridIsTold) {
  constexpr double kRounder = 0x1.8p52;
  const GridScale scale{1, kRounder, std::bit_cast<uint64_t>(kRounder)};
  std::vector<uint32_t> places(21);
  for (const double stranger : {-1.0, 64.0, 1e300, std::nan("")}) {
    for (size_t at = 0; at < places.size(); ++at) {
      std::vector<uint64_t> values(places.size(), std::bit_cast<uint64_t>(63.0));
      EXPECT_TRUE(place_values(values, scale, 64, places.data()));
      values[at] = std::bit_cast<uint64_t>(stranger);
      EXPECT_FALSE(place_values(values, scale, 64, places.data())) << stranger << " at " << at;
    }
  }
}

TEST_P(NumberLoopsTest, PlacesOfIntegersCountFromTheFirstModuloTheirRange) {
  const auto first = static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) - 10;
  std::vector<uint64_t> values;
  for (uint64_t step = 0; step < 50; ++step) values.push_back(first + step);
  std::vector<uint32_t> places(values.size());
  EXPECT_TRUE(place_values(values, first, 64, places.data()));
  for (uint32_t step = 0; step < places.size(); ++step) EXPECT_EQ(places[step], step);
}

TEST_P(NumberLoopsTest, IntegerBeyondTheGridIsTold) {
  std::vector<uint32_t> places(21);
  for (const uint64_t stranger : {~uint64_t{0}, uint64_t{64}, uint64_t{1} << 32, uint64_t{1} << 63}) {
    for (size_t at = 0; at < places.size(); ++at) {
      std::vector<uint64_t> values(places.size(), 63);
      EXPECT_TRUE(place_values(values, uint64_t{0}, 64, places.data()));
      values[at] = stranger;
      EXPECT_FALSE(place_values(values, uint64_t{0}, 64, places.data())) << stranger << " at " << at;
    }
  }
}

TEST_P(NumberLoopsTest, DifferencesWrapAround) {
  for (int run = 0; run < 20; ++run) {
    expect_differences<int32_t>();
    expect_differences<int64_t>();
  }
}

}  // namespace
}  // namespace varve::parquet

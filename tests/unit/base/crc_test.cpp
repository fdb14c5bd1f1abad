#include "varve/base/crc.h"

#include <cstring>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "support/random.h"

namespace varve::base {
namespace {

using testing::Random;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

using Crc = uint32_t (*)(std::span<const std::byte>, uint32_t) noexcept;

struct Pair {
  const char* name;
  Crc chosen;
  Crc portable;
  Crc fast;
};

class CrcTest : public ::testing::TestWithParam<Pair> {};

INSTANTIATE_TEST_SUITE_P(, CrcTest,
                         ::testing::Values(Pair{"Ieee", crc32, internal::crc32_portable, internal::crc32_fast},
                                           Pair{"Castagnoli", crc32c, internal::crc32c_portable,
                                                internal::crc32c_fast}),
                         [](const auto& of) { return of.param.name; });

TEST(KnownCrcTest, NineDigitsGiveTheCheckValues) {
  EXPECT_EQ(crc32(bytes_of("123456789")), 0xCBF43926U);
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283U);
}

TEST(KnownCrcTest, ThirtyTwoBytesGiveTheValuesOfRfc3720) {
  std::vector<std::byte> bytes(32);
  EXPECT_EQ(crc32c(bytes), 0x8A9136AAU);
  std::fill(bytes.begin(), bytes.end(), std::byte{0xFF});
  EXPECT_EQ(crc32c(bytes), 0x62A8AB43U);
}

TEST_P(CrcTest, NoBytesChangeNothing) {
  EXPECT_EQ(GetParam().chosen({}, 0), 0U);
  EXPECT_EQ(GetParam().chosen({}, 0x12345678), 0x12345678U);
}

TEST_P(CrcTest, PiecesGiveTheSameAsTheWhole) {
  Random random;
  const std::vector<std::byte> bytes = random.bytes(3'000);
  const uint32_t whole = GetParam().chosen(bytes, 0);
  for (int i = 0; i < 200; ++i) {
    const auto [front, back] = random.split(std::span(bytes));
    ASSERT_EQ(GetParam().chosen(back, GetParam().chosen(front, 0)), whole) << "cut at " << front.size();
  }
}

TEST_P(CrcTest, EveryFlippedBitChangesTheValue) {
  Random random;
  std::vector<std::byte> bytes = random.bytes(200);
  const uint32_t before = GetParam().chosen(bytes, 0);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const std::byte mask{static_cast<uint8_t>(1U << (bit % 8))};
    bytes[bit / 8] ^= mask;
    ASSERT_NE(GetParam().chosen(bytes, 0), before) << "bit " << bit;
    bytes[bit / 8] ^= mask;
  }
}

TEST_P(CrcTest, InstructionsAndPortablePathAgree) {
  if (!internal::has_crc_instructions()) GTEST_SKIP() << "this processor has no PCLMULQDQ";
  Random random;
  const std::vector<std::byte> bytes = random.bytes(5'000);
  for (size_t length = 0; length < 400; ++length) {
    const auto piece = std::span(bytes).subspan(length % 67, length);
    ASSERT_EQ(GetParam().fast(piece, 7), GetParam().portable(piece, 7)) << length << " bytes";
  }
  for (int i = 0; i < 2'000; ++i) {
    const auto piece = random.split(random.split(std::span(bytes)).first).second;
    const auto seed = static_cast<uint32_t>(random.next());
    ASSERT_EQ(GetParam().fast(piece, seed), GetParam().portable(piece, seed)) << piece.size() << " bytes";
  }
}

}  // namespace
}  // namespace varve::base

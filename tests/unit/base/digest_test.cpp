#include "varve/base/digest.h"

#include <set>
#include <string_view>

#include <gtest/gtest.h>

#include "varve/base/uuid.h"

#include "support/random.h"

namespace varve::base {
namespace {

using testing::Random;

std::string digest_of(std::string_view text) { return to_hex(sha256(std::as_bytes(std::span(text)))); }

TEST(DigestTest, GivesTheValuesOfTheStandard) {  // FIPS 180-4's examples
  EXPECT_EQ(digest_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(DigestTest, PiecesGiveTheSameAsTheWhole) {
  Random random;
  const std::vector<std::byte> bytes = random.bytes(1'000);
  for (int i = 0; i < 50; ++i) {
    const auto [front, back] = random.split(std::span(bytes));
    Sha256 digest;
    digest.update(front);
    Sha256 moved = std::move(digest);
    moved.update(back);
    ASSERT_EQ(moved.finish(), sha256(bytes)) << "cut at " << front.size();
  }
}

TEST(DigestTest, HexadecimalKeepsLeadingZeros) {
  const std::array<uint8_t, 3> bytes = {0x00, 0x0F, 0xA5};
  EXPECT_EQ(to_hex(bytes), "000fa5");
  EXPECT_EQ(to_hex({}), "");
}

TEST(UuidTest, HasTheFormOfVersionFour) {
  for (int i = 0; i < 100; ++i) {
    const std::string id = make_uuid();
    ASSERT_EQ(id.size(), 32U);
    ASSERT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
    ASSERT_EQ(id[12], '4') << id;
    ASSERT_NE(std::string_view("89ab").find(id[16]), std::string_view::npos) << id;
  }
}

TEST(UuidTest, NeverComesTwice) {
  std::set<std::string> ids;
  for (int i = 0; i < 10'000; ++i) ids.insert(make_uuid());
  EXPECT_EQ(ids.size(), 10'000U);
}

}  // namespace
}  // namespace varve::base

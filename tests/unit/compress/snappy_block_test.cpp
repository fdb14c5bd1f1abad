#include "varve/compress/snappy_block.h"

#include <algorithm>
#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include <snappy-c.h>

#include "support/random.h"

namespace varve::compress {
namespace {

using testing::Random;
using Block = std::vector<std::byte>;

Block bytes_of(std::initializer_list<int> values) {
  Block block;
  for (const int value : values) block.push_back(static_cast<std::byte>(value));
  return block;
}

// What the library makes of a block; nothing if it refuses.
std::optional<Block> by_library(const Block& packed, size_t size) {
  const auto* input = reinterpret_cast<const char*>(packed.data());
  size_t claimed = 0;
  if (snappy_uncompressed_length(input, packed.size(), &claimed) != SNAPPY_OK || claimed != size) return std::nullopt;
  Block block(size + 1);
  if (snappy_uncompress(input, packed.size(), reinterpret_cast<char*>(block.data()), &claimed) != SNAPPY_OK) {
    return std::nullopt;
  }
  block.resize(size);
  return block;
}

std::optional<Block> by_us(const Block& packed, size_t size) {
  Block block(size);
  if (!unpack_snappy(packed, block)) return std::nullopt;
  return block;
}

// A sound block of random elements, mostly of one `offset`, and the size that it unpacks to.
class RandomBlock {
 public:
  RandomBlock(Random& random, size_t offset, int elements) : random_(random) {
    add_literal(offset);
    for (int element = 0; element < elements; ++element) {
      if (random.one_in(2)) {
        add_literal(upto(random.one_in(30) ? 100'000 : random.one_in(4) ? 100 : 9));
      } else {
        add_copy(random.one_in(10) ? upto(std::min<size_t>(size, 70'000)) : offset);
      }
    }
  }

  [[nodiscard]] Block packed() const {
    Block block;
    for (size_t rest = size; true; rest >>= 7) {
      block.push_back(static_cast<std::byte>((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0)));
      if (rest <= 0x7F) break;
    }
    block.insert(block.end(), elements_.begin(), elements_.end());
    return block;
  }

  size_t size = 0;

 private:
  size_t upto(size_t most) { return static_cast<size_t>(random_.between(1, static_cast<int64_t>(most))); }
  void add_number(size_t value, size_t length) {
    for (; length > 0; --length, value >>= 8) elements_.push_back(static_cast<std::byte>(value));
  }

  void add_literal(size_t length) {
    const size_t length_bytes = length <= 60 ? 0 : length <= 256 ? 1 : length <= 65536 ? 2 : 3;
    add_number((length_bytes == 0 ? length - 1 : 59 + length_bytes) << 2, 1);
    add_number(length - 1, length_bytes);
    const Block literal = random_.bytes(length);
    elements_.insert(elements_.end(), literal.begin(), literal.end());
    size += length;
  }

  void add_copy(size_t offset) {
    const bool is_short = offset < 2048 && random_.one_in(2);
    const size_t length = is_short ? 3 + upto(8) : upto(64);
    if (is_short) {
      add_number(offset >> 8 << 5 | (length - 4) << 2 | 1, 1);
      add_number(offset, 1);
    } else {
      const bool is_far = offset > 65535 || random_.one_in(8);
      add_number((length - 1) << 2 | (is_far ? 3 : 2), 1);
      add_number(offset, is_far ? 4 : 2);
    }
    size += length;
  }

  Random& random_;
  Block elements_;
};

TEST(SnappyBlock, UnpacksEveryOffsetAsTheLibraryDoes) {
  Random random;
  for (size_t offset = 1; offset <= 40; ++offset) {
    for (const int elements : {0, 1, 3, 10, 100}) {
      const RandomBlock block(random, offset, elements);
      const auto expected = by_library(block.packed(), block.size);
      ASSERT_TRUE(expected.has_value()) << offset;
      EXPECT_EQ(by_us(block.packed(), block.size), expected) << offset << ", " << elements;
    }
  }
}

TEST(SnappyBlock, TakesAndRefusesDamagedBlocksAsTheLibraryDoes) {
  Random random;
  for (int round = 0; round < 3'000; ++round) {
    const RandomBlock block(random, static_cast<size_t>(random.between(1, 20)), 20);
    Block packed = block.packed();
    packed[static_cast<size_t>(random.between(0, std::ssize(packed) - 1))] = random.bytes(1)[0];
    if (random.one_in(4)) packed.resize(static_cast<size_t>(random.between(0, std::ssize(packed))));
    EXPECT_EQ(by_us(packed, block.size), by_library(packed, block.size)) << round;
  }
}

TEST(SnappyBlock, EmptyBlockIsItsSizeAlone) {
  EXPECT_TRUE(by_us(bytes_of({0}), 0).has_value());
  EXPECT_FALSE(by_us(bytes_of({}), 0).has_value());
  EXPECT_FALSE(by_us(bytes_of({0, 0, 'a'}), 0).has_value());
}

TEST(SnappyBlock, CopyFromBeforeTheBeginningIsDamage) {
  EXPECT_FALSE(by_us(bytes_of({5, 0, 'a', 1, 2}), 5).has_value());
  EXPECT_TRUE(by_us(bytes_of({5, 0, 'a', 1, 1}), 5).has_value());
}

TEST(SnappyBlock, CopyFromNowhereIsDamage) { EXPECT_FALSE(by_us(bytes_of({5, 0, 'a', 1, 0}), 5).has_value()); }

TEST(SnappyBlock, SizeOfMoreThanFiveBytesIsDamage) {
  EXPECT_FALSE(by_us(bytes_of({0x81, 0x80, 0x80, 0x80, 0x80, 0, 0, 'a'}), 1).has_value());
}

}  // namespace
}  // namespace varve::compress

#include <gtest/gtest.h>

#include "varve/base/buffer.h"
#include "varve/parquet/write/page_writer.h"

#include "support/random.h"

namespace varve::parquet {
namespace {

using testing::Random;

// Random bytes, a part of which at the end of each `period` repeats the period before.
base::MutableBuffer bytes_that_repeat(size_t size, size_t period, size_t repeated) {
  Random random;
  auto bytes = base::MutableBuffer::allocate(size);
  for (size_t at = 0; at < size; ++at) {
    const bool repeats = at >= period && at % period >= period - repeated;
    bytes.data()[at] = repeats ? bytes.data()[at - period] : static_cast<std::byte>(random.next());
  }
  return bytes;
}

TEST(PagePacker, IndexesArePackedWhereTheirFirstPartShrinks) {
  const BlockContent indexes{.dictionary_indexes = true};
  PagePacker packer({});
  const auto repeating = bytes_that_repeat(40'000, 1000, 500);
  EXPECT_TRUE(packer.pack({repeating.data(), repeating.size()}, indexes));
  // The second half repeats the first one, which the first quarter does not tell.
  const auto halves = bytes_that_repeat(40'000, 20'000, 20'000);
  EXPECT_FALSE(packer.pack({halves.data(), halves.size()}, indexes));
  EXPECT_TRUE(packer.pack({halves.data(), halves.size()}));
  EXPECT_FALSE(packer.pack_thoroughly({halves.data(), halves.size()}));
}

TEST(PagePacker, FewIndexesAreTriedWhole) {
  PagePacker packer({});
  const auto halves = bytes_that_repeat(8'000, 4'000, 4'000);
  EXPECT_TRUE(packer.pack({halves.data(), halves.size()}, {.dictionary_indexes = true}));
}

TEST(PagePacker, CodecAskedForByNameTriesAllIndexesWhole) {
  PagePacker packer({.codec = Compression::kZstd});
  const auto halves = bytes_that_repeat(40'000, 20'000, 20'000);
  EXPECT_TRUE(packer.pack({halves.data(), halves.size()}, {.dictionary_indexes = true}));
}

}  // namespace
}  // namespace varve::parquet

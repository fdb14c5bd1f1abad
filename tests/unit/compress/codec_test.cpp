#include "varve/compress/codec.h"

#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/errors.h"
#include "support/random.h"

namespace varve::compress {
namespace {

using testing::expect_error;
using testing::Random;
using Block = std::vector<std::byte>;

const std::vector<Codec> kAllCodecs = {Codec::kNone,   Codec::kSnappy, Codec::kGzip,
                                       Codec::kLz4Raw, Codec::kZstd,   Codec::kBrotli};

Block pack(BlockCodec& codec, const Block& block) {
  Block packed(codec.bound(block.size()));
  packed.resize(codec.compress(block, packed));
  return packed;
}

Block unpack(BlockCodec& codec, const Block& packed, size_t size) {
  Block block(size);
  codec.decompress(packed, block);
  return block;
}

Block repetitive(Random& random, size_t size) {
  Block block(size);
  for (size_t at = 0; at < size; ++at) block[at] = at > 9 && !random.one_in(20) ? block[at - 7] : random.bytes(1)[0];
  return block;
}

class EveryCodec : public ::testing::TestWithParam<Codec> {
 protected:
  BlockCodec codec_{GetParam()};
  Random random_;
};

INSTANTIATE_TEST_SUITE_P(Codecs, EveryCodec, ::testing::ValuesIn(kAllCodecs),
                         [](const auto& codec) { return std::string(to_string(codec.param)); });

TEST_P(EveryCodec, GivesBackWhatItTook) {
  for (const size_t size : std::vector<size_t>{0, 1, 2, 17, 1000, 65536, 300'000}) {
    for (const Block& block : {random_.bytes(size), repetitive(random_, size), Block(size)}) {
      EXPECT_EQ(unpack(codec_, pack(codec_, block), size), block) << size;
    }
  }
}

TEST_P(EveryCodec, GivesBackStreamsOfBytes) {
  for (const size_t streams : std::vector<size_t>{2, 3, 8, 16, 17}) {
    Block block;
    for (size_t stream = 0; stream < streams; ++stream) {
      const Block part = random_.one_in(2) ? random_.bytes(9'000) : Block(9'000);
      block.insert(block.end(), part.begin(), part.end());
    }
    Block packed(codec_.bound(block.size()));
    packed.resize(codec_.compress(block, packed, streams));
    EXPECT_EQ(unpack(codec_, packed, block.size()), block) << streams;
  }
}

TEST_P(EveryCodec, NameParsesBack) { EXPECT_EQ(parse_codec(to_string(GetParam())), GetParam()); }

TEST_P(EveryCodec, BlockCutAtAnyByteIsCorruption) {
  const Block packed = pack(codec_, repetitive(random_, 500));
  for (size_t size = 0; size < packed.size(); ++size) {
    const Block cut(packed.begin(), packed.begin() + static_cast<ptrdiff_t>(size));
    expect_error(ErrorKind::kCorruption, "does not unpack to 500 bytes", [&] { unpack(codec_, cut, 500); });
  }
}

TEST_P(EveryCodec, OtherSizeThanPackedIsCorruption) {
  const Block packed = pack(codec_, repetitive(random_, 500));
  for (const size_t size : std::vector<size_t>{0, 1, 499, 501, 100'000}) {
    expect_error(ErrorKind::kCorruption, "block of", [&] { unpack(codec_, packed, size); });
  }
}

TEST_P(EveryCodec, DamagedBytesGiveAnErrorOrSomeBlock) {
  const Block packed = pack(codec_, repetitive(random_, 400));
  for (int round = 0; round < 2000; ++round) {
    Block damaged = packed;
    damaged[static_cast<size_t>(random_.between(0, static_cast<int64_t>(packed.size()) - 1))] = random_.bytes(1)[0];
    try {
      EXPECT_EQ(unpack(codec_, damaged, 400).size(), 400);
    } catch (const Corruption&) {}
  }
  EXPECT_NO_THROW(unpack(codec_, packed, 400));  // the codec works on
}

TEST(Codec, UnknownNameListsTheNames) {
  expect_error(ErrorKind::kInvalidArgument, "none, snappy, gzip, lz4, lz4_hadoop, zstd, brotli",
               [] { parse_codec("lzma"); });
}

TEST(Codec, LevelOutsideTheCodecsIsInvalid) {
  expect_error(ErrorKind::kInvalidArgument, "zstd has levels 1 to 22, not 23", [] { BlockCodec(Codec::kZstd, 23); });
  expect_error(ErrorKind::kInvalidArgument, "gzip has levels 1 to 9, not 0", [] { BlockCodec(Codec::kGzip, 0); });
  expect_error(ErrorKind::kInvalidArgument, "snappy has no levels", [] { BlockCodec(Codec::kSnappy, 1); });
}

TEST(Codec, HigherLevelPacksTighter) {
  Random random;
  Block block;
  while (block.size() < 100'000) {
    const std::string word = std::to_string(random.between(0, 300) * 7919) + " ";
    block.insert(block.end(), std::as_bytes(std::span(word)).begin(), std::as_bytes(std::span(word)).end());
  }
  BlockCodec fast(Codec::kZstd, 1);
  BlockCodec tight(Codec::kZstd, 19);
  EXPECT_LT(pack(tight, block).size(), pack(fast, block).size());
}

TEST(Codec, StreamsOfTheirOwnStatisticsPackTighter) {
  Random random;
  Block block;
  for (const int most : {1, 15, 255}) {
    for (int at = 0; at < 30'000; ++at) block.push_back(static_cast<std::byte>(random.between(0, most)));
  }
  BlockCodec codec(Codec::kZstd);
  Block packed(codec.bound(block.size()));
  EXPECT_LT(codec.compress(block, packed, 3), codec.compress(block, packed));
}

TEST(Codec, GzipMembersMayFollowEachOther) {
  Random random;
  BlockCodec codec(Codec::kGzip);
  const Block first = random.bytes(100);
  const Block second = random.bytes(200);
  Block packed = pack(codec, first);
  const Block tail = pack(codec, second);
  packed.insert(packed.end(), tail.begin(), tail.end());
  Block both = first;
  both.insert(both.end(), second.begin(), second.end());
  EXPECT_EQ(unpack(codec, packed, 300), both);
}

class HadoopLz4 : public ::testing::Test {
 protected:
  static void add_number(Block& block, size_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) block.push_back(static_cast<std::byte>(number >> shift));
  }
  Block framed(const std::vector<Block>& blocks) {
    Block whole;
    for (const Block& block : blocks) {
      const Block packed = pack(raw_, block);
      add_number(whole, block.size());
      add_number(whole, packed.size());
      whole.insert(whole.end(), packed.begin(), packed.end());
    }
    return whole;
  }

  BlockCodec raw_{Codec::kLz4Raw};
  BlockCodec codec_{Codec::kLz4Hadoop};
  Random random_;
};

TEST_F(HadoopLz4, ReadsFramedBlocks) {
  const Block first = repetitive(random_, 300);
  const Block second = repetitive(random_, 50);
  Block both = first;
  both.insert(both.end(), second.begin(), second.end());
  EXPECT_EQ(unpack(codec_, framed({first}), 300), first);
  EXPECT_EQ(unpack(codec_, framed({first, second}), 350), both);
}

TEST_F(HadoopLz4, ReadsRawBlocks) {
  const Block block = repetitive(random_, 300);
  EXPECT_EQ(unpack(codec_, pack(raw_, block), 300), block);
}

TEST_F(HadoopLz4, CutFramesAreCorruption) {
  const Block packed = framed({repetitive(random_, 300)});
  for (size_t size = 0; size < packed.size(); ++size) {
    const Block cut(packed.begin(), packed.begin() + static_cast<ptrdiff_t>(size));
    expect_error(ErrorKind::kCorruption, "lz4_hadoop", [&] { unpack(codec_, cut, 300); });
  }
}

TEST_F(HadoopLz4, IsNotWritten) {
  expect_error(ErrorKind::kNotSupported, "lz4_hadoop", [&] { pack(codec_, Block(10)); });
}

}  // namespace
}  // namespace varve::compress

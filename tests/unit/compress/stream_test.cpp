#include "varve/compress/stream.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "support/errors.h"
#include "support/random.h"

namespace varve::compress {
namespace {

using testing::expect_error;
using testing::Random;
using Block = std::vector<std::byte>;

class Streams : public ::testing::TestWithParam<Codec> {
 protected:
  // Hands the bytes out in pieces of random sizes, as files and sockets do.
  ByteSource source_of(Block bytes) {
    return [this, bytes = std::move(bytes), at = size_t{0}](std::span<std::byte> out) mutable {
      const size_t count = std::min({out.size(), bytes.size() - at, static_cast<size_t>(random_.between(1, 5000))});
      std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(at), count, out.begin());
      at += count;
      return count;
    };
  }
  static Block packed(const Block& block) {
    BlockCodec codec(GetParam());
    Block out(codec.bound(block.size()));
    out.resize(codec.compress(block, out));
    return out;
  }
  Block read_all(Block packed_bytes) {
    const ByteSource source = make_decompressing_source(GetParam(), source_of(std::move(packed_bytes)));
    Block whole;
    Block piece(3000);
    while (const size_t count = source(piece)) {
      whole.insert(whole.end(), piece.begin(), piece.begin() + static_cast<ptrdiff_t>(count));
    }
    return whole;
  }

  Random random_;
};

INSTANTIATE_TEST_SUITE_P(Codecs, Streams, ::testing::Values(Codec::kGzip, Codec::kZstd),
                         [](const auto& codec) { return std::string(to_string(codec.param)); });

void add(Block& block, const Block& more) { block.insert(block.end(), more.begin(), more.end()); }

TEST_P(Streams, UnpacksMembersOneAfterTheOther) {
  Block whole;
  Block bytes;
  for (const size_t size : std::vector<size_t>{10, 0, 200'000, 1}) {
    const Block block = random_.one_in(2) ? random_.bytes(size) : Block(size);
    add(whole, block);
    add(bytes, packed(block));
  }
  EXPECT_EQ(read_all(bytes), whole);
}

TEST_P(Streams, NothingUnpacksToNothing) { EXPECT_TRUE(read_all({}).empty()); }

TEST_P(Streams, CutAtAnyByteIsCorruption) {
  const Block bytes = packed(random_.bytes(300));
  for (size_t size = 1; size < bytes.size(); ++size) {
    const Block cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    expect_error(ErrorKind::kCorruption, "end within", [&] { read_all(cut); });
  }
}

TEST_P(Streams, BytesOfSomethingElseAreCorruption) {
  Block bytes = packed(random_.bytes(300));
  add(bytes, Block(40, std::byte{'x'}));
  expect_error(ErrorKind::kCorruption, "damaged", [&] { read_all(bytes); });
}

TEST_P(Streams, IsDetectedByItsFirstBytes) { EXPECT_EQ(detect_codec(packed(Block(10))), GetParam()); }

TEST(Stream, PlainBytesPassThrough) {
  const ByteSource source = make_decompressing_source(Codec::kNone, [](std::span<std::byte>) { return size_t{7}; });
  Block piece(10);
  EXPECT_EQ(source(piece), 7);
}

TEST(Stream, ZstdSkipsSkippableFrames) {
  Block bytes;
  for (const int byte : {0x50, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3}) bytes.push_back(static_cast<std::byte>(byte));
  EXPECT_EQ(detect_codec(bytes), Codec::kZstd);
  BlockCodec codec(Codec::kZstd);
  Block frame(codec.bound(5));
  frame.resize(codec.compress(Block(5, std::byte{9}), frame));
  add(bytes, frame);
  bool given = false;
  const ByteSource source = make_decompressing_source(Codec::kZstd, [&](std::span<std::byte> out) {
    if (std::exchange(given, true)) return size_t{0};
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return bytes.size();
  });
  Block out(100);
  EXPECT_EQ(source(out), 5);
  EXPECT_EQ(out[4], std::byte{9});
}

TEST(Stream, OtherBytesAreNotDetected) {
  EXPECT_EQ(detect_codec({}), Codec::kNone);
  EXPECT_EQ(detect_codec(Block(1, std::byte{0x1F})), Codec::kNone);
  EXPECT_EQ(detect_codec(Block(8, std::byte{'P'})), Codec::kNone);
}

TEST(Stream, OtherCodecsAreNotSupported) {
  expect_error(ErrorKind::kNotSupported, "snappy",
               [] { make_decompressing_source(Codec::kSnappy, [](std::span<std::byte>) { return size_t{0}; }); });
}

}  // namespace
}  // namespace varve::compress

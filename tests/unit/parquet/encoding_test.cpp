#include "varve/parquet/encoding.h"

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/errors.h"
#include "support/random.h"

namespace varve::parquet {
namespace {

using base::MutableBuffer;
using testing::expect_error;
using testing::Random;
using Bytes = std::vector<std::byte>;

Bytes bytes_of(const MutableBuffer& buffer) { return {buffer.data(), buffer.data() + buffer.size()}; }

template <typename Encode>
Bytes encoded(const Encode& encode) {
  MutableBuffer out;
  encode(out);
  return bytes_of(out);
}

size_t random_count(Random& random) {
  return static_cast<size_t>(random.one_in(3) ? random.between(0, 40) : random.between(0, 3000));
}

// Runs of equal values between stretches of free ones.
std::vector<uint64_t> random_values(Random& random, int bit_width) {
  std::vector<uint64_t> values(random_count(random));
  const uint64_t mask = bit_width == 64 ? ~uint64_t{0} : (uint64_t{1} << bit_width) - 1;
  const auto longest_run = random.pick(std::vector<int64_t>{1, 2, 10, 300});
  for (size_t at = 0; at < values.size();) {
    const uint64_t value = static_cast<uint64_t>(random.edgy()) & mask;
    for (int64_t run = random.between(1, longest_run); run > 0 && at < values.size(); --run) values[at++] = value;
  }
  return values;
}

template <typename T>
std::vector<T> narrowed(const std::vector<uint64_t>& values) {
  std::vector<T> result;
  for (const uint64_t value : values) result.push_back(static_cast<T>(value));
  return result;
}

// Prefixes (every one of short runs) and many damaged forms of `bytes` must decode to something or to Corruption, and
// touch nothing else: each is given a block of its own, at whose end the address sanitizer stands.
template <typename Decode>
void expect_survives(Random& random, const Bytes& bytes, const Decode& decode) {
  const auto attempt = [&](const Bytes& hostile) {
    try {
      decode(std::span<const std::byte>(hostile));
    } catch (const Corruption&) {}
  };
  for (size_t size = 0; size <= bytes.size(); size += 1 + bytes.size() / 500) {
    attempt(Bytes(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)));
  }
  for (int round = 0; round < 300 && !bytes.empty(); ++round) {
    Bytes damaged = bytes;
    for (int64_t flips = random.between(1, 4); flips > 0; --flips) {
      // Mostly near the front, where heads and lengths are.
      const auto end = static_cast<int64_t>(random.one_in(2) ? bytes.size() : std::min<size_t>(bytes.size(), 12));
      damaged[static_cast<size_t>(random.between(0, end - 1))] = static_cast<std::byte>(random.next());
    }
    attempt(damaged);
  }
}

// ---- RLE / bit-packed hybrid ----

class HybridOfWidth : public ::testing::TestWithParam<int> {
 protected:
  std::vector<uint32_t> values() { return narrowed<uint32_t>(random_values(random_, GetParam())); }
  static Bytes encode(const std::vector<uint32_t>& values) {
    return encoded([&](MutableBuffer& out) { encode_hybrid(values, GetParam(), out); });
  }
  static std::vector<uint32_t> decode(std::span<const std::byte> bytes, size_t count) {
    std::vector<uint32_t> values(count);
    EXPECT_LE(decode_hybrid(bytes, GetParam(), values), bytes.size());
    return values;
  }

  Random random_;
};

INSTANTIATE_TEST_SUITE_P(Widths, HybridOfWidth, ::testing::Range(0, 33));

TEST_P(HybridOfWidth, DecodesWhatWasEncoded) {
  for (int round = 0; round < 30; ++round) {
    const auto expected = values();
    const Bytes bytes = encode(expected);
    ASSERT_EQ(decode(bytes, expected.size()), expected);
    // Never worse than packing all, but for heads.
    EXPECT_LE(bytes.size(), (expected.size() + 7) / 8 * static_cast<size_t>(GetParam()) + expected.size() / 16 + 12);
  }
}

TEST_P(HybridOfWidth, SaysHowManyBytesItTook) {
  const auto expected = values();
  Bytes bytes = encode(expected);
  const size_t size = bytes.size();
  bytes.resize(size + 9, std::byte{0x55});
  std::vector<uint32_t> decoded(expected.size());
  EXPECT_EQ(decode_hybrid(bytes, GetParam(), decoded), size);
}

TEST_P(HybridOfWidth, LastGroupMayBeCut) {
  const std::vector<uint32_t> expected = {0, GetParam() > 0 ? 1U : 0U, 0};
  Bytes bytes = encode(expected);
  bytes.resize(1 + (3 * static_cast<size_t>(GetParam()) + 7) / 8);
  EXPECT_EQ(decode(bytes, 3), expected);
}

TEST_P(HybridOfWidth, HostileBytesDoNoHarm) {
  const auto expected = values();
  expect_survives(random_, encode(expected), [&](auto bytes) { decode(bytes, expected.size()); });
}

TEST(Hybrid, LongRunTakesAFewBytes) {
  const std::vector<uint32_t> values(100'000, 5);
  const Bytes bytes = encoded([&](MutableBuffer& out) { encode_hybrid(values, 3, out); });
  EXPECT_EQ(bytes.size(), 4);
  EXPECT_EQ(bytes, encoded([&](MutableBuffer& out) { encode_hybrid_run(5, 100'000, 3, out); }));
}

// The example of the specification: 0 to 7 in three bits.
TEST(Hybrid, PacksAsTheSpecificationShows) {
  const std::vector<uint32_t> values = {0, 1, 2, 3, 4, 5, 6, 7};
  const Bytes expected = {std::byte{3}, std::byte{0b10001000}, std::byte{0b11000110}, std::byte{0b11111010}};
  EXPECT_EQ(encoded([&](MutableBuffer& out) { encode_hybrid(values, 3, out); }), expected);
}

TEST(Hybrid, ValueWiderThanItsBitsIsCorruption) {
  std::vector<uint32_t> out(4);
  const Bytes bytes = {std::byte{8}, std::byte{8}};  // four times 8, of three bits
  expect_error(ErrorKind::kCorruption, "value 8 of 3 bits", [&] { decode_hybrid(bytes, 3, out); });
  expect_error(ErrorKind::kCorruption, "33 bits", [&] { decode_hybrid(bytes, 33, out); });
}

TEST(HybridBits, DecodeToWhatWasEncodedAndCountOnes) {
  Random random;
  for (int round = 0; round < 300; ++round) {
    const auto expected = narrowed<uint8_t>(random_values(random, 1));
    const Bytes bytes = encoded([&](MutableBuffer& out) { encode_hybrid_bits(expected, out); });
    std::vector<uint8_t> decoded(expected.size());
    EXPECT_EQ(decode_hybrid_bits(bytes, decoded), std::count(expected.begin(), expected.end(), 1));
    ASSERT_EQ(decoded, expected);
    EXPECT_EQ(bytes, encoded([&](MutableBuffer& out) {
                encode_hybrid(std::vector<uint32_t>(expected.begin(), expected.end()), 1, out);
              }));
  }
}

TEST(HybridBits, HostileBytesDoNoHarm) {
  Random random;
  for (int round = 0; round < 20; ++round) {
    const auto values = narrowed<uint8_t>(random_values(random, 1));
    std::vector<uint8_t> decoded(values.size());
    expect_survives(random, encoded([&](MutableBuffer& out) { encode_hybrid_bits(values, out); }),
                    [&](auto bytes) { decode_hybrid_bits(bytes, decoded); });
  }
}

// ---- DELTA_BINARY_PACKED ----

template <typename T>
class Delta : public ::testing::Test {
 protected:
  // Steps of up to so many bits, so that every width comes up.
  std::vector<T> walk(int bit_width) {
    std::vector<T> values;
    auto value = static_cast<uint64_t>(random_.edgy());
    for (const uint64_t step : random_values(random_, bit_width)) values.push_back(static_cast<T>(value += step));
    return values;
  }
  static Bytes encode(const std::vector<T>& values) {
    return encoded([&](MutableBuffer& out) { encode_delta(values, out); });
  }
  static std::vector<T> decode(std::span<const std::byte> bytes, size_t count) {
    std::vector<T> values(count);
    EXPECT_LE(decode_delta(bytes, values), bytes.size());
    return values;
  }

  static constexpr int kBits = 8 * sizeof(T);
  Random random_;
};

using Integers = ::testing::Types<int32_t, int64_t>;
TYPED_TEST_SUITE(Delta, Integers);

TYPED_TEST(Delta, DecodesWhatWasEncoded) {
  for (int width = 0; width <= this->kBits; ++width) {
    for (int round = 0; round < 5; ++round) {
      const auto expected = this->walk(width);
      const Bytes bytes = this->encode(expected);
      EXPECT_EQ(delta_count(bytes), expected.size());
      ASSERT_EQ(this->decode(bytes, expected.size()), expected) << width;
    }
  }
}

TYPED_TEST(Delta, KeepsTheEndsOfTheRange) {
  using Limits = std::numeric_limits<TypeParam>;
  std::vector<TypeParam> expected;
  for (int round = 0; round < 100; ++round) {
    for (const TypeParam value : {Limits::min(), Limits::max(), TypeParam{0}, TypeParam{-1}}) {
      expected.push_back(value);
      if (this->random_.one_in(3)) expected.push_back(static_cast<TypeParam>(this->random_.next()));
    }
  }
  EXPECT_EQ(this->decode(this->encode(expected), expected.size()), expected);
}

TYPED_TEST(Delta, SaysHowManyBytesItTook) {
  for (const size_t count : std::vector<size_t>{0, 1, 2, 33, 128, 129, 130, 1000}) {
    std::vector<TypeParam> values(count);
    for (size_t at = 0; at < count; ++at) values[at] = static_cast<TypeParam>(at * at);
    Bytes bytes = this->encode(values);
    const size_t size = bytes.size();
    bytes.resize(size + 5, std::byte{0xFF});
    EXPECT_EQ(decode_delta(bytes, std::span(values)), size) << count;
  }
}

TYPED_TEST(Delta, GivesTheFirstFewOfMany) {
  const auto values = this->walk(7);
  const auto some = std::min<size_t>(values.size(), 50);
  EXPECT_EQ(this->decode(this->encode(values), some),
            std::vector<TypeParam>(values.begin(), values.begin() + static_cast<ptrdiff_t>(some)));
}

TYPED_TEST(Delta, EvenStepsTakeNoBits) {
  std::vector<TypeParam> values(10'000);
  for (size_t at = 0; at < values.size(); ++at) values[at] = static_cast<TypeParam>(at * 60);
  EXPECT_LT(this->encode(values).size(), 10'000 / 128 * 7 + 20);
}

TYPED_TEST(Delta, FewerValuesThanExpectedIsCorruption) {
  const Bytes bytes = this->encode({1, 2, 3});
  expect_error(ErrorKind::kCorruption, "3 delta-coded values where 4 are expected", [&] { this->decode(bytes, 4); });
}

TYPED_TEST(Delta, HostileBytesDoNoHarm) {
  for (int round = 0; round < 5; ++round) {
    const auto values = this->walk(static_cast<int>(this->random_.between(0, this->kBits)));
    expect_survives(this->random_, this->encode(values), [&](auto bytes) { this->decode(bytes, values.size()); });
  }
}

// Blocks of 256 values in two miniblocks of 128, as other writers may choose them: 1, 3, 5, … with steps of two.
TEST(DeltaOfOthers, DecodesOtherBlockSizes) {
  const Bytes bytes = {std::byte{0x80}, std::byte{2}, std::byte{2}, std::byte{0xC8}, std::byte{1},  // 256, 2, 200
                       std::byte{2},                                                                // first: 1
                       std::byte{4},    std::byte{0}, std::byte{0}};                                // least: 2; widths
  std::vector<int64_t> values(200);
  EXPECT_EQ(decode_delta(bytes, std::span(values)), bytes.size());
  for (size_t at = 0; at < values.size(); ++at) ASSERT_EQ(values[at], static_cast<int64_t>(1 + 2 * at));
}

TEST(DeltaOfOthers, BlocksOfImpossibleShapeAreCorruption) {
  std::vector<int64_t> values(3);
  for (const int miniblocks : {0, 3, 5, 8}) {
    const Bytes bytes = {std::byte{0x80}, std::byte{1}, static_cast<std::byte>(miniblocks), std::byte{3}, std::byte{0}};
    expect_error(ErrorKind::kCorruption, "blocks of 128 values", [&] { decode_delta(bytes, std::span(values)); });
  }
}

// ---- BYTE_STREAM_SPLIT ----

class ByteStreamSplit : public ::testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(Widths, ByteStreamSplit, ::testing::Values(1, 2, 3, 4, 7, 8, 16));

TEST_P(ByteStreamSplit, DecodesWhatWasEncoded) {
  Random random;
  const auto width = static_cast<size_t>(GetParam());
  for (const size_t count : std::vector<size_t>{0, 1, 7, 8, 9, 64, 1001}) {
    const Bytes values = random.bytes(count * width);
    const Bytes bytes = encoded([&](MutableBuffer& out) { encode_byte_stream_split(values, GetParam(), out); });
    for (size_t at = 0; at < values.size(); ++at) ASSERT_EQ(bytes[at % width * count + at / width], values[at]);
    Bytes decoded(values.size());
    decode_byte_stream_split(bytes, GetParam(), decoded);
    EXPECT_EQ(decoded, values);
  }
}

TEST_P(ByteStreamSplit, OtherSizeIsCorruption) {
  Bytes values(10 * static_cast<size_t>(GetParam()));
  const Bytes bytes(values.size() - 1);
  expect_error(ErrorKind::kCorruption, "byte streams", [&] { decode_byte_stream_split(bytes, GetParam(), values); });
}

// ---- byte strings ----

// One way to encode strings, with its decoder.
struct StringEncoding {
  std::string name;
  void (*encode)(const ByteStrings&, MutableBuffer&);
  void (*decode)(std::span<const std::byte>, const ByteStringSink&);
};

std::vector<std::string> decode_strings(const StringEncoding& encoding, std::span<const std::byte> bytes,
                                        size_t count) {
  MutableBuffer characters;
  characters.append(std::as_bytes(std::span("before", 6)));
  std::vector<int64_t> offsets(count + 1);
  offsets[0] = 6;
  encoding.decode(bytes, {offsets, &characters});
  std::vector<std::string> strings;
  for (size_t at = 0; at < count; ++at) {
    strings.emplace_back(characters.as<const char>() + offsets[at], static_cast<size_t>(offsets[at + 1] - offsets[at]));
  }
  EXPECT_EQ(offsets[count], static_cast<int64_t>(characters.size()));
  return strings;
}

Bytes encode_strings(const StringEncoding& encoding, const std::vector<std::string>& strings) {
  std::string characters = "xyz";
  std::vector<int64_t> offsets = {3};
  for (const std::string& string : strings) {
    characters += string;
    offsets.push_back(static_cast<int64_t>(characters.size()));
  }
  return encoded([&](MutableBuffer& out) { encoding.encode({offsets, characters.data()}, out); });
}

// DELTA_BYTE_ARRAY is only read, so the test brings a writer.
void encode_front_coded(const ByteStrings& strings, MutableBuffer& out) {
  std::vector<int32_t> prefixes;
  std::vector<int64_t> offsets = {0};
  std::string suffixes;
  std::string_view previous;
  for (size_t at = 0; at + 1 < strings.offsets.size(); ++at) {
    const std::string_view string(strings.characters + strings.offsets[at],
                                  static_cast<size_t>(strings.offsets[at + 1] - strings.offsets[at]));
    size_t prefix = 0;
    while (prefix < std::min(string.size(), previous.size()) && string[prefix] == previous[prefix]) ++prefix;
    prefixes.push_back(static_cast<int32_t>(prefix));
    suffixes += string.substr(prefix);
    offsets.push_back(static_cast<int64_t>(suffixes.size()));
    previous = string;
  }
  encode_delta(prefixes, out);
  encode_delta_length({offsets, suffixes.data()}, out);
}

class Strings : public ::testing::TestWithParam<StringEncoding> {
 protected:
  std::vector<std::string> values() {
    std::vector<std::string> strings(random_count(random_) / 4);
    for (size_t at = 0; at < strings.size(); ++at) {
      const std::string prefix = at > 0 ? strings[at - 1].substr(0, random_.next() % 30) : "";
      const auto length = static_cast<size_t>(random_.one_in(20) ? random_.between(0, 400) : random_.between(0, 20));
      strings[at] = prefix + std::string(length, static_cast<char>(random_.next()));
    }
    return strings;
  }

  Random random_;
};

INSTANTIATE_TEST_SUITE_P(Encodings, Strings,
                         ::testing::Values(StringEncoding{"Plain", encode_plain_strings, decode_plain_strings},
                                           StringEncoding{"DeltaLength", encode_delta_length, decode_delta_length},
                                           StringEncoding{"DeltaStrings", encode_front_coded, decode_delta_strings}),
                         [](const auto& encoding) { return encoding.param.name; });

TEST_P(Strings, DecodeToWhatWasEncoded) {
  for (int round = 0; round < 50; ++round) {
    const auto expected = values();
    ASSERT_EQ(decode_strings(GetParam(), encode_strings(GetParam(), expected), expected.size()), expected);
  }
}

TEST_P(Strings, HostileBytesDoNoHarm) {
  for (int round = 0; round < 5; ++round) {
    const auto expected = values();
    expect_survives(random_, encode_strings(GetParam(), expected),
                    [&](auto bytes) { decode_strings(GetParam(), bytes, expected.size()); });
  }
}

TEST_P(Strings, MoreStringsThanThereAreIsCorruption) {
  const Bytes bytes = encode_strings(GetParam(), {"one", "two"});
  for (const size_t count : std::vector<size_t>{3, 1'000'000}) {
    expect_error(ErrorKind::kCorruption, "", [&] { decode_strings(GetParam(), bytes, count); });
  }
}

TEST(DeltaStrings, PrefixesThatWouldGrowWithoutEndAreCorruption) {
  MutableBuffer out;
  const std::vector<int32_t> prefixes(1000, 1 << 20);
  encode_delta(prefixes, out);
  encode_delta_length({std::vector<int64_t>(1001), ""}, out);
  MutableBuffer characters;
  std::vector<int64_t> offsets(1001);
  expect_error(ErrorKind::kCorruption, "strings of 1048576000 bytes", [&] {
    decode_delta_strings({out.data(), out.size()}, {offsets, &characters});
  });
}

TEST(DeltaStrings, PrefixLongerThanTheStringBeforeIsCorruption) {
  MutableBuffer out;
  encode_delta(std::vector<int32_t>{0, 3}, out);
  encode_delta_length({std::vector<int64_t>{0, 2, 3}, "abc"}, out);
  MutableBuffer characters;
  std::vector<int64_t> offsets(3);
  expect_error(ErrorKind::kCorruption, "prefix of 3 bytes", [&] {
    decode_delta_strings({out.data(), out.size()}, {offsets, &characters});
  });
}

}  // namespace
}  // namespace varve::parquet

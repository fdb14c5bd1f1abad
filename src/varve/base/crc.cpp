#include "varve/base/crc.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <array>
#include <cstring>

namespace varve::base {
namespace {

constexpr uint32_t kPolynomialIeee = 0xEDB88320;        // both with the lowest power in the highest bit
constexpr uint32_t kPolynomialCastagnoli = 0x82F63B78;  // RFC 3720, appendix B.4

constexpr size_t kSlices = 16;
// Row 0 steps the checksum by one byte; row k by one byte and k bytes of zeros after it. XORing one entry of each row
// so steps sixteen bytes at once.
using Tables = std::array<std::array<uint32_t, 256>, kSlices>;

constexpr Tables make_tables(uint32_t polynomial) {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? polynomial : 0);
    tables[0][byte] = rest;
  }
  for (size_t slice = 1; slice < kSlices; ++slice) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTablesIeee = make_tables(kPolynomialIeee);
constexpr Tables kTablesCastagnoli = make_tables(kPolynomialCastagnoli);

uint32_t slice_by_16(const Tables& tables, std::span<const std::byte> bytes, uint32_t seed) {
  uint32_t rest = ~seed;
  while (bytes.size() >= kSlices) {
    std::array<uint8_t, kSlices> block;
    std::memcpy(block.data(), bytes.data(), kSlices);
    uint32_t next = 0;
    for (size_t i = 0; i < kSlices; ++i) {
      const uint32_t carried = i < 4 ? (rest >> (8 * i)) & 0xFF : 0;
      next ^= tables[kSlices - 1 - i][block[i] ^ carried];
    }
    rest = next;
    bytes = bytes.subspan(kSlices);
  }
  for (const std::byte byte : bytes) rest = (rest >> 8) ^ tables[0][(rest ^ static_cast<uint32_t>(byte)) & 0xFF];
  return ~rest;
}

#if defined(__x86_64__)

// Folding, after Gopal and others, "Fast CRC computation for generic polynomials using PCLMULQDQ" (Intel, 2009): 16
// bytes that stand n bits before the end leave the same remainder as their product with x^n mod P, which is short. So
// the front of the message is multiplied onto its later bytes until 16 are left, whose remainder is that of the whole.

// x^power mod P, as the instruction wants it: lowest power in the highest bit, and one place to the left because the
// product of two mirrored numbers comes out one place to the right.
constexpr int64_t fold_constant(uint32_t polynomial, int power) {
  uint32_t rest = 0x80000000;
  for (int i = 0; i < power; ++i) rest = (rest >> 1) ^ ((rest & 1) != 0 ? polynomial : 0);
  return static_cast<int64_t>(uint64_t{rest} << 1);
}

struct FoldConstants {
  int64_t sixteen_low, sixteen_high;  // over sixteen blocks of 16 bytes
  int64_t four_low, four_high;        // over four
  int64_t one_low, one_high;          // over one
};

constexpr FoldConstants make_constants(uint32_t polynomial) {
  return {fold_constant(polynomial, 2048 + 32), fold_constant(polynomial, 2048 - 32),
          fold_constant(polynomial, 512 + 32),  fold_constant(polynomial, 512 - 32),
          fold_constant(polynomial, 128 + 32),  fold_constant(polynomial, 128 - 32)};
}

constexpr FoldConstants kIeee = make_constants(kPolynomialIeee);
constexpr FoldConstants kCastagnoli = make_constants(kPolynomialCastagnoli);
static_assert(kIeee.four_low == 0x154442bd4 && kIeee.one_high == 0x0ccaa009e, "the paper's values");

constexpr size_t kBlock = 16;
constexpr size_t kStep = 4 * kBlock;
constexpr size_t kWideStep = 4 * kStep;

#define VARVE_TARGET __attribute__((target("pclmul,sse4.2")))
#define VARVE_WIDE_TARGET __attribute__((target("vpclmulqdq,avx512f,pclmul,sse4.2")))

VARVE_TARGET __m128i load(const std::byte* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }

VARVE_TARGET __m128i fold(__m128i block, __m128i constants, __m128i onto) {
  const __m128i low = _mm_clmulepi64_si128(block, constants, 0x00);
  const __m128i high = _mm_clmulepi64_si128(block, constants, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), onto);
}

VARVE_TARGET __m128i pair(int64_t low, int64_t high) { return _mm_set_epi64x(high, low); }

struct Folded {
  __m128i block;                    // leaves the same remainder as all that was taken
  std::span<const std::byte> rest;  // what was not
};

// Folds whole steps of `bytes`, at least one, going on from `state` (the inverted checksum so far).
VARVE_TARGET Folded fold_steps(const FoldConstants& constants, std::span<const std::byte> bytes, uint32_t state) {
  const __m128i four = pair(constants.four_low, constants.four_high);
  const __m128i one = pair(constants.one_low, constants.one_high);
  const std::byte* at = bytes.data();
  size_t left = bytes.size() - kStep;
  __m128i a = _mm_xor_si128(load(at), _mm_cvtsi32_si128(static_cast<int>(state)));
  __m128i b = load(at + kBlock);
  __m128i c = load(at + 2 * kBlock);
  __m128i d = load(at + 3 * kBlock);
  at += kStep;
  for (; left >= kStep; left -= kStep, at += kStep) {
    a = fold(a, four, load(at));
    b = fold(b, four, load(at + kBlock));
    c = fold(c, four, load(at + 2 * kBlock));
    d = fold(d, four, load(at + 3 * kBlock));
  }
  return {fold(fold(fold(a, one, b), one, c), one, d), {at, left}};
}

// The same for processors with instructions that take four blocks at once.

bool has_wide_instructions() noexcept {
  return __builtin_cpu_supports("vpclmulqdq") != 0 && __builtin_cpu_supports("avx512f") != 0;
}

VARVE_WIDE_TARGET __m512i four_pairs(int64_t low, int64_t high) {
  return _mm512_set_epi64(high, low, high, low, high, low, high, low);
}

VARVE_WIDE_TARGET __m512i load_wide(const std::byte* at) { return _mm512_loadu_si512(at); }

VARVE_WIDE_TARGET __m512i fold_wide(__m512i blocks, __m512i constants, __m512i onto) {
  const __m512i low = _mm512_clmulepi64_epi128(blocks, constants, 0x00);
  const __m512i high = _mm512_clmulepi64_epi128(blocks, constants, 0x11);
  return _mm512_xor_si512(_mm512_xor_si512(low, high), onto);
}

VARVE_WIDE_TARGET Folded fold_wide_steps(const FoldConstants& constants, std::span<const std::byte> bytes,
                                         uint32_t state) {
  const __m512i sixteen = four_pairs(constants.sixteen_low, constants.sixteen_high);
  const __m512i four = four_pairs(constants.four_low, constants.four_high);
  const __m128i one = pair(constants.one_low, constants.one_high);
  const std::byte* at = bytes.data();
  size_t left = bytes.size() - kWideStep;
  __m512i a = _mm512_xor_si512(load_wide(at), _mm512_set_epi64(0, 0, 0, 0, 0, 0, 0, state));
  __m512i b = load_wide(at + kStep);
  __m512i c = load_wide(at + 2 * kStep);
  __m512i d = load_wide(at + 3 * kStep);
  at += kWideStep;
  for (; left >= kWideStep; left -= kWideStep, at += kWideStep) {
    a = fold_wide(a, sixteen, load_wide(at));
    b = fold_wide(b, sixteen, load_wide(at + kStep));
    c = fold_wide(c, sixteen, load_wide(at + 2 * kStep));
    d = fold_wide(d, sixteen, load_wide(at + 3 * kStep));
  }
  a = fold_wide(fold_wide(fold_wide(a, four, b), four, c), four, d);
  std::byte blocks[kStep];
  _mm512_storeu_si512(blocks, a);
  __m128i block = load(blocks);
  for (size_t next = kBlock; next < kStep; next += kBlock) block = fold(block, one, load(blocks + next));
  return {block, {at, left}};
}

struct Remainder {
  std::byte block[kBlock];          // leaves the same remainder as all that was taken
  std::span<const std::byte> rest;  // less than 16 bytes
};

// Folds `bytes`, at least kStep of them.
VARVE_TARGET Remainder fold_all(const FoldConstants& constants, std::span<const std::byte> bytes, uint32_t state) {
  const bool is_wide = bytes.size() >= kWideStep && has_wide_instructions();
  auto [block, rest] = is_wide ? fold_wide_steps(constants, bytes, state) : fold_steps(constants, bytes, state);
  const __m128i one = pair(constants.one_low, constants.one_high);
  for (; rest.size() >= kBlock; rest = rest.subspan(kBlock)) block = fold(block, one, load(rest.data()));
  Remainder remainder{{}, rest};
  std::memcpy(remainder.block, &block, kBlock);
  return remainder;
}

// By the processor's own instruction for this polynomial. Takes and returns the inverted checksum.
VARVE_TARGET uint32_t step_castagnoli(std::span<const std::byte> bytes, uint32_t state) {
  uint64_t wide = state;
  for (; bytes.size() >= sizeof(uint64_t); bytes = bytes.subspan(sizeof(uint64_t))) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof(word));
    wide = _mm_crc32_u64(wide, word);
  }
  auto narrow = static_cast<uint32_t>(wide);
  for (const std::byte byte : bytes) narrow = _mm_crc32_u8(narrow, static_cast<uint8_t>(byte));
  return narrow;
}

#endif

}  // namespace

namespace internal {

uint32_t crc32_portable(std::span<const std::byte> bytes, uint32_t seed) noexcept {
  return slice_by_16(kTablesIeee, bytes, seed);
}
uint32_t crc32c_portable(std::span<const std::byte> bytes, uint32_t seed) noexcept {
  return slice_by_16(kTablesCastagnoli, bytes, seed);
}

#if defined(__x86_64__)

bool has_crc_instructions() noexcept {
  return __builtin_cpu_supports("pclmul") != 0 && __builtin_cpu_supports("sse4.2") != 0;
}

uint32_t crc32_fast(std::span<const std::byte> bytes, uint32_t seed) noexcept {
  if (bytes.size() < kStep) return crc32_portable(bytes, seed);
  const Remainder folded = fold_all(kIeee, bytes, ~seed);
  // The portable path inverts at both ends; the block's remainder starts from nothing.
  return crc32_portable(folded.rest, crc32_portable(folded.block, ~uint32_t{0}));
}

uint32_t crc32c_fast(std::span<const std::byte> bytes, uint32_t seed) noexcept {
  if (bytes.size() < kStep) return ~step_castagnoli(bytes, ~seed);
  const Remainder folded = fold_all(kCastagnoli, bytes, ~seed);
  return ~step_castagnoli(folded.rest, step_castagnoli(folded.block, 0));
}

#else

bool has_crc_instructions() noexcept { return false; }
uint32_t crc32_fast(std::span<const std::byte> bytes, uint32_t seed) noexcept { return crc32_portable(bytes, seed); }
uint32_t crc32c_fast(std::span<const std::byte> bytes, uint32_t seed) noexcept { return crc32c_portable(bytes, seed); }

#endif

}  // namespace internal

uint32_t crc32(std::span<const std::byte> bytes, uint32_t seed) noexcept {
  return internal::has_crc_instructions() ? internal::crc32_fast(bytes, seed) : internal::crc32_portable(bytes, seed);
}
uint32_t crc32c(std::span<const std::byte> bytes, uint32_t seed) noexcept {
  return internal::has_crc_instructions() ? internal::crc32c_fast(bytes, seed) : internal::crc32c_portable(bytes, seed);
}

}  // namespace varve::base

// Tells whether bytes are UTF-8, and reads it character by character.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace varve::table {

// True if no byte has its top bit set.
inline bool is_ascii(std::string_view text) noexcept {
  constexpr uint64_t kTopBits = 0x8080808080808080U;
  size_t at = 0;
  uint64_t seen = 0;
  for (; at + 8 <= text.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    seen |= word;
  }
  for (; at < text.size(); ++at) seen |= static_cast<uint8_t>(text[at]);
  return (seen & kTopBits) == 0;
}

// One character at the front of `text`, which must not be empty: its code point and length in bytes.
// Length 0 if the bytes are not UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
struct Utf8Character {
  char32_t code_point = 0;
  size_t length = 0;
};
inline Utf8Character first_character(std::string_view text) noexcept {
  const auto lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {};
  char32_t code_point = lead & (0x7FU >> length);
  for (size_t at = 1; at < length; ++at) {
    const auto byte = static_cast<uint8_t>(text[at]);
    if ((byte & 0xC0) != 0x80) return {};
    code_point = (code_point << 6) | (byte & 0x3FU);
  }
  constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < kLeast[length] || surrogate || code_point > 0x10FFFF) return {};
  return {code_point, length};
}

inline bool is_utf8(std::string_view text) noexcept {
  if (is_ascii(text)) return true;
  while (!text.empty()) {
    const size_t length = first_character(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace varve::table

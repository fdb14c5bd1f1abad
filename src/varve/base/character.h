// Tells the characters that terminals and editors act upon instead of showing them.
#pragma once

namespace varve::base {

// True for control characters (U+0000 to U+001F, U+007F to U+009F), the line and paragraph separators (U+2028, U+2029)
// and the controls of writing direction (U+202A to U+202E, U+2066 to U+2069), which make text look like another.
constexpr bool is_control(char32_t code_point) noexcept {
  const auto is_between = [code_point](char32_t first, char32_t last) {
    return code_point >= first && code_point <= last;
  };
  return code_point < 0x20 || is_between(0x7F, 0x9F) || is_between(0x2028, 0x202E) || is_between(0x2066, 0x2069);
}

}  // namespace varve::base

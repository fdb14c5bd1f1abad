// Keys: the slash-separated names of series, and where they lie in the visible tree.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace varve::catalog {

inline constexpr size_t kKeyBytesMax = 1024;
inline constexpr size_t kSegmentBytesMax = 200;  // on disk, escapes counted

// Throws PathTraversal, with the key (control characters escaped) and the reason, for: an empty key or segment, a key
// that begins or ends with a slash, `.` or `..` as a segment, a backslash, a control character (base/character.h: of
// Unicode too), bytes that are not UTF-8, a segment or key that is too long, a first segment that is `.varve` in any
// case.
void check_key(std::string_view key);

// Where the key's files lie, relative to the root: each segment percent-escaped so that it neither begins with `.`, `_`
// or a space, nor ends with a dot or space, nor holds `%`, `=`, `*`, `?`, `[`, `]`, `<`, `>`, `|`, `:`, `"`, nor ends
// in `.parquet` in any case, nor is a device name of Windows. Letters, digits, `.`, `-`, `_`, spaces within and all of
// Unicode beyond ASCII stay. Different keys have different paths. The key must be good (check_key).
std::string key_to_path(std::string_view key);
// The inverse. Throws PathTraversal for a path that key_to_path does not give.
std::string path_to_key(std::string_view path);

}  // namespace varve::catalog

#include "varve/catalog/key.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "varve/base/character.h"
#include "varve/base/error.h"
#include "varve/table/utf8.h"

namespace varve::catalog {

namespace {

constexpr std::string_view kEscapedAnywhere = "%=*?[]<>|:\"";
constexpr std::string_view kDataSuffix = ".parquet";
constexpr std::string_view kReservedFolder = ".varve";

constexpr char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter; }

bool equal_in_any_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

bool names_data_file(std::string_view segment) {
  return segment.size() >= kDataSuffix.size() &&
         equal_in_any_case(segment.substr(segment.size() - kDataSuffix.size()), kDataSuffix);
}

// Windows reserves these whatever follows a dot: "nul.txt" is the device too.
bool names_device(std::string_view segment) {
  static constexpr std::array<std::string_view, 6> kDevices = {"con", "prn", "aux", "nul", "conin$", "conout$"};
  static constexpr std::array<std::string_view, 13> kPortNumbers = {"0", "1", "2", "3",      "4",      "5",     "6",
                                                                    "7", "8", "9", "\u00B9", "\u00B2", "\u00B3"};
  std::string_view stem = segment.substr(0, segment.find('.'));
  while (stem.ends_with(' ')) stem.remove_suffix(1);
  if (std::any_of(kDevices.begin(), kDevices.end(), [&](auto name) { return equal_in_any_case(stem, name); })) {
    return true;
  }
  const std::string_view port = stem.substr(0, 3);
  return (equal_in_any_case(port, "com") || equal_in_any_case(port, "lpt")) &&
         std::find(kPortNumbers.begin(), kPortNumbers.end(), stem.substr(3)) != kPortNumbers.end();
}

bool is_escaped(std::string_view segment, size_t at) {
  const char letter = segment[at];
  if (kEscapedAnywhere.find(letter) != std::string_view::npos) return true;
  if (at == 0 && (letter == '.' || letter == '_' || letter == ' ' || names_device(segment))) return true;
  if (at + 1 == segment.size() && (letter == '.' || letter == ' ')) return true;
  return letter == '.' && at + kDataSuffix.size() == segment.size() && names_data_file(segment);
}

void append_escaped(std::string_view segment, std::string& path) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (size_t at = 0; at < segment.size(); ++at) {
    const auto byte = static_cast<uint8_t>(segment[at]);
    if (is_escaped(segment, at)) {
      path += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    } else {
      path += segment[at];
    }
  }
}

// Calls `visit` with each segment; there is one more of them than slashes.
template <typename Visit>
void for_each_segment(std::string_view key, Visit visit) {
  for (;;) {
    const size_t slash = key.find('/');
    visit(key.substr(0, slash));
    if (slash == std::string_view::npos) return;
    key.remove_prefix(slash + 1);
  }
}

[[noreturn]] void refuse(std::string_view key, std::string_view reason) {
  throw PathTraversal("bad key {}: {}", quote(key), reason);
}

void check_characters(std::string_view key) {
  for (std::string_view rest = key; !rest.empty();) {
    const auto [code_point, length] = table::first_character(rest);
    if (length == 0) refuse(key, "it is not UTF-8");
    if (base::is_control(code_point)) refuse(key, "it holds a control character");
    if (code_point == U'\\') refuse(key, "it holds a backslash; segments are separated by `/`");
    rest.remove_prefix(length);
  }
}

std::optional<uint8_t> hex_digit(char letter) {
  if (letter >= '0' && letter <= '9') return static_cast<uint8_t>(letter - '0');
  if (letter >= 'A' && letter <= 'F') return static_cast<uint8_t>(letter - 'A' + 10);
  return {};
}

std::optional<std::string> unescape(std::string_view path) {
  std::string key;
  key.reserve(path.size());
  for (size_t at = 0; at < path.size(); ++at) {
    if (path[at] != '%') {
      key += path[at];
      continue;
    }
    if (path.size() - at < 3) return {};
    const auto high = hex_digit(path[at + 1]);
    const auto low = hex_digit(path[at + 2]);
    if (!high || !low) return {};
    key += static_cast<char>(*high << 4U | *low);
    at += 2;
  }
  return key;
}

}  // namespace

void check_key(std::string_view key) {
  if (key.empty()) refuse(key, "it is empty");
  if (key.size() > kKeyBytesMax) {
    throw PathTraversal("bad key {}: it has {} bytes, at most {} are allowed", quote(key), key.size(), kKeyBytesMax);
  }
  if (key.front() == '/') refuse(key, "it begins with a slash");
  if (key.back() == '/') refuse(key, "it ends with a slash");
  check_characters(key);
  for_each_segment(key, [&](std::string_view segment) {
    if (segment.empty()) refuse(key, "it has an empty segment");
    if (segment == "." || segment == "..") refuse(key, "`.` and `..` are no segments");
    std::string on_disk;
    append_escaped(segment, on_disk);
    if (on_disk.size() > kSegmentBytesMax) {
      throw PathTraversal("bad key {}: a segment takes {} bytes on disk, at most {} are allowed", quote(key),
                          on_disk.size(), kSegmentBytesMax);
    }
  });
  if (equal_in_any_case(key.substr(0, key.find('/')), kReservedFolder)) refuse(key, "`.varve` is the lake's own");
}

std::string key_to_path(std::string_view key) {
  std::string path;
  path.reserve(key.size() + 8);
  for_each_segment(key, [&](std::string_view segment) {
    if (!path.empty()) path += '/';
    append_escaped(segment, path);
  });
  return path;
}

std::string path_to_key(std::string_view path) {
  std::optional<std::string> key = unescape(path);
  if (key) check_key(*key);
  if (!key || key_to_path(*key) != path) throw PathTraversal("{} is not the path of a key", quote(path));
  return *std::move(key);
}

}  // namespace varve::catalog

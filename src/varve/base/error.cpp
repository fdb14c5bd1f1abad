#include "varve/base/error.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "varve/base/character.h"
#include "varve/base/named_error.h"

namespace varve {
namespace {

constexpr size_t kQuotedBytesMax = 80;

// Length of the UTF-8 letter at the start of `text` (not empty), 0 if there is none. Overlong forms, surrogates and
// values past U+10FFFF are none (RFC 3629, section 4).
size_t utf8_letter_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) > 0x9F;
  const bool too_large = first == 0xF4 && byte(1) > 0x8F;
  return overlong || surrogate || too_large ? 0 : length;
}

// Of one letter as utf8_letter_length found it.
char32_t code_point_of(std::string_view letter) {
  const auto first = static_cast<unsigned char>(letter[0]);
  char32_t code_point = letter.size() == 1 ? first : first & (0x7FU >> letter.size());
  for (const char next : letter.substr(1)) code_point = (code_point << 6) | (static_cast<unsigned char>(next) & 0x3FU);
  return code_point;
}

void append_escaped_byte(std::string& out, char letter) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(letter);
  out += "\\x";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

void append_escaped(std::string& out, char32_t code_point) {
  std::array<char, 8> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<uint32_t>(code_point), 16).ptr;
  out.append("\\u{").append(digits.data(), end).append("}");
}

}  // namespace

std::string_view to_string(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::kInvalidArgument: return "InvalidArgument";
    case ErrorKind::kPathTraversal: return "PathTraversal";
    case ErrorKind::kNotFound: return "NotFound";
    case ErrorKind::kAlreadyExists: return "AlreadyExists";
    case ErrorKind::kConcurrentWrite: return "ConcurrentWrite";
    case ErrorKind::kSchemaCompatibility: return "SchemaCompatibility";
    case ErrorKind::kCorruption: return "Corruption";
    case ErrorKind::kIo: return "Io";
    case ErrorKind::kUnavailable: return "Unavailable";
    case ErrorKind::kTimeout: return "Timeout";
    case ErrorKind::kNotSupported: return "NotSupported";
    case ErrorKind::kReadOnly: return "ReadOnly";
    case ErrorKind::kOutcomeUnknown: return "OutcomeUnknown";
    case ErrorKind::kCancelled: return "Cancelled";
    case ErrorKind::kForked: return "Forked";
  }
  return "Unknown";
}

MessageArgument::MessageArgument(double value) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text_.assign(digits.data(), end);
}

std::string format_message(std::string_view pattern, std::initializer_list<MessageArgument> arguments) {
  std::string out;
  for (const MessageArgument& argument : arguments) {
    const size_t hole = pattern.find("{}");
    if (hole == std::string_view::npos) break;
    out += pattern.substr(0, hole);
    out += argument.text();
    pattern.remove_prefix(hole + 2);
  }
  out += pattern;
  return out;
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  size_t taken = 0;
  while (taken < text.size()) {
    const std::string_view rest = text.substr(taken);
    const size_t length = utf8_letter_length(rest);
    const size_t step = length == 0 ? 1 : length;
    if (taken + step > kQuotedBytesMax) return out + "...\"";
    const std::string_view letter = rest.substr(0, step);
    if (length == 0 || (length == 1 && base::is_control(code_point_of(letter)))) {
      append_escaped_byte(out, letter[0]);
    } else if (base::is_control(code_point_of(letter))) {
      append_escaped(out, code_point_of(letter));
    } else {
      out += letter;
    }
    taken += step;
  }
  return out + '"';
}

namespace {

// Throws the class of the kind.
template <size_t... kKinds>
void throw_kind(ErrorKind kind, const std::string& message, std::index_sequence<kKinds...> /*kinds*/) {
  const auto throw_if = [&]<ErrorKind Kind>(std::integral_constant<ErrorKind, Kind> /*kind*/) {
    if (kind == Kind) throw ErrorOf<Kind>("{}", message);
  };
  (throw_if(std::integral_constant<ErrorKind, static_cast<ErrorKind>(kKinds)>()), ...);
}

}  // namespace

void throw_named(const Error& error, const std::string& name) {
  const std::string message = name + ": " + error.what();
  throw_kind(error.kind(), message, std::make_index_sequence<kErrorKinds.size()>());
  throw Error(error.kind(), message);
}

}  // namespace varve

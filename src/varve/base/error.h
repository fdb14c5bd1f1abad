// The errors that Varve throws: one hierarchy, one class a kind, messages with the facts.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace varve {

// What went wrong, as callers may tell apart. Each door maps a kind once (Python class, HTTP status, exit code).
enum class ErrorKind {
  kInvalidArgument,      // bad option, range or column
  kPathTraversal,        // the key would leave the root, or is malformed
  kNotFound,             // no such key, version, snapshot or column
  kAlreadyExists,        // it is there already
  kConcurrentWrite,      // another writer holds the key
  kSchemaCompatibility,  // types cannot be reconciled
  kCorruption,           // stored bytes are not what was written
  kIo,                   // the file system said no
  kUnavailable,          // a remote or a database is down
  kTimeout,              // a limit was reached
  kNotSupported,         // valid, but not here
  kReadOnly,             // the lake or its disk cannot be written
  kOutcomeUnknown,       // the commit may or may not have happened; its id tells
  kCancelled,            // stopped on request
  kForked,               // a handle of the parent used in a forked child
};

// All kinds, in the order of the enumeration: for doors, and for the test that each door maps every kind.
inline constexpr std::initializer_list<ErrorKind> kErrorKinds = {
    ErrorKind::kInvalidArgument, ErrorKind::kPathTraversal,
    ErrorKind::kNotFound,        ErrorKind::kAlreadyExists,
    ErrorKind::kConcurrentWrite, ErrorKind::kSchemaCompatibility,
    ErrorKind::kCorruption,      ErrorKind::kIo,
    ErrorKind::kUnavailable,     ErrorKind::kTimeout,
    ErrorKind::kNotSupported,    ErrorKind::kReadOnly,
    ErrorKind::kOutcomeUnknown,  ErrorKind::kCancelled,
    ErrorKind::kForked,
};

// The kind's name in PascalCase as the documents write it: "NotFound".
std::string_view to_string(ErrorKind kind) noexcept;

// One value to be put into a message: text, an integer, a floating-point number, a truth value or a character.
class MessageArgument {
 public:
  MessageArgument(std::string_view text) : text_(text) {}           // NOLINT(google-explicit-constructor)
  MessageArgument(const std::string& text) : text_(text) {}         // NOLINT(google-explicit-constructor)
  MessageArgument(const char* text) : text_(text) {}                // NOLINT(google-explicit-constructor)
  MessageArgument(char letter) : text_(1, letter) {}                // NOLINT(google-explicit-constructor)
  MessageArgument(bool value) : text_(value ? "true" : "false") {}  // NOLINT(google-explicit-constructor)
  MessageArgument(double value);                                    // NOLINT(google-explicit-constructor)
  template <typename Integer>
  requires std::is_integral_v<Integer> MessageArgument(Integer value)
      : text_(std::to_string(value)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

// Replaces each "{}" of `pattern` by the next argument, in order; surplus arguments are left out, surplus "{}" stay.
std::string format_message(std::string_view pattern, std::initializer_list<MessageArgument> arguments);

// `text` in double quotes, fit for messages whatever it holds: control bytes and bytes that are no UTF-8 become \xNN,
// other controls (base/character.h) \u{202e}; after 80 bytes it is cut (not within a letter) and ends in `..."`.
std::string quote(std::string_view text);

// The root of the hierarchy. `what()` is the message alone: lower case, with key, path, expected and found.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

// One class a kind, so that a caller can catch what it means: `throw NotFound("no series {}", key)`.
template <ErrorKind Kind>
class ErrorOf : public Error {
 public:
  template <typename... Arguments>
  explicit ErrorOf(std::string_view pattern, const Arguments&... arguments)
      : Error(Kind, format_message(pattern, {MessageArgument(arguments)...})) {}
};

using InvalidArgument = ErrorOf<ErrorKind::kInvalidArgument>;
using PathTraversal = ErrorOf<ErrorKind::kPathTraversal>;
using NotFound = ErrorOf<ErrorKind::kNotFound>;
using AlreadyExists = ErrorOf<ErrorKind::kAlreadyExists>;
using ConcurrentWrite = ErrorOf<ErrorKind::kConcurrentWrite>;
using SchemaCompatibility = ErrorOf<ErrorKind::kSchemaCompatibility>;
using Corruption = ErrorOf<ErrorKind::kCorruption>;
using Io = ErrorOf<ErrorKind::kIo>;
using Unavailable = ErrorOf<ErrorKind::kUnavailable>;
using Timeout = ErrorOf<ErrorKind::kTimeout>;
using NotSupported = ErrorOf<ErrorKind::kNotSupported>;
using ReadOnly = ErrorOf<ErrorKind::kReadOnly>;
using OutcomeUnknown = ErrorOf<ErrorKind::kOutcomeUnknown>;
using Cancelled = ErrorOf<ErrorKind::kCancelled>;
using Forked = ErrorOf<ErrorKind::kForked>;

}  // namespace varve

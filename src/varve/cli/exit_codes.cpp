#include "varve/cli/exit_codes.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace varve::cli {

namespace {

struct KindRow {
  ErrorKind kind;
  int code;
  std::string_view meaning;
  std::string_view hint;
};

constexpr std::array kKinds = {
    KindRow{ErrorKind::kInvalidArgument, 2, "a bad option, range or column", ""},
    KindRow{ErrorKind::kPathTraversal, 2, "a key that is malformed or would leave the lake",
            "a key is a path of names such as forex/EUR_USD"},
    KindRow{ErrorKind::kNotFound, 3, "no such lake, key, version, column or file", ""},
    KindRow{ErrorKind::kAlreadyExists, 4, "it is there already", ""},
    KindRow{ErrorKind::kConcurrentWrite, 5, "somebody else is writing the key",
            "try again when the other writer is done"},
    KindRow{ErrorKind::kSchemaCompatibility, 6, "types do not go together", ""},
    KindRow{ErrorKind::kCorruption, 7, "stored bytes are not what was written", ""},
    KindRow{ErrorKind::kIo, 8, "the file system said no", ""},
    KindRow{ErrorKind::kUnavailable, 9, "a remote service or database is down", ""},
    KindRow{ErrorKind::kTimeout, 10, "a limit of time was reached", ""},
    KindRow{ErrorKind::kNotSupported, 11, "valid, but not possible here", ""},
    KindRow{ErrorKind::kReadOnly, 12, "the lake or its disk cannot be written", "check the permissions and the mount"},
    KindRow{ErrorKind::kOutcomeUnknown, 13, "the change may or may not have been made",
            "look at it with varve info before trying again"},
    KindRow{ErrorKind::kCancelled, kExitInterrupted, "stopped on request (143 if by SIGTERM)", ""},
    KindRow{ErrorKind::kForked, kExitFailed, "", ""},
};

const KindRow* find(ErrorKind kind) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const KindRow& row) { return row.kind == kind; });
  return found == kKinds.end() ? nullptr : found;
}

}  // namespace

int exit_code(ErrorKind kind) noexcept {
  const KindRow* const row = find(kind);
  return row == nullptr ? kExitFailed : row->code;
}

std::string_view hint_for(ErrorKind kind) noexcept {
  const KindRow* const row = find(kind);
  return row == nullptr ? std::string_view{} : row->hint;
}

std::string describe_exit_codes() {
  std::string text = "Exit status:\n";
  const auto line = [&](int code, std::string_view meaning) { text += fmt::format("  {:>3}  {}\n", code, meaning); };
  line(kExitDone, "done");
  line(kExitFailed, "failed for a reason that has no code of its own");
  for (const KindRow& row : kKinds) {
    if (row.code == kExitInterrupted)
      line(kExitFound, "something is not well: verify, repair, backup, rebuild-catalog, doctor, adopt");
    if (!row.meaning.empty()) line(row.code, row.meaning);
  }
  return text;
}

}  // namespace varve::cli

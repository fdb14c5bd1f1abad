// What changes that bring no rows take beside their keys: what they expect, and the age up to which rows stay.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "varve/base/time.h"
#include "varve/lake/options.h"

namespace varve {

struct ChangeOptions {
  std::optional<int64_t> expects_version;  // ConcurrentWrite unless the series has this version; 0: it must not exist
  bool dry_run = false;  // work out and count, change nothing: the commits say what would be, and have no id. Not of a
                         // part of a transaction
};

// The age up to which rows stay: since a moment (a day: since its first instant), or a length of time up to now.
class RowAge {
 public:
  RowAge(TimeBound since) : since_(std::move(since)) {}  // NOLINT(google-explicit-constructor)
  RowAge(Timestamp since) : since_(since) {}             // NOLINT(google-explicit-constructor)
  RowAge(Date since) : since_(since) {}                  // NOLINT(google-explicit-constructor)
  RowAge(Duration age) : age_(age) {}                    // NOLINT(google-explicit-constructor)
  // `90d`, `2w`, `1d12h` (see parse_duration), or text as TimeBound takes it, in `zone` where it names none ("": UTC
  // days, no naive times). Throws InvalidArgument for other text.
  RowAge(std::string_view text, std::string zone = {});    // NOLINT(google-explicit-constructor)
  RowAge(const std::string& text, std::string zone = {});  // NOLINT(google-explicit-constructor)
  RowAge(const char* text, std::string zone = {});         // NOLINT(google-explicit-constructor)

  // The oldest moment whose rows stay; `of_dates` as with moments_of. Throws InvalidArgument as TimeBound does, and for
  // an age that is not longer than nothing.
  [[nodiscard]] Timestamp oldest_kept(Timestamp now, bool of_dates = false) const;

 private:
  std::optional<TimeBound> since_;
  Duration age_;
  std::string zone_;
};

}  // namespace varve

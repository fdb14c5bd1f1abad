// Reads the cells of a time column: ISO 8601 in every precision, days, or epoch numbers told apart by size.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "varve/base/time.h"
#include "varve/base/zone.h"

namespace varve::ingest {

// How a time is written. All cells of a column are of one form: the one of the first cell.
enum class TimeForm {
  kMoment,  // a day with a time of day, ISO 8601
  kDay,     // a day alone, `2024-03-05` or `20240305`: midnight UTC whatever the zone, because it names a day
  kEpoch,   // a number: below 10^11 seconds, below 10^14 milliseconds, below 10^17 microseconds, else nanoseconds,
            // each cell for itself, by the absolute value of its whole part; a fraction must fit into nanoseconds
};

// One cell: the moment, or why there is none.
struct TimeCell {
  int64_t nanoseconds = 0;
  const char* fault = nullptr;  // a reason such as "is not a time"; null if it was read
  bool lacks_zone = false;      // the reason is that it names no zone and none was given
};

// Reads the cells of one column, in order. Copyable; one thread.
class TimeReader {
 public:
  // `zone` is that of times which do not name theirs; without it, they are faulty.
  explicit TimeReader(std::optional<base::Zone> zone);

  TimeCell read(std::string_view cell) noexcept;

  // What a day with a time of day means by the offset it names, else by the column's zone. Of no form.
  [[nodiscard]] TimeCell moment_of(const ParsedTime& parsed) const noexcept;

 private:
  TimeCell in_form(TimeForm form, const TimeCell& cell) noexcept;

  std::optional<base::Zone> zone_;
  bool zone_is_utc_ = false;
  std::optional<TimeForm> form_;
};

// Reads an epoch number as TimeForm::kEpoch says. Empty for anything else, and outside 1677 to 2262.
std::optional<int64_t> parse_epoch(std::string_view cell) noexcept;

}  // namespace varve::ingest

// Time zones by name: from wall-clock readings to moments and back, by the system's zone rules.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "varve/base/time.h"

namespace varve::base {

// A time zone: an IANA name ("America/New_York"), "UTC", or a fixed offset ("+02:00", "-0530").
// A value; cheap to copy; safe to use from several threads.
class Zone {
 public:
  static Zone utc();
  // Throws InvalidArgument if there is no such zone.
  static Zone find(std::string_view name);

  [[nodiscard]] const std::string& name() const noexcept;

  // The moment at which clocks of the zone show `local_nanoseconds` (since 1970-01-01T00:00 on those clocks).
  // Throws InvalidArgument for a reading that does not exist (clocks put forward) or happens twice (put back):
  // never a guess.
  [[nodiscard]] Timestamp to_utc(int64_t local_nanoseconds) const;

  // What clocks of the zone show at `at`, in nanoseconds since 1970-01-01T00:00 on those clocks.
  [[nodiscard]] int64_t to_local(Timestamp at) const;

 private:
  struct Rules;
  explicit Zone(std::shared_ptr<const Rules> rules);
  std::shared_ptr<const Rules> rules_;
};

}  // namespace varve::base

// The system's file of a time zone (TZif, RFC 9636), read into stretches of constant offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "varve/base/time.h"

namespace varve::base::internal {

// A stretch of time in which the zone's clocks differ from UTC by one amount. It ends where the next one begins.
struct ZoneStretch {
  Timestamp begin;
  int64_t offset = 0;  // nanoseconds east of UTC
};

// All stretches of what a Timestamp can say: at least one, by begin, the first beginning at Timestamp::min(). Years
// after the file's table follow the rule in its footer. Throws Corruption if the bytes are no such file, or one that
// counts leap seconds. `name` is for messages.
std::vector<ZoneStretch> read_zone_file(std::span<const std::byte> bytes, std::string_view name);

}  // namespace varve::base::internal

// One value on its own, outside any column: what predicates compare with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "varve/base/time.h"
#include "varve/table/type.h"

namespace varve {

// `unscaled` times 10 to the minus `scale`, which is 0 to 38.
struct Decimal {
  Int128 unscaled = 0;
  int32_t scale = 0;

  bool operator==(const Decimal&) const = default;  // the parts, not the number
};

// A truth value, a number, a moment (nanoseconds UTC), a day, a length of time or a time of day (from midnight on), or
// bytes: UTF-8 text, or binary. Never null: there is Predicate::is_null. `Scalar(5)` is an int64_t, `Scalar("x")`
// bytes.
using Scalar = std::variant<bool, int64_t, uint64_t, double, Decimal, Timestamp, Date, Duration, std::string>;

// As people write it: "true", "5", "1.5", "2024-03-05T10:15:00Z", "2024-03-05", "1h30m", and bytes in quotes.
std::string to_string(const Scalar& value);
// "boolean", "integer", "float", "decimal", "timestamp", "date", "duration" or "string".
std::string_view type_name(const Scalar& value) noexcept;

}  // namespace varve

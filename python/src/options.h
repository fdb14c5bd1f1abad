// Options as Python hands them over, turned into what the engine takes or refused with their name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/variant.h>

#include "varve/lake/maintenance.h"

#include "bindings.h"

namespace varve::python {

// Throws InvalidArgument: "limit 1.5 of type float: expected a whole number of 64 bits".
[[noreturn]] void refuse_option(const char* name, nanobind::handle found, const char* expected);

template <typename T>
inline constexpr const char* kExpected = nullptr;
template <>
inline constexpr const char* kExpected<bool> = "True or False";
template <>
inline constexpr const char* kExpected<int64_t> = "a whole number of 64 bits";
template <>
inline constexpr const char* kExpected<double> = "a number";
template <>
inline constexpr const char* kExpected<std::string> = "text";
template <>
inline constexpr const char* kExpected<Bound> = "a time: text, or whole nanoseconds of 64 bits";

// `value` as a T, one of the types above; `name` is what callers know it by. A truth value is no number.
// Throws InvalidArgument. The GIL must be held.
template <typename T>
T to_option(nanobind::handle value, const char* name) {
  T result{};
  const bool misread = PyBool_Check(value.ptr()) != 0 && !std::is_same_v<T, bool>;
  if (misread || !nanobind::try_cast(value, result)) {
    refuse_option(name, value, kExpected<T>);
  }
  return result;
}

// The same where None means that nothing was said.
template <typename T>
std::optional<T> to_optional(nanobind::handle value, const char* name) {
  return value.is_none() ? std::nullopt : std::optional(to_option<T>(value, name));
}

// Names, in any iterable but a text, which would be one of its letters. Throws InvalidArgument. The GIL must be held.
std::vector<std::string> to_names(nanobind::handle value, const char* name);
std::optional<std::vector<std::string>> to_optional_names(nanobind::handle value, const char* name);

// The columns of a read, all of them where None. None at all are refused: rows without columns have no place in a file.
std::vector<std::string> to_columns(nanobind::handle value);
std::optional<std::vector<std::string>> to_optional_columns(nanobind::handle value);

// A listener, or None. It is called with the GIL, from any thread; what it raises ends the work. It must outlive what
// is returned.
WorkOptions to_work(const nanobind::object& progress);

// `all_for`, `hourly_for` (nanoseconds) and `versions_max`, or None for what the policy of the lake says.
VacuumOptions to_vacuum_options(const nanobind::kwargs& named);

}  // namespace varve::python

// The types that a column can have: the flat types of Arrow and Parquet that market data needs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "varve/base/time.h"

namespace varve {

__extension__ using Int128 = __int128;

enum class TypeId : uint8_t {
  kNull,     // every row is null; no buffers
  kBoolean,  // one bit a row
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kUInt8,
  kUInt16,
  kUInt32,
  kUInt64,
  kFloat16,  // IEEE 754 half, kept as uint16_t bits
  kFloat32,
  kFloat64,
  kDecimal,      // Int128 unscaled value; precision 1 to 38, scale 0 to precision
  kDate,         // int32_t days since 1970-01-01
  kTime,         // time of day: int32_t for s and ms, int64_t for us and ns
  kTimestamp,    // int64_t in `unit` since 1970-01-01T00:00; `zone` empty: naive
  kDuration,     // int64_t in `unit`
  kString,       // UTF-8; int64_t offsets
  kBinary,       // int64_t offsets
  kFixedBinary,  // `byte_width` bytes a row
  kDictionary,   // int32_t indices into a column of `value_type`
};

enum class TimeUnit : uint8_t { kSecond, kMilli, kMicro, kNano };

// Nanoseconds in one `unit`: 1'000'000'000, 1'000'000, 1'000 or 1.
constexpr int64_t nanoseconds_per(TimeUnit unit) {
  constexpr int64_t kFactors[] = {kNanosecondsPerSecond, 1'000'000, 1'000, 1};
  return kFactors[static_cast<uint8_t>(unit)];
}
// "s", "ms", "us", "ns".
std::string_view to_string(TimeUnit unit) noexcept;

// How rows of a type lie in memory: what a kernel has to know.
enum class Storage : uint8_t {
  kNone,      // kNull
  kBits,      // kBoolean
  kFixed,     // `width_of(type)` bytes a row
  kVariable,  // int64_t offsets (one more than rows) and bytes
  kIndexed,   // int32_t indices and a dictionary
};

// One type. A value: cheap enough to copy, compared by all fields that its id uses.
struct DataType {
  TypeId id = TypeId::kNull;
  TimeUnit unit = TimeUnit::kNano;                  // time, timestamp, duration
  std::string zone = {};                            // timestamp: "" naive, "UTC", IANA name or "+02:00"
  int32_t precision = 0;                            // decimal
  int32_t scale = 0;                                // decimal
  int32_t byte_width = 0;                           // fixed binary
  std::shared_ptr<const DataType> value_type = {};  // dictionary
  bool ordered = false;                             // dictionary

  static DataType boolean() { return {.id = TypeId::kBoolean}; }
  static DataType null() { return {}; }
  static DataType int32() { return {.id = TypeId::kInt32}; }
  static DataType int64() { return {.id = TypeId::kInt64}; }
  static DataType uint64() { return {.id = TypeId::kUInt64}; }
  static DataType float32() { return {.id = TypeId::kFloat32}; }
  static DataType float64() { return {.id = TypeId::kFloat64}; }
  static DataType string() { return {.id = TypeId::kString}; }
  static DataType binary() { return {.id = TypeId::kBinary}; }
  static DataType date() { return {.id = TypeId::kDate}; }
  static DataType time(TimeUnit unit) { return {.id = TypeId::kTime, .unit = unit}; }
  static DataType timestamp(TimeUnit unit, std::string zone) {
    return {.id = TypeId::kTimestamp, .unit = unit, .zone = std::move(zone)};
  }
  static DataType duration(TimeUnit unit) { return {.id = TypeId::kDuration, .unit = unit}; }
  static DataType decimal(int32_t precision, int32_t scale) {
    return {.id = TypeId::kDecimal, .precision = precision, .scale = scale};
  }
  static DataType fixed_binary(int32_t byte_width) { return {.id = TypeId::kFixedBinary, .byte_width = byte_width}; }
  static DataType dictionary(DataType value_type, bool ordered = false);

  bool operator==(const DataType& other) const;
};

Storage storage_of(const DataType& type) noexcept;
// Bytes a row of the values buffer: 1 to 16 or byte_width for kFixed, 4 for kIndexed, 0 for the others.
int32_t width_of(const DataType& type) noexcept;
bool is_signed_integer(const DataType& type) noexcept;    // int8 to int64
bool is_unsigned_integer(const DataType& type) noexcept;  // uint8 to uint64
bool is_floating(const DataType& type) noexcept;          // float16, float32, float64
// The type of the values that rows stand for: of a dictionary its value type, else the type itself, which must outlive
// the result.
const DataType& value_type_of(const DataType& type) noexcept;
// May be the index of a series: a timestamp or a date.
bool is_index_type(const DataType& type) noexcept;

// As people write it: "int64", "float64", "boolean", "timestamp[ns, UTC]" and "timestamp[ns]" for a naive one,
// "time[us]", "duration[ms]", "decimal(18, 5)", "binary(16)", "dictionary<string>", "dictionary<string, ordered>".
std::string to_string(const DataType& type);
// Reads what to_string writes. Throws InvalidArgument, quoting the text.
DataType parse_type(std::string_view text);

}  // namespace varve

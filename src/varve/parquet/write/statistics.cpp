#include "varve/parquet/write/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "varve/parquet/number_loops.h"

namespace varve::parquet {

namespace {

template <typename T>
std::string to_bytes(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

template <typename T>
T from_bytes(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

template <typename T>
ValueRange number_range(std::span<const T> values) {
  ValueRange range;
  if (values.empty()) return range;
  auto [min, max, has_nan] = extremes_of(values);
  if constexpr (std::is_floating_point_v<T>) {
    range.has_nan = has_nan;
    if (max < min) return range;  // there is nothing but NaN
    if (min == 0) min = -T{0};
    if (max == 0) max = T{0};
  }
  range.min = to_bytes(min);
  range.max = to_bytes(max);
  return range;
}

ValueRange boolean_range(std::span<const uint8_t> values) {
  ValueRange range;
  if (values.empty()) return range;
  const auto has = [&](uint8_t value) { return std::memchr(values.data(), value, values.size()) != nullptr; };
  range.min = to_bytes<uint8_t>(has(0) ? 0 : 1);
  range.max = to_bytes<uint8_t>(has(1) ? 1 : 0);
  return range;
}

// Half floats as integers in the same order: negative ones fall as their bits rise.
int32_t order_of_half(uint16_t bits) { return (bits & 0x8000) != 0 ? -(bits & 0x7FFF) : bits; }
bool is_nan_half(uint16_t bits) { return (bits & 0x7FFF) > 0x7C00; }

ValueRange half_range(std::span<const uint16_t> values) {
  ValueRange range;
  std::optional<uint16_t> min;
  std::optional<uint16_t> max;
  for (const uint16_t value : values) {
    if (is_nan_half(value)) {
      range.has_nan = true;
      continue;
    }
    if (!min || order_of_half(value) < order_of_half(*min)) min = value;
    if (!max || order_of_half(value) > order_of_half(*max)) max = value;
  }
  if (!min) return range;
  range.min = to_bytes(static_cast<uint16_t>(order_of_half(*min) == 0 ? 0x8000 : *min));
  range.max = to_bytes(static_cast<uint16_t>(order_of_half(*max) == 0 ? 0 : *max));
  return range;
}

int compare_big_endian(std::string_view left, std::string_view right) {
  const auto is_negative = [](std::string_view bytes) { return (static_cast<uint8_t>(bytes[0]) & 0x80) != 0; };
  if (is_negative(left) != is_negative(right)) return is_negative(left) ? -1 : 1;
  return left.compare(right);
}

ValueRange bytes_range(const PhysicalValues& values, SortOrder order) {
  ValueRange range;
  if (values.count == 0) return range;
  std::string_view min = values.bytes_at(0);
  std::string_view max = min;
  for (size_t index = 1; index < values.count; ++index) {
    const std::string_view value = values.bytes_at(index);
    if (compare_values(value, min, order) < 0) min = value;
    if (compare_values(value, max, order) > 0) max = value;
  }
  range.min = min;
  range.max = max;
  return range;
}

template <typename T>
int compare_as(std::string_view left, std::string_view right) {
  const T a = from_bytes<T>(left);
  const T b = from_bytes<T>(right);
  return a < b ? -1 : b < a ? 1 : 0;
}

bool is_continuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

// The first bytes of a value, whole characters of them if it is text.
std::string cut_min(std::string_view value, bool is_text) {
  size_t size = kStatisticsBytesMax;
  while (is_text && size > kStatisticsBytesMax - 4 && is_continuation(value[size])) --size;
  return std::string(value.substr(0, size));
}

// As cut_min, with its last byte that allows it made greater by one, or nothing if none does. Text stays text: only
// single-byte characters are raised.
std::optional<std::string> cut_max(std::string_view value, bool is_text) {
  std::string cut = cut_min(value, is_text);
  const uint8_t highest = is_text ? 0x7E : 0xFE;
  while (!cut.empty() && static_cast<uint8_t>(cut.back()) > highest) cut.pop_back();
  if (cut.empty()) return std::nullopt;
  cut.back() = static_cast<char>(static_cast<uint8_t>(cut.back()) + 1);
  return cut;
}

struct Bound {
  std::string value;
  bool is_exact = true;
};

Bound lower_bound(const std::string& value, SortOrder order, bool is_text) {
  if (order != SortOrder::kBytes || value.size() <= kStatisticsBytesMax) return {value, true};
  return {cut_min(value, is_text), false};
}

Bound upper_bound(const std::string& value, SortOrder order, bool is_text) {
  if (order != SortOrder::kBytes || value.size() <= kStatisticsBytesMax) return {value, true};
  if (auto cut = cut_max(value, is_text)) return {std::move(*cut), false};
  return {value, true};
}

// How the pages' bounds follow each other. Cut bounds need not follow each other as the values do, so they are asked.
ColumnIndex::Order order_of_bounds(const ColumnIndex& index, SortOrder order) {
  bool ascending = true;
  bool descending = true;
  std::optional<size_t> previous;
  for (size_t page = 0; page < index.null_pages.size(); ++page) {
    if (index.null_pages[page]) continue;
    if (previous) {
      const int by_min = compare_values(index.min_values[*previous], index.min_values[page], order);
      const int by_max = compare_values(index.max_values[*previous], index.max_values[page], order);
      ascending = ascending && by_min <= 0 && by_max <= 0;
      descending = descending && by_min >= 0 && by_max >= 0;
    }
    previous = page;
  }
  if (ascending) return ColumnIndex::Order::kAscending;
  return descending ? ColumnIndex::Order::kDescending : ColumnIndex::Order::kUnordered;
}

}  // namespace

SortOrder sort_order_of(const DataType& type, PhysicalType physical) {
  switch (physical) {
    case PhysicalType::kBoolean: return SortOrder::kBoolean;
    case PhysicalType::kInt32:
      if (type.id == TypeId::kNull) return SortOrder::kNone;
      return is_unsigned_integer(type) ? SortOrder::kUInt32 : SortOrder::kInt32;
    case PhysicalType::kInt64: return type.id == TypeId::kUInt64 ? SortOrder::kUInt64 : SortOrder::kInt64;
    case PhysicalType::kFloat: return SortOrder::kFloat;
    case PhysicalType::kDouble: return SortOrder::kDouble;
    case PhysicalType::kByteArray: return SortOrder::kBytes;
    case PhysicalType::kFixedLenByteArray:
      if (type.id == TypeId::kFloat16) return SortOrder::kFloat16;
      return type.id == TypeId::kDecimal ? SortOrder::kBigEndianSigned : SortOrder::kBytes;
    case PhysicalType::kInt96: break;
  }
  return SortOrder::kNone;
}

ValueRange range_of(const PhysicalValues& values, SortOrder order) {
  switch (order) {
    case SortOrder::kBoolean: return boolean_range(values.as<uint8_t>());
    case SortOrder::kInt32: return number_range(values.as<int32_t>());
    case SortOrder::kUInt32: return number_range(values.as<uint32_t>());
    case SortOrder::kInt64: return number_range(values.as<int64_t>());
    case SortOrder::kUInt64: return number_range(values.as<uint64_t>());
    case SortOrder::kFloat16: return half_range(values.as<uint16_t>());
    case SortOrder::kFloat: return number_range(values.as<float>());
    case SortOrder::kDouble: return number_range(values.as<double>());
    case SortOrder::kBytes:
    case SortOrder::kBigEndianSigned: return bytes_range(values, order);
    case SortOrder::kNone: break;
  }
  return {};
}

int compare_values(std::string_view left, std::string_view right, SortOrder order) {
  switch (order) {
    case SortOrder::kBoolean: return compare_as<uint8_t>(left, right);
    case SortOrder::kInt32: return compare_as<int32_t>(left, right);
    case SortOrder::kUInt32: return compare_as<uint32_t>(left, right);
    case SortOrder::kInt64: return compare_as<int64_t>(left, right);
    case SortOrder::kUInt64: return compare_as<uint64_t>(left, right);
    case SortOrder::kFloat: return compare_as<float>(left, right);
    case SortOrder::kDouble: return compare_as<double>(left, right);
    case SortOrder::kFloat16:
      return order_of_half(from_bytes<uint16_t>(left)) - order_of_half(from_bytes<uint16_t>(right));
    case SortOrder::kBigEndianSigned: return compare_big_endian(left, right);
    case SortOrder::kBytes:
    case SortOrder::kNone: break;
  }
  return left.compare(right);
}

ChunkStatistics::ChunkStatistics(const DataType& type, PhysicalType physical)
    : order_(sort_order_of(type, physical)), is_text_(type.id == TypeId::kString) {}

void ChunkStatistics::add_page(ValueRange range, int64_t rows, int64_t null_count) {
  pages_.push_back({std::move(range), null_count, null_count == rows});
}

Statistics ChunkStatistics::statistics() const {
  Statistics result{.null_count = 0};
  const std::string* min = nullptr;
  const std::string* max = nullptr;
  for (const Page& page : pages_) {
    *result.null_count += page.null_count;
    if (!page.range.min) continue;
    if (min == nullptr || compare_values(*page.range.min, *min, order_) < 0) min = &*page.range.min;
    if (max == nullptr || compare_values(*page.range.max, *max, order_) > 0) max = &*page.range.max;
  }
  if (min == nullptr) return result;
  Bound lower = lower_bound(*min, order_, is_text_);
  Bound upper = upper_bound(*max, order_, is_text_);
  result.min_value = std::move(lower.value);
  result.max_value = std::move(upper.value);
  result.is_min_value_exact = lower.is_exact;
  result.is_max_value_exact = upper.is_exact;
  return result;
}

std::optional<ColumnIndex> ChunkStatistics::column_index() const {
  if (order_ == SortOrder::kNone) return std::nullopt;
  ColumnIndex index;
  for (const Page& page : pages_) {
    if (!page.only_nulls && !page.range.min) return std::nullopt;
    index.null_pages.push_back(page.only_nulls);
    index.min_values.push_back(page.only_nulls ? "" : lower_bound(*page.range.min, order_, is_text_).value);
    index.max_values.push_back(page.only_nulls ? "" : upper_bound(*page.range.max, order_, is_text_).value);
    index.null_counts.push_back(page.null_count);
  }
  index.boundary_order = order_of_bounds(index, order_);
  return index;
}

}  // namespace varve::parquet

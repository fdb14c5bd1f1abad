#include "varve/table/column.h"

#include <algorithm>
#include <bit>

#include "varve/base/error.h"
#include "varve/table/bits.h"
#include "varve/table/builder.h"
#include "varve/table/decimal.h"
#include "varve/table/utf8.h"

namespace varve {

using table::bytes_for_bits;
using table::is_utf8;

namespace table {

void set_bits(uint8_t* target, int64_t at, int64_t length, bool value) noexcept {
  const int64_t end = at + length;
  for (; at < end && (at & 7) != 0; ++at) set_bit(target, at, value);
  const int64_t bytes = (end - at) / 8;
  if (bytes > 0) std::memset(target + (at >> 3), value ? 0xFF : 0, static_cast<size_t>(bytes));
  for (at += bytes * 8; at < end; ++at) set_bit(target, at, value);
}

void copy_bits(const BitSpan& source, uint8_t* target, int64_t at) noexcept {
  if (source.data == nullptr) return set_bits(target, at, source.length, true);
  int64_t row = 0;
  for (; row < source.length && (at & 7) != 0; ++row, ++at) set_bit(target, at, source[row]);
  for (; row + 64 <= source.length; row += 64, at += 64) {
    const uint64_t word = load_word(source.data, source.offset + row);
    std::memcpy(target + (at >> 3), &word, sizeof word);
  }
  for (; row < source.length; ++row, ++at) set_bit(target, at, source[row]);
}

base::BufferPtr bits_to_buffer(const BitSpan& source) {
  if (source.data == nullptr) return nullptr;
  auto buffer = base::MutableBuffer::allocate_zeroed(bytes_for_bits(source.length));
  copy_bits(source, buffer.as<uint8_t>(), 0);
  return std::move(buffer).finish();
}

}  // namespace table

int64_t count_set(const BitSpan& bits) noexcept {
  if (bits.data == nullptr) return bits.length;
  int64_t count = 0;
  int64_t row = 0;
  for (; row + 64 <= bits.length; row += 64) {
    count += std::popcount(table::load_word(bits.data, bits.offset + row));
  }
  if (row < bits.length) count += std::popcount(table::read_bits(bits, row, bits.length - row));
  return count;
}

namespace {

// What offsets() shows for a column of no rows whose producer left the buffer out.
constexpr int64_t kNoOffsets[] = {0};

// Throws unless `buffer` has room for `count` things of `width` bytes. Written so that nothing can overflow.
void check_room(const base::BufferPtr& buffer, int64_t count, int64_t width, std::string_view what) {
  const size_t size = buffer ? buffer->size() : 0;
  if (width == 0 || static_cast<uint64_t>(count) <= size / static_cast<uint64_t>(width)) return;
  throw InvalidArgument("the {} of a column have {} bytes, too few for {} of {} bytes", what, size, count, width);
}

void check_bits_room(const base::BufferPtr& buffer, int64_t count, std::string_view what) {
  const size_t size = buffer ? buffer->size() : 0;
  if (bytes_for_bits(count) <= size) return;
  throw InvalidArgument("the {} of a column have {} bytes, too few for {} bits", what, size, count);
}

void check_variable(const ColumnParts& parts) {
  check_room(parts.offsets, parts.offset + parts.length + 1, sizeof(int64_t), "offsets");
  const auto* offsets = reinterpret_cast<const int64_t*>(parts.offsets->data()) + parts.offset;
  const int64_t end = offsets[parts.length];
  const size_t size = parts.values ? parts.values->size() : 0;
  if (offsets[0] < 0 || end < offsets[0] || static_cast<uint64_t>(end) > size) {
    throw InvalidArgument("the offsets of a {} column run from {} to {}, outside its {} bytes", to_string(parts.type),
                          offsets[0], end, size);
  }
}

void check_dictionary(const ColumnParts& parts) {
  if (!parts.dictionary || !parts.type.value_type || parts.dictionary->type() != *parts.type.value_type) {
    throw InvalidArgument(
        "a {} column has {}", to_string(parts.type),
        parts.dictionary ? "a dictionary of " + to_string(parts.dictionary->type()) : "no dictionary");
  }
  if (parts.dictionary->type().id == TypeId::kDictionary) throw InvalidArgument("a dictionary of dictionaries");
  if (parts.dictionary->null_count() != 0) throw InvalidArgument("the dictionary of a column holds a null");
  check_room(parts.values, parts.offset + parts.length, sizeof(int32_t), "indices");
}

void check_layout(const ColumnParts& parts) {
  constexpr int64_t kRowsMax = int64_t{1} << 56;  // keeps rows * width within int64_t for all widths but absurd ones
  if (parts.length < 0 || parts.offset < 0 || parts.length > kRowsMax || parts.offset > kRowsMax) {
    throw InvalidArgument("a column of {} rows from row {}", parts.length, parts.offset);
  }
  const int64_t rows = parts.offset + parts.length;
  if (parts.validity) check_bits_room(parts.validity, rows, "validity bits");
  switch (storage_of(parts.type)) {
    case Storage::kNone: break;
    case Storage::kBits: check_bits_room(parts.values, rows, "values"); break;
    case Storage::kFixed: check_room(parts.values, rows, width_of(parts.type), "values"); break;
    case Storage::kVariable: check_variable(parts); break;
    case Storage::kIndexed: check_dictionary(parts); break;
  }
}

// Without rows any buffer may be absent; the parts then say so in one way.
void drop_empty_buffers(ColumnParts& parts) {
  if (parts.length != 0) return;
  parts.offset = 0;
  parts.validity = nullptr;
  parts.values = nullptr;
  parts.offsets = nullptr;
}

void settle_null_count(ColumnParts& parts, bool recount) {
  if (parts.type.id == TypeId::kNull) {
    parts.validity = nullptr;
    parts.null_count = parts.length;
  } else if (!parts.validity) {
    parts.null_count = 0;
  } else if (parts.null_count < 0 || recount) {
    const auto* bits = reinterpret_cast<const uint8_t*>(parts.validity->data());
    parts.null_count = parts.length - count_set({bits, parts.offset, parts.length});
  }
  if (parts.null_count == 0) parts.validity = nullptr;
}

void check_offsets_ascend(const Column& column) {
  const auto offsets = column.offsets();
  bool ascending = true;
  for (size_t row = 1; row < offsets.size(); ++row) ascending &= offsets[row - 1] <= offsets[row];
  if (ascending) return;
  const auto fall = std::adjacent_find(offsets.begin(), offsets.end(), std::greater<>());
  throw InvalidArgument("the offsets of a {} column fall from {} to {} at row {}", to_string(column.type()), fall[0],
                        fall[1], fall - offsets.begin());
}

void check_text(const Column& column) {
  const auto offsets = column.offsets();
  const std::string_view all{column.variable_bytes() + offsets.front(),
                             static_cast<size_t>(offsets.back() - offsets.front())};
  if (table::is_ascii(all)) return;
  for (int64_t row = 0; row < column.length(); ++row) {
    if (!column.is_null(row) && !is_utf8(column.bytes_at(row))) {
      throw InvalidArgument("row {} of a string column is not UTF-8", row);
    }
  }
}

void check_indices(const Column& column) {
  const auto indices = column.values<int32_t>();
  const auto size = static_cast<uint64_t>(column.dictionary().length());
  const auto outside = [size](int32_t index) { return static_cast<uint64_t>(static_cast<int64_t>(index)) >= size; };
  bool any = false;
  for (const int32_t index : indices) any |= outside(index);
  if (!any) return;
  for (int64_t row = 0; row < column.length(); ++row) {
    const int32_t index = indices[static_cast<size_t>(row)];
    if (!column.is_null(row) && outside(index)) {
      throw InvalidArgument("row {} of a column points to value {} of a dictionary of {}", row, index, size);
    }
  }
}

void check_decimals(const Column& column) {
  const Int128 limit = table::power_of_ten(column.type().precision);
  const auto values = column.values<Int128>();
  const auto outside = [limit](Int128 value) { return value <= -limit || value >= limit; };
  bool any = false;
  for (const Int128 value : values) any |= outside(value);
  for (int64_t row = 0; any && row < column.length(); ++row) {
    if (!column.is_null(row) && outside(values[static_cast<size_t>(row)])) {
      throw InvalidArgument("row {} of a {} column has more digits", row, to_string(column.type()));
    }
  }
}

}  // namespace

Column::Column(ColumnParts parts, bool check_contents) : parts_(std::move(parts)) {
  if (parts_.length == 0) drop_empty_buffers(parts_);
  if (parts_.length != 0 || storage_of(parts_.type) == Storage::kIndexed) check_layout(parts_);
  settle_null_count(parts_, check_contents);
  if (!check_contents) return;
  if (storage_of(parts_.type) == Storage::kVariable) check_offsets_ascend(*this);
  if (parts_.type.id == TypeId::kString) check_text(*this);
  if (parts_.type.id == TypeId::kDictionary) check_indices(*this);
  if (parts_.type.id == TypeId::kDecimal) check_decimals(*this);
}

std::span<const int64_t> Column::offsets() const noexcept {
  if (!parts_.offsets) return kNoOffsets;
  return {reinterpret_cast<const int64_t*>(parts_.offsets->data()) + parts_.offset,
          static_cast<size_t>(parts_.length) + 1};
}

const char* Column::variable_bytes() const noexcept {
  return parts_.values ? reinterpret_cast<const char*>(parts_.values->data()) : "";
}

std::string_view Column::bytes_at(int64_t row) const noexcept {
  const auto position = static_cast<size_t>(row);
  switch (storage_of(parts_.type)) {
    case Storage::kIndexed: return parts_.dictionary->bytes_at(values<int32_t>()[position]);
    case Storage::kVariable: {
      const auto bounds = offsets();
      return {variable_bytes() + bounds[position], static_cast<size_t>(bounds[position + 1] - bounds[position])};
    }
    case Storage::kFixed: {
      const auto width = static_cast<size_t>(width_of(parts_.type));
      if (width == 0) return {};
      const auto* first = reinterpret_cast<const char*>(parts_.values->data());
      return {first + (static_cast<size_t>(parts_.offset) + position) * width, width};
    }
    default: return {};
  }
}

Column Column::slice(int64_t start, int64_t length) const {
  if (start < 0 || length < 0 || start > parts_.length || length > parts_.length - start) {
    throw InvalidArgument("{} rows from row {} of a column of {}", length, start, parts_.length);
  }
  ColumnParts parts = parts_;
  parts.offset += start;
  parts.length = length;
  const bool all_null = parts_.null_count == parts_.length;
  if (parts_.null_count != 0) parts.null_count = all_null ? length : -1;
  return Column(std::move(parts));
}

int64_t Column::byte_size() const noexcept {
  const auto bits = static_cast<int64_t>(bytes_for_bits(parts_.length));
  const int64_t validity = parts_.validity ? bits : 0;
  switch (storage_of(parts_.type)) {
    case Storage::kNone: return 0;
    case Storage::kBits: return validity + bits;
    case Storage::kFixed: return validity + parts_.length * width_of(parts_.type);
    case Storage::kIndexed: return validity + parts_.length * 4 + parts_.dictionary->byte_size();
    case Storage::kVariable: {
      const auto bounds = offsets();
      return validity + static_cast<int64_t>(bounds.size_bytes()) + bounds.back() - bounds.front();
    }
  }
  return 0;
}

Column make_fixed_column(DataType type, std::span<const std::byte> values, size_t width,
                         const std::vector<bool>& valid) {
  const bool bits = storage_of(type) == Storage::kBits;
  const bool fits = bits ? width == 1 : width == static_cast<size_t>(width_of(type)) && width > 0;
  const size_t rows = fits ? values.size() / width : 0;
  if (!fits || (!valid.empty() && valid.size() != rows)) {
    throw InvalidArgument("{} values of {} bytes and {} marks of validity do not make a column of {}", rows, width,
                          valid.size(), to_string(type));
  }
  const auto pack = [rows](auto&& bit_of) {
    auto buffer = base::MutableBuffer::allocate_zeroed(bytes_for_bits(static_cast<int64_t>(rows)));
    for (size_t row = 0; row < rows; ++row)
      table::set_bit(buffer.as<uint8_t>(), static_cast<int64_t>(row), bit_of(row));
    return std::move(buffer).finish();
  };
  ColumnParts parts{.type = std::move(type), .length = static_cast<int64_t>(rows)};
  if (!valid.empty()) parts.validity = pack([&](size_t row) { return valid[row]; });
  if (bits) {
    parts.values = pack([&](size_t row) { return values[row] != std::byte{0}; });
  } else {
    auto buffer = base::MutableBuffer::allocate(values.size());
    if (!values.empty()) std::memcpy(buffer.data(), values.data(), values.size());
    parts.values = std::move(buffer).finish();
  }
  return Column(std::move(parts), true);
}

Column make_column(DataType type, const std::vector<std::optional<std::string>>& values) {
  table::ColumnBuilder builder(std::move(type));
  for (const auto& value : values) {
    if (value) {
      builder.append_bytes(*value);
    } else {
      builder.append_null();
    }
  }
  return builder.finish();
}

Column make_null_column(DataType type, int64_t length) {
  if (length < 0) throw InvalidArgument("a column of {} rows", length);
  const auto rows = static_cast<size_t>(length);
  const auto zeros = [](size_t size) { return base::MutableBuffer::allocate_zeroed(size).finish(); };
  ColumnParts parts{.type = std::move(type), .length = length, .null_count = length};
  if (parts.type.id != TypeId::kNull) parts.validity = zeros(bytes_for_bits(length));
  switch (storage_of(parts.type)) {
    case Storage::kNone: break;
    case Storage::kBits: parts.values = zeros(bytes_for_bits(length)); break;
    case Storage::kFixed: parts.values = zeros(rows * static_cast<size_t>(width_of(parts.type))); break;
    case Storage::kVariable: parts.offsets = zeros((rows + 1) * sizeof(int64_t)); break;
    case Storage::kIndexed:
      parts.values = zeros(rows * sizeof(int32_t));
      if (parts.type.value_type)
        parts.dictionary = std::make_shared<const Column>(make_null_column(*parts.type.value_type, 0));
      break;
  }
  return Column(std::move(parts));
}

}  // namespace varve

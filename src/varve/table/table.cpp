#include "varve/table/table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>
#include <unordered_set>

#include "varve/base/error.h"
#include "varve/table/equality.h"
#include "varve/table/print.h"

namespace varve {

Table::Table(Schema schema, std::vector<Column> columns) : schema_(std::move(schema)), columns_(std::move(columns)) {
  if (schema_.size() != columns_.size()) {
    throw InvalidArgument("a schema of {} columns for {} columns", schema_.size(), columns_.size());
  }
  if (!columns_.empty()) num_rows_ = columns_.front().length();
  for (size_t position = 0; position < columns_.size(); ++position) {
    const Field& field = schema_[position];
    const Column& column = columns_[position];
    if (column.length() != num_rows_) {
      throw InvalidArgument("column {} has {} rows, the one before it {}", field.name, column.length(), num_rows_);
    }
    if (column.type() != field.type) {
      throw InvalidArgument("column {} is of type {}, its field says {}", field.name, to_string(column.type()),
                            to_string(field.type));
    }
    if (!field.nullable && column.null_count() != 0) {
      throw InvalidArgument("column {} may not hold nulls but has {}", field.name, column.null_count());
    }
  }
}

Table Table::empty(const Schema& schema) {
  std::vector<Column> columns;
  columns.reserve(schema.size());
  for (const Field& field : schema.fields()) columns.push_back(make_null_column(field.type, 0));
  return Table(schema, std::move(columns));
}

Table Table::slice(int64_t start, int64_t length) const {
  if (start < 0 || length < 0) throw InvalidArgument("a slice of {} rows from row {}", length, start);
  start = std::min(start, num_rows_);
  length = std::min(length, num_rows_ - start);
  if (length == num_rows_) return *this;
  Table table;
  table.schema_ = schema_;
  table.num_rows_ = length;
  table.columns_.reserve(columns_.size());
  for (const Column& column : columns_) table.columns_.push_back(column.slice(start, length));
  return table;
}

Table Table::select(std::span<const std::string> names) const {
  std::vector<Field> fields;
  std::vector<Column> columns;
  for (const std::string& name : names) {
    const size_t position = schema_.position_of(name);
    fields.push_back(schema_[position]);
    columns.push_back(columns_[position]);
  }
  Table table(Schema(std::move(fields), schema_.metadata()), std::move(columns));
  table.num_rows_ = num_rows_;
  return table;
}

Table Table::with_column(const Field& field, const Column& column) const {
  std::vector<Field> fields = schema_.fields();
  std::vector<Column> columns = columns_;
  if (const auto position = schema_.find(field.name)) {
    fields[*position] = field;
    columns[*position] = column;
  } else {
    fields.push_back(field);
    columns.push_back(column);
  }
  return Table(Schema(std::move(fields), schema_.metadata()), std::move(columns));
}

Table Table::with_metadata(std::vector<std::pair<std::string, std::string>> metadata) const {
  Table table = *this;
  table.schema_ = schema_.with_metadata(std::move(metadata));
  return table;
}

int64_t Table::byte_size() const noexcept {
  int64_t size = 0;
  for (const Column& column : columns_) size += column.byte_size();
  return size;
}

namespace table {

namespace {

template <typename T>
bool same_number(T left, T right) noexcept {
  if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    return (std::bit_cast<Bits>(left) == std::bit_cast<Bits>(right)) | ((left != left) & (right != right));
  } else {
    return left == right;
  }
}

bool same_half(uint16_t left, uint16_t right) noexcept {
  const auto is_nan = [](uint16_t half) { return (half & 0x7FFF) > 0x7C00; };
  return left == right || (is_nan(left) && is_nan(right));
}

// `same(i)` tells whether the values of the i-th pair are equal; it is asked only where neither is null.
template <typename Same>
void mark_pairs(const RowSpan& left, const RowSpan& right, int64_t count, uint8_t* unlike, Same same) {
  if (left.column.null_count() == 0 && right.column.null_count() == 0) {
    for (int64_t at = 0; at < count; ++at) unlike[at] |= static_cast<uint8_t>(!same(at));
    return;
  }
  for (int64_t at = 0; at < count; ++at) {
    const bool left_null = left.column.is_null(left.first + at);
    const bool right_null = right.column.is_null(right.first + at);
    const bool differ = left_null || right_null ? left_null != right_null : !same(at);
    unlike[at] |= static_cast<uint8_t>(differ);
  }
}

template <typename T>
void mark_fixed(const RowSpan& left, const RowSpan& right, int64_t count, uint8_t* unlike) {
  const T* left_values = left.column.values<T>().data() + left.first;
  const T* right_values = right.column.values<T>().data() + right.first;
  mark_pairs(left, right, count, unlike, [=](int64_t at) { return same_number(left_values[at], right_values[at]); });
}

// One value, of any storage.
bool same_value(const RowSpan& left, const RowSpan& right) {
  uint8_t unlike = 0;
  mark_unlike(left, right, 1, &unlike);
  return unlike == 0;
}

void mark_indexed(const RowSpan& left, const RowSpan& right, int64_t count, uint8_t* unlike) {
  const int32_t* left_indices = left.column.values<int32_t>().data() + left.first;
  const int32_t* right_indices = right.column.values<int32_t>().data() + right.first;
  const Column& left_dictionary = left.column.dictionary();
  const Column& right_dictionary = right.column.dictionary();
  const bool shared = left.column.parts().dictionary == right.column.parts().dictionary;
  mark_pairs(left, right, count, unlike, [&](int64_t at) {
    if (shared && left_indices[at] == right_indices[at]) return true;
    return same_value({left_dictionary, left_indices[at]}, {right_dictionary, right_indices[at]});
  });
}

void mark_by_width(const RowSpan& left, const RowSpan& right, int64_t count, uint8_t* unlike) {
  const auto by_bytes = [&](int64_t at) {
    return left.column.bytes_at(left.first + at) == right.column.bytes_at(right.first + at);
  };
  if (left.column.type().id == TypeId::kFixedBinary) return mark_pairs(left, right, count, unlike, by_bytes);
  switch (width_of(left.column.type())) {
    case 1: return mark_fixed<uint8_t>(left, right, count, unlike);
    case 2: return mark_fixed<uint16_t>(left, right, count, unlike);
    case 4: return mark_fixed<uint32_t>(left, right, count, unlike);
    case 8: return mark_fixed<uint64_t>(left, right, count, unlike);
    default: return mark_fixed<Int128>(left, right, count, unlike);
  }
}

void mark_halves(const RowSpan& left, const RowSpan& right, int64_t count, uint8_t* unlike) {
  const uint16_t* left_values = left.column.values<uint16_t>().data() + left.first;
  const uint16_t* right_values = right.column.values<uint16_t>().data() + right.first;
  mark_pairs(left, right, count, unlike, [=](int64_t at) { return same_half(left_values[at], right_values[at]); });
}

void mark_variable(const RowSpan& left, const RowSpan& right, int64_t count, uint8_t* unlike) {
  const int64_t* left_offsets = left.column.offsets().data() + left.first;
  const int64_t* right_offsets = right.column.offsets().data() + right.first;
  const char* left_bytes = left.column.variable_bytes();
  const char* right_bytes = right.column.variable_bytes();
  mark_pairs(left, right, count, unlike, [=](int64_t at) {
    const int64_t size = left_offsets[at + 1] - left_offsets[at];
    if (size != right_offsets[at + 1] - right_offsets[at]) return false;
    return size == 0 ||
           std::memcmp(left_bytes + left_offsets[at], right_bytes + right_offsets[at], static_cast<size_t>(size)) == 0;
  });
}

}  // namespace

void mark_unlike(const RowSpan& left, const RowSpan& right, int64_t count, uint8_t* unlike) {
  switch (left.column.type().id) {
    case TypeId::kNull: return;
    case TypeId::kBoolean:
      return mark_pairs(left, right, count, unlike,
                        [l = left.column.bits(), r = right.column.bits(), lf = left.first,
                         rf = right.first](int64_t at) { return l[lf + at] == r[rf + at]; });
    case TypeId::kFloat16: return mark_halves(left, right, count, unlike);
    case TypeId::kFloat32: return mark_fixed<float>(left, right, count, unlike);
    case TypeId::kFloat64: return mark_fixed<double>(left, right, count, unlike);
    case TypeId::kString:
    case TypeId::kBinary: return mark_variable(left, right, count, unlike);
    case TypeId::kDictionary: return mark_indexed(left, right, count, unlike);
    default: return mark_by_width(left, right, count, unlike);
  }
}

}  // namespace table

namespace {

// The first row in which two columns of one type and length differ, or -1.
int64_t first_unlike(const Column& left, const Column& right) {
  constexpr int64_t kBlock = 4096;
  std::array<uint8_t, kBlock> unlike{};
  for (int64_t first = 0; first < left.length(); first += kBlock) {
    const int64_t count = std::min(kBlock, left.length() - first);
    table::mark_unlike({left, first}, {right, first}, count, unlike.data());
    const auto* found = std::find(unlike.data(), unlike.data() + count, uint8_t{1});
    if (found != unlike.data() + count) return first + (found - unlike.data());
  }
  return -1;
}

std::string shown(const Column& column, int64_t row) {
  return column.is_null(row) ? "null" : table::value_text(column, row);
}

}  // namespace

bool equals(const Column& left, const Column& right) {
  return left.type() == right.type() && left.length() == right.length() && left.null_count() == right.null_count() &&
         first_unlike(left, right) < 0;
}

bool equals(const Table& left, const Table& right) {
  if (left.schema() != right.schema() || left.num_rows() != right.num_rows()) return false;
  for (size_t position = 0; position < left.num_columns(); ++position) {
    if (!equals(left.column(position), right.column(position))) return false;
  }
  return true;
}

std::string difference(const Table& left, const Table& right) {
  if (left.schema() != right.schema()) {
    return "schema:\n" + to_string(left.schema()) + "against:\n" + to_string(right.schema());
  }
  if (left.num_rows() != right.num_rows()) {
    return std::to_string(left.num_rows()) + " rows against " + std::to_string(right.num_rows());
  }
  for (size_t position = 0; position < left.num_columns(); ++position) {
    const int64_t row = first_unlike(left.column(position), right.column(position));
    if (row < 0) continue;
    return "column " + left.schema()[position].name + ", row " + std::to_string(row) + ": " +
           shown(left.column(position), row) + " against " + shown(right.column(position), row);
  }
  return {};
}

}  // namespace varve

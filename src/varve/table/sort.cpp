#include "varve/table/sort.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <numeric>
#include <optional>

#include "varve/base/error.h"
#include "varve/table/half.h"
#include "varve/table/order.h"
#include "varve/table/print.h"
#include "varve/table/runs.h"
#include "varve/table/select.h"

namespace varve::table {

namespace {

// The kind of number that lies in memory for a type.
TypeId kind_of(const DataType& type) {
  switch (type.id) {
    case TypeId::kDate: return TypeId::kInt32;
    case TypeId::kTimestamp:
    case TypeId::kDuration: return TypeId::kInt64;
    case TypeId::kTime: return width_of(type) == 4 ? TypeId::kInt32 : TypeId::kInt64;
    default: return type.id;
  }
}

template <typename T>
int compare_numbers(T left, T right) {
  if (left < right) return -1;
  if (right < left) return 1;
  if constexpr (std::is_floating_point_v<T>) return static_cast<int>(left != left) - static_cast<int>(right != right);
  return 0;
}

}  // namespace

OrderedColumn::OrderedColumn(const Column& column) : column_(&column), kind_(kind_of(column.type())) {
  const Storage storage = storage_of(column.type());
  if (storage == Storage::kFixed || storage == Storage::kIndexed) {
    const auto width = static_cast<int64_t>(width_of(column.type()));
    const base::BufferPtr& values = column.parts().values;
    if (values) values_ = values->data() + column.parts().offset * width;
  }
  if (storage == Storage::kIndexed) dictionary_ = std::make_shared<const OrderedColumn>(column.dictionary());
}

template <typename T>
int OrderedColumn::compare_as(int64_t row, const OrderedColumn& other, int64_t other_row) const {
  return compare_numbers(static_cast<const T*>(values_)[row], static_cast<const T*>(other.values_)[other_row]);
}

int OrderedColumn::compare_indices(int64_t row, const OrderedColumn& other, int64_t other_row) const {
  const int32_t left = static_cast<const int32_t*>(values_)[row];
  const int32_t right = static_cast<const int32_t*>(other.values_)[other_row];
  if (left == right && column_->parts().dictionary == other.column_->parts().dictionary) return 0;
  return dictionary_->compare(left, *other.dictionary_, right);
}

int OrderedColumn::compare(int64_t row, const OrderedColumn& other, int64_t other_row) const {
  const bool null = column_->is_null(row);
  const bool other_null = other.column_->is_null(other_row);
  if (null || other_null) return static_cast<int>(other_null) - static_cast<int>(null);
  switch (kind_) {
    case TypeId::kNull: return 0;
    case TypeId::kBoolean:
      return static_cast<int>(column_->bits()[row]) - static_cast<int>(other.column_->bits()[other_row]);
    case TypeId::kInt8: return compare_as<int8_t>(row, other, other_row);
    case TypeId::kInt16: return compare_as<int16_t>(row, other, other_row);
    case TypeId::kInt32: return compare_as<int32_t>(row, other, other_row);
    case TypeId::kInt64: return compare_as<int64_t>(row, other, other_row);
    case TypeId::kUInt8: return compare_as<uint8_t>(row, other, other_row);
    case TypeId::kUInt16: return compare_as<uint16_t>(row, other, other_row);
    case TypeId::kUInt32: return compare_as<uint32_t>(row, other, other_row);
    case TypeId::kUInt64: return compare_as<uint64_t>(row, other, other_row);
    case TypeId::kFloat16:
      return compare_numbers(half_to_float(static_cast<const uint16_t*>(values_)[row]),
                             half_to_float(static_cast<const uint16_t*>(other.values_)[other_row]));
    case TypeId::kFloat32: return compare_as<float>(row, other, other_row);
    case TypeId::kFloat64: return compare_as<double>(row, other, other_row);
    case TypeId::kDecimal: return compare_as<Int128>(row, other, other_row);
    case TypeId::kDictionary: return compare_indices(row, other, other_row);
    default: return column_->bytes_at(row).compare(other.column_->bytes_at(other_row));
  }
}

OrderedRows::OrderedRows(const Table& table, const RowOrder& order) : num_rows_(table.num_rows()) {
  if (!order.index.empty()) {
    values_.emplace(table, order.index);
    index_ = values_->nanoseconds().data();
  }
  identity_.reserve(order.identity.size());
  for (const std::string& name : order.identity) identity_.emplace_back(table.column(name));
}

namespace {

// Whether each value from `begin` to before `end` is greater than the one before it.
bool ascends(const int64_t* index, int64_t begin, int64_t end) {
  int all = 1;  // without a branch, so that several are compared at a time
  for (int64_t at = begin; at < end; ++at) all &= static_cast<int>(index[at - 1] < index[at]);
  return all != 0;
}

// The first row from `begin` to before `end` that does not stand in order behind the one before it, or `end`.
// `strictly`: equal rows are out of order too.
int64_t first_out_of_order_in(const OrderedRows& rows, int64_t begin, int64_t end, bool strictly) {
  constexpr int64_t kRows = 64;  // looked at together, by the index alone
  const int64_t limit = strictly ? -1 : 0;
  for (int64_t row = begin; row < end;) {
    const int64_t stop = std::min(end, row + kRows);
    if (rows.index() != nullptr && ascends(rows.index(), row, stop)) row = stop;
    for (; row < stop; ++row) {
      if (rows.compare(row - 1, rows, row) > limit) return row;
    }
  }
  return end;
}

// The first of all rows that is out of order, or their number.
int64_t first_out_of_order(const OrderedRows& rows, bool strictly, base::ThreadPool* pool = nullptr) {
  const int64_t num_rows = rows.num_rows();
  std::atomic<int64_t> first = num_rows;
  base::parallel_for(pool, static_cast<size_t>((num_rows + kRowsOfOrderTask - 1) / kRowsOfOrderTask), [&](size_t task) {
    const auto begin = static_cast<int64_t>(task) * kRowsOfOrderTask;
    const int64_t end = std::min(num_rows, begin + kRowsOfOrderTask);
    int64_t known = first.load();
    if (begin > known) return;
    const int64_t row = first_out_of_order_in(rows, std::max<int64_t>(begin, 1), end, strictly);
    if (row == end) return;
    while (row < known && !first.compare_exchange_weak(known, row)) {}
  });
  return first.load();
}

struct IndexedRow {
  uint64_t key;
  int64_t row;
};

// Sorts by key, stable, least significant digit first; digits in which all keys agree are left out.
void radix_sort(std::span<IndexedRow>& entries, std::span<IndexedRow>& scratch, uint64_t used_bits) {
  constexpr int kDigitBits = 11;
  constexpr uint64_t kDigits = uint64_t{1} << kDigitBits;
  const auto used_end = static_cast<int>(std::bit_width(used_bits));
  for (int shift = std::countr_zero(used_bits); shift < used_end; shift += kDigitBits) {
    const auto digit_of = [shift](uint64_t key) { return static_cast<size_t>((key >> shift) & (kDigits - 1)); };
    std::array<size_t, kDigits> next{};
    for (const IndexedRow& entry : entries) ++next[digit_of(entry.key)];
    std::exclusive_scan(next.begin(), next.end(), next.begin(), size_t{0});
    for (const IndexedRow& entry : entries) scratch[next[digit_of(entry.key)]++] = entry;
    std::swap(entries, scratch);
  }
}

// Row numbers, in memory from the pool.
class RowNumbers {
 public:
  explicit RowNumbers(size_t count) : buffer_(base::MutableBuffer::allocate(count * sizeof(int64_t))) {}
  [[nodiscard]] std::span<int64_t> span() { return {buffer_.as<int64_t>(), buffer_.size() / sizeof(int64_t)}; }

 private:
  base::MutableBuffer buffer_;
};

// Row numbers in the order of the index alone, stable.
RowNumbers rows_by_index(const OrderedRows& rows) {
  const auto count = static_cast<size_t>(rows.num_rows());
  auto first = base::MutableBuffer::allocate(count * sizeof(IndexedRow));
  auto second = base::MutableBuffer::allocate(count * sizeof(IndexedRow));
  std::span<IndexedRow> entries{first.as<IndexedRow>(), count};
  std::span<IndexedRow> scratch{second.as<IndexedRow>(), count};
  const int64_t least = *std::min_element(rows.index(), rows.index() + count);
  uint64_t used_bits = 0;
  for (size_t row = 0; row < count; ++row) {
    const uint64_t key = static_cast<uint64_t>(rows.index()[row]) - static_cast<uint64_t>(least);
    entries[row] = {key, static_cast<int64_t>(row)};
    used_bits |= key;
  }
  constexpr size_t kFew = 2048;  // below, the passes over the digits' counters cost more than they save
  if (count < kFew) {
    std::stable_sort(entries.begin(), entries.end(), [](auto left, auto right) { return left.key < right.key; });
  } else {
    radix_sort(entries, scratch, used_bits);
  }
  RowNumbers result(count);
  std::transform(entries.begin(), entries.end(), result.span().begin(),
                 [](const IndexedRow& entry) { return entry.row; });
  return result;
}

RowNumbers sorted_rows(const OrderedRows& rows) {
  const auto by_identity = [&rows](int64_t left, int64_t right) {
    return rows.compare_identity(left, rows, right) < 0;
  };
  if (rows.index() == nullptr) {
    RowNumbers result(static_cast<size_t>(rows.num_rows()));
    const std::span<int64_t> numbers = result.span();
    std::iota(numbers.begin(), numbers.end(), int64_t{0});
    std::stable_sort(numbers.begin(), numbers.end(), by_identity);
    return result;
  }
  RowNumbers result = rows_by_index(rows);
  if (!rows.has_identity()) return result;
  const std::span<int64_t> numbers = result.span();
  for (auto first = numbers.begin(); first != numbers.end();) {
    const int64_t moment = rows.index()[*first];
    auto last = first + 1;
    while (last != numbers.end() && rows.index()[*last] == moment) ++last;
    if (last - first > 1) std::stable_sort(first, last, by_identity);
    first = last;
  }
  return result;
}

// The rows as runs, if these are long enough for copying blocks to beat picking rows.
std::optional<RunList> long_runs(std::span<const int64_t> numbers) {
  constexpr size_t kRowsPerRun = 32;
  size_t breaks = 0;
  for (size_t at = 1; at < numbers.size(); ++at) breaks += static_cast<size_t>(numbers[at] != numbers[at - 1] + 1);
  if (breaks > numbers.size() / kRowsPerRun) return std::nullopt;
  RunList runs;
  for (const int64_t row : numbers) runs.add(0, row, 1);
  return runs;
}

}  // namespace

bool is_sorted(const Table& table, const RowOrder& order) {
  const OrderedRows rows(table, order);
  return first_out_of_order(rows, false) == rows.num_rows();
}

bool is_strictly_sorted(const Table& table, const RowOrder& order, base::ThreadPool* pool) {
  const OrderedRows rows(table, order);
  return first_out_of_order(rows, true, pool) == rows.num_rows();
}

Table sort(const Table& table, const RowOrder& order, base::ThreadPool* pool) {
  const OrderedRows rows(table, order);
  if (first_out_of_order(rows, false, pool) == rows.num_rows()) return table;
  RowNumbers sorted = sorted_rows(rows);
  const std::span<const int64_t> numbers = sorted.span();
  if (const auto runs = long_runs(numbers)) return assemble({&table, 1}, *runs, pool);
  return take(table, numbers, pool);
}

int64_t find_duplicate(const Table& table, const RowOrder& order) {
  const OrderedRows rows(table, order);
  const int64_t row = first_out_of_order(rows, true);
  return row == rows.num_rows() ? -1 : row;
}

std::string describe_row(const Table& table, int64_t row, const RowOrder& order) {
  std::vector<std::string> names;
  if (!order.index.empty()) names.push_back(order.index);
  names.insert(names.end(), order.identity.begin(), order.identity.end());
  std::string text;
  for (const std::string& name : names) {
    const Column& column = table.column(name);
    if (!text.empty()) text += ", ";
    text += name + " " + (column.is_null(row) ? "null" : value_text(column, row));
  }
  return text;
}

}  // namespace varve::table

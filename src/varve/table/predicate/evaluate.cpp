#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "varve/base/buffer.h"
#include "varve/table/bits.h"
#include "varve/table/predicate/condition.h"
#include "varve/table/predicate/predicate.h"

namespace varve::table {
namespace {

// Rows that one task looks at: whole bytes of the mask, and enough to be worth a task.
constexpr int64_t kTaskRows = 64 * static_cast<int64_t>(kBlockRows);

// Bytes 0 and 1 as bits. Writes whole bytes; what lies behind the last bit is clear.
void pack(std::span<const uint8_t> bytes, uint8_t* out) {
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) *out++ = pack_eight(bytes.data());
  if (bytes.empty()) return;
  unsigned last = 0;
  for (size_t at = 0; at < bytes.size(); ++at) last |= static_cast<unsigned>(bytes[at]) << at;
  *out = static_cast<uint8_t>(last);
}

}  // namespace

Column evaluate(const Predicate& predicate, const Table& source, base::ThreadPool* pool) {
  const Condition condition = bind(predicate, source.schema());
  std::vector<const Column*> columns;
  for (size_t position = 0; position < source.num_columns(); ++position) columns.push_back(&source.column(position));
  const Matcher matcher(condition, columns);
  const int64_t rows = source.num_rows();
  base::MutableBuffer bits = base::MutableBuffer::allocate(bytes_for_bits(rows));
  const auto tasks = static_cast<size_t>((rows + kTaskRows - 1) / kTaskRows);
  const auto evaluate_task = [&](size_t task) {
    const int64_t begin = static_cast<int64_t>(task) * kTaskRows;
    const int64_t end = std::min(rows, begin + kTaskRows);
    std::array<uint8_t, kBlockRows> matches;
    for (int64_t row = begin; row < end; row += static_cast<int64_t>(kBlockRows)) {
      const auto count = static_cast<size_t>(std::min<int64_t>(kBlockRows, end - row));
      matcher.match(row, {matches.data(), count});
      pack({matches.data(), count}, bits.as<uint8_t>() + row / 8);
    }
  };
  base::parallel_for(pool, tasks, evaluate_task);
  return Column({.type = DataType::boolean(), .length = rows, .values = std::move(bits).finish(), .null_count = 0});
}

}  // namespace varve::table

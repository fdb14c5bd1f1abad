#include "varve/store/read/wide.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/table/print.h"
#include "varve/table/runs.h"
#include "varve/table/select.h"

namespace varve::store {
namespace {

// Ascending moments: some that lie elsewhere, or its own.
template <typename T>
struct Moments {
  std::vector<T> owned;
  std::span<const T> values;
};

// All moments that any of the lists has. Series of one market mostly have the same ones.
template <typename T>
Moments<T> unite(std::span<const std::span<const T>> lists) {
  if (lists.empty()) return {};
  if (lists.size() == 1) return {{}, lists[0]};
  Moments<T> left = unite(lists.first(lists.size() / 2));
  Moments<T> right = unite(lists.subspan(lists.size() / 2));
  if (std::equal(left.values.begin(), left.values.end(), right.values.begin(), right.values.end())) return left;
  Moments<T> both;
  both.owned.reserve(std::max(left.values.size(), right.values.size()));
  std::set_union(left.values.begin(), left.values.end(), right.values.begin(), right.values.end(),
                 std::back_inserter(both.owned));
  both.values = both.owned;
  return both;
}

// The values of `column`, which belong to `own` moments, at all of them.
template <typename T>
Column spread(const Column& column, std::span<const T> own, std::span<const T> all) {
  if (own.size() == all.size()) return column;
  std::vector<int64_t> rows(all.size(), -1);
  size_t row = 0;
  for (size_t at = 0; at < all.size() && row < own.size(); ++at) {
    if (all[at] == own[row]) rows[at] = static_cast<int64_t>(row++);
  }
  return table::take(column, rows);
}

template <typename T>
class Widening {
 public:
  Widening(const Table& rows, std::span<const std::string> keys, std::span<const int64_t> counts)
      : rows_(rows), keys_(keys), moments_(rows.column(size_t{0}).values<T>()) {
    int64_t first = 0;
    for (const int64_t count : counts) {
      firsts_.push_back(first);
      own_.push_back(moments_.subspan(static_cast<size_t>(first), static_cast<size_t>(count)));
      first += count;
    }
    check_unique();
  }

  [[nodiscard]] Table run(base::ThreadPool* pool) const {
    const Moments<T> all = unite<T>(own_);
    std::vector<Field> fields{rows_.schema()[0]};
    std::vector<Column> columns(keys_.size() + 1);
    columns[0] = make_column<T>(fields[0].type, all.values);
    for (const std::string& key : keys_) fields.push_back({key, rows_.schema()[1].type});
    Schema schema(std::move(fields));
    base::parallel_for(pool, keys_.size(), [&](size_t key) {
      const Column own = rows_.column(size_t{1}).slice(firsts_[key], std::ssize(own_[key]));
      columns[key + 1] = spread<T>(own, own_[key], all.values);
    });
    return Table(std::move(schema), std::move(columns));
  }

 private:
  void check_unique() const {
    for (size_t key = 0; key < own_.size(); ++key) {
      const auto twice = std::adjacent_find(own_[key].begin(), own_[key].end());
      if (twice == own_[key].end()) continue;
      const std::string at = table::value_text(rows_.column(size_t{0}), firsts_[key] + (twice - own_[key].begin()));
      throw InvalidArgument("series {} has more than one row at {}: it cannot be a column", quote(keys_[key]), at);
    }
  }

  const Table& rows_;
  std::span<const std::string> keys_;
  std::span<const T> moments_;
  std::vector<int64_t> firsts_;          // row of each key
  std::vector<std::span<const T>> own_;  // moments of each key
};

}  // namespace

Table make_wide(const Table& rows, std::span<const std::string> keys, std::span<const int64_t> counts,
                base::ThreadPool* pool) {
  if (keys.empty()) return rows;
  for (const std::string& key : keys) {
    if (key == rows.schema()[0].name) throw InvalidArgument("key {} has the name of the index", quote(key));
  }
  if (width_of(rows.schema()[0].type) == 4) return Widening<int32_t>(rows, keys, counts).run(pool);
  return Widening<int64_t>(rows, keys, counts).run(pool);
}

}  // namespace varve::store

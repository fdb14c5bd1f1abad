#include <algorithm>
#include <array>

#include "varve/base/error.h"
#include "varve/table/equality.h"
#include "varve/table/order.h"
#include "varve/table/runs.h"
#include "varve/table/sort.h"

namespace varve::table {

namespace {

constexpr size_t kOlder = 0;
constexpr size_t kNewer = 1;

// The first row in [first, last) for which `before` is false, if it holds for a beginning of them. Looks near `first`,
// then ever farther: a run of n rows costs log(n) comparisons, and none is far from where the last one was.
template <typename Before>
int64_t gallop(int64_t first, int64_t last, Before before) {
  int64_t step = 1;
  int64_t low = first;
  while (low < last && step <= last - low && before(low + step - 1)) {
    low += step;
    step *= 2;
  }
  int64_t high = std::min(last, low + step - 1);
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (before(middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// One merge on its way: where it stands in both tables and what it has chosen.
class Merge {
 public:
  Merge(const Table& older, const Table& newer, const RowOrder& order, OnConflict on_conflict)
      : tables_{older, newer},
        order_(order),
        on_conflict_(on_conflict),
        older_(tables_[0], order),
        newer_(tables_[1], order) {}

  MergeResult run() {
    if (on_conflict_ == OnConflict::kKeepBoth) {
      keep_both();
    } else {
      match();
    }
    if (result_.rows_added == 0 && result_.rows_replaced == 0) {
      result_.table = tables_[kOlder];
    } else {
      result_.table = assemble(tables_, runs_, nullptr);
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] int64_t older_end() const { return older_.num_rows(); }
  [[nodiscard]] int64_t newer_end() const { return newer_.num_rows(); }
  [[nodiscard]] bool same_key(int64_t old_row, int64_t new_row) const {
    return older_.compare(old_row, newer_, new_row) == 0;
  }
  [[nodiscard]] bool repeats(int64_t new_row) const {  // has the key of the newer row before it
    return newer_.compare(new_row - 1, newer_, new_row) == 0;
  }

  void keep_older_to(int64_t row) {
    runs_.add(kOlder, older_row_, row - older_row_);
    older_row_ = row;
  }

  void keep_both() {
    while (newer_row_ < newer_end()) {
      keep_older_to(gallop(older_row_, older_end(),
                           [this](int64_t row) { return older_.compare(row, newer_, newer_row_) <= 0; }));
      add_new(newer_before_older());
    }
    keep_older_to(older_end());
  }

  // The end of the newer rows that come before the older row at hand.
  int64_t newer_before_older() const {
    if (older_row_ == older_end()) return newer_end();
    return gallop(newer_row_, newer_end(), [this](int64_t row) { return older_.compare(older_row_, newer_, row) > 0; });
  }

  void add_new(int64_t end) {
    runs_.add(kNewer, newer_row_, end - newer_row_);
    result_.rows_added += end - newer_row_;
    newer_row_ = end;
  }

  void match() {
    while (newer_row_ < newer_end()) {
      keep_older_to(
          gallop(older_row_, older_end(), [this](int64_t row) { return older_.compare(row, newer_, newer_row_) < 0; }));
      if (older_row_ < older_end() && same_key(older_row_, newer_row_)) {
        match_equal_keys();
      } else {
        add_new_without_repeats(newer_before_older());
      }
    }
    keep_older_to(older_end());
  }

  void add_new_without_repeats(int64_t end) {
    while (newer_row_ < end) {
      int64_t last = newer_row_ + 1;
      while (last < end && !repeats(last)) ++last;
      if (last == end) return add_new(end);
      add_new(last - 1);  // the one that is repeated is settled with its repeats
      ++result_.rows_added;
      settle({kNewer, newer_row_}, newer_row_ + 1);
    }
  }

  void match_equal_keys() {
    // Should the older table hold a key several times, the last of them is the one to be met.
    while (older_row_ + 1 < older_end() && same_key(older_row_ + 1, newer_row_)) keep_older_to(older_row_ + 1);
    const int64_t block = rows_matched_one_to_one();
    if (block > 0) return settle_block(block);
    const int64_t old_row = older_row_++;
    settle({kOlder, old_row}, newer_row_);
  }

  // How many rows from here on have one partner each: what settle_block can do at once.
  int64_t rows_matched_one_to_one() const {
    const int64_t limit = std::min({kBlock, older_end() - older_row_, newer_end() - newer_row_});
    int64_t count = 0;
    while (count < limit && same_key(older_row_ + count, newer_row_ + count)) {
      const int64_t next = newer_row_ + count + 1;
      if (next < newer_end() && repeats(next)) break;
      const int64_t next_older = older_row_ + count + 1;
      if (next_older < older_end() && older_.compare(next_older - 1, older_, next_older) == 0) break;
      ++count;
    }
    return count;
  }

  void settle_block(int64_t count) {
    if (on_conflict_ == OnConflict::kError) refuse(newer_row_);
    if (on_conflict_ == OnConflict::kIgnore) {
      result_.rows_ignored += count;
      runs_.add(kOlder, older_row_, count);
    } else {
      std::array<uint8_t, kBlock> unlike{};
      mark(RowAt{kOlder, older_row_}, newer_row_, count, unlike.data());
      for (int64_t row = 0; row < count; ++row) {
        const bool replaced = unlike[static_cast<size_t>(row)] != 0;
        ++(replaced ? result_.rows_replaced : result_.rows_unchanged);
        runs_.add(replaced ? kNewer : kOlder, (replaced ? newer_row_ : older_row_) + row, 1);
      }
    }
    older_row_ += count;
    newer_row_ += count;
  }

  struct RowAt {
    size_t source;
    int64_t row;
  };

  // `winner` meets the newer rows of its key from `first` on, one after the other; whoever is left is kept.
  void settle(RowAt winner, int64_t first) {
    const int64_t key_row = newer_row_;
    int64_t row = first;
    for (; row < newer_end() && newer_.compare(key_row, newer_, row) == 0; ++row) {
      if (on_conflict_ == OnConflict::kError) refuse(row);
      if (on_conflict_ == OnConflict::kIgnore) {
        ++result_.rows_ignored;
        continue;
      }
      uint8_t unlike = 0;
      mark(winner, row, 1, &unlike);
      ++(unlike != 0 ? result_.rows_replaced : result_.rows_unchanged);
      if (unlike != 0) winner = {kNewer, row};
    }
    runs_.add(winner.source, winner.row, 1);
    newer_row_ = row;
  }

  void mark(RowAt left, int64_t new_row, int64_t count, uint8_t* unlike) const {
    for (size_t position = 0; position < tables_[kNewer].num_columns(); ++position) {
      mark_unlike({tables_[left.source].column(position), left.row}, {tables_[kNewer].column(position), new_row}, count,
                  unlike);
    }
  }

  [[noreturn]] void refuse(int64_t new_row) const {
    throw AlreadyExists("there is a row with {} already", describe_row(tables_[kNewer], new_row, order_));
  }

  static constexpr int64_t kBlock = 4096;

  std::array<Table, 2> tables_;
  const RowOrder& order_;
  OnConflict on_conflict_;
  OrderedRows older_;
  OrderedRows newer_;
  int64_t older_row_ = 0;
  int64_t newer_row_ = 0;
  RunList runs_;
  MergeResult result_;
};

}  // namespace

MergeResult merge(const Table& older, const Table& newer, const RowOrder& order, OnConflict on_conflict) {
  if (older.schema() != newer.schema()) {
    throw SchemaCompatibility("tables of different columns cannot be merged:\n{}and\n{}", to_string(older.schema()),
                              to_string(newer.schema()));
  }
  return Merge(older, newer, order, on_conflict).run();
}

}  // namespace varve::table

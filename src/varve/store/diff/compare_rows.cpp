#include "varve/store/diff/compare_rows.h"

#include <algorithm>
#include <array>

#include "varve/table/equality.h"
#include "varve/table/order.h"

namespace varve::store {
namespace {

constexpr int64_t kBlock = 4096;

class Comparing {
 public:
  Comparing(const Table& older, const Table& newer, const RowComparison& comparison)
      : comparison_(comparison),
        older_(older),
        newer_(newer),
        older_rows_(older, comparison.order),
        newer_rows_(newer, comparison.order) {}

  RowDifferences run() {
    while (older_row_ < older_.num_rows() && newer_row_ < newer_.num_rows()) {
      const int order = older_rows_.compare(older_row_, newer_rows_, newer_row_);
      if (order < 0) {
        found_.removed.push_back(older_row_++);
      } else if (order > 0) {
        found_.added.push_back(newer_row_++);
      } else {
        compare_block();
      }
    }
    while (older_row_ < older_.num_rows()) found_.removed.push_back(older_row_++);
    while (newer_row_ < newer_.num_rows()) found_.added.push_back(newer_row_++);
    return std::move(found_);
  }

 private:
  // The rows from here on that are the same side by side, column by column.
  void compare_block() {
    const int64_t limit = std::min({kBlock, older_.num_rows() - older_row_, newer_.num_rows() - newer_row_});
    int64_t count = 1;
    while (count < limit && older_rows_.compare(older_row_ + count, newer_rows_, newer_row_ + count) == 0) ++count;
    std::array<uint8_t, kBlock> unlike{};
    for (const size_t column : comparison_.compared) {
      table::mark_unlike({older_.column(column), older_row_}, {newer_.column(column), newer_row_}, count,
                         unlike.data());
    }
    for (int64_t row = 0; row < count; ++row) {
      if (unlike[static_cast<size_t>(row)] == 0) continue;
      (comparison_.pairs ? found_.before : found_.removed).push_back(older_row_ + row);
      (comparison_.pairs ? found_.after : found_.added).push_back(newer_row_ + row);
    }
    older_row_ += count;
    newer_row_ += count;
  }

  const RowComparison& comparison_;
  const Table& older_;
  const Table& newer_;
  table::OrderedRows older_rows_;
  table::OrderedRows newer_rows_;
  int64_t older_row_ = 0;
  int64_t newer_row_ = 0;
  RowDifferences found_;
};

}  // namespace

RowDifferences compare_rows(const Table& older, const Table& newer, const RowComparison& comparison) {
  return Comparing(older, newer, comparison).run();
}

}  // namespace varve::store

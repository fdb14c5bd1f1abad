#include "varve/store/read/batches.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "varve/base/error.h"
#include "varve/base/naming.h"
#include "varve/table/select.h"

namespace varve::store {
namespace {

constexpr int64_t kPageRows = int64_t{1} << 14;  // of the files that we write: what is unpacked at once
constexpr int64_t kRowsMax = int64_t{1} << 40;
constexpr int kAttempts = 3;

// Null where none can be had: on a disk that only can be read nobody removes anything.
std::shared_ptr<const Lease> lease(Engine& engine, const std::vector<SeriesView>& views) {
  std::vector<catalog::SeriesVersion> versions;
  versions.reserve(views.size());
  for (const SeriesView& view : views) versions.push_back({view.state().series.id, view.state().version});
  try {
    return std::make_shared<const Lease>(engine, versions);
  } catch (const NotFound&) {
    throw;
  } catch (const Error&) {
    if (!engine.read_only()) throw;
    return nullptr;
  }
}

}  // namespace

LeasedViews lease_views(Engine& engine, std::span<const std::string> keys, const Selection& selection,
                        const SelectionOf& selection_of) {
  for (int attempt = 1;; ++attempt) {
    LeasedViews leased;
    leased.views.reserve(keys.size());
    for (catalog::Catalog::State& state : find_states(engine, keys, selection)) {
      const std::string key = state.series.key;
      run_naming_series(key, [&] {
        Selection selected = selection_of ? selection_of(state) : selection;
        leased.views.emplace_back(engine, std::move(state), std::move(selected));
      });
    }
    try {
      if (!keys.empty()) leased.lease = lease(engine, leased.views);
      return leased;
    } catch (const NotFound&) {  // a version went between the two
      if (attempt == kAttempts) throw;
    }
  }
}

SeriesBatches::SeriesBatches(SeriesView view, std::shared_ptr<const Lease> lease, const BatchSizes& sizes)
    : view_(std::move(view)),
      lease_(std::move(lease)),
      sizes_(sizes),
      rows_left_(view_.selection().rows_max.value_or(std::numeric_limits<int64_t>::max())) {
  if (sizes.rows < 1 || sizes.rows_read < 0) throw InvalidArgument("tables of {} rows", sizes.rows);
  sizes_.rows = std::min(sizes_.rows, kRowsMax);
  if (sizes_.rows_read == 0) sizes_.rows_read = (sizes_.rows + kPageRows - 1) / kPageRows * kPageRows;
}

std::optional<Table> SeriesBatches::next() {
  while (waiting_rows_ < sizes_.rows && rows_left_ > 0) {
    std::optional<Table> piece = next_piece();
    if (!piece) break;
    if (piece->num_rows() > rows_left_) piece = piece->slice(0, rows_left_);
    rows_left_ -= piece->num_rows();
    waiting_rows_ += piece->num_rows();
    if (piece->num_rows() > 0) waiting_.push_back(*std::move(piece));
  }
  if (waiting_rows_ == 0) return std::nullopt;
  return take(std::min(waiting_rows_, sizes_.rows));
}

std::optional<Table> SeriesBatches::next_piece() {
  while (file_ < view_.num_files() && row_ >= view_.rows_of_file(file_)) {
    ++file_;
    row_ = 0;
  }
  if (file_ >= view_.num_files()) return std::nullopt;
  const int64_t first = row_;
  row_ += std::min(sizes_.rows_read, view_.rows_of_file(file_) - first);
  try {
    return view_.read_rows(file_, first, row_ - first);
  } catch (const NotFound& error) {
    throw Corruption("a file of series {} is missing: {}", quote(view_.key()), error.what());
  }
}

Table SeriesBatches::take(int64_t rows) {
  waiting_rows_ -= rows;
  std::vector<Table> pieces;
  while (rows > 0) {
    Table& front = waiting_.front();
    const int64_t count = std::min(rows, front.num_rows());
    rows -= count;
    pieces.push_back(front.slice(0, count));
    front = front.slice(count, front.num_rows() - count);
    if (front.num_rows() == 0) waiting_.pop_front();
  }
  return table::concatenate(pieces);
}

}  // namespace varve::store

// Hands out the rows of one version of a series piece by piece, in little memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "varve/store/read/series_view.h"
#include "varve/store/upkeep/vacuum.h"

namespace varve::store {

// Views of these series that stay as they are: nobody removes their files while the lease lives.
struct LeasedViews {
  std::vector<SeriesView> views;  // in the order of keys
  std::shared_ptr<const Lease> lease;
};

// All of them at one moment: no commit lies between two. `selection_of`, if given, says what is selected of each; else
// it is `selection`, which always says version and range. Throws as find_states and SeriesView.
using SelectionOf = std::function<Selection(const catalog::Catalog::State&)>;
LeasedViews lease_views(Engine& engine, std::span<const std::string> keys, const Selection& selection,
                        const SelectionOf& selection_of = {});

struct BatchSizes {
  int64_t rows = int64_t{1} << 16;  // of each table but the last
  int64_t rows_read = 0;            // of a file, at once; 0: as many whole pages as hold `rows`
};

// One pass over a series. Besides the tables that the caller keeps it holds at most one table and what was read of a
// file at once; files are open only within `next`. Move-only; one thread at a time. The engine must outlive it.
class SeriesBatches {
 public:
  // Throws InvalidArgument for sizes that are not positive.
  SeriesBatches(SeriesView view, std::shared_ptr<const Lease> lease, const BatchSizes& sizes);

  [[nodiscard]] const Schema& schema() const noexcept { return view_.schema(); }
  // The next rows, or nothing at the end and from then on. Throws Corruption.
  std::optional<Table> next();

 private:
  [[nodiscard]] std::optional<Table> next_piece();
  [[nodiscard]] Table take(int64_t rows);

  SeriesView view_;
  std::shared_ptr<const Lease> lease_;
  BatchSizes sizes_;
  size_t file_ = 0;
  int64_t row_ = 0;        // of that file, the next one
  int64_t rows_left_ = 0;  // of the selection's limit
  std::deque<Table> waiting_;
  int64_t waiting_rows_ = 0;
};

}  // namespace varve::store

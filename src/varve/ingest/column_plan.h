// Decides from the names in a CSV file's header what becomes of each column.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "varve/ingest/cell_column.h"
#include "varve/ingest/csv_options.h"

namespace varve::ingest {

struct PlannedColumn {
  std::string name;    // in the table
  std::string source;  // in the file
  CellRule rule = CellRule::kFree;
  std::string zone;  // of naive times in this column
};

struct ColumnPlan {
  std::vector<PlannedColumn> columns;  // as the file has them
  std::optional<size_t> index;         // the time column among them; nothing: the rows are untimed
};

// The time column is the one that `options` name or map to "timestamp", else the first that the market's list of names
// knows (market::find_index), whatever its case; `_utc` at the end of the name means that its naive times are UTC. It
// is called `timestamp` in the table. Columns that the kind knows get the kind's spelling ("Close" becomes "close") and
// its types, but for names that end in `_id`, which are free, and numbers that are no prices, which stay whole if the
// file has them whole. Prices are floats whatever the kind: columns called open, high, low, close, vwap, price, bid,
// ask, mid, bid_price, ask_price, bid_px_00, ask_px_00 or strike_price, in any case; of a renamed column the new name
// counts as it is written. A column without a name is called `column_3` by its place.
// Throws NotFound for a named column that is not there and, unless the rows are said to be untimed, where there is no
// time column; InvalidArgument for two columns of one name.
ColumnPlan plan_columns(const std::vector<std::string>& names, const CsvOptions& options);

}  // namespace varve::ingest

// Tables for tests: random ones of every type, and bars and trades that look like a market's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "varve/base/time.h"
#include "varve/table/table.h"

#include "support/random.h"

namespace varve::testing {

// One of each type there is, with several units, zones, scales and dictionary values where a type has them.
std::vector<DataType> all_types();

struct RandomColumnOptions {
  int64_t rows = 100;
  bool nulls = true;   // some columns get none, some few, some many
  bool sliced = true;  // the column may be a part of a longer one, so that its bits begin anywhere
};

// Values of every size, the ends of the type's range among them; floats with NaN, infinities and both zeros; strings
// that are empty, long and beyond ASCII. Decimals keep within their precision and times within a day.
Column random_column(Random& random, const DataType& type, const RandomColumnOptions& options = {});

// A column "c0", "c1", … for each type.
Table random_table(Random& random, const RandomColumnOptions& options = {});
Table random_table(Random& random, const std::vector<DataType>& types, const RandomColumnOptions& options);

// The text of each row, nothing for null: rows as a simple model sees them.
using Cells = std::vector<std::optional<std::string>>;
Cells cells(const Column& column);
// The same by rows: rows(table)[row][column].
std::vector<Cells> rows(const Table& table);

// 2024-01-02T00:00:00Z.
inline constexpr Timestamp kFirstBar{1'704'153'600 * kNanosecondsPerSecond};

// `rows` bars from `start` on: timestamp[ns, UTC], open, high, low, close (float64 on a grid of 0.01, high and low
// around the others) and volume (int64), without nulls.
Table make_bars(int64_t rows, Timestamp start = kFirstBar, Duration interval = Duration::seconds(60),
                uint64_t seed = 1);

// `rows` trades in order of time, some of which share a nanosecond: timestamp[ns, UTC], symbol (string), price
// (float64 on a grid of 0.01), size (int64), side ("B", "S" or "N"), trade_id (int64, ascending).
Table make_trades(int64_t rows, uint64_t seed = 1);

}  // namespace varve::testing

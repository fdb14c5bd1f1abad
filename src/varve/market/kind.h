// Kinds of series: what they hold, which columns they have, what makes a row unique.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "varve/table/schema.h"

namespace varve::market {

enum class Kind { kOhlcv, kTrades, kQuotes, kStatistics, kDefinitions, kFeatures, kLatents, kGeneric };

std::string_view to_string(Kind kind) noexcept;  // "ohlcv", "trades", "quotes", …
// Also "bars" for ohlcv and "tbbo" for quotes. Throws InvalidArgument, listing the words.
Kind parse_kind(std::string_view text);

// A column that a kind knows.
struct KindColumn {
  std::string_view name;  // the usual one; the index may be called otherwise (find_index)
  DataType type;          // the usual one; others that widen to it are accepted
  bool required = false;  // part of what makes a table of this kind
};
// In the usual order; the values of features and latents, whose names are free, come after these. Empty for generic.
// The columns live as long as the program.
std::span<const KindColumn> columns_of(Kind kind);

// The names of the columns that hold prices on a tick: ohlcv: open, high, low, close; trades and statistics: price;
// quotes: bid and ask under all their names. Empty for kinds whose columns are free.
std::span<const std::string_view> price_columns_of(Kind kind);

// The kind that the columns speak of: ohlcv for open, high, low and close; trades for price with size, amount, qty or
// quantity; quotes for bid and ask (bid_price, ask_price, bid_px_00 and ask_px_00 too); else generic.
// statistics, definitions, features and latents are only ever said, never guessed.
Kind detect_kind(const Schema& schema);

// The column that is the index: the one named `wanted`, if that is not empty (throws NotFound, or InvalidArgument if it
// is neither timestamp nor date); else `timestamp`, `ts_event`, `time`, `datetime`, `date`, `open_time`, `ts`,
// whichever is there first in this order and has such a type, else the only column of such a type. Empty if there is
// none: the series is untimed.
std::string find_index(const Schema& schema, std::string_view wanted = {});

// Identity by kind, without the index: empty optional means rows have none.
//   ohlcv: those of symbol, instrument, instrument_id, provider, granularity that exist
//   trades: the first of trade_id, id, sequence that exists, with symbol where there is one; none without such a column
//   quotes: sequence, with symbol where there is one; none without it
//   features, latents: symbol where there is one
//   definitions: instrument_id, else symbol
//   statistics, generic: none
std::optional<std::vector<std::string>> identity_of(Kind kind, const Schema& schema);

}  // namespace varve::market

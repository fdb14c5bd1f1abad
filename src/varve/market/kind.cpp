#include "varve/market/kind.h"

#include <algorithm>
#include <array>
#include <utility>

#include "varve/base/error.h"

namespace varve::market {

namespace {

using Names = std::vector<std::string_view>;

// In the order of the enumeration.
constexpr std::array<std::string_view, 8> kKindNames = {"ohlcv",       "trades",   "quotes",  "statistics",
                                                        "definitions", "features", "latents", "generic"};

constexpr std::array<std::pair<std::string_view, Kind>, 2> kOtherKindNames = {
    {{"bars", Kind::kOhlcv}, {"tbbo", Kind::kQuotes}}};

// A table is of the kind if for each of the lists it has one of the names.
struct KindMark {
  Kind kind;
  std::vector<Names> columns;
};

const std::vector<KindMark>& kind_marks() {
  static const std::vector<KindMark> kMarks = {
      {Kind::kOhlcv, {{"open"}, {"high"}, {"low"}, {"close"}}},
      {Kind::kTrades, {{"price"}, {"size", "amount", "qty", "quantity"}}},
      {Kind::kQuotes, {{"bid"}, {"ask"}}},
      {Kind::kQuotes, {{"bid_price"}, {"ask_price"}}},
      {Kind::kQuotes, {{"bid_px_00"}, {"ask_px_00"}}},
  };
  return kMarks;
}

constexpr std::array<std::string_view, 7> kIndexNames = {"timestamp", "ts_event",  "time", "datetime",
                                                         "date",      "open_time", "ts"};

DataType moment() { return DataType::timestamp(TimeUnit::kNano, "UTC"); }

std::vector<KindColumn> ohlcv_columns() {
  return {{"timestamp", moment()},
          {"open", DataType::float64(), true},
          {"high", DataType::float64(), true},
          {"low", DataType::float64(), true},
          {"close", DataType::float64(), true},
          {"volume", DataType::float64()},
          {"symbol", DataType::string()},
          {"instrument", DataType::string()},
          {"instrument_id", DataType::int64()},
          {"provider", DataType::string()},
          {"granularity", DataType::string()},
          {"trade_count", DataType::int64()},
          {"vwap", DataType::float64()},
          {"quote_volume", DataType::float64()},
          {"buy_volume", DataType::float64()},
          {"taker_buy_base", DataType::float64()},
          {"taker_buy_quote", DataType::float64()},
          {"open_interest", DataType::float64()},
          {"close_time", moment()}};
}

std::vector<KindColumn> trades_columns() {
  return {{"timestamp", moment()},
          {"price", DataType::float64(), true},
          {"size", DataType::float64(), true},
          {"side", DataType::string()},  // of the taker: B, S or N
          {"trade_id", DataType::string()},
          {"sequence", DataType::int64()},
          {"symbol", DataType::string()},
          {"instrument", DataType::string()},
          {"instrument_id", DataType::int64()},
          {"exchange", DataType::string()},
          {"provider", DataType::string()},
          {"quote_size", DataType::float64()},
          {"is_buyer_maker", DataType::boolean()},
          {"flags", DataType::int64()},
          {"ts_recv", moment()},
          {"local_timestamp", moment()}};
}

std::vector<KindColumn> quotes_columns() {
  return {{"timestamp", moment()},
          {"bid", DataType::float64(), true},
          {"ask", DataType::float64(), true},
          {"bid_size", DataType::float64()},
          {"ask_size", DataType::float64()},
          {"bid_count", DataType::int64()},
          {"ask_count", DataType::int64()},
          {"sequence", DataType::int64()},
          {"symbol", DataType::string()},
          {"instrument", DataType::string()},
          {"instrument_id", DataType::int64()},
          {"exchange", DataType::string()},
          {"provider", DataType::string()},
          {"ts_recv", moment()},
          {"local_timestamp", moment()}};
}

std::vector<KindColumn> statistics_columns() {
  return {{"timestamp", moment()},
          {"stat_type", DataType::string(), true},  // settlement, open interest, …
          {"price", DataType::float64()},
          {"quantity", DataType::int64()},
          {"symbol", DataType::string()},
          {"instrument_id", DataType::int64()},
          {"sequence", DataType::int64()},
          {"update_action", DataType::string()},
          {"ts_ref", moment()},
          {"ts_recv", moment()}};
}

std::vector<KindColumn> definitions_columns() {
  return {{"instrument_id", DataType::int64()},     {"symbol", DataType::string(), true},
          {"raw_symbol", DataType::string()},       {"asset", DataType::string()},
          {"exchange", DataType::string()},         {"currency", DataType::string()},
          {"tick_size", DataType::float64()},       {"multiplier", DataType::float64()},
          {"instrument_class", DataType::string()}, {"strike_price", DataType::float64()},
          {"underlying", DataType::string()},       {"activation_date", DataType::date()},
          {"expiration_date", DataType::date()},    {"is_active", DataType::boolean()}};
}

// What the set itself brings follows these.
std::vector<KindColumn> feature_columns() { return {{"timestamp", moment()}, {"symbol", DataType::string()}}; }

std::vector<std::string> present(const Schema& schema, const Names& names) {
  std::vector<std::string> found;
  for (const std::string_view name : names) {
    if (schema.find(name)) found.emplace_back(name);
  }
  return found;
}

// The first of `names` that is there, and the symbol where there is one; nothing without the first.
std::optional<std::vector<std::string>> number_in_feed(const Schema& schema, const Names& names) {
  std::vector<std::string> identity = present(schema, names);
  if (identity.empty()) return {};
  identity.resize(1);
  if (schema.find("symbol")) identity.emplace_back("symbol");
  return identity;
}

}  // namespace

std::string_view to_string(Kind kind) noexcept { return kKindNames[static_cast<size_t>(kind)]; }

Kind parse_kind(std::string_view text) {
  const auto* const found = std::find(kKindNames.begin(), kKindNames.end(), text);
  if (found != kKindNames.end()) return static_cast<Kind>(found - kKindNames.begin());
  std::string words;
  for (const std::string_view name : kKindNames) words.append(words.empty() ? "" : ", ").append(name);
  for (const auto& [name, kind] : kOtherKindNames) {
    if (name == text) return kind;
    words.append(", ").append(name);
  }
  throw InvalidArgument("no kind of series is called {}; there are {}", quote(text), words);
}

std::span<const KindColumn> columns_of(Kind kind) {
  static const std::array<std::vector<KindColumn>, kKindNames.size()> kColumns = {
      ohlcv_columns(),       trades_columns(),  quotes_columns(),  statistics_columns(),
      definitions_columns(), feature_columns(), feature_columns(), std::vector<KindColumn>()};
  return kColumns[static_cast<size_t>(kind)];
}

std::span<const std::string_view> price_columns_of(Kind kind) {
  static constexpr std::array<std::string_view, 4> kBars = {"open", "high", "low", "close"};
  static constexpr std::array<std::string_view, 1> kPrice = {"price"};
  static constexpr std::array<std::string_view, 6> kQuotes = {"bid",       "ask",       "bid_price",
                                                              "ask_price", "bid_px_00", "ask_px_00"};
  switch (kind) {
    case Kind::kOhlcv: return kBars;
    case Kind::kTrades:
    case Kind::kStatistics: return kPrice;
    case Kind::kQuotes: return kQuotes;
    default: return {};
  }
}

Kind detect_kind(const Schema& schema) {
  for (const KindMark& mark : kind_marks()) {
    const bool matches = std::all_of(mark.columns.begin(), mark.columns.end(),
                                     [&](const Names& names) { return !present(schema, names).empty(); });
    if (matches) return mark.kind;
  }
  return Kind::kGeneric;
}

std::string find_index(const Schema& schema, std::string_view wanted) {
  if (!wanted.empty()) {
    const Field& field = schema[schema.position_of(wanted)];
    if (is_index_type(field.type)) return field.name;
    throw InvalidArgument("column {} cannot be the index: it is {}, neither a timestamp nor a date", quote(wanted),
                          to_string(field.type));
  }
  for (const std::string_view name : kIndexNames) {
    const std::optional<size_t> position = schema.find(name);
    if (position && is_index_type(schema[*position].type)) return schema[*position].name;
  }
  const auto fits = [](const Field& field) { return is_index_type(field.type); };
  const std::vector<Field>& fields = schema.fields();
  if (std::count_if(fields.begin(), fields.end(), fits) != 1) return {};
  return std::find_if(fields.begin(), fields.end(), fits)->name;
}

std::optional<std::vector<std::string>> identity_of(Kind kind, const Schema& schema) {
  switch (kind) {
    case Kind::kOhlcv: return present(schema, {"symbol", "instrument", "instrument_id", "provider", "granularity"});
    case Kind::kTrades: return number_in_feed(schema, {"trade_id", "id", "sequence"});
    case Kind::kQuotes: return number_in_feed(schema, {"sequence"});
    case Kind::kFeatures:
    case Kind::kLatents: return present(schema, {"symbol"});
    case Kind::kDefinitions:
      if (schema.find("instrument_id")) return std::vector<std::string>{"instrument_id"};
      if (schema.find("symbol")) return std::vector<std::string>{"symbol"};
      return {};
    case Kind::kStatistics:
    case Kind::kGeneric: return {};
  }
  return {};
}

}  // namespace varve::market

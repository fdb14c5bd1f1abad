#include "varve/ingest/column_plan.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "varve/base/error.h"
#include "varve/market/kind.h"
#include "varve/table/schema.h"

namespace varve::ingest {

namespace {

constexpr std::string_view kIndexName = "timestamp";
constexpr std::string_view kUtcSuffix = "_utc";

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return result;
}

std::string without_utc(std::string name) {
  if (name.ends_with(kUtcSuffix)) name.resize(name.size() - kUtcSuffix.size());
  return name;
}

std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kMost = 20;
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), kMost); ++i) text += (i == 0 ? "" : ", ") + quote(names[i]);
  return names.size() > kMost ? text + ", ..." : text;
}

size_t position_of(const std::vector<std::string>& names, const std::string& wanted) {
  const auto found = std::find(names.begin(), names.end(), wanted);
  if (found == names.end()) throw NotFound("no column {} among {}", quote(wanted), listed(names));
  return static_cast<size_t>(found - names.begin());
}

// The column with the name that the market's rule takes first, going by names alone: all pass for timestamps.
std::optional<size_t> find_time_name(const std::vector<std::string>& names) {
  std::vector<Field> fields;
  std::vector<size_t> positions;
  for (size_t i = 0; i < names.size(); ++i) {
    std::string name = without_utc(lower(names[i]));
    const auto same = [&](const Field& field) { return field.name == name; };
    if (name.empty() || std::any_of(fields.begin(), fields.end(), same)) continue;
    fields.push_back({std::move(name), DataType::timestamp(TimeUnit::kNano, "UTC")});
    positions.push_back(i);
  }
  // A lone column would be taken whatever its name.
  if (fields.size() < 2) fields.push_back({" ", DataType::timestamp(TimeUnit::kNano, "UTC")});
  const Schema schema(std::move(fields));
  const std::string found = market::find_index(schema);
  if (found.empty() || found == " ") return std::nullopt;
  return positions[schema.position_of(found)];
}

std::optional<size_t> find_time_column(const std::vector<std::string>& names, const CsvOptions& options) {
  if (options.untimed) return std::nullopt;
  if (!options.timestamp.empty()) return position_of(names, options.timestamp);
  for (const auto& [name, source] : options.renames) {
    if (name == kIndexName) return position_of(names, source);
  }
  if (const std::optional<size_t> found = find_time_name(names)) return found;
  throw NotFound("no time column among {}: name it with --timestamp, or say --untimed", listed(names));
}

market::Kind kind_of(const std::vector<PlannedColumn>& columns, const CsvOptions& options) {
  if (!options.kind.empty()) return market::parse_kind(options.kind);
  std::vector<Field> fields;
  for (const PlannedColumn& column : columns) {
    std::string name = lower(column.name);
    const auto same = [&](const Field& field) { return field.name == name; };
    if (std::none_of(fields.begin(), fields.end(), same)) fields.push_back({std::move(name), DataType::float64()});
  }
  return market::detect_kind(Schema(std::move(fields)));
}

// The prices among the columns of all kinds, with the other names for those of quotes that tell a table's kind.
bool is_price(std::string_view name) {
  constexpr std::array<std::string_view, 14> kPrices = {
      "open", "high", "low",       "close",     "vwap",      "price",     "bid",
      "ask",  "mid",  "bid_price", "ask_price", "bid_px_00", "ask_px_00", "strike_price"};
  return std::find(kPrices.begin(), kPrices.end(), name) != kPrices.end();
}

CellRule rule_of(const market::KindColumn& column) {
  // Numbers in one feed, text in another.
  if (column.name.ends_with("_id")) return CellRule::kFree;
  switch (column.type.id) {
    case TypeId::kTimestamp: return CellRule::kTime;
    case TypeId::kString: return CellRule::kText;
    case TypeId::kBoolean: return CellRule::kBoolean;
    default: break;
  }
  if (is_floating(column.type)) return is_price(column.name) ? CellRule::kFloat : CellRule::kNumber;
  const bool whole = is_signed_integer(column.type) || is_unsigned_integer(column.type);
  return whole ? CellRule::kNumber : CellRule::kFree;
}

void apply_kind(market::Kind kind, const std::vector<bool>& renamed, ColumnPlan& plan) {
  const auto known = market::columns_of(kind);
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    if (i == plan.index) continue;
    PlannedColumn& column = plan.columns[i];
    const std::string name = renamed[i] ? column.name : lower(column.name);
    const auto found = std::find_if(known.begin(), known.end(), [&](const auto& each) { return each.name == name; });
    if (found != known.end()) {
      column.name = name;
      column.rule = rule_of(*found);
    } else if (is_price(name)) {
      column.rule = CellRule::kFloat;
    }
  }
}

void check_names(const ColumnPlan& plan) {
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const auto& [first, second] = std::tie(plan.columns[j], plan.columns[i]);
      if (first.name != second.name) continue;
      throw InvalidArgument("columns {} and {} would both be called {}: rename one with --map name=column",
                            quote(first.source), quote(second.source), quote(first.name));
    }
  }
}

}  // namespace

ColumnPlan plan_columns(const std::vector<std::string>& names, const CsvOptions& options) {
  ColumnPlan plan;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string name = names[i].empty() ? "column_" + std::to_string(i + 1) : names[i];
    plan.columns.push_back({.name = name, .source = name, .zone = options.zone});
  }
  std::vector<std::string> sources;
  for (const PlannedColumn& column : plan.columns) sources.push_back(column.source);
  plan.index = find_time_column(sources, options);

  std::vector<bool> renamed(sources.size(), false);
  for (const auto& [name, source] : options.renames) {
    const size_t position = position_of(sources, source);
    plan.columns[position].name = name;
    renamed[position] = true;
  }
  for (PlannedColumn& column : plan.columns) {
    if (lower(column.source).ends_with(kUtcSuffix)) column.zone = "UTC";
  }
  if (plan.index) {
    PlannedColumn& index = plan.columns[*plan.index];
    index.rule = CellRule::kIndex;
    index.name = kIndexName;
  }
  apply_kind(kind_of(plan.columns, options), renamed, plan);
  check_names(plan);
  return plan;
}

}  // namespace varve::ingest

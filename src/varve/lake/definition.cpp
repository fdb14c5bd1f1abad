#include "varve/lake/definition.h"

#include <algorithm>
#include <set>

#include "varve/base/error.h"
#include "varve/market/kind.h"
#include "varve/parquet/writer.h"
#include "varve/store/tree/layout.h"

namespace varve {
namespace {

using catalog::SeriesDefinition;

std::string kind_word(std::string_view text) { return std::string(market::to_string(market::parse_kind(text))); }

std::string compression_word(const std::string& text) {
  const parquet::CompressionSetting setting = parquet::parse_compression(text);
  std::string word(parquet::to_string(setting.codec));
  if (setting.level != 0) word += ":" + std::to_string(setting.level);
  return word;
}

// The index is always part of an identity, so naming it says nothing more, except that there is one.
void set_identity(const std::vector<std::string>& columns, SeriesDefinition& definition) {
  definition.has_identity = !columns.empty();
  std::set<std::string_view> seen;
  for (const std::string& name : columns) {
    if (!seen.insert(name).second) throw InvalidArgument("identity names the column {} twice", quote(name));
    if (name != definition.index) definition.identity.push_back(name);
  }
}

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string identity_text(const SeriesDefinition& definition) {
  if (!definition.has_identity) return "none";
  std::vector<std::string> names = definition.identity;
  std::sort(names.begin(), names.end());
  if (!definition.index.empty()) names.insert(names.begin(), definition.index);
  return join(names);
}

int64_t checked_target(int64_t rows) {
  if (rows < 1) throw InvalidArgument("target_rows_per_file is {} and must be at least 1", rows);
  return rows;
}

void agree(std::string_view key, std::string_view what, std::string_view is, std::string_view said) {
  if (is == said) return;
  throw InvalidArgument("the {} of series {} is {}, not {}: it stays until a write redefines the series", what,
                        quote(key), is, said);
}

// Whether there is an index is fixed by the first write: columns that are not there yet, or have no type yet, cannot
// tell.
void check_typed(const Schema& schema) {
  if (schema.fields().empty())
    throw InvalidArgument("a table without columns does not tell what the series is to hold");
  for (const Field& field : schema.fields()) {
    if (field.type.id != TypeId::kNull || market::find_index(schema) != "") continue;
    throw InvalidArgument(
        "column {} has no type, as it has no values, and there is no other index: give it one, or say "
        "that the series is untimed",
        quote(field.name));
  }
  if (const auto position = schema.find("timestamp"); position && market::find_index(schema) == "") {
    throw InvalidArgument(
        "column \"timestamp\" is {} and no time: make it one, name another index, or say that the series is untimed",
        to_string(schema[*position].type));
  }
}

// Which columns hold prices, if these are to be decimals.
std::optional<catalog::DecimalPrices> find_prices(const SeriesOptions& options, market::Kind kind,
                                                  const Schema& schema) {
  if (!parse_prices(options.prices.value_or("float"))) {
    if (options.price_columns) throw InvalidArgument("price_columns are said of a series whose prices are floats");
    return {};
  }
  catalog::DecimalPrices prices;
  if (options.price_columns) {
    if (options.price_columns->empty()) throw InvalidArgument("price_columns names no column");
    for (const std::string& name : *options.price_columns) {
      const DataType& type = schema[schema.position_of(name)].type;
      if (!is_floating(type) && !is_signed_integer(type) && type.id != TypeId::kDecimal && type.id != TypeId::kNull) {
        throw InvalidArgument("column {} holds no prices: it is {}", quote(name), to_string(type));
      }
      prices.scales[name] = 0;
    }
    return prices;
  }
  for (const std::string_view name : market::price_columns_of(kind)) prices.scales[std::string(name)] = 0;
  prices.all_floats = prices.scales.empty();
  return prices;
}

std::string prices_text(const std::optional<catalog::DecimalPrices>& prices) {
  if (!prices) return "float";
  if (prices->all_floats) return "decimal of all columns";
  std::vector<std::string> names;
  for (const auto& [name, scale] : prices->scales) names.push_back(name);
  return "decimal of " + join(names);
}

}  // namespace

bool parse_prices(std::string_view text) {
  if (text == "float" || text == "decimal") return text == "decimal";
  throw InvalidArgument("prices are float or decimal, not {}", quote(text));
}

SeriesDefinition define_series(const SeriesOptions& options, const Schema& schema) {
  const market::Kind kind = options.kind ? market::parse_kind(*options.kind) : market::detect_kind(schema);
  SeriesDefinition definition;
  definition.kind = market::to_string(kind);
  const bool untimed = options.index && options.index->empty();
  if (!untimed) check_typed(schema);
  definition.index = untimed ? std::string() : market::find_index(schema, options.index.value_or(""));
  if (options.identity) {
    set_identity(*options.identity, definition);
  } else if (const std::optional<std::vector<std::string>> identity = market::identity_of(kind, schema)) {
    definition.identity = *identity;
    std::erase(definition.identity, definition.index);
    definition.has_identity = !definition.index.empty() || !definition.identity.empty();
  }
  definition.layout = store::Layout::parse(options.layout.value_or("range")).text();
  definition.compression = compression_word(options.compression.value_or("auto"));
  definition.target_rows_per_file = checked_target(options.target_rows_per_file.value_or(store::kTargetRowsPerFile));
  definition.prices = find_prices(options, kind, schema);
  return definition;
}

void check_agreement(std::string_view key, const SeriesDefinition& definition, const SeriesOptions& options) {
  if (options.kind) agree(key, "kind", definition.kind, kind_word(*options.kind));
  if (options.index) agree(key, "index", definition.index, *options.index);
  if (options.identity) {
    SeriesDefinition said;
    said.index = definition.index;
    set_identity(*options.identity, said);
    agree(key, "identity", identity_text(definition), identity_text(said));
  }
  if (options.layout) agree(key, "layout", definition.layout, store::Layout::parse(*options.layout).text());
  if (options.compression) agree(key, "compression", definition.compression, compression_word(*options.compression));
  if (options.target_rows_per_file) {
    agree(key, "target_rows_per_file", std::to_string(definition.target_rows_per_file),
          std::to_string(checked_target(*options.target_rows_per_file)));
  }
  if (options.prices && parse_prices(*options.prices) != definition.prices.has_value()) {
    agree(key, "storage of prices", prices_text(definition.prices), *options.prices);
  }
  if (options.price_columns) {
    catalog::DecimalPrices said;
    for (const std::string& name : *options.price_columns) said.scales[name] = 0;
    agree(key, "storage of prices", prices_text(definition.prices), prices_text(said));
  }
}

bool is_like(const SeriesDefinition& one, const SeriesDefinition& other) {
  SeriesDefinition left = one;
  SeriesDefinition right = other;
  for (SeriesDefinition* side : {&left, &right}) {
    if (!side->prices) continue;
    for (auto& [name, scale] : side->prices->scales) scale = 0;
    if (side->prices->all_floats) side->prices->scales.clear();
  }
  return left == right;
}

bool has_dates(const catalog::SeriesDefinition& definition, const Schema& schema) {
  const std::optional<size_t> index = schema.find(definition.index);
  return index && schema[*index].type.id == TypeId::kDate;
}

catalog::VersionWanted to_version(std::string_view key, const std::optional<AsOf>& as_of) {
  if (!as_of) return int64_t{0};
  if (as_of->time()) return *as_of->time();
  if (!as_of->version()) return as_of->snapshot();
  if (*as_of->version() < 1) throw NotFound("series {} has no version {}", quote(key), *as_of->version());
  return *as_of->version();
}

SeriesOptions to_options(const SeriesDefinition& definition, const Schema& schema) {
  SeriesOptions options;
  options.kind = definition.kind;
  options.index = definition.index;
  std::vector<std::string>& identity = options.identity.emplace();  // empty: none
  if (definition.has_identity) identity = definition.identity;
  if (definition.has_identity && !definition.index.empty()) identity.push_back(definition.index);
  options.layout = definition.layout;
  options.compression = definition.compression;
  options.target_rows_per_file = definition.target_rows_per_file;
  if (!definition.prices) return options;
  options.prices = "decimal";
  if (definition.prices->all_floats) return options;
  std::vector<std::string> names;
  for (const auto& [name, scale] : definition.prices->scales) {
    if (schema.find(name)) names.push_back(name);
  }
  if (!names.empty()) options.price_columns = std::move(names);
  return options;
}

std::vector<std::string> identity_growth(const SeriesDefinition& definition, const Schema& series, const Schema& rows) {
  if (!definition.has_identity) return {};
  std::vector<Field> fields = series.fields();
  for (const Field& field : rows.fields()) {
    if (!series.find(field.name)) fields.push_back(field);
  }
  const auto whole = market::identity_of(market::parse_kind(definition.kind), Schema(std::move(fields)));
  const auto holds = [&](const std::string& name) { return std::count(whole->begin(), whole->end(), name) > 0; };
  if (!whole || !std::all_of(definition.identity.begin(), definition.identity.end(), holds)) return {};
  std::vector<std::string> growth;
  for (const std::string& name : *whole) {
    if (name != definition.index && !series.find(name)) growth.push_back(name);
  }
  return growth;
}

}  // namespace varve

#include "varve/store/file_metadata.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <nlohmann/json.hpp>

namespace varve::store {
namespace {

constexpr std::string_view kFileFormatVersion = "1";
constexpr std::string_view kAllFloats = "all";

std::optional<std::string> find(const FileMetadata& metadata, std::string_view name) {
  const auto at =
      std::find_if(metadata.begin(), metadata.end(), [&](const auto& entry) { return entry.first == name; });
  if (at == metadata.end()) return {};
  return at->second;
}

template <typename Integer>
bool parse_number(const std::optional<std::string>& text, Integer& number) {
  if (!text) return false;
  const char* const end = text->data() + text->size();
  const auto [at, error] = std::from_chars(text->data(), end, number);
  return error == std::errc() && at == end && number > 0;
}

bool parse_names(const std::string& text, std::vector<std::string>& names) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array()) return false;
  for (const nlohmann::json& name : json) {
    if (!name.is_string()) return false;
    names.push_back(name.get<std::string>());
  }
  return true;
}

// Scales are left to the types of the columns, so that files do not differ by what others need.
std::string prices_text(const catalog::DecimalPrices& prices) {
  nlohmann::json columns = nlohmann::json::array();
  for (const auto& [name, scale] : prices.scales) columns.push_back(name);
  return prices.all_floats ? std::string(kAllFloats) : columns.dump();
}

bool parse_prices(const std::string& text, catalog::DecimalPrices& prices) {
  prices.all_floats = text == kAllFloats;
  std::vector<std::string> columns;
  if (!prices.all_floats && !parse_names(text, columns)) return false;
  for (const std::string& name : columns) prices.scales[name] = 0;
  return true;
}

}  // namespace

FileMetadata to_metadata(const FileFacts& facts) {
  FileMetadata metadata = {{"varve.format_version", std::string(kFileFormatVersion)},
                           {"varve.key", facts.key},
                           {"varve.kind", facts.definition.kind},
                           {"varve.index", facts.definition.index},
                           {"varve.layout", facts.definition.layout},
                           {"varve.version", std::to_string(facts.version)},
                           {"varve.schema_version", std::to_string(facts.schema_version)},
                           {"varve.commit", facts.commit_id}};
  if (facts.definition.has_identity) {
    metadata.emplace_back("varve.identity", nlohmann::json(facts.definition.identity).dump());
  }
  if (const auto& prices = facts.definition.prices) metadata.emplace_back("varve.prices", prices_text(*prices));
  return metadata;
}

std::optional<FileFacts> parse_metadata(const FileMetadata& metadata) {
  if (find(metadata, "varve.format_version") != kFileFormatVersion) return {};
  const auto key = find(metadata, "varve.key");
  const auto kind = find(metadata, "varve.kind");
  const auto index = find(metadata, "varve.index");
  const auto layout = find(metadata, "varve.layout");
  const auto commit_id = find(metadata, "varve.commit");
  if (!key || !kind || !index || !layout || !commit_id) return {};
  FileFacts facts{.key = *key, .definition = {}, .commit_id = *commit_id};
  facts.definition.kind = *kind;
  facts.definition.index = *index;
  facts.definition.layout = *layout;
  if (!parse_number(find(metadata, "varve.version"), facts.version)) return {};
  if (!parse_number(find(metadata, "varve.schema_version"), facts.schema_version)) return {};
  const auto identity = find(metadata, "varve.identity");
  facts.definition.has_identity = identity.has_value();
  if (identity && !parse_names(*identity, facts.definition.identity)) return {};
  const auto prices = find(metadata, "varve.prices");
  if (prices && !parse_prices(*prices, facts.definition.prices.emplace())) return {};
  return facts;
}

parquet::WriteOptions write_options(const FileFacts& facts, base::ThreadPool* pool) {
  parquet::WriteOptions options;
  options.compression = parquet::parse_compression(facts.definition.compression);
  if (!facts.definition.index.empty()) options.sorted_by.push_back(facts.definition.index);
  for (const std::string& name : facts.definition.identity) options.sorted_by.push_back(name);
  options.metadata = to_metadata(facts);
  options.pool = pool;
  return options;
}

}  // namespace varve::store

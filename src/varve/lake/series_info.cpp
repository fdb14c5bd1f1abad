#include <map>
#include <utility>

#include "varve/base/error.h"
#include "varve/lake/definition.h"
#include "varve/lake/lake.h"
#include "varve/lake/state.h"

namespace varve {
namespace {

SeriesInfo to_info(const catalog::SeriesRow& row, Schema schema, std::string metadata) {
  SeriesInfo info;
  info.key = row.key;
  info.kind = row.definition.kind;
  info.index = row.definition.index;
  if (row.definition.has_identity) info.identity = row.definition.identity;
  info.layout = row.definition.layout;
  info.compression = row.definition.compression;
  info.target_rows_per_file = row.definition.target_rows_per_file;
  info.prices = row.definition.prices ? "decimal" : "float";
  if (row.definition.prices) {
    for (const auto& [name, scale] : row.definition.prices->scales) {
      if (schema.find(name)) info.price_scales.emplace(name, scale);
    }
  }
  info.version = row.version;
  info.rows = row.rows;
  info.files = row.files;
  info.bytes = row.bytes;
  info.first = row.first;
  info.last = row.last;
  info.created = row.created;
  info.updated = row.updated;
  info.metadata = metadata.empty() ? "{}" : std::move(metadata);
  info.schema = std::move(schema);
  return info;
}

}  // namespace

bool Lake::exists(std::string_view key) const {
  const std::optional<catalog::SeriesRow> row = state_->use(key).catalog().find_series(key);
  return row && !row->deleted;
}

std::vector<std::string> Lake::list_keys(std::string_view prefix) const {
  std::vector<std::string> keys;
  for (catalog::SeriesRow& row : state_->use().catalog().list_series(prefix)) keys.push_back(std::move(row.key));
  return keys;
}

std::optional<std::pair<Timestamp, Timestamp>> Lake::time_range(std::string_view key) const {
  const catalog::SeriesRow row = state_->series(key);
  if (!row.first || !row.last) return {};
  return std::pair(*row.first, *row.last);
}

SeriesInfo Lake::info(std::string_view key) const {
  const catalog::SeriesRow row = state_->series(key);
  catalog::Catalog& catalog = state_->use().catalog();
  return to_info(row, catalog.schema(row.id, row.schema_version), catalog.metadata(row.id));
}

std::vector<SeriesInfo> Lake::info_all(std::string_view prefix) const {
  std::vector<SeriesInfo> all;
  catalog::Catalog& catalog = state_->use().catalog();
  std::map<int64_t, std::string> metadata = catalog.all_metadata();
  const std::vector<catalog::SeriesRow> rows = catalog.list_series(prefix);
  std::vector<Schema> schemas = catalog.newest_schemas(rows);
  all.reserve(rows.size());
  for (size_t at = 0; at < rows.size(); ++at) {
    const auto own = metadata.find(rows[at].id);
    all.push_back(to_info(rows[at], std::move(schemas[at]), own == metadata.end() ? "" : std::move(own->second)));
  }
  return all;
}

std::vector<std::string> Lake::files(std::string_view key, const std::optional<AsOf>& as_of) const {
  store::Store& store = state_->use(key);
  if (as_of) return store.object_files(key, to_version(key, as_of));
  std::optional<catalog::Catalog::State> state = store.catalog().state(key);
  if (!state) throw NotFound("no series {}", quote(key));
  store::sort_objects(state->objects, state->series.definition);
  std::vector<std::string> names;
  for (const catalog::ObjectRow& object : state->objects) names.push_back(store::visible_name(key, object));
  return names;
}

}  // namespace varve

#include "varve/lake/columns.h"

#include <utility>

#include "varve/base/error.h"
#include "varve/lake/lake.h"
#include "varve/lake/state.h"

namespace varve {
namespace {

Commit change_columns(store::Store& store, std::string_view key, const store::ColumnChange& change) {
  store::WriteSession session = store.begin_write({std::string(key)});
  session.change_columns(key, change);
  const store::CommitResult result = session.commit();
  const store::SeriesResult& series = result.series.front();
  return {.id = result.id, .key = series.key, .version = series.version, .published = series.published};
}

}  // namespace

Commit Lake::drop_columns(std::string_view key, const std::vector<std::string>& names) {
  return change_columns(state_->use(key), key, {.dropped = names});
}

Commit Lake::rename_columns(std::string_view key, const std::map<std::string, std::string>& names) {
  return change_columns(state_->use(key), key, {.renamed = {names.begin(), names.end()}});
}

std::vector<SchemaVersion> Lake::schema_history(std::string_view key) const {
  catalog::Catalog& catalog = state_->use(key).catalog();
  const std::optional<catalog::SeriesRow> series = catalog.find_series(key);
  if (!series) throw NotFound("no series {}", quote(key));
  std::vector<SchemaVersion> history;
  for (catalog::SchemaRow& row : catalog.schemas(series->id)) {
    history.push_back({.version = row.version,
                       .time = row.time,
                       .operation = std::move(row.operation),
                       .schema = std::move(row.schema)});
  }
  return history;
}

}  // namespace varve

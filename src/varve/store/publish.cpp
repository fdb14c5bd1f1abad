#include "varve/store/publish.h"

#include <map>
#include <set>
#include <vector>

#include "varve/base/error.h"
#include "varve/store/inline_objects.h"
#include "varve/store/tree/layout.h"
#include "varve/store/tree/place.h"

namespace varve::store {
namespace {

// A renamed series' files go from where they were before they appear elsewhere: nobody sees them twice.
void leave_former_keys(Engine& engine, const catalog::PendingPublication& series) {
  const std::vector<std::string> keys = engine.catalog().former_keys(series.series_id);
  if (keys.empty()) return;
  TreeChanges::Places places;
  for (const std::string& name : engine.catalog().object_names(series.series_id)) places.insert(place_of(name));
  for (const std::string& key : keys) {
    const catalog::PendingPublication former{.series_id = series.series_id, .key = key, .commit_id = series.commit_id};
    for (const std::string& place : places) publish_place(engine, former, place, {});
  }
  engine.catalog().forget_former_keys(series.series_id);
}

// Brings the places of a series that differ, as far as anybody knows, to the newest state.
void publish_series(Engine& engine, const catalog::PendingPublication& series) {
  std::optional<catalog::Catalog::State> state = engine.catalog().state(series.key);
  if (state) store_inline_objects(engine, state->objects);
  leave_former_keys(engine, series);
  const int64_t version = state ? state->version : 0;
  std::map<std::string, std::vector<catalog::ObjectRow>> objects;
  if (state) {
    for (const catalog::ObjectRow& object : state->objects) objects[place_of(object.name)].push_back(object);
  }
  TreeChanges::Places places = engine.tree_changes().find(series.series_id, version).value_or(TreeChanges::Places());
  if (places.empty()) {  // nothing is known
    for (const std::string& name : engine.catalog().object_names(series.series_id)) places.insert(place_of(name));
  }
  std::set<std::string> unsure;  // directories that are as they should be, but perhaps not on the disk
  for (const std::string& place : places) {
    if (publish_place(engine, series, place, objects[place])) continue;
    unsure.insert(base::join_path(engine.disk().root(), directory_of_place(series.key, place)));
  }
  engine.disk().settle(unsure);
  if (state) {
    engine.tree_changes().clear(series.series_id, version);
  } else {
    engine.tree_changes().forget(series.series_id);
  }
}

}  // namespace

void publish(Engine& engine, const catalog::PendingPublication& pending) {
  const std::unique_ptr<base::FileLock> lock = engine.disk().lock(LakeLock::kPublish, engine.lock_timeout());
  publish_series(engine, pending);
  engine.catalog().clear_pending(pending.series_id, pending.commit_id);
}

size_t publish_pending(Engine& engine) {
  size_t behind = 0;
  for (const catalog::PendingPublication& pending : engine.catalog().pending_publications()) {
    try {
      publish(engine, pending);
      continue;
    } catch (const Error& error) {
      engine.warn("cannot publish " + quote(pending.key) + ": " + error.what());
    }
    ++behind;
  }
  return behind;
}

}  // namespace varve::store

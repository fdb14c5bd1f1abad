#include "varve/store/tree/tree_changes.h"

namespace varve::store {

void TreeChanges::add(int64_t series_id, int64_t version, const Places& places) {
  const std::lock_guard lock(mutex_);
  const auto at = series_.find(series_id);
  if (at == series_.end()) return;
  if (at->second.version != version - 1) {  // somebody else made versions in between
    series_.erase(at);
    return;
  }
  at->second.version = version;
  at->second.places.insert(places.begin(), places.end());
}

std::optional<TreeChanges::Places> TreeChanges::find(int64_t series_id, int64_t version) const {
  const std::lock_guard lock(mutex_);
  const auto at = series_.find(series_id);
  if (at == series_.end() || at->second.version != version) return {};
  return at->second.places;
}

void TreeChanges::clear(int64_t series_id, int64_t version) {
  const std::lock_guard lock(mutex_);
  const auto at = series_.find(series_id);
  if (at == series_.end()) {
    series_.emplace(series_id, Series{.version = version, .places = {}});
  } else if (at->second.version <= version) {
    at->second = {.version = version, .places = {}};
  }
}

void TreeChanges::forget(int64_t series_id) {
  const std::lock_guard lock(mutex_);
  series_.erase(series_id);
}

}  // namespace varve::store

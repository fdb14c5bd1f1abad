#include "varve/store/publish.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "varve/base/error.h"
#include "varve/store/inline_objects.h"
#include "varve/store/tree/layout.h"
#include "varve/store/tree/place.h"
#include "varve/store/tree/replaced.h"

namespace varve::store {
namespace {

// A renamed series' files go from where they were before they appear elsewhere: nobody sees them twice. Comes before
// the state is looked up: one that is older than a rename would bring files back to where they were.
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

// Brings the places of a series that differ, as far as anybody knows, to its newest state; none: the series is gone.
// Its objects are files. The former keys of the series were left before.
void publish_series(Engine& engine, const catalog::PendingPublication& series,
                    const std::optional<catalog::Catalog::State>& state) {
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

// Many series at once, for the price of two syncs of the file system instead of several a series. What a power cut
// leaves of it is published again, because the flags are cleared last.
class ManyPublications {
 public:
  ManyPublications(Engine& engine, std::span<const catalog::PendingPublication> pending)
      : engine_(engine), pending_(pending), lock_(engine.disk().lock(LakeLock::kPublish, engine.lock_timeout())) {
    engine_.disk().defer_tree_syncs(true);
  }
  ~ManyPublications() { engine_.disk().defer_tree_syncs(false); }
  ManyPublications(const ManyPublications&) = delete;
  ManyPublications& operator=(const ManyPublications&) = delete;

  // How many failed.
  size_t publish() {
    std::vector<std::string> keys;
    for (const catalog::PendingPublication& pending : pending_) {
      leave_former_keys(engine_, pending);
      keys.push_back(pending.key);
    }
    std::vector<std::optional<catalog::Catalog::State>> states = engine_.catalog().states(keys, {});
    std::vector<catalog::ObjectRow*> inline_objects;
    for (auto& state : states) {
      if (!state) continue;
      for (catalog::ObjectRow& object : state->objects) {
        if (!object.stored) inline_objects.push_back(&object);
      }
    }
    const std::vector<std::string> written = write_inline_objects(engine_, inline_objects);
    std::vector<catalog::PendingPublication> done;
    for (size_t at = 0; at < pending_.size(); ++at) {
      try {
        publish_series(engine_, pending_[at], states[at]);
        done.push_back(pending_[at]);
      } catch (const Error& error) {
        engine_.warn("cannot publish " + quote(pending_[at].key) + ": " + error.what());
      }
    }
    engine_.files().sync_all(engine_.disk().root());
    engine_.catalog().set_stored(written);
    engine_.catalog().clear_pending(done);
    return pending_.size() - done.size();
  }

 private:
  Engine& engine_;
  std::span<const catalog::PendingPublication> pending_;
  std::unique_ptr<base::FileLock> lock_;
};

void publish_one(Engine& engine, const catalog::PendingPublication& pending) {
  const std::unique_ptr<base::FileLock> lock = engine.disk().lock(LakeLock::kPublish, engine.lock_timeout());
  leave_former_keys(engine, pending);
  std::optional<catalog::Catalog::State> state = engine.catalog().state(pending.key);
  if (state) store_inline_objects(engine, state->objects);
  publish_series(engine, pending, state);
  engine.catalog().clear_pending(std::span(&pending, 1));
}

// What is left does not make the publication fail: the next one comes back to it.
void clear_due(Engine& engine) {
  try {
    clear_replaced(engine, engine.listing_grace());
  } catch (const Error& error) {
    engine.warn(std::string("cannot clear what was replaced: ") + error.what());
  }
}

constexpr size_t kMany = 16;
constexpr size_t kManyAtOnce = 1000;  // others who publish wait meanwhile

size_t publish_each(Engine& engine, std::span<const catalog::PendingPublication> pending) {
  size_t failed = 0;
  for (const catalog::PendingPublication& series : pending) {
    try {
      publish_one(engine, series);
    } catch (const Error& error) {
      engine.warn("cannot publish " + quote(series.key) + ": " + error.what());
      ++failed;
    }
  }
  return failed;
}

// Where one thing fails that concerns all, each has its own try.
size_t publish_many(Engine& engine, std::span<const catalog::PendingPublication> pending) {
  try {
    return ManyPublications(engine, pending).publish();
  } catch (const Error&) {
    return publish_each(engine, pending);
  }
}

}  // namespace

void publish(Engine& engine, const catalog::PendingPublication& pending) {
  publish_one(engine, pending);
  clear_due(engine);
}

size_t publish_pending(Engine& engine) {
  const std::vector<catalog::PendingPublication> pending = engine.catalog().pending_publications();
  size_t behind = 0;
  for (size_t at = 0; at < pending.size(); at += kManyAtOnce) {
    const auto some = std::span(pending).subspan(at, std::min(kManyAtOnce, pending.size() - at));
    behind += some.size() < kMany ? publish_each(engine, some) : publish_many(engine, some);
  }
  if (!pending.empty()) clear_due(engine);
  return behind;
}

std::optional<catalog::PendingPublication> find_pending(Engine& engine, int64_t series_id) {
  for (catalog::PendingPublication& due : engine.catalog().pending_publications()) {
    if (due.series_id == series_id) return std::move(due);
  }
  return {};
}

}  // namespace varve::store

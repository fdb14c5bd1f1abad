// Which places of the visible tree a process has changed in the catalog and not yet published.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace varve::store {

// What is known of the visible places (layout.h) of series, so that to publish a commit costs no look at all of them.
// Whoever knows nothing looks at all. Safe to use from several threads.
class TreeChanges {
 public:
  using Places = std::set<std::string>;

  // A commit of this process made `version` of the series out of the version before, and changed these places.
  void add(int64_t series_id, int64_t version, const Places& places);
  // The places that may differ between the tree and this version; nothing if that is not known.
  [[nodiscard]] std::optional<Places> find(int64_t series_id, int64_t version) const;
  // The tree shows this version.
  void clear(int64_t series_id, int64_t version);
  // Nothing is known of it any more.
  void forget(int64_t series_id);

 private:
  struct Series {
    int64_t version = 0;  // the newest one that is known here
    Places places;
  };
  mutable std::mutex mutex_;
  std::map<int64_t, Series> series_;
};

}  // namespace varve::store

// States of series that are read again and again.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "varve/catalog/catalog.h"
#include "varve/catalog/vfs.h"

namespace varve::catalog {

// Keeps newest states as of one stamp of the catalog: whoever comes with another one finds nothing, and begins anew.
// Bounded. Safe to use from several threads.
class StateCache {
 public:
  using State = Catalog::State;
  static constexpr int64_t kObjectsMax = 4096;  // of a state that is kept

  // A state that is kept, with those of its objects that overlap the range that is wanted; else nothing.
  std::optional<State> find(const LogStamp& stamp, const std::string& key, const Catalog::StatesWanted& wanted);
  // Notes that somebody asks for the key; whether somebody did as of this stamp before.
  bool is_asked_again(const LogStamp& stamp, const std::string& key);
  // Keeps a newest state with all its objects.
  void put(const LogStamp& stamp, State state);

  // A state with those of its objects that overlap the range.
  static State cut(const State& state, const Catalog::StatesWanted& wanted);

 private:
  void begin(const LogStamp& stamp);  // under the mutex

  std::mutex mutex_;
  LogStamp stamp_{};
  std::unordered_set<std::string> asked_;
  std::unordered_map<std::string, std::shared_ptr<const State>> states_;
  int64_t size_ = 0;  // how many objects and columns all of them have
};

}  // namespace varve::catalog

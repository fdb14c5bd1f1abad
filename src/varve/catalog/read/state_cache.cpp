#include "varve/catalog/read/state_cache.h"

#include <utility>

namespace varve::catalog {
namespace {

constexpr size_t kSeriesMax = 4096;
constexpr int64_t kSizeMax = int64_t{1} << 17;

}  // namespace

void StateCache::begin(const LogStamp& stamp) {
  if (stamp == stamp_) return;
  stamp_ = stamp;
  asked_.clear();
  states_.clear();
  size_ = 0;
}

std::optional<Catalog::State> StateCache::find(const LogStamp& stamp, const std::string& key,
                                               const Catalog::StatesWanted& wanted) {
  std::shared_ptr<const State> state;
  {
    const std::lock_guard lock(mutex_);
    begin(stamp);
    const auto at = states_.find(key);
    if (at == states_.end()) return {};
    state = at->second;
  }
  return cut(*state, wanted);
}

bool StateCache::is_asked_again(const LogStamp& stamp, const std::string& key) {
  const std::lock_guard lock(mutex_);
  begin(stamp);
  if (asked_.size() >= kSeriesMax) asked_.clear();
  return !asked_.insert(key).second;
}

void StateCache::put(const LogStamp& stamp, State state) {
  const auto size = static_cast<int64_t>(state.objects.size() + state.schema.size());
  const auto kept = std::make_shared<const State>(std::move(state));
  const std::lock_guard lock(mutex_);
  begin(stamp);
  if (states_.size() >= kSeriesMax || size_ + size > kSizeMax) {
    states_.clear();
    size_ = 0;
  }
  if (states_.emplace(kept->series.key, kept).second) size_ += size;
}

Catalog::State StateCache::cut(const State& state, const Catalog::StatesWanted& wanted) {
  State part{.series = state.series, .version = state.version, .schema = state.schema, .objects = {}};
  for (const ObjectRow& object : state.objects) {
    if (object.last >= wanted.first && object.first <= wanted.last) part.objects.push_back(object);
  }
  return part;
}

}  // namespace varve::catalog

#include "varve/store/object_cache.h"

#include <tuple>

namespace varve::store {
namespace {

bool is_same(const base::FileStatus& left, const base::FileStatus& right) {
  const auto parts = [](const base::FileStatus& status) {
    return std::tie(status.size, status.inode, status.device, status.modified_nanoseconds);
  };
  return parts(left) == parts(right);
}

}  // namespace

std::shared_ptr<const parquet::Reader> ObjectCache::find(std::string_view object_id, const base::FileStatus& status) {
  const std::lock_guard lock(mutex_);
  const auto at = places_.find(object_id);
  if (at == places_.end() || !is_same(at->second->status, status)) return nullptr;
  entries_.splice(entries_.begin(), entries_, at->second);
  return at->second->reader;
}

void ObjectCache::put(std::string_view object_id, const base::FileStatus& status,
                      std::shared_ptr<const parquet::Reader> reader) {
  std::list<Entry> gone;  // closed after the lock is free
  const std::lock_guard lock(mutex_);
  const auto take_out = [&](std::list<Entry>::iterator entry) {
    places_.erase(entry->object_id);
    gone.splice(gone.begin(), entries_, entry);
  };
  if (const auto at = places_.find(object_id); at != places_.end()) take_out(at->second);
  if (entries_.size() >= kReadersMax) take_out(std::prev(entries_.end()));
  entries_.push_front({std::string(object_id), status, std::move(reader)});
  places_.emplace(entries_.front().object_id, entries_.begin());
}

void ObjectCache::clear() {
  std::list<Entry> gone;
  const std::lock_guard lock(mutex_);
  places_.clear();
  gone.swap(entries_);
}

}  // namespace varve::store

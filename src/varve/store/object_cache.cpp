#include "varve/store/object_cache.h"

#include <tuple>

namespace varve::store {
namespace {

// What an open reader of a small file takes besides its bytes, roughly.
constexpr size_t kReaderBytes = size_t{8} << 10;

bool is_same(const base::FileStatus& left, const base::FileStatus& right) {
  const auto parts = [](const base::FileStatus& status) {
    return std::tie(status.size, status.inode, status.device, status.modified_nanoseconds);
  };
  return parts(left) == parts(right);
}

// In the measure of its shelf.
size_t cost_of(const OpenObject& object) noexcept {
  return object.bytes_in_memory > 0 ? kReaderBytes + object.bytes_in_memory : 1;
}

}  // namespace

std::shared_ptr<const parquet::Reader> ObjectCache::find(std::string_view object_id, const base::FileStatus& status) {
  const std::lock_guard lock(mutex_);
  const auto at = places_.find(object_id);
  return at != places_.end() && is_same(at->second->status, status) ? use(at->second) : nullptr;
}

std::shared_ptr<const parquet::Reader> ObjectCache::find_in_memory(std::string_view object_id) {
  const std::lock_guard lock(mutex_);
  const auto at = places_.find(object_id);
  return at != places_.end() && at->second->object.bytes_in_memory > 0 ? use(at->second) : nullptr;
}

std::shared_ptr<const parquet::Reader> ObjectCache::use(Entries::iterator entry) {
  Entries& entries = shelf_of(entry->object).entries;
  entries.splice(entries.begin(), entries, entry);
  return entry->object.reader;
}

void ObjectCache::put(std::string_view object_id, const base::FileStatus& status, const OpenObject& object) {
  Entries gone;  // closed after the lock is free
  const std::lock_guard lock(mutex_);
  if (const auto at = places_.find(object_id); at != places_.end()) take_out(at->second, gone);
  Shelf& shelf = shelf_of(object);
  shelf.entries.push_front({std::string(object_id), status, object});
  shelf.cost += cost_of(object);
  places_.emplace(shelf.entries.front().object_id, shelf.entries.begin());
  while (shelf.cost > shelf.cost_max) take_out(std::prev(shelf.entries.end()), gone);
}

void ObjectCache::clear() {
  std::array<Entries, 2> gone;
  const std::lock_guard lock(mutex_);
  places_.clear();
  for (size_t at = 0; at < shelves_.size(); ++at) {
    gone[at].swap(shelves_[at].entries);
    shelves_[at].cost = 0;
  }
}

void ObjectCache::take_out(Entries::iterator entry, Entries& gone) {
  Shelf& shelf = shelf_of(entry->object);
  places_.erase(entry->object_id);
  shelf.cost -= cost_of(entry->object);
  gone.splice(gone.begin(), shelf.entries, entry);
}

}  // namespace varve::store

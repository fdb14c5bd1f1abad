#include "varve/store/series_reader.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "varve/base/error.h"
#include "varve/base/memory_file.h"
#include "varve/store/outside_changes.h"
#include "varve/store/read/series_view.h"
#include "varve/store/tree/layout.h"

namespace varve::store {
namespace {

using catalog::ObjectRow;

// Files that are read whole when they are opened: so their pages cost no calls, and they need not stay open.
constexpr int64_t kSmallFileBytes = int64_t{64} << 10;

}  // namespace

Table read_series(Engine& engine, std::string_view key, const Selection& selection) {
  const std::string name(key);
  for (bool again = false;; again = true) {
    const SeriesView view(engine, std::move(find_states(engine, {&name, 1}, selection)[0]), selection);
    try {
      return view.read();
    } catch (const NotFound& error) {  // a file went between the two: a newer state has others
      if (again) throw Corruption("a file of series {} is missing: {}", quote(key), error.what());
    }
  }
}

catalog::Catalog::State find_version(Engine& engine, std::string_view key, const catalog::VersionWanted& version) {
  const std::string name(key);
  return std::move(find_states(engine, {&name, 1}, {.version = version})[0]);
}

std::unique_ptr<base::File> open_object_bytes(Engine& engine, const ObjectRow& object) {
  if (!object.stored) {
    if (base::BufferPtr bytes = engine.catalog().inline_bytes(object.id)) {
      return std::make_unique<base::MemoryFile>(std::move(bytes));
    }
  }
  return engine.files().open(engine.disk().object_path(object.id), base::OpenMode::kRead);
}

namespace {

base::BufferPtr read_whole(const base::File& file, uint64_t size) {
  auto bytes = base::MutableBuffer::allocate(size);
  file.read_at(0, {bytes.data(), bytes.size()});
  return std::move(bytes).finish();
}

}  // namespace

std::shared_ptr<const parquet::Reader> open_object(Engine& engine, std::string_view key, const ObjectRow& object) {
  if (auto open = engine.objects().find_in_memory(object.id)) return open;
  base::FileStatus status;  // bytes in the catalog cannot change
  if (object.stored) status = engine.files().status(engine.disk().object_path(object.id));
  if (auto open = engine.objects().find(object.id, status)) return open;
  std::unique_ptr<base::File> file = open_object_bytes(engine, object);
  check_unchanged(*file, status, object, visible_name(key, object));
  const uint64_t size = file->size();
  const bool in_memory = !object.stored || object.bytes <= kSmallFileBytes;
  if (in_memory && object.stored) file = std::make_unique<base::MemoryFile>(read_whole(*file, size));
  auto reader =
      std::make_shared<const parquet::Reader>(parquet::Reader::open(std::move(file), visible_name(key, object)));
  if (object.stored && !object.modified && is_of_another_commit(*reader, object)) {
    check_bytes(*open_object_bytes(engine, object), object, visible_name(key, object));
  }
  engine.objects().put(object.id, status, {reader, in_memory ? size : 0});
  return reader;
}

namespace {

// One that must be there.
std::shared_ptr<const parquet::Reader> open_present_object(Engine& engine, std::string_view key,
                                                           const ObjectRow& object) {
  try {
    return open_object(engine, key, object);
  } catch (const NotFound& error) {
    throw Corruption("{} is missing: {}", visible_name(key, object), error.what());
  }
}

}  // namespace

Table read_object(Engine& engine, std::string_view key, const ObjectRow& object) {
  return open_present_object(engine, key, object)
      ->read({.columns = {}, .range = {}, .pool = engine.pool(), .cancel = {}});
}

void read_groups(Engine& engine, std::string_view key, const ObjectRow& object,
                 const std::function<void(const Table& rows)>& take) {
  const auto reader = open_present_object(engine, key, object);
  for (size_t group = 0; group < reader->num_row_groups(); ++group) {
    take(reader->read_row_group(group, {.columns = {}, .range = {}, .pool = engine.pool(), .cancel = {}}));
  }
}

std::string visible_name(std::string_view key, const catalog::ObjectRow& object) {
  return visible_path(key, object.name);
}

void sort_objects(std::vector<catalog::ObjectRow>& objects, const catalog::SeriesDefinition& definition) {
  const bool timed = !definition.index.empty();
  std::sort(objects.begin(), objects.end(), [timed](const ObjectRow& left, const ObjectRow& right) {
    if (timed) return std::tie(left.first, left.id) < std::tie(right.first, right.id);
    return std::tie(left.added_version, left.id) < std::tie(right.added_version, right.id);
  });
}

}  // namespace varve::store

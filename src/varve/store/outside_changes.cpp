#include "varve/store/outside_changes.h"

#include "varve/base/error.h"
#include "varve/store/upkeep/object_bytes.h"

namespace varve::store {

void check_unchanged(const base::File& file, const base::FileStatus& status, const catalog::ObjectRow& object,
                     const std::string& name) {
  if (const uint64_t size = file.size(); size != static_cast<uint64_t>(object.bytes)) {
    throw Corruption("{} has {} bytes and should have {}: it was changed from outside", name, size, object.bytes);
  }
  if (!object.stored) return;
  const bool was_touched = object.modified ? status.modified_nanoseconds != *object.modified
                                           : Timestamp{status.modified_nanoseconds} > object.whole_at;
  if (was_touched) check_bytes(file, object, name);
}

bool is_of_another_commit(const parquet::Reader& reader, const catalog::ObjectRow& object) {
  if (reader.num_rows() != object.rows) return true;
  const std::optional<std::string_view> commit = reader.schema().metadata("varve.commit");
  return commit && !object.id.starts_with(*commit);
}

void check_bytes(const base::File& file, const catalog::ObjectRow& object, const std::string& name) {
  const UpkeepOptions options;
  Meter meter(options);
  const std::string damage = find_damage(file, object, meter);
  if (!damage.empty()) throw Corruption("{} {}: it was changed from outside", name, damage);
}

}  // namespace varve::store

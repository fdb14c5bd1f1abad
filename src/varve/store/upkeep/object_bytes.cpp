#include "varve/store/upkeep/object_bytes.h"

#include <algorithm>
#include <memory>

#include "varve/base/digest.h"
#include "varve/base/error.h"
#include "varve/store/series_reader.h"

namespace varve::store {
namespace {

constexpr size_t kPiece = size_t{1} << 20;

}  // namespace

std::vector<catalog::ObjectRow> needed_objects(Engine& engine, int64_t series_id) {
  std::vector<catalog::ObjectRow> objects = engine.catalog().objects_between(series_id, "", "\xFF");
  const std::vector<catalog::VersionTime> versions = engine.catalog().version_times(series_id);
  std::erase_if(objects, [&](const catalog::ObjectRow& object) {
    if (!object.removed_version) return false;
    const auto at = std::lower_bound(versions.begin(), versions.end(), object.added_version,
                                     [](const auto& version, int64_t added) { return version.version < added; });
    return at == versions.end() || at->version >= *object.removed_version;
  });
  return objects;
}

std::string old_versions_of(const catalog::ObjectRow& object) {
  const int64_t first = object.added_version;
  const int64_t last = *object.removed_version - 1;
  return first == last ? format_message("version {}", {first}) : format_message("versions {} to {}", {first, last});
}

std::string sha256_of(const base::File& file, Meter& meter) {
  base::Sha256 digest;
  const uint64_t size = file.size();
  std::vector<std::byte> piece(static_cast<size_t>(std::min<uint64_t>(size, kPiece)));
  for (uint64_t at = 0; at < size; at += piece.size()) {
    piece.resize(static_cast<size_t>(std::min<uint64_t>(size - at, kPiece)));
    file.read_at(at, piece);
    digest.update(piece);
    meter.add(static_cast<int64_t>(piece.size()));
  }
  return base::to_hex(digest.finish());
}

std::string find_damage(Engine& engine, const catalog::ObjectRow& object, Meter& meter) {
  std::unique_ptr<base::File> file;
  try {
    file = open_object_bytes(engine, object);
  } catch (const NotFound&) {
    return "its object is missing: " + object.id;
  }
  return find_damage(*file, object, meter);
}

std::string find_damage(const base::File& file, const catalog::ObjectRow& object, Meter& meter) {
  if (file.size() != static_cast<uint64_t>(object.bytes)) {
    return format_message("has {} bytes and should have {}: it was changed from outside", {file.size(), object.bytes});
  }
  const std::string sha256 = sha256_of(file, meter);
  if (sha256 == object.sha256) return {};
  return "has the SHA-256 " + sha256 + " and should have " + object.sha256;
}

}  // namespace varve::store

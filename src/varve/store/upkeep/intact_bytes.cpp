#include "varve/store/upkeep/intact_bytes.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/base/memory_file.h"
#include "varve/parquet/reader.h"
#include "varve/store/file_metadata.h"
#include "varve/store/schema/price_storage.h"
#include "varve/store/series_reader.h"
#include "varve/store/tree/layout.h"
#include "varve/store/upkeep/object_bytes.h"
#include "varve/table/cast.h"
#include "varve/table/select.h"

namespace varve::store {
namespace {

using catalog::ObjectRow;

constexpr size_t kVersionsTried = 8;  // each costs to read and write the rows

class Search {
 public:
  Search(Engine& engine, const DamagedObject& damaged, OtherLake* backup, Meter& meter)
      : engine_(engine), series_(damaged.series), object_(damaged.object), backup_(backup), meter_(meter) {}

  std::optional<IntactBytes> run() {
    if (auto bytes = engine_.catalog().inline_bytes(object_.id)) take(std::move(bytes), "the catalog");
    if (!found_) try_path(visible_name(series_.key, object_), "the visible file");
    if (!found_) try_equal_objects();
    if (!found_ && backup_ != nullptr) try_backup();
    if (!found_) try_versions();
    return std::move(found_);
  }

 private:
  void take(std::unique_ptr<base::File> file, std::string source) {
    try {
      if (find_damage(*file, object_, meter_).empty()) found_ = {std::move(file), std::move(source)};
    } catch (const Io&) {  // no better than the damaged one
    } catch (const Corruption&) {}
  }
  void take(base::BufferPtr bytes, std::string source) {
    take(std::make_unique<base::MemoryFile>(std::move(bytes)), std::move(source));
  }

  void try_path(const std::string& path, std::string source) { try_file(engine_.disk().root(), path, source); }

  void try_file(const std::string& root, const std::string& relative, const std::string& source) {
    const std::string path = base::join_path(root, relative);
    try {
      if (engine_.files().status(path).type != base::FileType::kFile) return;
      take(engine_.files().open(path, base::OpenMode::kRead), source);
    } catch (const NotFound&) {  // then it is not here
    } catch (const Io&) {}
  }

  void try_equal_objects() {
    for (const ObjectRow& other : needed_objects(engine_, series_.id)) {
      if (found_) return;
      if (other.id == object_.id || other.sha256 != object_.sha256) continue;
      try_path(engine_.disk().object_path(other.id).substr(engine_.disk().root().size() + 1), "an equal object");
    }
  }

  void try_backup() {
    const std::string source = "the backup " + backup_->disk.root();
    const std::string path = backup_->disk.object_path(object_.id);
    try_file(backup_->disk.root(), path.substr(backup_->disk.root().size() + 1), source);
    if (found_) return;
    if (auto bytes = backup_->catalog.inline_bytes(object_.id)) take(std::move(bytes), source);
  }

  // Versions without the object that had its rows, or have them: those next to its own first.
  void try_versions() {
    std::vector<int64_t> versions;
    for (const catalog::VersionTime& one : engine_.catalog().version_times(series_.id)) {
      const bool has_object =
          one.version >= object_.added_version && (!object_.removed_version || one.version < *object_.removed_version);
      if (!has_object) versions.push_back(one.version);
    }
    const auto distance = [&](int64_t version) {
      return version < object_.added_version ? object_.added_version - version : version - *object_.removed_version + 1;
    };
    std::stable_sort(versions.begin(), versions.end(),
                     [&](int64_t left, int64_t right) { return distance(left) < distance(right); });
    if (versions.size() > kVersionsTried) versions.resize(kVersionsTried);
    for (const int64_t version : versions) {
      if (found_) return;
      meter_.add(0);
      try {
        try_version(version);
      } catch (const Cancelled&) {
        throw;
      } catch (const Error&) {  // its rows are damaged too, or of other types
      }
    }
  }

  void try_version(int64_t version) {
    const bool timed = !series_.definition.index.empty();
    const std::optional<catalog::Catalog::State> state = engine_.catalog().state(series_.key, version);
    if (!state) return;
    int64_t rows_there = 0;
    for (const ObjectRow& one : state->objects) {
      if (one.last >= object_.first && one.first <= object_.last) rows_there += one.rows;
    }
    if (rows_there < object_.rows) return;
    Selection selection{.version = version, .within_range = timed};
    if (timed) {
      selection.first = object_.first;
      selection.last = object_.last;
    }
    const Table rows = read_series(engine_, series_.key, selection);
    if (rows.num_rows() != object_.rows) return;
    const Table then = table::conform(rows, engine_.catalog().schema(series_.id, object_.schema_version));
    for (const catalog::SeriesDefinition& definition : definitions_then(then, state->objects)) {
      if (found_) return;
      try {
        take(write(then, definition), format_message("the rows of version {}", {version}));
      } catch (const SchemaCompatibility&) {  // prices have more places than these
      }
    }
  }

  // Prices had other scales, if these grew since. Files that were there with the object have its scales, and those of
  // the version perhaps; or they were what the rows need.
  std::vector<catalog::SeriesDefinition> definitions_then(const Table& rows, const std::vector<ObjectRow>& beside) {
    std::vector<catalog::SeriesDefinition> all{series_.definition};
    if (!series_.definition.prices) return all;
    catalog::SeriesDefinition bare = series_.definition;
    for (auto& [name, scale] : bare.prices->scales) scale = 0;
    const auto add = [&](const catalog::SeriesDefinition& definition) {
      const auto same = [&](const auto& one) { return one.prices->scales == definition.prices->scales; };
      if (std::none_of(all.begin(), all.end(), same)) all.push_back(definition);
    };
    if (const auto with_it = engine_.catalog().state(series_.key, object_.added_version)) {
      add(with_scales_of(with_it->objects, bare));
    }
    add(with_scales_of(beside, bare));
    grow_price_scales(rows, rows.schema(), bare);
    add(bare);
    return all;
  }

  catalog::SeriesDefinition with_scales_of(const std::vector<ObjectRow>& objects, catalog::SeriesDefinition bare) {
    for (const ObjectRow& one : objects) {
      if (one.id == object_.id) continue;
      try {
        take_price_scales(open_object(engine_, series_.key, one)->schema(), bare);
        break;                  // all of them have the same
      } catch (const Error&) {  // damaged too
      }
    }
    return bare;
  }

  base::BufferPtr write(const Table& rows, const catalog::SeriesDefinition& definition) {
    FileFacts facts{.key = series_.key,
                    .definition = definition,
                    .version = object_.added_version,
                    .schema_version = object_.schema_version,
                    .commit_id = object_.id.substr(0, object_.id.find('-'))};
    base::MutableBuffer bytes;
    const auto sink = [&](std::span<const std::byte> more) { bytes.append(more); };
    parquet::write_table(with_decimal_prices(rows, definition), sink, write_options(facts, engine_.pool()));
    return std::move(bytes).finish();
  }

  Engine& engine_;
  const catalog::SeriesRow& series_;
  const ObjectRow& object_;
  OtherLake* const backup_;
  Meter& meter_;
  std::optional<IntactBytes> found_;
};

}  // namespace

OtherLake OtherLake::open(const Engine& engine, const std::string& root) {
  Disk disk(engine.files(), root);
  if (!disk.holds_lake()) throw NotFound("there is no lake at {}", root);
  catalog::CatalogOptions options;
  options.read_only = true;
  catalog::Catalog catalog = catalog::Catalog::open(engine.files(), disk.catalog_path(), engine.clock(), options);
  return {std::move(disk), std::move(catalog)};
}

std::optional<IntactBytes> find_intact_bytes(Engine& engine, const DamagedObject& damaged, OtherLake* backup,
                                             Meter& meter) {
  return Search(engine, damaged, backup, meter).run();
}

}  // namespace varve::store

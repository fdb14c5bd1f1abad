// A catalog in a directory of its own, and short words for what is done to it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "varve/base/file_system.h"
#include "varve/catalog/catalog.h"

#include "support/fake_clock.h"
#include "support/faulty_file_system.h"
#include "support/temp_directory.h"

namespace varve::catalog {

inline Schema bar_schema() {
  return Schema({{"timestamp", DataType::timestamp(TimeUnit::kNano, "UTC"), false}, {"close", DataType::float64()}});
}

// An object called after its id, of ten rows and 100 bytes, from `first` to `last` seconds after 1970.
inline NewObject object(const std::string& id, int64_t first, int64_t last) {
  return {.id = id,
          .name = id + ".parquet",
          .rows = 10,
          .bytes = 100,
          .first = Timestamp{} + Duration::seconds(first),
          .last = Timestamp{} + Duration::seconds(last),
          .sha256 = std::string(64, 'a')};
}

// The first version of a series.
inline SeriesChange making(const std::string& key, std::vector<NewObject> added = {}, int64_t base_version = 0) {
  return {.key = key,
          .base_version = base_version,
          .define = SeriesDefinition{.kind = "ohlcv", .has_identity = true},
          .schema = bar_schema(),
          .added = std::move(added)};
}

// A later one.
inline SeriesChange changing(const std::string& key, int64_t base_version, std::vector<NewObject> added = {},
                             std::vector<std::string> removed = {}) {
  return {.key = key, .base_version = base_version, .added = std::move(added), .removed = std::move(removed)};
}

inline SeriesChange deleting(const std::string& key, int64_t base_version) {
  return {.key = key, .base_version = base_version, .deletes = true};
}

inline std::vector<std::string> ids_of(const std::vector<ObjectRow>& objects) {
  std::vector<std::string> ids;
  for (const ObjectRow& each : objects) ids.push_back(each.id);
  return ids;
}

class CatalogTest : public ::testing::Test {
 protected:
  CatalogTest() {
    Catalog::create(files_, path_);
    reopen();
  }

  // Opens the catalog anew, after closing the one that was open.
  void reopen() {
    catalog_.reset();
    catalog_ = std::make_unique<Catalog>(open());
  }
  Catalog open(const CatalogOptions& options = {}) { return Catalog::open(files_, path_, clock_, options); }
  Catalog open_read_only() { return open({.read_only = true}); }

  // Commits one change, under an id that counts.
  CommittedSeries commit(const SeriesChange& change) { return commit("commit-" + std::to_string(++commits_), change); }
  CommittedSeries commit(const std::string& id, const SeriesChange& change) {
    return catalog_->commit({.id = id, .operation = "write", .changes = {change}}).at(0);
  }

  // The ids of a version's objects; "none" if there is no such version.
  std::vector<std::string> objects(const std::string& key, int64_t version = 0) {
    const std::optional<Catalog::State> state = catalog_->state(key, version);
    return state ? ids_of(state->objects) : std::vector<std::string>{"none"};
  }

  testing::TempDirectory directory_;
  const std::string path_ = directory_ / "catalog.sqlite";
  std::unique_ptr<base::FileSystem> disk_ = base::make_system_file_system();
  testing::FaultyFileSystem files_{*disk_};
  testing::FakeClock clock_;
  std::unique_ptr<Catalog> catalog_;
  int commits_ = 0;
};

}  // namespace varve::catalog

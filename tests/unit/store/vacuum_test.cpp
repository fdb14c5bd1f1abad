#include "varve/store/upkeep/vacuum.h"

#include "unit/store/whole_lakes.h"

namespace varve::testing {
namespace {

using store::RetentionPolicy;
using store::Store;
using store::Vacuumed;

constexpr RetentionPolicy kNothing{.all_for = {}, .hourly_for = {}};

class VacuumTest : public StoreTest {
 protected:
  Vacuumed vacuum(const Store& store, std::string_view key = {}) {
    folder_.clock().advance(Duration::seconds(1));
    return store.vacuum(key, kNothing);
  }
};

TEST_F(VacuumTest, FilesOfForgottenVersionsGo) {
  const Store store = folder_.open();
  for (const int64_t value : {1, 2, 3}) write(store, "k", many(value), keyed(100'000));
  EXPECT_EQ(folder_.object_files(), 3);
  const Vacuumed vacuumed = vacuum(store, "k");
  EXPECT_EQ(vacuumed.versions, 2);
  EXPECT_EQ(vacuumed.files, 2);
  EXPECT_EQ(folder_.object_files(), 1);
  EXPECT_EQ(read(store, "k"), many(3));
  EXPECT_EQ(folder_.glob("k"), many(3));
  EXPECT_EQ(findings(store), "");
  expect_error(ErrorKind::kNotFound, "version 2", [&] { read(store, "k", {.version = 2}); });
}

TEST_F(VacuumTest, BytesInTheCatalogGoToo) {
  const Store store = folder_.open();
  for (int64_t row = 0; row < 20; ++row) append(store, "k", run_of(row, 1));
  EXPECT_GT(store.catalog().all_objects().size(), 5);
  EXPECT_EQ(vacuum(store).versions, 19);
  const auto left = store.catalog().all_objects();
  EXPECT_EQ(left.size(), store.catalog().state("k")->objects.size());
  EXPECT_EQ(read(store, "k"), run_of(0, 20));
}

TEST_F(VacuumTest, WhatALeaseHoldsStays) {
  const Store store = folder_.open();
  for (const int64_t value : {1, 2, 3}) write(store, "k", many(value), keyed(100'000));
  const int64_t id = store.catalog().find_series("k")->id;
  {
    const store::Lease lease = store.lease(id, 1);
    EXPECT_EQ(vacuum(store, "k").versions, 1);
    EXPECT_EQ(read(store, "k", {.version = 1}), many(1));
  }
  EXPECT_EQ(vacuum(store, "k").versions, 1);
  expect_error(ErrorKind::kNotFound, "version 1", [&] { static_cast<void>(store.lease(id, 1)); });
}

TEST_F(VacuumTest, WhatASnapshotNamesStays) {
  const Store store = folder_.open();
  write(store, "k", many(1), keyed(100'000));
  store.catalog().make_snapshot("then", std::vector<std::string>{"k"});
  write(store, "k", many(2));
  EXPECT_EQ(vacuum(store, "k").versions, 0);
  EXPECT_EQ(read(store, "k", {.version = 1}), many(1));
  store.catalog().remove_snapshot("then");
  EXPECT_EQ(vacuum(store, "k").versions, 1);
}

TEST_F(VacuumTest, SeriesThatIsDeletedLeavesNoFiles) {
  const Store store = folder_.open();
  write(store, "k", many(1), keyed(100'000));
  remove(store, "k");
  EXPECT_EQ(vacuum(store, "k").files, 1);
  EXPECT_EQ(folder_.object_files(), 0);
  EXPECT_EQ(findings(store), "");
}

TEST_F(VacuumTest, KeyThatNeverWasIsNotFound) {
  const Store store = folder_.open();
  expect_error(ErrorKind::kNotFound, "no series", [&] { store.vacuum("k"); });
}

}  // namespace
}  // namespace varve::testing

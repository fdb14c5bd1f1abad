#include "varve/lake/maintenance.h"

#include "varve/lake/lake.h"

#include "unit/store/store_fixture.h"

namespace varve {
namespace {

namespace fs = std::filesystem;

class MaintenanceTest : public ::testing::Test {
 protected:
  static Table rows(int64_t count) { return testing::to_table(testing::run_of(0, count)); }
  Lake open() { return Lake::open(directory_ / "lake", {.publish_delay = {}}); }
  [[nodiscard]] std::string only_object() const {
    for (const auto& entry : fs::recursive_directory_iterator(directory_ / "lake/.varve/objects")) {
      if (entry.is_regular_file()) return entry.path();
    }
    return {};
  }

  testing::TempDirectory directory_;
};

TEST_F(MaintenanceTest, VerifyTellsHowFarItIsAndStops) {
  Lake lake = open();
  lake.write("k", rows(1'000));
  int64_t done = 0;
  WorkOptions options{.progress = [&](int64_t bytes, int64_t total) {
    EXPECT_LE(bytes, total);
    done = bytes;
  }};
  EXPECT_TRUE(lake.verify("k", options).clean());
  EXPECT_EQ(done, lake.info("k").bytes);
  options.cancel.cancel();
  testing::expect_error(ErrorKind::kCancelled, "", [&] { static_cast<void>(lake.verify("k", options)); });
}

TEST_F(MaintenanceTest, RepairSaysWhatIsLost) {
  Lake lake = open();
  lake.write("k", rows(10));
  fs::resize_file(only_object(), 50);
  const RepairReport report = lake.repair("k");
  EXPECT_FALSE(report.whole());
  EXPECT_EQ(report.rows_lost(), 10);
  EXPECT_EQ(to_string(report.steps.at(0).outcome), "lost");
  EXPECT_EQ(lake.read("k").num_rows(), 0);
  EXPECT_EQ(lake.verify().findings.size(), 1U);  // version 1 cannot be read
}

TEST_F(MaintenanceTest, ABackupMendsAndIsRestored) {
  Lake lake = open();
  lake.write("k", rows(10));
  EXPECT_EQ(lake.backup(directory_ / "copy").files_copied, 1);
  fs::resize_file(only_object(), 50);
  EXPECT_TRUE(lake.repair({}, {.from_backup = directory_ / "copy"}).whole());
  EXPECT_EQ(restore_lake(directory_ / "copy", directory_ / "back").keys, 1);
  EXPECT_EQ(Lake::open(directory_ / "back").read("k").num_rows(), 10);
}

TEST_F(MaintenanceTest, ALostCatalogIsMadeAnew) {
  {
    Lake lake = open();
    lake.write("k", rows(10));
  }
  fs::remove(directory_ / "lake/.varve/catalog.sqlite");
  const RebuildReport report = rebuild_catalog(directory_ / "lake");
  EXPECT_EQ(report.rows, 10);
  EXPECT_NE(report.catalog_copy, "");
  EXPECT_EQ(open().read("k").num_rows(), 10);
}

TEST_F(MaintenanceTest, DoctorAndStatsAnswer) {
  Lake lake = open();
  lake.write("k", rows(10));
  for (const Symptom& symptom : lake.doctor()) EXPECT_NE(to_string(symptom.health), "fail") << symptom.what;
  const LakeStats stats = lake.stats();
  EXPECT_EQ(stats.rows, 10);
  ASSERT_EQ(stats.by_layout.size(), 1U);
  EXPECT_EQ(stats.by_layout[0].name, "range");
}

}  // namespace
}  // namespace varve

#include "varve/store/upkeep/doctor.h"

#include <fstream>

#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

namespace fs = std::filesystem;
using store::Health;
using store::Store;
using store::Symptom;

class DoctorTest : public StoreTest {
 protected:
  static Symptom find(const Store& store, std::string_view subject) {
    for (Symptom& symptom : store.examine_health()) {
      if (symptom.subject == subject) return std::move(symptom);
    }
    ADD_FAILURE() << "nothing is said of " << subject;
    return {};
  }
  static void expect(const Store& store, std::string_view subject, Health health, std::string_view part) {
    const Symptom symptom = find(store, subject);
    EXPECT_EQ(symptom.health, health) << symptom.what;
    EXPECT_NE(symptom.what.find(part), std::string::npos) << symptom.what;
    EXPECT_EQ(symptom.advice.empty(), health == Health::kOk) << symptom.advice;
  }
  [[nodiscard]] std::string object_path(const Store& store) const {
    const std::string id = store.catalog().all_objects().at(0).id;
    return folder_.path(".varve/objects/" + id.substr(0, 2) + "/" + id);
  }
};

TEST_F(DoctorTest, AWholeLakeIsWell) {
  {
    const Store store = folder_.open();
    append(store, "k", run_of(0, 3));
    for (const Symptom& symptom : store.examine_health()) {
      if (symptom.subject == "free space") continue;
      EXPECT_EQ(symptom.health, Health::kOk) << symptom.subject << symptom.what;
    }
    EXPECT_EQ(findings(store), "");
  }
  EXPECT_TRUE(folder_.staged().empty());
  expect(folder_.open(true), "hard links", Health::kOk, "not tried");
}

TEST_F(DoctorTest, NamesMissingAndShortFiles) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  fs::resize_file(object_path(store), 100);
  expect(store, "data files", Health::kFail, "another size");
  fs::remove(object_path(store));
  expect(store, "data files", Health::kFail, "is missing");
}

TEST_F(DoctorTest, SeesACommitOfTheFuture) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  folder_.clock().set(folder_.clock().now() - Duration::seconds(3'600));
  expect(store, "clock", Health::kWarn, "before the newest commit");
}

TEST_F(DoctorTest, SeesWhatIsBehind) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  store.catalog().set_pending(store.catalog().find_series("k")->id, "0123456789abcdef0123456789abcdef");
  expect(store, "publication", Health::kWarn, "1 series");
}

TEST_F(DoctorTest, SeesStagingOfTheDead) {
  const Store store = folder_.open();
  fs::create_directories(folder_.path(".varve/staging/dead"));
  expect(store, "staging", Health::kWarn, "1 of dead");
}

TEST_F(DoctorTest, SeesTheQuarantine) {
  const Store store = folder_.open();
  fs::create_directories(folder_.path(".varve/quarantine/something"));
  expect(store, "quarantine", Health::kWarn, "1 files");
}

TEST_F(DoctorTest, SeesRightsThatDiffer) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  fs::permissions(folder_.root(), fs::perms::group_write, fs::perm_options::add);
  fs::permissions(folder_.path(".varve/objects"), fs::perms::group_write, fs::perm_options::remove);
  expect(store, "permissions", Health::kWarn, "objects");
}

TEST_F(DoctorTest, SaysWhoIsWriting) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  const store::WriteSession session = store.begin_write({"k"});
  EXPECT_NE(find(store, "locks").what.find("1 keys are being written, such as k"), std::string::npos);
}

TEST_F(DoctorTest, SeesADamagedCatalog) {
  {
    const Store store = folder_.open();
    for (int64_t key = 0; key < 200; ++key) append(store, "k" + std::to_string(key), run_of(0, 1));
  }
  const std::string path = folder_.path(".varve/catalog.sqlite");
  {
    const auto files = base::make_system_file_system();
    const std::unique_ptr<base::File> file = files->open(path, base::OpenMode::kReadWrite);
    const std::vector<std::byte> noise(3'000, std::byte{0x5A});
    file->write_at(file->size() - 4'096 + 500, noise);
  }
  const Store store = folder_.open();
  EXPECT_EQ(find(store, "catalog").health, Health::kFail);
}

TEST_F(DoctorTest, StatisticsCountWhatThereIs) {
  const Store store = folder_.open();
  for (const int64_t value : {1, 2, 3}) write(store, "k", {{0, value}});
  append(store, "month", {{0, 0}, {40 * 86'400, 1}}, laid_out("month"));
  append(store, "gone", run_of(0, 2));
  remove(store, "gone");
  const store::Statistics sums = store.count();
  EXPECT_EQ(sums.all.keys, 2);
  EXPECT_EQ(sums.all.rows, 3);
  EXPECT_EQ(sums.all.files, 3);
  EXPECT_EQ(sums.by_kind.at("generic").keys, 2);
  EXPECT_EQ(sums.by_layout.at("month").files, 2);
  EXPECT_EQ(sums.deleted_keys, 1);
  EXPECT_EQ(sums.versions, 6);
  EXPECT_EQ(sums.old_files, 3);
  EXPECT_EQ(sums.free_files, 0);
  EXPECT_GT(sums.catalog_bytes, 0);
  const store::Statistics all = store.count({.all_for = {}, .hourly_for = {}});
  folder_.clock().advance(Duration::seconds(1));
  EXPECT_EQ(store.count({.all_for = {}, .hourly_for = {}}).free_files, 3);
  EXPECT_EQ(all.old_files, 3);
}

}  // namespace
}  // namespace varve::testing

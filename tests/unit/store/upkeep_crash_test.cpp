// Power cuts, in theory, while a lake is looked after: what was reported as done is on the disk, and what was cut off
// can be done again.
#include <functional>
#include <iostream>
#include <random>

#include "varve/store/upkeep/backup.h"
#include "varve/store/upkeep/catalog_copies.h"
#include "varve/store/upkeep/rebuild/rebuild_catalog.h"
#include "varve/store/upkeep/repair.h"

#include "support/crash_disk.h"
#include "unit/store/whole_lakes.h"

namespace varve::testing {
namespace {

namespace fs = std::filesystem;
using store::Store;

// Of a lake that has big files on the disk and small ones in the catalog.
class Folder : public LakeFolder {
 public:
  explicit Folder(const std::string& root, base::FileSystem* below = nullptr) : LakeFolder(root, below) {
    set_inline_bytes_max(kFewBytes);
  }
};

class UpkeepCrashTest : public ::testing::Test {
 protected:
  // Works on what lies below a directory, where `lake` is a lake.
  using Work = std::function<void(const std::string& disk, base::FileSystem& files)>;
  using Check = std::function<std::string(const std::string& disk)>;

  UpkeepCrashTest() {
    Folder folder(prepared_ + "/lake");
    const Store store = folder.open();
    write(store, "big", many(1), keyed(100'000));
    append(store, "small", run_of(0, 3));
  }

  // The work is cut off before every n-th of its changing calls, and at its end. `check` is empty if all is as it has
  // to be once the work is done; where it was cut off it is done once more before.
  void expect_durable(const Work& work, const Check& check, uint64_t step = 16) {
    bool struck = true;
    for (uint64_t call = 1; struck; call += step) {
      fs::remove_all(disk_);
      fs::create_directories(disk_);
      for (const auto& entry : fs::directory_iterator(prepared_)) {
        copy_lake(entry.path(), disk_ + "/" + entry.path().filename().string());
      }
      CrashDisk disk(*system_, disk_);
      FaultyFileSystem files(disk);
      files.set_fault({.kind = FaultKind::kStop, .call = call});
      try {
        work(disk_, files);
      } catch (const Stopped&) {}
      struck = files.struck();
      constexpr Kept kAll[] = {Kept::kNothing, Kept::kNames, Kept::kBytes, Kept::kPrefix, Kept::kAny, Kept::kAny};
      for (const Kept kept : kAll) {
        ++states_;
        disk.leave(left_, kept, random_);
        if (struck) work(left_, *system_);
        ASSERT_EQ(check(left_), "") << "call " << call << ", kept " << static_cast<int>(kept);
      }
    }
    std::cout << states_ << " states\n";
  }

  static std::string compare(const std::string& lake, const std::string& other) {
    Folder folder(lake);
    const Store store = folder.open();
    Folder other_folder(other);
    const Store other_store = other_folder.open();
    if (content(store) != content(other_store)) return other + " has other rows";
    for (const auto& [key, rows] : content(other_store)) {
      if (other_folder.glob(key) != rows) return other + " shows others of " + key;
    }
    return findings(store) + findings(other_store);
  }

  std::unique_ptr<base::FileSystem> system_ = base::make_system_file_system();
  TempDirectory directory_ = make_quick_directory();
  std::string prepared_ = directory_ / "prepared";
  std::string disk_ = directory_ / "disk";
  std::string left_ = directory_ / "left";
  std::mt19937_64 random_{20240101};
  int64_t states_ = 0;
};

TEST_F(UpkeepCrashTest, Backups) {
  const auto back_up_twice = [](const std::string& disk, base::FileSystem& files) {
    Folder folder(disk + "/lake", &files);
    const Store store = folder.open();
    static_cast<void>(store.backup(disk + "/copy"));
    upsert(store, "big", {{7, 7}});
    append(store, "small", run_of(static_cast<int64_t>(read(store, "small").size()), 3));
    static_cast<void>(store.backup(disk + "/copy"));
  };
  expect_durable(back_up_twice, [](const std::string& disk) { return compare(disk + "/lake", disk + "/copy"); });
}

TEST_F(UpkeepCrashTest, LakesThatAreMadeOfBackups) {
  const auto restore = [](const std::string& disk, base::FileSystem& files) {
    const FakeClock clock;
    try {
      store::restore_lake(files, clock, {.from = disk + "/lake", .to = disk + "/anew"});
    } catch (const AlreadyExists&) {  // it was cut off when it was a lake already, which is looked at
    }
  };
  expect_durable(restore, [](const std::string& disk) { return compare(disk + "/lake", disk + "/anew"); });
}

TEST_F(UpkeepCrashTest, Repairs) {
  {
    Folder folder(prepared_ + "/lake");
    const Store store = folder.open();
    static_cast<void>(store.backup(prepared_ + "/copy"));
    const std::string id = store.catalog().state("big")->objects.at(0).id;
    const auto file =
        system_->open(folder.path(".varve/objects/" + id.substr(0, 2) + "/" + id), base::OpenMode::kReadWrite);
    const std::byte other{0x5A};
    file->write_at(file->size() / 2, std::span(&other, 1));
  }
  const auto repair = [](const std::string& disk, base::FileSystem& files) {
    Folder folder(disk + "/lake", &files);
    static_cast<void>(folder.open().repair({}, {.from_backup = disk + "/copy"}));
  };
  expect_durable(
      repair,
      [](const std::string& disk) {
        if (fs::is_empty(disk + "/lake/.varve/quarantine")) return std::string("what was damaged is gone");
        return compare(disk + "/lake", disk + "/copy");
      },
      3);
}

TEST_F(UpkeepCrashTest, CatalogsThatAreMadeOfFilesAlone) {
  copy_lake(prepared_ + "/lake", prepared_ + "/whole");
  fs::remove_all(prepared_ + "/lake/.varve");
  const auto rebuild = [](const std::string& disk, base::FileSystem& files) {
    const FakeClock clock;
    store::rebuild_catalog(files, clock, disk + "/lake", {.replace = true});
  };
  expect_durable(rebuild, [](const std::string& disk) { return compare(disk + "/whole", disk + "/lake"); });
}

TEST_F(UpkeepCrashTest, CopiesOfTheCatalog) {
  const auto close = [](const std::string& disk, base::FileSystem& files) {
    fs::remove_all(disk + "/lake/.varve/catalog-backups");
    Folder folder(disk + "/lake", &files);
    const Store store = folder.open();
    append(store, "small", run_of(static_cast<int64_t>(read(store, "small").size()), 1));
  };
  fs::remove_all(prepared_ + "/lake/.varve/catalog-backups");
  expect_durable(
      close,
      [this](const std::string& disk) {
        return std::string(catalog_copies(store::Disk(*system_, disk + "/lake")).empty() ? "there is none" : "");
      },
      3);
}

}  // namespace
}  // namespace varve::testing

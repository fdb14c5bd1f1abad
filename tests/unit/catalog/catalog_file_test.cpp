// What may be wrong with the file of a catalog, and how it is read where it cannot be written.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/catalog/sqlite.h"

#include "support/errors.h"
#include "support/random.h"
#include "unit/catalog/catalog_fixture.h"

namespace varve::catalog {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::IsEmpty;

class CatalogFileTest : public CatalogTest {
 protected:
  void expect_open_fails(ErrorKind kind, std::string_view part) {
    catalog_.reset();
    for (const bool read_only : {false, true}) {
      expect_error(kind, part, [&] { (void)open({.read_only = read_only}); });
    }
  }

  // Closes the catalog and writes other bytes in its place.
  void overwrite(const std::string& bytes) {
    catalog_.reset();
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::string bytes() {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // Does to the closed file what another program might.
  void execute(const std::string& statements) {
    catalog_.reset();
    Database(files_, path_, {}).execute(statements);
  }

  // Where the transactions of a log end.
  uint64_t size_without_room(const std::string& log) {
    constexpr uint64_t kHeader = 32;
    constexpr uint64_t kFrame = 24 + 4096;
    const std::vector<std::byte> bytes = base::read_file(files_, log);
    const auto last = std::find_if(bytes.rbegin(), bytes.rend(), [](std::byte byte) { return byte != std::byte{0}; });
    const auto used = static_cast<uint64_t>(bytes.rend() - last);
    return kHeader + (used - kHeader + kFrame - 1) / kFrame * kFrame;
  }

  // Leaves the files of an open catalog in another directory, as a process that was killed would.
  std::string copy_of_open_files(const std::vector<std::string>& suffixes) {
    const std::string folder = directory_ / "killed";
    std::filesystem::create_directory(folder);
    for (const std::string& suffix : suffixes) {
      std::filesystem::copy_file(path_ + suffix, folder + "/catalog.sqlite" + suffix);
    }
    return folder;
  }
};

TEST_F(CatalogFileTest, ThereMustBeOne) {
  catalog_.reset();
  files_.unlink(path_);
  expect_open_fails(ErrorKind::kNotFound, path_);
  EXPECT_FALSE(files_.exists(path_));
}

TEST_F(CatalogFileTest, IsNotMadeTwice) {
  commit(making("a"));
  expect_error(ErrorKind::kAlreadyExists, path_, [&] { Catalog::create(files_, path_); });
  EXPECT_EQ(catalog_->list_series("").size(), 1U);
}

TEST_F(CatalogFileTest, ATextFileIsNone) {
  overwrite("timestamp,close\n2024-01-01,1.5\n" + std::string(5'000, '\n'));
  expect_open_fails(ErrorKind::kCorruption, path_);
}

TEST_F(CatalogFileTest, AnEmptyFileIsNone) {
  overwrite("");
  expect_open_fails(ErrorKind::kCorruption, "not a catalog");
}

TEST_F(CatalogFileTest, AnotherDatabaseIsNone) {
  execute("PRAGMA application_id=7");
  expect_open_fails(ErrorKind::kCorruption, "not a catalog");
}

TEST_F(CatalogFileTest, ADirectoryIsNone) {
  catalog_.reset();
  files_.unlink(path_);
  files_.make_directory(path_);
  expect_open_fails(ErrorKind::kIo, path_);
}

TEST_F(CatalogFileTest, ANewerFormatIsNotSupported) {
  execute("PRAGMA user_version=2");
  expect_open_fails(ErrorKind::kNotSupported, "format version 2; this program reads up to 1");
}

TEST_F(CatalogFileTest, AFormatThatNeverWasIsDamage) {
  execute("PRAGMA user_version=-1");
  expect_open_fails(ErrorKind::kCorruption, "format version -1");
}

TEST_F(CatalogFileTest, ALostTableIsDamage) {
  commit(making("a"));
  execute("PRAGMA foreign_keys=OFF; DROP TABLE objects");
  reopen();
  expect_error(ErrorKind::kCorruption, "no such table: objects", [&] { (void)catalog_->state("a"); });
}

TEST_F(CatalogFileTest, ASchemaThatCannotBeReadIsDamage) {
  commit(making("a"));
  for (const char* text : {"", "[", "7", R"([{"name":"x"}])", R"([{"name":"x","type":"int65"}])",
                           R"([{"name":"","type":"int64"}])", R"([{"name":7,"type":"int64"}])"}) {
    execute(std::string("UPDATE schemas SET columns='") + text + "'");
    reopen();
    expect_error(ErrorKind::kCorruption, "as a schema", [&] { (void)catalog_->state("a"); });
  }
}

TEST_F(CatalogFileTest, CheckFindsWhatIsWrong) {
  commit(making("a", {object("x", 1, 2)}));
  execute("PRAGMA foreign_keys=OFF; UPDATE objects SET series_id=99");
  reopen();
  EXPECT_THAT(catalog_->check(), ElementsAre("a row of objects speaks of a row of series that is not there"));
}

TEST_F(CatalogFileTest, ATriggerInTheFileIsNotRun) {
  execute("CREATE TRIGGER t AFTER INSERT ON commits BEGIN DELETE FROM commits; END");
  reopen();
  commit("one", making("a"));
  EXPECT_TRUE(catalog_->find_commit("one").has_value());
}

// Whatever lies in the file, calls end with a result or an error of ours.
TEST_F(CatalogFileTest, DamageEndsInErrors) {
  testing::Random random;
  for (int series = 0; series < 30; ++series) {
    const std::string key = "series/" + std::to_string(series);
    commit(making(key, {object(key + "x", 1, 2), object(key + "y", 3, 4)}));
    commit(changing(key, 1, {object(key + "z", 5, 6)}, {key + "y"}));
  }
  catalog_.reset();
  const std::string whole = bytes();
  int found = 0;
  for (int round = 0; round < 300; ++round) {
    std::string damaged = whole;
    if (random.one_in(4)) damaged.resize(static_cast<size_t>(random.between(0, static_cast<int64_t>(whole.size()))));
    for (int64_t left = random.between(1, 20); left > 0 && !damaged.empty(); --left) {
      damaged[static_cast<size_t>(random.next() % damaged.size())] = static_cast<char>(random.next());
    }
    overwrite(damaged);
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
    try {
      Catalog catalog = open();
      for (const SeriesRow& series : catalog.list_series("")) (void)catalog.state(series.key, 1);
      (void)catalog.all_objects();
      (void)catalog.check();
      catalog.commit({.id = "new", .operation = "write", .changes = {changing("series/7", 2)}});
      (void)catalog.state("series/7");
    } catch (const Error&) {
      ++found;
    }
  }
  EXPECT_GT(found, 30);
}

TEST_F(CatalogFileTest, TheLogHasRoomForTheNextTransactions) {
  commit("one", making("a", {object("x", 1, 2)}));
  const uint64_t size = files_.status(path_ + "-wal").size;
  const uint64_t end = size_without_room(path_ + "-wal");
  EXPECT_GE(size - end, uint64_t{64} << 10);
  commit("two", changing("a", 1, {object("y", 3, 4)}));
  EXPECT_GT(size_without_room(path_ + "-wal"), end);
  EXPECT_EQ(files_.status(path_ + "-wal").size, size);
}

TEST_F(CatalogFileTest, ATornLogLosesOnlyWhatItsEndHeld) {
  commit("one", making("a", {object("x", 1, 2)}));
  const uint64_t size = size_without_room(path_ + "-wal");
  commit("two", changing("a", 1, {object("y", 3, 4)}));
  const std::string folder = copy_of_open_files({"", "-wal"});
  const std::string log = folder + "/catalog.sqlite-wal";
  for (const uint64_t cut : {size_without_room(log) - 1, size + 5'000, size + 1, size}) {
    std::filesystem::resize_file(log, cut);
    std::filesystem::copy(folder, directory_ / "cut", std::filesystem::copy_options::recursive);
    Catalog catalog = Catalog::open(files_, directory_ / "cut/catalog.sqlite", clock_);
    EXPECT_TRUE(catalog.find_commit("one").has_value());
    EXPECT_FALSE(catalog.find_commit("two").has_value());
    catalog.close();
    std::filesystem::remove_all(directory_ / "cut");
  }
}

TEST_F(CatalogFileTest, AnyPathWillDo) {
  files_.make_directory(directory_ / "a b?c#%25&d=e\u20AC");
  const std::string path = directory_ / "a b?c#%25&d=e\u20AC/catalog.sqlite";
  Catalog::create(files_, path);
  Catalog::open(files_, path, clock_).set_property("p", "v");
  EXPECT_EQ(Catalog::open(files_, path, clock_, {.read_only = true}).property("p"), "v");
}

TEST_F(CatalogFileTest, OpeningForReadingMakesNothing) {
  commit(making("a", {object("x", 1, 2)}));
  catalog_.reset();
  const std::vector<std::string> before = files_.list(directory_.path());
  files_.heal();
  Catalog reading = open_read_only();
  EXPECT_THAT(ids_of(reading.state("a")->objects), ElementsAre("x"));
  EXPECT_THAT(reading.check(), IsEmpty());
  EXPECT_EQ(files_.list(directory_.path()), before);
  EXPECT_EQ(files_.calls(), 0U);
}

TEST_F(CatalogFileTest, OpenedForReadingNothingIsWritten) {
  Catalog reading = open_read_only();
  const auto refuse = [&](const std::function<void()>& call) { expect_error(ErrorKind::kReadOnly, path_, call); };
  refuse([&] { reading.commit({.id = "i", .operation = "write", .changes = {making("a")}}); });
  refuse([&] { reading.set_property("p", "v"); });
  refuse([&] { reading.clear_pending(1, "i"); });
  refuse([&] { reading.set_pending(1, "i"); });
}

TEST_F(CatalogFileTest, AReaderSeesWhatAWriterCommits) {
  Catalog reading = open_read_only();
  EXPECT_FALSE(reading.find_series("a").has_value());
  commit(making("a"));
  EXPECT_EQ(reading.find_series("a")->version, 1);
  commit(changing("a", 1));
  EXPECT_EQ(reading.find_series("a")->version, 2);
}

TEST_F(CatalogFileTest, AReaderOfAQuietFileSeesAWriterCome) {
  commit(making("a"));
  catalog_.reset();
  Catalog reading = open_read_only();
  EXPECT_EQ(reading.find_series("a")->version, 1);
  reopen();
  commit(changing("a", 1));
  EXPECT_EQ(reading.find_series("a")->version, 2);
  catalog_->close();
  EXPECT_EQ(reading.find_series("a")->version, 2);
  reopen();
  commit(changing("a", 2));
  catalog_.reset();
  EXPECT_EQ(reading.find_series("a")->version, 3);
}

TEST_F(CatalogFileTest, ALogThatNobodyMergedIsReadBesideItsSharedMemory) {
  commit(making("a", {object("x", 1, 2)}));
  const std::string folder = copy_of_open_files({"", "-wal", "-shm"});
  Catalog reading = Catalog::open(files_, folder + "/catalog.sqlite", clock_, {.read_only = true});
  EXPECT_THAT(ids_of(reading.state("a")->objects), ElementsAre("x"));
  EXPECT_EQ(files_.list(folder).size(), 3U);
}

TEST_F(CatalogFileTest, ALogWithoutSharedMemoryIsReadFromACopy) {
  commit(making("a", {object("x", 1, 2)}));
  const std::string folder = copy_of_open_files({"", "-wal"});
  const std::string temporary = directory_ / "temporary";
  std::filesystem::create_directory(temporary);
  ASSERT_EQ(::setenv("TMPDIR", temporary.c_str(), 1), 0);
  {
    Catalog reading = Catalog::open(files_, folder + "/catalog.sqlite", clock_, {.read_only = true});
    EXPECT_THAT(ids_of(reading.state("a")->objects), ElementsAre("x"));
    EXPECT_EQ(files_.list(folder).size(), 2U);
    EXPECT_EQ(files_.list(temporary).size(), 1U);
  }
  EXPECT_THAT(files_.list(temporary), IsEmpty());
  ::unsetenv("TMPDIR");
}

// Runs `work` in a child that may not write to the catalog's directory, and tells whether it returned true.
bool without_permission(const std::string& folder, const std::function<bool()>& work) {
  if (::chmod(folder.c_str(), 0555) != 0) return false;
  const pid_t child = ::fork();
  if (child == 0) {
    bool good = false;
    try {
      good = (::getuid() != 0 || ::setuid(65'534) == 0) && work();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    ::_exit(good ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  ::chmod(folder.c_str(), 0755);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(CatalogFileTest, WithoutPermissionItIsReadOnly) {
  commit(making("a", {object("x", 1, 2)}));
  catalog_.reset();
  ::chmod(path_.c_str(), 0444);
  EXPECT_TRUE(without_permission(directory_.path(), [&] {
    try {
      (void)open();
      return false;
    } catch (const ReadOnly&) {}
    return open_read_only().state("a")->objects.size() == 1;
  }));
}

TEST_F(CatalogFileTest, WithoutPermissionALiveWriterIsFollowed) {
  commit(making("a", {object("x", 1, 2)}));
  for (const char* suffix : {"", "-wal", "-shm"}) ::chmod((path_ + suffix).c_str(), 0444);
  EXPECT_TRUE(without_permission(directory_.path(), [&] {
    return Catalog::open(files_, path_, clock_, {.read_only = true}).state("a")->objects.size() == 1;
  }));
}

}  // namespace
}  // namespace varve::catalog

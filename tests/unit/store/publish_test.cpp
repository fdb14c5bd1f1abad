#include "varve/store/publish.h"

#include <fstream>
#include <set>

#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

using store::Store;

// One that has neither hard links nor exchange.
class PoorFileSystem final : public base::FileSystem {
 public:
  explicit PoorFileSystem(base::FileSystem& below) : below_(below) {}

  void exchange(const std::string& left, const std::string& /*right*/) override { throw NotSupported("{}", left); }
  void link(const std::string& existing, const std::string& /*name*/) override { throw NotSupported("{}", existing); }

  void before(const base::FileCall& call) override { below_.before(call); }
  std::unique_ptr<base::File> open(const std::string& path, base::OpenMode mode) override {
    return below_.open(path, mode);
  }
  bool exists(const std::string& path) override { return below_.exists(path); }
  base::FileStatus status(const std::string& path) override { return below_.status(path); }
  std::vector<std::string> list(const std::string& path) override { return below_.list(path); }
  void rename(const std::string& from, const std::string& to) override { below_.rename(from, to); }
  void unlink(const std::string& path) override { below_.unlink(path); }
  void make_directory(const std::string& path) override { below_.make_directory(path); }
  void remove_directory(const std::string& path) override { below_.remove_directory(path); }
  void sync_directory(const std::string& path) override { below_.sync_directory(path); }
  void sync_all(const std::string& directory) override { below_.sync_all(directory); }
  std::unique_ptr<base::FileLock> lock(const std::string& path, const base::LockOptions& options) override {
    return below_.lock(path, options);
  }

 private:
  base::FileSystem& below_;
};

class PublishTest : public StoreTest {
 protected:
  void put_foreign_file(const std::string& name) { std::ofstream(folder_.path(name)) << "mine"; }
  bool is_there(const std::string& name) { return std::filesystem::exists(folder_.path(name)); }
};

TEST_F(PublishTest, ForeignFilesStay) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  put_foreign_file("k/notes.txt");
  upsert(store, "k", {{1, 10}});
  write(store, "k", {{5, 5}});
  EXPECT_EQ(folder_.glob("k"), Rows({{5, 5}}));
  remove(store, "k");
  EXPECT_TRUE(is_there("k/notes.txt"));
  EXPECT_EQ(folder_.visible_files("k").size(), 0U);
}

TEST_F(PublishTest, KeysBelowAKeyStay) {
  const Store store = folder_.open();
  append(store, "fx/EUR", run_of(0, 3));
  append(store, "fx", run_of(10, 3));
  write(store, "fx", run_of(20, 3));
  EXPECT_EQ(folder_.glob("fx/EUR"), run_of(0, 3));
  EXPECT_EQ(folder_.glob("fx"), run_of(20, 3));
  remove(store, "fx");
  EXPECT_EQ(folder_.glob("fx/EUR"), run_of(0, 3));
  EXPECT_EQ(findings(store), "");
}

TEST_F(PublishTest, AFileThatTookTheNameOfOursStaysAndIsReported) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  const std::string ours = "k/" + folder_.visible_files("k").at(0);
  std::filesystem::remove(folder_.path(ours));
  put_foreign_file(ours);
  EXPECT_NE(findings(store).find("replaced from outside"), std::string::npos);
  write(store, "k", run_of(5, 1));
  EXPECT_TRUE(is_there(ours));
  EXPECT_EQ(folder_.visible_files("k").size(), 2U);
}

TEST_F(PublishTest, ANameThatSomebodyElseHasIsNotUsed) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  const std::string name = folder_.visible_files("k").at(0);
  remove(store, "k");
  std::filesystem::create_directory(folder_.path("k"));
  put_foreign_file("k/" + name);
  append(store, "k", run_of(0, 3));
  EXPECT_EQ(folder_.visible_files("k").size(), 2U);
}

TEST_F(PublishTest, NamesAreNeverUsedTwice) {
  const Store store = folder_.open();
  std::set<std::string> names;
  for (int64_t value = 0; value < 5; ++value) {
    write(store, "k", {{1, value}});
    names.insert(folder_.visible_files("k").at(0));
  }
  EXPECT_EQ(names.size(), 5U);
  EXPECT_TRUE(names.contains("19700101T000001-19700101T000001-3.parquet"));
}

TEST_F(PublishTest, WithoutExchangeAndHardLinksFilesAreCopied) {
  PoorFileSystem poor(folder_.files());
  const Store store = Store::open(poor, folder_.clock(), folder_.root(), {.publish_delay = {}, .log = {}});
  append(store, "k", run_of(0, 9), keyed(3));
  upsert(store, "k", {{1, 10}, {8, 80}});
  append(store, "k", run_of(20, 1));
  EXPECT_EQ(folder_.glob("k"), read(store, "k"));
  EXPECT_EQ(findings(store), "");
  remove(store, "k");
  EXPECT_FALSE(is_there("k"));
}

TEST_F(PublishTest, AFailureToPublishIsMadeGoodByTheNextCommit) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  for (int64_t call = 1; folder_.glob("k") == read(store, "k"); ++call) {
    ASSERT_LT(call, 500) << "no call's failure leaves a commit that is not published";
    folder_.files().set_fault({.kind = FaultKind::kFailFrom, .call = static_cast<uint64_t>(call)});
    try {
      append(store, "k", run_of(3 + call, 1));
    } catch (const Error&) {  // it failed before the commit
    }
  }
  folder_.files().heal();
  append(store, "other", run_of(0, 1));
  EXPECT_EQ(folder_.glob("k"), read(store, "k"));
  EXPECT_TRUE(store.catalog().pending_publications().empty());
}

TEST_F(PublishTest, ALinkPutInTheWayIsNotFollowed) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  std::filesystem::rename(folder_.path("k"), directory_ / "elsewhere");
  std::filesystem::create_symlink(directory_ / "elsewhere", folder_.path("k"));
  expect_error(ErrorKind::kPathTraversal, "symbolic link", [&] { append(store, "k", run_of(3, 3)); });
  expect_error(ErrorKind::kPathTraversal, "symbolic link", [&] { append(store, "k/below", run_of(3, 3)); });
  EXPECT_EQ(read(store, "k"), run_of(0, 3));
  EXPECT_NE(findings(store), "");
}

TEST_F(PublishTest, AKeyThatClashesWithAFileIsRefused) {
  const Store store = folder_.open();
  put_foreign_file("file");
  expect_error(ErrorKind::kPathTraversal, "clashes", [&] { append(store, "file", run_of(3, 3)); });
  expect_error(ErrorKind::kPathTraversal, "clashes", [&] { append(store, "file/below", run_of(3, 3)); });
  EXPECT_EQ(folder_.object_files(), 0U);
}

TEST_F(PublishTest, WhatIsFlaggedIsPublishedAtOpening) {
  {
    const Store store = folder_.open();
    append(store, "k", run_of(0, 3));
    const catalog::SeriesRow row = *store.catalog().find_series("k");
    store.catalog().set_pending(row.id, "0123456789abcdef0123456789abcdef");
  }
  std::filesystem::remove_all(folder_.path("k"));
  const Store store = folder_.open();
  EXPECT_EQ(folder_.glob("k"), run_of(0, 3));
  EXPECT_TRUE(store.catalog().pending_publications().empty());
}

TEST_F(PublishTest, AKeyThatIsBeingWrittenIsPublishedAllTheSame) {
  const Store store = folder_.open();
  append(store, "k", run_of(0, 3));
  store.catalog().set_pending(store.catalog().find_series("k")->id, "0123456789abcdef0123456789abcdef");
  std::filesystem::remove_all(folder_.path("k"));
  const store::WriteSession held = store.begin_write({"k"});
  folder_.open();
  EXPECT_EQ(folder_.glob("k"), run_of(0, 3));
}

}  // namespace
}  // namespace varve::testing

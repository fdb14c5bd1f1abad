#include "varve/store/publisher.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

using store::Store;
using store::StoreOptions;

class PublisherTest : public StoreTest {
 protected:
  Store open(Duration delay) {
    StoreOptions options;
    options.publish_delay = delay;
    return Store::open(folder_.files(), folder_.clock(), folder_.root(), options);
  }

  // Whether the visible tree shows these rows within ten seconds.
  bool shows_soon(const std::string& key, const Rows& rows) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < end) {
      if (folder_.glob(key) == rows) return true;
      std::this_thread::yield();
    }
    return false;
  }
};

TEST_F(PublisherTest, SmallCommitsShowALittleLater) {
  const Store store = open(Duration::milliseconds(1));
  EXPECT_FALSE(append(store, "k", run_of(0, 3)).published);
  EXPECT_EQ(read(store, "k"), run_of(0, 3));
  EXPECT_TRUE(shows_soon("k", run_of(0, 3)));
  append(store, "k", run_of(3, 2));
  EXPECT_TRUE(shows_soon("k", run_of(0, 5)));
}

TEST_F(PublisherTest, ClosingPublishes) {
  Store store = open(Duration::seconds(1000));
  append(store, "k", run_of(0, 3));
  EXPECT_EQ(folder_.glob("k"), Rows());
  EXPECT_EQ(findings(store), "");  // being behind is no finding
  store.close();
  EXPECT_EQ(folder_.glob("k"), run_of(0, 3));
}

TEST_F(PublisherTest, WhoAsksIsPublishedAtOnce) {
  const Store store = open(Duration::seconds(1000));
  store::WriteSession session = store.begin_write({"k"});
  session.write({.key = "k", .change = {.rows = to_table(run_of(0, 3))}, .definition = keyed()});
  EXPECT_TRUE(session.commit({.published = true}).series.at(0).published);
  EXPECT_EQ(folder_.glob("k"), run_of(0, 3));
}

TEST_F(PublisherTest, ManySeriesArePublishedTogether) {
  std::filesystem::create_directories(folder_.path("k7"));
  std::ofstream(folder_.path("k7/notes.txt")) << "mine";
  Store store = open(Duration::seconds(1000));
  for (int64_t round = 0; round < 3; ++round) {
    for (int64_t key = 0; key < 40; ++key) append(store, "k" + std::to_string(key), run_of(round * 5, 5), keyed(4));
  }
  remove(store, "k3");
  store.close();
  for (int64_t key = 0; key < 40; ++key) {
    EXPECT_EQ(folder_.glob("k" + std::to_string(key)), key == 3 ? Rows() : run_of(0, 15));
  }
  EXPECT_TRUE(std::filesystem::exists(folder_.path("k7/notes.txt")));
  EXPECT_EQ(findings(folder_.open()), "");
}

TEST_F(PublisherTest, OfManySeriesOneMayFail) {
  Store store = open(Duration::seconds(1000));
  for (int64_t key = 0; key < 40; ++key) append(store, "k" + std::to_string(key), run_of(0, 5));
  std::filesystem::create_symlink(folder_.root(), folder_.path("k7"));
  store.close();
  EXPECT_EQ(folder_.glob("k6"), run_of(0, 5));
  EXPECT_EQ(folder_.glob("k8"), run_of(0, 5));
  std::filesystem::remove(folder_.path("k7"));
  static_cast<void>(folder_.open());
  EXPECT_EQ(folder_.glob("k7"), run_of(0, 5));
}

TEST_F(PublisherTest, WhatADeadProcessLeftBehindIsPublishedAtTheNextOpening) {
  {
    Store store = open(Duration::seconds(1000));
    append(store, "k", run_of(0, 3));
    folder_.files().set_fault({.kind = FaultKind::kStop, .call = 1});
  }
  folder_.files().heal();
  EXPECT_EQ(folder_.glob("k"), Rows());
  const Store store = folder_.open();
  EXPECT_EQ(folder_.glob("k"), run_of(0, 3));
  EXPECT_EQ(findings(store), "");
}

TEST_F(PublisherTest, FilesOfCommitsThatWereOvertakenAreNeverMade) {
  Store store = open(Duration::seconds(1000));
  for (int64_t row = 0; row < 50; ++row) append(store, "k", run_of(row, 1));
  store.close();
  EXPECT_EQ(folder_.glob("k"), run_of(0, 50));
  EXPECT_LT(folder_.object_files(), 10);
}

}  // namespace
}  // namespace varve::testing

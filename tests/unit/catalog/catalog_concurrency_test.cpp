// Several threads and several processes at one catalog.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/catalog/sqlite.h"

#include "support/errors.h"
#include "support/still_process.h"
#include "unit/catalog/catalog_fixture.h"

namespace varve::catalog {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::IsEmpty;
using testing::StillProcess;

void in_threads(int count, const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int number = 0; number < count; ++number) threads.emplace_back(work, number);
  for (std::thread& thread : threads) thread.join();
}

// Runs the work in children of this process, which begin together; the number of those that returned true.
int in_processes(int count, const std::function<bool(int)>& work) {
  int gate[2] = {};
  if (::pipe(gate) != 0) return -1;
  std::vector<pid_t> children;
  for (int number = 0; number < count; ++number) {
    const pid_t child = ::fork();
    if (child == 0) {
      char nothing;
      ::close(gate[1]);
      bool good = ::read(gate[0], &nothing, 1) != 0;  // until the parent has closed it
      try {
        good = work(number);
      } catch (const std::exception& error) {
        std::fprintf(stderr, "child %d: %s\n", number, error.what());
      }
      ::_exit(good ? 0 : 1);
    }
    children.push_back(child);
  }
  ::close(gate[0]);
  ::close(gate[1]);
  int good = 0;
  for (const pid_t child : children) {
    int status = 1;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) ++good;
  }
  return good;
}

// Makes the next version of a series, whatever others do meanwhile.
void count_up(Catalog& catalog, const std::string& commit_id) {
  for (;;) {
    try {
      const int64_t version = catalog.find_series("counter")->version;
      catalog.commit({.id = commit_id, .operation = "write", .changes = {changing("counter", version)}});
      return;
    } catch (const ConcurrentWrite&) {
      continue;
    }
  }
}

class CatalogConcurrencyTest : public CatalogTest {};

TEST_F(CatalogConcurrencyTest, ThreadsCommitToTheirOwnSeries) {
  in_threads(8, [&](int thread) {
    const std::string key = "series/" + std::to_string(thread);
    for (int64_t version = 0; version < 10; ++version) {
      const std::string id = key + "-" + std::to_string(version);
      SeriesChange change = version == 0 ? making(key) : changing(key, version);
      change.added = {object(id, version, version)};
      catalog_->commit({.id = id, .operation = "append", .changes = {change}});
      ASSERT_EQ(catalog_->state(key)->objects.size(), static_cast<size_t>(version + 1));
    }
  });
  EXPECT_EQ(catalog_->list_series("series").size(), 8U);
  EXPECT_EQ(catalog_->all_objects().size(), 80U);
  EXPECT_THAT(catalog_->check(), IsEmpty());
}

TEST_F(CatalogConcurrencyTest, NoUpdateIsLostBetweenThreads) {
  commit(making("counter"));
  in_threads(4, [&](int thread) {
    for (int round = 0; round < 10; ++round) count_up(*catalog_, std::to_string(thread * 100 + round));
  });
  EXPECT_EQ(catalog_->find_series("counter")->version, 41);
}

TEST_F(CatalogConcurrencyTest, NoUpdateIsLostBetweenCatalogsOfOneFile) {
  commit(making("counter"));
  in_threads(4, [&](int thread) {
    Catalog own = open();
    for (int round = 0; round < 10; ++round) count_up(own, std::to_string(thread * 100 + round));
  });
  EXPECT_EQ(catalog_->find_series("counter")->version, 41);
}

TEST_F(CatalogConcurrencyTest, NoUpdateIsLostBetweenProcesses) {
  commit(making("counter"));
  catalog_.reset();
  const int good = in_processes(3, [&](int process) {
    Catalog own = open();
    for (int round = 0; round < 15; ++round) count_up(own, std::to_string(process * 100 + round));
    own.close();
    return true;
  });
  EXPECT_EQ(good, 3);
  reopen();
  EXPECT_EQ(catalog_->find_series("counter")->version, 46);
  EXPECT_THAT(catalog_->check(), IsEmpty());
}

TEST_F(CatalogConcurrencyTest, OneOfManyCreatorsWins) {
  for (int round = 0; round < 5; ++round) {
    const std::string path = directory_ / "new.sqlite" + std::to_string(round);
    const auto create = [&](int) {
      try {
        Catalog::create(files_, path);
        return true;
      } catch (const AlreadyExists&) {
        return false;
      }
    };
    ASSERT_EQ(in_processes(4, create), 1);
    ASSERT_THAT(Catalog::open(files_, path, clock_).check(), IsEmpty());
  }
}

// Each version holds two objects that begin together; no reader may see one alone.
TEST_F(CatalogConcurrencyTest, ReadersSeeWholeVersions) {
  commit(making("a", {object("0-x", 0, 0), object("0-y", 0, 0)}));
  std::atomic<bool> done = false;
  std::atomic<int> reads = 0;
  std::thread writer([&] {
    for (int64_t version = 1; version <= 30 || reads < 30; ++version) {
      const std::string old_id = std::to_string(version - 1);
      const std::string id = std::to_string(version);
      commit(changing("a", version, {object(id + "-x", version, version), object(id + "-y", version, version)},
                      {old_id + "-x", old_id + "-y"}));
    }
    done = true;
  });
  in_threads(3, [&](int) {
    for (; !done; ++reads) {
      const Catalog::State state = *catalog_->state("a");
      ASSERT_EQ(state.objects.size(), 2U);
      ASSERT_EQ(state.objects[0].first, state.objects[1].first);
      ASSERT_EQ(state.series.first, state.objects[0].first);
      ASSERT_EQ(state.version, state.objects[0].added_version);
    }
  });
  writer.join();
}

TEST_F(CatalogConcurrencyTest, ReadersFollowAWriterThatComesAndGoes) {
  commit(making("a"));
  catalog_.reset();
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (int64_t version = 1; version < 15; ++version) {
      Catalog own = open();
      own.commit({.id = std::to_string(version), .operation = "write", .changes = {changing("a", version)}});
      own.close();
    }
    done = true;
  });
  Catalog reading = open_read_only();
  int64_t newest = 0;
  while (!done) {
    const int64_t version = reading.find_series("a")->version;
    ASSERT_GE(version, newest);
    newest = version;
  }
  writer.join();
  EXPECT_EQ(reading.find_series("a")->version, 15);
}

// What a writer leaves that is killed between the two copies that it makes of the header.
void break_shared_memory(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(8);
  file.put('\xFF');
}

TEST_F(CatalogConcurrencyTest, SharedMemoryThatAKilledWriterLeftBrokenDoesNotKeepReadersOut) {
  commit(making("a"));
  catalog_.reset();
  const StillProcess writer([this] {
    reopen();
    commit("second", changing("a", 1));
  });
  break_shared_memory(path_ + "-shm");
  Catalog reading = open_read_only();
  EXPECT_EQ(reading.find_series("a")->version, 2);
  EXPECT_EQ(reading.find_series("a")->version, 2);
}

TEST_F(CatalogConcurrencyTest, ReadersDoNotWaitForAWriter) {
  commit(making("a"));
  Database other(files_, path_, {});
  const Transaction held(other, Transaction::Mode::kWrite, "hold");
  EXPECT_EQ(catalog_->find_series("a")->version, 1);
}

TEST_F(CatalogConcurrencyTest, AWriterWaitsOnlySoLong) {
  Catalog hasty = open({.busy_timeout = Duration::milliseconds(20)});
  Database other(files_, path_, {});
  const Transaction held(other, Transaction::Mode::kWrite, "hold");
  expect_error(ErrorKind::kTimeout, "longer than 20ms", [&] { hasty.set_property("p", "v"); });
}

TEST_F(CatalogConcurrencyTest, AWriterGetsItsTurn) {
  Database other(files_, path_, {});
  std::thread waiting;
  {
    const Transaction held(other, Transaction::Mode::kWrite, "hold");
    waiting = std::thread([&] { catalog_->set_property("p", "v"); });
  }
  waiting.join();
  EXPECT_EQ(catalog_->property("p"), "v");
}

TEST_F(CatalogConcurrencyTest, ClosingMeanwhileEndsCallsInOrder) {
  commit(making("counter"));
  std::atomic<int> started = 0;
  std::thread closing([&] {
    while (started < 3) std::this_thread::yield();
    catalog_->close();
  });
  in_threads(3, [&](int) {
    ++started;
    try {
      for (;;) (void)catalog_->find_series("counter");
    } catch (const InvalidArgument&) {  // closed
    }
  });
  closing.join();
  reopen();
  EXPECT_EQ(catalog_->find_series("counter")->version, 1);
}

TEST_F(CatalogConcurrencyTest, AForkedChildMayNotUseIt) {
  commit(making("a"));
  const int good = in_processes(1, [&](int) {
    int refused = 0;
    for (const std::function<void()>& call :
         std::vector<std::function<void()>>{[&] { (void)catalog_->find_series("a"); },
                                            [&] { commit(changing("a", 1)); }, [&] { catalog_->close(); }}) {
      try {
        call();
      } catch (const Forked&) {
        ++refused;
      }
    }
    catalog_.reset();
    return refused == 3;
  });
  EXPECT_EQ(good, 1);
  EXPECT_EQ(commit(changing("a", 1)).version, 2);
  EXPECT_TRUE(files_.exists(path_ + "-wal"));
}

}  // namespace
}  // namespace varve::catalog

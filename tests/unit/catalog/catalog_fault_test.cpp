// The disk fails, or the process ends, at every call of what changes a catalog.
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "varve/base/error.h"

#include "support/errors.h"
#include "unit/catalog/catalog_fixture.h"

namespace varve::catalog {
namespace {

using base::FileOperation;
using ::testing::ElementsAre;
using testing::Fault;
using testing::FaultKind;
using ::testing::IsEmpty;
using testing::Stopped;

enum class Outcome { kDone, kFailed, kUnknown, kStopped };

class CatalogFaultTest : public CatalogTest {
 protected:
  CatalogFaultTest() {
    commit("before", making("a", {object("x", 1, 2)}));
    catalog_->close();
    std::filesystem::copy_file(path_, directory_ / "prepared");
  }

  // Back to the catalog as the constructor left it, opened.
  void start_over() {
    catalog_.reset();
    files_.heal();
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
    std::filesystem::copy_file(directory_ / "prepared", path_, std::filesystem::copy_options::overwrite_existing);
    reopen();
  }

  // Does the work with a fault, lets the process "end" without another word to the disk, and opens the catalog again.
  Outcome run(const Fault& fault, const std::function<void()>& work) {
    start_over();
    files_.set_fault(fault);
    Outcome outcome = Outcome::kDone;
    try {
      work();
    } catch (const OutcomeUnknown&) {
      outcome = Outcome::kUnknown;
    } catch (const Error&) {
      outcome = Outcome::kFailed;
    } catch (const Stopped&) {
      outcome = Outcome::kStopped;
    }
    struck_ = files_.struck();
    end_process();
    return outcome;
  }

  void end_process() {
    files_.set_fault({.kind = FaultKind::kStop});
    catalog_.reset();
    files_.heal();
    reopen();
  }

  // Runs the work with the fault at its first call, its second, and so on, until it strikes no more.
  void at_every_call(FaultKind kind, const std::function<void()>& work, const std::function<void(Outcome)>& expect) {
    uint64_t call = 1;
    for (;; ++call) {
      SCOPED_TRACE("call " + std::to_string(call));
      const Outcome outcome = run({.kind = kind, .call = call}, work);
      if (!struck_) break;
      expect(outcome);
      EXPECT_THAT(catalog_->check(), IsEmpty());
    }
    EXPECT_GT(call, 2U);
  }

  void change_two_series() {
    catalog_->commit({.id = "after",
                      .operation = "write",
                      .changes = {changing("a", 1, {object("y", 3, 4)}, {"x"}), making("b", {object("z", 1, 2)})}});
  }

  // Whether the commit above is there; fails the test if only half of it is.
  bool is_changed() {
    const bool changed = catalog_->find_commit("after").has_value();
    EXPECT_THAT(objects("a"), ElementsAre(changed ? "y" : "x"));
    EXPECT_THAT(objects("a", 1), ElementsAre("x"));
    EXPECT_THAT(objects("b"), ElementsAre(changed ? "z" : "none"));
    EXPECT_EQ(catalog_->find_series("a")->version, changed ? 2 : 1);
    EXPECT_EQ(catalog_->pending_publications().size(), changed ? 2U : 1U);
    EXPECT_EQ(catalog_->all_objects().size(), changed ? 3U : 1U);
    return changed;
  }

  // The number of the first call of a sort while the work is done without a fault.
  uint64_t call_of(FileOperation operation, const std::function<void()>& work) {
    start_over();
    files_.heal();
    work();
    const std::vector<testing::TracedCall> trace = files_.trace();
    for (size_t at = 0; at < trace.size(); ++at) {
      if (trace[at].operation == operation) return at + 1;
    }
    ADD_FAILURE() << "no such call";
    return 0;
  }

  bool struck_ = false;
};

TEST_F(CatalogFaultTest, AFailedCallFailsTheCommitOrDoesNotMatter) {
  at_every_call(
      FaultKind::kFailOnce, [&] { change_two_series(); },
      [&](Outcome outcome) { EXPECT_EQ(is_changed(), outcome == Outcome::kDone); });
}

TEST_F(CatalogFaultTest, ABrokenDiskLeavesAllOrNothingOfACommit) {
  at_every_call(
      FaultKind::kFailFrom, [&] { change_two_series(); },
      [&](Outcome outcome) {
        const bool changed = is_changed();
        EXPECT_TRUE(changed || outcome != Outcome::kDone);
        EXPECT_FALSE(changed && outcome == Outcome::kFailed);
      });
}

TEST_F(CatalogFaultTest, AnEndedProcessLeavesAllOrNothingOfACommit) {
  at_every_call(
      FaultKind::kStop, [&] { change_two_series(); },
      [&](Outcome outcome) {
        EXPECT_EQ(outcome, Outcome::kStopped);
        is_changed();
      });
}

TEST_F(CatalogFaultTest, ACommitAfterAFailedOneIsWhole) {
  const auto twice = [&] {
    try {
      change_two_series();
    } catch (const Error&) {
      catalog_->commit({.id = "instead", .operation = "write", .changes = {changing("a", 1, {object("w", 5, 6)})}});
    }
  };
  at_every_call(FaultKind::kFailOnce, twice, [&](Outcome outcome) {
    EXPECT_EQ(outcome, Outcome::kDone);
    if (catalog_->find_commit("instead")) {
      EXPECT_THAT(objects("a"), ElementsAre("x", "w"));
      EXPECT_THAT(objects("b"), ElementsAre("none"));
    } else {
      EXPECT_TRUE(is_changed());
    }
  });
}

TEST_F(CatalogFaultTest, TheFailureIsTheOneThatTheDiskGave) {
  start_over();
  files_.set_fault({.kind = FaultKind::kFailOnce, .call = 1, .error_number = ENOSPC});
  testing::expect_error(ErrorKind::kIo, "No space left", [&] { change_two_series(); });
}

TEST_F(CatalogFaultTest, AFailedSyncIsAFailedCommitThatNoPowerCutBringsBack) {
  const uint64_t sync = call_of(FileOperation::kSync, [&] { change_two_series(); });
  start_over();
  files_.set_fault({.kind = FaultKind::kFailOnce, .call = sync});
  testing::expect_error(ErrorKind::kIo, "sync", [&] { change_two_series(); });
  // What the disk holds now, without the memory that tells which part of the log counts.
  std::filesystem::copy_file(path_, directory_ / "after-cut");
  std::filesystem::copy_file(path_ + "-wal", directory_ / "after-cut-wal");
  Catalog after = Catalog::open(files_, directory_ / "after-cut", clock_);
  EXPECT_FALSE(after.find_commit("after").has_value());
  EXPECT_EQ(after.find_series("a")->version, 1);
}

TEST_F(CatalogFaultTest, ASyncThatGoesOnFailingLeavesTheOutcomeUnknown) {
  const uint64_t sync = call_of(FileOperation::kSync, [&] { change_two_series(); });
  start_over();
  files_.set_fault({.kind = FaultKind::kFailFrom, .call = sync});
  testing::expect_error(ErrorKind::kOutcomeUnknown, "make commit after", [&] { change_two_series(); });
  files_.heal();
  EXPECT_NO_THROW(commit("later", changing("a", catalog_->find_series("a")->version)));
}

// The bytes of the log that were never synced may be lost for good; the catalog must not need them.
TEST_F(CatalogFaultTest, AfterAFailedSyncNothingNeedsTheOldLog) {
  start_over();
  commit("first", changing("a", 1));
  catalog_->clear_pending(1, "first");
  files_.heal();
  commit("second", changing("a", 2));
  const uint64_t sync = files_.calls();
  files_.set_fault({.kind = FaultKind::kFailOnce, .call = sync});
  EXPECT_THROW(commit("third", changing("a", 3)), Io);
  std::filesystem::copy_file(path_, directory_ / "without-log");
  Catalog after = Catalog::open(files_, directory_ / "without-log", clock_);
  EXPECT_EQ(after.find_series("a")->version, 3);
  EXPECT_FALSE(after.find_commit("third").has_value());
}

TEST_F(CatalogFaultTest, NothingIsCommittedToALogInDoubt) {
  start_over();
  commit("first", changing("a", 1));
  files_.heal();
  commit("second", changing("a", 2));
  const uint64_t sync = files_.calls();
  files_.set_fault({.kind = FaultKind::kFailFrom, .call = sync});
  EXPECT_THROW(commit("third", changing("a", 3)), OutcomeUnknown);
  EXPECT_THROW(commit("fourth", changing("a", 3)), Io);
  files_.heal();
  commit("fifth", changing("a", 3));
  std::filesystem::copy_file(path_, directory_ / "without-log");
  EXPECT_EQ(Catalog::open(files_, directory_ / "without-log", clock_).find_series("a")->version, 3);
  EXPECT_EQ(catalog_->find_series("a")->version, 4);
}

TEST_F(CatalogFaultTest, TheEndOfALogInDoubtIsOnTheDisk) {
  const uint64_t sync = call_of(FileOperation::kSync, [&] { change_two_series(); });
  start_over();
  files_.set_fault({.kind = FaultKind::kFailOnce, .call = sync});
  EXPECT_THROW(change_two_series(), Io);
  const std::vector<testing::TracedCall> trace = files_.trace();
  const testing::TracedCall emptied = {FileOperation::kTruncate, path_ + "-wal"};
  EXPECT_THAT(trace, ::testing::Contains(emptied));
  EXPECT_EQ(trace.back(), (testing::TracedCall{FileOperation::kSync, path_ + "-wal"}));
}

TEST_F(CatalogFaultTest, AFullDiskIsAFailureThatIsKnown) {
  const uint64_t write = call_of(FileOperation::kWrite, [&] { change_two_series(); });
  const Fault full = {.kind = FaultKind::kFailFrom, .call = write, .error_number = ENOSPC};
  EXPECT_EQ(run(full, [&] { change_two_series(); }), Outcome::kFailed);
  EXPECT_FALSE(is_changed());
}

TEST_F(CatalogFaultTest, ClosingNeverFailsAndLosesNothing) {
  const auto close = [&] {
    change_two_series();
    catalog_->close();
  };
  const uint64_t calls_before = [&] {
    start_over();
    files_.heal();
    change_two_series();
    return files_.calls();
  }();
  uint64_t struck = 0;
  for (uint64_t call = calls_before + 1;; ++call, ++struck) {
    const Outcome outcome = run({.kind = FaultKind::kFailOnce, .call = call}, close);
    if (!struck_) break;
    EXPECT_EQ(outcome, Outcome::kDone);
    EXPECT_TRUE(is_changed());
    run({.kind = FaultKind::kStop, .call = call}, close);
    EXPECT_TRUE(is_changed());
  }
  EXPECT_GT(struck, 3U);
}

TEST_F(CatalogFaultTest, ClearingAFlagIsAllOrNothing) {
  const auto clear = [&] { catalog_->clear_pending(1, "before"); };
  for (const FaultKind kind : {FaultKind::kFailOnce, FaultKind::kStop}) {
    at_every_call(kind, clear, [&](Outcome outcome) {
      EXPECT_TRUE(catalog_->pending_publications().empty() || outcome != Outcome::kDone);
      EXPECT_THAT(objects("a"), ElementsAre("x"));
    });
  }
}

TEST_F(CatalogFaultTest, ClearingAFlagCostsNoSync) {
  start_over();
  commit("first", changing("a", 1));
  files_.heal();
  catalog_->clear_pending(1, "first");
  EXPECT_GT(files_.calls(), 0U);
  for (const testing::TracedCall& call : files_.trace()) EXPECT_NE(call.operation, FileOperation::kSync) << call.path;
}

TEST_F(CatalogFaultTest, ACommitCostsOneSync) {
  start_over();
  commit("first", changing("a", 1));
  files_.heal();
  commit("second", changing("a", 2, {object("y", 3, 4)}));
  EXPECT_EQ(std::ranges::count(files_.trace(), FileOperation::kSync, &testing::TracedCall::operation), 1);
  EXPECT_EQ(files_.trace().back(), (testing::TracedCall{FileOperation::kSync, path_ + "-wal"}));
}

// More than a thousand frames of log.
TEST_F(CatalogFaultTest, MergingTheLogLosesNothing) {
  const auto fill_log = [&] {
    CommitRequest request{.id = "long", .operation = "write", .changes = {}};
    for (int series = 0; series < 8'000; ++series) {
      const std::string key = "series-with-a-rather-long-name/" + std::to_string(series);
      request.changes.push_back(making(key, {object(key, 1, 2)}));
    }
    catalog_->commit(request);
    catalog_->merge_log();
  };
  start_over();
  files_.heal();
  fill_log();
  const std::vector<testing::TracedCall> trace = files_.trace();
  const auto merge = static_cast<uint64_t>(std::ranges::find(trace, testing::TracedCall{FileOperation::kWrite, path_}) -
                                           trace.begin());
  ASSERT_LT(merge + 100, trace.size()) << "the log was not merged";
  for (const uint64_t call : {merge, merge + 77, trace.size()}) {
    SCOPED_TRACE("call " + std::to_string(call) + " of " + std::to_string(trace.size()));
    EXPECT_EQ(run({.kind = FaultKind::kFailOnce, .call = call}, fill_log), Outcome::kDone);
    EXPECT_EQ(catalog_->list_series("").size(), 8'001U);
    EXPECT_EQ(run({.kind = FaultKind::kStop, .call = call}, fill_log), Outcome::kStopped);
    EXPECT_EQ(catalog_->list_series("").size(), 8'001U);
  }
}

class CatalogCreateFaultTest : public ::testing::Test {
 protected:
  testing::TempDirectory directory_;
  const std::string path_ = directory_ / "catalog.sqlite";
  std::unique_ptr<base::FileSystem> disk_ = base::make_system_file_system();
  testing::FaultyFileSystem files_{*disk_};
  testing::FakeClock clock_;
};

TEST_F(CatalogCreateFaultTest, TheNameOfANewCatalogIsOnTheDisk) {
  Catalog::create(files_, path_);
  const std::vector<testing::TracedCall> trace = files_.trace();
  const std::vector<testing::TracedCall> end(trace.end() - 2, trace.end());
  EXPECT_THAT(end, ElementsAre(testing::TracedCall{FileOperation::kRename, path_ + ".new"},
                               testing::TracedCall{FileOperation::kSyncDirectory, directory_.path()}));
  EXPECT_THAT(trace, ::testing::Contains(testing::TracedCall{FileOperation::kSync, path_ + ".new"}));
}

TEST_F(CatalogCreateFaultTest, NoHalfMadeCatalogIsEverSeen) {
  for (const FaultKind kind : {FaultKind::kFailOnce, FaultKind::kFailFrom, FaultKind::kStop}) {
    for (uint64_t call = 1;; ++call) {
      files_.set_fault({.kind = kind, .call = call});
      bool made = true;
      try {
        Catalog::create(files_, path_);
      } catch (const Error&) {
        made = false;
      } catch (const Stopped&) {
        made = false;
      }
      const bool struck = files_.struck();
      files_.heal();
      ASSERT_TRUE(!made || files_.exists(path_));
      if (!files_.exists(path_)) Catalog::create(files_, path_);
      EXPECT_THAT(Catalog::open(files_, path_, clock_).check(), IsEmpty());
      for (const std::string& name : files_.list(directory_.path())) files_.unlink(directory_ / name);
      if (!struck) break;
      ASSERT_LT(call, 1'000U);
    }
  }
}

}  // namespace
}  // namespace varve::catalog

// Every changing call of every operation fails, or is the last one that the process makes.

#include <functional>
#include <iostream>

#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

using store::Store;

struct Operation {
  std::string name;
  std::function<void(const Store&)> run;
};

// What an attempt said.
enum class Answer { kDone, kRefused, kUnknown, kStopped };

struct Counts {
  int64_t runs = 0;
  int64_t done = 0;
  int64_t refused = 0;
  int64_t unknown = 0;
  int64_t stopped = 0;

  void add(Answer answer) {
    ++runs;
    switch (answer) {
      case Answer::kDone: ++done; break;
      case Answer::kRefused: ++refused; break;
      case Answer::kUnknown: ++unknown; break;
      case Answer::kStopped: ++stopped; break;
    }
  }
};

void print(const std::string& name, const Counts& counts) {
  std::cout << name << ": " << counts.runs << " faults: " << counts.done << " acknowledged, " << counts.refused
            << " refused, " << counts.unknown << " unknown, " << counts.stopped << " stopped\n";
}

const std::vector<std::string> kKeys = {"k", "k/below", "fresh"};

// The rows of every key that there is.
using Content = std::vector<std::pair<std::string, Rows>>;

Content content(const Store& store) {
  Content all;
  for (const catalog::SeriesRow& series : store.catalog().list_series({})) {
    all.emplace_back(series.key, read(store, series.key));
  }
  return all;
}

// One row a day, whose values are unlike those of earlier calls for the same days.
Rows days_of(int64_t first, int64_t count) {
  Rows rows;
  for (int64_t day = first; day < first + count; ++day) rows.emplace_back(day * 86'400, first * 1'000 + day);
  return rows;
}

class FaultTest : public ::testing::TestWithParam<Fault> {
 protected:
  FaultTest() {
    const Store store = prepared_.open();
    append(store, "k", run_of(0, 30), keyed(10));
    append(store, "k/below", run_of(0, 3));
    append(store, "month", days_of(0, 40), laid_out("month"));
    append(store, "file", days_of(0, 40), laid_out("{name}/{yyyy}/{mm}/data.parquet"));
  }

  void renew(const std::string& name) { copy_lake(prepared_.root(), directory_ / name); }

  // The lake is open, and all goes well until the n-th call.
  static Answer attempt(LakeFolder& folder, const Operation& operation, const Fault& fault) {
    Store store = folder.open();
    folder.files().set_fault(fault);
    try {
      operation.run(store);
      return Answer::kDone;
    } catch (const OutcomeUnknown&) {
      return Answer::kUnknown;
    } catch (const Error&) {
      return Answer::kRefused;
    } catch (const Stopped&) {
      return Answer::kStopped;
    }
  }

  static void expect_whole(LakeFolder& folder, const Content& before, const Content& after, Answer answer) {
    folder.files().heal();
    {
      const Store store = folder.open();
      const Content now = content(store);
      EXPECT_TRUE(now == after || (now == before && answer != Answer::kDone));
      EXPECT_TRUE(now == before || answer != Answer::kRefused);
      EXPECT_EQ(findings(store), "");
      for (const auto& [key, rows] : now) EXPECT_EQ(folder.glob(key), rows);
      for (const std::string& key : kKeys) {
        if (store.catalog().state(key)) continue;
        EXPECT_EQ(folder.glob(key), Rows()) << key;
      }
      EXPECT_EQ(folder.object_files(), store.catalog().all_objects().size());
      EXPECT_TRUE(store.catalog().pending_publications().empty());
    }
    EXPECT_TRUE(folder.staged().empty());
  }

  void fail_everywhere(const Operation& operation) {
    renew("after");
    LakeFolder after_folder(directory_ / "after");
    const Content before = content(after_folder.open());
    {
      const Store store = after_folder.open();
      operation.run(store);
    }
    const Content after = content(after_folder.open());
    Counts counts;
    for (uint64_t call = 1;; ++call) {
      SCOPED_TRACE(operation.name + ", call " + std::to_string(call));
      renew("lake");
      LakeFolder folder(directory_ / "lake");
      Fault fault = GetParam();
      fault.call = call;
      const Answer answer = attempt(folder, operation, fault);
      if (!folder.files().struck()) break;
      counts.add(answer);
      expect_whole(folder, before, after, answer);
      if (HasFailure()) break;
    }
    print(operation.name, counts);
    EXPECT_GE(counts.runs, 8);
  }

  TempDirectory directory_ = make_quick_directory();
  LakeFolder prepared_{directory_ / "prepared"};
};

TEST_P(FaultTest, Append) {
  fail_everywhere({"append", [](const Store& store) { append(store, "k", run_of(30, 2)); }});
}

TEST_P(FaultTest, AppendToANewKey) {
  fail_everywhere({"append to a new key", [](const Store& store) { append(store, "fresh", run_of(0, 2)); }});
}

TEST_P(FaultTest, Upsert) {
  fail_everywhere({"upsert", [](const Store& store) { upsert(store, "k", {{5, 50}, {25, 250}, {99, 99}}); }});
}

TEST_P(FaultTest, UpsertBesideKeysBelow) {
  fail_everywhere({"upsert in place", [](const Store& store) { upsert(store, "k/below", {{1, 10}}); }});
}

TEST_P(FaultTest, Write) {
  fail_everywhere({"write", [](const Store& store) { write(store, "k", run_of(5, 20)); }});
}

TEST_P(FaultTest, Delete) {
  fail_everywhere({"delete", [](const Store& store) { remove(store, "k/below"); }});
}

TEST_P(FaultTest, ReplaceOfARange) {
  fail_everywhere({"replace", [](const Store& store) { replace(store, "k", 8, 23, {{9, 1}, {22, 2}}); }});
}

TEST_P(FaultTest, DeleteOfARange) {
  fail_everywhere({"delete of a range", [](const Store& store) { remove(store, "k", 5, 25); }});
}

TEST_P(FaultTest, Rename) {
  fail_everywhere({"rename", [](const Store& store) { rename(store, "k", "fresh"); }});
}

TEST_P(FaultTest, RenameOfDirectories) {
  fail_everywhere({"rename of directories", [](const Store& store) { rename(store, "month", "fresh"); }});
}

TEST_P(FaultTest, Compact) {
  fail_everywhere({"compact", [](const Store& store) { compact(store, "k", 100); }});
}

TEST_P(FaultTest, UpsertOfTwoMonths) {
  fail_everywhere({"upsert of two months", [](const Store& store) { upsert(store, "month", days_of(29, 8)); }});
}

TEST_P(FaultTest, WriteOfOtherMonths) {
  fail_everywhere({"write of other months", [](const Store& store) { write(store, "month", days_of(40, 30)); }});
}

TEST_P(FaultTest, DeleteOfMonths) {
  fail_everywhere({"delete of months", [](const Store& store) { remove(store, "month"); }});
}

TEST_P(FaultTest, UpsertByTemplate) {
  fail_everywhere({"upsert by template", [](const Store& store) { upsert(store, "file", days_of(29, 8)); }});
}

TEST_P(FaultTest, WriteByTemplate) {
  fail_everywhere({"write by template", [](const Store& store) { write(store, "file", days_of(40, 30)); }});
}

TEST_P(FaultTest, TwoKeysAtOnce) {
  fail_everywhere({"two keys", [](const Store& store) {
                     store::WriteSession session = store.begin_write({"k", "fresh"});
                     for (const char* key : {"k", "fresh"}) {
                       store::SeriesWrite write;
                       write.key = key;
                       write.change.rows = to_table(run_of(40, 2));
                       write.definition = keyed();
                       session.write(write);
                     }
                     session.commit();
                   }});
}

std::string fault_name(const ::testing::TestParamInfo<Fault>& fault) {
  switch (fault.param.kind) {
    case FaultKind::kFailOnce: return fault.param.error_number == ENOSPC ? "NoSpaceOnce" : "FailsOnce";
    case FaultKind::kFailFrom: return "FailsFromThenOn";
    case FaultKind::kShortWrite: return "WritesShort";
    case FaultKind::kStop: return "Stops";
    case FaultKind::kStopTorn: break;
  }
  return "StopsInAWrite";
}

INSTANTIATE_TEST_SUITE_P(Every, FaultTest,
                         ::testing::Values(Fault{.kind = FaultKind::kFailOnce}, Fault{.kind = FaultKind::kFailFrom},
                                           Fault{.kind = FaultKind::kFailOnce, .error_number = ENOSPC},
                                           Fault{.kind = FaultKind::kShortWrite}, Fault{.kind = FaultKind::kStop},
                                           Fault{.kind = FaultKind::kStopTorn}),
                         fault_name);

// A lake is made whole, or the next attempt makes it.
TEST(MakingALakeTest, CanBeStoppedAnywhere) {
  Counts counts;
  for (uint64_t call = 1;; call += call < 20 || call > 270 ? 1 : 13) {  // 256 directories in between are all alike
    const TempDirectory directory = make_quick_directory();
    LakeFolder folder(directory / "deep/lake");
    folder.files().set_fault({.kind = FaultKind::kStop, .call = call});
    try {
      static_cast<void>(folder.open());
    } catch (const Stopped&) {
      counts.add(Answer::kStopped);
    }
    if (!folder.files().struck()) break;
    folder.files().heal();
    const Store store = folder.open();
    append(store, "k", run_of(0, 3));
    ASSERT_EQ(findings(store), "") << "call " << call;
  }
  print("making a lake", counts);
  EXPECT_GE(counts.runs, 30);
}

// A crash, and then a crash of the one who mends.
TEST(RecoveryTest, CanBeStoppedAnywhere) {
  Counts counts;
  for (uint64_t call = 5; call < 60; call += 3) {
    for (uint64_t recovery_call = 1;; ++recovery_call) {
      const TempDirectory directory = make_quick_directory();
      LakeFolder folder(directory / "lake");
      append(folder.open(), "k", run_of(0, 30), keyed(10));
      {
        Store store = folder.open();
        folder.files().set_fault({.kind = FaultKind::kStop, .call = call});
        try {
          upsert(store, "k", {{5, 50}, {40, 40}});
        } catch (const Stopped&) {
          counts.add(Answer::kStopped);
        }
      }
      folder.files().set_fault({.kind = FaultKind::kStop, .call = recovery_call});
      try {
        static_cast<void>(folder.open());
      } catch (const Stopped&) {
        counts.add(Answer::kStopped);
      }
      const bool struck = folder.files().struck();
      folder.files().heal();
      const Store store = folder.open();
      ASSERT_EQ(findings(store), "") << "calls " << call << ", " << recovery_call;
      ASSERT_EQ(folder.glob("k"), read(store, "k"));
      ASSERT_EQ(folder.object_files(), store.catalog().all_objects().size());
      if (!struck) break;
    }
  }
  print("recovery", counts);
  EXPECT_GE(counts.runs, 100);
}

}  // namespace
}  // namespace varve::testing

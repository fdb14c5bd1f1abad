// Every changing call of every operation fails, or is the last one that the process makes: half of them by each kind of
// fault, every other one by the next kind; all by all with VARVE_EVERY_FAULT=1.

#include <functional>
#include <iostream>

#include "unit/store/whole_lakes.h"

namespace varve::testing {
namespace {

using store::Store;

struct Operation {
  std::string name;
  std::function<void(const Store&)> run;
  bool leaves_files = false;  // of nobody, until the next vacuum
};

// Long enough for nothing to be published before the lake is closed: then it is, by calls that may fail.
constexpr Duration kLater = Duration::seconds(3600);

constexpr store::RetentionPolicy kNothing{.all_for = Duration::seconds(-1), .hourly_for = {}};

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

const std::vector<std::string> kKeys = {"k", "k/below", "month", "fresh", "other_month"};

class FaultTest : public ::testing::TestWithParam<Fault> {
 protected:
  FaultTest() {
    const Store store = prepared_.open();
    append(store, "k", run_of(0, 30), keyed(10));
    append(store, "k/below", run_of(0, 3));
    append(store, "month", days_of(0, 40), laid_out("month"));
    append(store, "file", days_of(0, 40), laid_out("{name}/{yyyy}/{mm}/data.parquet"));
    const Table rows = to_table(run_of(0, 30));
    store::WriteSession session = store.begin_write({"wide"});
    session.write({.key = "wide",
                   .change = {.rows = rows.with_column({"note", DataType::int64()}, rows.column("value"))},
                   .definition = keyed(10)});
    session.commit();
    std::filesystem::copy(prepared_.root() + "/k", prepared_.root() + "/foreign");
  }

  // Not for all, because it takes time to copy.
  void prepare_a_big_file() {
    inline_bytes_max_ = kFewBytes;
    write(prepared_.open(), "big", many(1), keyed(100'000));
  }

  // The lake is open, and all goes well until the n-th call.
  Answer attempt(LakeFolder& folder, const Operation& operation, const Fault& fault) const {
    folder.set_publish_delay(publish_delay_);
    folder.set_inline_bytes_max(inline_bytes_max_);
    Store store = folder.open();
    folder.set_publish_delay({});
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

  // Of those faults that tell most.
  void fail_later_too(const Operation& operation) {
    fail_everywhere(operation);
    if (GetParam().kind != FaultKind::kStop && GetParam().kind != FaultKind::kFailFrom) return;
    publish_delay_ = kLater;
    fail_everywhere(operation);
  }

  struct Contents {
    Content before;
    Content after;
  };

  static void expect_whole(LakeFolder& folder, const Operation& operation, const Contents& contents, Answer answer) {
    const auto& [before, after] = contents;
    folder.files().heal();
    EXPECT_EQ(look_from_outside(folder, std::vector{before, after}), "");
    {
      const Store store = folder.open();
      const Content now = content(store);
      EXPECT_TRUE(now == after || (now == before && answer != Answer::kDone));
      EXPECT_TRUE(now == before || answer != Answer::kRefused);
      EXPECT_EQ(findings(store), "");
      for (const auto& [key, rows] : now) EXPECT_EQ(folder.glob(key), rows);
      const bool is_adopted = std::filesystem::exists(folder.path(".varve/originals"));
      if (is_adopted || std::filesystem::exists(folder.path("loose_month"))) {
        EXPECT_EQ(folder.glob("loose_month"), run_of(0, 30));
      }
      for (const std::string& key : kKeys) {
        if (store.catalog().state(key)) continue;
        EXPECT_EQ(folder.glob(key), Rows()) << key;
      }
      if (operation.leaves_files) store.vacuum({}, kNothing);
      EXPECT_EQ(folder.object_files(), store.catalog().all_objects().size());
      EXPECT_TRUE(store.catalog().pending_publications().empty());
    }
    EXPECT_TRUE(folder.staged().empty());
  }

  // The kinds that fail and those that stop share the calls, each among themselves; one that fails later too takes the
  // others there.
  [[nodiscard]] uint64_t first_call() const {
    const bool even = GetParam().kind == FaultKind::kFailFrom || GetParam().kind == FaultKind::kStopTorn;
    return even == (publish_delay_ == kLater) ? 1 : 2;
  }

  void fail_everywhere(const Operation& operation) {
    copy_lake(prepared_.root(), directory_ / "after");
    LakeFolder after_folder(directory_ / "after");
    Contents contents{.before = content(after_folder.open())};
    {
      const Store store = after_folder.open();
      operation.run(store);
    }
    contents.after = content(after_folder.open());
    Counts counts;
    const bool all = std::getenv("VARVE_EVERY_FAULT") != nullptr;
    for (uint64_t call = all ? 1 : first_call();; call += all ? 1 : 2) {
      SCOPED_TRACE(operation.name + ", call " + std::to_string(call));
      copy_lake(prepared_.root(), directory_ / "lake");
      LakeFolder folder(directory_ / "lake");
      Fault fault = GetParam();
      fault.call = call;
      const Answer answer = attempt(folder, operation, fault);
      if (!folder.files().struck()) break;
      counts.add(answer);
      expect_whole(folder, operation, contents, answer);
      if (HasFailure()) break;
    }
    print(operation.name + (publish_delay_ == kLater ? ", published later" : ""), counts);
    EXPECT_GE(counts.runs, 8);
  }

  Duration publish_delay_{0};
  size_t inline_bytes_max_ = store::StoreOptions().inline_bytes_max;
  TempDirectory directory_ = make_quick_directory();
  LakeFolder prepared_{directory_ / "prepared"};
};

TEST_P(FaultTest, Append) {
  fail_later_too({"append", [](const Store& store) { append(store, "k", run_of(30, 2)); }});
}

TEST_P(FaultTest, AppendToANewKey) {
  fail_later_too({"append to a new key", [](const Store& store) { append(store, "fresh", run_of(0, 2)); }});
}

TEST_P(FaultTest, Upsert) {
  fail_later_too({"upsert", [](const Store& store) { upsert(store, "k", {{5, 50}, {25, 250}, {99, 99}}); }});
}

TEST_P(FaultTest, UpsertBesideKeysBelow) {
  fail_later_too({"upsert in place", [](const Store& store) { upsert(store, "k/below", {{1, 10}}); }});
}

TEST_P(FaultTest, Write) {
  fail_later_too({"write", [](const Store& store) { write(store, "k", run_of(5, 20)); }});
}

TEST_P(FaultTest, WriteOfABigFile) {
  prepare_a_big_file();
  fail_everywhere({"write of a big file", [](const Store& store) { write(store, "big", many(3)); }});
}

TEST_P(FaultTest, UpsertIntoABigFile) {
  prepare_a_big_file();
  fail_everywhere({"upsert into a big file", [](const Store& store) { upsert(store, "big", {{7, 7}, {19'999, 1}}); }});
}

TEST_P(FaultTest, Vacuum) {
  write(prepared_.open(), "k", run_of(7, 30));
  fail_everywhere({"vacuum", [](const Store& store) { store.vacuum({}, kNothing); }, true});
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
  fail_everywhere({"rename of directories", [](const Store& store) { rename(store, "month", "other_month"); }});
}

TEST_P(FaultTest, DropOfAColumn) {
  fail_everywhere({"drop of a column", [](const Store& store) {
                     store::WriteSession session = store.begin_write({"wide"});
                     session.change_columns("wide", {.dropped = {"note"}});
                     session.commit();
                   }});
}

TEST_P(FaultTest, Adopt) {
  fail_everywhere({"adopt", [](const Store& store) { adopt(store, "foreign"); }});
}

// The files make way one by one, so that rows may be missing for a moment; none is ever seen twice.
TEST_P(FaultTest, AdoptAndRewrite) {
  std::filesystem::copy(prepared_.root() + "/k", prepared_.root() + "/loose_month");
  fail_later_too({"adopt and rewrite", [](const Store& store) { adopt_and_rewrite(store, "loose_month"); }});
}

TEST_P(FaultTest, Compact) {
  fail_everywhere({"compact", [](const Store& store) { compact(store, "k", 100); }});
}

TEST_P(FaultTest, UpsertOfTwoMonths) {
  fail_later_too({"upsert of two months", [](const Store& store) { upsert(store, "month", days_of(29, 8)); }});
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
  fail_later_too({"two keys", [](const Store& store) {
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

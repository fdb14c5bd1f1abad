// After every changing call of several histories the power is cut, in theory: of what a file system may keep then, some
// states are made, opened and looked at. And a lake that leaves one sort of sync out is found out. VARVE_EVERY_CALL=1
// for every call instead of every other one, VARVE_EVERY_STATE=1 for more states a call besides.

#include <functional>
#include <iostream>
#include <random>

#include "support/crash_disk.h"
#include "unit/store/whole_lakes.h"

namespace varve::testing {
namespace {

using base::FileOperation;
using store::Store;

// A lake as it is used by a history.
struct OpenLake {
  LakeFolder& folder;
  std::unique_ptr<Store> store;

  void reopen() {
    store.reset();
    store = std::make_unique<Store>(folder.open());
  }
};

using Steps = std::vector<std::function<void(OpenLake&)>>;

struct History {
  std::string name;
  Steps steps;  // each is acknowledged when it returns
  Duration publish_delay{0};
  bool from_nothing = false;  // the first step makes the lake
  bool plain = false;         // on a file system without links and exchanges
  bool has_big = false;       // there is a big file, which takes time to look at
  bool together = false;      // many series are brought to the disk together: whatever order the disk likes
  bool has_loose = false;     // files of somebody else lie in `loose_month` and, by month, in `loose_by_month`
  bool unsynced = false;      // somebody else writes files, and does not wait until they are on the disk
};

Steps::value_type appends(const char* key, int64_t first, int64_t count) {
  return [=](OpenLake& lake) { append(*lake.store, key, run_of(first, count), keyed(10)); };
}
Steps::value_type upserts(const char* key, const Rows& rows) {
  return [=](OpenLake& lake) { upsert(*lake.store, key, rows); };
}
Steps::value_type writes(const char* key, const Rows& rows) {
  return [=](OpenLake& lake) { write(*lake.store, key, rows); };
}
Steps::value_type removes(const char* key) {
  return [=](OpenLake& lake) { remove(*lake.store, key); };
}
void reopens(OpenLake& lake) { lake.reopen(); }
void vacuums(OpenLake& lake) { lake.store->vacuum({}, {.all_for = Duration::seconds(-1), .hourly_for = {}}); }
void writes_two(OpenLake& lake) {
  store::WriteSession session = lake.store->begin_write({"k", "fresh"});
  for (const char* key : {"k", "fresh"}) {
    store::SeriesWrite write;
    write.key = key;
    write.change.rows = to_table(run_of(40, 2));
    write.definition = keyed();
    session.write(write);
  }
  session.commit();
}

// Somebody else puts files there.
void puts_foreign(OpenLake& lake) {
  base::FileSystem& files = lake.folder.files();
  files.make_directory(lake.folder.path("foreign"));
  for (const std::string& name : lake.folder.visible_files("k")) {
    const std::vector<std::byte> bytes = base::read_file(files, lake.folder.path("k/" + name));
    const auto file = files.open(lake.folder.path("foreign/" + name), base::OpenMode::kWriteNew);
    file->append(bytes);
    file->close();
  }
}
// So that the directory stays when the series has no file in it any more.
void puts_note(OpenLake& lake) {
  base::FileSystem& files = lake.folder.files();
  const std::string folder = lake.folder.path("file/1970/01");
  files.open(folder + "/note.txt", base::OpenMode::kWriteNew)->sync();
  files.sync_directory(folder);
}
void adopts(OpenLake& lake) { adopt(*lake.store, "foreign"); }
void rewrites(OpenLake& lake) { adopt_and_rewrite(*lake.store, "loose_month"); }
void rewrites_months(OpenLake& lake) { adopt_and_rewrite(*lake.store, "loose_by_month", "month"); }

Steps::value_type upserts_twenty(int64_t value) {
  return [=](OpenLake& lake) {
    std::vector<std::string> keys;
    for (char name = 'a'; name < 'a' + 20; ++name) keys.push_back(std::string("many/") + name);
    store::WriteSession session = lake.store->begin_write(keys);
    for (const std::string& key : keys) {
      store::SeriesWrite write;
      write.key = key;
      write.change.rows = to_table({{value % 3, value}, {7, value}});
      write.change.mode = store::WriteMode::kUpsert;
      write.definition = keyed();
      session.write(write);
    }
    session.commit();
  };
}

// A commit after another one matters: it brings to the disk what the catalog wrote without a sync.
const std::vector<History> kHistories = {
    {"small commits",
     {appends("k", 30, 2), upserts("k", {{5, 50}, {25, 250}}), upserts("k/below", {{1, 10}}), appends("fresh", 0, 25),
      writes_two}},
    {"small commits, published at close",
     {appends("k", 30, 2), upserts("k", {{5, 50}}), appends("fresh", 0, 3), reopens, appends("k", 50, 1)},
     Duration::seconds(3600)},
    {"big files",
     {writes("big", many(2)), upserts("big", {{7, 7}}), appends("k", 30, 1), appends("k", 31, 2)},
     {},
     false,
     false,
     true},
    {"series that come and go",
     {removes("k"), appends("k", 0, 3), removes("k/below"), appends("other/deep/key", 0, 1), appends("k", 3, 1)}},
    {"months", {upserts("month", days_of(29, 8)), writes("month", days_of(40, 30)), removes("month"), reopens}},
    {"ranges",
     {[](OpenLake& lake) {
        replace(*lake.store, "k", 8, 23, {{9, 1}, {22, 2}});
      },
      [](OpenLake& lake) { remove(*lake.store, "k", 2, 4); }, [](OpenLake& lake) { compact(*lake.store, "k", 100); },
      appends("fresh", 0, 1)}},
    {"renaming",
     {[](OpenLake& lake) { rename(*lake.store, "k", "fresh"); }, appends("fresh", 40, 2), appends("k", 0, 3),
      [](OpenLake& lake) { rename(*lake.store, "month", "other_month"); }, appends("k", 3, 1)}},
    {"files by a template",
     {upserts("file", days_of(29, 8)), writes("file", days_of(40, 30)), removes("file"), appends("k", 30, 1)}},
    {"files by a template beside one of somebody else's",
     {puts_note, writes("file", days_of(40, 30)), appends("k", 30, 1), upserts("file", days_of(0, 2)),
      appends("k", 31, 1)}},
    {"a plain file system",
     {appends("k", 30, 2), upserts("k", {{5, 50}}), upserts("k/below", {{1, 10}}), removes("k"),
      appends("fresh", 0, 3)},
     {},
     false,
     true},
    {"many series",
     {upserts_twenty(1), reopens, appends("k", 30, 1), upserts_twenty(2), reopens, appends("k", 31, 1)},
     Duration::seconds(3600),
     false,
     false,
     false,
     true},
    {"vacuum",
     {writes("big", many(2)), vacuums, appends("k", 60, 1), writes("big", many(3)), reopens, vacuums,
      appends("k", 61, 1)},
     {},
     false,
     false,
     true},
    {"a new lake", {reopens, appends("k", 0, 3), reopens, appends("k", 3, 1)}, {}, true},
    {.name = "adoption",
     .steps = {puts_foreign, adopts, appends("foreign", 30, 2), upserts("foreign", {{5, 50}}), appends("k", 30, 1)},
     .unsynced = true},
    {.name = "adoption on a plain file system",
     .steps = {puts_foreign, adopts, appends("foreign", 30, 2), appends("k", 30, 1)},
     .plain = true,
     .unsynced = true},
    {.name = "adoption that rewrites",
     .steps = {rewrites, appends("loose_month", 30, 2), upserts("k", {{5, 50}}), appends("k", 30, 1)},
     .has_loose = true},
    // The files leave other directories than the one that is made.
    {.name = "adoption of months that rewrites",
     .steps = {rewrites_months, appends("loose_by_month", 100 * 86'400, 2), appends("k", 30, 1)},
     .has_loose = true},
};

class CrashStateTest : public ::testing::Test {
 protected:
  CrashStateTest() {
    LakeFolder folder(prepared_);
    const Store store = folder.open();
    append(store, "k", run_of(0, 30), keyed(10));
    append(store, "k/below", run_of(0, 3));
    append(store, "month", days_of(0, 40), laid_out("month"));
    append(store, "file", days_of(0, 40), laid_out("{name}/{yyyy}/{mm}/data.parquet"));
  }

  // Once, before its first step.
  void prepare(const History& history) const {
    if (history.has_big) write(LakeFolder(prepared_).open(), "big", many(1), keyed(100'000));
    if (!history.has_loose) return;
    std::filesystem::copy(prepared_ + "/k", prepared_ + "/loose_month");
    std::filesystem::copy(prepared_ + "/month", prepared_ + "/loose_by_month",
                          std::filesystem::copy_options::recursive);
  }

  void renew(const std::string& disk, const History& history) const {
    std::filesystem::create_directories(disk);
    if (history.from_nothing) {
      std::filesystem::remove_all(disk + "/lake");
    } else {
      copy_lake(prepared_, disk + "/lake");
    }
  }

  // What the lake holds before and after each step.
  std::vector<Content> contents_of(const History& history) {
    const std::string disk = directory_ / "rehearsal";
    renew(disk, history);
    LakeFolder folder(disk + "/lake");
    std::vector<Content> contents;
    OpenLake lake{folder, nullptr};
    if (!history.from_nothing) lake.reopen();
    contents.push_back(lake.store ? content(*lake.store) : Content());
    for (const auto& step : history.steps) {
      step(lake);
      contents.push_back(content(*lake.store));
    }
    return contents;
  }

  // Runs the history until just before its n-th changing call. Returns how many steps were acknowledged, and whether
  // the call came.
  static std::pair<size_t, bool> run(const History& history, uint64_t call, LakeFolder& folder) {
    folder.set_publish_delay(history.publish_delay);
    if (history.has_big) folder.set_inline_bytes_max(kFewBytes);
    OpenLake lake{folder, nullptr};
    if (!history.from_nothing) lake.reopen();
    folder.files().set_fault({.kind = FaultKind::kStop, .call = call});
    size_t done = 0;
    try {
      for (const auto& step : history.steps) {
        step(lake);
        ++done;
      }
    } catch (const Stopped&) {
      return {done, true};
    }
    return {done, folder.files().struck()};
  }

  // What a state was made of.
  struct Left {
    std::vector<Content> contents;  // that there were; the last may be there, or else the one before it
    Kept kept = Kept::kNothing;
    bool complete = false;  // no commit was cut off, which may leave files of nobody
  };

  // What is wrong with a state.
  static std::string look_at(const std::string& root, const Left& left, const History& history) {
    const std::vector<Content>& contents = left.contents;
    LakeFolder folder(root);
    const bool any_order = history.together && left.kept == Kept::kAny;
    const std::string wrong = any_order || history.unsynced ? "" : look_from_outside(folder, contents, history.plain);
    if (!wrong.empty()) return "before it is opened " + wrong;
    try {
      const Store store = folder.open();
      if (store.read_only()) return "cannot be written";
      const Content now = content(store);
      if (now != contents[contents.size() - 2] && now != contents.back()) return "other rows";
      if (const std::string found = findings(store); !found.empty()) return found;
      for (const auto& [key, rows] : now) {
        if (folder.glob(key) != rows) return "the directory of " + key;
      }
      if (history.has_loose && (folder.glob("loose_month").size() < 30 || folder.glob("loose_by_month").size() < 40)) {
        return "files of somebody else's are gone";
      }
      if (left.complete && folder.object_files() > store.catalog().all_objects().size()) return "files of nobody";
      append(store, "after/all", run_of(0, 1));
      return findings(store);
    } catch (const Error& error) {
      return error.what();
    }
  }

  // Somebody else opens the lake of a process that was killed, and writes; then the power is cut.
  std::string look_after_another(LakeFolder& folder, CrashDisk& disk, std::vector<Content> contents,
                                 const History& history) {
    folder.files().heal();
    folder.set_publish_delay({});
    {
      const Store store = folder.open();
      append(store, "another", run_of(0, 1));
      contents.push_back(content(store));
      disk.leave(directory_ / "left", Kept::kNothing, random_);
    }
    contents.push_back(contents.back());
    return look_at(directory_ / "left/lake", {.contents = std::move(contents)}, history);
  }

  static bool every_state() { return std::getenv("VARVE_EVERY_STATE") != nullptr; }

  // To make a lake takes many calls that are much alike. What a missing sync breaks may show after one call alone.
  static constexpr uint64_t kCallsOfMaking[] = {20, 260};
  static bool begins_to_make(uint64_t call, const History& history) {
    return history.from_nothing && call <= kCallsOfMaking[0];
  }
  static uint64_t step_after(uint64_t call, const History& history, bool complete) {
    if (every_state() || begins_to_make(call, history)) return 1;
    if (history.from_nothing && call < kCallsOfMaking[1]) return 16;
    return complete ? 1 : 2;
  }

  // All, and some of them twice; or the least and another one, both or in turn. On a plain file system, where one name
  // goes and another comes, those in which one of the two was lost.
  static std::vector<Kept> sorts_at(uint64_t turn, bool both, bool plain) {
    constexpr Kept kMore[] = {Kept::kNames, Kept::kBytes, Kept::kPrefix, Kept::kAny};
    if (every_state()) {
      return {Kept::kNothing, Kept::kNames, Kept::kBytes, Kept::kPrefix, Kept::kPrefix, Kept::kAny, Kept::kAny};
    }
    if (plain) return {Kept::kNothing, Kept::kAny, Kept::kAny, Kept::kAny, kMore[turn / 2 % std::size(kMore)]};
    const Kept more = kMore[turn / 2 % std::size(kMore)];
    if (both) return {Kept::kNothing, more};
    return {turn % 2 == 0 ? Kept::kNothing : more};
  }

  // The first state that is wrong, if there is one.
  std::string find_wrong(const History& history, const CrashDisk::Sync& forgotten = {}) {
    prepare(history);
    const std::vector<Content> contents = contents_of(history);
    uint64_t call = 1;
    const bool complete = forgotten != nullptr || std::getenv("VARVE_EVERY_CALL") != nullptr;
    uint64_t turn = 0;
    for (bool struck = true; struck; call += step_after(call, history, complete)) {
      renew(disk_, history);
      CrashDisk disk(*system_, disk_);
      disk.forget(forgotten);
      if (history.plain) disk.be_plain();
      LakeFolder folder(disk_ + "/lake", &disk);
      size_t done = 0;
      std::tie(done, struck) = run(history, call, folder);
      std::vector<Content> possible(contents.begin(), contents.begin() + static_cast<ptrdiff_t>(done) + 1);
      possible.push_back(contents[std::min(done + 1, contents.size() - 1)]);
      const std::string where =
          history.name + ", call " + std::to_string(call) + ", " + std::to_string(done) + " steps done, ";
      for (const Kept kept : sorts_at(turn++, complete || !struck, history.plain)) {
        ++states_;
        disk.leave(directory_ / "left", kept, random_);
        const std::string wrong = look_at(directory_ / "left/lake", {possible, kept, !struck}, history);
        if (!wrong.empty()) return where + "kept " + std::to_string(static_cast<int>(kept)) + ": " + wrong;
      }
      if (call % 3 != 0 && struck && !begins_to_make(call, history)) continue;
      ++states_;
      const std::string wrong = look_after_another(folder, disk, possible, history);
      if (!wrong.empty()) return where + "and another process: " + wrong;
    }
    return {};
  }

  std::unique_ptr<base::FileSystem> system_ = base::make_system_file_system();
  TempDirectory directory_ = make_quick_directory();
  std::string prepared_ = directory_ / "prepared";
  std::string disk_ = directory_ / "disk";
  std::mt19937_64 random_{20240101};
  int64_t states_ = 0;
};

class EveryHistoryTest : public CrashStateTest, public ::testing::WithParamInterface<History> {};

TEST_P(EveryHistoryTest, LosesNothingThatWasAcknowledged) {
  EXPECT_EQ(find_wrong(GetParam()), "");
  std::cout << GetParam().name << ": " << states_ << " states\n";
  EXPECT_GE(states_, 100);
}

std::string identifier(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char letter) { return !std::isalnum(letter); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Is, EveryHistoryTest, ::testing::ValuesIn(kHistories),
                         [](const auto& history) { return identifier(history.param.name); });

// A sort of sync, and a history that cannot do without it.
struct LeftOut {
  std::string name;
  std::string history;
  bool (*is)(FileOperation, const std::string& path);
};

bool in_engine(const std::string& path) { return path.find("/.varve") != std::string::npos; }
bool is_staged(const std::string& path) { return path.find("/staging/") != std::string::npos; }

const std::vector<LeftOut> kLeftOut = {
    {"big files", "big files",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSync && is_staged(path);
     }},
    {"files of small commits", "small commits",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSync && is_staged(path);
     }},
    {"directories of objects", "big files",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSyncDirectory && path.find("/objects/") != std::string::npos;
     }},
    {"directories of objects of small commits", "small commits",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSyncDirectory && path.find("/objects/") != std::string::npos;
     }},
    {"the directory of all objects", "a new lake",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSyncDirectory && path.ends_with("/objects");
     }},
    {"directories on their way", "small commits",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSyncDirectory && is_staged(path);
     }},
    {"visible directories", "small commits",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSyncDirectory && !in_engine(path);
     }},
    {"visible directories of months", "months",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSyncDirectory && !in_engine(path);
     }},
    {"many series together", "many series",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSyncAll && !is_staged(path);
     }},
    {"files of many series", "many series",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSyncAll && is_staged(path);
     }},
    {"copies", "a plain file system",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSync && path.find("/series-") != std::string::npos;
     }},
    {"the catalog's log", "small commits",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSync && path.ends_with("-wal");
     }},
    {"the catalog", "small commits, published at close",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSync && path.ends_with("catalog.sqlite");
     }},
    {"the catalog's name", "a new lake",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSyncDirectory && path.ends_with("/.varve");
     }},
    {"a new catalog", "a new lake",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSync && path.ends_with("catalog.sqlite.new");
     }},
    {"the intent", "adoption that rewrites",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSync && is_staged(path) && base::file_name(path).size() == 32;
     }},
    {"the directory of the intent", "adoption that rewrites",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSyncDirectory && is_staged(path);
     }},
    {"the directory of all staging directories", "adoption that rewrites",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSyncDirectory && path.ends_with("/staging");
     }},
    {"adopted files", "adoption",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSync && path.find("/foreign/") != std::string::npos;
     }},
    {"adopted files that are copied", "adoption on a plain file system",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSync && path.find("/foreign/") != std::string::npos;
     }},
    {"copies of adopted files", "adoption on a plain file system",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSync && is_staged(path) && base::file_name(path).size() > 33;
     }},
    {"the root", "a new lake",
     [](FileOperation operation, const std::string& path) {
       return operation == FileOperation::kSyncDirectory && path.ends_with("/lake");
     }},
};

class LeftOutTest : public CrashStateTest, public ::testing::WithParamInterface<LeftOut> {};

TEST_P(LeftOutTest, IsFoundOut) {
  const auto history = std::find_if(kHistories.begin(), kHistories.end(),
                                    [](const History& one) { return one.name == GetParam().history; });
  ASSERT_NE(history, kHistories.end());
  EXPECT_NE(find_wrong(*history, GetParam().is), "");
}

INSTANTIATE_TEST_SUITE_P(Sync, LeftOutTest, ::testing::ValuesIn(kLeftOut),
                         [](const auto& sync) { return identifier(sync.param.name); });

}  // namespace
}  // namespace varve::testing

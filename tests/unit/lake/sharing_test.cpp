// Lakes of several users, and lakes that can only be read.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>

#include <gmock/gmock.h>
#include <grp.h>

#include "varve/base/error.h"
#include "varve/lake/lake.h"

#include "support/still_process.h"
#include "unit/store/store_fixture.h"

namespace varve {
namespace {

using testing::Rows;
using testing::run_of;
using testing::to_rows;
using testing::to_table;

struct User {
  uid_t id = 0;
  mode_t mask = 022;
};
constexpr gid_t kGroup = 64'000;
constexpr User kAnna{.id = 64'001, .mask = 022};
constexpr User kBert{.id = 64'002, .mask = 077};

void check(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

// What `work` does in a process of its own; true if nothing was thrown there.
bool done_in_child(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 0;
    try {
      work();
    } catch (const std::exception& error) {
      static_cast<void>(std::fprintf(stderr, "in the child: %s\n", error.what()));
      status = 1;
    }
    ::_exit(status);
  }
  int status = -1;
  return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool done_as(const User& user, const std::function<void()>& work) {
  return done_in_child([&] {
    check(::setgroups(0, nullptr) == 0 && ::setgid(kGroup) == 0 && ::setuid(user.id) == 0, "cannot become a user");
    ::umask(user.mask);
    work();
  });
}

// From now on no rights can be changed in this process, as on a file system that has none.
void refuse_rights(int error) {
  const std::array filter = {
      sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
#ifdef SYS_chmod
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_chmod, 2, 0),
#else
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fchmodat, 2, 0),
#endif
      sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fchmod, 1, 0),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<uint32_t>(error)),
  };
  const sock_fprog program{.len = filter.size(), .filter = const_cast<sock_filter*>(filter.data())};
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0,
        "cannot refuse calls");
}

// Too many to go into the catalog.
Rows many(int64_t first) {
  testing::Rows rows = run_of(first, 20'000);
  uint64_t value = 1;
  for (testing::Row& row : rows) row.second = static_cast<int64_t>(value = value * 6'364'136'223'846'793'005 + 1);
  return rows;
}

class SharingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::getuid() != 0) GTEST_SKIP() << "to be several users takes the rights of root";
    ::chmod(directory_.path().c_str(), 0755);
  }
  void make_root(mode_t mode) {
    std::filesystem::create_directory(root_);
    ASSERT_EQ(::chown(root_.c_str(), kAnna.id, kGroup), 0);
    ASSERT_EQ(::chmod(root_.c_str(), mode), 0);
  }
  static SeriesWriteOptions keyed() {
    SeriesWriteOptions options;
    options.series.identity = std::vector<std::string>{"timestamp"};
    return options;
  }

  testing::TempDirectory directory_;
  std::string root_ = directory_ / "lake";
};

TEST_F(SharingTest, TwoUsersOfAGroupWriteAndReadOneLake) {
  for (const mode_t mode : {mode_t{02775}, mode_t{0770}}) {
    std::filesystem::remove_all(root_);
    make_root(mode);
    EXPECT_TRUE(done_as(kAnna, [&] {
      Lake lake = Lake::open(root_);
      lake.upsert("a", to_table(many(0)), keyed());
      lake.upsert("both", to_table(run_of(0, 10)), keyed());
    }));
    EXPECT_TRUE(done_as(kBert, [&] {
      Lake lake = Lake::open(root_);
      check(!lake.read_only(), "cannot write");
      lake.upsert("b/c", to_table(many(0)), keyed());
      lake.upsert("a", to_table(many(10'000)));
      lake.upsert("both", to_table(run_of(10, 10)));
      lake.close();
      Lake again = Lake::open(root_);
      check(to_rows(again.read("both")) == run_of(0, 20), "other rows");
    }));
    EXPECT_TRUE(done_as(kAnna, [&] {
      Lake lake = Lake::open(root_);
      lake.upsert("b/c", to_table(many(5)));
      lake.remove("both");
      lake.rename("a", "d");
      check(lake.read("d").num_rows() == 30'000, "other rows");
      check(lake.verify().clean(), "not whole");
      lake.vacuum({}, {.all_for = {}, .hourly_for = {}});
    }));
    EXPECT_TRUE(Lake::open(root_).verify().clean());
  }
}

TEST_F(SharingTest, WhatIsMadeHasTheRightsOfTheDirectory) {
  make_root(02770);
  EXPECT_TRUE(done_as(kBert, [&] { Lake::open(root_).upsert("a/b", to_table(many(0)), keyed()); }));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
    struct ::stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_gid, kGroup) << entry.path();
    EXPECT_EQ(status.st_mode & 07777, entry.is_directory() ? 02770U : 0660U) << entry.path();
  }
}

TEST_F(SharingTest, WhereNoRightsCanBeChangedTheyAreWhatTheyAre) {
  for (const int error : {EPERM, ENOSYS, EOPNOTSUPP}) {
    std::filesystem::remove_all(root_);
    make_root(0770);
    EXPECT_TRUE(done_as(kAnna, [&] {
      refuse_rights(error);
      check(::chmod(root_.c_str(), 0777) != 0 && errno == error, "rights can be changed");
      Lake lake = Lake::open(root_);
      lake.upsert("a/b", to_table(many(0)), keyed());
      check(lake.verify().clean(), "not whole");
    })) << error;
  }
}

TEST_F(SharingTest, OneWhoIsNotOfTheGroupLeavesItWhatHeMakes) {
  make_root(0755);
  ASSERT_EQ(::chown(root_.c_str(), kAnna.id, kGroup + 1), 0);
  ASSERT_EQ(::chmod(root_.c_str(), 02775), 0);
  EXPECT_TRUE(
      done_as({.id = kAnna.id, .mask = 002}, [&] { Lake::open(root_).upsert("a/b", to_table(many(0)), keyed()); }));
  for (const char* made : {"/.varve", "/.varve/objects", "/a", "/a/b"}) {
    struct ::stat status {};
    ASSERT_EQ(::stat((root_ + made).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 02775U) << made;
    EXPECT_EQ(status.st_gid, kGroup + 1) << made;
  }
}

TEST_F(SharingTest, WithoutRightsOfTheGroupTheMaskDecides) {
  make_root(0755);
  EXPECT_TRUE(done_as(kAnna, [&] { Lake::open(root_).upsert("k", to_table(many(0)), keyed()); }));
  struct ::stat status {};
  ASSERT_EQ(::stat((root_ + "/.varve/catalog.sqlite").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0644U);
  EXPECT_TRUE(done_as(kBert, [&] {
    Lake lake = Lake::open(root_);
    check(lake.read_only(), "can write");
    check(lake.read("k").num_rows() == 20'000, "other rows");
  }));
}

// ---- lakes that can only be read ----

std::string name_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return std::string(to_string(error.kind())) + ": " + error.what();
  }
  return "nothing thrown";
}

// Throws, naming them, if a call that reads fails or one that writes does not say ReadOnly.
void check_reads_only(const std::string& root, bool said) {
  Lake lake = Lake::open(root, {.read_only = said});
  check(lake.read_only(), "can write");
  const Table rows = to_table(run_of(50, 1));
  const std::vector<std::function<void()>> readers = {
      [&] { check(lake.read("k").num_rows() == 10, "rows"); },
      [&] { check(lake.head("k", 3).num_rows() == 3, "head"); },
      [&] { check(lake.tail("k", 3).num_rows() == 3, "tail"); },
      [&] { check(lake.exists("k") && lake.list_keys().size() == 2, "keys"); },
      [&] { check(lake.time_range("k").has_value() && lake.info_all().size() == 2, "info"); },
      [&] { check(lake.info("k").rows == 10 && lake.files("k").size() == 1, "files"); },
      [&] { check(lake.versions("k").size() == 2 && lake.schema_history("k").size() == 1, "versions"); },
      [&] { check(lake.snapshots().size() == 1 && lake.snapshot("then").size() == 2, "snapshots"); },
      [&] { check(lake.metadata("k") == "{}" && lake.coverage("k").received.empty(), "metadata"); },
      [&] { check(lake.missing("k").empty() && lake.registry().data_files().size() == 2, "registry"); },
      [&] { check(lake.verify().clean(), "verify"); }};
  for (const auto& read : readers) read();
  const std::vector<std::function<void()>> writers = {
      [&] { lake.write("k", rows); },
      [&] { lake.append("k", rows); },
      [&] { lake.upsert("k", rows); },
      [&] { lake.replace("k", rows, {}); },
      [&] { lake.remove("k"); },
      [&] { lake.remove_range("k", {}); },
      [&] { lake.rename("k", "l"); },
      [&] { lake.transaction().append("k", rows).commit(); },
      [&] { lake.drop_columns("k", {"value"}); },
      [&] {
        lake.rename_columns("k", {{"value", "v"}});
      },
      [&] { lake.adopt("new"); },
      [&] { lake.restore("k", 1); },
      [&] { lake.make_snapshot("now"); },
      [&] { lake.remove_snapshot("then"); },
      [&] { lake.compact("k"); },
      [&] { lake.vacuum(); },
      [&] { lake.set_metadata("k", R"({"a":1})"); },
      [&] { lake.remove_metadata("k"); },
      [&] {
        lake.record_coverage("k", {.received = {{Timestamp{0}, Timestamp{1}}}});
      },
      [&] { lake.registry().add_fetch_run({.instrument = "EUR", .granularity = "1m", .status = "success"}); }};
  for (size_t at = 0; at < writers.size(); ++at) {
    const std::string thrown = name_of(writers[at]);
    check(thrown.starts_with("ReadOnly"), "writer " + std::to_string(at) + ": " + thrown);
  }
  lake.close();
}

class ReadOnlyLakeTest : public SharingTest {
 protected:
  void SetUp() override {
    SharingTest::SetUp();
    if (IsSkipped()) return;
    make_root(0755);
    Lake lake = Lake::open(root_);
    lake.upsert("k", to_table(run_of(0, 5)), keyed());
    lake.upsert("k", to_table(run_of(0, 10)));
    lake.upsert("large", to_table(many(0)), keyed());
    lake.make_snapshot("then");
  }
};

TEST_F(ReadOnlyLakeTest, OneThatIsOpenedSo) {
  EXPECT_TRUE(done_in_child([&] { check_reads_only(root_, true); }));
}

TEST_F(ReadOnlyLakeTest, OneThatTheUserMayNotWriteTo) {
  EXPECT_TRUE(done_as(kBert, [&] { check_reads_only(root_, false); }));
}

TEST_F(ReadOnlyLakeTest, OneThatSomebodyElseHasOpen) {
  std::optional<Lake> lake;
  const testing::StillProcess owner([&] { check(lake.emplace(Lake::open(root_)).read("k").num_rows() == 10, "rows"); });
  EXPECT_TRUE(done_as(kBert, [&] { check_reads_only(root_, false); }));
}

TEST_F(ReadOnlyLakeTest, OneOnADiskThatIsMountedSo) {
  const auto separate = [] {
    check(::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "refused");
  };
  if (!done_in_child(separate)) GTEST_SKIP() << "needs the right to mount";
  EXPECT_TRUE(done_in_child([&] {
    const char* const root = root_.c_str();
    separate();
    check(::mount(root, root, nullptr, MS_BIND, nullptr) == 0, "cannot mount");
    check(::mount(nullptr, root, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0, "cannot mount read-only");
    check_reads_only(root_, false);
  }));
}

}  // namespace
}  // namespace varve

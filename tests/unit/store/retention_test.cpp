#include "varve/store/upkeep/retention.h"

#include "support/errors.h"
#include "unit/store/store_fixture.h"

namespace varve::store {
namespace {

using catalog::VersionTime;
using testing::append;

constexpr int64_t kHour = 3600;
constexpr int64_t kDay = 24 * kHour;

Timestamp second(int64_t count) { return Timestamp{} + Duration::seconds(count); }

// Versions 1, 2, … at these seconds.
std::vector<VersionTime> made_at(const std::vector<int64_t>& seconds) {
  std::vector<VersionTime> versions;
  for (const int64_t time : seconds) versions.push_back({static_cast<int64_t>(versions.size()) + 1, second(time)});
  return versions;
}

using Versions = std::vector<int64_t>;

TEST(Retention, NewestStaysHoweverOld) {
  EXPECT_EQ(versions_to_forget(made_at({0}), {}, second(1000 * kDay)), Versions());
  EXPECT_EQ(versions_to_forget(made_at({0, 1}), {}, second(1000 * kDay)), Versions({1}));
  EXPECT_EQ(versions_to_forget({}, {}, second(0)), Versions());
}

TEST(Retention, AllThatWereNewestWithinTheLastHourStay) {
  const int64_t now = 100 * kDay + kHour / 2;
  const auto versions = made_at({now - 2 * kHour, now - kHour - 60, now - kHour + 60, now - 50, now - 40});
  // The second one was the newest until a minute after the hour began.
  EXPECT_EQ(versions_to_forget(versions, {.hourly_for = {}}, second(now)), Versions({1}));
}

TEST(Retention, LastOfEachHourStaysForAWeek) {
  const int64_t now = 100 * kDay;
  const auto versions = made_at({now - 8 * kDay, now - 3 * kDay + 10, now - 3 * kDay + 20, now - 3 * kDay + kHour + 10,
                                 now - 2 * kHour - 5, now - 2 * kHour + 5});
  EXPECT_EQ(versions_to_forget(versions, {}, second(now)), Versions({1, 2}));
}

TEST(Retention, OfTheLastHourNoMoreThanTheMostStay) {
  const auto versions = made_at({1, 2, 3, 4, 5});
  EXPECT_EQ(versions_to_forget(versions, {.versions_max = 3}, second(10)), Versions({1, 2}));
}

TEST(Retention, SnapshotsStay) {
  std::vector<VersionTime> versions = made_at({1, 2, 3});
  versions[0].in_snapshot = true;
  EXPECT_EQ(versions_to_forget(versions, {}, second(1000 * kDay)), Versions({2}));
}

class PolicyTest : public testing::StoreTest {
 protected:
  [[nodiscard]] static size_t versions(const Store& store) {
    return store.catalog().version_times(store.catalog().find_series("k")->id).size();
  }
};

constexpr RetentionPolicy kOther{.all_for = Duration{1}, .hourly_for = Duration::seconds(5 * kDay), .versions_max = 7};

TEST_F(PolicyTest, IsTheDefaultUntilSomebodySetsIt) {
  const Store store = folder_.open();
  EXPECT_EQ(retention_policy(store.catalog()), RetentionPolicy());
  set_retention_policy(store.catalog(), kOther);
  EXPECT_EQ(retention_policy(folder_.open(true).catalog()), kOther);
  set_retention_policy(store.catalog(), {});
  EXPECT_EQ(store.catalog().property("retention"), "");
}

TEST_F(PolicyTest, BadOnesAreRefused) {
  const Store store = folder_.open();
  const auto refuses = [&](const RetentionPolicy& policy, std::string_view name) {
    testing::expect_error(ErrorKind::kInvalidArgument, name, [&] { set_retention_policy(store.catalog(), policy); });
  };
  refuses({.all_for = Duration{-1}}, "all_for is -1ns");
  refuses({.hourly_for = Duration::seconds(-kDay)}, "hourly_for is -1d");
  refuses({.versions_max = -1}, "versions_max is -1");
  EXPECT_EQ(retention_policy(store.catalog()), RetentionPolicy());
  testing::expect_error(ErrorKind::kReadOnly, "", [&] { set_retention_policy(folder_.open(true).catalog(), kOther); });
}

TEST_F(PolicyTest, OneThatIsNotUnderstoodLetsNothingGo) {
  const Store store = folder_.open();
  append(store, "k", testing::run_of(0, 1));
  for (const char* bad :
       {"{}", "[1]", "7", "nonsense", R"({"all_for":1.5,"hourly_for":1,"versions_max":1})",
        R"({"all_for":-1,"hourly_for":1,"versions_max":1})", R"({"all_for":99999999999999999999,"hourly_for":1})",
        R"({"all_for":1,"hourly_for":1,"versions_max":1,"daily_for":1})"}) {
    store.catalog().set_property("retention", bad);
    testing::expect_error(ErrorKind::kCorruption, "not understood", [&] { retention_policy(store.catalog()); });
  }
  for (const Symptom& symptom : store.examine_health()) {
    EXPECT_EQ(symptom.health == Health::kFail, symptom.subject == "retention") << symptom.what;
  }
}

TEST_F(PolicyTest, TheUpkeepOfWritersGoesByIt) {
  const Store store = folder_.open();
  set_retention_policy(store.catalog(), {.versions_max = 20});
  for (int64_t row = 0; row < 200; ++row) append(store, "k", testing::run_of(row, 1));
  EXPECT_EQ(versions(store), 20U);
  set_retention_policy(store.catalog(), {.versions_max = 1000});
  for (int64_t row = 200; row < 400; ++row) append(store, "k", testing::run_of(row, 1));
  EXPECT_EQ(versions(store), 220U);
}

}  // namespace
}  // namespace varve::store

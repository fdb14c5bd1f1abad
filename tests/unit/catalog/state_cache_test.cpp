#include "varve/catalog/read/state_cache.h"

#include <gmock/gmock.h>

#include "unit/catalog/catalog_fixture.h"

namespace varve::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr LogStamp kThen{1};
constexpr LogStamp kNow{2};

class StateCacheTest : public ::testing::Test {
 protected:
  // A state of files of ten seconds each.
  static Catalog::State state(const std::string& key, int64_t files) {
    Catalog::State state{.series = {.key = key}, .version = 1, .schema = bar_schema()};
    for (int64_t file = 0; file < files; ++file) {
      ObjectRow object{.id = std::to_string(file)};
      object.first = Timestamp{} + Duration::seconds(10 * file);
      object.last = Timestamp{} + Duration::seconds(10 * file + 9);
      state.objects.push_back(object);
    }
    return state;
  }
  std::vector<std::string> find(const LogStamp& stamp, const std::string& key, int64_t first, int64_t last) {
    const auto found = cache_.find(
        stamp, key, {.first = Timestamp{} + Duration::seconds(first), .last = Timestamp{} + Duration::seconds(last)});
    return found ? ids_of(found->objects) : std::vector<std::string>{"nothing"};
  }

  StateCache cache_;
};

TEST_F(StateCacheTest, GivesTheObjectsOfARangeWithBothEnds) {
  cache_.put(kNow, state("a", 4));
  EXPECT_THAT(find(kNow, "a", 9, 20), ElementsAre("0", "1", "2"));
  EXPECT_THAT(find(kNow, "a", 40, 50), IsEmpty());
  EXPECT_THAT(find(kNow, "b", 0, 50), ElementsAre("nothing"));
}

TEST_F(StateCacheTest, AnotherStampMakesItEmpty) {
  cache_.put(kThen, state("a", 1));
  EXPECT_TRUE(cache_.is_asked_again(kThen, "b") || cache_.is_asked_again(kThen, "b"));
  EXPECT_THAT(find(kNow, "a", 0, 9), ElementsAre("nothing"));
  EXPECT_THAT(find(kThen, "a", 0, 9), ElementsAre("nothing"));
  EXPECT_FALSE(cache_.is_asked_again(kThen, "b"));
}

TEST_F(StateCacheTest, WhatIsAskedForTwiceIsWorthKeeping) {
  EXPECT_FALSE(cache_.is_asked_again(kNow, "a"));
  EXPECT_FALSE(cache_.is_asked_again(kNow, "b"));
  EXPECT_TRUE(cache_.is_asked_again(kNow, "a"));
}

TEST_F(StateCacheTest, IsBounded) {
  for (int series = 0; series < 1000; ++series) cache_.put(kNow, state(std::to_string(series), 4000));
  int kept = 0;
  for (int series = 0; series < 1000; ++series) kept += find(kNow, std::to_string(series), 0, 9).at(0) == "0" ? 1 : 0;
  EXPECT_GE(kept, 1);
  EXPECT_LE(kept, 40);
}

}  // namespace
}  // namespace varve::catalog

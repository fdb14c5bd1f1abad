// Random commits, against a model of what a catalog is.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/random.h"
#include "unit/catalog/catalog_fixture.h"

namespace varve::catalog {
namespace {

using ::testing::IsEmpty;
using testing::Random;

// What one version of a series holds; nothing if it ended there.
using Version = std::optional<std::vector<NewObject>>;
// All versions of a series, from 1.
using History = std::vector<Version>;

class CatalogModelTest : public CatalogTest {
 protected:
  // Commits something random to some series, to the catalog and to the model.
  void step() {
    CommitRequest request{.id = "commit-" + std::to_string(++commits_), .operation = "write", .changes = {}};
    std::vector<std::string> keys = {"a", "a/b", "c", "c-d"};
    for (int64_t left = random_.between(1, 3); left > 0; --left) {
      const std::string key = random_.pick(keys);
      std::erase(keys, key);
      request.changes.push_back(change(key));
    }
    for (const CommittedSeries& committed : catalog_->commit(request)) {
      ASSERT_EQ(committed.version, static_cast<int64_t>(model_[committed.key].size()));
    }
  }

  SeriesChange change(const std::string& key) {
    History& history = model_[key];
    const auto base = static_cast<int64_t>(history.size());
    const bool is_there = !history.empty() && history.back();
    if (is_there && random_.one_in(8)) {
      history.emplace_back();
      return deleting(key, base);
    }
    SeriesChange change = is_there ? changing(key, base) : making(key, {}, base);
    std::vector<NewObject> objects = is_there ? *history.back() : std::vector<NewObject>();
    for (int64_t left = random_.between(0, static_cast<int64_t>(objects.size())); left > 0; --left) {
      const size_t victim = random_.next() % objects.size();
      change.removed.push_back(objects[victim].id);
      objects.erase(objects.begin() + static_cast<std::ptrdiff_t>(victim));
    }
    for (int64_t left = random_.between(0, 3); left > 0; --left) {
      const int64_t first = random_.between(0, 20);
      change.added.push_back(object("object-" + std::to_string(++objects_), first, first + random_.between(0, 5)));
      objects.push_back(change.added.back());
    }
    history.emplace_back(objects);
    return change;
  }

  // The ids that a version holds in a range, as the model has it.
  static std::vector<std::string> expected_ids(const Version& version, Timestamp first, Timestamp last) {
    std::vector<NewObject> objects = *version;
    std::erase_if(objects, [&](const NewObject& each) { return each.last < first || each.first > last; });
    std::ranges::sort(objects, {}, [](const NewObject& each) { return std::pair(each.first, each.id); });
    std::vector<std::string> ids;
    for (const NewObject& each : objects) ids.push_back(each.id);
    return ids;
  }

  void compare_all_versions() {
    for (const auto& [key, history] : model_) {
      for (size_t number = 1; number <= history.size(); ++number) {
        SCOPED_TRACE(key + " version " + std::to_string(number));
        const Timestamp first = Timestamp{} + Duration::seconds(random_.between(-1, 26));
        const Timestamp last = first + Duration::seconds(random_.between(0, 10));
        const auto state = catalog_->state(key, static_cast<int64_t>(number), first, last);
        ASSERT_EQ(state.has_value(), history[number - 1].has_value());
        if (!state) continue;
        ASSERT_EQ(ids_of(state->objects), expected_ids(history[number - 1], first, last));
      }
      compare_newest(key, history.back());
    }
  }

  void compare_newest(const std::string& key, const Version& newest) {
    const SeriesRow series = *catalog_->find_series(key);
    const std::vector<NewObject> objects = newest.value_or(std::vector<NewObject>());
    std::optional<Timestamp> first;
    std::optional<Timestamp> last;
    for (const NewObject& each : objects) {
      first = std::min(first.value_or(each.first), each.first);
      last = std::max(last.value_or(each.last), each.last);
    }
    ASSERT_EQ(series.deleted, !newest.has_value());
    ASSERT_EQ(series.files, static_cast<int64_t>(objects.size()));
    ASSERT_EQ(series.rows, 10 * series.files);
    ASSERT_EQ(series.bytes, 100 * series.files);
    ASSERT_EQ(series.first, first);
    ASSERT_EQ(series.last, last);
  }

  Random random_;
  std::map<std::string, History> model_;
  int objects_ = 0;
};

TEST_F(CatalogModelTest, EveryVersionIsWhatWasCommitted) {
  for (int round = 0; round < 150; ++round) {
    ASSERT_NO_FATAL_FAILURE(step());
    if (random_.one_in(20)) reopen();
    if (!random_.one_in(10)) continue;
    ASSERT_NO_FATAL_FAILURE(compare_all_versions());
  }
  ASSERT_NO_FATAL_FAILURE(compare_all_versions());
  EXPECT_THAT(catalog_->check(), IsEmpty());
}

}  // namespace
}  // namespace varve::catalog

// Random histories of a lake against a model that a child could check: a map from keys to rows.

#include <map>

#include "support/random.h"
#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

using store::Store;
using store::WriteMode;

// One series as it should be: rows by time and, for equal times, by arrival.
struct Model {
  bool keyed = true;
  bool exists = false;
  int64_t version = 0;
  Rows rows;
  std::map<int64_t, Rows> history;

  [[nodiscard]] Row* find(int64_t second) {
    const auto at = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.first == second; });
    return at == rows.end() ? nullptr : &*at;
  }
  void insert(const Row& row) {
    const auto after = [](const Row& left, const Row& right) { return left.first < right.first; };
    rows.insert(std::upper_bound(rows.begin(), rows.end(), row, after), row);
  }
  void next_version() { history[++version] = rows; }

  // False if an append finds a row of the same time: nothing is done then.
  bool change(const Rows& newer, WriteMode mode) {
    const bool was_there = exists;
    const Rows before = rows;
    if (mode == WriteMode::kReplaceSeries) rows.clear();
    for (const Row& row : newer) {
      Row* old = keyed ? find(row.first) : nullptr;
      if (old == nullptr) {
        insert(row);
      } else if (mode == WriteMode::kUpsert) {
        *old = row;
      } else if (mode != WriteMode::kAppendMissing) {
        rows = before;
        return false;
      }
    }
    exists = true;
    if (!was_there || rows != before) next_version();
    return true;
  }
};

class ModelTest : public StoreTest {
 protected:
  Rows random_rows() {
    Rows rows(static_cast<size_t>(random_.between(0, 12)));
    const int64_t begin = random_.between(0, 150);
    for (Row& row : rows) row = {begin + random_.between(0, 25), random_.between(0, 3)};
    return rows;
  }

  void step(Store& store, const std::string& key, Model& model) {
    if (model.exists && random_.one_in(15)) {
      remove(store, key);
      model.exists = false;
      model.rows.clear();
      ++model.version;
      return;
    }
    const std::vector<WriteMode> modes = {WriteMode::kAppend, WriteMode::kAppendMissing, WriteMode::kUpsert,
                                          WriteMode::kUpsert, WriteMode::kReplaceSeries};
    WriteMode mode = random_.pick(modes);
    if (!model.keyed && mode == WriteMode::kUpsert) mode = WriteMode::kAppend;
    const Rows rows = random_rows();
    const bool possible = model.change(rows, mode);
    try {
      change(store, key, rows, mode, model.keyed ? keyed(11) : unkeyed(11));
      EXPECT_TRUE(possible);
    } catch (const AlreadyExists&) {
      EXPECT_FALSE(possible);
    }
  }

  void expect_agreement(const Store& store, const std::string& key, Model& model) {
    const auto series = store.catalog().find_series(key);
    EXPECT_EQ(series && !series->deleted, model.exists);
    EXPECT_EQ(series ? series->version : 0, model.version);
    if (!model.exists) {
      EXPECT_FALSE(std::filesystem::exists(folder_.path(key)));
      return;
    }
    EXPECT_EQ(read(store, key), model.rows);
    Rows in_order = model.rows;
    std::sort(in_order.begin(), in_order.end());
    EXPECT_EQ(folder_.glob(key), in_order);
    const int64_t first = random_.between(-10, 180);
    const int64_t last = random_.between(-10, 180);
    Rows part;
    for (const Row& row : model.rows) {
      if (first <= row.first && row.first <= last) part.push_back(row);
    }
    EXPECT_EQ(
        read(store, key,
             {.first = at_second(first), .last = at_second(last), .within_range = true, .columns = {}, .rows_max = {}}),
        part);
  }

  Random random_;
};

TEST_F(ModelTest, RandomHistoriesAgreeWithAModel) {
  constexpr int kSteps = 400;
  std::map<std::string, Model> models = {{"a/keyed", {.keyed = true}}, {"plain", {.keyed = false}}};
  auto store = std::make_unique<Store>(folder_.open());
  for (int at = 0; at < kSteps && !HasFailure(); ++at) {
    SCOPED_TRACE("step " + std::to_string(at));
    for (auto& [key, model] : models) {
      step(*store, key, model);
      expect_agreement(*store, key, model);
    }
    if (random_.one_in(20)) {
      store.reset();
      store = std::make_unique<Store>(folder_.open());
    }
  }
  for (auto& [key, model] : models) {
    for (const auto& [version, rows] : model.history) {
      ASSERT_EQ(read(*store, key, {.version = version}), rows) << key << " version " << version;
    }
  }
  EXPECT_EQ(findings(*store), "");
}

}  // namespace
}  // namespace varve::testing

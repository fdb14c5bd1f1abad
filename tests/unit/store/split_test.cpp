// However rows are split over commits, and in whatever order these come: the series is the same.

#include <iostream>
#include <set>

#include "varve/base/digest.h"
#include "varve/parquet/writer.h"

#include "support/random.h"
#include "unit/store/store_fixture.h"

namespace varve::testing {
namespace {

using store::Store;

// Of the content of a table, whatever files it came from: names, types and values.
std::string digest(const Table& table) {
  std::vector<std::byte> bytes;
  const auto sink = [&](std::span<const std::byte> more) { bytes.insert(bytes.end(), more.begin(), more.end()); };
  parquet::write_table(table, sink, {});
  return base::to_hex(base::sha256(bytes));
}

class SplitTest : public StoreTest {
 protected:
  // Times apart, some of them far.
  Rows random_input() {
    std::set<int64_t> seconds;
    const int64_t count = random_.between(1, 120);
    while (std::ssize(seconds) < count) seconds.insert(random_.between(0, random_.one_in(3) ? 40 * 86'400 : 300));
    Rows rows;
    for (const int64_t second : seconds) rows.emplace_back(second, random_.between(0, 1000));
    return rows;
  }

  // One to twelve parts, each in an order of its own.
  std::vector<Rows> split(Rows rows) {
    for (size_t at = rows.size(); at > 1; --at) std::swap(rows[at - 1], rows[random_.next() % at]);
    std::vector<Rows> parts(static_cast<size_t>(random_.between(1, 12)));
    for (const Row& row : rows) parts[random_.next() % parts.size()].push_back(row);
    return parts;
  }

  void bring_in(const std::string& key, const std::vector<Rows>& parts, const catalog::SeriesDefinition& definition) {
    std::unique_ptr<Store> store = std::make_unique<Store>(folder_.open());
    const std::vector<store::WriteMode> modes = {store::WriteMode::kAppend, store::WriteMode::kAppendMissing,
                                                 store::WriteMode::kUpsert};
    for (const Rows& part : parts) {
      change(*store, key, part, random_.pick(modes), definition);
      if (random_.one_in(5)) change(*store, key, part, store::WriteMode::kUpsert, definition);  // once more
      if (random_.one_in(10)) store = std::make_unique<Store>(folder_.open());
      ++commits_;
    }
  }

  Random random_;
  int64_t commits_ = 0;
};

TEST_F(SplitTest, AnySplitInAnyOrderGivesTheSameSeries) {
  constexpr int kInputs = 60;
  const std::vector<std::string> layouts = {"range", "range", "month", "day", "{name}/{yyyy}/{mm}/data.parquet"};
  for (int input = 0; input < kInputs && !HasFailure(); ++input) {
    SCOPED_TRACE("input " + std::to_string(input));
    const Rows rows = random_input();
    const catalog::SeriesDefinition definition = laid_out(random_.pick(layouts), random_.between(3, 200));
    std::set<std::string> digests;
    for (const char* version : {"a", "b"}) {
      const std::string key = std::to_string(input) + version;
      bring_in(key, split(rows), definition);
      const Store store = folder_.open();
      ASSERT_EQ(read(store, key), rows);
      ASSERT_EQ(folder_.glob(key), rows);
      while (compact(store, key).changed) {}
      ASSERT_EQ(read(store, key), rows);
      ASSERT_EQ(folder_.glob(key), rows);
      digests.insert(digest(store.read(key)));
    }
    ASSERT_EQ(digests.size(), 1);
  }
  EXPECT_EQ(findings(folder_.open()), "");
  std::cout << kInputs << " inputs, each split twice: " << commits_ << " commits\n";
}

}  // namespace
}  // namespace varve::testing

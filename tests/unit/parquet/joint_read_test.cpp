#include "varve/parquet/joint_read.h"

#include <vector>

#include "varve/base/memory_file.h"
#include "varve/base/thread_pool.h"
#include "varve/parquet/writer.h"
#include "varve/table/select.h"

#include "support/errors.h"
#include "support/random.h"
#include "support/table/random_table.h"

namespace varve::parquet {
namespace {

using testing::expect_error;
using testing::Random;

std::shared_ptr<const Reader> stored(const Table& table) {
  std::vector<std::byte> bytes;
  write_table(table, [&](std::span<const std::byte> more) { bytes.insert(bytes.end(), more.begin(), more.end()); });
  return std::make_shared<const Reader>(
      Reader::open(std::make_unique<base::MemoryFile>(std::move(bytes)), "some.parquet"));
}

TEST(JointRead, IsTheFilesOneAfterTheOther) {
  Random random;
  base::ThreadPool pool(2);
  std::vector<DataType> types = testing::all_types();
  std::erase_if(types, [](const DataType& type) { return type.unit == TimeUnit::kSecond; });  // stored as milliseconds
  for (int round = 0; round < 10; ++round) {
    std::vector<FilePart> parts;
    std::vector<Table> tables;
    std::vector<int64_t> rows;
    for (int64_t file = random.between(1, 6); file > 0; --file) {
      const Table table = testing::random_table(random, types, {.rows = random.between(0, 400)});
      parts.push_back({stored(table)});
      tables.push_back(parts.back().reader->read());
      rows.push_back(table.num_rows());
    }
    const JointTable joint = read_jointly(parts, {.pool = &pool});
    EXPECT_EQ(difference(joint.table, table::concatenate(tables)), "");
    EXPECT_EQ(joint.rows, rows);
  }
}

TEST(JointRead, PartsInsideTheRangeAreTakenWhole) {
  const Table bars = testing::make_bars(100);
  const std::vector<FilePart> parts = {{stored(bars.slice(0, 50))}, {stored(bars.slice(50, 50)), true}};
  const IndexRange range{.column = "timestamp", .start = testing::kFirstBar + Duration::seconds(600), .sorted = true};
  const JointTable joint = read_jointly(parts, {.range = range});
  EXPECT_EQ(difference(joint.table, bars.slice(10, 90)), "");
  EXPECT_EQ(joint.rows, std::vector<int64_t>({40, 50}));
}

TEST(JointRead, AConditionHoldsForAllParts) {
  const Table bars = testing::make_bars(100);
  const std::vector<FilePart> parts = {{stored(bars.slice(0, 50))}, {stored(bars.slice(50, 50))}};
  const Predicate where = ColumnName("volume") > int64_t{500};
  const JointTable joint = read_jointly(parts, {.where = where});
  EXPECT_EQ(difference(joint.table, table::filter(bars, table::evaluate(where, bars))), "");
}

TEST(JointRead, PartsOfOtherColumnsAreRefused) {
  const std::vector<FilePart> parts = {{stored(testing::make_bars(5))}, {stored(testing::make_trades(5))}};
  expect_error(ErrorKind::kInvalidArgument, "other columns", [&] { read_jointly(parts, {}); });
}

}  // namespace
}  // namespace varve::parquet

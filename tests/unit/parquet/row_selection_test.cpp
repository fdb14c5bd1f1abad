#include "varve/parquet/read/row_selection.h"

#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "varve/base/memory_file.h"
#include "varve/base/thread_pool.h"
#include "varve/parquet/reader.h"
#include "varve/parquet/writer.h"
#include "varve/table/bits.h"
#include "varve/table/builder.h"
#include "varve/table/print.h"
#include "varve/table/select.h"

#include "support/errors.h"
#include "support/parquet/handmade_file.h"
#include "support/random.h"
#include "support/table/random_table.h"

namespace varve::parquet {
namespace {

using testing::Bytes;
using testing::bytes_of;
using testing::expect_error;
using testing::HandmadeFile;
using testing::Random;
using testing::operator+;

const ColumnName kX("x");
const ColumnName kY("y");

// Notes which bytes are read after it was opened, by any thread.
class CountingFile final : public base::File {
 public:
  CountingFile(Bytes bytes, std::shared_ptr<std::vector<RowRange>> reads)
      : file_(std::move(bytes)), reads_(std::move(reads)) {}

  void read_at(uint64_t offset, std::span<std::byte> bytes) const override {
    const auto first = static_cast<int64_t>(offset);
    {
      const std::lock_guard lock(mutex_);
      reads_->push_back({first, first + static_cast<int64_t>(bytes.size())});
    }
    file_.read_at(offset, bytes);
  }
  [[nodiscard]] uint64_t size() const override { return file_.size(); }
  [[nodiscard]] base::BufferPtr map() const override { return file_.map(); }
  [[nodiscard]] base::FileStatus status() const override { return file_.status(); }
  void write_at(uint64_t offset, std::span<const std::byte> bytes) override { file_.write_at(offset, bytes); }
  void append(std::span<const std::byte> bytes) override { file_.append(bytes); }
  void truncate(uint64_t size) override { file_.truncate(size); }
  void sync() override {}
  void close() override {}

 private:
  base::MemoryFile file_;
  mutable std::mutex mutex_;
  std::shared_ptr<std::vector<RowRange>> reads_;
};

// A file that is read, and what was read of it.
class Subject {
 public:
  explicit Subject(Bytes bytes)
      : reads_(std::make_shared<std::vector<RowRange>>()),
        reader_(Reader::open(std::make_unique<CountingFile>(std::move(bytes), reads_), "some.parquet")) {}

  [[nodiscard]] const Reader& reader() const { return reader_; }

  Table read(const ReadOptions& options) {
    reads_->clear();
    return reader_.read(options);
  }
  Table read(const Predicate& where, std::vector<std::string> columns = {"x"}) {
    return read({.columns = std::move(columns), .where = where});
  }

  // Whether anything of a chunk's pages was read last time.
  [[nodiscard]] bool was_read(size_t column, size_t group) const {
    const auto& chunk = *reader_.metadata().row_groups[group].columns[column].meta_data;
    const int64_t begin = chunk.dictionary_page_offset.value_or(chunk.data_page_offset);
    const int64_t end = begin + chunk.total_compressed_size;
    for (const RowRange& read : *reads_) {
      if (read.first < end && begin < read.last) return true;
    }
    return false;
  }
  [[nodiscard]] int64_t bytes_read() const { return count_rows(*reads_); }

 private:
  std::shared_ptr<std::vector<RowRange>> reads_;
  Reader reader_;
};

Bytes write(const Table& table, const WriteOptions& options) {
  Bytes bytes;
  write_table(
      table, [&](std::span<const std::byte> more) { bytes.insert(bytes.end(), more.begin(), more.end()); }, options);
  return bytes;
}

// The same file under another footer.
Bytes with_metadata(Bytes bytes, const FileMetaData& metadata) {
  uint32_t length = 0;
  std::memcpy(&length, bytes.data() + bytes.size() - 8, sizeof length);
  bytes.resize(bytes.size() - 8 - length);
  const Bytes footer = bytes_of(serialize(metadata));
  return std::move(bytes) + footer + bytes_of({static_cast<uint32_t>(footer.size())}) + bytes_of("PAR1");
}

Bytes without_statistics(const Bytes& bytes, bool page_index_too) {
  FileMetaData metadata = Subject(bytes).reader().metadata();
  for (RowGroup& group : metadata.row_groups) {
    for (ColumnChunk& chunk : group.columns) {
      chunk.meta_data->statistics.reset();
      if (page_index_too) chunk.column_index_offset.reset();
      if (page_index_too) chunk.offset_index_offset.reset();
    }
  }
  return with_metadata(bytes, metadata);
}

// 1,000 rows in groups of 250 and pages of 50: x counts up, y names one of `names` by turns, z is a float that repeats.
Table counting_rows(const std::vector<std::string>& names) {
  table::ColumnBuilder numbers(DataType::int64());
  table::ColumnBuilder texts(DataType::string());
  table::ColumnBuilder floats(DataType::float64());
  for (int64_t row = 0; row < 1000; ++row) {
    numbers.append_int64(row);
    texts.append_bytes(names[static_cast<size_t>(row) % names.size()]);
    floats.append_double(static_cast<double>(row % 10));
  }
  return Table(Schema({{"x", DataType::int64()}, {"y", DataType::string()}, {"z", DataType::float64()}}),
               {numbers.finish(), texts.finish(), floats.finish()});
}
Subject counting_file(const std::vector<std::string>& names = {"A", "C"}) {
  return Subject(write(counting_rows(names), {.rows_per_group = 250, .rows_per_page = 50}));
}

Table kept(const Table& table, const Predicate& where) { return table::filter(table, table::evaluate(where, table)); }

// ---- what is read ----

TEST(RowSelection, StatisticsLeaveGroupsUnread) {
  Subject file = counting_file();
  EXPECT_EQ(file.read(kX >= 600 && kX < 610).num_rows(), 10);
  EXPECT_FALSE(file.was_read(0, 0));
  EXPECT_FALSE(file.was_read(0, 1));
  EXPECT_TRUE(file.was_read(0, 2));
  EXPECT_FALSE(file.was_read(0, 3));
  EXPECT_EQ(file.read(kX > 999 || kX.is_null()).num_rows(), 0);
  EXPECT_EQ(file.bytes_read(), 0);
}

TEST(RowSelection, ColumnsThatAreProvenAreNotReadToDecide) {
  Subject file = counting_file();
  EXPECT_EQ(file.read(kX < 500, {"z"}).num_rows(), 500);
  EXPECT_FALSE(file.was_read(0, 0));  // x decides by its statistics alone
  EXPECT_TRUE(file.was_read(2, 0));
  EXPECT_EQ(file.read(!kX.is_null(), {"z"}).num_rows(), 1000);
  EXPECT_FALSE(file.was_read(0, 0));
}

TEST(RowSelection, OtherColumnsAreReadWhereRowsMatch) {
  Subject file = counting_file();
  EXPECT_EQ(file.read(kX == 7, {"z"}).num_rows(), 1);
  EXPECT_TRUE(file.was_read(2, 0));
  EXPECT_FALSE(file.was_read(2, 1));
  EXPECT_EQ(file.read(ColumnName("z") == 1.5, {"x"}).num_rows(), 0);
  EXPECT_FALSE(file.was_read(0, 0));
}

TEST(RowSelection, OneColumnsStatisticsKeepAnotherFromBeingRead) {
  Subject file = counting_file();
  EXPECT_EQ(file.read(kY == "A" && kX < 10, {"x"}).num_rows(), 5);
  EXPECT_TRUE(file.was_read(1, 0));
  EXPECT_FALSE(file.was_read(1, 1));
  EXPECT_EQ(file.read(kY == "A" && kX < 0, {"x"}).num_rows(), 0);
  EXPECT_EQ(file.bytes_read(), 0);
}

TEST(RowSelection, OrReadsOnlyForRowsThatAreStillOpen) {
  Subject file = counting_file();
  EXPECT_EQ(file.read(kX < 250 || kY == "A", {"x"}).num_rows(), 250 + 375);
  EXPECT_FALSE(file.was_read(1, 0));
  EXPECT_TRUE(file.was_read(1, 1));
}

// Three pages of two rows, of which the middle one is damaged.
HandmadeFile damaged_file() {
  HandmadeFile file(Field{"x", DataType::int64(), false});
  file.page_v1(2, bytes_of<int64_t>({1, 2})).page_v1(2, bytes_of<int64_t>({3}));
  file.page_v1(2, bytes_of<int64_t>({5, 6})).end_group();
  const auto text = [](int64_t value) {
    const Bytes bytes = bytes_of<int64_t>({value});
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  file.offset_index({file.locations()});
  file.column_index({.null_pages = {false, false, false},
                     .min_values = {text(1), text(3), text(5)},
                     .max_values = {text(2), text(4), text(6)}});
  return file;
}

TEST(RowSelection, PageIndexesLeavePagesUnread) {
  Subject file(damaged_file().finish());
  EXPECT_EQ(file.read(kX == 6).num_rows(), 1);
  EXPECT_EQ(file.read(kX <= 2 || kX.in({5, 6, 7})).num_rows(), 4);
  EXPECT_EQ(file.read(kX > 1 && kX != 3 && !(kX >= 3 && kX <= 4)).num_rows(), 3);
  expect_error(ErrorKind::kCorruption, "2 values", [&] { static_cast<void>(file.read(kX == 4)); });
}

TEST(RowSelection, DictionariesWithoutAMatchLeavePagesUnread) {
  HandmadeFile file(Field{"x", DataType::string(), false});
  file.dictionary(2, testing::plain_strings({"A", "C"}));
  file.page_v1(9, bytes_of("damaged"), Encoding::kRleDictionary);
  file.page_v1(2, testing::plain_strings({"B", "D"})).end_group();
  Subject subject(file.finish());
  EXPECT_EQ(subject.read(kX == "B").num_rows(), 1);  // from the page that has no dictionary
  expect_error(ErrorKind::kCorruption, "", [&] { static_cast<void>(subject.read(kX == "A")); });
}

TEST(RowSelection, NullsMayMatchWhereNoDictionaryValueDoes) {
  HandmadeFile file(Field{"x", DataType::string()});
  file.dictionary(1, testing::plain_strings({"A"}));
  file.page_v1(3, testing::prefixed(testing::rle_bits({1, 0, 1})) + testing::indices(1, {0, 0}),
               Encoding::kRleDictionary);
  file.end_group();
  Subject subject(file.finish());
  EXPECT_EQ(subject.read(kX == "B").num_rows(), 0);
  EXPECT_EQ(subject.read(kX == "B" || kX.is_null()).num_rows(), 1);
  EXPECT_EQ(subject.read(!(kX == "B")).num_rows(), 2);
}

// ---- statistics that prove nothing ----

struct OneColumnFile {
  SchemaElement element;
  Bytes values;
  int32_t count = 1;
  Statistics statistics;
  bool order_known = true;

  [[nodiscard]] int64_t rows_where(const Predicate& where) const {
    HandmadeFile file(element);
    file.page_v1(count, values).end_group();
    file.chunk().statistics = statistics;
    file.metadata().has_column_orders = order_known;
    return Subject(file.finish()).read({.where = where}).num_rows();
  }
};

SchemaElement element(PhysicalType type, LogicalType logical = {}, int32_t type_length = 0) {
  return {.type = type,
          .type_length = type_length,
          .repetition = Repetition::kRequired,
          .name = "x",
          .precision = logical.precision,
          .logical_type = logical};
}

template <typename T>
std::string stored(T value) {
  const Bytes bytes = bytes_of<T>({value});
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(RowSelection, DeprecatedBoundsCountForSignedValuesOnly) {
  OneColumnFile file{.element = element(PhysicalType::kInt32), .values = bytes_of<int32_t>({5})};
  file.statistics = {.min = stored<int32_t>(1), .max = stored<int32_t>(4)};  // a lie, to see whether it is believed
  EXPECT_EQ(file.rows_where(kX == 5), 0);
  file.element = element(PhysicalType::kInt32, {.id = LogicalType::Id::kInteger, .bit_width = 32, .is_signed = false});
  EXPECT_EQ(file.rows_where(kX == 5), 1);
  file.statistics = {.min_value = stored<int32_t>(1), .max_value = stored<int32_t>(4)};
  EXPECT_EQ(file.rows_where(kX == 5), 0);
  file.order_known = false;
  EXPECT_EQ(file.rows_where(kX == 5), 1);
}

TEST(RowSelection, UnsignedBoundsAreUnsigned) {
  OneColumnFile file{
      .element = element(PhysicalType::kInt32, {.id = LogicalType::Id::kInteger, .bit_width = 32, .is_signed = false}),
      .values = bytes_of<uint32_t>({4'000'000'000U})};
  file.statistics = {.min_value = stored<uint32_t>(1), .max_value = stored<uint32_t>(4'000'000'000U)};
  EXPECT_EQ(file.rows_where(kX > 3'000'000'000), 1);
  EXPECT_EQ(file.rows_where(kX > 4'000'000'000), 0);
}

TEST(RowSelection, BoundsOfBytesNeedAKnownOrder) {
  OneColumnFile file{.element = element(PhysicalType::kByteArray, {.id = LogicalType::Id::kString}),
                     .values = testing::plain_strings({"m"})};
  file.statistics = {.min = "a", .max = "b"};
  EXPECT_EQ(file.rows_where(kX == "m"), 1);
  file.statistics = {.min_value = "a", .max_value = "b"};
  EXPECT_EQ(file.rows_where(kX == "m"), 0);
  file.statistics = {.min_value = "l", .max_value = "n"};  // cut short: bounds and not values
  EXPECT_EQ(file.rows_where(kX >= "m"), 1);
  EXPECT_EQ(file.rows_where(kX == "l"), 0);
}

TEST(RowSelection, Int96HasNoBounds) {
  OneColumnFile file{.element = element(PhysicalType::kInt96),
                     .values = bytes_of<int64_t>({0}) + bytes_of<int32_t>({2'440'589})};
  file.statistics = {.min_value = std::string(12, '\0'), .max_value = std::string(12, '\0')};
  EXPECT_EQ(file.rows_where(kX == Date{1}), 1);
}

TEST(RowSelection, BoundsOfFloatsSayNothingOfNaN) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  OneColumnFile file{.element = element(PhysicalType::kDouble), .values = bytes_of<double>({1, nan, 2}), .count = 3};
  file.statistics = {.null_count = 0, .min_value = stored(1.0), .max_value = stored(2.0)};
  EXPECT_EQ(file.rows_where(kX >= 1.0), 2);
  EXPECT_EQ(file.rows_where(!(kX >= 1.0)), 1);
  EXPECT_EQ(file.rows_where(kX != 5.0), 3);
  file.statistics = {.min_value = stored(nan), .max_value = stored(nan)};
  EXPECT_EQ(file.rows_where(kX == 2.0), 1);
  file.values = bytes_of<double>({-0.0, 0.0, 0.0});
  file.statistics = {.min_value = stored(0.0), .max_value = stored(0.0)};
  EXPECT_EQ(file.rows_where(kX <= -0.0), 3);
}

TEST(RowSelection, BoundsOfDecimalsAreSignedBigEndianNumbers) {
  const LogicalType decimal{.id = LogicalType::Id::kDecimal, .precision = 9, .scale = 0};
  OneColumnFile file{.element = element(PhysicalType::kFixedLenByteArray, decimal, 4),
                     .values = bytes_of<uint8_t>({0xFF, 0xFF, 0xFF, 0xFE})};
  file.statistics = {.min_value = "\xFF\xFF\xFF\xFE", .max_value = std::string("\0\0\0\1", 4)};
  EXPECT_EQ(file.rows_where(kX == -2), 1);
  EXPECT_EQ(file.rows_where(kX < -2), 0);
  file.statistics = {.min_value = "\1", .max_value = "\2"};  // of another size than the values
  EXPECT_EQ(file.rows_where(kX == -2), 1);
}

TEST(RowSelection, NullCountsThatContradictTheBoundsProveNothing) {
  OneColumnFile file{.element = element(PhysicalType::kInt32),
                     .values = testing::prefixed(testing::rle_bits({1})) + bytes_of<int32_t>({5})};
  file.element.repetition = Repetition::kOptional;
  file.statistics = {.null_count = 1, .min_value = stored<int32_t>(5), .max_value = stored<int32_t>(5)};
  EXPECT_EQ(file.rows_where(kX == 5), 1);
  EXPECT_EQ(file.rows_where(kX.is_null()), 0);
}

// Two pages of an optional column, (1, null) and (2, 3), with an index that says how many nulls are in each.
Subject file_of_null_counts(std::vector<int64_t> null_counts) {
  HandmadeFile file(Field{"x", DataType::int32()});
  file.page_v1(2, testing::prefixed(testing::rle_bits({1, 0})) + bytes_of<int32_t>({1}));
  file.page_v1(2, testing::prefixed(testing::rle_bits({1, 1})) + bytes_of<int32_t>({2, 3})).end_group();
  file.metadata().has_column_orders = true;
  file.offset_index({file.locations()});
  file.column_index({.null_pages = {false, false},
                     .min_values = {stored<int32_t>(1), stored<int32_t>(2)},
                     .max_values = {stored<int32_t>(1), stored<int32_t>(3)},
                     .null_counts = std::move(null_counts)});
  return Subject(file.finish());
}

TEST(RowSelection, NullCountsOfPagesBelowZeroProveNothing) {
  for (const auto& null_counts : std::vector<std::vector<int64_t>>{{1, 0}, {-1, -1}, {}}) {
    Subject file = file_of_null_counts(null_counts);
    EXPECT_EQ(file.read(kX.is_null()).num_rows(), 1);
    EXPECT_EQ(file.read(kX >= 2).num_rows(), 2);
    EXPECT_EQ(file.read(!kX.is_null()).num_rows(), 3);
  }
}

// ---- with the other options ----

TEST(RowSelection, GoesTogetherWithARange) {
  const Table bars = testing::make_bars(500);
  Subject file(write(bars, {.sorted_by = {"timestamp"}, .rows_per_group = 100, .rows_per_page = 30}));
  const Timestamp start = testing::kFirstBar + Duration::seconds(60 * 77);
  const Timestamp end = testing::kFirstBar + Duration::seconds(60 * 333);
  const Predicate where = ColumnName("volume") > 500;
  const Table expected = kept(bars.slice(77, 257), where);
  for (const bool sorted : {false, true}) {
    const IndexRange range{.column = "timestamp", .start = start, .end = end, .sorted = sorted};
    const Table table = file.read({.range = range, .where = where});
    EXPECT_EQ(difference(table, expected), "");
  }
}

TEST(RowSelection, GoesTogetherWithRowsAndGroups) {
  const Table rows = counting_rows({"A", "B", "C"});
  Subject file(write(rows, {.rows_per_group = 250, .rows_per_page = 50}));
  const Predicate where = kY == "B";
  EXPECT_EQ(difference(file.reader().read_rows(240, 20, {.where = where}), kept(rows.slice(240, 20), where)), "");
  EXPECT_EQ(difference(file.reader().read_row_group(2, {.where = where}), kept(rows.slice(500, 250), where)), "");
}

TEST(RowSelection, TheSamePartsAgainCostLessAndAreTheSame) {
  const Table rows = counting_rows({"A", "B", "C"});
  Subject file(write(rows, {.rows_per_group = 250, .rows_per_page = 50}));
  const Predicate where = kX >= 260 && kX < 290;
  const Table first = file.read({.where = where});
  const int64_t bytes = file.bytes_read();
  const Table second = file.read({.where = where});
  EXPECT_LT(file.bytes_read(), bytes);
  EXPECT_EQ(difference(first, rows.slice(260, 30)), "");
  EXPECT_EQ(difference(second, rows.slice(260, 30)), "");
}

TEST(RowSelection, ChunksThatClaimOnePlaceShareNothing) {
  const Bytes bytes = write(counting_rows({"A", "B", "C"}), {.rows_per_group = 250, .rows_per_page = 50});
  FileMetaData metadata = Subject(bytes).reader().metadata();
  for (RowGroup& group : metadata.row_groups) {
    for (ColumnMetaData* meta : {&*group.columns[1].meta_data, &*group.columns[2].meta_data}) {
      meta->dictionary_page_offset = group.columns[0].meta_data->dictionary_page_offset;
      meta->data_page_offset = group.columns[0].meta_data->data_page_offset;
      meta->total_compressed_size = group.columns[0].meta_data->total_compressed_size;
    }
  }
  Subject file(with_metadata(bytes, metadata));
  EXPECT_EQ(file.read(kX == 260).num_rows(), 1);
  expect_error(ErrorKind::kCorruption, "column y", [&] { static_cast<void>(file.read(kY == "A", {"y"})); });
  expect_error(ErrorKind::kCorruption, "column z", [&] { static_cast<void>(file.read(kX == 260, {"z"})); });
}

TEST(RowSelection, ADamagedDictionaryIsNotKept) {
  const Table rows = counting_rows({"A", "B", "C"});
  Bytes bytes = write(rows, {.compression = parse_compression("none"), .rows_per_group = 250, .rows_per_page = 50});
  const FileMetaData metadata = Subject(bytes).reader().metadata();
  const ColumnMetaData& chunk = *metadata.row_groups[1].columns[1].meta_data;
  bytes[static_cast<size_t>(chunk.data_page_offset) - 1] ^= std::byte{1};
  Subject file(std::move(bytes));
  for (int turn = 0; turn < 2; ++turn) {
    expect_error(ErrorKind::kCorruption, "checksum", [&] { static_cast<void>(file.read(kX == 260, {"y"})); });
  }
}

TEST(RowSelection, NamesWhatCannotBeAsked) {
  Subject file = counting_file();
  expect_error(ErrorKind::kNotFound, "no column w", [&] { static_cast<void>(file.read(ColumnName("w") == 1)); });
  expect_error(ErrorKind::kInvalidArgument, "column y of type string", [&] { static_cast<void>(file.read(kY == 1)); });
}

TEST(RowSelection, ColumnsOfTypeNullNeedNoPages) {
  HandmadeFile file(Field{"x", {.id = TypeId::kNull}});
  file.page_v1(2, testing::prefixed(testing::rle_bits({0, 0}))).end_group();
  Subject subject(file.finish());
  EXPECT_EQ(subject.read({.where = kX.is_null()}).num_rows(), 2);
  EXPECT_EQ(subject.read({.where = kX == 1}).num_rows(), 0);
}

TEST(RowSelection, RowsThatAreLookedAtAreNoPartOfTheResult) {
  Subject file = counting_file();
  const ReadOptions options{.columns = {{"x"}}, .where = ColumnName("z") == 3.0, .result_bytes_max = 8000};
  EXPECT_EQ(file.read(options).num_rows(), 100);
}

// ---- random tables ----

// Of a row's value, or of one that the row may not hold.
Scalar random_scalar(Random& random, const DataType& type) {
  switch (type.id) {
    case TypeId::kBoolean: return random.one_in(2);
    case TypeId::kDate: return Date{static_cast<int32_t>(random.between(-10, 10))};
    case TypeId::kTimestamp: return Timestamp{random.edgy()};
    case TypeId::kTime:
    case TypeId::kDuration: return Duration{random.edgy()};
    case TypeId::kDictionary: return random_scalar(random, *type.value_type);
    case TypeId::kString:
    case TypeId::kBinary:
    case TypeId::kFixedBinary: {
      const Column one = testing::random_column(random, type, {.rows = 1, .nulls = false});
      return std::string(one.bytes_at(0));
    }
    case TypeId::kDecimal: return Decimal{random.between(-1000, 1000), type.scale};
    default: break;
  }
  if (random.one_in(2)) return static_cast<double>(random.between(-100, 100)) / 2;
  return random.one_in(2) ? random.edgy() : random.between(-5, 5);
}

Predicate random_predicate(Random& random, const Schema& schema, int depth) {
  if (depth > 0 && !random.one_in(3)) {
    if (random.one_in(4)) return !random_predicate(random, schema, depth - 1);
    std::vector<Predicate> terms;
    for (int64_t count = random.between(1, 3); count > 0; --count) {
      terms.push_back(random_predicate(random, schema, depth - 1));
    }
    return random.one_in(2) ? Predicate::all_of(terms) : Predicate::any_of(terms);
  }
  const Field& field = schema[random.next() % schema.size()];
  if (field.type.id == TypeId::kNull || random.one_in(6)) return Predicate::is_null(field.name);
  std::vector<Scalar> values;
  for (int64_t count = random.one_in(4) ? random.between(0, 10) : 1; count > 0; --count) {
    values.push_back(random_scalar(random, field.type));
  }
  if (values.size() != 1) return Predicate::in(field.name, values);
  return Predicate::compare(field.name, static_cast<Comparison>(random.between(0, 5)), values[0]);
}

// Seconds are stored as milliseconds, which do not reach as far.
std::vector<DataType> storable_types() {
  std::vector<DataType> types = testing::all_types();
  std::erase_if(types, [](const DataType& type) {
    return type.unit == TimeUnit::kSecond && (type.id == TypeId::kTimestamp || type.id == TypeId::kTime);
  });
  return types;
}

TEST(RowSelection, AgreesWithFilteringAllRows) {
  Random random;
  base::ThreadPool pool(2);
  int64_t rows_kept = 0;
  int64_t rows_left = 0;
  for (int round = 0; round < 30; ++round) {
    const Table source = testing::random_table(random, storable_types(), {.rows = random.between(1, 300)});
    const WriteOptions how{.rows_per_group = random.between(20, 200), .rows_per_page = random.between(3, 80)};
    Bytes bytes = write(source, how);
    if (random.one_in(3)) bytes = without_statistics(bytes, random.one_in(2));
    Subject file(std::move(bytes));
    const Table all = file.read(ReadOptions{});
    for (int tries = 0; tries < 20; ++tries) {
      const Predicate where = random_predicate(random, all.schema(), 2);
      const Table table = file.read({.where = where, .pool = random.one_in(2) ? &pool : nullptr});
      ASSERT_EQ(difference(table, kept(all, where)), "") << to_string(where);
      rows_kept += table.num_rows();
      rows_left += all.num_rows() - table.num_rows();
    }
  }
  EXPECT_GT(rows_kept, 1000);
  EXPECT_GT(rows_left, 1000);
}

// ---- sets of rows ----

RowRanges ranges_of(const std::string& digits) {
  RowRanges ranges;
  for (size_t row = 0; row < digits.size(); ++row) {
    const auto at = static_cast<int64_t>(row);
    if (digits[row] == '1') append(ranges, {at, at + 1});
  }
  return ranges;
}

std::string digits_of(const RowRanges& ranges, size_t count) {
  std::string digits(count, '0');
  int64_t end = -1;
  for (const RowRange& range : ranges) {
    EXPECT_LT(end, range.first);
    EXPECT_LT(range.first, range.last);
    end = range.last;
    for (int64_t row = range.first; row < range.last; ++row) digits[static_cast<size_t>(row)] = '1';
  }
  return digits;
}

TEST(RowRanges, AgreeWithSetsOfRows) {
  Random random;
  for (int round = 0; round < 500; ++round) {
    std::string left(20, '0');
    std::string right(20, '0');
    for (char& digit : left) digit = random.one_in(2) ? '1' : '0';
    for (char& digit : right) digit = random.one_in(3) ? '1' : '0';
    std::string both = left;
    std::string any = left;
    std::string rest = left;
    std::string chosen(20, '0');
    for (size_t row = 0, number = 0; row < left.size(); ++row) {
      both[row] = left[row] == '1' && right[row] == '1' ? '1' : '0';
      any[row] = left[row] == '1' || right[row] == '1' ? '1' : '0';
      rest[row] = left[row] == '1' && right[row] == '0' ? '1' : '0';
      if (left[row] == '1') chosen[row] = right[number++];
    }
    const RowRanges numbers = intersect(ranges_of(right), {{0, std::max<int64_t>(count_rows(ranges_of(left)), 0)}});
    EXPECT_EQ(digits_of(intersect(ranges_of(left), ranges_of(right)), 20), both);
    EXPECT_EQ(digits_of(unite(ranges_of(left), ranges_of(right)), 20), any);
    EXPECT_EQ(digits_of(subtract(ranges_of(left), ranges_of(right)), 20), rest);
    EXPECT_EQ(digits_of(choose(ranges_of(left), numbers), 20), chosen);
  }
}

}  // namespace
}  // namespace varve::parquet

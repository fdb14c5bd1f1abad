#include "varve/table/arrow.h"

#include <cstring>
#include <limits>
#include <thread>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/table/builder.h"
#include "varve/table/select.h"

#include "support/errors.h"
#include "support/table/random_table.h"

namespace varve {
namespace {

using testing::Cells;
using testing::cells;
using testing::expect_error;
using testing::Random;

// Bytes of numbers, in a block that begins `misalign` bytes after a 64-byte boundary.
class Block {
 public:
  template <typename T>
  static Block of(const std::vector<T>& values, size_t misalign = 0) {
    Block block;
    block.bytes_ = base::MutableBuffer::allocate(values.size() * sizeof(T) + misalign);
    block.start_ = misalign;
    if (!values.empty()) std::memcpy(block.bytes_.data() + misalign, values.data(), values.size() * sizeof(T));
    return block;
  }
  static Block of(std::string_view text) { return of(std::vector<char>(text.begin(), text.end())); }
  static Block absent() { return {}; }

  [[nodiscard]] const void* address() const { return bytes_.data() == nullptr ? nullptr : bytes_.data() + start_; }

 private:
  base::MutableBuffer bytes_;
  size_t start_ = 0;
};

// A producer of one batch with one column "x", written by hand so that it can be wrong in every way.
class Producer {
 public:
  explicit Producer(const char* format, int64_t length, std::vector<Block> blocks)
      : format_(format), blocks_(std::move(blocks)) {
    for (const Block& block : blocks_) addresses_.push_back(block.address());
    child_ = {.length = length,
              .null_count = -1,
              .n_buffers = static_cast<int64_t>(blocks_.size()),
              .buffers = addresses_.data(),
              .release = [](ArrowArray* given) { given->release = nullptr; }};
    array = {.length = length,
             .n_buffers = 1,
             .n_children = 1,
             .buffers = struct_buffers_,
             .children = array_children_,
             .release =
                 [](ArrowArray* given) {
                   ++*static_cast<int*>(given->private_data);
                   given->release = nullptr;
                 },
             .private_data = &releases};
    const auto release_schema = [](ArrowSchema* given) { given->release = nullptr; };
    child_schema_ = {.format = format_, .name = "x", .flags = ARROW_FLAG_NULLABLE, .release = release_schema};
    schema = {.format = "+s", .n_children = 1, .children = schema_children_, .release = release_schema};
  }
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  Producer& with_dictionary(Producer& values) {
    child_.dictionary = &values.child_;
    child_schema_.dictionary = &values.child_schema_;
    return *this;
  }
  ArrowArray& column() { return child_; }
  ArrowSchema& column_schema() { return child_schema_; }
  void set_struct_validity(const void* bits) {
    struct_buffers_[0] = bits;
    array.null_count = -1;
  }

  Column read() { return import_batch(&array, schema).column("x"); }
  void expect_refused(ErrorKind kind, std::string_view part) {
    expect_error(kind, part, [this] { read(); });
    EXPECT_EQ(array.release, nullptr);
    EXPECT_EQ(releases, 1) << "released on errors too";
  }

  ArrowArray array{};
  ArrowSchema schema{};
  int releases = 0;

 private:
  const char* format_;
  std::vector<Block> blocks_;
  std::vector<const void*> addresses_;
  ArrowArray child_{};
  ArrowSchema child_schema_{};
  const void* struct_buffers_[1] = {nullptr};
  ArrowArray* array_children_[1] = {&child_};
  ArrowSchema* schema_children_[1] = {&child_schema_};
};

template <typename T>
std::vector<Block> values_of(const std::vector<T>& values, const std::vector<uint8_t>& validity = {},
                             size_t misalign = 0) {
  std::vector<Block> blocks;
  blocks.push_back(validity.empty() ? Block::absent() : Block::of(validity));
  blocks.push_back(Block::of(values, misalign));
  return blocks;
}

template <typename Offset>
std::vector<Block> text_of(const std::vector<Offset>& offsets, std::string_view bytes, size_t misalign = 0) {
  std::vector<Block> blocks = values_of(offsets, {}, misalign);
  blocks.push_back(Block::of(bytes));
  return blocks;
}

Table through_arrow(const Table& table) {
  ArrowSchema schema{};
  ArrowArray array{};
  export_table(table, &schema, &array);
  Table result = import_batch(&array, schema);
  EXPECT_EQ(array.release, nullptr);
  EXPECT_EQ(import_schema(&schema), table.schema());
  EXPECT_EQ(schema.release, nullptr);
  return result;
}

TEST(ArrowRoundTrip, KeepsRandomTablesOfAllTypes) {
  Random random;
  for (int round = 0; round < 30; ++round) {
    const Table table = testing::random_table(random, {.rows = random.between(0, 200)});
    EXPECT_EQ(difference(through_arrow(table), table), "");
    EXPECT_EQ(difference(through_arrow(table.slice(3, 100)), table.slice(3, 100)), "");
  }
}

TEST(ArrowRoundTrip, KeepsMetadataFlagsAndOrder) {
  const Schema schema({{"a", DataType::int64(), false}, {"b", DataType::dictionary(DataType::string(), true)}},
                      {{"key", "forex/EUR_USD"}, {"empty", ""}});
  const Table result = through_arrow(Table::empty(schema));
  EXPECT_EQ(result.schema(), schema);
  EXPECT_EQ(result.schema().metadata(), schema.metadata());
}

TEST(ArrowRoundTrip, StreamGivesOneBatchOrNone) {
  const Table bars = testing::make_bars(100);
  for (const Table& table : {bars, bars.slice(7, 20), bars.slice(0, 0)}) {
    ArrowArrayStream stream{};
    export_stream(table, &stream);
    const ImportedStream imported = import_stream(&stream);
    EXPECT_EQ(stream.release, nullptr);
    EXPECT_EQ(imported.schema, table.schema());
    EXPECT_EQ(imported.batches.size(), table.num_rows() == 0 ? 0U : 1U);
    export_stream(table, &stream);
    EXPECT_EQ(difference(import_table(&stream), table), "");
  }
}

TEST(ArrowRoundTrip, FixedWidthColumnsAreNotCopied) {
  const Table bars = testing::make_bars(100).slice(3, 50);
  const Table result = through_arrow(bars);
  for (size_t position = 0; position < bars.num_columns(); ++position) {
    EXPECT_EQ(result.column(position).values<int64_t>().data(), bars.column(position).values<int64_t>().data());
  }
}

TEST(ArrowExport, ASchemaCanBeAskedForAfterTheBatch) {
  ArrowArrayStream stream{};
  export_stream(testing::make_bars(5), &stream);
  ArrowArray array{};
  ASSERT_EQ(stream.get_next(&stream, &array), 0);
  array.release(&array);
  ASSERT_EQ(stream.get_next(&stream, &array), 0);
  EXPECT_EQ(array.release, nullptr);
  ArrowSchema schema{};
  ASSERT_EQ(stream.get_schema(&stream, &schema), 0);
  EXPECT_EQ(import_schema(&schema).size(), 6U);
  EXPECT_EQ(stream.get_last_error(&stream), nullptr);
  stream.release(&stream);
  EXPECT_EQ(stream.release, nullptr);
}

TEST(ArrowExport, ChildrenMayBeMovedAway) {
  ArrowSchema schema{};
  ArrowArray array{};
  export_table(testing::make_bars(5), &schema, &array);
  ArrowArray close = *array.children[4];
  array.children[4]->release = nullptr;
  array.release(&array);
  EXPECT_EQ(close.length, 5);
  EXPECT_GT(static_cast<const double*>(close.buffers[1])[4], 0.0);
  close.release(&close);
  ArrowSchema close_schema = *schema.children[4];
  schema.children[4]->release = nullptr;
  schema.release(&schema);
  EXPECT_STREQ(close_schema.name, "close");
  close_schema.release(&close_schema);
}

TEST(ArrowExport, BuffersOutliveTheTable) {
  ArrowArrayStream stream{};
  {
    const Table bars = testing::make_bars(1000);
    export_stream(bars, &stream);
  }
  EXPECT_EQ(difference(import_table(&stream), testing::make_bars(1000)), "");
}

TEST(ArrowExport, StringsLeaveUncopied) {
  const Column column = make_column(DataType::string(), {"ab", "c", "def"});
  const Table table(Schema({{"s", DataType::string()}}), {column.slice(1, 2)});
  ArrowSchema schema{};
  ArrowArray array{};
  export_table(table, &schema, &array);
  EXPECT_STREQ(schema.children[0]->format, "U");
  EXPECT_EQ(array.children[0]->offset, 1);
  EXPECT_EQ(array.children[0]->buffers[1], column.parts().offsets->data());
  EXPECT_EQ(array.children[0]->buffers[2], column.parts().values->data());
  array.release(&array);
  schema.release(&schema);
}

TEST(ArrowExport, TheFormatDoesNotDependOnTheRows) {
  constexpr int64_t kSize = int64_t{1} << 31;  // reserved, never touched
  const std::vector<int64_t> bounds = {0, kSize - 1, kSize};
  const Column binary({.type = DataType::binary(),
                       .length = 2,
                       .values = base::MutableBuffer::allocate(kSize).finish(),
                       .offsets = make_column<int64_t>(DataType::int64(), bounds).parts().values});
  for (const int64_t rows : {0, 1, 2}) {
    const Table table(Schema({{"b", DataType::binary()}}), {binary.slice(0, rows)});
    ArrowArrayStream stream{};
    export_stream(table, &stream);
    ArrowSchema schema{};
    ASSERT_EQ(stream.get_schema(&stream, &schema), 0);
    EXPECT_STREQ(schema.children[0]->format, "Z");
    schema.release(&schema);
    EXPECT_EQ(import_table(&stream).column("b").offsets().back(), bounds[static_cast<size_t>(rows)]);
  }
}

TEST(ArrowExport, EveryBufferButValidityHasAnAddress) {
  ArrowSchema schema{};
  ArrowArray array{};
  std::vector<Field> fields;
  for (const DataType& type : testing::all_types()) fields.push_back({"c" + std::to_string(fields.size()), type});
  export_table(Table::empty(Schema(fields)), &schema, &array);
  for (int64_t column = 0; column < array.n_children; ++column) {
    const ArrowArray& child = *array.children[column];
    for (int64_t buffer = 1; buffer < child.n_buffers; ++buffer) EXPECT_NE(child.buffers[buffer], nullptr);
  }
  array.release(&array);
  schema.release(&schema);
}

TEST(ArrowImport, ReadsFormatsAsTypes) {
  const std::vector<std::pair<const char*, std::string>> formats = {{"n", "null"},
                                                                    {"b", "boolean"},
                                                                    {"c", "int8"},
                                                                    {"C", "uint8"},
                                                                    {"s", "int16"},
                                                                    {"S", "uint16"},
                                                                    {"i", "int32"},
                                                                    {"I", "uint32"},
                                                                    {"l", "int64"},
                                                                    {"L", "uint64"},
                                                                    {"e", "float16"},
                                                                    {"f", "float32"},
                                                                    {"g", "float64"},
                                                                    {"u", "string"},
                                                                    {"U", "string"},
                                                                    {"vu", "string"},
                                                                    {"z", "binary"},
                                                                    {"Z", "binary"},
                                                                    {"vz", "binary"},
                                                                    {"w:7", "binary(7)"},
                                                                    {"tdD", "date"},
                                                                    {"tdm", "date"},
                                                                    {"tts", "time[s]"},
                                                                    {"ttm", "time[ms]"},
                                                                    {"ttu", "time[us]"},
                                                                    {"ttn", "time[ns]"},
                                                                    {"tDs", "duration[s]"},
                                                                    {"tDm", "duration[ms]"},
                                                                    {"tDn", "duration[ns]"},
                                                                    {"tss:", "timestamp[s]"},
                                                                    {"tsu:UTC", "timestamp[us, UTC]"},
                                                                    {"tsn:+02:00", "timestamp[ns, +02:00]"},
                                                                    {"d:9,2", "decimal(9, 2)"},
                                                                    {"d:9,2,32", "decimal(9, 2)"},
                                                                    {"d:18,0,64", "decimal(18, 0)"},
                                                                    {"d:38,38,128", "decimal(38, 38)"},
                                                                    {"d:38,3,256", "decimal(38, 3)"}};
  for (const auto& [format, type] : formats) {
    Producer producer(format, 0, {});
    EXPECT_EQ(to_string(import_schema(&producer.schema)[0].type), type) << format;
  }
}

TEST(ArrowImport, TypesThatVarveDoesNotHaveAreNotSupported) {
  for (const char* format :
       {"+l", "+L", "+s", "+m", "+w:3", "+ud:0,1", "+r", "+vl", "tiM", "tiD", "tin", "d:39,2,256", "d:5,-2", "d:5,6"}) {
    Producer producer(format, 0, {});
    expect_error(ErrorKind::kNotSupported, "column x", [&] { import_schema(&producer.schema); });
    EXPECT_EQ(producer.schema.release, nullptr) << "released on errors too";
  }
}

TEST(ArrowImport, FormatsThatAreNoneAreRefused) {
  for (const char* format : {"",     "x",     "ts", "tsn", "tsq:",    "tt",    "ttx",         "tdx",   "ttss", "w:",
                             "w:-1", "w:1,2", "d:", "d:5", "d:5,2,7", "d:0,0", "d:5,2,128,1", "d:a,b", "vx",   "ii"}) {
    Producer producer(format, 0, {});
    expect_error(ErrorKind::kInvalidArgument, "column x has the Arrow format",
                 [&] { import_schema(&producer.schema); });
  }
}

TEST(ArrowImport, ASchemaThatIsNoTableIsRefused) {
  Producer producer("l", 0, {});
  producer.schema.format = "l";
  expect_error(ErrorKind::kInvalidArgument, "not of a table", [&] { import_schema(&producer.schema); });
  expect_error(ErrorKind::kInvalidArgument, "released", [&] { import_schema(&producer.schema); });
  Producer missing("l", 0, {});
  missing.schema.children = nullptr;
  expect_error(ErrorKind::kInvalidArgument, "not there", [&] { import_schema(&missing.schema); });
}

TEST(ArrowImport, ReleasesTheArrayWithTheLastColumnThatShowsIt) {
  Producer producer("l", 3, values_of<int64_t>({1, 2, 3}));
  Column column = producer.read();
  EXPECT_EQ(producer.array.release, nullptr);
  EXPECT_EQ(producer.releases, 0);
  Column slice = column.slice(1, 1);
  column = {};
  EXPECT_EQ(slice.values<int64_t>()[0], 2);
  EXPECT_EQ(producer.releases, 0);
  std::thread([last = std::exchange(slice, {})]() mutable { last = {}; }).join();
  EXPECT_EQ(producer.releases, 1);
}

TEST(ArrowImport, CountsNullsAndObeysOffsetsOfStructAndColumn) {
  Producer producer("l", 8, values_of<int64_t>({0, 1, 2, 3, 4, 5, 6, 7}, {0b10110111}));
  producer.column().length = 6;
  producer.column().offset = 2;
  producer.array.length = 4;
  producer.array.offset = 1;
  EXPECT_EQ(cells(producer.read()), (Cells{std::nullopt, "4", "5", std::nullopt}));
}

TEST(ArrowImport, AColumnShorterThanItsBatchIsRefused) {
  Producer producer("l", 3, values_of<int64_t>({1, 2, 3}));
  producer.array.offset = 1;
  producer.expect_refused(ErrorKind::kInvalidArgument, "has 3 rows where the batch has 4");
}

TEST(ArrowImport, RowsThatAreNullAsAWholeAreNotSupported) {
  const uint8_t bits = 0b101;
  Producer producer("l", 3, values_of<int64_t>({1, 2, 3}));
  producer.set_struct_validity(&bits);
  producer.expect_refused(ErrorKind::kNotSupported, "null as a whole");
  const uint8_t all = 0b111;
  Producer good("l", 3, values_of<int64_t>({1, 2, 3}));
  good.set_struct_validity(&all);
  EXPECT_EQ(good.read().length(), 3);
}

TEST(ArrowImport, CopiesWhatIsNotAligned) {
  EXPECT_EQ(cells(Producer("l", 2, values_of<int64_t>({1, 2}, {0b10}, 4)).read()), (Cells{std::nullopt, "2"}));
  const Column decimals = Producer("d:20,1", 2, values_of<Int128>({15, -25}, {}, 8)).read();
  EXPECT_EQ(cells(decimals), (Cells{"1.5", "-2.5"}));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(decimals.values<Int128>().data()) % 16, 0U);
  EXPECT_EQ(cells(Producer("u", 2, text_of<int32_t>({0, 1, 3}, "abc", 2)).read()), (Cells{"a", "bc"}));
  EXPECT_EQ(cells(Producer("U", 2, text_of<int64_t>({0, 1, 3}, "abc", 4)).read()), (Cells{"a", "bc"}));
}

TEST(ArrowImport, WidensAndNarrowsDecimals) {
  struct Wide {
    int64_t words[4];
  };
  EXPECT_EQ(cells(Producer("d:5,2,32", 2, values_of<int32_t>({150, -1})).read()), (Cells{"1.50", "-0.01"}));
  EXPECT_EQ(cells(Producer("d:5,2,64", 1, values_of<int64_t>({-99999})).read()), (Cells{"-999.99"}));
  EXPECT_EQ(cells(Producer("d:5,2,256", 2, values_of<Wide>({{150, 0, 0, 0}, {-1, -1, -1, -1}})).read()),
            (Cells{"1.50", "-0.01"}));
  Producer("d:38,2,256", 1, values_of<Wide>({{0, 0, 1, 0}})).expect_refused(ErrorKind::kInvalidArgument, "row 0");
  Producer("d:5,2", 1, values_of<Int128>({100'000})).expect_refused(ErrorKind::kInvalidArgument, "more digits");
}

TEST(ArrowImport, TurnsDate64IntoDays) {
  EXPECT_EQ(cells(Producer("tdm", 2, values_of<int64_t>({86'400'000, -86'400'000})).read()),
            (Cells{"1970-01-02", "1969-12-31"}));
  Producer("tdm", 1, values_of<int64_t>({1})).expect_refused(ErrorKind::kInvalidArgument, "does not fit date");
}

template <typename T>
void expect_indices_read(const char* format) {
  Producer values("u", 2, text_of<int32_t>({0, 1, 3}, "abb"));
  Producer producer(format, 4, values_of<T>({0, 1, 1, 0}, {0b1101}));
  EXPECT_EQ(cells(producer.with_dictionary(values).read()), (Cells{"a", std::nullopt, "bb", "a"})) << format;
}

TEST(ArrowImport, ReadsDictionaryIndicesOfEveryWidth) {
  expect_indices_read<int8_t>("c");
  expect_indices_read<int16_t>("s");
  expect_indices_read<int32_t>("i");
  expect_indices_read<int64_t>("l");
  expect_indices_read<uint8_t>("C");
  expect_indices_read<uint16_t>("S");
  expect_indices_read<uint32_t>("I");
  expect_indices_read<uint64_t>("L");
}

TEST(ArrowImport, IndicesOutsideTheDictionaryAreRefused) {
  Producer values("u", 1, text_of<int32_t>({0, 1}, "a"));
  Producer beyond("i", 1, values_of<int32_t>({1}));
  beyond.with_dictionary(values).expect_refused(ErrorKind::kInvalidArgument, "points to value 1 of a dictionary of 1");
  Producer wide("L", 1, values_of<uint64_t>({uint64_t{1} << 32}));
  wide.with_dictionary(values).expect_refused(ErrorKind::kInvalidArgument, "row 0");
  Producer null_row("l", 2, values_of<int64_t>({int64_t{-1} << 40, 0}, {0b10}));
  EXPECT_EQ(cells(null_row.with_dictionary(values).read()), (Cells{std::nullopt, "a"}));
}

TEST(ArrowImport, RowsThatPointToANullValueBecomeNull) {
  std::vector<Block> blocks;
  blocks.push_back(Block::of<uint8_t>({0b01}));
  blocks.push_back(Block::of<int32_t>({0, 1, 2}));
  blocks.push_back(Block::of("ab"));
  Producer values("u", 2, std::move(blocks));
  Producer producer("i", 3, values_of<int32_t>({0, 1, 0}));
  const Column column = producer.with_dictionary(values).read();
  EXPECT_EQ(cells(column), (Cells{"a", std::nullopt, "a"}));
  EXPECT_EQ(column.dictionary().null_count(), 0);
}

TEST(ArrowImport, DictionariesOfNestedValuesAreNotSupported) {
  Producer values("+l", 0, {});
  Producer producer("i", 0, values_of<int32_t>({}));
  producer.with_dictionary(values).expect_refused(ErrorKind::kNotSupported, "nested");
  Producer inner("u", 0, text_of<int32_t>({0}, ""));
  Producer middle("i", 0, values_of<int32_t>({}));
  middle.with_dictionary(inner);
  Producer outer("i", 0, values_of<int32_t>({}));
  outer.with_dictionary(middle).expect_refused(ErrorKind::kNotSupported, "dictionary of dictionaries");
}

TEST(ArrowImport, DictionariesWithoutValuesOrIndicesAreRefused) {
  Producer values("u", 1, text_of<int32_t>({0, 1}, "a"));
  Producer floats("g", 1, values_of<double>({0}));
  floats.with_dictionary(values).expect_refused(ErrorKind::kInvalidArgument, "float64 for indices");
  Producer lost("i", 1, values_of<int32_t>({0}));
  lost.with_dictionary(values).column().dictionary = nullptr;
  lost.expect_refused(ErrorKind::kInvalidArgument, "no dictionary");
}

TEST(ArrowImport, OffsetsThatContradictThemselvesAreRefused) {
  const auto refused = [](const char* format, std::vector<Block> blocks, std::string_view part) {
    Producer(format, 2, std::move(blocks)).expect_refused(ErrorKind::kInvalidArgument, part);
  };
  refused("u", text_of<int32_t>({0, 2, 1}, "ab"), "fall from 2 to 1");
  refused("u", text_of<int32_t>({-1, 0, 1}, "ab"), "column x");
  refused("u", text_of<int32_t>({0, 1, -1}, "ab"), "offset of -1");
  refused("U", text_of<int64_t>({0, 2, 1}, "ab"), "fall from 2 to 1");
  refused("U", text_of<int64_t>({-1, 0, 1}, "ab"), "column x");
  refused("u", text_of<int32_t>({0, 1, 2}, "\xC3\xA9"), "not UTF-8");
}

TEST(ArrowImport, MissingBuffersAreRefusedUnlessTheyWouldBeEmpty) {
  std::vector<Block> none;
  none.push_back(Block::absent());
  none.push_back(Block::absent());
  Producer("l", 1, std::move(none)).expect_refused(ErrorKind::kInvalidArgument, "lacks buffer 1");
  Producer("l", 1, {}).expect_refused(ErrorKind::kInvalidArgument, "has 0 buffers, not 2");
  std::vector<Block> text;
  text.push_back(Block::absent());
  text.push_back(Block::of<int32_t>({0, 0}));
  text.push_back(Block::absent());
  EXPECT_EQ(cells(Producer("u", 1, std::move(text)).read()), (Cells{""}));
  for (const char* format : {"l", "b", "w:3", "d:5,2"}) {
    std::vector<Block> empty;
    empty.push_back(Block::absent());
    empty.push_back(Block::absent());
    EXPECT_EQ(Producer(format, 0, std::move(empty)).read().length(), 0);
  }
}

TEST(ArrowImport, LengthsThatAreNoneAreRefused) {
  Producer negative("l", -1, values_of<int64_t>({1}));
  negative.expect_refused(ErrorKind::kInvalidArgument, "-1 rows");
  Producer huge("l", std::numeric_limits<int64_t>::max(), values_of<int64_t>({1}));
  huge.expect_refused(ErrorKind::kInvalidArgument, "rows");
  Producer offset("l", 1, values_of<int64_t>({1}));
  offset.column().offset = -5;
  offset.expect_refused(ErrorKind::kInvalidArgument, "from row -5");
}

TEST(ArrowImport, ABatchThatDoesNotMatchTheSchemaIsRefused) {
  Producer producer("l", 1, values_of<int64_t>({1}));
  producer.array.n_children = 0;
  producer.expect_refused(ErrorKind::kInvalidArgument, "0 columns under a schema of 1");
  expect_error(ErrorKind::kInvalidArgument, "released", [&] { import_batch(&producer.array, producer.schema); });
}

TEST(ArrowImport, AFieldThatMayNotHoldNullsMustNot) {
  Producer producer("l", 2, values_of<int64_t>({1, 2}, {0b01}));
  producer.column_schema().flags = 0;
  producer.expect_refused(ErrorKind::kInvalidArgument, "column x may not hold nulls");
}

// A view as the specification lays it out.
struct View {
  int32_t length = 0;
  char prefix[4] = {};
  int32_t buffer = 0;
  int32_t offset = 0;
};
View short_view(std::string_view text) {
  View view;
  view.length = static_cast<int32_t>(text.size());
  std::memcpy(reinterpret_cast<char*>(&view) + 4, text.data(), text.size());
  return view;
}
View long_view(int32_t length, int32_t buffer, int32_t offset) {
  return {.length = length, .prefix = {}, .buffer = buffer, .offset = offset};
}
std::vector<Block> views_of(const std::vector<View>& views, std::string_view bytes,
                            const std::vector<uint8_t>& validity = {}) {
  std::vector<Block> blocks = values_of(views, validity);
  blocks.push_back(Block::of(bytes));
  blocks.push_back(Block::of<int64_t>({static_cast<int64_t>(bytes.size())}));
  return blocks;
}

TEST(ArrowImport, ReadsStringViews) {
  const std::string bytes = "0123456789abcdefghij";
  const Column column =
      Producer("vu", 4,
               views_of({short_view("abc"), long_view(13, 0, 7), long_view(-5, 9, 9), short_view("twelve bytes")},
                        bytes, {0b1011}))
          .read();
  EXPECT_EQ(cells(column), (Cells{"abc", "789abcdefghij", std::nullopt, "twelve bytes"}));
}

TEST(ArrowImport, ViewsThatPointNowhereAreRefused) {
  const std::string bytes = "0123456789abcdefghij";
  for (const View& view : {long_view(13, 0, 8), long_view(13, 1, 0), long_view(13, -1, 0), long_view(13, 0, -1),
                           long_view(-1, 0, 0), long_view(std::numeric_limits<int32_t>::max(), 0, 1)}) {
    Producer("vu", 1, views_of({view}, bytes)).expect_refused(ErrorKind::kInvalidArgument, "has a view");
  }
}

// A stream that fails at the call of its choice.
struct FailingStream {
  int schema_status = 0;
  int releases = 0;

  ArrowArrayStream open() {
    return {.get_schema =
                [](ArrowArrayStream* stream, ArrowSchema* out) {
                  const auto& self = *static_cast<FailingStream*>(stream->private_data);
                  if (self.schema_status == 0) export_schema(testing::make_bars(0).schema(), out);
                  return self.schema_status;
                },
            .get_next = [](ArrowArrayStream*, ArrowArray*) { return 5; },
            .get_last_error = [](ArrowArrayStream*) { return "the cable is cut"; },
            .release =
                [](ArrowArrayStream* stream) {
                  ++static_cast<FailingStream*>(stream->private_data)->releases;
                  stream->release = nullptr;
                },
            .private_data = this};
  }
};

TEST(ArrowImport, AStreamThatFailsIsReleasedAndItsReasonTold) {
  for (const int schema_status : {0, 12}) {
    FailingStream failing{.schema_status = schema_status};
    ArrowArrayStream stream = failing.open();
    expect_error(ErrorKind::kInvalidArgument, "the cable is cut", [&] { import_stream(&stream); });
    EXPECT_EQ(failing.releases, 1);
    expect_error(ErrorKind::kInvalidArgument, "released", [&] { import_table(&stream); });
  }
}

}  // namespace
}  // namespace varve

#include "varve/parquet/explain.h"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "varve/base/memory_file.h"
#include "varve/parquet/writer.h"
#include "varve/table/print.h"

#include "support/errors.h"
#include "support/parquet/handmade_file.h"
#include "support/table/random_table.h"

namespace varve::parquet {
namespace {

using namespace varve::testing;  // NOLINT(google-build-using-namespace): the fixtures' verbs

const Field kInt64{"x", DataType::int64()};
const Field kRequired{"x", DataType::int64(), false};
const Field kSymbol{"x", DataType::string(), false};

// What explain says, cell by cell; "-" for null.
class Explained {
 public:
  explicit Explained(Bytes file, const ExplainOptions& options = {})
      : table_(explain(Reader::open(std::make_unique<base::MemoryFile>(std::move(file)), "some.parquet"), options)) {}
  explicit Explained(const HandmadeFile& file, const ExplainOptions& options = {})
      : Explained(file.finish(), options) {}
  Explained(const Table& table, const WriteOptions& write, const ExplainOptions& options = {})
      : Explained(written(table, write), options) {}

  [[nodiscard]] int64_t rows() const { return table_.num_rows(); }
  [[nodiscard]] std::string cell(const char* name, int64_t row = 0) const {
    const Column& column = table_.column(name);
    return column.is_null(row) ? "-" : table::value_text(column, row);
  }
  [[nodiscard]] int64_t number(const char* name, int64_t row = 0) const {
    return table_.column(name).values<int64_t>()[static_cast<size_t>(row)];
  }
  [[nodiscard]] std::string range(int64_t row = 0) const { return cell("min", row) + " to " + cell("max", row); }

  static Bytes written(const Table& table, const WriteOptions& options) {
    Bytes bytes;
    write_table(
        table, [&](std::span<const std::byte> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); },
        options);
    return bytes;
  }

 private:
  Table table_;
};

Table one_column(const DataType& type, const Column& column) { return Table(Schema({{"x", type}}), {column}); }

template <typename T>
Table one_column(const DataType& type, std::initializer_list<T> values) {
  return one_column(type, make_column<T>(type, std::span(values.begin(), values.size())));
}

void expect_corruption(std::string_view part, const HandmadeFile& file) {
  expect_error(ErrorKind::kCorruption, part, [&] { Explained{file}; });
}

TEST(Explain, GivesARowForEachRowGroupAndColumn) {
  const Explained view(make_bars(1000), {.rows_per_group = 400});
  ASSERT_EQ(view.rows(), 18);
  EXPECT_EQ(view.cell("row_group", 17), "2");
  EXPECT_EQ(view.cell("column", 17), "volume");
  EXPECT_EQ(view.cell("values", 17), "200");
  EXPECT_EQ(view.cell("type", 6), "timestamp[ns, UTC]");
  EXPECT_EQ(view.cell("physical", 7), "DOUBLE");
}

TEST(Explain, SumsRowGroupsUpByColumn) {
  const Table bars = make_bars(1000);
  const Explained chunks(bars, {.rows_per_group = 400, .rows_per_page = 100});
  const Explained columns(bars, {.rows_per_group = 400, .rows_per_page = 100}, {.by_row_group = false});
  ASSERT_EQ(columns.rows(), 6);
  for (const char* name : {"stored_bytes", "uncompressed_bytes", "pages", "compressed_pages", "values"}) {
    EXPECT_EQ(columns.number(name, 1), chunks.number(name, 1) + chunks.number(name, 7) + chunks.number(name, 13))
        << name;
  }
  EXPECT_EQ(columns.cell("row_groups"), "3");
  EXPECT_EQ(columns.cell("min"), chunks.cell("min", 0));
  EXPECT_EQ(columns.cell("max"), chunks.cell("max", 12));
}

TEST(Explain, BytesAreThoseOfTheFile) {
  const Bytes file = Explained::written(make_bars(5000), {});
  const Explained view(file);
  const Reader reader = Reader::open(std::make_unique<base::MemoryFile>(file), "some.parquet");
  for (size_t column = 0; column < 6; ++column) {
    const ColumnMetaData& meta = *reader.metadata().row_groups[0].columns[column].meta_data;
    EXPECT_EQ(view.number("stored_bytes", static_cast<int64_t>(column)), meta.total_compressed_size);
    EXPECT_EQ(view.number("uncompressed_bytes", static_cast<int64_t>(column)), meta.total_uncompressed_size);
  }
}

TEST(Explain, BytesAValueAreRounded) {
  HandmadeFile file(kRequired);
  file.page_v1(3, bytes_of<int64_t>({1, 2, 3})).end_group();
  const Explained view(file);
  EXPECT_EQ(
      view.cell("bytes_per_value"),
      table::value_text(
          make_column<double>(
              DataType::float64(),
              std::vector<double>{std::round(static_cast<double>(view.number("stored_bytes")) / 3 * 1000) / 1000}),
          0));
}

TEST(Explain, NamesEncodingsInTheOrderOfTheirPages) {
  HandmadeFile file(kRequired);
  file.dictionary(2, bytes_of<int64_t>({100, 200}));
  file.page_v1(3, indices(1, {1, 0, 1}), Encoding::kRleDictionary);
  file.page_v1(1, bytes_of<int64_t>({5})).page_v1(2, indices(1, {0, 0}), Encoding::kRleDictionary).end_group();
  const Explained view(file);
  EXPECT_EQ(view.cell("encodings"), "RLE_DICTIONARY, PLAIN");
  EXPECT_EQ(view.cell("dictionary_values"), "2");
  EXPECT_EQ(view.cell("pages"), "3");
}

TEST(Explain, NumbersNobodyKnowsAreShownAsTheyAre) {
  HandmadeFile file(kRequired);
  file.page_v1(1, bytes_of<int64_t>({5}), static_cast<Encoding>(77)).end_group();
  EXPECT_EQ(Explained(file).cell("encodings"), "77");
}

TEST(Explain, CountsCompressedPages) {
  const Table flat =
      one_column(DataType::string(),
                 make_column(DataType::string(), std::vector<std::optional<std::string>>(3000, std::string(300, 'a'))));
  const Explained zstd(flat, {.compression = parse_compression("zstd"), .rows_per_page = 1000});
  EXPECT_EQ(zstd.cell("codec"), "ZSTD");
  EXPECT_GE(zstd.number("pages"), zstd.number("compressed_pages"));
  const Explained none(flat, {.compression = parse_compression("none")});
  EXPECT_EQ(none.cell("codec") + none.cell("compressed_pages"), "UNCOMPRESSED0");
}

TEST(Explain, NullsComeFromStatisticsOrFromPages) {
  HandmadeFile told(kInt64);
  told.page_v1(2, prefixed(rle_bits({1, 0})) + bytes_of<int64_t>({7})).end_group();
  EXPECT_EQ(Explained(told).cell("nulls"), "-");
  told.chunk().statistics = Statistics{.null_count = 1};
  EXPECT_EQ(Explained(told).cell("nulls"), "1");
  told.chunk().statistics = Statistics{.null_count = 3};
  EXPECT_EQ(Explained(told).cell("nulls"), "-");
  HandmadeFile counted(kInt64);
  counted.page_v2(3, 2, rle_bits({0, 1, 0}), bytes_of<int64_t>({9})).end_group();
  EXPECT_EQ(Explained(counted).cell("nulls"), "2");
}

TEST(Explain, ShowsLeastAndGreatestAsReadsWouldGiveThem) {
  EXPECT_EQ(Explained(one_column<int64_t>(DataType::int64(), {-5, 7}), {}).range(), "-5 to 7");
  EXPECT_EQ(Explained(one_column<uint64_t>(DataType::uint64(), {1, ~uint64_t{0}}), {}).range(),
            "1 to 18446744073709551615");
  EXPECT_EQ(Explained(one_column<double>(DataType::float64(), {1.5, -0.25}), {}).range(), "-0.25 to 1.5");
  EXPECT_EQ(Explained(one_column<int32_t>({.id = TypeId::kDate}, {0, 1}), {}).range(), "1970-01-01 to 1970-01-02");
  EXPECT_EQ(Explained(one_column<Int128>(DataType::decimal(30, 2), {-150, 25}), {}).range(), "-1.50 to 0.25");
  EXPECT_EQ(Explained(one_column<Int128>(DataType::decimal(9, 2), {-150, 25}), {}).range(), "-1.50 to 0.25");
  EXPECT_EQ(Explained(one_column<int64_t>(DataType::timestamp(TimeUnit::kSecond, "UTC"), {0, 60}), {}).range(),
            "1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z");
  EXPECT_EQ(Explained(one_column<bool>(DataType::boolean(), {true, false}), {}).range(), "false to true");
}

TEST(Explain, ShowsStringsForPeople) {
  const auto range_of = [](const DataType& type, std::vector<std::optional<std::string>> values) {
    return Explained(one_column(type, make_column(type, values)), {}).range();
  };
  EXPECT_EQ(range_of(DataType::string(), {"beta", "alpha"}), "alpha to beta");
  EXPECT_EQ(range_of(DataType::dictionary(DataType::string()), {"beta", "alpha"}), "alpha to beta");
  EXPECT_EQ(range_of(DataType::binary(), {std::string("\xff\x01"), "a"}), "61 to ff01");
  EXPECT_EQ(range_of(DataType::string(), {std::string(60, 'a')}),
            std::string(40, 'a') + "… to " + std::string(40, 'a') + "…");
}

TEST(Explain, StatisticsOfAnotherSizeAreNotShown) {
  HandmadeFile file(kRequired);
  file.page_v1(1, bytes_of<int64_t>({5})).end_group();
  file.chunk().statistics = Statistics{.min_value = "abc", .max_value = std::string(8, '\1')};
  EXPECT_EQ(Explained(file).range(), "- to 72340172838076673");
}

TEST(Explain, TextThatIsNoTextIsShownInHexadecimal) {
  HandmadeFile file(kSymbol);
  file.page_v1(1, plain_strings({"a"})).end_group();
  file.chunk().statistics = Statistics{.min_value = "\xff\xfe", .max_value = "z"};
  EXPECT_EQ(Explained(file).range(), "fffe to z");
}

TEST(Explain, OldStatisticsOfSignedNumbersAreShown) {
  HandmadeFile file(kRequired);
  file.page_v1(1, bytes_of<int64_t>({5})).end_group();
  file.chunk().statistics = Statistics{.min = std::string(8, '\0'), .max = std::string(8, '\0')};
  EXPECT_EQ(Explained(file).range(), "0 to 0");
  HandmadeFile text(kSymbol);
  text.page_v1(1, plain_strings({"a"})).end_group();
  text.chunk().statistics = Statistics{.min = "a", .max = "a"};
  EXPECT_EQ(Explained(text).range(), "- to -");
}

TEST(Explain, RangesOfAColumnNeedThoseOfAllRowGroups) {
  HandmadeFile file(kRequired);
  file.page_v1(1, bytes_of<int64_t>({5})).end_group();
  file.page_v1(1, bytes_of<int64_t>({6})).end_group();
  file.chunk(0).statistics = Statistics{.min_value = std::string(8, '\1'), .max_value = std::string(8, '\1')};
  EXPECT_EQ(Explained(file, {.by_row_group = false}).range(), "- to -");
  file.chunk(1).statistics = Statistics{.min_value = std::string(8, '\0'), .max_value = std::string(8, '\2')};
  EXPECT_EQ(Explained(file, {.by_row_group = false}).range(), "0 to 144680345676153346");
}

TEST(Explain, FileWithoutRowsHasNothingToShow) {
  const Explained view(make_bars(0), {}, {.by_row_group = false});
  EXPECT_EQ(view.rows(), 0);
}

TEST(Explain, ChunkOutsideTheFileIsCorruption) {
  HandmadeFile file(kRequired);
  file.page_v1(1, bytes_of<int64_t>({5})).end_group();
  file.chunk().total_compressed_size = 1 << 20;
  expect_corruption("some.parquet: column x, row group 0: the chunk claims", file);
}

TEST(Explain, PagesThatHoldOtherValuesAreCorruption) {
  HandmadeFile file(kRequired);
  file.page_v1(1, bytes_of<int64_t>({5})).end_group();
  file.chunk().num_values = 2;
  file.metadata().row_groups[0].num_rows = 2;
  file.metadata().num_rows = 2;
  expect_corruption("claims 2 values, its pages hold 1", file);
}

TEST(Explain, PageBeyondItsChunkIsCorruption) {
  HandmadeFile file(kRequired);
  file.page_v1(1, bytes_of<int64_t>({5})).end_group();
  file.chunk().total_compressed_size -= 1;
  expect_corruption("where 7 are left", file);
}

TEST(Explain, BytesThatAreNoHeaderAreCorruption) {
  HandmadeFile file(kRequired);
  file.page_v1(1, bytes_of<int64_t>({5})).end_group();
  file.chunk().data_page_offset += 3;
  file.chunk().total_compressed_size -= 3;
  expect_corruption("some.parquet: column x, row group 0", file);
}

TEST(Explain, ManyChunksOfTheSameBytesAreCorruption) {
  HandmadeFile file(kRequired);
  file.page_v1(64, Bytes(64 * 8)).end_group();
  for (int copies = 0; copies < 100; ++copies) {
    file.metadata().row_groups.push_back(file.metadata().row_groups[0]);
    file.metadata().num_rows += 64;
  }
  expect_corruption("the column chunks overlap", file);
}

TEST(Explain, HeadersLongerThanUsualAreRead) {
  HandmadeFile file(kRequired);
  PageHeader header{.type = PageType::kDataPage, .uncompressed_page_size = 8, .compressed_page_size = 8};
  header.data_page = DataPageHeader{.num_values = 1, .statistics = Statistics{.min_value = std::string(5000, 'a')}};
  file.page_v1(1, bytes_of<int64_t>({5})).raw(bytes_of(serialize(header)) + bytes_of<int64_t>({6})).end_group();
  file.chunk().num_values = 2;
  file.metadata().row_groups[0].num_rows = 2;
  file.metadata().num_rows = 2;
  EXPECT_EQ(Explained(file).cell("pages"), "2");
}

}  // namespace
}  // namespace varve::parquet

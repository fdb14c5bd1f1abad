#include "varve/ingest/csv_reader.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "varve/base/error.h"

#include "support/errors.h"
#include "support/random.h"

namespace varve::ingest {
namespace {

using testing::expect_error;
using testing::Random;
using Record = std::vector<std::string>;

// Hands `text` out `step` bytes at a time.
compress::ByteSource source_of(std::string text, size_t step) {
  return [text = std::move(text), step, at = size_t{0}](std::span<std::byte> out) mutable {
    const size_t count = std::min({out.size(), step, text.size() - at});
    std::memcpy(out.data(), text.data() + at, count);
    at += count;
    return count;
  };
}

std::vector<Record> read_all(CsvReader& reader) {
  std::vector<Record> records;
  while (reader.next()) {
    Record record;
    for (const CsvField& field : reader.fields()) record.emplace_back(field.text);
    records.push_back(std::move(record));
  }
  return records;
}

// Read with blocks of several sizes, which must not matter.
std::vector<Record> parse(const std::string& text, char delimiter = 0) {
  CsvReader whole(source_of(text, text.size() + 1), {.delimiter = delimiter});
  const std::vector<Record> records = read_all(whole);
  for (const size_t block : {size_t{1}, size_t{2}, size_t{7}}) {
    CsvReader reader(source_of(text, block), {.delimiter = delimiter, .block_bytes = block});
    EXPECT_EQ(read_all(reader), records) << "in blocks of " << block;
  }
  return records;
}

std::vector<int64_t> lines_of(const std::string& text) {
  CsvReader reader(source_of(text, 3), {.block_bytes = 3});
  std::vector<int64_t> lines;
  while (reader.next()) lines.push_back(reader.line());
  return lines;
}

TEST(CsvReader, SplitsRecordsAndFields) {
  EXPECT_EQ(parse("a,b\n1,2\n3,4\n"), (std::vector<Record>{{"a", "b"}, {"1", "2"}, {"3", "4"}}));
}

TEST(CsvReader, LastLineMayLackItsEnd) { EXPECT_EQ(parse("a,b\n1,2"), (std::vector<Record>{{"a", "b"}, {"1", "2"}})); }

TEST(CsvReader, KeepsEmptyFields) { EXPECT_EQ(parse(",\n,,\n"), (std::vector<Record>{{"", ""}, {"", "", ""}})); }

TEST(CsvReader, TakesCarriageReturnsBeforeLineEnds) {
  EXPECT_EQ(parse("a,b\r\n1,\"2\"\r\n3,4\r"), (std::vector<Record>{{"a", "b"}, {"1", "2"}, {"3", "4"}}));
}

TEST(CsvReader, PassesOverEmptyLinesAndByteOrderMark) {
  EXPECT_EQ(parse("\xEF\xBB\xBF\n\r\na,b\n\n1,2\n\r\n"), (std::vector<Record>{{"a", "b"}, {"1", "2"}}));
}

TEST(CsvReader, NothingGivesNoRecord) {
  for (const char* text : {"", "\n", "\r\n\r\n", "\r", "\xEF\xBB\xBF"}) EXPECT_TRUE(parse(text).empty());
}

TEST(CsvReader, QuotedFieldsHoldAnything) {
  EXPECT_EQ(parse("\"a,b\",\"c\r\nd\",\"say \"\"x\"\"\",\"\"\n"),
            (std::vector<Record>{{"a,b", "c\r\nd", "say \"x\"", ""}}));
}

TEST(CsvReader, QuoteWithinPlainFieldIsALetter) {
  EXPECT_EQ(parse("5\" pipe,x\"\"y\n1,2\n"), (std::vector<Record>{{"5\" pipe", "x\"\"y"}, {"1", "2"}}));
}

TEST(CsvReader, TellsQuotedEmptyFromEmpty) {
  CsvReader reader(source_of("\"\",\n", 1));
  ASSERT_TRUE(reader.next());
  EXPECT_TRUE(reader.fields()[0].quoted);
  EXPECT_FALSE(reader.fields()[1].quoted);
}

TEST(CsvReader, MarksTextBehindClosingQuote) {
  CsvReader reader(source_of("a,b,c\n1,\"2\"x,3\n4,5,6\n", 4));
  ASSERT_TRUE(reader.next() && reader.next());
  EXPECT_EQ(reader.faulty_field(), 1);
  EXPECT_EQ(reader.fields().size(), 3U);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.faulty_field(), -1);
}

TEST(CsvReader, FindsTheDelimiterOfTheFirstRecord) {
  for (const char delimiter : {',', ';', '\t', '|'}) {
    const std::string text = std::string("\"x,;|\t\"") + delimiter + "b" + delimiter + "c\n1,2;3|4\n";
    CsvReader reader(source_of(text, 5));
    ASSERT_TRUE(reader.next());
    EXPECT_EQ(reader.delimiter(), delimiter);
    EXPECT_EQ(reader.fields().size(), 3U);
  }
}

TEST(CsvReader, GivenDelimiterHoldsWhateverTheTextHas) {
  EXPECT_EQ(parse("a;b,c\n1;2,5\n", ';'), (std::vector<Record>{{"a", "b,c"}, {"1", "2,5"}}));
}

TEST(CsvReader, CountsLinesOfFieldsAndEmptyLines) {
  EXPECT_EQ(lines_of("a,b\n\"1\n2\n\",3\n\n\nx,y\r\nz,\"\n\""), (std::vector<int64_t>{1, 2, 7, 8}));
}

TEST(CsvReader, OpenQuoteIsAnErrorWithItsLine) {
  CsvReader reader(source_of("a,b\n1,2\n3,\"4\n5,6\n", 6));
  ASSERT_TRUE(reader.next() && reader.next());
  expect_error(ErrorKind::kInvalidArgument, "line 3", [&] { reader.next(); });
}

TEST(CsvReader, OpenQuoteDoesNotSwallowTheFileIntoMemory) {
  CsvReader reader(source_of("a,b\n1,\"" + std::string(5000, 'x'), 64), {.block_bytes = 64, .record_bytes_max = 1000});
  ASSERT_TRUE(reader.next());
  expect_error(ErrorKind::kInvalidArgument, "longer than 1000 bytes", [&] { reader.next(); });
}

TEST(CsvReader, RefusesUtf16) {
  for (const std::string mark : {"\xFF\xFE", "\xFE\xFF"}) {
    CsvReader reader(source_of(mark + std::string("a\0,\0", 4), 1));
    expect_error(ErrorKind::kInvalidArgument, "UTF-16", [&] { reader.next(); });
  }
}

std::string random_text(Random& random) {
  static const std::string kLetters = "ab,\"\n\r;|\t xé0";
  std::string text;
  for (int64_t left = random.between(0, 6); left > 0; --left) {
    text += kLetters[static_cast<size_t>(random.between(0, static_cast<int64_t>(kLetters.size()) - 1))];
  }
  return text;
}

std::string written(Random& random, const std::string& text, char delimiter) {
  const bool must = text.find_first_of(std::string("\"\n\r") + delimiter) != std::string::npos;
  if (!must && !random.one_in(3)) return text;
  std::string quoted = "\"";
  for (const char letter : text) quoted += letter == '"' ? "\"\"" : std::string(1, letter);
  return quoted + '"';
}

TEST(CsvReader, ReadsWhatWasWrittenInAnyQuotingAndAnyBlocks) {
  Random random;
  for (int round = 0; round < 400; ++round) {
    const char delimiter = random.pick(std::vector<char>{',', ';', '\t', '|'});
    const auto width = static_cast<size_t>(random.between(2, 5));
    std::vector<Record> records(static_cast<size_t>(random.between(1, 8)), Record(width));
    std::string text;
    for (Record& record : records) {
      for (std::string& field : record) field = random_text(random);
      for (size_t i = 0; i < width; ++i)
        text += (i == 0 ? "" : std::string(1, delimiter)) + written(random, record[i], delimiter);
      text += random.one_in(2) ? "\n" : "\r\n";
    }
    const auto block = static_cast<size_t>(random.between(1, 20));
    const auto step = static_cast<size_t>(random.between(1, 20));
    CsvReader reader(source_of(text, step), {.delimiter = delimiter, .block_bytes = block});
    ASSERT_EQ(read_all(reader), records) << "round " << round << ":\n" << text;
  }
}

TEST(CsvReader, SurvivesAnyBytes) {
  Random random;
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int64_t left = random.between(0, 200); left > 0; --left) {
      text +=
          random.one_in(2) ? static_cast<char>(random.between(0, 255)) : random.pick(std::vector<char>{',', '"', '\n'});
    }
    CsvReader reader(source_of(text, 16), {.block_bytes = 16, .record_bytes_max = 64});
    try {
      int64_t line = 0;
      while (reader.next()) {
        ASSERT_GT(reader.line(), line);
        line = reader.line();
        ASSERT_FALSE(reader.fields().empty());
      }
    } catch (const InvalidArgument&) {
      continue;  // an open quote: said, not crashed
    }
  }
}

}  // namespace
}  // namespace varve::ingest

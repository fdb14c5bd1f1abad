#include <string>

#include <gtest/gtest.h>

#include "varve/base/error.h"
#include "varve/table/predicate/parse.h"

#include "support/errors.h"

namespace varve {
namespace {

using testing::expect_error;

// What was understood, in words.
std::string read(std::string_view text) { return to_string(parse_predicate(text)); }

TEST(PredicateParse, ReadsComparisons) {
  EXPECT_EQ(read("close > 50000"), "close > 50000");
  EXPECT_EQ(read("close<=-1.5"), "close <= -1.5");
  EXPECT_EQ(read("a == 1 AND b <> 'x'"), "a = 1 and b != \"x\"");
  EXPECT_EQ(read("id = 18446744073709551615"), "id = 18446744073709551615");
  EXPECT_EQ(read("x >= 1e20"), "x >= 1e+20");
  EXPECT_EQ(read("flag = true"), "flag = true");
}

TEST(PredicateParse, BindsNotThenAndThenOr) {
  EXPECT_EQ(read("a = 1 or b = 2 and not c = 3"), "a = 1 or (b = 2 and not (c = 3))");
  EXPECT_EQ(read("(a = 1 or b = 2) and c = 3"), "(a = 1 or b = 2) and c = 3");
  EXPECT_EQ(read("true"), "true");
}

TEST(PredicateParse, ReadsListsNullsAndRanges) {
  EXPECT_EQ(read("venue in ('XNAS', \"ARCX\")"), "venue in (\"XNAS\", \"ARCX\")");
  EXPECT_EQ(read("venue not in ()"), "not (venue in ())");
  EXPECT_EQ(read("a is null or b IS NOT NULL"), "a is null or not (b is null)");
  EXPECT_EQ(read("a between 1 and 2 and b = 3"), "a >= 1 and a <= 2 and b = 3");
}

TEST(PredicateParse, ReadsTimesWithoutQuotes) {
  EXPECT_EQ(read("t >= 2024-03-05T10:15:00Z"), "t >= 2024-03-05T10:15:00Z");
  EXPECT_EQ(read("t < 2024-03-05T10:15:00+02:00"), "t < 2024-03-05T08:15:00Z");
  EXPECT_EQ(read("t = 2024-03-05"), "t = 2024-03-05");
  EXPECT_EQ(read("d > 1h30m"), "d > 1h30m");
}

TEST(PredicateParse, QuotesHoldAnything) {
  EXPECT_EQ(parse_predicate("a = 'it''s'").node().values[0], Scalar(std::string("it's")));
  EXPECT_EQ(parse_predicate("a = \"\"\"\"").node().values[0], Scalar(std::string("\"")));
  EXPECT_EQ(parse_predicate("`a ``b` = 1").node().column, "a `b");
}

TEST(PredicateParse, ReadsWhatIsWrittenOut) {
  for (const char* text : {"close > 100.5 and not (symbol in (\"A\", \"B\"))", "a = -5s or b is null", "false"}) {
    EXPECT_EQ(read(text), text);
  }
}

TEST(PredicateParse, TellsWhereItWentWrong) {
  const auto refused = [](std::string_view text, std::string_view part) {
    expect_error(ErrorKind::kInvalidArgument, part, [&] { parse_predicate(text); });
  };
  refused("", "expected a column at character 1, found the end");
  refused("close >", "expected a value");
  refused("close 5", "expected a comparison at character 7");
  refused("close = x", "texts stand in quotes");
  refused("close = 'x", "not closed");
  refused("close = 2024-03-05T10:15", "a moment with its zone");
  refused("(a = 1", "a closing bracket");
  refused("a = 1 b = 2", "expected and, or, or the end");
  refused("a = 1; b", "sign");
  refused("a in 5", "a list in brackets");
  refused(std::string(10000, '(') + "a = 1", "levels");
  std::string nots;
  for (int level = 0; level < 10000; ++level) nots += "not ";
  refused(nots + "a = 1", "levels");
}

}  // namespace
}  // namespace varve

#include "varve/cli/options.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "varve/base/error.h"

#include "support/errors.h"

namespace varve::cli {
namespace {

using ::testing::ElementsAre;
using testing::expect_error;
using ::testing::HasSubstr;

TEST(Counts, AreWholeNumbersFromTheLeastOn) {
  EXPECT_EQ(parse_count("0", 0), 0);
  EXPECT_EQ(parse_count("9223372036854775807", 1), 9223372036854775807);
  for (const char* text : {"-1", "", "many", "1.5", " 1", "1 ", "+1", "-99999999999999999999", "1e3"}) {
    expect_error(ErrorKind::kInvalidArgument, "is no whole number of at least 0", [&] { (void)parse_count(text, 0); });
  }
  expect_error(ErrorKind::kInvalidArgument, "\"0\" is no whole number of at least 1",
               [] { (void)parse_count("0", 1); });
}

TEST(Counts, BeyondTheirTypeAreNotClamped) {
  expect_error(ErrorKind::kInvalidArgument, "99999999999999999999 is more than 9223372036854775807",
               [] { (void)parse_count("99999999999999999999", 0); });
}

class Options : public ::testing::Test {
 protected:
  Options() {
    add_count(app_, "-n,--rows", rows_, 0);
    add_names(app_, "--columns", columns_);
    app_.add_option("KEY", key_);
  }
  // What the parser says, nothing if it is content.
  std::string parse(std::vector<std::string> words) {
    std::reverse(words.begin(), words.end());  // as the parser wants them
    try {
      app_.parse(words);
      return "";
    } catch (const CLI::ParseError& error) {
      return error.what();
    }
  }

  CLI::App app_;
  int64_t rows_ = 10;
  std::vector<std::string> columns_;
  std::string key_;
};

TEST_F(Options, CountsAreReadAndToldByName) {
  EXPECT_EQ(parse({}), "");
  EXPECT_EQ(rows_, 10);
  EXPECT_EQ(parse({"-n", "5"}), "");
  EXPECT_EQ(rows_, 5);
  EXPECT_EQ(parse({"--rows", "-1"}), "--rows: \"-1\" is no whole number of at least 0");
}

TEST_F(Options, NamesAreSplitAtCommas) {
  EXPECT_EQ(parse({"--columns", "open,close", "fx", "--columns", "volume"}), "");
  EXPECT_THAT(columns_, ElementsAre("open", "close", "volume"));
  EXPECT_EQ(key_, "fx");
}

TEST_F(Options, EmptyNamesAreRefused) {
  EXPECT_EQ(parse({"--columns", ""}), "--columns: the list is empty");
  EXPECT_EQ(parse({"--columns", "open,,close"}), "--columns: a name is empty in \"open,,close\"");
  EXPECT_EQ(parse({"--columns", "open,"}), "--columns: a name is empty in \"open,\"");
}

}  // namespace
}  // namespace varve::cli

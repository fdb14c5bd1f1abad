#include "varve/cli/exit_codes.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace varve::cli {
namespace {

TEST(ExitCodes, EveryKindHasTheCodeOfTheDesign) {
  const std::map<std::string_view, int> expected = {
      {"InvalidArgument", 2}, {"PathTraversal", 2},
      {"NotFound", 3},        {"AlreadyExists", 4},
      {"ConcurrentWrite", 5}, {"SchemaCompatibility", 6},
      {"Corruption", 7},      {"Io", 8},
      {"Unavailable", 9},     {"Timeout", 10},
      {"NotSupported", 11},   {"ReadOnly", 12},
      {"OutcomeUnknown", 13}, {"Cancelled", 130},
      {"Forked", 1},
  };
  EXPECT_EQ(expected.size(), kErrorKinds.size());
  for (const ErrorKind kind : kErrorKinds) {
    const auto found = expected.find(to_string(kind));
    ASSERT_NE(found, expected.end()) << to_string(kind) << " has no exit code";
    EXPECT_EQ(exit_code(kind), found->second) << to_string(kind);
  }
}

TEST(ExitCodes, NoErrorLooksLikeSuccessOrAFinding) {
  for (const ErrorKind kind : kErrorKinds) {
    EXPECT_NE(exit_code(kind), kExitDone);
    EXPECT_NE(exit_code(kind), kExitFound);
  }
}

TEST(ExitCodes, HelpNamesEveryCode) {
  const std::string text = "\n" + describe_exit_codes();
  for (const ErrorKind kind : kErrorKinds) {
    EXPECT_THAT(text, ::testing::HasSubstr(" " + std::to_string(exit_code(kind)) + "  "));
  }
  EXPECT_THAT(text, ::testing::HasSubstr("  20  something is not well: verify"));
}

}  // namespace
}  // namespace varve::cli

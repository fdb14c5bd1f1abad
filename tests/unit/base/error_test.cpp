#include "varve/base/error.h"

#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "varve/base/cancel.h"

#include "support/errors.h"

namespace varve {
namespace {

using testing::expect_error;

TEST(ErrorTest, EveryKindHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (const ErrorKind kind : kErrorKinds) names.insert(to_string(kind));
  EXPECT_EQ(names.size(), kErrorKinds.size());
  EXPECT_FALSE(names.contains("Unknown"));
  EXPECT_TRUE(names.contains("PathTraversal"));
}

TEST(ErrorTest, ListOfKindsLeavesNoneOut) {
  int expected = 0;
  for (const ErrorKind kind : kErrorKinds) EXPECT_EQ(static_cast<int>(kind), expected++);
  EXPECT_EQ(to_string(static_cast<ErrorKind>(expected)), "Unknown");
}

TEST(ErrorTest, ClassSaysKindAndMessage) {
  expect_error(ErrorKind::kNotFound, "no series fx/EUR", [] { throw NotFound("no series {}", "fx/EUR"); });
}

TEST(ErrorTest, IsCaughtAsErrorAndAsStandardException) {
  EXPECT_THROW(throw Corruption("page {}", 3), Error);
  EXPECT_THROW(throw Corruption("page {}", 3), std::runtime_error);
}

TEST(ErrorTest, ArgumentsStandInOrder) {
  EXPECT_EQ(format_message("{} of {} at {}", {1, std::string("two"), 'c'}), "1 of two at c");
}

TEST(ErrorTest, SurplusArgumentsAndHolesAreKeptApart) {
  EXPECT_EQ(format_message("{} and {}", {1}), "1 and {}");
  EXPECT_EQ(format_message("one", {1, 2}), "one");
  EXPECT_EQ(format_message("", {}), "");
}

TEST(ErrorTest, HolesInArgumentsAreNotFilled) { EXPECT_EQ(format_message("{} {}", {"{}", "x"}), "{} x"); }

TEST(ErrorTest, NumbersAreWrittenExactly) {
  EXPECT_EQ(MessageArgument(std::numeric_limits<int64_t>::min()).text(), "-9223372036854775808");
  EXPECT_EQ(MessageArgument(std::numeric_limits<uint64_t>::max()).text(), "18446744073709551615");
  EXPECT_EQ(MessageArgument(uint8_t{200}).text(), "200");
  EXPECT_EQ(MessageArgument(0.1).text(), "0.1");
  EXPECT_EQ(MessageArgument(-1e300).text(), "-1e+300");
  EXPECT_EQ(MessageArgument(true).text(), "true");
}

TEST(QuoteTest, KeepsTextAndLetters) {
  EXPECT_EQ(quote("fx/EUR USD"), "\"fx/EUR USD\"");
  EXPECT_EQ(quote("größe €😀"), "\"größe €😀\"");
  EXPECT_EQ(quote(""), "\"\"");
}

TEST(QuoteTest, ShowsControlBytesAsNumbers) {
  EXPECT_EQ(quote(std::string_view("a\nb\0c\x7f", 6)), "\"a\\x0ab\\x00c\\x7f\"");
}

TEST(QuoteTest, ShowsControlsBeyondAsciiAsNumbers) {
  EXPECT_EQ(quote("a\u0080b\u009Fc"), "\"a\\u{80}b\\u{9f}c\"");
  EXPECT_EQ(quote("\u2028\u2029"), "\"\\u{2028}\\u{2029}\"");
  EXPECT_EQ(quote("\u202A\u202E\u2066\u2069"), "\"\\u{202a}\\u{202e}\\u{2066}\\u{2069}\"");
  for (const char* shown : {"\u00A0", "\u00A1", "\u2027", "\u202F", "\u2065", "\u206A"}) {
    EXPECT_EQ(quote(shown), std::string("\"") + shown + "\"");
  }
}

TEST(QuoteTest, ShowsBytesThatAreNoLettersAsNumbers) {
  EXPECT_EQ(quote("\x80"), "\"\\x80\"");
  EXPECT_EQ(quote("\xC3"), "\"\\xc3\"");                             // cut off
  EXPECT_EQ(quote("\xC0\xAF"), "\"\\xc0\\xaf\"");                    // overlong
  EXPECT_EQ(quote("\xE0\x80\x80"), "\"\\xe0\\x80\\x80\"");           // overlong
  EXPECT_EQ(quote("\xED\xA0\x80"), "\"\\xed\\xa0\\x80\"");           // surrogate
  EXPECT_EQ(quote("\xF4\x90\x80\x80"), "\"\\xf4\\x90\\x80\\x80\"");  // past the last letter
  EXPECT_EQ(quote("\xF5\x80\x80\x80"), "\"\\xf5\\x80\\x80\\x80\"");
}

TEST(QuoteTest, CutsLongTextBetweenLetters) {
  EXPECT_EQ(quote(std::string(80, 'a')), '"' + std::string(80, 'a') + '"');
  EXPECT_EQ(quote(std::string(81, 'a')), '"' + std::string(80, 'a') + "...\"");
  EXPECT_EQ(quote(std::string(79, 'a') + "€"), '"' + std::string(79, 'a') + "...\"");
}

TEST(CancelTest, CopiesMeanTheSameFlag) {
  base::CancelToken asker;
  const base::CancelToken worker = asker;
  EXPECT_FALSE(worker.cancelled());
  EXPECT_NO_THROW(worker.check());
  asker.cancel();
  EXPECT_TRUE(worker.cancelled());
  expect_error(ErrorKind::kCancelled, "on request", [&] { worker.check(); });
}

}  // namespace
}  // namespace varve

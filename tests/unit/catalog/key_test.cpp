#include "varve/catalog/key.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "varve/base/character.h"
#include "varve/base/error.h"

#include "support/errors.h"
#include "support/random.h"

namespace varve::catalog {
namespace {

using ::varve::testing::Random;
using namespace std::string_literals;

void expect_refused(std::string_view key, std::string_view reason) {
  testing::expect_error(ErrorKind::kPathTraversal, reason, [&] { check_key(key); });
}

TEST(CheckKey, TakesOrdinaryKeys) {
  for (const char* key : {"forex/EUR_USD", "a", "BTC-USD", "x/y/z", "S&P 500", "a.b", "...", "..a", "a..", "~", "$HOME",
                          "\u65E5\u672C/\u682A", "fx/.varve", ".varve2", "CON", "%2E%2E/%2F", "{a,b}"}) {
    EXPECT_NO_THROW(check_key(key)) << key;
  }
}

TEST(CheckKey, RefusesEmptySegments) {
  expect_refused("", "it is empty");
  expect_refused("/", "begins with a slash");
  expect_refused("/a", "begins with a slash");
  expect_refused("a/", "ends with a slash");
  expect_refused("a//b", "empty segment");
}

TEST(CheckKey, RefusesToLeaveTheRoot) {
  for (const char* key : {"..", ".", "../a", "a/..", "a/../b", "a/./b", "./a"}) expect_refused(key, "are no segments");
  for (const char* key : {"a\\b", "..\\..", "C:\\x"}) expect_refused(key, "backslash");
  for (const char* key : {".varve", ".varve/objects", ".VARVE/x", ".vArVe"}) expect_refused(key, "the lake's own");
}

TEST(CheckKey, RefusesControlCharacters) {
  for (const std::string& key : {"a\0b"s, "\n"s, "a\x1B[2J"s, "a\x7F"s, "a/\u0085"s, "\u009F"s, "\u2028"s, "a\u2029b"s,
                                 "\u202Ea"s, "fx/\u2066x\u2069"s}) {
    expect_refused(key, "control character");
  }
}

TEST(CheckKey, RefusesWhatIsNotUtf8) {
  for (const char* key : {"\xFF", "a/\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80"}) {
    expect_refused(key, "not UTF-8");
  }
}

TEST(CheckKey, EscapesControlCharactersInTheMessage) {
  expect_refused("a\x1B[2J", "\"a\\x1b[2J\"");
  expect_refused("a\u202Ecsv.exe", "\"a\\u{202e}csv.exe\"");
}

TEST(CheckKey, TakesLettersOfAllWritings) {
  for (const char* key :
       {"\u00A0x", "\u05D0\u05D1", "\u0627/\u0628", "a\u200Db", "\u2027", "\u202F", "\u2065", "\u206A"}) {
    EXPECT_NO_THROW(check_key(key)) << key;
  }
}

TEST(CheckKey, LimitsSegments) {
  EXPECT_NO_THROW(check_key(std::string(kSegmentBytesMax, 'a')));
  expect_refused(std::string(kSegmentBytesMax + 1, 'a'), "201 bytes on disk");
  EXPECT_NO_THROW(check_key("x/" + std::string(kSegmentBytesMax - 2, 'a')));
  expect_refused("x/" + std::string(70, '%'), "210 bytes on disk");
}

TEST(CheckKey, LimitsTheWhole) {
  std::string key = std::string(199, 'a');
  for (int more = 0; more < 4; ++more) key += '/' + std::string(199, 'b');
  key += '/' + std::string(kKeyBytesMax - key.size() - 1, 'c');
  EXPECT_NO_THROW(check_key(key));
  expect_refused(key + "d", "1025 bytes");
}

TEST(KeyToPath, IsAsDocumented) {
  const std::map<std::string, std::string> expected = {
      {"forex/EUR_USD", "forex/EUR_USD"},
      {"\u20AC/S&P 500", "\u20AC/S&P 500"},
      {".hidden", "%2Ehidden"},
      {"_private/x_y", "%5Fprivate/x_y"},
      {"...", "%2E.%2E"},
      {"a.", "a%2E"},
      {"a ", "a%20"},
      {" a", "%20a"},
      {" ", "%20"},
      {"a%b", "a%25b"},
      {"year=2024", "year%3D2024"},
      {"*?[]<>|:\"", "%2A%3F%5B%5D%3C%3E%7C%3A%22"},
      {"BTC/USD:USDT", "BTC/USD%3AUSDT"},
      {"bars.parquet", "bars%2Eparquet"},
      {"bars.PARQUET", "bars%2EPARQUET"},
      {".parquet", "%2Eparquet"},
      {"bars.parquet.old", "bars.parquet.old"},
      {"con", "%63on"},
      {"NUL.txt", "%4EUL.txt"},
      {"fx/com1 .x", "fx/%63om1 .x"},
      {"LPT\u00B2", "%4CPT\u00B2"},
      {"CONIN$", "%43ONIN$"},
      {"console", "console"},
      {"com", "com"},
      {"com10", "com10"},
      {"fx/.varve", "fx/%2Evarve"},
  };
  for (const auto& [key, path] : expected) {
    EXPECT_EQ(key_to_path(key), path);
    EXPECT_EQ(path_to_key(path), key);
  }
}

TEST(PathToKey, RefusesPathsThatNoKeyHas) {
  for (const char* path :
       {"%61",  "a%2eb",  ".a",     "_a",    "a.", "a ", "a=b", "bars.parquet", "con",      "a%",    "a%2",
        "a%zz", "%2E%2E", "a%2F..", "a%00b", "",   "/a", "a/",  "a//b",         "%2Evarve", "a%5Cb", "%C3"}) {
    testing::expect_error(ErrorKind::kPathTraversal, "", [&] { (void)path_to_key(path); });
  }
}

// Keys made of what is most likely to go wrong, and of all of Unicode.
class KeyMaker {
 public:
  explicit KeyMaker(Random& random) : random_(random) {}

  std::string key() {
    std::string key = segment();
    while (random_.one_in(2)) key += '/' + segment();
    return key;
  }

 private:
  std::string segment() {
    static const std::vector<std::string> kPieces = {".",   "..", "%",   "_",        " ",      "=",      "con", "nul.",
                                                     "COM", "1",  "%2E", ".parquet", "a",      "Z",      ":",   "*",
                                                     "lpt", "\"", "%25", "varve",    "\u20AC", "\u00B9", "-",   "?"};
    std::string segment;
    for (int64_t left = random_.between(1, 6); left > 0; --left) {
      if (random_.one_in(3)) {
        const auto letter = static_cast<char32_t>(random_.between(0xA0, 0xD7FF));
        append_utf8(segment, base::is_control(letter) ? U'\u00E9' : letter);
      } else {
        segment += random_.pick(kPieces);
      }
    }
    return segment == "." || segment == ".." || segment == ".varve" ? "dots" : segment;
  }

  static void append_utf8(std::string& text, char32_t code_point) {
    if (code_point < 0x800) {
      text += {static_cast<char>(0xC0 | (code_point >> 6U)), static_cast<char>(0x80 | (code_point & 0x3FU))};
    } else {
      text += {static_cast<char>(0xE0 | (code_point >> 12U)), static_cast<char>(0x80 | ((code_point >> 6U) & 0x3FU)),
               static_cast<char>(0x80 | (code_point & 0x3FU))};
    }
  }

  Random& random_;
};

bool is_plain_on_disk(const std::string& segment) {
  return !segment.empty() && segment.find_first_of("=*?[]<>|:\"\\") == std::string::npos &&
         std::string("._ ").find(segment.front()) == std::string::npos && segment.back() != '.' &&
         segment.back() != ' ' && !segment.ends_with(".parquet");
}

TEST(KeyToPath, RoundTripsAndKeepsKeysApart) {
  Random random;
  KeyMaker maker(random);
  std::map<std::string, std::string> keys_by_path;
  for (int round = 0; round < 20'000; ++round) {
    const std::string key = maker.key();
    ASSERT_NO_THROW(check_key(key)) << key;
    const std::string path = key_to_path(key);
    ASSERT_EQ(path_to_key(path), key) << path;
    ASSERT_EQ(keys_by_path.emplace(path, key).first->second, key) << path;
    ASSERT_TRUE(is_plain_on_disk(path.substr(path.rfind('/') + 1))) << path;
  }
}

TEST(PathToKey, EitherRefusesOrInverts) {
  Random random;
  for (int round = 0; round < 20'000; ++round) {
    static const std::vector<std::string> kPieces = {"%", "2", "E", "5", "F", "/", ".", "a", "%2E", "%5F", "_", "\xC3"};
    std::string path;
    for (int64_t left = random.between(1, 6); left > 0; --left) path += random.pick(kPieces);
    try {
      ASSERT_EQ(key_to_path(path_to_key(path)), path);
    } catch (const PathTraversal&) {
      continue;
    }
  }
}

}  // namespace
}  // namespace varve::catalog

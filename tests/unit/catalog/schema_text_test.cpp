#include "varve/catalog/schema_text.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "varve/base/error.h"

#include "support/errors.h"

namespace varve::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SchemaText, IsAsDocumented) {
  const Schema schema({{"close", DataType::float64()}, {"symbol", DataType::string(), false}});
  EXPECT_EQ(to_text(schema),
            R"([{"name":"close","type":"float64"},{"name":"symbol","nullable":false,"type":"string"}])");
  EXPECT_EQ(to_text(std::vector<std::string>{"symbol", "a\"b"}), R"(["symbol","a\"b"])");
}

TEST(SchemaText, RoundTripsEveryType) {
  std::vector<Field> fields;
  for (int id = 0; id <= static_cast<int>(TypeId::kFloat64); ++id) {
    fields.push_back({"plain " + std::to_string(id), {.id = static_cast<TypeId>(id)}, id % 2 == 0});
  }
  for (const TimeUnit unit : {TimeUnit::kSecond, TimeUnit::kMilli, TimeUnit::kMicro, TimeUnit::kNano}) {
    const std::string name(to_string(unit));
    fields.push_back({"naive " + name, DataType::timestamp(unit, "")});
    fields.push_back({"zoned " + name, DataType::timestamp(unit, "America/New_York")});
    fields.push_back({"time " + name, DataType::time(unit)});
    fields.push_back({"duration " + name, DataType::duration(unit)});
  }
  fields.push_back({"decimal", DataType::decimal(38, 10)});
  fields.push_back({"date", DataType::date()});
  fields.push_back({"binary", DataType::binary()});
  fields.push_back({"fixed", DataType::fixed_binary(16)});
  fields.push_back({"dictionary", DataType::dictionary(DataType::string(), true)});
  fields.push_back({"\u20AC \"quoted\"\n\\", DataType::string()});
  const Schema schema(fields);
  EXPECT_EQ(parse_schema(to_text(schema)), schema);
  EXPECT_EQ(parse_schema(to_text(Schema())), Schema());
}

TEST(SchemaText, LeavesMetadataOut) {
  const Schema schema({{"x", DataType::int64()}}, {{"pandas", "{}"}});
  EXPECT_THAT(parse_schema(to_text(schema)).metadata(), IsEmpty());
}

TEST(SchemaText, ColumnsRoundTrip) {
  EXPECT_THAT(parse_columns("[]"), IsEmpty());
  EXPECT_THAT(parse_columns(to_text(std::vector<std::string>{"a", "\u20AC\"\\"})), ElementsAre("a", "\u20AC\"\\"));
}

TEST(SchemaText, AnythingElseIsDamage) {
  for (const char* text :
       {"", "{", "{}", "null", "7", "[7]", R"([{}])", R"([{"name":"x","type":"string","nullable":3}])",
        R"([{"name":"x","type":"int64"},{"name":"x","type":"int64"}])", "[\xFF]"}) {
    testing::expect_error(ErrorKind::kCorruption, "as a schema", [&] { (void)parse_schema(text); });
  }
  for (const char* text : {"", "[", "{}", "null", "[7]", "\"a\""}) {
    testing::expect_error(ErrorKind::kCorruption, "as a list of columns", [&] { (void)parse_columns(text); });
  }
}

TEST(SchemaText, NamesMustBeUtf8) {
  testing::expect_error(ErrorKind::kInvalidArgument, "UTF-8", [] { (void)to_text(std::vector<std::string>{"\xFF"}); });
}

TEST(SchemaText, NestingHasNoDepthToFallInto) {
  const std::string deep(1'000'000, '[');
  testing::expect_error(ErrorKind::kCorruption, "as a schema", [&] { (void)parse_schema(deep); });
}

TEST(CheckJson, TakesArraysAndObjects) {
  EXPECT_NO_THROW(check_json(" [1, \"\u20AC\", [{}]] ", JsonShape::kArray, "it"));
  EXPECT_NO_THROW(check_json("{\"a\": null}", JsonShape::kObject, "it"));
}

TEST(CheckJson, RefusesAnythingElse) {
  for (const char* text :
       {"", "{", "[]", "7", "null", "\"a\"", "{} {}", "{a: 1}", "{\"a\": NaN}", "{\"a\": \"\xFF\"}"}) {
    testing::expect_error(ErrorKind::kInvalidArgument,
                          "metadata: ", [&] { check_json(text, JsonShape::kObject, "metadata"); });
  }
  testing::expect_error(ErrorKind::kInvalidArgument, "no JSON array", [] { check_json("{}", JsonShape::kArray, "x"); });
}

TEST(CheckJson, KeepsSizeAndDepthInBounds) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_NO_THROW(check_json(nested(100), JsonShape::kArray, "x"));
  testing::expect_error(ErrorKind::kInvalidArgument, "100 levels",
                        [&] { check_json(nested(101), JsonShape::kArray, "x"); });
  const std::string large = "[" + std::string(kJsonBytesMax, ' ') + "]";
  testing::expect_error(ErrorKind::kInvalidArgument, "at most 1048576",
                        [&] { check_json(large, JsonShape::kArray, "x"); });
}

}  // namespace
}  // namespace varve::catalog

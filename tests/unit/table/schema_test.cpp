#include "varve/table/schema.h"

#include <gtest/gtest.h>

#include "varve/base/error.h"

#include "support/errors.h"

namespace varve {
namespace {

using testing::expect_error;

const Schema kSchema({{"timestamp", DataType::timestamp(TimeUnit::kNano, "UTC"), false},
                      {"close", DataType::float64()}},
                     {{"key", "forex/EUR_USD"}});

TEST(Schema, FindsColumnsByName) {
  EXPECT_EQ(kSchema.find("close"), 1U);
  EXPECT_EQ(kSchema.position_of("timestamp"), 0U);
  EXPECT_FALSE(kSchema.find("Close").has_value());
}

TEST(Schema, AMissingColumnIsNamedWithThoseThatAreThere) {
  expect_error(ErrorKind::kNotFound, "no column bid; the columns are timestamp, close",
               [] { (void)kSchema.position_of("bid"); });
}

TEST(Schema, ManyColumnsAreNotAllNamed) {
  std::vector<Field> fields;
  fields.reserve(25);
  for (int position = 0; position < 25; ++position) fields.push_back({"f" + std::to_string(position), {}});
  expect_error(ErrorKind::kNotFound, "f19 and 5 more", [&] { (void)Schema(fields).position_of("x"); });
}

TEST(Schema, TwoColumnsOfOneNameAreRefused) {
  expect_error(ErrorKind::kInvalidArgument, "two columns are named a", [] {
    Schema({{"a", DataType::int64()}, {"b", {}}, {"a", DataType::string()}});
  });
}

TEST(Schema, EmptyAndBrokenNamesAreRefused) {
  expect_error(ErrorKind::kInvalidArgument, "column 0 has an empty name", [] { Schema({{"", DataType::int64()}}); });
  expect_error(ErrorKind::kInvalidArgument, "UTF-8", [] { Schema({{"\xC3", DataType::int64()}}); });
}

TEST(Schema, ANameThatHoldsANulIsRefused) {
  expect_error(ErrorKind::kInvalidArgument, R"(the column name "a\x00b" holds a NUL)", [] {
    Schema({{std::string("a\0b", 3), DataType::int64()}});
  });
}

TEST(Schema, EqualityLeavesMetadataOut) {
  EXPECT_EQ(kSchema, kSchema.with_metadata({}));
  EXPECT_EQ(kSchema.metadata("key"), "forex/EUR_USD");
  EXPECT_FALSE(kSchema.with_metadata({}).metadata("key").has_value());
}

TEST(Schema, EqualitySeesNamesTypesAndNulls) {
  EXPECT_NE(kSchema, Schema({kSchema[0]}));
  EXPECT_NE(Schema({{"a", DataType::int64()}}), Schema({{"b", DataType::int64()}}));
  EXPECT_NE(Schema({{"a", DataType::int64()}}), Schema({{"a", DataType::int32()}}));
  EXPECT_NE(Schema({{"a", DataType::int64()}}), Schema({{"a", DataType::int64(), false}}));
}

TEST(Schema, IsWrittenALineAField) {
  EXPECT_EQ(to_string(kSchema), "timestamp: timestamp[ns, UTC] not null\nclose: float64\n");
}

}  // namespace
}  // namespace varve

#include "varve/table/type.h"

#include <gtest/gtest.h>

#include "varve/base/error.h"

#include "support/errors.h"
#include "support/table/random_table.h"

namespace varve {
namespace {

using testing::all_types;
using testing::expect_error;

TEST(Type, TextReadsBackAsTheSameType) {
  for (const DataType& type : all_types()) EXPECT_EQ(parse_type(to_string(type)), type) << to_string(type);
}

TEST(Type, IsWrittenAsPeopleWriteIt) {
  EXPECT_EQ(to_string(DataType::timestamp(TimeUnit::kNano, "UTC")), "timestamp[ns, UTC]");
  EXPECT_EQ(to_string(DataType::timestamp(TimeUnit::kSecond, "")), "timestamp[s]");
  EXPECT_EQ(to_string(DataType::decimal(18, 5)), "decimal(18, 5)");
  EXPECT_EQ(to_string(DataType::fixed_binary(16)), "binary(16)");
  EXPECT_EQ(to_string(DataType::dictionary(DataType::string())), "dictionary<string>");
  EXPECT_EQ(to_string(DataType::dictionary(DataType::binary(), true)), "dictionary<binary, ordered>");
}

TEST(Type, TextThatIsNoTypeIsRefused) {
  for (const char* text :
       {"", "int", "int64 ", "timestamp", "timestamp[]", "timestamp[ns, ]", "timestamp[ns,UTC", "time[h]",
        "decimal(39, 0)", "decimal(5, 6)", "decimal(0, 0)", "decimal(5)", "binary(-1)", "binary(99999999999)",
        "dictionary<>", "dictionary<string", "dictionary<string, sorted>", "dictionary<dictionary<string>>"}) {
    expect_error(ErrorKind::kInvalidArgument, text, [&] { parse_type(text); });
  }
}

TEST(Type, DeepNestingIsRefusedWithoutDeepRecursion) {
  std::string text;
  for (int depth = 0; depth < 1'000'000; ++depth) text += "dictionary<";
  expect_error(ErrorKind::kInvalidArgument, "is not a type", [&] { parse_type(text); });
}

TEST(Type, IsComparedByTheFieldsThatItUses) {
  DataType number = DataType::int64();
  number.zone = "UTC";
  EXPECT_EQ(number, DataType::int64());
  const std::vector<DataType> types = all_types();
  for (size_t left = 0; left < types.size(); ++left) {
    for (size_t right = 0; right < types.size(); ++right) EXPECT_EQ(types[left] == types[right], left == right);
  }
}

TEST(Type, WidthFollowsTheUnitOfATime) {
  EXPECT_EQ(width_of(DataType::time(TimeUnit::kMilli)), 4);
  EXPECT_EQ(width_of(DataType::time(TimeUnit::kMicro)), 8);
  EXPECT_EQ(width_of(DataType::decimal(5, 2)), 16);
  EXPECT_EQ(width_of(DataType::string()), 0);
}

TEST(Type, NamesTheStorageOfEachType) {
  EXPECT_EQ(storage_of(DataType::null()), Storage::kNone);
  EXPECT_EQ(storage_of(DataType::boolean()), Storage::kBits);
  EXPECT_EQ(storage_of(DataType::date()), Storage::kFixed);
  EXPECT_EQ(storage_of(DataType::binary()), Storage::kVariable);
  EXPECT_EQ(storage_of(DataType::dictionary(DataType::string())), Storage::kIndexed);
}

}  // namespace
}  // namespace varve

#include "varve/parquet/schema_mapping.h"

#include <gtest/gtest.h>

#include "support/errors.h"
#include "support/random.h"
#include "support/table/random_table.h"

namespace varve::parquet {
namespace {

using testing::expect_error;
using testing::Random;

Schema schema_of(const std::vector<DataType>& types) {
  std::vector<Field> fields;
  for (const DataType& type : types) {
    fields.push_back({"c" + std::to_string(fields.size()), type, fields.size() % 2 == 0 || type.id == TypeId::kNull});
  }
  return Schema(std::move(fields));
}

FileMetaData metadata_of(std::vector<SchemaElement> elements) {
  FileMetaData metadata;
  metadata.schema = std::move(elements);
  return metadata;
}

// The type that one leaf is read as.
DataType type_of(SchemaElement element) {
  element.name = "x";
  element.repetition = Repetition::kOptional;
  return read_schema(metadata_of({{.name = "root", .num_children = 1}, element})).columns.at(0).type;
}

SchemaElement leaf(std::string name, PhysicalType type = PhysicalType::kInt32) {
  return {.type = type, .repetition = Repetition::kOptional, .name = std::move(name)};
}

SchemaElement group(std::string name, int32_t children) {
  return {.repetition = Repetition::kOptional, .name = std::move(name), .num_children = children};
}

TEST(SchemaMapping, EveryTypeComesBackWithTheArrowSchema) {
  const Schema schema = schema_of(testing::all_types());
  FileMetaData metadata = metadata_of(write_schema(schema));
  metadata.key_value_metadata.emplace_back("ARROW:schema", arrow_schema_value(schema));
  EXPECT_EQ(read_schema(metadata).to_schema(metadata), schema);
}

TEST(SchemaMapping, WithoutTheArrowSchemaSomeDetailIsLost) {
  const Schema schema =
      schema_of({DataType::timestamp(TimeUnit::kNano, "America/New_York"), DataType::timestamp(TimeUnit::kSecond, ""),
                 DataType::duration(TimeUnit::kMilli), DataType::dictionary(DataType::string())});
  const FileSchema read = read_schema(metadata_of(write_schema(schema)));
  EXPECT_EQ(read.columns[0].type, DataType::timestamp(TimeUnit::kNano, "UTC"));
  EXPECT_EQ(read.columns[1].type, DataType::timestamp(TimeUnit::kMilli, ""));
  EXPECT_EQ(read.columns[2].type, DataType::int64());
  EXPECT_EQ(read.columns[3].type, DataType::string());
}

TEST(SchemaMapping, ArrowSchemaOfOtherColumnsAddsNothing) {
  FileMetaData metadata = metadata_of(write_schema(schema_of({DataType::int64()})));
  metadata.key_value_metadata.emplace_back("ARROW:schema", arrow_schema_value(schema_of({DataType::string()})));
  EXPECT_EQ(read_schema(metadata).columns[0].type, DataType::int64());
  metadata.key_value_metadata[0].second =
      arrow_schema_value(schema_of({DataType::duration(TimeUnit::kNano), DataType::string()}));
  EXPECT_EQ(read_schema(metadata).columns[0].type, DataType::int64());
}

TEST(SchemaMapping, ConvertedTypesOfOldWritersAreKnown) {
  const auto converted = [](PhysicalType type, ConvertedType meaning) {
    return type_of({.type = type, .converted_type = meaning, .scale = 2, .precision = 7});
  };
  EXPECT_EQ(converted(PhysicalType::kByteArray, ConvertedType::kUtf8), DataType::string());
  EXPECT_EQ(converted(PhysicalType::kByteArray, ConvertedType::kJson), DataType::string());
  EXPECT_EQ(converted(PhysicalType::kByteArray, ConvertedType::kEnum), DataType::string());
  EXPECT_EQ(converted(PhysicalType::kByteArray, ConvertedType::kBson), DataType::binary());
  EXPECT_EQ(converted(PhysicalType::kByteArray, ConvertedType::kDecimal), DataType::decimal(7, 2));
  EXPECT_EQ(converted(PhysicalType::kInt32, ConvertedType::kDecimal), DataType::decimal(7, 2));
  EXPECT_EQ(converted(PhysicalType::kInt32, ConvertedType::kDate), DataType::date());
  EXPECT_EQ(converted(PhysicalType::kInt32, ConvertedType::kUInt16), (DataType{.id = TypeId::kUInt16}));
  EXPECT_EQ(converted(PhysicalType::kInt32, ConvertedType::kTimeMillis), DataType::time(TimeUnit::kMilli));
  EXPECT_EQ(converted(PhysicalType::kInt64, ConvertedType::kUInt64), DataType::uint64());
  EXPECT_EQ(converted(PhysicalType::kInt64, ConvertedType::kTimestampMicros),
            DataType::timestamp(TimeUnit::kMicro, ""));
}

TEST(SchemaMapping, PlainPhysicalTypesAreKnown) {
  EXPECT_EQ(type_of({.type = PhysicalType::kInt96}), DataType::timestamp(TimeUnit::kNano, ""));
  EXPECT_EQ(type_of({.type = PhysicalType::kByteArray}), DataType::binary());
  EXPECT_EQ(type_of({.type = PhysicalType::kFixedLenByteArray, .type_length = 5}), DataType::fixed_binary(5));
  EXPECT_EQ(type_of({.type = PhysicalType::kFixedLenByteArray,
                     .type_length = 16,
                     .logical_type = {.id = LogicalType::Id::kUuid}}),
            DataType::fixed_binary(16));
}

TEST(SchemaMapping, LogicalTypeThatDoesNotFitIsLeftOut) {
  EXPECT_EQ(type_of({.type = PhysicalType::kInt64, .logical_type = {.id = LogicalType::Id::kDate}}), DataType::int64());
  EXPECT_EQ(type_of({.type = PhysicalType::kInt32, .logical_type = {.id = static_cast<LogicalType::Id>(99)}}),
            DataType::int32());
}

TEST(SchemaMapping, GroupsAndRepeatedLeavesAreNested) {
  SchemaElement repeated = leaf("repeated");
  repeated.repetition = Repetition::kRepeated;
  const FileSchema schema = read_schema(metadata_of(
      {group("root", 4), leaf("a"), group("list", 1), group("list", 2), leaf("x"), leaf("y"), repeated, leaf("b")}));
  EXPECT_EQ(schema.nested, (std::vector<std::string>{"list", "repeated"}));
  ASSERT_EQ(schema.columns.size(), 2);
  EXPECT_EQ(schema.columns[1].name, "b");
  EXPECT_EQ(schema.columns[1].position, 4);
}

TEST(SchemaMapping, TypesWithoutAColumnAreNested) {
  SchemaElement wide = leaf("wide", PhysicalType::kFixedLenByteArray);
  wide.type_length = 40;
  wide.logical_type = {.id = LogicalType::Id::kDecimal, .precision = 60};
  SchemaElement huge = leaf("huge", PhysicalType::kFixedLenByteArray);
  huge.type_length = 1 << 30;
  EXPECT_EQ(read_schema(metadata_of({group("root", 2), wide, huge})).nested,
            (std::vector<std::string>{"wide", "huge"}));
}

TEST(SchemaMapping, ContradictionsAreCorruption) {
  const auto expect_corrupt = [](std::vector<SchemaElement> elements, std::string_view part) {
    expect_error(ErrorKind::kCorruption, part, [&] { read_schema(metadata_of(std::move(elements))); });
  };
  expect_corrupt({}, "without a root");
  expect_corrupt({leaf("a")}, "without a root");
  expect_corrupt({group("root", 2), leaf("a")}, "ends within a group");
  expect_corrupt({group("root", 1), leaf("a"), leaf("b")}, "3 elements, 2 belong");
  expect_corrupt({group("root", 1), group("g", 1 << 30)}, "ends within a group");
  expect_corrupt({group("root", 1), group("g", -1)}, "-1 children");
  expect_corrupt({group("root", 1), leaf("f", PhysicalType::kFixedLenByteArray)}, "values of 0 bytes");
  expect_corrupt({group("root", 1), leaf("f", static_cast<PhysicalType>(77))}, "unknown physical type 77");
  SchemaElement decimal = leaf("d");
  decimal.logical_type = {.id = LogicalType::Id::kDecimal, .precision = 3, .scale = 4};
  expect_corrupt({group("root", 1), decimal}, "precision 3 and scale 4");
}

TEST(SchemaMapping, RowGroupOfOtherColumnsIsCorruption) {
  FileMetaData metadata = metadata_of({group("root", 1), leaf("a")});
  metadata.row_groups.emplace_back();
  expect_error(ErrorKind::kCorruption, "row group of 0 columns", [&] { read_schema(metadata); });
}

TEST(SchemaMapping, EqualNamesAreNotSupported) {
  expect_error(ErrorKind::kNotSupported, "two columns are named a", [] {
    read_schema(metadata_of({group("root", 2), leaf("a"), leaf("a")}));
  });
}

TEST(SchemaMapping, DecimalsTakeTheFewestBytes) {
  const std::vector<std::pair<int32_t, int32_t>> expected = {{1, 1},  {2, 1},  {3, 2},   {9, 4},   {10, 5}, {18, 8},
                                                             {19, 9}, {21, 9}, {22, 10}, {37, 16}, {38, 16}};
  for (const auto& [precision, width] : expected) EXPECT_EQ(decimal_byte_width(precision), width) << precision;
  EXPECT_EQ(write_schema(schema_of({DataType::decimal(18, 5)}))[1].type, PhysicalType::kInt64);
  EXPECT_EQ(write_schema(schema_of({DataType::decimal(19, 5)}))[1].type_length, 9);
}

TEST(ArrowSchema, ComesBackAsItWas) {
  const Schema schema = schema_of(testing::all_types());
  EXPECT_EQ(parse_arrow_schema(arrow_schema_value(schema)), schema.fields());
}

TEST(ArrowSchema, DamagedValueIsAnyFieldsOrNone) {
  Random random;
  const std::string value = arrow_schema_value(schema_of(testing::all_types()));
  const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = value;
    for (int64_t flips = random.between(1, 4); flips > 0; --flips) {
      damaged[random.next() % damaged.size()] = letters[random.next() % letters.size()];
    }
    if (const auto fields = parse_arrow_schema(damaged)) {
      EXPECT_LE(fields->size(), value.size());
    }
  }
}

TEST(ArrowSchema, CutValueIsNone) {
  const std::string value = arrow_schema_value(schema_of({DataType::int64(), DataType::string()}));
  for (size_t size = 0; size + 16 < value.size(); ++size) {
    EXPECT_FALSE(parse_arrow_schema(value.substr(0, size))) << size;
  }
  EXPECT_FALSE(parse_arrow_schema("not base64!"));
}

}  // namespace
}  // namespace varve::parquet

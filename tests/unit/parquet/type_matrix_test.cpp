// Every flat type in every encoding, codec, page version and repetition that Parquet has for it, also in those that no
// program of today writes.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "varve/base/memory_file.h"
#include "varve/parquet/reader.h"
#include "varve/table/print.h"

#include "support/parquet/handmade_file.h"

namespace varve::parquet {
namespace {

using namespace varve::testing;  // NOLINT(google-build-using-namespace): the fixtures' verbs

using Cells = std::vector<std::string>;
using Logical = LogicalType::Id;
using Unit = LogicalType::Unit;

// A column as a file declares it, three of its values as they lie there, and what is read.
struct StoredType {
  SchemaElement element;
  std::array<Bytes, 3> values;
  std::string type;
  Cells shown;
};

SchemaElement element(PhysicalType type, LogicalType logical = {}, int32_t type_length = 0) {
  return {.type = type, .type_length = type_length, .name = "x", .logical_type = logical};
}

SchemaElement converted(PhysicalType type, ConvertedType meaning, int32_t type_length = 0) {
  SchemaElement element{.type = type, .type_length = type_length, .name = "x", .converted_type = meaning};
  element.precision = 9;
  element.scale = 2;
  return element;
}

template <typename T>
std::array<Bytes, 3> numbers(T first, T second, T third) {
  return {bytes_of({first}), bytes_of({second}), bytes_of({third})};
}

std::array<Bytes, 3> texts(std::string_view first, std::string_view second, std::string_view third) {
  return {bytes_of(first), bytes_of(second), bytes_of(third)};
}

Bytes int96(int64_t nanoseconds, int32_t days) { return bytes_of({nanoseconds}) + bytes_of({2'440'588 + days}); }

LogicalType integer(int8_t bits, bool is_signed) {
  return {.id = Logical::kInteger, .bit_width = bits, .is_signed = is_signed};
}
LogicalType time(Unit unit) { return {.id = Logical::kTime, .unit = unit}; }
LogicalType timestamp(Unit unit, bool utc) {
  return {.id = Logical::kTimestamp, .is_adjusted_to_utc = utc, .unit = unit};
}
LogicalType decimal(int32_t precision) { return {.id = Logical::kDecimal, .precision = precision, .scale = 2}; }

std::vector<StoredType> types_of_four_bytes() {
  const auto type = PhysicalType::kInt32;
  const auto decimals = numbers<int32_t>(5, -700, 999'999'999);
  return {
      {element(type), numbers(5, -7, INT32_MAX), "int32", {"5", "-7", "2147483647"}},
      {element(type, integer(8, true)), numbers(5, -128, 127), "int8", {"5", "-128", "127"}},
      {element(type, integer(16, true)), numbers(5, -32768, 32767), "int16", {"5", "-32768", "32767"}},
      {element(type, integer(8, false)), numbers(5, 0, 255), "uint8", {"5", "0", "255"}},
      {element(type, integer(16, false)), numbers(5, 0, 65535), "uint16", {"5", "0", "65535"}},
      {element(type, integer(32, false)), numbers(5, 0, -1), "uint32", {"5", "0", "4294967295"}},
      {element(type, {.id = Logical::kDate}), numbers(1, -1, 365), "date", {"1970-01-02", "1969-12-31", "1971-01-01"}},
      {element(type, time(Unit::kMillis)),
       numbers(0, 1, 86'399'999),
       "time[ms]",
       {"00:00:00", "00:00:00.001", "23:59:59.999"}},
      {element(type, decimal(9)), decimals, "decimal(9, 2)", {"0.05", "-7.00", "9999999.99"}},
      {converted(type, ConvertedType::kDecimal), decimals, "decimal(9, 2)", {"0.05", "-7.00", "9999999.99"}},
      {element(PhysicalType::kFloat), numbers(0.5F, -2.0F, 1e30F), "float32", {"0.5", "-2.0", "1e+30"}},
  };
}

std::vector<StoredType> types_of_eight_bytes() {
  const auto type = PhysicalType::kInt64;
  const auto number = [](int64_t first, int64_t second, int64_t third) { return numbers(first, second, third); };
  const auto moments = number(0, -1, 1000);
  return {
      {element(type), number(5, -7, INT64_MAX), "int64", {"5", "-7", "9223372036854775807"}},
      {element(type, integer(64, false)), number(5, 0, -1), "uint64", {"5", "0", "18446744073709551615"}},
      {element(type, time(Unit::kMicros)),
       number(0, 1, 86'399'999'999),
       "time[us]",
       {"00:00:00", "00:00:00.000001", "23:59:59.999999"}},
      {element(type, time(Unit::kNanos)),
       number(0, 1, 86'399'999'999'999),
       "time[ns]",
       {"00:00:00", "00:00:00.000000001", "23:59:59.999999999"}},
      {element(type, timestamp(Unit::kMillis, true)),
       moments,
       "timestamp[ms, UTC]",
       {"1970-01-01T00:00:00Z", "1969-12-31T23:59:59.999Z", "1970-01-01T00:00:01Z"}},
      {element(type, timestamp(Unit::kMillis, false)),
       moments,
       "timestamp[ms]",
       {"1970-01-01T00:00:00", "1969-12-31T23:59:59.999", "1970-01-01T00:00:01"}},
      {element(type, timestamp(Unit::kMicros, true)),
       moments,
       "timestamp[us, UTC]",
       {"1970-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00.001Z"}},
      {element(type, timestamp(Unit::kMicros, false)),
       moments,
       "timestamp[us]",
       {"1970-01-01T00:00:00", "1969-12-31T23:59:59.999999", "1970-01-01T00:00:00.001"}},
      {element(type, timestamp(Unit::kNanos, true)),
       moments,
       "timestamp[ns, UTC]",
       {"1970-01-01T00:00:00Z", "1969-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00.000001Z"}},
      {element(type, timestamp(Unit::kNanos, false)),
       moments,
       "timestamp[ns]",
       {"1970-01-01T00:00:00", "1969-12-31T23:59:59.999999999", "1970-01-01T00:00:00.000001"}},
      {element(type, decimal(18)),
       number(5, -700, 999'999'999'999'999'999),
       "decimal(18, 2)",
       {"0.05", "-7.00", "9999999999999999.99"}},
      {element(PhysicalType::kDouble), numbers(0.5, -2.0, 1e300), "float64", {"0.5", "-2.0", "1e+300"}},
  };
}

std::vector<StoredType> types_of_bytes() {
  const auto type = PhysicalType::kByteArray;
  const auto fixed = PhysicalType::kFixedLenByteArray;
  const auto words = texts("abcd", "", "abc");
  const auto threes = texts("abc", "abd", "xyz");
  const Cells read = {"abcd", "", "abc"};
  const Cells hex = {"61626364", "", "616263"};
  const Cells hex_of_threes = {"616263", "616264", "78797a"};
  const std::string_view five("\x00\x05", 2);
  return {
      {element(type), words, "binary", hex},
      {element(type, {.id = Logical::kString}), words, "string", read},
      {element(type, {.id = Logical::kEnum}), words, "string", read},
      {element(type, {.id = Logical::kJson}), words, "string", read},
      {element(type, {.id = Logical::kBson}), words, "binary", hex},
      {converted(type, ConvertedType::kUtf8), words, "string", read},
      {element(type, decimal(38)), texts(five, "", "\xFD\x44"), "decimal(38, 2)", {"0.05", "0.00", "-7.00"}},
      {converted(type, ConvertedType::kDecimal),
       texts(five, "\x05", "\xFD\x44"),
       "decimal(9, 2)",
       {"0.05", "0.05", "-7.00"}},
      {element(fixed, {}, 3), threes, "binary(3)", hex_of_threes},
      {element(fixed, {.id = Logical::kUuid}, 3), threes, "binary(3)", hex_of_threes},
      {converted(fixed, ConvertedType::kInterval, 3), threes, "binary(3)", hex_of_threes},
      {element(fixed, decimal(4), 2), texts(five, five, "\xFD\x44"), "decimal(4, 2)", {"0.05", "0.05", "-7.00"}},
      {element(fixed, {.id = Logical::kFloat16}, 2),
       numbers<uint16_t>(0x3800, 0xC000, 0x3C00),
       "float16",
       {"0.5", "-2.0", "1.0"}},
      {element(PhysicalType::kInt96),
       {int96(0, 0), int96(1, 1), int96(0, -1)},
       "timestamp[ns]",
       {"1970-01-01T00:00:00", "1970-01-02T00:00:00.000000001", "1969-12-31T00:00:00"}},
      {element(PhysicalType::kBoolean), numbers<uint8_t>(1, 0, 1), "boolean", {"true", "false", "true"}},
  };
}

std::vector<Encoding> encodings_of(PhysicalType type) {
  std::vector<Encoding> encodings = {Encoding::kPlain, Encoding::kRleDictionary, Encoding::kPlainDictionary};
  const auto add = [&](std::initializer_list<Encoding> more) { encodings.insert(encodings.end(), more); };
  switch (type) {
    case PhysicalType::kBoolean: return {Encoding::kPlain, Encoding::kRle};
    case PhysicalType::kInt32:
    case PhysicalType::kInt64: add({Encoding::kDeltaBinaryPacked, Encoding::kByteStreamSplit}); break;
    case PhysicalType::kInt96: break;
    case PhysicalType::kFloat:
    case PhysicalType::kDouble: add({Encoding::kByteStreamSplit}); break;
    case PhysicalType::kByteArray: add({Encoding::kDeltaLengthByteArray, Encoding::kDeltaByteArray}); break;
    case PhysicalType::kFixedLenByteArray: add({Encoding::kDeltaByteArray, Encoding::kByteStreamSplit}); break;
  }
  return encodings;
}

using Packer = std::function<Bytes(const Bytes&)>;

std::vector<std::pair<CompressionCodec, Packer>> codecs() {
  const auto with = [](compress::Codec codec) { return [codec](const Bytes& bytes) { return pack(codec, bytes); }; };
  return {
      {CompressionCodec::kUncompressed, nullptr},
      {CompressionCodec::kSnappy, with(compress::Codec::kSnappy)},
      {CompressionCodec::kGzip, with(compress::Codec::kGzip)},
      {CompressionCodec::kBrotli, with(compress::Codec::kBrotli)},
      {CompressionCodec::kLz4, pack_framed_lz4},
      {CompressionCodec::kZstd, with(compress::Codec::kZstd)},
      {CompressionCodec::kLz4Raw, with(compress::Codec::kLz4Raw)},
  };
}

const std::vector<size_t> kOrder = {0, 1, 1, 2, 0};  // of a page's values; a null comes third where there may be one

Bytes encode_bits(const StoredType& type, Encoding encoding) {
  base::MutableBuffer runs = base::MutableBuffer::allocate(0);
  std::vector<uint8_t> bits;
  std::byte packed{0};
  for (const size_t value : kOrder) {
    packed |= type.values[value][0] << bits.size();
    bits.push_back(std::to_integer<uint8_t>(type.values[value][0]));
  }
  encode_hybrid_bits(bits, runs);
  return encoding == Encoding::kRle ? prefixed(bytes_of(runs)) : Bytes{packed};
}

// With its length before it in a byte array.
Bytes plain(const StoredType& type, const Bytes& value) {
  return type.element.type == PhysicalType::kByteArray ? prefixed(value) : value;
}

Bytes encode_delta_strings(const std::vector<Bytes>& values) {
  std::vector<int32_t> shared;
  std::vector<int32_t> rest;
  Bytes bytes;
  Bytes before;
  for (const Bytes& value : values) {
    const auto end = std::mismatch(value.begin(), value.end(), before.begin(), before.end()).first;
    shared.push_back(static_cast<int32_t>(end - value.begin()));
    rest.push_back(static_cast<int32_t>(value.end() - end));
    bytes.insert(bytes.end(), end, value.end());
    before = value;
  }
  return delta(shared) + delta(rest) + bytes;
}

template <typename T>
Bytes encode_deltas(const Bytes& values) {
  std::vector<T> numbers(values.size() / sizeof(T));
  std::memcpy(numbers.data(), values.data(), values.size());
  return delta(numbers);
}

Bytes encode(const StoredType& type, Encoding encoding) {
  if (type.element.type == PhysicalType::kBoolean) return encode_bits(type, encoding);
  std::vector<Bytes> values;
  std::vector<int32_t> lengths;
  Bytes joined;
  Bytes plainly;
  for (const size_t value : kOrder) {
    values.push_back(type.values[value]);
    lengths.push_back(static_cast<int32_t>(values.back().size()));
    joined = std::move(joined) + values.back();
    plainly = std::move(plainly) + plain(type, values.back());
  }
  switch (encoding) {
    case Encoding::kPlainDictionary:
    case Encoding::kRleDictionary: return indices(2, {0, 1, 1, 2, 0});
    case Encoding::kDeltaBinaryPacked:
      return lengths[0] == 4 ? encode_deltas<int32_t>(joined) : encode_deltas<int64_t>(joined);
    case Encoding::kDeltaLengthByteArray: return delta(lengths) + joined;
    case Encoding::kDeltaByteArray: return encode_delta_strings(values);
    case Encoding::kByteStreamSplit: return split(joined, lengths[0]);
    default: return plainly;
  }
}

struct Way {
  Encoding encoding;
  int page_version;
  bool optional;
};

// The type that is read, then the rows.
Cells read_back(const StoredType& type, const Way& way, const std::pair<CompressionCodec, Packer>& codec) {
  SchemaElement element = type.element;
  element.repetition = way.optional ? Repetition::kOptional : Repetition::kRequired;
  HandmadeFile file(element);
  if (codec.second) file.pack_with(codec.first, codec.second);
  if (way.encoding == Encoding::kPlainDictionary || way.encoding == Encoding::kRleDictionary) {
    Bytes entries;
    for (const Bytes& value : type.values) entries = std::move(entries) + plain(type, value);
    file.dictionary(3, entries);
  }
  const Bytes levels = way.optional ? rle_bits({1, 1, 0, 1, 1, 1}) : Bytes();
  const int32_t rows = way.optional ? 6 : 5;
  for (int page = 0; page < 2; ++page) {
    if (way.page_version == 2) {
      file.page_v2(rows, way.optional ? 1 : 0, levels, encode(type, way.encoding), way.encoding);
    } else {
      file.page_v1(rows, (way.optional ? prefixed(levels) : Bytes()) + encode(type, way.encoding), way.encoding);
    }
  }
  const Bytes bytes = file.end_group().finish();
  const Table table = Reader::open(std::make_unique<base::MemoryFile>(bytes), "matrix.parquet").read();
  Cells cells = {to_string(table.schema()[0].type)};
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    const Column& column = table.column(size_t{0});
    cells.push_back(column.is_null(row) ? "-" : table::value_text(column, row));
  }
  return cells;
}

Cells expected(const StoredType& type, bool optional) {
  Cells cells = {type.type};
  for (int page = 0; page < 2; ++page) {
    for (size_t at = 0; at < kOrder.size(); ++at) {
      if (optional && at == 2) cells.emplace_back("-");
      cells.push_back(type.shown[kOrder[at]]);
    }
  }
  return cells;
}

// Reads the types in every way there is, and says in how many.
int read_in_every_way(const std::vector<StoredType>& types) {
  int ways = 0;
  for (const StoredType& type : types) {
    for (const Encoding encoding : encodings_of(*type.element.type)) {
      for (const auto& codec : codecs()) {
        for (const int page_version : {1, 2}) {
          for (const bool optional : {false, true}) {
            EXPECT_EQ(read_back(type, {encoding, page_version, optional}, codec), expected(type, optional))
                << "encoding " << static_cast<int>(encoding) << ", codec " << static_cast<int>(codec.first)
                << ", page version " << page_version << ", optional " << optional;
            ++ways;
          }
        }
      }
    }
  }
  return ways;
}

constexpr int kWaysOfAnEncoding = 7 * 2 * 2;  // codecs, page versions, repetitions

TEST(TypeMatrix, TypesOfFourBytes) {
  EXPECT_EQ(read_in_every_way(types_of_four_bytes()), (10 * 5 + 4) * kWaysOfAnEncoding);
}

TEST(TypeMatrix, TypesOfEightBytes) {
  EXPECT_EQ(read_in_every_way(types_of_eight_bytes()), (11 * 5 + 4) * kWaysOfAnEncoding);
}

TEST(TypeMatrix, TypesOfBytesAndBits) {
  EXPECT_EQ(read_in_every_way(types_of_bytes()), (13 * 5 + 3 + 2) * kWaysOfAnEncoding);
}

}  // namespace
}  // namespace varve::parquet

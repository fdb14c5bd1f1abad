#include "support/table/random_table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "varve/table/builder.h"
#include "varve/table/print.h"

namespace varve::testing {

namespace {

using table::ColumnBuilder;

double random_double(Random& random) {
  static const std::vector<double> kSpecial = {0.0,       -0.0, 1.0,  -1.5,  0.1,    std::nan(""), HUGE_VAL,
                                               -HUGE_VAL, 1e18, 1e-9, 65504, 0x1p53, 0x1p63};
  if (random.one_in(2)) return random.pick(kSpecial);
  return static_cast<double>(random.between(-1'000'000, 1'000'000)) / 100.0;
}

std::string random_text(Random& random) {
  static const std::vector<std::string> kPieces = {"a", "Z", "0", " ", "é", "€", "語", "😀", "\n", "AAPL", "\"", ","};
  std::string text;
  const int64_t pieces = random.one_in(10) ? random.between(0, 60) : random.between(0, 4);
  for (int64_t piece = 0; piece < pieces; ++piece) text += random.pick(kPieces);
  return text;
}

std::string random_bytes(Random& random, int64_t size) {
  std::string bytes;
  for (const std::byte byte : random.bytes(static_cast<size_t>(size))) bytes += static_cast<char>(byte);
  return bytes;
}

// A random integer of `bits` bits, its sign among them.
int64_t signed_of(Random& random, int bits) {
  return random.one_in(3) ? random.between(-100, 100) : random.edgy() >> (64 - bits);
}
uint64_t unsigned_of(Random& random, int bits) {
  const int64_t value = random.one_in(3) ? random.between(0, 100) : random.edgy();
  return std::bit_cast<uint64_t>(value) & (~uint64_t{0} >> (64 - bits));
}

Int128 random_decimal(Random& random, int32_t precision) {
  Int128 limit = 1;
  for (int32_t digit = 0; digit < precision; ++digit) limit *= 10;
  if (random.one_in(8)) return random.one_in(2) ? limit - 1 : 1 - limit;
  const Int128 wide = (Int128{random.edgy()} << 62) + random.edgy();
  return random.one_in(2) ? wide % limit : random.edgy() % std::min<Int128>(limit, Int128{1} << 62);
}

void append_random(Random& random, ColumnBuilder& builder) {
  const DataType& type = builder.type();
  const int bits = 8 * width_of(type);
  switch (type.id) {
    case TypeId::kNull: return builder.append_null();
    case TypeId::kBoolean: return builder.append_boolean(random.one_in(2));
    case TypeId::kUInt8:
    case TypeId::kUInt16:
    case TypeId::kUInt32:
    case TypeId::kUInt64: return builder.append_uint64(unsigned_of(random, bits));
    case TypeId::kFloat16:
    case TypeId::kFloat32: return builder.append_double(std::clamp(random_double(random), -65504.0, 65504.0));
    case TypeId::kFloat64: return builder.append_double(random_double(random));
    case TypeId::kDecimal: return builder.append_decimal(random_decimal(random, type.precision));
    case TypeId::kTime:
      return builder.append_int64(random.between(0, kNanosecondsPerDay / nanoseconds_per(type.unit) - 1));
    case TypeId::kString: return builder.append_bytes(random_text(random));
    case TypeId::kBinary: return builder.append_bytes(random_bytes(random, random.between(0, 12)));
    case TypeId::kFixedBinary: return builder.append_bytes(random_bytes(random, type.byte_width));
    case TypeId::kDictionary:
      return builder.append_bytes(type.value_type->id == TypeId::kString ? random_text(random)
                                                                         : random_bytes(random, random.between(0, 1)));
    default: return builder.append_int64(signed_of(random, bits));
  }
}

// What a day's trading does to a price on a grid of cents.
class PriceWalk {
 public:
  explicit PriceWalk(uint64_t seed) : engine_(seed) {}

  int64_t below(int64_t limit) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(limit)); }
  int64_t step() {
    cents_ = std::max<int64_t>(100, cents_ + below(21) - 10);
    return cents_;
  }

 private:
  std::mt19937_64 engine_;
  int64_t cents_ = 10'000;
};

double price_of(int64_t cents) { return static_cast<double>(cents) / 100.0; }

}  // namespace

std::vector<DataType> all_types() {
  std::vector<DataType> types;
  for (auto id = static_cast<int>(TypeId::kNull); id <= static_cast<int>(TypeId::kFloat64); ++id) {
    types.push_back({.id = static_cast<TypeId>(id)});
  }
  for (const TimeUnit unit : {TimeUnit::kSecond, TimeUnit::kMilli, TimeUnit::kMicro, TimeUnit::kNano}) {
    types.push_back(DataType::time(unit));
    types.push_back(DataType::duration(unit));
    types.push_back(DataType::timestamp(unit, ""));
    types.push_back(DataType::timestamp(unit, "UTC"));
  }
  const std::vector<DataType> others = {
      DataType::timestamp(TimeUnit::kNano, "America/New_York"),
      DataType::date(),
      DataType::decimal(9, 2),
      DataType::decimal(38, 10),
      DataType::string(),
      DataType::binary(),
      DataType::fixed_binary(3),
      DataType::fixed_binary(16),
      DataType::dictionary(DataType::string()),
      DataType::dictionary(DataType::string(), true),
      DataType::dictionary(DataType::binary()),
  };
  types.insert(types.end(), others.begin(), others.end());
  return types;
}

Column random_column(Random& random, const DataType& type, const RandomColumnOptions& options) {
  const int64_t before = options.sliced ? random.between(0, 70) : 0;
  const int64_t after = options.sliced ? random.between(0, 20) : 0;
  const uint64_t null_once_in = options.nulls ? random.pick(std::vector<uint64_t>{0, 2, 20}) : 0;
  ColumnBuilder builder(type);
  for (int64_t row = 0; row < before + options.rows + after; ++row) {
    if (null_once_in != 0 && random.one_in(null_once_in)) {
      builder.append_null();
    } else {
      append_random(random, builder);
    }
  }
  return builder.finish().slice(before, options.rows);
}

Table random_table(Random& random, const RandomColumnOptions& options) {
  return random_table(random, all_types(), options);
}

Table random_table(Random& random, const std::vector<DataType>& types, const RandomColumnOptions& options) {
  std::vector<Field> fields;
  std::vector<Column> columns;
  for (const DataType& type : types) {
    fields.push_back({"c" + std::to_string(fields.size()), type});
    columns.push_back(random_column(random, type, options));
  }
  return Table(Schema(std::move(fields)), std::move(columns));
}

Cells cells(const Column& column) {
  Cells result;
  for (int64_t row = 0; row < column.length(); ++row) {
    result.push_back(column.is_null(row) ? std::nullopt : std::optional(table::value_text(column, row)));
  }
  return result;
}

std::vector<Cells> rows(const Table& table) {
  std::vector<Cells> result(static_cast<size_t>(table.num_rows()));
  for (size_t position = 0; position < table.num_columns(); ++position) {
    const Cells column = cells(table.column(position));
    for (size_t row = 0; row < column.size(); ++row) result[row].push_back(column[row]);
  }
  return result;
}

Table make_bars(int64_t rows, Timestamp start, Duration interval, uint64_t seed) {
  const auto count = static_cast<size_t>(rows);
  std::vector<int64_t> timestamp(count);
  std::vector<double> open(count);
  std::vector<double> high(count);
  std::vector<double> low(count);
  std::vector<double> close(count);
  std::vector<int64_t> volume(count);
  PriceWalk walk(seed);
  for (size_t row = 0; row < count; ++row) {
    timestamp[row] = start.nanoseconds + static_cast<int64_t>(row) * interval.nanoseconds;
    const int64_t first = walk.step();
    const int64_t last = walk.step();
    open[row] = price_of(first);
    high[row] = price_of(std::max(first, last) + walk.below(5));
    low[row] = price_of(std::min(first, last) - walk.below(5));
    close[row] = price_of(last);
    volume[row] = walk.below(10'000);
  }
  const DataType price = DataType::float64();
  return Table(Schema({{"timestamp", DataType::timestamp(TimeUnit::kNano, "UTC"), false},
                       {"open", price},
                       {"high", price},
                       {"low", price},
                       {"close", price},
                       {"volume", DataType::int64()}}),
               {make_column<int64_t>(DataType::timestamp(TimeUnit::kNano, "UTC"), timestamp),
                make_column<double>(price, open), make_column<double>(price, high), make_column<double>(price, low),
                make_column<double>(price, close), make_column<int64_t>(DataType::int64(), volume)});
}

Table make_trades(int64_t rows, uint64_t seed) {
  const DataType moment = DataType::timestamp(TimeUnit::kNano, "UTC");
  ColumnBuilder timestamp(moment);
  ColumnBuilder symbol(DataType::string());
  ColumnBuilder price(DataType::float64());
  ColumnBuilder size(DataType::int64());
  ColumnBuilder side(DataType::string());
  ColumnBuilder trade_id(DataType::int64());
  const std::vector<std::string> symbols = {"AAPL", "MSFT", "SPY"};
  const std::vector<std::string> sides = {"B", "S", "N"};
  PriceWalk walk(seed);
  int64_t at = kFirstBar.nanoseconds;
  for (int64_t row = 0; row < rows; ++row) {
    if (walk.below(4) != 0) at += walk.below(50'000'000);
    timestamp.append_int64(at);
    symbol.append_bytes(symbols[static_cast<size_t>(walk.below(3))]);
    price.append_double(price_of(walk.step()));
    size.append_int64(1 + walk.below(500));
    side.append_bytes(sides[static_cast<size_t>(walk.below(3))]);
    trade_id.append_int64(1000 + row);
  }
  return Table(Schema({{"timestamp", moment, false},
                       {"symbol", DataType::string()},
                       {"price", DataType::float64()},
                       {"size", DataType::int64()},
                       {"side", DataType::string()},
                       {"trade_id", DataType::int64()}}),
               {timestamp.finish(), symbol.finish(), price.finish(), size.finish(), side.finish(), trade_id.finish()});
}

}  // namespace varve::testing

// How many values a second one core encodes and decodes: each kernel of the codec alone, then whole tables in memory.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "varve/base/buffer.h"
#include "varve/compress/codec.h"
#include "varve/parquet/encoding.h"
#include "varve/parquet/write/dictionary.h"
#include "varve/parquet/write/value_grid.h"
#include "varve/parquet/writer.h"
#include "varve/table/table.h"

namespace varve::parquet {
namespace {

constexpr size_t kPage = 1 << 16;
constexpr size_t kChunk = 1 << 20;

std::span<const std::byte> bytes_of(const base::MutableBuffer& buffer) { return {buffer.data(), buffer.size()}; }

void count_values(benchmark::State& state, size_t values) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(values));
}

std::vector<int64_t> irregular_timestamps(size_t count) {
  std::mt19937_64 random(1);
  std::vector<int64_t> values(count);
  int64_t moment = 1'388'534'400'000'000'000;
  for (int64_t& value : values) value = moment += static_cast<int64_t>(random() % 60'000'000'000);
  return values;
}

std::vector<int64_t> minutes(size_t count) {
  std::vector<int64_t> values(count);
  int64_t moment = 1'388'534'400'000'000'000;
  for (int64_t& value : values) value = moment += 60'000'000'000;
  return values;
}

std::vector<double> prices(size_t count) {
  std::mt19937_64 random(2);
  std::vector<double> values(count);
  int64_t ticks = 12'000;
  for (double& value : values) {
    ticks = std::abs(ticks + static_cast<int64_t>(random() % 11) - 5);
    value = static_cast<double>(ticks) / 100;
  }
  return values;
}

std::span<const uint64_t> bits_of(const std::vector<double>& values) {
  return {reinterpret_cast<const uint64_t*>(values.data()), values.size()};
}

std::vector<uint32_t> codes(size_t count, int bit_width) {
  std::mt19937_64 random(3);
  std::vector<uint32_t> values(count);
  for (uint32_t& value : values) value = static_cast<uint32_t>(random() & ((uint64_t{1} << bit_width) - 1));
  return values;
}

void delta_encode(benchmark::State& state, const std::vector<int64_t>& values) {
  base::MutableBuffer out;
  for (auto _ : state) {
    out.resize(0);
    encode_delta(values, out);
    benchmark::DoNotOptimize(out.data());
  }
  count_values(state, values.size());
}
BENCHMARK_CAPTURE(delta_encode, irregular_timestamps, irregular_timestamps(kPage));
BENCHMARK_CAPTURE(delta_encode, minutes, minutes(kPage));

void delta_decode(benchmark::State& state, const std::vector<int64_t>& values) {
  base::MutableBuffer packed;
  encode_delta(values, packed);
  std::vector<int64_t> out(values.size());
  for (auto _ : state) {
    benchmark::DoNotOptimize(decode_delta(bytes_of(packed), std::span(out)));
    benchmark::ClobberMemory();
  }
  count_values(state, values.size());
}
BENCHMARK_CAPTURE(delta_decode, irregular_timestamps, irregular_timestamps(kPage));
BENCHMARK_CAPTURE(delta_decode, minutes, minutes(kPage));

void hybrid_encode(benchmark::State& state) {
  const auto bit_width = static_cast<int>(state.range(0));
  const auto values = codes(kPage, bit_width);
  base::MutableBuffer out;
  for (auto _ : state) {
    out.resize(0);
    encode_hybrid(values, bit_width, out);
    benchmark::DoNotOptimize(out.data());
  }
  count_values(state, values.size());
}
BENCHMARK(hybrid_encode)->Arg(1)->Arg(7)->Arg(12)->Arg(17);

void hybrid_decode(benchmark::State& state) {
  const auto bit_width = static_cast<int>(state.range(0));
  const auto values = codes(kPage, bit_width);
  base::MutableBuffer packed;
  encode_hybrid(values, bit_width, packed);
  std::vector<uint32_t> out(values.size());
  for (auto _ : state) {
    benchmark::DoNotOptimize(decode_hybrid(bytes_of(packed), bit_width, out));
    benchmark::ClobberMemory();
  }
  count_values(state, values.size());
}
BENCHMARK(hybrid_decode)->Arg(1)->Arg(7)->Arg(12)->Arg(17);

void dictionary_encode(benchmark::State& state, bool by_grid) {
  const auto values = prices(kChunk);
  const auto grid = by_grid ? ValueGrid::find_ticks(values) : std::nullopt;
  NumberDictionary<uint64_t> dictionary;
  std::vector<uint32_t> out(values.size());
  for (auto _ : state) {
    dictionary.clear(grid);
    benchmark::DoNotOptimize(dictionary.encode(bits_of(values), out.data(), {}));
    benchmark::ClobberMemory();
  }
  count_values(state, values.size());
}
BENCHMARK_CAPTURE(dictionary_encode, prices_by_grid, true);
BENCHMARK_CAPTURE(dictionary_encode, prices_by_hash, false);

void byte_stream_split_encode(benchmark::State& state) {
  const auto values = prices(kPage);
  base::MutableBuffer out;
  for (auto _ : state) {
    out.resize(0);
    encode_byte_stream_split(std::as_bytes(std::span(values)), sizeof(double), out);
    benchmark::DoNotOptimize(out.data());
  }
  count_values(state, values.size());
}
BENCHMARK(byte_stream_split_encode);

void byte_stream_split_decode(benchmark::State& state) {
  const auto values = prices(kPage);
  base::MutableBuffer packed;
  encode_byte_stream_split(std::as_bytes(std::span(values)), sizeof(double), packed);
  std::vector<double> out(values.size());
  for (auto _ : state) {
    decode_byte_stream_split(bytes_of(packed), sizeof(double), std::as_writable_bytes(std::span(out)));
    benchmark::ClobberMemory();
  }
  count_values(state, values.size());
}
BENCHMARK(byte_stream_split_decode);

void plain_strings_decode(benchmark::State& state) {
  std::vector<int64_t> offsets = {0};
  std::string characters;
  for (size_t row = 0; row < kPage; ++row) {
    characters += row % 3 == 0 ? "XNAS" : row % 3 == 1 ? "EDGX-long-name" : "BATS.Z";
    offsets.push_back(static_cast<int64_t>(characters.size()));
  }
  base::MutableBuffer packed;
  encode_plain_strings({offsets, characters.data()}, packed);
  base::MutableBuffer out;
  for (auto _ : state) {
    out.resize(0);
    decode_plain_strings(bytes_of(packed), {offsets, &out});
    benchmark::DoNotOptimize(out.data());
  }
  count_values(state, kPage);
}
BENCHMARK(plain_strings_decode);

void snappy_unpack(benchmark::State& state, const std::vector<int64_t>& values) {
  compress::BlockCodec codec(compress::Codec::kSnappy);
  const auto plain = std::as_bytes(std::span(values));
  std::vector<std::byte> packed(codec.bound(plain.size()));
  packed.resize(codec.compress(plain, packed));
  std::vector<std::byte> out(plain.size());
  for (auto _ : state) {
    codec.decompress(packed, out);
    benchmark::ClobberMemory();
  }
  count_values(state, values.size());
}
BENCHMARK_CAPTURE(snappy_unpack, minutes, minutes(kPage));
BENCHMARK_CAPTURE(snappy_unpack, irregular_timestamps, irregular_timestamps(kPage));

template <typename T>
Column column_of(DataType type, const std::vector<T>& values) {
  base::MutableBuffer buffer;
  buffer.append(std::as_bytes(std::span(values)));
  return Column(ColumnParts{
      .type = std::move(type), .length = std::ssize(values), .values = std::move(buffer).finish(), .null_count = 0});
}

void write_column(benchmark::State& state, const Field& field, const Column& column) {
  const Table table(Schema({field}), {column});
  for (auto _ : state) {
    const auto summary = write_table(table, [](std::span<const std::byte> bytes) { benchmark::DoNotOptimize(bytes); });
    benchmark::DoNotOptimize(summary.bytes);
  }
  count_values(state, static_cast<size_t>(column.length()));
}

const DataType kNanoseconds{.id = TypeId::kTimestamp, .unit = TimeUnit::kNano};
const DataType kNumber{.id = TypeId::kFloat64};
BENCHMARK_CAPTURE(write_column, prices, {"price", kNumber}, column_of(kNumber, prices(kChunk)));
BENCHMARK_CAPTURE(write_column, minutes, {"timestamp", kNanoseconds}, column_of(kNanoseconds, minutes(kChunk)));
BENCHMARK_CAPTURE(write_column, irregular_timestamps, {"timestamp", kNanoseconds},
                  column_of(kNanoseconds, irregular_timestamps(kChunk)));

}  // namespace
}  // namespace varve::parquet

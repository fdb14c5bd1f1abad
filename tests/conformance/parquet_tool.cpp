// Shows what Varve reads from a Parquet file, and writes it again, for comparison with other programs:
//   varve_parquet_tool dump FILE [range COLUMN START END | rows FIRST COUNT | columns A,B,...]
//   varve_parquet_tool rewrite IN OUT COMPRESSION ROWS_PER_GROUP
// `dump` prints one JSON object: {"rows": n, "columns": [{"name", "type", "nullable", "values": [...]}]}. Times are
// integers in the column's unit, decimals text, binary hexadecimal text, floats text that reads back equal.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "varve/base/error.h"
#include "varve/base/file_system.h"
#include "varve/base/thread_pool.h"
#include "varve/parquet/reader.h"
#include "varve/parquet/writer.h"
#include "varve/table/print.h"

namespace {

using varve::Column;
using varve::TypeId;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char letter : text) {
    const auto code = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      out += '\\';
      out += letter;
    } else if (code < 0x20) {
      out += fmt::format("\\u{:04x}", code);
    } else {
      out += letter;
    }
  }
  return out + '"';
}

std::string hexadecimal(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return out;
}

std::string value(const Column& column, int64_t row) {
  if (column.is_null(row)) return "null";
  const auto at = static_cast<size_t>(row);
  switch (column.type().id) {
    case TypeId::kDictionary: return value(column.dictionary(), column.values<int32_t>()[at]);
    case TypeId::kDate: return std::to_string(column.values<int32_t>()[at]);
    case TypeId::kTimestamp:
    case TypeId::kDuration: return std::to_string(column.values<int64_t>()[at]);
    case TypeId::kTime:
      return varve::width_of(column.type()) == 4 ? std::to_string(column.values<int32_t>()[at])
                                                 : std::to_string(column.values<int64_t>()[at]);
    case TypeId::kFloat32: return fmt::format("\"{}\"", column.values<float>()[at]);
    case TypeId::kFloat64: return fmt::format("\"{}\"", column.values<double>()[at]);
    case TypeId::kFloat16: return std::to_string(column.values<uint16_t>()[at]);
    case TypeId::kString: return quoted(column.bytes_at(row));
    case TypeId::kBinary:
    case TypeId::kFixedBinary: return quoted(hexadecimal(column.bytes_at(row)));
    case TypeId::kDecimal: return quoted(varve::table::value_text(column, row));
    default: return varve::table::value_text(column, row);
  }
}

void dump(const varve::Table& table) {
  std::string out = fmt::format("{{\"rows\": {}, \"columns\": [", table.num_rows());
  for (size_t at = 0; at < table.num_columns(); ++at) {
    const varve::Field& field = table.schema()[at];
    out += fmt::format("{}\n{{\"name\": {}, \"type\": {}, \"nullable\": {}, \"values\": [", at == 0 ? "" : ",",
                       quoted(field.name), quoted(varve::to_string(field.type)), field.nullable);
    for (int64_t row = 0; row < table.num_rows(); ++row) {
      if (row != 0) out += ',';
      out += value(table.column(at), row);
    }
    out += "]}";
  }
  out += "]}\n";
  std::fwrite(out.data(), 1, out.size(), stdout);
}

varve::parquet::Reader open(const std::string& path) {
  const auto files = varve::base::make_system_file_system();
  return varve::parquet::Reader::open(files->open(path, varve::base::OpenMode::kRead), path);
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char letter : text) {
    if (letter == ',') {
      parts.emplace_back();
    } else {
      parts.back() += letter;
    }
  }
  return parts;
}

void run_dump(const std::vector<std::string>& arguments) {
  varve::base::ThreadPool pool(2);
  const varve::parquet::Reader reader = open(arguments.at(1));
  varve::parquet::ReadOptions options;
  options.pool = &pool;
  const std::string mode = arguments.size() > 2 ? arguments[2] : "";
  if (mode == "columns") options.columns = split(arguments.at(3));
  if (mode == "range" || mode == "sorted-range") {
    options.range = {.column = arguments.at(3),
                     .start = {std::stoll(arguments.at(4))},
                     .end = {std::stoll(arguments.at(5))},
                     .sorted = mode == "sorted-range"};
  }
  dump(mode == "rows" ? reader.read_rows(std::stoll(arguments.at(3)), std::stoll(arguments.at(4)), options)
                      : reader.read(options));
}

void run_rewrite(const std::vector<std::string>& arguments) {
  const varve::Table table = open(arguments.at(1)).read();
  std::ofstream out(arguments.at(2), std::ios::binary);
  varve::parquet::WriteOptions options;
  options.compression = varve::parquet::parse_compression(arguments.at(3));
  const int64_t rows_per_group = std::stoll(arguments.at(4));
  options.rows_per_group = rows_per_group;
  options.rows_per_page = rows_per_group / 3;
  varve::parquet::write_table(
      table,
      [&](std::span<const std::byte> bytes) {
        out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
      },
      options);
  out.close();
  if (!out) throw varve::Io("{} cannot be written", arguments[2]);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (!arguments.empty() && arguments[0] == "dump") {
      run_dump(arguments);
    } else if (!arguments.empty() && arguments[0] == "rewrite") {
      run_rewrite(arguments);
    } else {
      throw varve::InvalidArgument("usage: dump FILE | rewrite IN OUT COMPRESSION ROWS_PER_GROUP");
    }
    return 0;
  } catch (const varve::Error& error) {
    std::cerr << varve::to_string(error.kind()) << ": " << error.what() << "\n";
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << "\n";
  }
  return 1;
}

#include "varve/ingest/table_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "varve/base/buffer.h"
#include "varve/base/digest.h"
#include "varve/base/error.h"
#include "varve/compress/stream.h"
#include "varve/lake/localize.h"
#include "varve/market/kind.h"
#include "varve/parquet/reader.h"

namespace varve::ingest {

namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;

// Bytes that can be read anywhere, of a file or at hand.
struct Input {
  std::string name;
  uint64_t size = 0;
  std::function<void(uint64_t offset, std::span<std::byte> bytes)> read_at;
};

// Reads an input from end to end, again where it must be, and takes its checksum the first time.
class SequentialInput {
 public:
  SequentialInput(const Input& input, const TableFileOptions& options) : input_(input), options_(options) {}

  compress::ByteSource open() {
    offset_ = 0;
    return [this](std::span<std::byte> bytes) { return read(bytes); };
  }

  std::string checksum() {
    std::vector<std::byte> rest(kBlockBytes);
    while (read(rest) > 0) continue;
    return base::to_hex(sha256_.finish());
  }

 private:
  size_t read(std::span<std::byte> bytes) {
    options_.cancel.check();
    const auto count = static_cast<size_t>(std::min<uint64_t>(bytes.size(), input_.size - offset_));
    if (count == 0) return 0;
    const std::span<std::byte> target = bytes.first(count);
    input_.read_at(offset_, target);
    if (offset_ == hashed_) {
      sha256_.update(target);
      hashed_ += count;
    }
    offset_ += count;
    if (options_.on_progress) options_.on_progress(offset_, input_.size);
    return count;
  }

  const Input& input_;
  const TableFileOptions& options_;
  uint64_t offset_ = 0;
  uint64_t hashed_ = 0;
  base::Sha256 sha256_;
};

std::string first_bytes(const Input& input) {
  std::string head(static_cast<size_t>(std::min<uint64_t>(input.size, 8)), '\0');
  input.read_at(0, std::as_writable_bytes(std::span(head)));
  return head;
}

TableFile read_csv_input(const Input& input, std::string_view head, const TableFileOptions& options) {
  if (head.starts_with("PK\x03\x04")) throw NotSupported("{}: a zip archive: unpack it first", input.name);
  const compress::Codec codec = compress::detect_codec(std::as_bytes(std::span(head)));
  SequentialInput bytes(input, options);
  const OpenSource open = [&] { return compress::make_decompressing_source(codec, bytes.open()); };
  CsvTable csv;
  try {
    csv = read_csv(open, options.csv);
  } catch (const InvalidArgument& error) {
    throw InvalidArgument("{}: {}", input.name, error.what());
  } catch (const NotFound& error) {
    throw NotFound("{}: {}", input.name, error.what());
  } catch (const Corruption& error) {
    throw Corruption("{}: {}", input.name, error.what());
  }
  return {.table = std::move(csv.table),
          .index = options.csv.untimed ? "" : "timestamp",
          .sha256 = bytes.checksum(),
          .rows_read = csv.rows_read,
          .bad_rows = csv.bad_rows,
          .first_bad = std::move(csv.first_bad)};
}

Table rename_columns(const Table& table, const std::vector<std::pair<std::string, std::string>>& renames) {
  std::vector<Field> fields = table.schema().fields();
  for (const auto& [name, source] : renames) fields[table.schema().position_of(source)].name = name;
  std::vector<Column> columns;
  for (size_t i = 0; i < table.num_columns(); ++i) columns.push_back(table.column(i));
  return Table(Schema(std::move(fields), table.schema().metadata()), std::move(columns));
}

// Finds the time column, whose times get the zone of the options if they name none. Throws NotFound, InvalidArgument.
void set_index(TableFile& file, const CsvOptions& options) {
  file.index = market::find_index(file.table.schema(), options.timestamp);
  if (file.index.empty()) throw NotFound("no time column: name one with --timestamp, or say --untimed");
  const DataType& type = file.table.column(file.index).type();
  if (type.id != TypeId::kTimestamp || !type.zone.empty()) return;
  if (options.zone.empty()) {
    throw InvalidArgument("column {} holds times without a zone: say which with --tz, such as --tz UTC", file.index);
  }
  file.table = localize(file.table, file.index, options.zone);
}

TableFile read_parquet_input(const Input& input, std::unique_ptr<base::File> file, const TableFileOptions& options) {
  TableFile result;
  result.sha256 = SequentialInput(input, options).checksum();
  const parquet::Reader reader = parquet::Reader::open(std::move(file), input.name);
  if (!reader.nested_columns().empty()) {
    throw NotSupported("{}: column {} is nested: only flat columns can be brought in", input.name,
                       quote(reader.nested_columns().front()));
  }
  try {
    parquet::ReadOptions read_options;
    read_options.cancel = options.cancel;
    result.table = rename_columns(reader.read(read_options), options.csv.renames);
    if (!options.csv.untimed) set_index(result, options.csv);
  } catch (const InvalidArgument& error) {
    throw InvalidArgument("{}: {}", input.name, error.what());
  } catch (const NotFound& error) {
    throw NotFound("{}: {}", input.name, error.what());
  }
  result.rows_read = result.table.num_rows();
  return result;
}

bool is_parquet(std::string_view head, std::string_view name) {
  return head.starts_with(parquet::kMagic) || name.ends_with(".parquet");
}

}  // namespace

TableFile read_table_file(base::FileSystem& files, const std::string& path, const TableFileOptions& options) {
  std::unique_ptr<base::File> file = files.open(path, base::OpenMode::kRead);
  const uint64_t size = file->size();
  if (size == 0) throw InvalidArgument("{}: there is nothing in it", path);
  const Input input{path, size,
                    [&opened = *file](uint64_t offset, std::span<std::byte> bytes) { opened.read_at(offset, bytes); }};
  const std::string head = first_bytes(input);
  if (!is_parquet(head, path)) return read_csv_input(input, head, options);
  // The reader gets a handle of its own: it owns it.
  return read_parquet_input(input, files.open(path, base::OpenMode::kRead), options);
}

TableFile read_table_bytes(std::span<const std::byte> bytes, const std::string& name, const TableFileOptions& options) {
  if (bytes.empty()) throw InvalidArgument("{}: there is nothing in it", name);
  const Input input{name, bytes.size(), [bytes](uint64_t offset, std::span<std::byte> target) {
                      std::memcpy(target.data(), bytes.data() + offset, target.size());
                    }};
  const std::string head = first_bytes(input);
  if (is_parquet(head, "")) throw NotSupported("{}: Parquet is read from files only", name);
  return read_csv_input(input, head, options);
}

}  // namespace varve::ingest

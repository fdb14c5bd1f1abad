#include "varve/ingest/import.h"

#include <array>
#include <string_view>
#include <utility>

#include "varve/base/error.h"
#include "varve/base/naming.h"
#include "varve/market/kind.h"

namespace varve::ingest {

namespace {

std::string stem_of(const std::string& path) {
  constexpr std::array<std::string_view, 7> kEndings = {".gz", ".zst", ".csv", ".tsv", ".txt", ".parquet", ".pq"};
  std::string_view name = path;
  name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
  for (bool cut = true; cut;) {
    cut = false;
    for (const std::string_view ending : kEndings) {
      if (name.size() <= ending.size() || !name.ends_with(ending)) continue;
      name.remove_suffix(ending.size());
      cut = true;
    }
  }
  return std::string(name);
}

}  // namespace

void run_naming(const std::string& source, const std::string& key, const std::function<void()>& work) {
  try {
    run_naming_series(key, work);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    throw_named(error, source);
  }
}

std::string expand_key(const std::string& key, const std::string& path) {
  std::string result;
  for (size_t at = 0; at < key.size();) {
    const size_t open = key.find('{', at);
    result += key.substr(at, open - at);
    if (open == std::string::npos) break;
    const size_t close = key.find('}', open);
    const std::string name = key.substr(open + 1, close == std::string::npos ? close : close - open - 1);
    if (close == std::string::npos || name != "stem") {
      throw InvalidArgument("key {}: the only placeholder is {stem}", quote(key));
    }
    result += stem_of(path);
    at = close + 1;
  }
  return result;
}

bool rows_have_identity(const Lake& lake, const std::string& key, const Table& table, const SeriesOptions& options) {
  if (lake.exists(key)) return lake.info(key).identity.has_value();
  if (options.identity) return !options.identity->empty();
  const market::Kind kind = options.kind ? market::parse_kind(*options.kind) : market::detect_kind(table.schema());
  return market::identity_of(kind, table.schema()).has_value();
}

FileImport import_file(Lake& lake, base::FileSystem& files, const std::string& path, const ImportOptions& options) {
  FileImport result;
  result.path = path;
  result.key = expand_key(options.key, path);
  // A bad key is told before the file is read.
  run_naming(path, result.key, [&] { (void)lake.exists(result.key); });
  TableFile file = read_table_file(files, path, options.file);
  result.rows_read = file.rows_read;
  result.bad_rows = file.bad_rows;
  result.first_bad = std::move(file.first_bad);
  if (result.bad_rows > 0 && !options.skip_bad) return result;

  options.file.cancel.check();
  SeriesWriteOptions write{
      .series = options.series, .source = Source{path, file.sha256}, .expects_version = options.expects_version};
  write.series.index = file.index;
  run_naming(path, result.key, [&] {
    const bool identity = rows_have_identity(lake, result.key, file.table, options.series);
    result.commit = identity ? lake.upsert(result.key, file.table, write) : lake.append(result.key, file.table, write);
  });
  return result;
}

}  // namespace varve::ingest

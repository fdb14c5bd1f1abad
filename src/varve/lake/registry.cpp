#include "varve/lake/registry.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include "varve/base/digest.h"
#include "varve/base/error.h"
#include "varve/base/file_system.h"
#include "varve/catalog/registry.h"
#include "varve/store/store.h"

namespace varve {
namespace {

catalog::Registry rows_of(const Registry::Source& source) { return catalog::Registry(source.use().catalog()); }

// As it is kept: below the root relative to it, so that a lake can be moved with what lies in it.
std::string kept_path(const std::string& path, const std::string& root) {
  if (path.empty()) throw InvalidArgument("file_path is missing");
  const std::filesystem::path base(root);
  const std::filesystem::path whole = (base / path).lexically_normal();
  const std::filesystem::path relative = whole.lexically_relative(base);
  const bool outside = relative.empty() || *relative.begin() == "..";
  return (outside ? whole : relative).string();
}

std::string whole_path(const std::string& kept, const std::string& root) {
  return (std::filesystem::path(root) / kept).string();
}

struct FileSum {
  int64_t bytes = 0;
  std::string sha256;
};

// Read, not mapped: the file is not ours, and somebody may cut it short meanwhile.
FileSum sum_of(base::FileSystem& files, const std::string& path) {
  constexpr uint64_t kBlock = uint64_t{1} << 20;
  if (!files.exists(path) || files.status(path).type == base::FileType::kDirectory) {
    throw NotFound("there is no file {}", path);
  }
  const std::unique_ptr<base::File> file = files.open(path, base::OpenMode::kRead);
  const uint64_t size = file->size();
  std::vector<std::byte> block(std::min(kBlock, size));
  base::Sha256 digest;
  for (uint64_t at = 0; at < size; at += block.size()) {
    block.resize(std::min(kBlock, size - at));
    file->read_at(at, block);
    digest.update(block);
  }
  return {.bytes = static_cast<int64_t>(size), .sha256 = base::to_hex(digest.finish())};
}

template <typename Record>
Record found_or_throw(std::optional<Record>&& record, std::string_view what, int64_t id) {
  if (!record) throw NotFound("no {} {}", what, id);
  return *std::move(record);
}

DataFile to_data_file(catalog::DataFileRow&& row) {
  DataFile file{.id = row.id,
                .path = store::visible_name(row.key, row.object),
                .key = std::move(row.key),
                .instrument = std::move(row.instrument),
                .data_type = std::move(row.data_type),
                .first = {},
                .last = {},
                .rows = row.object.rows,
                .bytes = row.object.bytes,
                .sha256 = std::move(row.object.sha256),
                .created = row.created,
                .verified = row.verified,
                .visible = !row.object.removed_version};
  if (!row.timed) return file;
  file.first = row.object.first;
  file.last = row.object.last;
  return file;
}

}  // namespace

int64_t Registry::add_fetch_run(const FetchRun& run) { return rows_of(source_).add_fetch_run(run); }

int64_t Registry::add_processing_run(const ProcessingRun& run) { return rows_of(source_).add_processing_run(run); }

int64_t Registry::add_model_artifact(ModelArtifact artifact) {
  catalog::Registry rows = rows_of(source_);
  artifact.file_path = kept_path(artifact.file_path, source_.root);
  FileSum sum = sum_of(*source_.files, whole_path(artifact.file_path, source_.root));
  artifact.bytes = sum.bytes;
  artifact.sha256 = std::move(sum.sha256);
  artifact.verified.reset();
  return rows.add_model_artifact(artifact);
}

std::vector<FetchRun> Registry::fetch_runs(const FetchRunFilter& filter) const {
  return rows_of(source_).list_fetch_runs(filter);
}

std::vector<ProcessingRun> Registry::processing_runs(const ProcessingRunFilter& filter) const {
  return rows_of(source_).list_processing_runs(filter);
}

std::vector<ModelArtifact> Registry::model_artifacts(const ModelArtifactFilter& filter) const {
  return rows_of(source_).list_model_artifacts(filter);
}

std::vector<DataFile> Registry::data_files(const DataFileFilter& filter) const {
  catalog::DataFileFilter wanted{.key = filter.key, .instrument = filter.instrument, .data_type = filter.data_type};
  if (filter.start) wanted.first = filter.start->as_start(filter.zone);
  if (filter.end) wanted.last = filter.end->as_end(filter.zone);
  std::vector<DataFile> files;
  for (catalog::DataFileRow& row : rows_of(source_).list_data_files(wanted)) {
    files.push_back(to_data_file(std::move(row)));
  }
  return files;
}

FetchRun Registry::fetch_run(int64_t id) const {
  return found_or_throw(rows_of(source_).find_fetch_run(id), "fetch run", id);
}

ProcessingRun Registry::processing_run(int64_t id) const {
  return found_or_throw(rows_of(source_).find_processing_run(id), "processing run", id);
}

ModelArtifact Registry::model_artifact(int64_t id) const {
  return found_or_throw(rows_of(source_).find_model_artifact(id), "model artifact", id);
}

DataFile Registry::data_file(int64_t id) const {
  return to_data_file(found_or_throw(rows_of(source_).find_data_file(id), "data file", id));
}

ArtifactState Registry::check_model_artifact(int64_t id) {
  const ModelArtifact artifact = model_artifact(id);
  FileSum sum;
  try {
    sum = sum_of(*source_.files, whole_path(artifact.file_path, source_.root));
  } catch (const NotFound&) {
    return ArtifactState::kMissing;
  } catch (const Corruption&) {  // cut short while it was read
    return ArtifactState::kChanged;
  }
  if (sum.bytes != artifact.bytes || sum.sha256 != artifact.sha256) return ArtifactState::kChanged;
  if (!source_.use().read_only()) rows_of(source_).mark_artifact_verified(id);
  return ArtifactState::kWhole;
}

}  // namespace varve

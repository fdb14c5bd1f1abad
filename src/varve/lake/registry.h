// The registry of a lake: its files, where data were fetched from, what was made of them, and the models that came of
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "varve/base/time.h"
#include "varve/catalog/runs.h"
#include "varve/lake/options.h"

namespace varve {

namespace store {
class Store;
}  // namespace store

// Values; catalog/runs.h says what their fields mean.
using catalog::FetchRun;
using catalog::FetchRunFilter;
using catalog::ModelArtifact;
using catalog::ModelArtifactFilter;
using catalog::ProcessingRun;
using catalog::ProcessingRunFilter;

// A visible file of the newest version of a series. Runs cite it by its id, which is never given to another file. It
// stays when a file that lies where a path template has it is written anew; by other layouts each is a file of its own.
struct DataFile {
  int64_t id = 0;
  std::string path;  // relative to the root, as the visible tree has it
  std::string key;
  std::string instrument;          // "instrument" in the key's metadata, else the last segment of the key
  std::string data_type;           // "data_type" in the key's metadata, else the kind
  std::optional<Timestamp> first;  // index values, both inside; empty if untimed
  std::optional<Timestamp> last;
  int64_t rows = 0;
  int64_t bytes = 0;
  std::string sha256;
  Timestamp created;                  // when what it holds was committed
  std::optional<Timestamp> verified;  // when `verify` last found what it holds whole
  bool visible = true;                // false: it is part of no newest version any more
};

struct DataFileFilter {
  std::optional<std::string> key = {};
  std::optional<std::string> instrument = {};
  std::optional<std::string> data_type = {};
  std::optional<TimeBound> start = {};  // files that overlap the range, both ends inside; untimed ones too
  std::optional<TimeBound> end = {};
  std::string zone = {};  // of days and naive text, as in ReadOptions
};

enum class ArtifactState {
  kWhole,
  kMissing,
  kChanged,  // its bytes are others than when it was registered
};

// Of an open lake, which must outlive it; made by Lake::registry(). Safe to use from several threads. Each call is one
// transaction, durable when it returns, and throws as calls of the lake do. Nothing here makes a version.
class Registry {
 public:
  // What a registry has of its lake. `use` throws where the lake may not be used.
  struct Source {
    std::function<store::Store&()> use;
    base::FileSystem* files = nullptr;
    std::string root;
  };
  explicit Registry(Source source) : source_(std::move(source)) {}

  // Return the id of what was added; an `id` that is given is not looked at. Throw InvalidArgument for a missing
  // instrument, type, version or status, a negative number, a range that ends before it starts, text that is not UTF-8,
  // input_files or output_files that are no JSON array, and metrics that are no JSON object.
  int64_t add_fetch_run(const FetchRun& run);
  int64_t add_processing_run(const ProcessingRun& run);
  // Reads the file for its checksum; `bytes`, `sha256` and `verified` are not looked at. A relative path begins at the
  // root of the lake. Throws NotFound if there is no such file, or no such training run.
  int64_t add_model_artifact(ModelArtifact artifact);

  // In the order of their ids.
  [[nodiscard]] std::vector<FetchRun> fetch_runs(const FetchRunFilter& filter = {}) const;
  [[nodiscard]] std::vector<ProcessingRun> processing_runs(const ProcessingRunFilter& filter = {}) const;
  [[nodiscard]] std::vector<ModelArtifact> model_artifacts(const ModelArtifactFilter& filter = {}) const;
  // In the order of time.
  [[nodiscard]] std::vector<DataFile> data_files(const DataFileFilter& filter = {}) const;

  // Throw NotFound. A file that is not visible any more is found as long as the lake remembers it.
  [[nodiscard]] FetchRun fetch_run(int64_t id) const;
  [[nodiscard]] ProcessingRun processing_run(int64_t id) const;
  [[nodiscard]] ModelArtifact model_artifact(int64_t id) const;
  [[nodiscard]] DataFile data_file(int64_t id) const;

  // Reads the artifact's file and compares it with its checksum; where it is whole, and the lake can be written, the
  // time is noted. Throws NotFound if there is no such artifact.
  ArtifactState check_model_artifact(int64_t id);

 private:
  Source source_;
};

}  // namespace varve

// The registry of a catalog: where data came from and what was made of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "varve/catalog/catalog.h"
#include "varve/catalog/runs.h"

namespace varve::catalog {

// A visible file as runs cite it.
struct DataFileRow {
  int64_t id = 0;  // stays when what the file holds is replaced under its name, and is never given to another file
  std::string key;
  std::string instrument;  // "instrument" in the key's metadata, else the last segment of the key
  std::string data_type;   // "data_type" in the key's metadata, else the kind
  bool timed = true;
  Timestamp created;                  // when what it holds was committed
  std::optional<Timestamp> verified;  // when what it holds was last found whole
  ObjectRow object;                   // what it holds
};

struct DataFileFilter {
  std::optional<std::string> key = {};
  std::optional<std::string> instrument = {};
  std::optional<std::string> data_type = {};
  Timestamp first = Timestamp::min();  // files that overlap [first, last]; all untimed ones
  Timestamp last = Timestamp::max();
};

// An object that was just found to be what was committed.
struct WholeObject {
  std::string id;
  std::optional<int64_t> modified = {};  // of an adopted file: its time, from now on
};

// A view of an open catalog, which must outlive it. Calls are transactions and throw as the catalog's do; those that
// add throw InvalidArgument for a missing word, a negative number, a duration that is no number, text that is not
// UTF-8, and JSON of another shape (check_json), NotFound for a training run that is not there. Lists are in the order
// of ids.
class Registry {
 public:
  explicit Registry(Catalog& catalog) : catalog_(catalog) {}

  // Return the id of what was added; `id` is not looked at.
  int64_t add_fetch_run(const FetchRun& run);
  int64_t add_processing_run(const ProcessingRun& run);
  int64_t add_model_artifact(const ModelArtifact& artifact);

  [[nodiscard]] std::optional<FetchRun> find_fetch_run(int64_t id);
  [[nodiscard]] std::optional<ProcessingRun> find_processing_run(int64_t id);
  [[nodiscard]] std::optional<ModelArtifact> find_model_artifact(int64_t id);

  [[nodiscard]] std::vector<FetchRun> list_fetch_runs(const FetchRunFilter& filter = {});
  [[nodiscard]] std::vector<ProcessingRun> list_processing_runs(const ProcessingRunFilter& filter = {});
  [[nodiscard]] std::vector<ModelArtifact> list_model_artifacts(const ModelArtifactFilter& filter = {});

  // The files of the newest versions, in order of time, then of id.
  [[nodiscard]] std::vector<DataFileRow> list_data_files(const DataFileFilter& filter = {});
  // Also one that is part of no newest version any more (object.removed_version tells), as long as it is remembered.
  // Takes time in proportion to the number of files.
  [[nodiscard]] std::optional<DataFileRow> find_data_file(int64_t id);

  // These were just found to be as they should be. Of objects it costs no sync: a power cut may bring back the time of
  // before.
  void mark_verified(std::span<const WholeObject> objects);
  void mark_artifact_verified(int64_t id);
  // Adopted files are Varve's own from now on, as those of a lake that was copied are.
  void forget_owners();

 private:
  Catalog& catalog_;
};

}  // namespace varve::catalog

// What a session of writes makes of one of its keys.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "varve/store/plan.h"
#include "varve/store/tree/tree_changes.h"
#include "varve/store/write_session.h"

namespace varve::store {

// One series of a session: as it was found, and what is to become of it. Different ones may be worked on by different
// threads.
struct KeyState {
  std::optional<catalog::SeriesRow> row;
  std::optional<catalog::Catalog::State> newest;  // of a series that exists
  catalog::SeriesDefinition definition;
  int32_t schema_version = 0;  // after the commit
  std::optional<Plan> plan;
  std::vector<AdoptedFile> adopted;
  std::vector<Original> originals;
  catalog::SeriesChange change;
  SeriesResult result;
  TreeChanges::Places places;  // of the visible tree that change
  bool touched = false;

  [[nodiscard]] bool exists() const { return row && !row->deleted; }
  [[nodiscard]] int64_t version() const { return row ? row->version : 0; }
};

// What a plan begins with. The objects of the newest state are taken out, as a series is changed once in a session.
SeriesFiles files_of(KeyState& key);
PlanTools plan_tools(Engine& engine, const KeyState& key);

// Works out a write (see WriteSession::write), which may have been made before, and then is left out.
void work_out(Engine& engine, KeyState& key, const SeriesWrite& write);
// Works out that the rows of a range go, both ends inside.
void empty_range(Engine& engine, KeyState& key, Timestamp first, Timestamp last);
// What a plan says becomes the change of its key.
void accept(KeyState& key, const SeriesFiles& files, Plan plan);

// A file of the same rows with other columns, or of other types.
struct NewColumns {
  ColumnChange change;
  Schema schema;
};
PlannedFile rewritten(Engine& engine, const KeyState& key, const catalog::ObjectRow& object, const NewColumns& columns);

}  // namespace varve::store

#include <utility>

#include "varve/base/error.h"
#include "varve/lake/lake.h"
#include "varve/lake/state.h"

namespace varve {

Commit Lake::compact(std::string_view key, int64_t target_rows) {
  if (target_rows < 0) throw InvalidArgument("target_rows is {} and must not be negative", target_rows);
  Commit last{.id = {}, .key = std::string(key)};
  for (bool unfinished = true; unfinished;) {
    store::WriteSession session = state_->use(key).begin_write({std::string(key)});
    unfinished = session.compact(key, target_rows);
    store::CommitResult result = session.commit();
    last.version = result.series.front().version;
    last.published = result.series.front().published;
    if (!result.id.empty()) last.id = std::move(result.id);
  }
  return last;
}

VacuumReport Lake::vacuum(std::string_view key, const VacuumOptions& options) {
  store::Store& store = key.empty() ? state_->use() : state_->use(key);
  const store::Vacuumed vacuumed = store.vacuum(
      key, {.all_for = options.all_for, .hourly_for = options.hourly_for, .versions_max = options.versions_max});
  return {.versions = vacuumed.versions, .files = vacuumed.files, .bytes = vacuumed.bytes};
}

VerifyReport Lake::verify(std::string_view key) const {
  store::Store& store = key.empty() ? state_->use() : state_->use(key);
  store::Verification found = store.verify(key);
  VerifyReport report{
      .keys = found.keys, .files = found.files, .rows = found.rows, .bytes = found.bytes, .findings = {}};
  for (store::Finding& finding : found.findings) {
    report.findings.push_back({std::move(finding.key), std::move(finding.file), std::move(finding.what)});
  }
  return report;
}

}  // namespace varve

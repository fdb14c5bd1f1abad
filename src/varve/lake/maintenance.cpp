#include <utility>

#include "varve/lake/lake.h"
#include "varve/lake/state.h"

namespace varve {

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

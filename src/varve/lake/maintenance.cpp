#include "varve/lake/maintenance.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "varve/base/error.h"
#include "varve/lake/lake.h"
#include "varve/lake/state.h"
#include "varve/store/upkeep/rebuild/rebuild_catalog.h"

namespace varve {
namespace {

RepairOutcome to_outcome(store::RepairOutcome outcome) {
  switch (outcome) {
    case store::RepairOutcome::kMended: return RepairOutcome::kMended;
    case store::RepairOutcome::kPublished: return RepairOutcome::kPublished;
    case store::RepairOutcome::kLost: return RepairOutcome::kLost;
    case store::RepairOutcome::kLostOld: return RepairOutcome::kLostOld;
    case store::RepairOutcome::kLeft: break;
  }
  return RepairOutcome::kLeft;
}

std::vector<VerifyFinding> to_findings(std::vector<store::Finding> found) {
  std::vector<VerifyFinding> findings;
  for (store::Finding& finding : found) {
    findings.push_back({std::move(finding.key), std::move(finding.file), std::move(finding.what)});
  }
  return findings;
}

RetentionPolicy to_policy(const store::RetentionPolicy& policy) {
  return {.all_for = policy.all_for, .hourly_for = policy.hourly_for, .versions_max = policy.versions_max};
}

bool says_all(const VacuumOptions& options) { return options.all_for && options.hourly_for && options.versions_max; }

// Throws InvalidArgument for what is negative.
store::RetentionPolicy policy_of(store::Store& store, const VacuumOptions& options) {
  store::RetentionPolicy policy;
  if (!says_all(options)) policy = store::retention_policy(store.catalog());
  policy.all_for = options.all_for.value_or(policy.all_for);
  policy.hourly_for = options.hourly_for.value_or(policy.hourly_for);
  policy.versions_max = options.versions_max.value_or(policy.versions_max);
  store::check_policy(policy);
  return policy;
}

// Nothing if it is not understood.
std::optional<RetentionPolicy> understood_policy(store::Store& store) {
  try {
    return to_policy(store::retention_policy(store.catalog()));
  } catch (const Corruption&) {
    return {};
  }
}

// By which vacuum, which refuses to guess, lets nothing go.
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr store::RetentionPolicy kKeepsAll{.all_for = Duration{kMost}, .hourly_for = {}, .versions_max = kMost};

std::vector<Amount> to_amounts(const std::map<std::string, store::Amount>& sums) {
  std::vector<Amount> amounts;
  for (const auto& [name, sum] : sums) amounts.push_back({name, sum.keys, sum.rows, sum.files, sum.bytes});
  return amounts;
}

// What long work stands on that needs no open lake.
struct Ground {
  Ground(OpenOptions& options, const std::string& root)  // that it makes
      : own_files(base::make_system_file_system(root)),
        files(options.file_system != nullptr ? *options.file_system : *own_files),
        clock(options.clock != nullptr ? *options.clock : own_clock),
        pool(options.threads),
        log(to_log(std::move(options.on_warning))) {}

  std::unique_ptr<base::FileSystem> own_files;
  base::SystemClock own_clock;
  base::FileSystem& files;
  const base::Clock& clock;
  base::ThreadPool pool;
  base::Log log;
};

BackupReport to_report(store::BackupReport copied) {
  return {.keys = copied.keys,
          .files = copied.files,
          .bytes = copied.bytes,
          .files_copied = copied.files_copied,
          .bytes_copied = copied.bytes_copied,
          .files_removed = copied.files_removed,
          .damaged = std::move(copied.damaged)};
}

}  // namespace

std::string_view to_string(RepairOutcome outcome) noexcept {
  switch (outcome) {
    case RepairOutcome::kMended: return "mended";
    case RepairOutcome::kPublished: return "published";
    case RepairOutcome::kLost: return "lost";
    case RepairOutcome::kLostOld: return "lost old";
    case RepairOutcome::kLeft: break;
  }
  return "left";
}

bool RepairReport::whole() const noexcept {
  return std::all_of(steps.begin(), steps.end(), [](const RepairStep& step) {
    return step.outcome == RepairOutcome::kMended || step.outcome == RepairOutcome::kPublished;
  });
}

int64_t RepairReport::rows_lost() const noexcept {
  return std::accumulate(steps.begin(), steps.end(), int64_t{0}, [](int64_t sum, const RepairStep& step) {
    return sum + (step.outcome == RepairOutcome::kLost ? step.rows : 0);
  });
}

Commit Lake::compact(std::string_view key, int64_t target_rows, const WorkOptions& options) {
  if (target_rows < 0) throw InvalidArgument("target_rows is {} and must not be negative", target_rows);
  Commit last{.id = {}, .key = std::string(key)};
  const store::UpkeepOptions work = to_upkeep(options);
  store::Meter meter(work);
  for (bool unfinished = true; unfinished;) {
    store::WriteSession session = state_->use(key).begin_write({std::string(key)});
    unfinished = session.compact(key, target_rows, &meter);
    store::CommitResult result = session.commit();
    last.version = result.series.front().version;
    last.published = result.series.front().published;
    if (!result.id.empty()) last.id = std::move(result.id);
  }
  return last;
}

VacuumReport Lake::vacuum(std::string_view key, const VacuumOptions& options) {
  store::Store& store = key.empty() ? state_->use() : state_->use(key);
  const store::Vacuumed vacuumed = store.vacuum(key, policy_of(store, options));
  return {.versions = vacuumed.versions, .files = vacuumed.files, .bytes = vacuumed.bytes};
}

RetentionPolicy Lake::retention_policy() const { return to_policy(store::retention_policy(state_->use().catalog())); }

void Lake::set_retention_policy(const RetentionPolicy& policy) {
  store::set_retention_policy(
      state_->use_for_writing().catalog(),
      {.all_for = policy.all_for, .hourly_for = policy.hourly_for, .versions_max = policy.versions_max});
}

VerifyReport Lake::verify(std::string_view key, const WorkOptions& options) const {
  store::Store& store = key.empty() ? state_->use() : state_->use(key);
  store::Verification found = store.verify(key, to_upkeep(options));
  return {.keys = found.keys,
          .files = found.files,
          .rows = found.rows,
          .bytes = found.bytes,
          .old_files = found.old_files,
          .findings = to_findings(std::move(found.findings))};
}

RepairReport Lake::repair(std::string_view key, const RepairOptions& options) {
  store::Store& store = key.empty() ? state_->use_for_writing() : state_->use(key);
  const std::string backup = options.from_backup.empty() ? "" : whole_path(options.from_backup);
  store::Repaired done = store.repair(key, {.from_backup = backup, .upkeep = to_upkeep(options.work)});
  RepairReport report{.keys = done.keys, .files = done.files, .steps = {}};
  for (store::Repair& one : done.repairs) {
    report.steps.push_back({.key = std::move(one.key),
                            .file = std::move(one.file),
                            .outcome = to_outcome(one.outcome),
                            .what = std::move(one.what),
                            .rows = one.rows,
                            .first = one.first,
                            .last = one.last});
  }
  return report;
}

BackupReport Lake::backup(const std::string& to, const WorkOptions& options) const {
  return to_report(state_->use().backup(whole_path(to), to_upkeep(options)));
}

std::vector<Symptom> Lake::doctor() const {
  std::vector<Symptom> symptoms;
  for (store::Symptom& one : state_->use().examine_health()) {
    const Health health = one.health == store::Health::kOk     ? Health::kOk
                          : one.health == store::Health::kWarn ? Health::kWarn
                                                               : Health::kFail;
    symptoms.push_back({std::move(one.subject), health, std::move(one.what), std::move(one.advice)});
  }
  return symptoms;
}

LakeStats Lake::stats(const VacuumOptions& options) const {
  store::Store& store = state_->use();
  const std::optional<RetentionPolicy> retention = understood_policy(store);
  const store::Statistics sums = store.count(retention || says_all(options) ? policy_of(store, options) : kKeepsAll);
  return {.keys = sums.all.keys,
          .rows = sums.all.rows,
          .files = sums.all.files,
          .bytes = sums.all.bytes,
          .by_kind = to_amounts(sums.by_kind),
          .by_layout = to_amounts(sums.by_layout),
          .deleted_keys = sums.deleted_keys,
          .versions = sums.versions,
          .snapshots = sums.snapshots,
          .inline_files = sums.inline_files,
          .inline_bytes = sums.inline_bytes,
          .old_files = sums.old_files,
          .old_bytes = sums.old_bytes,
          .free_files = sums.free_files,
          .free_bytes = sums.free_bytes,
          .catalog_bytes = sums.catalog_bytes,
          .behind = sums.behind,
          .retention = retention};
}

std::string_view to_string(Health health) noexcept {
  switch (health) {
    case Health::kOk: return "ok";
    case Health::kWarn: return "warn";
    case Health::kFail: break;
  }
  return "fail";
}

BackupReport restore_lake(const std::string& from, const std::string& to, const WorkOptions& options,
                          OpenOptions open) {
  Ground ground(open, whole_path(to));
  return to_report(store::restore_lake(ground.files, ground.clock,
                                       {.from = whole_path(from),
                                        .to = whole_path(to),
                                        .log = ground.log,
                                        .pool = &ground.pool,
                                        .lock_timeout = open.lock_timeout,
                                        .upkeep = to_upkeep(options)}));
}

RebuildReport rebuild_catalog(const std::string& root, const RebuildOptions& options, OpenOptions open) {
  Ground ground(open, whole_path(root));
  store::Rebuilt rebuilt = store::rebuild_catalog(ground.files, ground.clock, whole_path(root),
                                                  {.replace = options.replace,
                                                   .lock_timeout = open.lock_timeout,
                                                   .log = ground.log,
                                                   .pool = &ground.pool,
                                                   .upkeep = to_upkeep(options.work)});
  return {.keys = rebuilt.keys,
          .files = rebuilt.files,
          .rows = rebuilt.rows,
          .catalog_copy = std::move(rebuilt.catalog_copy),
          .put_aside = rebuilt.put_aside,
          .findings = to_findings(std::move(rebuilt.findings))};
}

}  // namespace varve

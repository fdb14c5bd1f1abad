#include "varve/store/upkeep/upkeep_steps.h"

#include <chrono>
#include <optional>
#include <string>

#include "varve/base/error.h"
#include "varve/store/engine.h"
#include "varve/store/partition.h"
#include "varve/store/upkeep/vacuum.h"
#include "varve/store/write_session.h"

namespace varve::store {
namespace {

constexpr int64_t kVersionsBetween = 100;
// More files than full ones and a few of each size below: rows came late, or ranges were cut out.
constexpr int64_t kSmallFilesMax = 50;

bool is_scattered(const catalog::SeriesRow& series) {
  const int64_t target = series.definition.target_rows_per_file;
  const int64_t full_files = series.rows / (target > 0 ? target : kTargetRowsPerFile);
  return series.definition.layout == "range" && series.files > 2 * full_files + kSmallFilesMax;
}

void tend(Engine& engine, const std::string& key) {
  vacuum_at_once(engine, key, retention_policy(engine.catalog()));
  const std::optional<catalog::SeriesRow> series = engine.catalog().find_series(key);
  if (!series || series->deleted || !is_scattered(*series)) return;
  WriteSession session(engine, {key});
  session.compact(key, 0);
  session.commit();
}

}  // namespace

void UpkeepSteps::note(int64_t series_id, int64_t version) {
  if (version % kVersionsBetween != 0) return;
  const std::lock_guard lock(mutex_);
  due_.insert(series_id);
}

void UpkeepSteps::take(Engine& engine, int64_t milliseconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(milliseconds);
  do {
    int64_t series_id = 0;
    {
      const std::lock_guard lock(mutex_);
      if (due_.empty()) return;
      series_id = due_.extract(due_.begin()).value();
    }
    try {
      tend(engine, engine.catalog().key_of(series_id));
    } catch (const Error& error) {
      engine.warn(std::string("upkeep is put off: ") + error.what());
    }
  } while (std::chrono::steady_clock::now() < end);
}

}  // namespace varve::store

#include "varve/lake/adoption.h"

#include <algorithm>
#include <utility>

#include "varve/base/error.h"
#include "varve/lake/definition.h"
#include "varve/lake/lake.h"
#include "varve/lake/state.h"
#include "varve/store/adopt/adoption.h"

namespace varve {
namespace {

AdoptedSeries to_adopted(const store::Adoption& adoption) {
  AdoptedSeries series{.key = adoption.key, .kind = adoption.definition.kind, .index = adoption.definition.index};
  if (adoption.definition.has_identity) series.identity = adoption.definition.identity;
  series.files = static_cast<int64_t>(adoption.files.size());
  for (const store::AdoptedFile& file : adoption.files) {
    series.rows += file.rows;
    series.bytes += file.bytes;
  }
  if (!series.index.empty() && !adoption.files.empty()) {
    series.first = adoption.files.front().first;
    series.last = adoption.files.back().last;
  }
  return series;
}

// One adoption of one or many keys.
class Adopter {
 public:
  Adopter(store::Store& store, const AdoptOptions& options) : store_(store), options_(options) {}

  AdoptReport run(std::string_view key) {
    std::vector<store::FoundSeries> found = store_.find_files(layout(), key);
    std::vector<std::string> keys;
    for (const store::FoundSeries& one : found) keys.push_back(one.key);
    std::optional<store::WriteSession> session;
    if (!options_.dry_run && !keys.empty()) session.emplace(store_.begin_write(std::move(keys)));
    for (const store::FoundSeries& one : found) adopt(one, session, !key.empty());
    if (session && !report_.series.empty()) report_.commit_id = session->commit({.published = true}).id;
    return std::move(report_);
  }

 private:
  [[nodiscard]] std::string layout() const { return options_.series.layout.value_or("range"); }

  void adopt(const store::FoundSeries& found, std::optional<store::WriteSession>& session, bool by_name) {
    const std::optional<catalog::SeriesRow> series = store_.catalog().find_series(found.key);
    if (series && !series->deleted) {
      const std::string what = "it is a series already";
      if (by_name) throw AlreadyExists("{}: {}", quote(found.key), what);
      return report_.left.push_back({found.key, what});
    }
    try {
      const Schema schema = store_.adopted_schema(found);
      store::Adoption adoption = store_.examine(found, define_series(options_.series, schema), schema);
      if (adoption.files.empty()) throw InvalidArgument("no file of series {} has a row", quote(found.key));
      const std::vector<std::string>& skipped = adoption.skipped;
      report_.empty_files.insert(report_.empty_files.end(), skipped.begin(), skipped.end());
      report_.series.push_back(to_adopted(adoption));
      if (session) session->adopt(adoption);
    } catch (const Error& error) {
      if (!options_.dry_run || by_name) throw;
      report_.left.push_back({found.key, error.what()});
    }
  }

  store::Store& store_;
  const AdoptOptions& options_;
  AdoptReport report_;
};

}  // namespace

AdoptReport Lake::adopt(std::string_view key, const AdoptOptions& options) {
  store::Store& store = key.empty() ? state_->use() : state_->use(key);
  return Adopter(store, options).run(key);
}

}  // namespace varve

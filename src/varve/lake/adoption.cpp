#include "varve/lake/adoption.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

#include "varve/base/error.h"
#include "varve/lake/definition.h"
#include "varve/lake/lake.h"
#include "varve/lake/localize.h"
#include "varve/lake/state.h"
#include "varve/store/adopt/adoption.h"
#include "varve/store/adopt/naming.h"
#include "varve/store/adopt/owners.h"
#include "varve/table/index.h"

namespace varve {
namespace {

// Makes a series of the rows of files, or only looks whether it can be; returns the commit's id, if there is one.
using Rewriter = std::function<std::string(Change)>;

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
  Adopter(store::Store& store, const AdoptOptions& options, Rewriter rewriter)
      : store_(store),
        options_(options),
        rewriter_(std::move(rewriter)),
        work_(to_upkeep(options.work)),
        meter_(work_) {}

  AdoptReport run(std::string_view key) {
    if (!store_.read_only()) store_.publish();  // what is left of a deleted series is nobody else's
    const auto where = options_.rewrite ? store::FindWhere::kBelowTheKey : store::FindWhere::kLaidOut;
    std::vector<store::FoundSeries> found = store_.find_files(layout(), key, where);
    leave_to_owners(found, !key.empty());
    std::vector<std::string> keys;
    for (const store::FoundSeries& one : found) {
      keys.push_back(one.key);
      meter_.expect(store_.bytes_of(one));
    }
    std::optional<store::WriteSession> session;
    const bool together = !options_.dry_run && !options_.rewrite && !keys.empty();
    if (together) session.emplace(store_.begin_write(std::move(keys)));
    for (const store::FoundSeries& one : found) adopt(one, session, !key.empty());
    if (session && !report_.series.empty()) report_.commit_id = session->commit({.published = true}).id;
    if (report_.series.empty() && failure_) {
      store::naming("series " + quote(failed_key_), [&] { std::rethrow_exception(failure_); });
    }
    return std::move(report_);
  }

 private:
  [[nodiscard]] std::string layout() const { return options_.series.layout.value_or("range"); }

  // What lies where a series has its files is not there for others to take, whether it is of the series or not.
  void leave_to_owners(std::vector<store::FoundSeries>& all, bool by_name) {
    const store::Owners owners(store_.catalog());
    std::erase_if(all, [&](const store::FoundSeries& found) {
      for (const store::FoundFile& file : found.files) {
        const std::optional<std::string> owner = owners.find(file.path);
        if (!owner || *owner == found.key) continue;
        const std::string what = format_message("{} lies where series {} has its files", {file.path, quote(*owner)});
        if (by_name) throw InvalidArgument("{} cannot be adopted: {}", quote(found.key), what);
        report_.left.push_back({found.key, what});
        return true;
      }
      return false;
    });
  }

  void adopt(const store::FoundSeries& found, std::optional<store::WriteSession>& session, bool by_name) {
    const std::optional<catalog::SeriesRow> series = store_.catalog().find_series(found.key);
    if (series && !series->deleted) {
      const std::string what = "it is a series already";
      if (by_name) throw AlreadyExists("{}: {}", quote(found.key), what);
      return report_.left.push_back({found.key, what});
    }
    const bool goes_on = !by_name && (options_.dry_run || options_.rewrite);
    if (!goes_on) return store::naming("series " + quote(found.key), [&] { make(found, session); });
    try {
      make(found, session);
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      report_.left.push_back({.key = found.key, .what = error.what(), .failed = true});
      if (!options_.dry_run && !failure_) note_failure(found.key);
    }
  }

  // The first one, within its `catch`: it is thrown if nothing comes of any key.
  void note_failure(const std::string& key) {
    failure_ = std::current_exception();
    failed_key_ = key;
  }

  void make(const store::FoundSeries& found, std::optional<store::WriteSession>& session) {
    if (options_.rewrite) {
      rewrite(found);
    } else {
      take_in(found, session);
    }
  }

  void take_in(const store::FoundSeries& found, std::optional<store::WriteSession>& session) {
    const Schema schema = store_.adopted_schema(found);
    store::Adoption adoption = store_.examine(found, {define_series(options_.series, schema), schema}, meter_);
    if (adoption.files.empty()) throw InvalidArgument("no file of series {} has a row", quote(found.key));
    const std::vector<std::string>& skipped = adoption.skipped;
    report_.empty_files.insert(report_.empty_files.end(), skipped.begin(), skipped.end());
    report_.series.push_back(to_adopted(adoption));
    if (session) session->adopt(adoption);
  }

  // All rows of a key are in memory, so each has a commit of its own.
  void rewrite(const store::FoundSeries& found) {
    store::FoundRows all = store_.read_found(found, meter_);
    if (all.rows.num_rows() == 0) throw InvalidArgument("no file of series {} has a row", quote(found.key));
    const catalog::SeriesDefinition definition = define_series(options_.series, all.rows.schema());
    AdoptedSeries series{.key = found.key, .kind = definition.kind, .index = definition.index};
    if (definition.has_identity) series.identity = definition.identity;
    series.files = static_cast<int64_t>(all.files.size());
    series.rows = all.rows.num_rows();
    for (const store::Original& file : all.files) series.bytes += static_cast<int64_t>(file.status.size);
    all.rows = with_zone(all.rows, series.index, options_.zone);
    set_range(all.rows, series);
    Change change{.key = found.key,
                  .table = std::move(all.rows),
                  .mode = store::WriteMode::kReplaceSeries,
                  .options = {.series = options_.series, .expects_version = 0},
                  .originals = std::move(all.files)};
    const std::string commit_id = rewriter_(std::move(change));
    if (!commit_id.empty()) {
      series.originals = store::originals_path(commit_id);
      report_.commit_id = commit_id;
    }
    report_.series.push_back(std::move(series));
  }

  static void set_range(const Table& rows, AdoptedSeries& series) {
    if (series.index.empty()) return;
    const table::IndexValues index(rows, series.index);
    const auto [first, last] = std::minmax_element(index.nanoseconds().begin(), index.nanoseconds().end());
    series.first = Timestamp{*first};
    series.last = Timestamp{*last};
  }

  store::Store& store_;
  const AdoptOptions& options_;
  Rewriter rewriter_;
  store::UpkeepOptions work_;
  store::Meter meter_;
  AdoptReport report_;
  std::exception_ptr failure_;
  std::string failed_key_;
};

}  // namespace

AdoptReport Lake::adopt(std::string_view key, const AdoptOptions& options) {
  if (!options.rewrite && !options.zone.empty()) {
    throw InvalidArgument("a zone is said of files that are not rewritten: their times stay as they are");
  }
  store::Store& store = key.empty() ? state_->use() : state_->use(key);
  const Rewriter rewriter = [this, &options](Change change) {
    return state_->commit_one(std::move(change), {.published = true, .dry_run = options.dry_run}).id;
  };
  return Adopter(store, options, rewriter).run(key);
}

}  // namespace varve

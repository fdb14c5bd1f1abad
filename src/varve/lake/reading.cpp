#include <algorithm>

#include "varve/base/error.h"
#include "varve/lake/lake.h"
#include "varve/lake/state.h"

namespace varve {
namespace {

store::Selection to_selection(const ReadOptions& options, std::optional<int64_t> version) {
  store::Selection selection;
  selection.version = version.value_or(0);
  selection.columns = options.columns;
  selection.where = options.where;
  if (options.limit) {
    if (*options.limit < 0) throw InvalidArgument("limit is {} and must not be negative", *options.limit);
    selection.rows_max = options.limit;
  }
  selection.within_range = options.start || options.end;
  const Moments within = moments_of({options.start, options.end, options.closed, options.zone});
  selection.first = within.first;
  selection.last = within.last;
  return selection;
}

ReadOptions with_limit(ReadOptions options, int64_t rows) {
  if (rows < 0) throw InvalidArgument("{} rows cannot be read", rows);
  options.limit = std::min(rows, options.limit.value_or(rows));
  return options;
}

}  // namespace

Table Lake::read(std::string_view key, const ReadOptions& options) const {
  return state_->use(key).read(key, to_selection(options, state_->resolve(key, options.as_of)));
}

Table Lake::head(std::string_view key, int64_t rows, const ReadOptions& options) const {
  return read(key, with_limit(options, rows));
}

Table Lake::tail(std::string_view key, int64_t rows, const ReadOptions& options) const {
  store::Store& store = state_->use(key);
  store::Selection selection = to_selection(with_limit(options, rows), state_->resolve(key, options.as_of));
  selection.from_end = true;
  return store.read(key, selection);
}

}  // namespace varve

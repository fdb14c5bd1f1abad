#include "varve/lake/reading.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/lake/definition.h"
#include "varve/lake/lake.h"
#include "varve/lake/state.h"

namespace varve {
namespace {

// What is said of all keys; it is the first one that messages name.
std::string_view first_of(const std::vector<std::string>& keys) {
  return keys.empty() ? std::string_view() : std::string_view(keys[0]);
}

ReadOptions with_limit(ReadOptions options, int64_t rows) {
  if (rows < 0) throw InvalidArgument("{} rows cannot be read", rows);
  options.limit = std::min(rows, options.limit.value_or(rows));
  return options;
}

}  // namespace

store::Selection Lake::State::to_selection(std::string_view key, const ReadOptions& options) {
  store::Selection selection;
  selection.version = to_version(key, options.as_of);
  selection.columns = options.columns;
  selection.where = options.where;
  selection.decimal_prices = parse_prices(options.prices);
  if (options.limit) {
    if (*options.limit < 0) throw InvalidArgument("limit is {} and must not be negative", *options.limit);
    selection.rows_max = options.limit;
  }
  selection.within_range = options.start || options.end;
  const bool of_dates =
      selection.within_range && !options.zone.empty() && !key.empty() && has_dates(key, options.as_of);
  const Moments within = moments_of({options.start, options.end, options.closed, options.zone}, of_dates);
  selection.first = within.first;
  selection.last = within.last;
  return selection;
}

struct Batches::State {
  std::shared_ptr<Lake::State> lake;  // goes after what uses it
  Schema schema;
  std::function<std::optional<Table>()> next;
};

Batches::Batches(std::unique_ptr<State> state) : state_(std::move(state)) {}
Batches::~Batches() = default;
Batches::Batches(Batches&&) noexcept = default;
Batches& Batches::operator=(Batches&&) noexcept = default;

const Schema& Batches::schema() const noexcept { return state_->schema; }

std::optional<Table> Batches::next() {
  static_cast<void>(state_->lake->use());
  return state_->next();
}

Table Lake::read(std::string_view key, const ReadOptions& options) const {
  return state_->use(key).read(key, state_->to_selection(key, options));
}

Table Lake::head(std::string_view key, int64_t rows, const ReadOptions& options) const {
  return read(key, with_limit(options, rows));
}

Table Lake::tail(std::string_view key, int64_t rows, const ReadOptions& options) const {
  store::Store& store = state_->use(key);
  store::Selection selection = state_->to_selection(key, with_limit(options, rows));
  selection.from_end = true;
  return store.read(key, selection);
}

Batches Lake::read_batches(std::string_view key, const ReadOptions& options, int64_t batch_rows) const {
  if (batch_rows < 1) throw InvalidArgument("batch_rows is {} and must be at least 1", batch_rows);
  const store::Store& store = state_->use(key);
  auto batches = std::make_shared<store::SeriesBatches>(
      store.read_batches(std::string(key), state_->to_selection(key, options), {.rows = batch_rows}));
  return Batches(std::make_unique<Batches::State>(
      Batches::State{state_, batches->schema(), [batches] { return batches->next(); }}));
}

Table Lake::read_many(const std::vector<std::string>& keys, const ReadManyOptions& options) const {
  const store::Store& store = state_->use_all(keys);
  if (options.pivot && options.read.columns) {
    throw InvalidArgument("columns are not chosen beside pivot, which gives the values of column {}",
                          quote(*options.pivot));
  }
  return store.read_panel(keys, {.each = state_->to_selection(first_of(keys), options.read),
                                 .key_column = options.key_column,
                                 .pivot = options.pivot});
}

Batches Lake::replay(const std::vector<std::string>& keys, const ReplayOptions& options) const {
  if (options.batch_rows < 1) throw InvalidArgument("batch_rows is {} and must be at least 1", options.batch_rows);
  const store::Store& store = state_->use_all(keys);
  auto replay =
      std::make_shared<store::Replay>(store.replay(keys, {.each = state_->to_selection(first_of(keys), options.read),
                                                          .key_column = options.key_column,
                                                          .rows = options.batch_rows}));
  return Batches(
      std::make_unique<Batches::State>(Batches::State{state_, replay->schema(), [replay] { return replay->next(); }}));
}

}  // namespace varve

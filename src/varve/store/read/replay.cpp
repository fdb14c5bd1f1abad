#include "varve/store/read/replay.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

#include "varve/base/error.h"
#include "varve/store/read/batches.h"
#include "varve/store/read/panel.h"
#include "varve/table/cast.h"
#include "varve/table/index.h"
#include "varve/table/runs.h"
#include "varve/table/select.h"

namespace varve::store {
namespace {

constexpr int64_t kRowsAhead = int64_t{1} << 20;  // of all series together
constexpr int64_t kPieceRowsMin = 128;
constexpr int64_t kPieceRowsMax = int64_t{1} << 16;

// Rows of one series that are decoded.
struct Piece {
  Piece(Table its_rows, const std::string& index) : rows(std::move(its_rows)), times(rows, index) {}
  Table rows;
  table::IndexValues times;
};

// Where the replay is in one series.
class Cursor {
 public:
  explicit Cursor(SeriesBatches batches) : batches_(std::move(batches)) {}

  // Reads one piece ahead, if none is and there is one.
  void look_ahead(const Schema& schema, const std::string& index) {
    if (ahead_ || ended_) return;
    const std::optional<Table> rows = batches_.next();
    if (rows) {
      ahead_ = std::make_unique<Piece>(table::conform(*rows, schema), index);
    } else {
      ended_ = true;
    }
  }
  // Goes to the next piece; false at the end.
  bool advance(const Schema& schema, const std::string& index) {
    look_ahead(schema, index);
    piece_ = std::move(ahead_);
    row_ = 0;
    return piece_ != nullptr;
  }

  [[nodiscard]] bool has_rows() const noexcept { return piece_ != nullptr && row_ < piece_->rows.num_rows(); }
  [[nodiscard]] int64_t time() const noexcept { return piece_->times[row_]; }
  [[nodiscard]] int64_t row() const noexcept { return row_; }
  [[nodiscard]] const Table& rows() const noexcept { return piece_->rows; }

  // Takes the rows before `end`, or up to it if `with_end`, but at most `rows_max`; says how many.
  int64_t take_until(int64_t end, bool with_end, int64_t rows_max) {
    const std::span<const int64_t> times = piece_->times.nanoseconds().subspan(static_cast<size_t>(row_));
    const auto window = times.first(std::min(times.size(), static_cast<size_t>(rows_max)));
    size_t count = 0;
    const auto before = [&](int64_t time) { return with_end ? time <= end : time < end; };
    constexpr size_t kFewRows = 8;  // series that interleave give a row each
    while (count < std::min(window.size(), kFewRows) && before(window[count])) ++count;
    if (count == kFewRows) {
      count =
          static_cast<size_t>(std::partition_point(window.begin() + kFewRows, window.end(), before) - window.begin());
    }
    row_ += static_cast<int64_t>(count);
    return static_cast<int64_t>(count);
  }

 private:
  SeriesBatches batches_;
  bool ended_ = false;
  std::unique_ptr<Piece> piece_;
  std::unique_ptr<Piece> ahead_;
  int64_t row_ = 0;
};

// The next row of a series: the smallest comes first.
struct Head {
  int64_t time = 0;
  size_t series = 0;

  auto operator<=>(const Head&) const = default;
};

// The rows of one table in the making.
class Gathering {
 public:
  explicit Gathering(size_t series) : source_of_(series, kNone) {}

  [[nodiscard]] int64_t rows() const noexcept { return runs_.rows(); }
  void add(size_t series, const Table& piece, int64_t first, int64_t count) {
    if (source_of_[series] == kNone) {
      source_of_[series] = sources_.size();
      sources_.push_back(piece);
    }
    runs_.add(source_of_[series], first, count);
    if (!keys_.empty() && keys_.back().key == series) {
      keys_.back().rows += count;
    } else {
      keys_.push_back({series, count});
    }
  }
  // What comes of this series now lies in another piece.
  void leave_piece(size_t series) { source_of_[series] = kNone; }

  [[nodiscard]] std::optional<Table> finish(const KeyColumn& column, const Schema& schema,
                                            base::ThreadPool* pool) const {
    if (sources_.empty()) return std::nullopt;
    return column.add_to(table::conform(table::assemble(sources_, runs_, pool), schema), keys_);
  }

 private:
  static constexpr size_t kNone = std::numeric_limits<size_t>::max();

  std::vector<size_t> source_of_;  // of each series, its piece at hand among `sources_`
  std::vector<Table> sources_;
  table::RunList runs_;
  std::vector<KeyColumn::Run> keys_;
};

}  // namespace

struct Replay::State {
  base::ThreadPool* pool = nullptr;
  std::string index;
  Schema read_schema;  // with the index
  Schema row_schema;   // without it, if it is not wanted
  KeyColumn column;
  int64_t rows = 0;  // of each table
  int64_t rows_left = 0;
  std::vector<Cursor> cursors;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  bool begun = false;

  void look_ahead() {
    base::parallel_for(pool, cursors.size(), [&](size_t at) { cursors[at].look_ahead(read_schema, index); });
    if (begun) return;
    begun = true;
    for (size_t series = 0; series < cursors.size(); ++series) {
      if (cursors[series].advance(read_schema, index)) heads.push({cursors[series].time(), series});
    }
  }

  // Takes rows of the series that comes first as long as it does.
  void take_run(Gathering& gathering, int64_t rows_max) {
    const size_t series = heads.top().series;
    heads.pop();
    const Head next = heads.empty() ? Head{std::numeric_limits<int64_t>::max(), cursors.size()} : heads.top();
    Cursor& cursor = cursors[series];
    const int64_t first = cursor.row();
    const int64_t count = cursor.take_until(next.time, series < next.series, rows_max);
    gathering.add(series, cursor.rows(), first, count);
    if (!cursor.has_rows()) {
      gathering.leave_piece(series);
      if (!cursor.advance(read_schema, index)) return;
    }
    heads.push({cursor.time(), series});
  }
};

Replay::Replay(Engine& engine, std::span<const std::string> keys, const ReplaySelection& selection) {
  if (selection.rows < 1) throw InvalidArgument("tables of {} rows", selection.rows);
  check_keys(keys);
  Selection each = selection.each;
  each.rows_max.reset();
  const auto with_index = [&](const catalog::Catalog::State& state) {
    Selection selected = each;
    const std::string& index = state.series.definition.index;
    if (!selected.columns || index.empty()) return selected;
    std::erase_if(*selected.columns, [&](const std::string& name) { return !state.schema.find(name); });
    const bool there = std::find(selected.columns->begin(), selected.columns->end(), index) != selected.columns->end();
    if (!there) selected.columns->push_back(index);
    return selected;
  };
  LeasedViews leased = lease_views(engine, keys, each, with_index);
  check_one_index(leased.views);
  const Schema read_schema = unite_schemas(leased.views);
  Schema row_schema = read_schema;
  if (each.columns && !keys.empty()) {
    std::vector<Field> fields;
    for (const std::string& name : *each.columns) fields.push_back(read_schema[read_schema.position_of(name)]);
    row_schema = Schema(std::move(fields));
  }
  KeyColumn column(keys, selection.key_column, row_schema);
  state_ = std::make_unique<State>(
      State{.pool = engine.pool(),
            .index = leased.views.empty() ? std::string() : leased.views[0].index(),
            .read_schema = read_schema,
            .row_schema = std::move(row_schema),
            .column = std::move(column),
            .rows = selection.rows,
            .rows_left = selection.each.rows_max.value_or(std::numeric_limits<int64_t>::max())});
  // One piece is being taken, one is ahead.
  const int64_t share = kRowsAhead / 2 / std::max<int64_t>(std::ssize(keys), 1);
  const BatchSizes sizes{.rows = std::clamp(share, kPieceRowsMin, kPieceRowsMax),
                         .rows_read = std::clamp(share, kPieceRowsMin, kPieceRowsMax)};
  for (SeriesView& view : leased.views) {
    state_->cursors.emplace_back(SeriesBatches(std::move(view), leased.lease, sizes));
  }
}

Replay::~Replay() = default;
Replay::Replay(Replay&&) noexcept = default;
Replay& Replay::operator=(Replay&&) noexcept = default;

const Schema& Replay::schema() const noexcept { return state_->column.schema(); }

std::optional<Table> Replay::next() {
  if (state_->rows_left <= 0) return std::nullopt;
  state_->look_ahead();
  Gathering gathering(state_->cursors.size());
  const int64_t wanted = std::min(state_->rows, state_->rows_left);
  while (gathering.rows() < wanted && !state_->heads.empty()) state_->take_run(gathering, wanted - gathering.rows());
  state_->rows_left -= gathering.rows();
  return gathering.finish(state_->column, state_->row_schema, state_->pool);
}

}  // namespace varve::store

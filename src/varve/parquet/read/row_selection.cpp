#include "varve/parquet/read/row_selection.h"

#include <algorithm>
#include <utility>

#include "varve/parquet/read/pruning.h"

namespace varve::parquet {
namespace {

using table::Condition;
using table::Outcome;

// A condition and what is proven about the group's rows.
struct Question {
  const Condition* condition = nullptr;
  RowRanges may;      // the others do not meet it
  RowRanges must;     // these do
  int64_t bytes = 0;  // of the chunks that would decide on the rest
  std::vector<Question> terms;
};

class Selection {
 public:
  explicit Selection(const GroupSource& source)
      : source_(source), rows_(source.file.metadata.row_groups[source.group].num_rows) {}

  // Asks statistics and, if `pages`, page indexes.
  [[nodiscard]] Question prove(const Condition& condition, bool pages) const {
    if (const auto column = condition.only_column()) {
      Question question = prove_by_chunk(condition, *source_.columns[*column]);
      if (pages && question.must.empty() && !question.may.empty()) {
        prove_by_pages(*source_.columns[*column], question);
      }
      return question;
    }
    Question question{.condition = &condition};
    const bool any = condition.kind == Condition::Kind::kAny;
    RowRanges all;
    append(all, {0, rows_});
    question.may = question.must = any ? RowRanges() : all;
    for (const Condition& term : condition.terms) {
      const Question& below = question.terms.emplace_back(prove(term, pages));
      question.may = any ? unite(question.may, below.may) : intersect(question.may, below.may);
      question.must = any ? unite(question.must, below.must) : intersect(question.must, below.must);
      question.bytes += below.bytes;
    }
    std::stable_sort(question.terms.begin(), question.terms.end(),
                     [](const Question& left, const Question& right) { return left.bytes < right.bytes; });
    return question;
  }

  [[nodiscard]] RowRanges select(const Question& question, const RowRanges& rows) const {
    RowRanges possible = intersect(rows, question.may);
    RowRanges open = subtract(possible, question.must);
    if (open.empty()) return possible;
    return unite(intersect(possible, question.must), decide(question, std::move(open)));
  }

 private:
  [[nodiscard]] Question prove_by_chunk(const Condition& condition, const LeafColumn& column) const {
    const auto& chunk = *source_.file.metadata.row_groups[source_.group].columns[column.position].meta_data;
    const auto bounds = chunk_bounds(column, chunk, source_.file.metadata.has_column_orders);
    Question question{.condition = &condition, .bytes = chunk.total_compressed_size};
    add(question, {0, rows_}, table::outcomes(condition, bounds)[0]);
    return question;
  }

  void prove_by_pages(const LeafColumn& column, Question& question) const {
    const auto pages = read_pages(source_.file, column, source_.group);
    const auto bounds = pages ? read_page_bounds(column, pages->size()) : nullptr;
    if (!bounds) return;
    question.may.clear();
    const std::vector<Outcome> outcomes = table::outcomes(*question.condition, *bounds);
    for (size_t page = 0; page < pages->size(); ++page) add(question, (*pages)[page].rows, outcomes[page]);
  }

  [[nodiscard]] std::shared_ptr<const table::ColumnBounds> read_page_bounds(const LeafColumn& column,
                                                                            size_t pages) const {
    ChunkCache<table::ColumnBounds>& known = source_.file.memory->page_bounds;
    const ChunkId chunk{source_.group, column.position};
    if (auto bounds = known.find(chunk)) return bounds;
    const auto index = read_column_index(source_.file, column, source_.group);
    if (!index) return nullptr;
    auto read = page_bounds(column, *index, pages, source_.file.metadata.has_column_orders);
    if (!read) return nullptr;
    auto bounds = std::make_shared<const table::ColumnBounds>(*std::move(read));
    known.put(chunk, bounds, static_cast<size_t>(bounds->least.byte_size() + bounds->most.byte_size()) + pages);
    return bounds;
  }

  static void add(Question& question, const RowRange& rows, Outcome outcome) {
    if (outcome != Outcome::kNone) append(question.may, rows);
    if (outcome == Outcome::kAll) append(question.must, rows);
  }

  // Those of the rows that nothing is proven of which meet the condition.
  [[nodiscard]] RowRanges decide(const Question& question, RowRanges open) const {
    if (const auto column = question.condition->only_column()) {
      return source_.read_rows({*source_.columns[*column], *question.condition, open});
    }
    if (question.condition->kind == Condition::Kind::kAll) {
      for (const Question& term : question.terms) open = select(term, open);
      return open;
    }
    RowRanges found;
    for (const Question& term : question.terms) {
      RowRanges more = select(term, open);
      open = subtract(open, more);
      found = unite(std::move(found), std::move(more));
    }
    return found;
  }

  const GroupSource& source_;
  int64_t rows_;
};

}  // namespace

RowRanges possible_rows(const GroupSource& source, const Condition& condition, const RowRanges& rows) {
  return intersect(rows, Selection(source).prove(condition, false).may);
}

RowRanges select_rows(const GroupSource& source, const Condition& condition, const RowRanges& rows) {
  const Selection selection(source);
  return selection.select(selection.prove(condition, true), rows);
}

}  // namespace varve::parquet

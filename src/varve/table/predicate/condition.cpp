#include "varve/table/predicate/condition.h"

#include <algorithm>
#include <array>

#include "varve/table/bits.h"

namespace varve::table {
namespace {

using Kind = Condition::Kind;

bool is_leaf(const Condition& condition) { return condition.kind == Kind::kTest || condition.kind == Kind::kIsNull; }

Outcome outcome_of(const Condition& condition, const ColumnBounds& bounds, size_t lot) {
  const Outcome nulls = bounds.nulls[lot];
  const auto row = static_cast<int64_t>(lot);
  switch (condition.kind) {
    case Kind::kIsNull:
      if (nulls == Outcome::kSome) return nulls;
      return (nulls == Outcome::kAll) != condition.inverted ? Outcome::kAll : Outcome::kNone;
    case Kind::kTest: {
      if (nulls == Outcome::kAll) return Outcome::kNone;
      if (bounds.least.is_null(row) || bounds.most.is_null(row)) return Outcome::kSome;
      const Outcome values = condition.test->outcome(bounds.least, bounds.most, row);
      return values == Outcome::kAll && nulls != Outcome::kNone ? Outcome::kSome : values;
    }
    case Kind::kAll:
    case Kind::kAny: break;
  }
  // One term that none (of `any`: all) of the rows meet decides; all terms that all (none) meet do as well.
  const bool any = condition.kind == Kind::kAny;
  const Outcome deciding = any ? Outcome::kAll : Outcome::kNone;
  Outcome result = any ? Outcome::kNone : Outcome::kAll;
  for (const Condition& term : condition.terms) {
    const Outcome outcome = outcome_of(term, bounds, lot);
    if (outcome == deciding) return deciding;
    if (outcome == Outcome::kSome) result = Outcome::kSome;
  }
  return result;
}

// Clears the matches of rows that are null, or of those that are not.
void keep_where(const Column& column, int64_t first, bool valid, std::span<uint8_t> matches) {
  if (column.null_count() == 0) {
    if (!valid) std::fill(matches.begin(), matches.end(), uint8_t{0});
    return;
  }
  if (column.null_count() == column.length()) {
    if (valid) std::fill(matches.begin(), matches.end(), uint8_t{0});
    return;
  }
  const BitSpan validity = column.validity();
  for (size_t at = 0; at < matches.size(); at += 64) {
    const size_t count = std::min<size_t>(64, matches.size() - at);
    uint64_t word = read_bits(validity, first + static_cast<int64_t>(at), static_cast<int64_t>(count));
    if (!valid) word = ~word;
    for (size_t bit = 0; bit < count; ++bit) matches[at + bit] &= static_cast<uint8_t>((word >> bit) & 1);
  }
}

}  // namespace

std::optional<size_t> Condition::only_column() const noexcept {
  if (is_leaf(*this)) return column;
  std::optional<size_t> only;
  for (const Condition& term : terms) {
    const auto of_term = term.only_column();
    if (!of_term || (only && *only != *of_term)) return std::nullopt;
    only = of_term;
  }
  return only;
}

bool is_true_of_null(const Condition& condition) noexcept {
  switch (condition.kind) {
    case Kind::kTest: return false;
    case Kind::kIsNull: return !condition.inverted;
    case Kind::kAll: return std::all_of(condition.terms.begin(), condition.terms.end(), is_true_of_null);
    case Kind::kAny: break;
  }
  return std::any_of(condition.terms.begin(), condition.terms.end(), is_true_of_null);
}

std::vector<Outcome> outcomes(const Condition& condition, const ColumnBounds& bounds) {
  std::vector<Outcome> result(bounds.nulls.size());
  for (size_t lot = 0; lot < result.size(); ++lot) result[lot] = outcome_of(condition, bounds, lot);
  return result;
}

Matcher::Matcher(const Condition& condition, std::span<const Column* const> columns) : condition_(&condition) {
  const auto only = condition.only_column();
  if (only && take_column(*columns[*only])) return;
  for (const Condition& term : condition.terms) terms_.emplace_back(term, columns);
}

Matcher::Matcher(const Condition& condition, const Column& column) : condition_(&condition) {
  if (take_column(column)) return;
  for (const Condition& term : condition.terms) terms_.emplace_back(term, column);
}

// True if there is no need to look at the condition's terms any more.
bool Matcher::take_column(const Column& column) {
  column_ = &column;
  if (storage_of(column.type()) != Storage::kIndexed) return false;
  const Column& dictionary = column.dictionary();
  of_dictionary_.resize(static_cast<size_t>(dictionary.length()));
  Matcher(*condition_, dictionary).match(0, of_dictionary_);
  return true;
}

void Matcher::match(int64_t first, std::span<uint8_t> matches) const {
  while (!matches.empty()) {
    const auto block = matches.first(std::min(matches.size(), kBlockRows));
    match_block(first, block);
    first += static_cast<int64_t>(block.size());
    matches = matches.subspan(block.size());
  }
}

void Matcher::match_block(int64_t first, std::span<uint8_t> matches) const {
  if (column_ != nullptr && storage_of(column_->type()) == Storage::kIndexed) {
    match_indices(first, matches);
  } else if (is_leaf(*condition_)) {
    match_leaf(first, matches);
  } else {
    match_terms(first, matches);
  }
}

void Matcher::match_leaf(int64_t first, std::span<uint8_t> matches) const {
  if (condition_->kind == Kind::kIsNull) {
    std::fill(matches.begin(), matches.end(), uint8_t{1});
    keep_where(*column_, first, condition_->inverted, matches);
    return;
  }
  if (column_->type().id != TypeId::kNull) condition_->test->match(*column_, first, matches);
  keep_where(*column_, first, true, matches);
}

void Matcher::match_indices(int64_t first, std::span<uint8_t> matches) const {
  const int32_t* indices = column_->values<int32_t>().data() + first;
  const size_t values = of_dictionary_.size();
  // What stands for null rows need not lie inside the dictionary.
  for (size_t at = 0; at < matches.size(); ++at) {
    const auto index = static_cast<uint32_t>(indices[at]);
    matches[at] = index < values ? of_dictionary_[index] : uint8_t{0};
  }
  if (column_->null_count() == 0) return;
  if (!is_true_of_null(*condition_)) {
    keep_where(*column_, first, true, matches);
    return;
  }
  std::array<uint8_t, kBlockRows> null_rows;
  const std::span<uint8_t> nulls{null_rows.data(), matches.size()};
  std::fill(nulls.begin(), nulls.end(), uint8_t{1});
  keep_where(*column_, first, false, nulls);
  for (size_t at = 0; at < matches.size(); ++at) matches[at] |= nulls[at];
}

void Matcher::match_terms(int64_t first, std::span<uint8_t> matches) const {
  const bool any = condition_->kind == Kind::kAny;
  std::fill(matches.begin(), matches.end(), static_cast<uint8_t>(!any));
  std::array<uint8_t, kBlockRows> of_term;
  const std::span<uint8_t> term_matches{of_term.data(), matches.size()};
  for (const Matcher& term : terms_) {
    term.match_block(first, term_matches);
    if (any) {
      for (size_t at = 0; at < matches.size(); ++at) matches[at] |= term_matches[at];
    } else {
      for (size_t at = 0; at < matches.size(); ++at) matches[at] &= term_matches[at];
    }
  }
}

}  // namespace varve::table

#include "varve/parquet/read/matching_rows.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "varve/base/error.h"
#include "varve/parquet/read/conversion.h"
#include "varve/parquet/read/value_decoder.h"
#include "varve/table/bits.h"

namespace varve::parquet {
namespace {

using table::kBlockRows;
using table::Matcher;
using table::Outcome;

// Bytes 0 and 1, 64 at most, as bits.
uint64_t pack(std::span<const uint8_t> bytes) {
  std::array<uint8_t, 64> block{};
  std::memcpy(block.data(), bytes.data(), bytes.size());
  uint64_t bits = 0;
  for (size_t at = 0; at < 8; ++at) bits |= uint64_t{table::pack_eight(block.data() + 8 * at)} << (8 * at);
  return bits;
}

// Adds the rows that `matches` marks, the first of which has the number `first`.
void append_matches(std::span<const uint8_t> matches, int64_t first, RowRanges& ranges) {
  for (; !matches.empty(); first += 64) {
    const auto block = matches.first(std::min<size_t>(64, matches.size()));
    uint64_t word = pack(block);
    int64_t row = first;
    while (word != 0) {
      const int skipped = std::countr_zero(word);
      word >>= skipped;
      const int length = std::countr_one(word);
      append(ranges, {row + skipped, row + skipped + length});
      row += skipped + length;
      word = length == 64 ? 0 : word >> length;
    }
    matches = matches.subspan(block.size());
  }
}

// The column as one of plain values.
LeafColumn undictionaried(LeafColumn column) {
  column.type = DataType(value_type_of(column.type));
  return column;
}

class MatchingRows final : public RowTarget {
 public:
  MatchingRows(const ChunkRequest& request, const table::Condition& condition, const MatchOptions& options)
      : column_(undictionaried(*request.column)),
        condition_(condition),
        options_(options),
        matches_null_(table::is_true_of_null(condition)),
        workspace_(*request.workspace) {}

  // By their numbers among the rows asked for.
  [[nodiscard]] RowRanges take_ranges() noexcept { return std::move(ranges_); }

  void set_dictionary(const Page& page) override {
    check_dictionary(page);
    Page plain = page;
    plain.encoding = Encoding::kPlain;
    const Column values = decode(plain, {.count = page.num_values, .present = page.num_values});
    of_dictionary_.emplace(static_cast<size_t>(values.length()));
    Matcher(condition_, values).match(0, *of_dictionary_);
    dictionary_matches_ = std::find(of_dictionary_->begin(), of_dictionary_->end(), 1) != of_dictionary_->end();
  }

  bool skip(const PageHeader& header, std::span<const RowRange> wanted) override {
    const bool v2 = header.type == PageType::kDataPageV2;
    const Encoding encoding = v2 ? header.data_page_v2->encoding : header.data_page->encoding;
    if (!is_dictionary_encoding(encoding) || !of_dictionary_ || dictionary_matches_ || matches_null_) return false;
    number_ += count_rows(wanted);
    return true;
  }

  void add(const Page& page, const PageRows& rows) override {
    const size_t ranges_before = ranges_.size();
    if (is_dictionary_encoding(page.encoding)) {
      look_up(page, rows);
      take_matches(rows);
    } else {
      test(decode(page, rows), rows);
    }
    workspace_.budget->take(static_cast<int64_t>(ranges_.size() - ranges_before), sizeof(RowRange));
  }

  void finish(DecodedChunk&) override {}

 private:
  // What the bytes cannot hold is not allocated.
  void check_dictionary(const Page& page) const {
    const int64_t width = column_.element.type == PhysicalType::kByteArray ? 4 : conversion_of(column_).width_stored;
    if (page.num_values < 0 || page.num_values > std::ssize(page.values) / std::max<int64_t>(width, 1)) {
      throw Corruption("a dictionary of {} bytes claims {} values", page.values.size(), page.num_values);
    }
  }

  // The page's rows as a column that knows nothing of nulls. Valid until the next call: fixed widths lie in the
  // workspace.
  Column decode(const Page& page, PageRows rows) {
    const RowRange whole{0, rows.count};
    rows.wanted = {&whole, 1};
    const Storage storage = storage_of(column_.type);
    const int64_t width = std::max(width_of(column_.type), 0);
    std::byte* values = workspace_.values.at_least(rows.count, width);
    const auto target = make_row_target(column_, rows.count, {.values = values}, workspace_);
    target->add(page, rows);
    DecodedChunk chunk;
    target->finish(chunk);
    ColumnParts parts{.type = column_.type, .length = rows.count, .null_count = 0};
    if (storage == Storage::kBits) {
      parts.values = std::move(chunk.bits).finish();
    } else if (storage == Storage::kVariable) {
      parts.values = std::move(chunk.characters).finish();
      parts.offsets = std::move(chunk.offsets).finish();
    } else {
      parts.values = base::Buffer::wrap({values, static_cast<size_t>(rows.count * width)}, nullptr);
    }
    return Column(std::move(parts));
  }

  void look_up(const Page& page, const PageRows& rows) {
    const auto present = static_cast<size_t>(rows.present);
    auto* indices = workspace_.indices.at_least<uint32_t>(rows.present);
    const int64_t size = of_dictionary_ ? std::ssize(*of_dictionary_) : 0;
    decode_indices(page, size, {indices, present});
    matches_.resize(static_cast<size_t>(rows.count));
    if (rows.levels == nullptr) {
      for (size_t row = 0; row < present; ++row) matches_[row] = (*of_dictionary_)[indices[row]];
      return;
    }
    for (size_t row = 0; row < matches_.size(); ++row) {
      const bool is_null = rows.levels[row] == 0;
      matches_[row] = is_null ? static_cast<uint8_t>(matches_null_) : (*of_dictionary_)[*indices++];
    }
  }

  void test(const Column& values, const PageRows& rows) {
    if (options_.sorted && rows.levels == nullptr && !is_floating(values.type())) {
      for (const RowRange& range : rows.wanted) {
        search(values, range, number_ - range.first);
        advance(range);
      }
      return;
    }
    matches_.resize(static_cast<size_t>(rows.count));
    Matcher(condition_, values).match(0, matches_);
    set_nulls(rows);
    take_matches(rows);
  }

  void set_nulls(const PageRows& rows) {
    if (rows.levels == nullptr) return;
    for (size_t row = 0; row < matches_.size(); ++row) {
      if (rows.levels[row] == 0) matches_[row] = static_cast<uint8_t>(matches_null_);
    }
  }

  void take_matches(const PageRows& rows) {
    for (const RowRange& range : rows.wanted) {
      const auto size = static_cast<size_t>(range.last - range.first);
      append_matches(std::span(matches_).subspan(static_cast<size_t>(range.first), size), number_, ranges_);
      advance(range);
    }
  }

  void advance(const RowRange& range) { number_ += range.last - range.first; }

  // Rows of ascending values lie between the first and the last of them. Row 0 of `values` has the number `base`.
  void search(const Column& values, const RowRange& rows, int64_t base) {
    const table::ColumnBounds bounds{values.slice(rows.first, 1), values.slice(rows.last - 1, 1), {Outcome::kNone}};
    const Outcome outcome = table::outcomes(condition_, bounds)[0];
    if (outcome == Outcome::kNone) return;
    if (outcome == Outcome::kAll) return append(ranges_, {base + rows.first, base + rows.last});
    const int64_t count = rows.last - rows.first;
    if (count > static_cast<int64_t>(kBlockRows)) {
      const int64_t middle = rows.first + count / 2;
      search(values, {rows.first, middle}, base);
      return search(values, {middle, rows.last}, base);
    }
    std::array<uint8_t, kBlockRows> matches;
    const std::span<uint8_t> block{matches.data(), static_cast<size_t>(count)};
    Matcher(condition_, values).match(rows.first, block);
    append_matches(block, base + rows.first, ranges_);
  }

  LeafColumn column_;
  const table::Condition& condition_;
  MatchOptions options_;
  bool matches_null_;
  Workspace& workspace_;
  std::optional<std::vector<uint8_t>> of_dictionary_;
  bool dictionary_matches_ = false;
  std::vector<uint8_t> matches_;
  int64_t number_ = 0;
  RowRanges ranges_;
};

}  // namespace

RowRanges match_chunk(const ChunkRequest& request, const table::Condition& condition, const MatchOptions& options) {
  MatchingRows target(request, condition, options);
  decode_chunk(request, target);
  return choose(request.rows, target.take_ranges());
}

}  // namespace varve::parquet

#include "varve/parquet/write/column_encoder.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "varve/parquet/number_loops.h"
#include "varve/table/bits.h"
#include "varve/table/select.h"

namespace varve::parquet {

namespace {

constexpr size_t kPageBytesMax = size_t{1} << 20;  // of values, PLAIN-encoded; a page holds one row at least

// From so many values on, what their indexes take is a guide to the rest.
constexpr size_t kTellingValues = size_t{1} << 16;

// Orders in which comparing is dear: pages are then described by the ranks of their dictionary's entries.
bool is_ranked(SortOrder order) { return order == SortOrder::kBytes || order == SortOrder::kBigEndianSigned; }

// The places of a dictionary's entries in their order, so that a page's range is found by its codes alone.
class EntryRanks {
 public:
  // What `entries` shows must outlive this object.
  EntryRanks(PhysicalValues entries, SortOrder order)
      : entries_(std::move(entries)), by_rank_(entries_.count), rank_of_(entries_.count) {
    std::iota(by_rank_.begin(), by_rank_.end(), uint32_t{0});
    std::sort(by_rank_.begin(), by_rank_.end(), [&](uint32_t left, uint32_t right) {
      return compare_values(entries_.bytes_at(left), entries_.bytes_at(right), order) < 0;
    });
    for (uint32_t rank = 0; rank < by_rank_.size(); ++rank) rank_of_[by_rank_[rank]] = rank;
  }

  [[nodiscard]] ValueRange range_of(std::span<const uint32_t> codes) const {
    if (codes.empty()) return {};
    uint32_t least = ~uint32_t{0};
    uint32_t greatest = 0;
    for (const uint32_t code : codes) {
      least = std::min(least, rank_of_[code]);
      greatest = std::max(greatest, rank_of_[code]);
    }
    ValueRange range;
    range.min = entries_.bytes_at(by_rank_[least]);
    range.max = entries_.bytes_at(by_rank_[greatest]);
    return range;
  }

 private:
  PhysicalValues entries_;  // a view
  std::vector<uint32_t> by_rank_;
  std::vector<uint32_t> rank_of_;
};

// The same values as a column without a dictionary.
Column without_dictionary(const Column& column) {
  std::vector<int64_t> rows(static_cast<size_t>(column.length()), -1);
  const auto indices = column.values<int32_t>();
  for (size_t row = 0; row < rows.size(); ++row) {
    if (!column.is_null(static_cast<int64_t>(row))) rows[row] = indices[row];
  }
  return table::take(column.dictionary(), rows);
}

}  // namespace

ColumnEncoder::ColumnEncoder(const ChunkLayout& layout)
    : layout_(layout), packer_(layout.compression), chooser_(packer_) {}

EncodedChunk ColumnEncoder::encode(const Column& column, const SchemaElement& element) {
  const bool is_dictionary = column.type().id == TypeId::kDictionary;
  const auto candidates = candidates_for(*element.type, is_dictionary);
  if (!is_dictionary) return encode_values_of(column, element, candidates);
  if (auto chunk = encode_indexed(column, element)) return std::move(*chunk);
  return encode_values_of(without_dictionary(column), element, candidates);
}

EncodedChunk ColumnEncoder::encode_values_of(const Column& column, const SchemaElement& element,
                                             std::span<const Encoding> candidates) {
  const PhysicalValues values = to_physical(column, element);
  cut_pages(column, [&](size_t first, size_t count) { return values.slice(first, count).byte_size(); });
  const SortOrder order = sort_order_of(column.type(), *element.type);
  const auto [choice, by_dictionary] = choose_and_try(values, candidates, order);
  ChunkContent content;
  if (by_dictionary) {
    content = dictionary_content(entries_of(values), order);
  } else {
    content.encoding = choice.encoding;
    content.pages = choice.pages;
    content.streams = streams_of(choice.encoding, values.width);
    content.values = [&, encoding = choice.encoding](size_t page) -> std::span<const std::byte> {
      const PhysicalValues part = values.slice(cuts_[page].first_value, cuts_[page].num_values);
      if (encoding == Encoding::kPlain && part.width != 0) return part.fixed;
      values_.resize(0);
      encode_values(part, encoding, values_);
      return {values_.data(), values_.size()};
    };
  }
  if (!content.range) {
    content.range = [&](size_t page) {
      if (page < ranges_.size()) return std::move(ranges_[page]);
      return range_of(values.slice(cuts_[page].first_value, cuts_[page].num_values), order);
    };
  }
  return write_pages(column, element, content);
}

std::optional<EncodedChunk> ColumnEncoder::encode_indexed(const Column& column, const SchemaElement& element) {
  const SortOrder order = sort_order_of(value_type_of(column.type()), *element.type);
  if (order != SortOrder::kBytes) return std::nullopt;
  const PhysicalIndices rows = to_indices(column);
  if (rows.indices.empty()) return std::nullopt;
  // The entries in use, in the order of first appearance.
  constexpr uint32_t kUnused = ~uint32_t{0};
  std::vector<uint32_t> code_of(static_cast<size_t>(column.dictionary().length()), kUnused);
  std::vector<int64_t> used;
  const DictionaryLimits limits;
  codes_.resize(rows.indices.size() * sizeof(uint32_t));
  auto* codes = codes_.as<uint32_t>();
  for (size_t row = 0; row < rows.indices.size(); ++row) {
    uint32_t& code = code_of[static_cast<size_t>(rows.indices[row])];
    if (code == kUnused) {
      if (used.size() == limits.entries) return std::nullopt;
      code = static_cast<uint32_t>(used.size());
      used.push_back(rows.indices[row]);
    }
    codes[row] = code;
  }
  // A dictionary in memory may hold a value twice and more than a file's should; then the values are encoded anew.
  const Column entry_column = table::take(column.dictionary(), used);
  const PhysicalValues all_entries = to_physical(entry_column, element);
  std::vector<uint32_t> unique_codes(used.size());
  strings_.clear();
  if (!strings_.encode(
          all_entries.count, [&](size_t at) { return all_entries.bytes_at(at); }, unique_codes.data(), limits) ||
      strings_.entries().size() != used.size()) {
    return std::nullopt;
  }
  cut_pages(column, [](size_t, size_t) { return size_t{0}; });
  indexes_.resize(0);
  index_ends_.clear();
  for (const PageCut& cut : cuts_) encode_index_page(cut);
  return write_pages(column, element, dictionary_content(entries_of(all_entries), order));
}

template <typename BytesOf>
void ColumnEncoder::cut_pages(const Column& column, const BytesOf& bytes_of) {
  cuts_.clear();
  const BitSpan validity = column.validity();
  const bool all_valid = column.null_count() == 0;
  const bool all_null = column.null_count() == column.length();
  size_t value = 0;
  for (int64_t row = 0; row < column.length();) {
    const auto count_values = [&](int64_t rows) {
      if (all_valid) return static_cast<size_t>(rows);
      return all_null ? 0 : static_cast<size_t>(count_set({validity.data, validity.offset + row, rows}));
    };
    int64_t rows = std::min(layout_.rows_per_page, column.length() - row);
    size_t values = count_values(rows);
    while (rows > 1 && bytes_of(value, values) > kPageBytesMax) {
      rows /= 2;
      values = count_values(rows);
    }
    cuts_.push_back({row, rows, value, values});
    row += rows;
    value += values;
  }
}

std::pair<EncodingChoice, bool> ColumnEncoder::choose_and_try(const PhysicalValues& values,
                                                              std::span<const Encoding> candidates, SortOrder order) {
  const EncodingChoice choice = chooser_.choose(values, candidates);
  if (try_dictionary(values, choice, order)) return {choice, true};
  if (!choice.is_guess) return {choice, false};
  const EncodingChoice whole = chooser_.choose(values, candidates, Guess::kNone);
  return {whole, try_dictionary(values, whole, order)};
}

bool ColumnEncoder::try_dictionary(const PhysicalValues& values, const EncodingChoice& choice, SortOrder order) {
  ranges_.clear();
  if (choice.dictionary_bytes_max == 0) return false;
  DictionaryLimits limits;
  limits.bytes = std::min(limits.bytes, choice.dictionary_bytes_max);
  codes_.resize(values.count * sizeof(uint32_t));
  indexes_.resize(0);
  index_ends_.clear();
  clear_dictionary(choice);
  for (const PageCut& cut : cuts_) {
    const PhysicalValues part = values.slice(cut.first_value, cut.num_values);
    if (!assign_codes(part, codes_.as<uint32_t>() + cut.first_value, limits)) return false;
    encode_index_page(cut);
    if (expected_index_bytes(cut, values.count) >= choice.dictionary_bytes_max) return false;
    // Here, while the page's values are still near the processor.
    if (!is_ranked(order)) ranges_.push_back(range_of(part, order));
  }
  return entries_of(values).byte_size() + indexes_.size() < choice.dictionary_bytes_max;
}

void ColumnEncoder::clear_dictionary(const EncodingChoice& choice) {
  words_.clear();
  long_words_.clear(choice.grid);
  strings_.clear();
}

bool ColumnEncoder::assign_codes(const PhysicalValues& values, uint32_t* codes, const DictionaryLimits& limits) {
  if (values.width == 4) return words_.encode(values.as<uint32_t>(), codes, limits);
  if (values.width == 8) return long_words_.encode(values.as<uint64_t>(), codes, limits);
  return strings_.encode(
      values.count, [&](size_t index) { return values.bytes_at(index); }, codes, limits);
}

PhysicalValues ColumnEncoder::entries_of(const PhysicalValues& values) const {
  PhysicalValues entries{.type = values.type, .width = values.width};
  if (values.width == 4) {
    entries.count = words_.entries().size();
    entries.fixed = std::as_bytes(words_.entries());
    return entries;
  }
  if (values.width == 8) {
    entries.count = long_words_.entries().size();
    entries.fixed = std::as_bytes(long_words_.entries());
    return entries;
  }
  entries.count = strings_.entries().size();
  base::MutableBuffer bytes;
  auto offsets = base::MutableBuffer::allocate((entries.count + 1) * sizeof(int64_t));
  auto* end = offsets.as<int64_t>();
  *end = 0;
  for (const std::string_view entry : strings_.entries()) {
    bytes.append(std::as_bytes(std::span(entry)));
    *++end = static_cast<int64_t>(bytes.size());
  }
  if (values.width != 0) {
    entries.fixed = {bytes.data(), bytes.size()};
  } else {
    entries.strings = {{offsets.as<int64_t>(), entries.count + 1}, bytes.as<char>()};
  }
  entries.owned.push_back(std::move(bytes));
  entries.owned.push_back(std::move(offsets));
  return entries;
}

std::span<const uint32_t> ColumnEncoder::codes_of(const PageCut& cut) const {
  return {reinterpret_cast<const uint32_t*>(codes_.data()) + cut.first_value, cut.num_values};
}

void ColumnEncoder::encode_index_page(const PageCut& cut) {
  const auto codes = codes_of(cut);
  const int bit_width = bit_width_of(extremes_of(codes).greatest);
  const auto head = static_cast<std::byte>(bit_width);
  indexes_.append({&head, 1});
  encode_hybrid(codes, bit_width, indexes_);
  index_ends_.push_back(indexes_.size());
}

size_t ColumnEncoder::expected_index_bytes(const PageCut& last, size_t values) const {
  const size_t encoded = last.first_value + last.num_values;
  return encoded < kTellingValues ? indexes_.size() : indexes_.size() * values / encoded;
}

ColumnEncoder::ChunkContent ColumnEncoder::dictionary_content(PhysicalValues entries, SortOrder order) const {
  ChunkContent content{.encoding = Encoding::kRleDictionary};
  content.pages.bytes = indexes_.size();
  content.values = [this](size_t page) -> std::span<const std::byte> {
    const size_t start = page == 0 ? 0 : index_ends_[page - 1];
    return {indexes_.data() + start, index_ends_[page] - start};
  };
  if (is_ranked(order)) {
    const auto ranks = std::make_shared<const EntryRanks>(entries.slice(0, entries.count), order);
    content.range = [this, ranks](size_t page) { return ranks->range_of(codes_of(cuts_[page])); };
  }
  content.entries = std::move(entries);
  return content;
}

std::span<const std::byte> ColumnEncoder::encode_levels(const Column& column, const PageCut& cut) {
  levels_.resize(0);
  const auto rows = static_cast<size_t>(cut.num_rows);
  if (cut.num_values == 0 || cut.num_values == rows) {
    encode_hybrid_run(cut.num_values == 0 ? 0 : 1, rows, 1, levels_);
    return {levels_.data(), levels_.size()};
  }
  level_bits_.resize(rows + 64);
  auto* target = level_bits_.as<uint8_t>();
  const BitSpan validity = column.validity();
  for (int64_t start = 0; start < cut.num_rows; start += 64, target += 64) {
    const uint64_t word =
        table::read_bits(validity, cut.first_row + start, std::min<int64_t>(64, cut.num_rows - start));
    for (size_t bit = 0; bit < 64; ++bit) target[bit] = static_cast<uint8_t>((word >> bit) & 1);
  }
  encode_hybrid_bits({level_bits_.as<uint8_t>(), rows}, levels_);
  return {levels_.data(), levels_.size()};
}

EncodedChunk ColumnEncoder::write_pages(const Column& column, const SchemaElement& element,
                                        const ChunkContent& content) {
  PageWriter writer(packer_, content.pages);
  ChunkStatistics statistics(value_type_of(column.type()), *element.type);
  const bool has_levels = element.repetition == Repetition::kOptional;
  for (size_t page = 0; page < cuts_.size(); ++page) {
    const PageCut& cut = cuts_[page];
    const int64_t nulls = cut.num_rows - static_cast<int64_t>(cut.num_values);
    statistics.add_page(content.range(page), cut.num_rows, nulls);
    writer.add({.num_rows = static_cast<int32_t>(cut.num_rows),
                .num_nulls = static_cast<int32_t>(nulls),
                .encoding = content.encoding,
                .levels = has_levels ? encode_levels(column, cut) : std::span<const std::byte>(),
                .values = content.values(page),
                .streams = content.streams});
  }
  EncodedChunk chunk;
  values_.resize(0);
  if (content.entries.count > 0) encode_values(content.entries, Encoding::kPlain, values_);
  chunk.pages = writer.finish({values_.data(), values_.size()}, content.entries.count);
  if (has_levels) chunk.encodings.push_back(Encoding::kRle);
  if (content.entries.count > 0) chunk.encodings.push_back(Encoding::kPlain);
  if (content.encoding != Encoding::kRle || !has_levels) chunk.encodings.push_back(content.encoding);
  chunk.statistics = statistics.statistics();
  chunk.column_index = statistics.column_index();
  return chunk;
}

}  // namespace varve::parquet

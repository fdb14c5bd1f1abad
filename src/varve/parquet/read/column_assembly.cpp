#include "varve/parquet/read/column_assembly.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "varve/parquet/read/dictionary_builder.h"
#include "varve/table/bits.h"

namespace varve::parquet {
namespace {

bool same_values(const Column& left, const Column& right) { return &left == &right || equals(left, right); }

}  // namespace

ColumnAssembly::ColumnAssembly(const LeafColumn& column, const std::vector<int64_t>& piece_rows, MemoryBudget& budget)
    : type_(column.type), pieces_(piece_rows.size()) {
  for (const int64_t rows : piece_rows) {
    first_rows_.push_back(rows_);
    rows_ += rows;
  }
  const int64_t width = storage_of(type_) == Storage::kVariable ? int64_t{sizeof(int64_t)} : width_of(type_);
  budget.take(rows_, std::max<int64_t>(width, 1));
  const Storage storage = storage_of(type_);
  if (storage == Storage::kFixed || storage == Storage::kIndexed) {
    values_ = base::MutableBuffer::allocate(static_cast<size_t>(rows_ * width));
  } else if (storage == Storage::kVariable && pieces_.size() != 1) {
    strings_ = std::make_unique<JoinedStrings>(pieces_.size(), rows_);
  }
}

std::byte* ColumnAssembly::values_of(size_t piece) noexcept {
  return values_.data() + first_rows_[piece] * width_of(type_);
}

RowSpace ColumnAssembly::space_of(size_t piece) {
  if (!strings_) return {.values = values_of(piece)};
  const auto end = strings_->begin(piece);
  return end ? RowSpace{.offsets = end->offsets, .characters = end->characters} : RowSpace();
}

void ColumnAssembly::set(size_t piece, DecodedChunk chunk) {
  if (strings_ && chunk.offsets.data() == nullptr) {
    strings_->end(chunk.rows);
  } else if (strings_) {
    strings_->add(piece, {chunk.rows, std::move(chunk.offsets), std::move(chunk.characters)});
  }
  pieces_[piece] = std::move(chunk);
}

Column ColumnAssembly::finish() {
  if (storage_of(type_) == Storage::kNone) return make_null_column(type_, rows_);
  ColumnParts parts{.type = type_, .length = rows_, .null_count = 0};
  unite_validity(parts);
  switch (storage_of(type_)) {
    case Storage::kBits: unite_bits(parts); break;
    case Storage::kVariable: unite_strings(parts); break;
    case Storage::kIndexed: unite_dictionaries(parts); break;
    default: break;
  }
  if (!parts.values) parts.values = std::move(values_).finish();
  return Column(std::move(parts));
}

void ColumnAssembly::unite_validity(ColumnParts& parts) {
  for (const DecodedChunk& piece : pieces_) parts.null_count += piece.null_count;
  if (parts.null_count == 0) return;
  if (pieces_.size() == 1) {
    parts.validity = std::move(pieces_[0].validity).finish();
    return;
  }
  base::MutableBuffer bits = base::MutableBuffer::allocate(table::bytes_for_bits(rows_));
  std::memset(bits.data(), 0xFF, bits.size());
  for (size_t at = 0; at < pieces_.size(); ++at) {
    if (pieces_[at].null_count == 0) continue;
    table::copy_bits({pieces_[at].validity.as<uint8_t>(), 0, pieces_[at].rows}, bits.as<uint8_t>(), first_rows_[at]);
  }
  parts.validity = std::move(bits).finish();
}

void ColumnAssembly::unite_bits(ColumnParts& parts) {
  if (pieces_.size() == 1) {
    parts.values = std::move(pieces_[0].bits).finish();
    return;
  }
  base::MutableBuffer bits = base::MutableBuffer::allocate_zeroed(table::bytes_for_bits(rows_));
  for (size_t at = 0; at < pieces_.size(); ++at) {
    table::copy_bits({pieces_[at].bits.as<uint8_t>(), 0, pieces_[at].rows}, bits.as<uint8_t>(), first_rows_[at]);
  }
  parts.values = std::move(bits).finish();
}

void ColumnAssembly::unite_strings(ColumnParts& parts) {
  if (strings_) {
    parts.offsets = strings_->take_offsets();
    parts.values = strings_->take_characters();
  } else {
    parts.offsets = std::move(pieces_[0].offsets).finish();
    parts.values = std::move(pieces_[0].characters).finish();
  }
}

// Chunks of one file mostly have one dictionary; where they differ, later values join that of the first.
void ColumnAssembly::unite_dictionaries(ColumnParts& parts) {
  if (pieces_.empty()) {
    parts.dictionary = std::make_shared<const Column>(make_null_column(*type_.value_type, 0));
    return;
  }
  const Column& first = *pieces_[0].dictionary;
  const bool one = std::all_of(pieces_.begin(), pieces_.end(),
                               [&](const DecodedChunk& piece) { return same_values(first, *piece.dictionary); });
  if (one) {
    parts.dictionary = pieces_[0].dictionary;
    return;
  }
  DictionaryBuilder united(*type_.value_type);
  for (int64_t row = 0; row < first.length(); ++row) united.append(first.bytes_at(row));
  for (size_t at = 1; at < pieces_.size(); ++at) {
    const Column& dictionary = *pieces_[at].dictionary;
    if (dictionary.length() == 0) continue;  // the piece has only nulls
    std::vector<int32_t> mapping;
    for (int64_t row = 0; row < dictionary.length(); ++row) mapping.push_back(united.add(dictionary.bytes_at(row)));
    auto* indices = reinterpret_cast<int32_t*>(values_of(at));
    for (int64_t row = 0; row < pieces_[at].rows; ++row) indices[row] = mapping[static_cast<size_t>(indices[row])];
  }
  parts.dictionary = std::make_shared<const Column>(united.finish());
}

}  // namespace varve::parquet

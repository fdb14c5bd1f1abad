#include "varve/parquet/read/column_assembly.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "varve/parquet/read/dictionary_builder.h"
#include "varve/table/bits.h"

namespace varve::parquet {
namespace {

// Pieces of strings up to this size are copied as they are, and their memory is soon used again.
constexpr size_t kPiecesKeptMax = size_t{16} << 20;
constexpr size_t kStep = size_t{2} << 20;

// Copies a piece. What a step has copied of a large one is dropped, so that it is not in memory twice.
void move_bytes(base::MutableBuffer& piece, std::byte* to, bool is_large) {
  const size_t step = is_large ? kStep : piece.size();
  for (size_t first = 0; first < piece.size(); first += step) {
    const size_t size = std::min(step, piece.size() - first);
    std::memcpy(to + first, piece.data() + first, size);
    if (is_large) piece.drop(first, size);
  }
}

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
    offsets_ = base::MutableBuffer::allocate((static_cast<size_t>(rows_) + 1) * sizeof(int64_t));
  }
}

std::byte* ColumnAssembly::values_of(size_t piece) noexcept {
  return values_.data() + first_rows_[piece] * width_of(type_);
}

void ColumnAssembly::set(size_t piece, DecodedChunk chunk) {
  if (offsets_.data() != nullptr) {
    const auto bytes = static_cast<size_t>(chunk.rows) * sizeof(int64_t);
    std::memcpy(offsets_.as<int64_t>() + first_rows_[piece], chunk.offsets.data(), bytes);
    chunk.offsets = {};
  }
  pieces_[piece] = std::move(chunk);
}

Column ColumnAssembly::finish(base::ThreadPool* pool) {
  if (storage_of(type_) == Storage::kNone) return make_null_column(type_, rows_);
  ColumnParts parts{.type = type_, .length = rows_, .null_count = 0};
  unite_validity(parts);
  switch (storage_of(type_)) {
    case Storage::kBits: unite_bits(parts); break;
    case Storage::kVariable: unite_strings(parts, pool); break;
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

void ColumnAssembly::unite_strings(ColumnParts& parts, base::ThreadPool* pool) {
  if (pieces_.size() == 1) {
    parts.offsets = std::move(pieces_[0].offsets).finish();
    parts.values = std::move(pieces_[0].characters).finish();
    return;
  }
  std::vector<size_t> first_characters;
  size_t characters = 0;
  for (const DecodedChunk& piece : pieces_) {
    first_characters.push_back(characters);
    characters += piece.characters.size();
  }
  base::MutableBuffer values = base::MutableBuffer::allocate(characters);
  auto* offsets = offsets_.as<int64_t>();
  offsets[rows_] = static_cast<int64_t>(characters);
  run_all(pool, pieces_.size(), [&](size_t at) {
    DecodedChunk piece = std::exchange(pieces_[at], {});
    for (int64_t row = 0; row < piece.rows; ++row) {
      offsets[first_rows_[at] + row] += static_cast<int64_t>(first_characters[at]);
    }
    move_bytes(piece.characters, values.data() + first_characters[at], characters > kPiecesKeptMax);
  });
  parts.offsets = std::move(offsets_).finish();
  parts.values = std::move(values).finish();
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
  for (int64_t row = 0; row < first.length(); ++row) united.append(value_bytes(first, row));
  for (size_t at = 1; at < pieces_.size(); ++at) {
    const Column& dictionary = *pieces_[at].dictionary;
    if (dictionary.length() == 0) continue;  // the piece has only nulls
    std::vector<int32_t> mapping;
    for (int64_t row = 0; row < dictionary.length(); ++row) mapping.push_back(united.add(value_bytes(dictionary, row)));
    auto* indices = reinterpret_cast<int32_t*>(values_of(at));
    for (int64_t row = 0; row < pieces_[at].rows; ++row) indices[row] = mapping[static_cast<size_t>(indices[row])];
  }
  parts.dictionary = std::make_shared<const Column>(united.finish());
}

void run_all(base::ThreadPool* pool, size_t count, const std::function<void(size_t)>& body) {
  if (pool != nullptr && count > 1) {
    pool->parallel_for(count, body);
  } else {
    for (size_t at = 0; at < count; ++at) body(at);
  }
}

}  // namespace varve::parquet

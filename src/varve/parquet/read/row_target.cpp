#include "varve/parquet/read/row_target.h"

#include <cstring>

#include "varve/base/error.h"
#include "varve/parquet/encoding.h"
#include "varve/parquet/read/dictionary_builder.h"
#include "varve/parquet/read/value_decoder.h"
#include "varve/table/bits.h"

namespace varve::parquet {
namespace {

using table::RowRange;

// Spreads `present` values at the front of `values` over the rows that `levels` mark; the others become zero.
template <typename T>
void spread(T* values, const PageRows& rows) {
  int64_t from = rows.present;
  for (int64_t row = rows.count - 1; row >= 0; --row) {
    from -= rows.levels[row];
    values[row] = rows.levels[row] != 0 ? values[from] : T{};
  }
}

void spread_any(std::byte* values, int64_t width, const PageRows& rows) {
  int64_t from = rows.present;
  for (int64_t row = rows.count - 1; row >= 0; --row) {
    const auto size = static_cast<size_t>(width);
    if (rows.levels[row] != 0) {
      --from;
      if (from != row) std::memcpy(values + row * width, values + from * width, size);
    } else {
      std::memset(values + row * width, 0, size);
    }
  }
}

void spread_fixed(std::byte* values, int64_t width, const PageRows& rows) {
  if (rows.levels == nullptr) return;
  switch (width) {
    case 1: return spread(reinterpret_cast<uint8_t*>(values), rows);
    case 2: return spread(reinterpret_cast<uint16_t*>(values), rows);
    case 4: return spread(reinterpret_cast<uint32_t*>(values), rows);
    case 8: return spread(reinterpret_cast<uint64_t*>(values), rows);
    default: return spread_any(values, width, rows);
  }
}

// Rows of fixed width, straight into the final buffer; only pages that are not wanted whole take a detour.
template <typename DecodePage>
void add_fixed(std::byte*& out, int64_t width, const PageRows& rows, Scratch& scratch, const DecodePage& decode) {
  if (rows.whole()) {
    decode(out);
    spread_fixed(out, width, rows);
    out += rows.count * width;
    return;
  }
  std::byte* page_values = scratch.at_least(rows.count, width);
  decode(page_values);
  spread_fixed(page_values, width, rows);
  for (const RowRange& range : rows.wanted) {
    const auto bytes = static_cast<size_t>((range.last - range.first) * width);
    std::memcpy(out, page_values + range.first * width, bytes);
    out += bytes;
  }
}

class FixedRows final : public RowTarget {
 public:
  FixedRows(const LeafColumn& column, std::byte* out, Workspace& workspace)
      : decoder_(column, workspace), workspace_(workspace), out_(out) {}

  void set_dictionary(const Page& page) override { decoder_.set_dictionary(page); }
  void add(const Page& page, const PageRows& rows) override {
    if (rows.levels == nullptr && !rows.whole()) {
      const ValueSelection selection{rows.count, rows.wanted};
      decoder_.decode_selected(page, selection, out_);
      out_ += selection.wanted_count() * decoder_.width();
      return;
    }
    add_fixed(out_, decoder_.width(), rows, workspace_.page,
              [&](std::byte* out) { decoder_.decode(page, rows.present, out); });
  }
  void finish(DecodedChunk&) override {}

 private:
  FixedDecoder decoder_;
  Workspace& workspace_;
  std::byte* out_;
};

class BitRows final : public RowTarget {
 public:
  BitRows(int64_t rows, Workspace& workspace)
      : bits_(base::MutableBuffer::allocate_zeroed(table::bytes_for_bits(rows))), workspace_(workspace) {}

  void set_dictionary(const Page&) override { throw Corruption("booleans have no dictionary"); }

  void add(const Page& page, const PageRows& rows) override {
    if (page.encoding == Encoding::kPlain) {
      if (table::bytes_for_bits(rows.present) > page.values.size()) {
        throw Corruption("{} booleans in {} bytes", rows.present, page.values.size());
      }
      const auto* stored = reinterpret_cast<const uint8_t*>(page.values.data());
      if (rows.levels == nullptr) {
        for (const RowRange& range : rows.wanted) keep({stored, range.first, range.last - range.first});
        return;
      }
      auto* values = workspace_.page.at_least<uint8_t>(rows.count);
      for (int64_t at = 0; at < rows.present; ++at)
        values[at] = static_cast<uint8_t>((stored[at >> 3] >> (at & 7)) & 1);
      add_bytes(values, rows);
    } else if (page.encoding == Encoding::kRle) {
      auto* values = workspace_.page.at_least<uint8_t>(rows.count);
      // In data pages this encoding has its length before it.
      if (rows.present != 0) {
        if (page.values.size() < 4) throw Corruption("a page of {} booleans has no length", rows.present);
        decode_hybrid_bits(page.values.subspan(4), {values, static_cast<size_t>(rows.present)});
      }
      add_bytes(values, rows);
    } else {
      throw Corruption("encoding {} does not suit booleans", static_cast<int32_t>(page.encoding));
    }
  }

  void finish(DecodedChunk& chunk) override { chunk.bits = std::move(bits_); }

 private:
  void keep(const BitSpan& bits) {
    table::copy_bits(bits, bits_.as<uint8_t>(), filled_);
    filled_ += bits.length;
  }

  void add_bytes(uint8_t* values, const PageRows& rows) {
    if (rows.levels != nullptr) spread(values, rows);
    for (const RowRange& range : rows.wanted) {
      for (int64_t row = range.first; row < range.last; ++row) {
        table::set_bit(bits_.as<uint8_t>(), filled_++, values[row] != 0);
      }
    }
  }

  base::MutableBuffer bits_;
  int64_t filled_ = 0;
  Workspace& workspace_;
};

class StringRows final : public RowTarget {
 public:
  StringRows(const LeafColumn& column, int64_t rows, const RowSpace& space, Workspace& workspace)
      : workspace_(workspace),
        decoder_(column.type.id == TypeId::kString, workspace),
        offsets_(space.offsets),
        characters_(space.characters) {
    if (offsets_ != nullptr) return;
    own_offsets_ = base::MutableBuffer::allocate((static_cast<size_t>(rows) + 1) * sizeof(int64_t));
    own_characters_ = base::MutableBuffer::allocate(0);
    offsets_ = own_offsets_.as<int64_t>();
    offsets_[0] = 0;
    characters_ = &own_characters_;
  }

  void set_dictionary(const Page& page) override { decoder_.set_dictionary(page); }

  void add(const Page& page, const PageRows& rows) override {
    if (rows.whole()) {
      decode(page, rows, offsets_, *characters_);
      offsets_ += rows.count;
      return;
    }
    if (rows.levels == nullptr && is_dictionary_encoding(page.encoding)) {
      const ValueSelection selection{rows.count, rows.wanted};
      const int64_t count = selection.wanted_count();
      decoder_.decode_selected(page, selection, {{offsets_, static_cast<size_t>(count) + 1}, characters_});
      offsets_ += count;
      return;
    }
    auto* offsets = workspace_.page.at_least<int64_t>(rows.count + 1);
    offsets[0] = 0;
    page_characters_.resize(0);
    decode(page, rows, offsets, page_characters_);
    for (const RowRange& range : rows.wanted) {
      const int64_t first = offsets[range.first];
      const int64_t shift = static_cast<int64_t>(characters_->size()) - first;
      characters_->append({page_characters_.data() + first, static_cast<size_t>(offsets[range.last] - first)});
      for (int64_t row = range.first; row < range.last; ++row) *++offsets_ = offsets[row + 1] + shift;
    }
  }

  void finish(DecodedChunk& chunk) override {
    chunk.offsets = std::move(own_offsets_);
    chunk.characters = std::move(own_characters_);
  }

 private:
  void decode(const Page& page, const PageRows& rows, int64_t* offsets, base::MutableBuffer& characters) {
    decoder_.decode(page, {{offsets, static_cast<size_t>(rows.present) + 1}, &characters});
    if (rows.levels == nullptr) return;
    // A null row ends where it begins.
    int64_t from = rows.present;
    for (int64_t row = rows.count; row > 0; --row) {
      offsets[row] = offsets[from];
      from -= rows.levels[row - 1];
    }
  }

  Workspace& workspace_;
  StringDecoder decoder_;
  int64_t* offsets_;  // of the last row's end
  base::MutableBuffer* characters_;
  base::MutableBuffer own_offsets_;
  base::MutableBuffer own_characters_;
  base::MutableBuffer page_characters_ = base::MutableBuffer::allocate(0);
};

// Indices into a dictionary of strings, straight into the final buffer. Pages that a writer did not dictionary-encode
// join the dictionary here.
class IndexRows final : public RowTarget {
 public:
  IndexRows(const LeafColumn& column, std::byte* out, Workspace& workspace)
      : workspace_(workspace),
        type_(*column.type.value_type),
        strings_(type_.id == TypeId::kString, workspace),
        out_(out) {}

  void set_dictionary(const Page& page) override {
    ColumnParts parts{.type = type_, .length = page.num_values, .null_count = 0};
    strings_.set_dictionary(page);
    const ByteStrings strings = strings_.dictionary();
    parts.values = copy(strings.characters, strings.offsets.back());
    parts.offsets = copy(strings.offsets.data(), std::ssize(strings.offsets) * 8);
    dictionary_ = Column(std::move(parts));
  }

  void add(const Page& page, const PageRows& rows) override {
    add_fixed(out_, sizeof(uint32_t), rows, workspace_.page, [&](std::byte* out) {
      const std::span indices{reinterpret_cast<uint32_t*>(out), static_cast<size_t>(rows.present)};
      if (is_dictionary_encoding(page.encoding)) {
        decode_indices(page, dictionary_.length(), indices);
      } else {
        add_strings(page, indices);
      }
    });
  }

  void finish(DecodedChunk& chunk) override {
    if (dictionary_.type().id == TypeId::kNull) builder();  // no page had values: a dictionary of none
    chunk.dictionary = std::make_shared<const Column>(builder_ ? builder_->finish() : dictionary_);
  }

 private:
  static base::BufferPtr copy(const void* bytes, int64_t size) {
    base::MutableBuffer buffer = base::MutableBuffer::allocate(static_cast<size_t>(size));
    if (size != 0) std::memcpy(buffer.data(), bytes, static_cast<size_t>(size));
    return std::move(buffer).finish();
  }

  DictionaryBuilder& builder() {
    if (!builder_) {
      builder_ = std::make_unique<DictionaryBuilder>(type_);
      for (int64_t row = 0; row < dictionary_.length(); ++row) builder_->append(dictionary_.bytes_at(row));
    }
    return *builder_;
  }

  void add_strings(const Page& page, std::span<uint32_t> indices) {
    auto* offsets = workspace_.values.at_least<int64_t>(std::ssize(indices) + 1);
    offsets[0] = 0;
    base::MutableBuffer characters = base::MutableBuffer::allocate(0);
    strings_.decode(page, {{offsets, indices.size() + 1}, &characters});
    for (size_t at = 0; at < indices.size(); ++at) {
      const auto size = static_cast<size_t>(offsets[at + 1] - offsets[at]);
      indices[at] = static_cast<uint32_t>(builder().add({characters.as<char>() + offsets[at], size}));
    }
  }

  Workspace& workspace_;
  DataType type_;
  StringDecoder strings_;
  std::byte* out_;
  Column dictionary_;
  std::unique_ptr<DictionaryBuilder> builder_;
};

}  // namespace

std::unique_ptr<RowTarget> make_row_target(const LeafColumn& column, int64_t rows, const RowSpace& space,
                                           Workspace& workspace) {
  switch (storage_of(column.type)) {
    case Storage::kBits: return std::make_unique<BitRows>(rows, workspace);
    case Storage::kFixed: return std::make_unique<FixedRows>(column, space.values, workspace);
    case Storage::kVariable: return std::make_unique<StringRows>(column, rows, space, workspace);
    case Storage::kIndexed: return std::make_unique<IndexRows>(column, space.values, workspace);
    case Storage::kNone: break;
  }
  throw NotSupported("columns of type {} have no pages", to_string(column.type));
}

}  // namespace varve::parquet

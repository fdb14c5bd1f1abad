#include "varve/parquet/read/value_decoder.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "varve/base/error.h"
#include "varve/table/utf8.h"

namespace varve::parquet {
namespace {

uint32_t largest_of(const uint32_t* values, int64_t count) {
  uint32_t largest = 0;
  for (int64_t at = 0; at < count; ++at) largest = values[at] > largest ? values[at] : largest;
  return largest;
}

template <typename T>
void gather(std::span<const uint32_t> indices, const std::byte* dictionary, std::byte* out) {
  const auto* values = reinterpret_cast<const T*>(dictionary);
  auto* target = reinterpret_cast<T*>(out);
  for (size_t at = 0; at < indices.size(); ++at) target[at] = values[indices[at]];
}

void gather_any(std::span<const uint32_t> indices, const std::byte* dictionary, std::byte* out, size_t width) {
  for (size_t at = 0; at < indices.size(); ++at) {
    std::memcpy(out + at * width, dictionary + indices[at] * width, width);
  }
}

void copy_selected(const std::byte* values, int64_t width, const ValueSelection& selection, std::byte* out) {
  for (const RowRange& range : selection.wanted) {
    const auto bytes = static_cast<size_t>((range.last - range.first) * width);
    std::memcpy(out, values + range.first * width, bytes);
    out += bytes;
  }
}

// The wanted ones of a page's indices.
std::span<const uint32_t> decode_selected_indices(const Page& page, int64_t dictionary_size,
                                                  const ValueSelection& selection, Scratch& scratch) {
  const auto end = static_cast<size_t>(selection.wanted.back().last);
  const std::span indices{scratch.at_least<uint32_t>(selection.count), end};
  decode_indices(page, dictionary_size, indices);
  if (selection.wanted.size() == 1) return indices.subspan(static_cast<size_t>(selection.wanted[0].first));
  auto to = indices.begin();
  for (const RowRange& range : selection.wanted) {
    to = std::copy(indices.begin() + range.first, indices.begin() + range.last, to);
  }
  return {indices.begin(), to};
}

[[noreturn]] void throw_encoding(Encoding encoding, std::string_view values) {
  throw Corruption("encoding {} does not suit {}", static_cast<int32_t>(encoding), values);
}

void check_text(std::span<const int64_t> offsets, const char* characters) {
  const auto begin = static_cast<size_t>(offsets.front());
  const std::string_view all{characters + begin, static_cast<size_t>(offsets.back()) - begin};
  if (table::is_ascii(all)) return;
  bool whole = table::is_utf8(all);
  // A string must not begin in the middle of a character of the whole.
  for (const int64_t at : offsets) {
    whole &= at == offsets.back() || (static_cast<uint8_t>(characters[at]) & 0xC0) != 0x80;
  }
  if (!whole) throw Corruption("a string is not UTF-8");
}

}  // namespace

bool is_dictionary_encoding(Encoding encoding) noexcept {
  return encoding == Encoding::kRleDictionary || encoding == Encoding::kPlainDictionary;
}

void decode_indices(const Page& page, int64_t dictionary_size, std::span<uint32_t> out) {
  if (out.empty()) return;
  if (page.values.empty()) throw Corruption("a page of {} dictionary indices has no bytes", out.size());
  const auto bit_width = static_cast<int>(page.values[0]);
  if (bit_width > 32) throw Corruption("dictionary indices of {} bits", bit_width);
  decode_hybrid(page.values.subspan(1), bit_width, out);
  const uint32_t largest = largest_of(out.data(), std::ssize(out));
  if (largest >= dictionary_size) {
    throw Corruption("dictionary index {} where the dictionary has {} values", largest, dictionary_size);
  }
}

ByteStrings StringDecoder::dictionary() const noexcept {
  return {{reinterpret_cast<const int64_t*>(dictionary_offsets_.data()), static_cast<size_t>(dictionary_size_) + 1},
          reinterpret_cast<const char*>(dictionary_characters_.data())};
}

void StringDecoder::set_dictionary(const Page& page) {
  // Each value has a length of four bytes before it: what the bytes cannot hold is not allocated.
  if (page.num_values < 0 || page.num_values > std::ssize(page.values) / 4) {
    throw Corruption("a dictionary of {} bytes claims {} strings", page.values.size(), page.num_values);
  }
  const auto count = static_cast<size_t>(page.num_values);
  dictionary_offsets_ = base::MutableBuffer::allocate((count + 1) * sizeof(int64_t));
  dictionary_characters_ = base::MutableBuffer::allocate(0);
  const std::span<int64_t> offsets{dictionary_offsets_.as<int64_t>(), count + 1};
  offsets[0] = 0;
  decode_plain_strings(page.values, {offsets, &dictionary_characters_});
  dictionary_size_ = page.num_values;
  if (text_) check_text(offsets, dictionary_characters_.as<char>());
}

void StringDecoder::decode(const Page& page, const ByteStringSink& out) {
  if (out.offsets.size() <= 1) return;
  if (is_dictionary_encoding(page.encoding)) {
    const int64_t count = std::ssize(out.offsets) - 1;
    const RowRange all{0, count};
    decode_selected(page, {count, {&all, 1}}, out);
    return;
  }
  decode_stored(page, out);
  if (text_) check_text(out.offsets, out.characters->as<char>());
}

void StringDecoder::decode_stored(const Page& page, const ByteStringSink& out) {
  switch (page.encoding) {
    case Encoding::kPlain: decode_plain_strings(page.values, out); break;
    case Encoding::kDeltaLengthByteArray: decode_delta_length(page.values, out); break;
    case Encoding::kDeltaByteArray: decode_delta_strings(page.values, out); break;
    default: throw_encoding(page.encoding, "byte arrays");
  }
}

void StringDecoder::decode_selected(const Page& page, const ValueSelection& selection, const ByteStringSink& out) {
  gather(decode_selected_indices(page, dictionary_size_, selection, workspace_.indices), out);
}

void StringDecoder::gather(std::span<const uint32_t> indices, const ByteStringSink& out) {
  const size_t count = indices.size();
  const int64_t* offsets = dictionary_offsets_.as<int64_t>();
  int64_t end = out.offsets[0];
  int64_t longest = 0;
  for (size_t at = 0; at < count; ++at) {
    const int64_t length = offsets[indices[at] + 1] - offsets[indices[at]];
    longest = std::max(longest, length);
    end += length;
    out.offsets[at + 1] = end;
  }
  workspace_.budget->take(end - out.offsets[0]);
  out.characters->resize(static_cast<size_t>(end));
  const char* source = dictionary_characters_.as<char>();
  char* target = out.characters->as<char>();
  const auto copy_all = [&](const auto& size_of) {
    for (size_t at = 0; at < count; ++at) {
      const int64_t begin = offsets[indices[at]];
      std::memcpy(target + out.offsets[at], source + begin, size_of(indices[at], begin));
    }
  };
  // Blocks may be read and written up to 64 bytes past their end: short strings are copied at a fixed size.
  if (longest <= 16) {
    copy_all([](uint32_t, int64_t) { return std::integral_constant<size_t, 16>(); });
  } else if (longest <= 32) {
    copy_all([](uint32_t, int64_t) { return std::integral_constant<size_t, 32>(); });
  } else {
    copy_all([&](uint32_t index, int64_t begin) { return static_cast<size_t>(offsets[index + 1] - begin); });
  }
}

FixedDecoder::FixedDecoder(const LeafColumn& column, Workspace& workspace)
    : physical_(column.element.type.value_or(PhysicalType::kBoolean)),
      conversion_(conversion_of(column)),
      workspace_(workspace),
      strings_(false, workspace) {}

void FixedDecoder::set_dictionary(const Page& page) {
  const int64_t count = page.num_values;
  const int64_t width_least =
      physical_ == PhysicalType::kByteArray ? 4 : std::max<int64_t>(conversion_.width_stored, 1);
  if (count < 0 || count > std::ssize(page.values) / width_least) {
    throw Corruption("a dictionary of {} bytes claims {} values", page.values.size(), count);
  }
  dictionary_size_ = count;
  if (page.owner && is_stored_as_held()) {
    dictionary_ = page.owner;
    return;
  }
  Page plain = page;
  plain.encoding = Encoding::kPlain;
  base::MutableBuffer values = base::MutableBuffer::allocate(static_cast<size_t>(count * conversion_.width));
  decode(plain, count, values.data());
  dictionary_ = std::move(values).finish();
}

void FixedDecoder::gather(std::span<const uint32_t> indices, std::byte* out) const {
  switch (conversion_.width) {
    case 1: return parquet::gather<uint8_t>(indices, dictionary_->data(), out);
    case 2: return parquet::gather<uint16_t>(indices, dictionary_->data(), out);
    case 4: return parquet::gather<uint32_t>(indices, dictionary_->data(), out);
    case 8: return parquet::gather<uint64_t>(indices, dictionary_->data(), out);
    case 16: return parquet::gather<Int128>(indices, dictionary_->data(), out);
    default: return gather_any(indices, dictionary_->data(), out, static_cast<size_t>(conversion_.width));
  }
}

void FixedDecoder::decode_selected(const Page& page, const ValueSelection& selection, std::byte* out) {
  if (is_dictionary_encoding(page.encoding)) {
    gather(decode_selected_indices(page, dictionary_size_, selection, workspace_.indices), out);
  } else if (page.encoding == Encoding::kPlain && is_stored_as_held()) {
    copy_selected(plain_values(page, selection.count), conversion_.width, selection, out);
  } else {
    const bool from_the_first_on = page.encoding == Encoding::kDeltaBinaryPacked;
    const int64_t count = from_the_first_on ? selection.wanted.back().last : selection.count;
    std::byte* values = workspace_.page.at_least(count, conversion_.width);
    decode(page, count, values);
    copy_selected(values, conversion_.width, selection, out);
  }
}

bool FixedDecoder::is_stored_as_held() const noexcept {
  return physical_ != PhysicalType::kByteArray && conversion_.function == nullptr;
}

const std::byte* FixedDecoder::plain_values(const Page& page, int64_t count) const {
  const int64_t width = conversion_.width_stored;
  if (width != 0 && std::ssize(page.values) / width < count) {
    throw Corruption("{} values of {} bytes in {} bytes", count, width, page.values.size());
  }
  return page.values.data();
}

void FixedDecoder::decode(const Page& page, int64_t count, std::byte* out) {
  if (count == 0) return;
  if (is_dictionary_encoding(page.encoding)) {
    const RowRange all{0, count};
    return gather(decode_selected_indices(page, dictionary_size_, {count, {&all, 1}}, workspace_.indices), out);
  }
  if (physical_ == PhysicalType::kByteArray) {
    decode_byte_arrays(page, count, out);
  } else if (is_stored_as_held()) {
    decode_stored(page, count, out);
  } else {
    std::byte* stored = workspace_.stored.at_least(count, conversion_.width_stored);
    decode_stored(page, count, stored);
    conversion_.function(conversion_, stored, count, out);
  }
}

void FixedDecoder::decode_stored(const Page& page, int64_t count, std::byte* out) {
  const auto values = static_cast<size_t>(count);
  const auto width = static_cast<size_t>(conversion_.width_stored);
  const bool integers = physical_ == PhysicalType::kInt32 || physical_ == PhysicalType::kInt64;
  if (page.encoding == Encoding::kPlain) {
    std::memcpy(out, plain_values(page, count), values * width);
  } else if (page.encoding == Encoding::kDeltaBinaryPacked && integers) {
    if (width == sizeof(int32_t)) {
      decode_delta(page.values, std::span{reinterpret_cast<int32_t*>(out), values});
    } else {
      decode_delta(page.values, std::span{reinterpret_cast<int64_t*>(out), values});
    }
  } else if (page.encoding == Encoding::kByteStreamSplit && physical_ != PhysicalType::kInt96 && width != 0) {
    decode_byte_stream_split(page.values, static_cast<int>(width), {out, values * width});
  } else if (page.encoding == Encoding::kDeltaByteArray && physical_ == PhysicalType::kFixedLenByteArray) {
    decode_fixed_strings(page, count, out);
  } else {
    throw_encoding(page.encoding, "values of fixed width");
  }
}

void FixedDecoder::decode_byte_arrays(const Page& page, int64_t count, std::byte* out) {
  auto* offsets = workspace_.offsets.at_least<int64_t>(count + 1);
  offsets[0] = 0;
  base::MutableBuffer characters = base::MutableBuffer::allocate(0);
  strings_.decode(page, {{offsets, static_cast<size_t>(count) + 1}, &characters});
  convert_byte_arrays(conversion_, {offsets, static_cast<size_t>(count) + 1}, characters.data(), out);
}

void FixedDecoder::decode_fixed_strings(const Page& page, int64_t count, std::byte* out) {
  auto* offsets = workspace_.offsets.at_least<int64_t>(count + 1);
  offsets[0] = 0;
  base::MutableBuffer characters = base::MutableBuffer::allocate(0);
  strings_.decode(page, {{offsets, static_cast<size_t>(count) + 1}, &characters});
  for (int64_t row = 0; row < count; ++row) {
    const int64_t length = offsets[row + 1] - offsets[row];
    if (length != conversion_.width_stored) {
      throw Corruption("a value of {} bytes where all have {}", length, conversion_.width_stored);
    }
  }
  std::memcpy(out, characters.data(), characters.size());
}

}  // namespace varve::parquet

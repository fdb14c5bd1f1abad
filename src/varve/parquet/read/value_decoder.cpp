#include "varve/parquet/read/value_decoder.h"

#include <algorithm>
#include <cstring>
#include <string_view>

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
void gather(const uint32_t* indices, int64_t count, const std::byte* dictionary, std::byte* out) {
  const auto* values = reinterpret_cast<const T*>(dictionary);
  auto* target = reinterpret_cast<T*>(out);
  for (int64_t at = 0; at < count; ++at) target[at] = values[indices[at]];
}

void gather_any(const uint32_t* indices, int64_t count, std::span<const std::byte> dictionary, std::byte* out,
                int64_t width) {
  for (int64_t at = 0; at < count; ++at) {
    std::memcpy(out + at * width, dictionary.data() + int64_t{indices[at]} * width, static_cast<size_t>(width));
  }
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
    gather(page, out);
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

void StringDecoder::gather(const Page& page, const ByteStringSink& out) {
  const int64_t count = std::ssize(out.offsets) - 1;
  auto* indices = workspace_.indices.at_least<uint32_t>(count);
  decode_indices(page, dictionary_size_, {indices, static_cast<size_t>(count)});
  const int64_t* offsets = dictionary_offsets_.as<int64_t>();
  int64_t end = out.offsets[0];
  int64_t longest = 0;
  for (int64_t at = 0; at < count; ++at) {
    const int64_t length = offsets[indices[at] + 1] - offsets[indices[at]];
    longest = std::max(longest, length);
    end += length;
    out.offsets[static_cast<size_t>(at) + 1] = end;
  }
  workspace_.budget.take(end - out.offsets[0]);
  out.characters->resize(static_cast<size_t>(end));
  const char* source = dictionary_characters_.as<char>();
  char* target = out.characters->as<char>();
  // Blocks may be read and written past their end: short strings are copied at a fixed size.
  constexpr int64_t kShort = 16;
  for (int64_t at = 0; at < count; ++at) {
    const int64_t begin = offsets[indices[at]];
    const int64_t to = out.offsets[static_cast<size_t>(at)];
    if (longest <= kShort) {
      std::memcpy(target + to, source + begin, kShort);
    } else {
      std::memcpy(target + to, source + begin, static_cast<size_t>(offsets[indices[at] + 1] - begin));
    }
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
  Page plain = page;
  plain.encoding = Encoding::kPlain;
  dictionary_ = base::MutableBuffer::allocate(static_cast<size_t>(count * conversion_.width));
  dictionary_size_ = count;
  decode(plain, count, dictionary_.data());
}

void FixedDecoder::decode(const Page& page, int64_t count, std::byte* out) {
  if (count == 0) return;
  if (is_dictionary_encoding(page.encoding)) {
    auto* indices = workspace_.indices.at_least<uint32_t>(count);
    decode_indices(page, dictionary_size_, {indices, static_cast<size_t>(count)});
    switch (conversion_.width) {
      case 1: return parquet::gather<uint8_t>(indices, count, dictionary_.data(), out);
      case 2: return parquet::gather<uint16_t>(indices, count, dictionary_.data(), out);
      case 4: return parquet::gather<uint32_t>(indices, count, dictionary_.data(), out);
      case 8: return parquet::gather<uint64_t>(indices, count, dictionary_.data(), out);
      case 16: return parquet::gather<Int128>(indices, count, dictionary_.data(), out);
      default: return gather_any(indices, count, {dictionary_.data(), dictionary_.size()}, out, conversion_.width);
    }
  }
  if (physical_ == PhysicalType::kByteArray) {
    decode_byte_arrays(page, count, out);
  } else if (conversion_.function == nullptr) {
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
    if (width != 0 && page.values.size() / width < values) {
      throw Corruption("{} values of {} bytes in {} bytes", count, width, page.values.size());
    }
    std::memcpy(out, page.values.data(), values * width);
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
  for (int64_t row = 0; row < count; ++row) {
    const Int128 value = decimal_of(characters.data() + offsets[row], offsets[row + 1] - offsets[row]);
    std::memcpy(out + row * static_cast<int64_t>(sizeof value), &value, sizeof value);
  }
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

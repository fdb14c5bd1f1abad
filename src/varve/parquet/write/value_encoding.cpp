#include "varve/parquet/write/value_encoding.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace varve::parquet {

namespace {

constexpr size_t kSlices = 8;
constexpr size_t kSliceValues = 512;
constexpr size_t kSliceValuesOfFew = 2048;
constexpr size_t kSliceBytesMax = size_t{64} << 10;
// A column that so few bytes a value describe needs no other encoding: one in this many of its plain size.
constexpr size_t kCheapEnough = 32;

// So few are read in a fraction of a millisecond whatever their encoding.
constexpr size_t kFewValues = size_t{1} << 16;

// Packed pages are read at about a third of the speed of others: they have to be smaller by a fifth.
constexpr size_t kPackedPenalty = 4;

// An encoding that takes half as much again as another on a few slices of the sample is not tried on the others.
constexpr size_t kHopeless = 2;

// An encoding that by the sample takes at most this part of PLAIN (one of so many) is taken without a look at the next;
// a dictionary is kept then if it takes at most the other.
constexpr size_t kGuessedPart = 4;
constexpr size_t kKeptPart = 3;

// It takes longer to find a grid than to hash so few values.
constexpr size_t kValuesOfGridMin = size_t{1} << 15;

// Evenly spread slices; all of a short chunk.
std::vector<PhysicalValues> sample(const PhysicalValues& values) {
  std::vector<PhysicalValues> slices;
  const size_t slice_values = values.count <= kFewValues ? kSliceValuesOfFew : kSliceValues;
  if (values.count <= kSlices * slice_values) {
    slices.push_back(values.slice(0, values.count));
    return slices;
  }
  for (size_t index = 0; index < kSlices; ++index) {
    const size_t first = (values.count - slice_values) / (kSlices - 1) * index;
    size_t length = slice_values;
    while (length > 1 && values.slice(first, length).byte_size() > kSliceBytesMax) length /= 2;
    slices.push_back(values.slice(first, length));
  }
  return slices;
}

size_t count_of(const std::vector<PhysicalValues>& slices) {
  size_t count = 0;
  for (const PhysicalValues& slice : slices) count += slice.count;
  return count;
}

std::vector<PhysicalValues> few_of(const std::vector<PhysicalValues>& slices) {
  std::vector<PhysicalValues> few;
  for (const size_t at : {kSlices / 4, 3 * kSlices / 4}) few.push_back(slices[at].slice(0, slices[at].count));
  return few;
}

template <typename T>
std::vector<T> numbers_of(const std::vector<PhysicalValues>& slices) {
  std::vector<T> numbers;
  numbers.reserve(count_of(slices));
  for (const PhysicalValues& slice : slices) {
    const auto part = slice.as<T>();
    numbers.insert(numbers.end(), part.begin(), part.end());
  }
  return numbers;
}

std::optional<ValueGrid> grid_of(const PhysicalValues& values, const std::vector<PhysicalValues>& slices) {
  if (values.count < kValuesOfGridMin) return std::nullopt;
  if (values.type == PhysicalType::kDouble) return ValueGrid::find_ticks(numbers_of<double>(slices));
  if (values.type == PhysicalType::kInt64) return ValueGrid::find_integers(numbers_of<int64_t>(slices));
  return std::nullopt;
}

// Of how many values, all equally likely, `count` draws show `distinct` ones: the solution of
// distinct = entries * (1 - exp(-count / entries)). Values that come in clusters have more than that.
size_t expected_entries(size_t count, size_t distinct) {
  constexpr double kMost = 1e9;
  const auto draws = static_cast<double>(count);
  auto low = static_cast<double>(distinct);
  double high = kMost;
  while (high > 1.01 * low) {
    const double middle = std::sqrt(low * high);
    (middle * (1 - std::exp(-draws / middle)) < static_cast<double>(distinct) ? low : high) = middle;
  }
  return static_cast<size_t>(low);
}

void encode_booleans(const PhysicalValues& values, base::MutableBuffer& out) {
  const size_t start = out.size();
  out.resize(start + sizeof(uint32_t));  // the length, known afterwards
  encode_hybrid_bits(values.as<uint8_t>(), out);
  const auto length = static_cast<uint32_t>(out.size() - start - sizeof(uint32_t));
  std::memcpy(out.data() + start, &length, sizeof(length));
}

}  // namespace

std::vector<Encoding> candidates_for(PhysicalType type, bool is_dictionary) {
  switch (type) {
    case PhysicalType::kBoolean: return {Encoding::kRle};
    case PhysicalType::kInt32:
    case PhysicalType::kInt64: return {Encoding::kDeltaBinaryPacked, Encoding::kPlain};
    case PhysicalType::kFloat:
    case PhysicalType::kDouble: return {Encoding::kPlain, Encoding::kByteStreamSplit};
    case PhysicalType::kByteArray: return {is_dictionary ? Encoding::kPlain : Encoding::kDeltaLengthByteArray};
    default: return {Encoding::kPlain};
  }
}

size_t streams_of(Encoding encoding, int32_t width) noexcept {
  return encoding == Encoding::kByteStreamSplit ? static_cast<size_t>(width) : 1;
}

void encode_values(const PhysicalValues& values, Encoding encoding, base::MutableBuffer& out) {
  switch (encoding) {
    case Encoding::kRle: return encode_booleans(values, out);
    case Encoding::kDeltaBinaryPacked:
      return values.width == 4 ? encode_delta(values.as<int32_t>(), out) : encode_delta(values.as<int64_t>(), out);
    case Encoding::kByteStreamSplit: return encode_byte_stream_split(values.fixed, values.width, out);
    case Encoding::kDeltaLengthByteArray: return encode_delta_length(values.strings, out);
    default: return values.width != 0 ? out.append(values.fixed) : encode_plain_strings(values.strings, out);
  }
}

ExpectedPages EncodingChooser::cost_of(const std::vector<PhysicalValues>& slices, Encoding encoding, bool is_long) {
  encoded_.resize(0);
  if (encoding == Encoding::kByteStreamSplit && slices.size() > 1) {
    // The streams of all slices together, as a page has them.
    base::MutableBuffer whole;
    for (const PhysicalValues& slice : slices) whole.append(slice.fixed);
    encode_byte_stream_split({whole.data(), whole.size()}, slices[0].width, encoded_);
  } else {
    for (const PhysicalValues& slice : slices) encode_values(slice, encoding, encoded_);
  }
  const BlockContent content = content_of(encoding, streams_of(encoding, slices[0].width));
  const auto packed = packer_.pack({encoded_.data(), encoded_.size()}, content);
  if (!packed) return {.bytes = encoded_.size(), .shrink = !is_long};  // a few pages are soon tried
  return {.bytes = is_long ? packed->size() + packed->size() / kPackedPenalty : packed->size(), .shrink = true};
}

// Most of the time goes into packing. Where a few slices show that an encoding is far behind, it is left at that.
ExpectedPages EncodingChooser::estimate(const std::vector<PhysicalValues>& slices, Encoding encoding, size_t count,
                                        size_t to_beat) {
  const auto of_all = [&](const std::vector<PhysicalValues>& some) {
    ExpectedPages pages = cost_of(some, encoding, count > kFewValues);
    const double times = static_cast<double>(count) / static_cast<double>(count_of(some));
    pages.bytes = static_cast<size_t>(static_cast<double>(pages.bytes) * times);
    return pages;
  };
  if (slices.size() == kSlices && to_beat != ~size_t{0}) {
    const ExpectedPages pages = of_all(few_of(slices));
    if (pages.bytes >= to_beat + to_beat / kHopeless) return pages;
  }
  return of_all(slices);
}

size_t EncodingChooser::count_distinct(const std::vector<PhysicalValues>& slices,
                                       const std::optional<ValueGrid>& grid) {
  uint32_t codes[kSlices * kSliceValuesOfFew];
  constexpr DictionaryLimits kNoLimits{.entries = ~size_t{0}, .bytes = ~size_t{0}};
  const int32_t width = slices[0].width;
  words_.clear();
  long_words_.clear(grid);
  strings_.clear();
  for (const PhysicalValues& slice : slices) {
    if (width == 4) {
      words_.encode(slice.as<uint32_t>(), codes, kNoLimits);
    } else if (width == 8) {
      long_words_.encode(slice.as<uint64_t>(), codes, kNoLimits);
    } else {
      strings_.encode(
          slice.count, [&](size_t index) { return slice.bytes_at(index); }, codes, kNoLimits);
    }
  }
  return words_.entries().size() + long_words_.entries().size() + strings_.entries().size();
}

// The least that a dictionary and its indexes can take, going by how often values come again within the sample.
size_t EncodingChooser::dictionary_cost(const std::vector<PhysicalValues>& slices, const PhysicalValues& values,
                                        const std::optional<ValueGrid>& grid) {
  const size_t count = count_of(slices);
  const size_t distinct = count_distinct(slices, grid);
  const size_t entries = count == values.count ? distinct : expected_entries(count, distinct);
  if (entries > DictionaryLimits().entries) return ~size_t{0};
  return values.count * static_cast<size_t>(bit_width_of(entries - 1)) / 8 +
         entries * (values.byte_size() / values.count);
}

EncodingChoice EncodingChooser::choose(const PhysicalValues& values, std::span<const Encoding> candidates,
                                       Guess guess) {
  const auto slices = sample(values);
  if (count_of(slices) == 0) return {};
  const size_t plain_bytes = values.byte_size();
  const auto grid = grid_of(values, slices);
  // Delta coding costs less to try than a dictionary, and is often cheap enough at once.
  const bool is_delta_first = candidates.front() == Encoding::kDeltaBinaryPacked;
  const bool may_repeat = values.type != PhysicalType::kBoolean;
  size_t dictionary = may_repeat && !is_delta_first ? dictionary_cost(slices, values, grid) : ~size_t{0};
  const auto seems_small = [&](size_t bytes) {
    return values.count > kFewValues && bytes <= plain_bytes / kGuessedPart;
  };
  if (guess == Guess::kAllowed && seems_small(dictionary)) {
    return {.dictionary_bytes_max = plain_bytes / kKeptPart, .grid = grid, .is_guess = true};
  }
  EncodingChoice best{.pages = {.bytes = ~size_t{0}}};
  for (const Encoding encoding : candidates) {
    const ExpectedPages pages = estimate(slices, encoding, values.count, std::min(best.pages.bytes, dictionary));
    if (pages.bytes < best.pages.bytes) best = {.encoding = encoding, .pages = pages};
    if (best.pages.bytes < plain_bytes / kCheapEnough) return best;
    if (is_delta_first && seems_small(best.pages.bytes)) break;
  }
  if (may_repeat && is_delta_first) dictionary = dictionary_cost(slices, values, grid);
  // Integers are quicker to read delta-coded, so their dictionary has to be clearly smaller.
  const size_t bytes = best.pages.bytes;
  const size_t max = best.encoding == Encoding::kDeltaBinaryPacked ? bytes - bytes / 10 : bytes;
  if (dictionary >= max) return best;
  best.dictionary_bytes_max = max;
  best.grid = grid;
  return best;
}

}  // namespace varve::parquet

#include "varve/ingest/csv_reader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "varve/base/error.h"

namespace varve::ingest {

namespace {

// Words are looked at eight letters at a time, the first one in the lowest byte.
static_assert(std::endian::native == std::endian::little);

constexpr size_t kPadding = sizeof(uint64_t);  // readable behind the last byte
constexpr std::string_view kDelimiters = ",;\t|";

constexpr uint64_t repeat(char letter) { return 0x0101010101010101U * static_cast<uint8_t>(letter); }

// The top bit of each byte that is zero; bytes above the first such one may be marked wrongly.
constexpr uint64_t zero_bytes(uint64_t word) { return (word - repeat('\x01')) & ~word & repeat('\x80'); }

// `text` with each pair of quotes made one, in place.
std::string_view unescape(std::string_view text, char* first) {
  char* out = first;
  for (size_t at = 0; at < text.size(); ++at) {
    *out++ = text[at];
    if (text[at] == '"') ++at;
  }
  return {first, static_cast<size_t>(out - first)};
}

}  // namespace

CsvReader::CsvReader(compress::ByteSource source, const CsvReaderOptions& options)
    : source_(std::move(source)), options_(options) {}

bool CsvReader::next() {
  if (!started_) start();
  for (;;) {
    skip_empty_lines();
    switch (scan_record()) {
      case Scan::kRecord: return true;
      case Scan::kEnd: return false;
      case Scan::kNeedsMore: read_more();
    }
  }
}

void CsvReader::start() {
  started_ = true;
  while (!at_end_ && end_ < 4) read_more();
  const std::string_view head(bytes_.get(), std::min<size_t>(end_, 4));
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) {
    throw InvalidArgument("the text is UTF-16: save it as UTF-8");
  }
  if (head.starts_with("\xEF\xBB\xBF")) begin_ = 3;
  if (options_.delimiter == 0) find_delimiter();
}

void CsvReader::read_more() {
  const size_t kept = end_ - begin_;
  if (kept >= options_.record_bytes_max) {
    throw InvalidArgument("line {}: the record is longer than {} bytes; is a quote left open?", next_line_,
                          options_.record_bytes_max);
  }
  const size_t needed = kept + options_.block_bytes + kPadding;
  if (needed > capacity_) {
    const size_t capacity = std::max(needed, 2 * capacity_);
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (kept > 0) std::memcpy(larger.get(), bytes_.get() + begin_, kept);
    bytes_ = std::move(larger);
    capacity_ = capacity;
  } else if (begin_ > 0) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, kept);
  }
  begin_ = 0;
  end_ = kept;
  const size_t read = source_({reinterpret_cast<std::byte*>(bytes_.get() + kept), options_.block_bytes});
  end_ += read;
  at_end_ = read == 0;
}

void CsvReader::find_delimiter() {
  std::array<size_t, kDelimiters.size()> counts{};
  bool quoted = false;
  bool field_begins = true;
  bool any_text = false;
  for (size_t at = 0;; ++at) {
    if (begin_ + at == end_ && !at_end_) read_more();
    if (begin_ + at == end_) break;
    const char letter = bytes_[begin_ + at];
    if (letter == '\n' && !quoted && any_text) break;
    any_text = any_text || (letter != '\r' && letter != '\n');
    if (letter == '"' && (quoted || field_begins)) quoted = !quoted;
    const size_t which = kDelimiters.find(letter);
    field_begins = which != std::string_view::npos;
    if (!quoted && field_begins) ++counts[which];
  }
  const auto most = std::max_element(counts.begin(), counts.end());
  options_.delimiter = *most == 0 ? ',' : kDelimiters[static_cast<size_t>(most - counts.begin())];
}

void CsvReader::skip_empty_lines() {
  while (begin_ < end_) {
    const bool lone = bytes_[begin_] == '\n';
    const bool pair = bytes_[begin_] == '\r' && begin_ + 1 < end_ && bytes_[begin_ + 1] == '\n';
    if (!lone && !pair) return;
    begin_ += lone ? 1 : 2;
    ++next_line_;
  }
}

CsvReader::Scan CsvReader::scan_record() {
  fields_.clear();
  escaped_.clear();
  any_quoted_ = false;
  faulty_field_ = -1;
  Cursor cursor{bytes_.get() + begin_, bytes_.get() + end_};
  if (cursor.at == cursor.end) return at_end_ ? Scan::kEnd : Scan::kNeedsMore;
  // A carriage return at the end of what is there may be the first half of an empty line's end.
  if (*cursor.at == '\r' && cursor.at + 1 == cursor.end) {
    if (!at_end_) return Scan::kNeedsMore;
    begin_ = end_;
    return Scan::kEnd;
  }
  bool more_fields = true;
  while (more_fields) {
    const bool quoted = cursor.at < cursor.end && *cursor.at == '"';
    const Scan scan = quoted ? scan_quoted(cursor, more_fields) : scan_plain(cursor, more_fields);
    if (scan == Scan::kNeedsMore) return scan;
  }
  finish_record(cursor.at);
  return Scan::kRecord;
}

CsvReader::Scan CsvReader::scan_quoted(Cursor& cursor, bool& more_fields) {
  char* const first = cursor.at + 1;
  char* quote = first;
  bool escaped = false;
  for (;; quote += 2, escaped = true) {
    quote = static_cast<char*>(std::memchr(quote, '"', static_cast<size_t>(cursor.end - quote)));
    if (quote == nullptr && !at_end_) return Scan::kNeedsMore;
    if (quote == nullptr) throw InvalidArgument("line {}: a quote is opened and not closed", next_line_);
    if (quote + 1 == cursor.end && !at_end_) return Scan::kNeedsMore;
    if (quote + 1 == cursor.end || quote[1] != '"') break;
    if (quote + 2 == cursor.end && !at_end_) return Scan::kNeedsMore;
  }
  fields_.push_back({{first, static_cast<size_t>(quote - first)}, true});
  if (escaped) escaped_.push_back(fields_.size() - 1);
  any_quoted_ = true;
  cursor.at = quote + 1;
  if (cursor.at + 1 == cursor.end && *cursor.at == '\r' && !at_end_) return Scan::kNeedsMore;
  if (end_field(cursor, more_fields)) return Scan::kRecord;
  if (faulty_field_ < 0) faulty_field_ = static_cast<int64_t>(fields_.size()) - 1;
  cursor.at = find_end_of_plain(cursor.at, cursor.end);
  if (cursor.at == cursor.end && !at_end_) return Scan::kNeedsMore;
  end_field(cursor, more_fields);
  return Scan::kRecord;
}

CsvReader::Scan CsvReader::scan_plain(Cursor& cursor, bool& more_fields) {
  char* const first = cursor.at;
  cursor.at = find_end_of_plain(first, cursor.end);
  if (cursor.at == cursor.end && !at_end_) return Scan::kNeedsMore;
  const char* last = cursor.at;
  const bool ends_line = cursor.at == cursor.end || *cursor.at == '\n';
  if (ends_line && last > first && last[-1] == '\r') --last;
  fields_.push_back({{first, static_cast<size_t>(last - first)}, false});
  end_field(cursor, more_fields);
  return Scan::kRecord;
}

// Passes over the delimiter or line end at the cursor; false if there is neither.
bool CsvReader::end_field(Cursor& cursor, bool& more_fields) const {
  more_fields = false;
  if (cursor.at == cursor.end) return true;
  if (*cursor.at == options_.delimiter) {
    ++cursor.at;
    more_fields = true;
    return true;
  }
  if (*cursor.at == '\r' && (cursor.at + 1 == cursor.end || cursor.at[1] == '\n')) ++cursor.at;
  if (cursor.at == cursor.end) return true;
  if (*cursor.at != '\n') return false;
  ++cursor.at;
  return true;
}

char* CsvReader::find_end_of_plain(char* at, const char* end) const noexcept {
  const uint64_t delimiters = repeat(options_.delimiter);
  const uint64_t line_ends = repeat('\n');
  for (; at < end; at += sizeof(uint64_t)) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    const uint64_t found = zero_bytes(word ^ delimiters) | zero_bytes(word ^ line_ends);
    if (found != 0) {
      at += std::countr_zero(found) / 8;
      break;
    }
  }
  return at < end ? at : bytes_.get() + end_;
}

void CsvReader::finish_record(char* end) {
  line_ = next_line_++;
  if (any_quoted_) {
    for (const CsvField& field : fields_) {
      if (field.quoted) next_line_ += std::count(field.text.begin(), field.text.end(), '\n');
    }
    for (const size_t i : escaped_) {
      char* const first = bytes_.get() + (fields_[i].text.data() - bytes_.get());
      fields_[i].text = unescape(fields_[i].text, first);
    }
  }
  begin_ = static_cast<size_t>(end - bytes_.get());
}

}  // namespace varve::ingest

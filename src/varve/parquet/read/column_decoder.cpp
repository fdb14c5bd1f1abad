#include "varve/parquet/read/column_decoder.h"

#include <algorithm>
#include <cstring>

#include "varve/base/error.h"
#include "varve/parquet/encoding.h"
#include "varve/parquet/read/value_decoder.h"
#include "varve/table/bits.h"

namespace varve::parquet {
namespace {

// True if the levels are one run of ones, as they are wherever a page holds no null.
bool all_present(std::span<const std::byte> levels, int64_t count) {
  uint64_t header = 0;
  size_t at = 0;
  for (int shift = 0; at < levels.size() && shift < 35; shift += 7) {
    const auto byte = static_cast<uint8_t>(levels[at++]);
    header |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) break;
  }
  const bool run = (header & 1) == 0 && static_cast<int64_t>(header >> 1) >= count;
  return run && at < levels.size() && levels[at] == std::byte{1};
}

class ChunkDecoder {
 public:
  ChunkDecoder(const ChunkRequest& request, RowTarget& target)
      : request_(request), pages_(*request.file, request.location, *request.workspace), target_(target) {
    chunk_.rows = count_rows(request.rows);
  }

  DecodedChunk run() {
    if (request_.dictionary_end) find_dictionary();
    for (const PageRun& run : request_.runs) decode_run(run);
    if (filled_ != chunk_.rows) throw Corruption("the pages hold {} of {} rows", filled_, chunk_.rows);
    target_.finish(chunk_);
    return std::move(chunk_);
  }

 private:
  void find_dictionary() {
    if (const auto known = request_.dictionaries->find(request_.id)) return set_dictionary(*known);
    pages_.seek(request_.location.begin, *request_.dictionary_end);
    while (const PageHeader* header = pages_.next()) {
      if (header->type != PageType::kDictionaryPage || !request_.location.verify_checksums) {
        take_other_page(*header);
        continue;
      }
      const auto page = std::make_shared<const Page>(keep(pages_.load()));
      set_dictionary(*page);
      request_.dictionaries->put(request_.id, page, page->values.size());
    }
  }

  // The page with its values in memory of its own.
  static Page keep(Page page) {
    base::MutableBuffer values = base::MutableBuffer::allocate(0);
    values.append(page.values);
    page.owner = std::move(values).finish();
    page.values = page.owner->bytes();
    return page;
  }

  void decode_run(const PageRun& run) {
    pages_.seek(run.begin, run.end);
    int64_t row = run.rows.first;
    while (row < run.rows.last) {
      request_.cancel->check();
      const PageHeader* header = pages_.next();
      if (header == nullptr) throw Corruption("the pages end at row {} of {}", row, run.rows.last);
      if (header->type != PageType::kDataPage && header->type != PageType::kDataPageV2) {
        take_other_page(*header);
        continue;
      }
      const int64_t count = num_values_of(*header);
      if (count > run.rows.last - row) {
        throw Corruption("a page at row {} claims {} rows where {} are left", row, count, run.rows.last - row);
      }
      const auto wanted = wanted_rows(row, count);
      if (wanted.empty() || target_.skip(*header, wanted)) {
        filled_ += count_rows(wanted);
      } else {
        decode_page(pages_.load(), wanted);
      }
      row += count;
    }
  }

  void take_other_page(const PageHeader& header) {
    if (header.type != PageType::kDictionaryPage) return;  // an index page, or one of a kind yet to be invented
    set_dictionary(pages_.load());
  }

  void set_dictionary(const Page& page) {
    if (has_dictionary_) throw Corruption("a second dictionary page");
    if (page.encoding != Encoding::kPlain && page.encoding != Encoding::kPlainDictionary) {
      throw Corruption("a dictionary page of encoding {}", static_cast<int32_t>(page.encoding));
    }
    target_.set_dictionary(page);
    has_dictionary_ = true;
  }

  // The rows asked for among those from `row` on, counted from there.
  std::span<const RowRange> wanted_rows(int64_t row, int64_t count) {
    wanted_.clear();
    while (next_range_ < request_.rows.size() && request_.rows[next_range_].last <= row) ++next_range_;
    for (size_t at = next_range_; at < request_.rows.size() && request_.rows[at].first < row + count; ++at) {
      const RowRange range{std::max(request_.rows[at].first, row) - row,
                           std::min(request_.rows[at].last, row + count) - row};
      if (range.first < range.last) wanted_.push_back(range);
    }
    return wanted_;
  }

  void decode_page(const Page& page, std::span<const RowRange> wanted) {
    // A page may hold many more rows than are wanted of it.
    request_.workspace->budget->check(page.num_values, std::max(width_of(request_.column->type), 1));
    PageRows rows{.count = page.num_values, .present = page.num_values, .wanted = wanted};
    if (request_.location.optional) read_levels(page, rows);
    if (page.num_nulls && *page.num_nulls != rows.count - rows.present) {
      throw Corruption("a page claims {} nulls and has {}", *page.num_nulls, rows.count - rows.present);
    }
    target_.add(page, rows);
    add_validity(rows);
  }

  void read_levels(const Page& page, PageRows& rows) {
    const bool packed = page.level_encoding == Encoding::kBitPacked;
    if (!packed && page.level_encoding != Encoding::kRle) {
      throw Corruption("levels of encoding {}", static_cast<int32_t>(page.level_encoding));
    }
    if (!packed && all_present(page.levels, rows.count)) return;
    auto* levels = request_.workspace->levels.at_least<uint8_t>(rows.count);
    if (packed) {
      // The deprecated form has its first value in the highest bit.
      rows.present = 0;
      for (int64_t row = 0; row < rows.count; ++row) {
        const auto byte = static_cast<uint8_t>(page.levels[static_cast<size_t>(row >> 3)]);
        levels[row] = (byte >> (7 - (row & 7))) & 1;
        rows.present += levels[row];
      }
    } else {
      rows.present = decode_hybrid_bits(page.levels, {levels, static_cast<size_t>(rows.count)});
    }
    if (rows.present != rows.count) rows.levels = levels;
  }

  void add_validity(const PageRows& rows) {
    for (const RowRange& range : rows.wanted) {
      if (rows.levels != nullptr) add_validity(rows.levels + range.first, range.last - range.first);
      filled_ += range.last - range.first;
    }
  }

  void add_validity(const uint8_t* levels, int64_t count) {
    if (chunk_.validity.data() == nullptr) {
      chunk_.validity = base::MutableBuffer::allocate(table::bytes_for_bits(chunk_.rows));
      std::memset(chunk_.validity.data(), 0xFF, chunk_.validity.size());
    }
    auto* bits = chunk_.validity.as<uint8_t>();
    for (int64_t row = 0; row < count; ++row) {
      if (levels[row] != 0) continue;
      table::set_bit(bits, filled_ + row, false);
      ++chunk_.null_count;
    }
  }

  const ChunkRequest& request_;
  PageReader pages_;
  RowTarget& target_;
  DecodedChunk chunk_;
  int64_t filled_ = 0;
  size_t next_range_ = 0;
  bool has_dictionary_ = false;
  std::vector<RowRange> wanted_;
};

}  // namespace

DecodedChunk decode_chunk(const ChunkRequest& request, const RowSpace& space) {
  const auto target = make_row_target(*request.column, count_rows(request.rows), space, *request.workspace);
  return ChunkDecoder(request, *target).run();
}

void decode_chunk(const ChunkRequest& request, RowTarget& target) { ChunkDecoder(request, target).run(); }

}  // namespace varve::parquet

#include "varve/cli/format.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "varve/base/error.h"
#include "varve/table/print.h"

namespace varve::cli {

namespace {

constexpr size_t kPieceBytes = size_t{1} << 16;

constexpr std::array<std::pair<std::string_view, Format>, 7> kFormats = {{{"table", Format::kTable},
                                                                          {"csv", Format::kCsv},
                                                                          {"tsv", Format::kTsv},
                                                                          {"json", Format::kJson},
                                                                          {"ndjson", Format::kNdjson},
                                                                          {"markdown", Format::kMarkdown},
                                                                          {"parquet", Format::kParquet}}};
constexpr std::array<std::pair<std::string_view, Format>, 8> kEndings = {{{".csv", Format::kCsv},
                                                                          {".tsv", Format::kTsv},
                                                                          {".json", Format::kJson},
                                                                          {".ndjson", Format::kNdjson},
                                                                          {".jsonl", Format::kNdjson},
                                                                          {".md", Format::kMarkdown},
                                                                          {".txt", Format::kTable},
                                                                          {".parquet", Format::kParquet}}};

// Collects text and hands it on in pieces of some size.
class Pieces {
 public:
  explicit Pieces(const TextSink& sink) : sink_(sink) {}

  std::string& text() { return text_; }
  void hand_on_if_full() {
    if (text_.size() >= kPieceBytes) hand_on();
  }
  void hand_on() {
    if (!text_.empty()) sink_(text_);
    text_.clear();
  }

 private:
  const TextSink& sink_;
  std::string text_;
};

void append_delimited(std::string_view text, bool null, char delimiter, std::string& out) {
  const bool plain = text.find_first_of("\"\r\n") == std::string_view::npos &&
                     text.find(delimiter) == std::string_view::npos && (null || !text.empty());
  if (plain) {
    out += text;
    return;
  }
  out += '"';
  for (const char letter : text) {
    if (letter == '"') out += '"';
    out += letter;
  }
  out += '"';
}

bool may_need_quotes(const DataType& type) { return value_type_of(type).id == TypeId::kString; }

void write_delimited(const Table& table, char delimiter, Pieces& pieces) {
  std::string& out = pieces.text();
  std::vector<bool> quotes;
  for (size_t i = 0; i < table.num_columns(); ++i) {
    if (i > 0) out += delimiter;
    append_delimited(table.schema()[i].name, false, delimiter, out);
    quotes.push_back(may_need_quotes(table.schema()[i].type));
  }
  out += '\n';
  std::string cell;
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    for (size_t i = 0; i < table.num_columns(); ++i) {
      if (i > 0) out += delimiter;
      if (!quotes[i]) {
        table::append_value(table.column(i), row, out);
        continue;
      }
      cell.clear();
      table::append_value(table.column(i), row, cell);
      append_delimited(cell, table.column(i).is_null(row), delimiter, out);
    }
    out += '\n';
    pieces.hand_on_if_full();
  }
}

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char letter : text) {
    switch (letter) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(letter) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(letter));
        } else {
          out += letter;
        }
    }
  }
  out += '"';
}

// The text of a value of such a type stands in JSON as it is.
bool is_json_literal(const DataType& type) {
  return type.id == TypeId::kBoolean || is_signed_integer(type) || is_unsigned_integer(type) || is_floating(type);
}

void append_json_value(const Column& column, int64_t row, std::string& cell, std::string& out) {
  if (column.is_null(row) || column.type().id == TypeId::kNull) {
    out += "null";
    return;
  }
  cell.clear();
  table::append_value(column, row, cell);
  if (!is_json_literal(column.type())) {
    append_json_string(cell, out);
  } else {
    const bool finite = !is_floating(column.type()) || cell.find_first_of("ni") == std::string::npos;
    out += finite ? cell : "null";
  }
}

void write_json(const Table& table, bool by_lines, Pieces& pieces) {
  std::string& out = pieces.text();
  std::vector<std::string> names;
  for (const Field& field : table.schema().fields()) append_json_string(field.name, names.emplace_back());
  std::string cell;
  if (!by_lines) out += "[";
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    if (!by_lines) out += row == 0 ? "\n" : ",\n";
    out += '{';
    for (size_t i = 0; i < table.num_columns(); ++i) {
      if (i > 0) out += ',';
      out += names[i];
      out += ':';
      append_json_value(table.column(i), row, cell, out);
    }
    out += by_lines ? "}\n" : "}";
    pieces.hand_on_if_full();
  }
  if (!by_lines) out += table.num_rows() == 0 ? "]\n" : "\n]\n";
}

void append_markdown(std::string_view text, std::string& out) {
  for (const char letter : text) {
    if (letter == '|' || letter == '\\') out += '\\';
    out += letter == '\n' || letter == '\r' ? ' ' : letter;
  }
}

void write_markdown(const Table& table, Pieces& pieces) {
  std::string& out = pieces.text();
  std::string rule;
  for (const Field& field : table.schema().fields()) {
    out += "| ";
    append_markdown(field.name, out);
    out += ' ';
    rule += is_json_literal(field.type) ? "|---:" : "|---";
  }
  out += "|\n" + rule + "|\n";
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    for (size_t i = 0; i < table.num_columns(); ++i) {
      out += "| ";
      append_markdown(table::value_text(table.column(i), row), out);
      out += ' ';
    }
    out += "|\n";
    pieces.hand_on_if_full();
  }
}

}  // namespace

Format parse_format(std::string_view text) {
  const auto found =
      std::find_if(kFormats.begin(), kFormats.end(), [&](const auto& each) { return each.first == text; });
  if (found != kFormats.end()) return found->second;
  throw InvalidArgument("no format {}: there are table, csv, tsv, json, ndjson, markdown, parquet", quote(text));
}

std::optional<Format> format_of_file(std::string_view path) {
  for (const auto& [ending, format] : kEndings) {
    if (path.ends_with(ending)) return format;
  }
  return std::nullopt;
}

void write_text(const Table& table, Format format, const TextOptions& options, const TextSink& sink) {
  Pieces pieces(sink);
  switch (format) {
    case Format::kTable:
      pieces.text() = table::to_text(table, {.rows_max = options.rows_max, .width_max = options.width_max});
      break;
    case Format::kCsv: write_delimited(table, ',', pieces); break;
    case Format::kTsv: write_delimited(table, '\t', pieces); break;
    case Format::kJson:
    case Format::kNdjson: write_json(table, format == Format::kNdjson, pieces); break;
    case Format::kMarkdown: write_markdown(table, pieces); break;
    case Format::kParquet: throw InvalidArgument("parquet is no text");
  }
  pieces.hand_on();
}

}  // namespace varve::cli

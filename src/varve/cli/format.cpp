#include "varve/cli/format.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "varve/base/error.h"
#include "varve/table/print.h"
#include "varve/table/select.h"

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
  explicit Pieces(TextSink sink) : sink_(std::move(sink)) {}

  std::string& text() { return text_; }
  void hand_on_if_full() {
    if (text_.size() >= kPieceBytes) hand_on();
  }
  void hand_on() {
    if (!text_.empty()) sink_(text_);
    text_.clear();
  }

 private:
  TextSink sink_;
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

void write_delimited_names(const Schema& schema, char delimiter, Pieces& pieces) {
  std::string& out = pieces.text();
  for (size_t i = 0; i < schema.size(); ++i) {
    if (i > 0) out += delimiter;
    append_delimited(schema[i].name, false, delimiter, out);
  }
  out += '\n';
}

void write_delimited(const Table& table, char delimiter, Pieces& pieces) {
  std::string& out = pieces.text();
  std::vector<bool> quotes;
  for (const Field& field : table.schema().fields()) quotes.push_back(may_need_quotes(field.type));
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

// As items of the array that is open, `any` of which are there already.
void write_json(const Table& table, bool by_lines, bool any, Pieces& pieces) {
  std::string& out = pieces.text();
  std::vector<std::string> names;
  for (const Field& field : table.schema().fields()) append_json_string(field.name, names.emplace_back());
  std::string cell;
  for (int64_t row = 0; row < table.num_rows(); ++row) {
    if (!by_lines) out += row == 0 && !any ? "\n" : ",\n";
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
}

void append_markdown(std::string_view text, std::string& out) {
  for (const char letter : text) {
    if (letter == '|' || letter == '\\') out += '\\';
    out += letter == '\n' || letter == '\r' ? ' ' : letter;
  }
}

void write_markdown_names(const Schema& schema, Pieces& pieces) {
  std::string& out = pieces.text();
  std::string rule;
  for (const Field& field : schema.fields()) {
    out += "| ";
    append_markdown(field.name, out);
    out += ' ';
    rule += is_json_literal(field.type) ? "|---:" : "|---";
  }
  out += "|\n" + rule + "|\n";
}

void write_markdown(const Table& table, Pieces& pieces) {
  std::string& out = pieces.text();
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

struct TextWriter::State {
  Format format;
  TextOptions options;
  Pieces pieces;
  std::vector<Table> kept;  // for a table, whose widths depend on all rows
  bool any = false;         // rows were written
};

TextWriter::TextWriter(const Schema& schema, Format format, TextOptions options, TextSink sink)
    : state_(std::make_unique<State>(State{format, options, Pieces(std::move(sink)), {}})) {
  switch (format) {
    case Format::kTable: state_->kept.push_back(Table::empty(schema)); break;
    case Format::kCsv: write_delimited_names(schema, ',', state_->pieces); break;
    case Format::kTsv: write_delimited_names(schema, '\t', state_->pieces); break;
    case Format::kJson: state_->pieces.text() = "["; break;
    case Format::kNdjson: break;
    case Format::kMarkdown: write_markdown_names(schema, state_->pieces); break;
    case Format::kParquet: throw InvalidArgument("parquet is no text");
  }
}

TextWriter::~TextWriter() = default;

void TextWriter::write(const Table& rows) {
  if (rows.num_rows() == 0) return;
  Pieces& pieces = state_->pieces;
  switch (state_->format) {
    case Format::kTable: state_->kept.push_back(rows); break;
    case Format::kCsv: write_delimited(rows, ',', pieces); break;
    case Format::kTsv: write_delimited(rows, '\t', pieces); break;
    case Format::kJson:
    case Format::kNdjson: write_json(rows, state_->format == Format::kNdjson, state_->any, pieces); break;
    case Format::kMarkdown: write_markdown(rows, pieces); break;
    case Format::kParquet: break;
  }
  state_->any = true;
}

void TextWriter::finish() {
  Pieces& pieces = state_->pieces;
  if (state_->format == Format::kJson) pieces.text() += state_->any ? "\n]\n" : "]\n";
  if (state_->format == Format::kTable) {
    const table::PrintOptions print{.rows_max = state_->options.rows_max, .width_max = state_->options.width_max};
    pieces.text() = table::to_text(table::concatenate(state_->kept), print);
  }
  pieces.hand_on();
}

void write_text(const Table& table, Format format, const TextOptions& options, const TextSink& sink) {
  TextWriter writer(table.schema(), format, options, sink);
  writer.write(table);
  writer.finish();
}

}  // namespace varve::cli

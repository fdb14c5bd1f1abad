#include "varve/ingest/csv_table.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "varve/base/error.h"
#include "varve/base/zone.h"
#include "varve/ingest/cell_column.h"
#include "varve/ingest/column_plan.h"
#include "varve/ingest/csv_reader.h"
#include "varve/table/utf8.h"

namespace varve::ingest {

namespace {

constexpr size_t kColumnsMax = 10'000;

std::string trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

bool any_digit(std::string_view text) { return text.find_first_of("0123456789") != std::string_view::npos; }

// A cell that names no column: a number or a time.
bool looks_like_a_value(const std::string& cell) {
  const bool digits_first = any_digit(std::string_view(cell).substr(0, 2));
  return digits_first && cell.find_first_not_of("0123456789+-.:TZ eE") == std::string::npos;
}

// One reading of the source from its first byte to its last.
class Pass {
 public:
  // `rules`: what an earlier pass found of the columns, by position; empty if there was none.
  Pass(compress::ByteSource source, const CsvOptions& options, const std::vector<CellRule>& rules)
      : options_(options), reader_(std::move(source), {.delimiter = options.delimiter}) {
    read_header();
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      PlannedColumn& column = plan_.columns[i];
      if (!rules.empty()) column.rule = rules[i];
      std::optional<base::Zone> zone;
      if (!column.zone.empty()) zone = base::Zone::find(column.zone);
      columns_.emplace_back(column.rule, zone);
    }
    // Columns that can refuse a cell come first, so that a row that is given up leaves no mark on the types of others.
    for (const bool refuses : {true, false}) {
      for (size_t i = 0; i < columns_.size(); ++i) {
        if ((plan_.columns[i].rule != CellRule::kFree) == refuses) order_.push_back(i);
      }
    }
  }

  void run() {
    if (row_is_pending_) read_row();
    while (reader_.next()) read_row();
    if (result_.rows_read == 0) throw InvalidArgument("there are no rows below the header");
  }

  // The rules for another pass; empty if none is needed.
  [[nodiscard]] std::vector<CellRule> rules_found() const {
    std::vector<CellRule> rules;
    bool needed = false;
    for (const CellColumn& column : columns_) {
      rules.push_back(column.rule_found());
      needed = needed || column.needs_rereading();
    }
    return needed ? rules : std::vector<CellRule>{};
  }

  CsvTable finish() {
    std::vector<Field> fields;
    std::vector<Column> columns;
    for (size_t i = 0; i < columns_.size(); ++i) {
      columns.push_back(columns_[i].finish(rows_));
      fields.push_back({plan_.columns[i].name, columns.back().type(), i != plan_.index});
    }
    result_.table = Table(Schema(std::move(fields)), std::move(columns));
    return std::move(result_);
  }

 private:
  void read_header() {
    if (!reader_.next()) throw InvalidArgument("there is nothing in it");
    const auto fields = reader_.fields();
    if (fields.size() > kColumnsMax) {
      throw InvalidArgument("the first row has {} columns, more than {}", fields.size(), kColumnsMax);
    }
    std::vector<std::string> cells;
    for (const CsvField& field : fields) {
      if (!table::is_utf8(field.text) || field.text.find('\0') != std::string_view::npos) {
        throw InvalidArgument("it is not text in UTF-8: line {} holds {}", reader_.line(), quote(field.text));
      }
      cells.push_back(trimmed(field.text));
    }
    if (options_.columns.empty()) {
      plan_by_header(cells);
    } else {
      plan_by_names(cells);
    }
  }

  void plan_by_header(const std::vector<std::string>& cells) {
    const auto carriage_return = [](const std::string& cell) { return cell.find('\r') != std::string::npos; };
    if (std::any_of(cells.begin(), cells.end(), carriage_return)) {
      throw InvalidArgument("its lines end in a carriage return alone: make them end in a line feed");
    }
    const bool has_values = std::any_of(cells.begin(), cells.end(), looks_like_a_value);
    try {
      plan_ = plan_columns(cells, options_);
    } catch (const NotFound&) {
      if (has_values) throw no_header(cells);
      throw;
    }
    if (has_values && !plan_.index) throw no_header(cells);
  }

  static InvalidArgument no_header(const std::vector<std::string>& cells) {
    return InvalidArgument("there is no header row, the first line begins with {}: name the columns with --columns",
                           quote(cells[0]));
  }

  void plan_by_names(const std::vector<std::string>& cells) {
    if (cells.size() != options_.columns.size()) {
      throw InvalidArgument("the first row has {} columns, and {} names are given", cells.size(),
                            options_.columns.size());
    }
    plan_ = plan_columns(options_.columns, options_);
    row_is_pending_ = plan_.index ? any_digit(cells[*plan_.index]) : cells != options_.columns;
  }

  void read_row() {
    ++result_.rows_read;
    const auto fields = reader_.fields();
    if (fields.size() != columns_.size()) {
      give_up(
          {}, {},
          "has " + std::to_string(fields.size()) + " fields, and the first row has " + std::to_string(columns_.size()));
      return;
    }
    if (reader_.faulty_field() >= 0) {
      const auto at = static_cast<size_t>(reader_.faulty_field());
      give_up(plan_.columns[at].source, fields[at].text, "has text behind the closing quote");
      return;
    }
    for (const size_t i : order_) {
      const char* const reason = columns_[i].put(rows_, fields[i]);
      if (reason == nullptr) continue;
      if (columns_[i].lacks_zone()) {
        throw InvalidArgument("line {}, column {}: {} names no zone: say which with --tz, such as --tz UTC",
                              reader_.line(), plan_.columns[i].source, quote(fields[i].text));
      }
      give_up(plan_.columns[i].source, fields[i].text, reason);
      return;
    }
    ++rows_;
  }

  void give_up(std::string_view column, std::string_view cell, std::string reason) {
    if (++result_.bad_rows > static_cast<int64_t>(kBadRowsKept)) return;
    result_.first_bad.push_back({reader_.line(), std::string(column), std::string(cell), std::move(reason)});
  }

  const CsvOptions& options_;
  CsvReader reader_;
  ColumnPlan plan_;
  std::vector<CellColumn> columns_;
  std::vector<size_t> order_;
  int64_t rows_ = 0;
  bool row_is_pending_ = false;  // the first record is a row
  CsvTable result_;
};

}  // namespace

std::string BadRow::text() const {
  if (column.empty()) return format_message("line {} {}", {line, reason});
  return format_message("line {}, column {}: {} {}", {line, column, quote(cell), reason});
}

CsvTable read_csv(const OpenSource& open, const CsvOptions& options) {
  Pass first(open(), options, {});
  first.run();
  const std::vector<CellRule> rules = first.rules_found();
  if (rules.empty()) return first.finish();
  Pass second(open(), options, rules);
  second.run();
  return second.finish();
}

}  // namespace varve::ingest

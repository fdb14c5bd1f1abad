#include "varve/table/predicate/parse.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "varve/base/error.h"

namespace varve {
namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
// Bytes beyond ASCII too: letters of other scripts.
bool begins_word(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || letter == '_' ||
         static_cast<unsigned char>(letter) >= 0x80;
}
bool goes_on_word(char letter) { return begins_word(letter) || is_digit(letter) || letter == '.'; }

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

template <typename Number>
std::optional<Number> whole(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

enum class TokenKind { kEnd, kWord, kColumn, kLiteral, kText, kSign };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  // without quotes
  size_t place = 0;  // where it begins
};

class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) { next(); }

  [[nodiscard]] const Token& token() const noexcept { return token_; }
  Token take() {
    Token taken = std::move(token_);
    next();
    return taken;
  }
  bool take_sign(std::string_view sign) {
    if (token_.kind != TokenKind::kSign || token_.text != sign) return false;
    next();
    return true;
  }
  [[nodiscard]] bool at_word(std::string_view word) const {
    return token_.kind == TokenKind::kWord &&
           std::equal(token_.text.begin(), token_.text.end(), word.begin(), word.end(),
                      [](char left, char right) { return lower(left) == right; });
  }
  bool take_word(std::string_view word) {
    if (!at_word(word)) return false;
    next();
    return true;
  }
  [[noreturn]] void refuse(std::string_view expected) const {
    const std::string found = token_.kind == TokenKind::kEnd ? "the end" : quote(token_.text);
    throw InvalidArgument("condition {}: expected {} at character {}, found {}", quote(text_), expected,
                          token_.place + 1, found);
  }

 private:
  void next() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
    token_ = Token{.place = at_};
    if (at_ == text_.size()) return;
    const char letter = text_[at_];
    const bool is_signed = (letter == '-' || letter == '+') && at_ + 1 < text_.size();
    if (letter == '"' || letter == '\'') return read_quoted(TokenKind::kText);
    if (letter == '`') return read_quoted(TokenKind::kColumn);
    if (begins_word(letter)) return read_while(TokenKind::kWord, goes_on_word);
    if (is_digit(letter) || letter == '.' || is_signed) return read_literal();
    read_sign();
  }

  template <typename Belongs>
  void read_while(TokenKind kind, Belongs belongs) {
    const size_t begin = at_;
    while (at_ < text_.size() && belongs(text_[at_])) ++at_;
    token_.kind = kind;
    token_.text = text_.substr(begin, at_ - begin);
  }

  // A number, a moment or a length of time: signs belong to it where they can.
  void read_literal() {
    const size_t begin = at_++;
    while (at_ < text_.size()) {
      const char letter = text_[at_];
      const bool is_sign = letter == '-' || letter == '+' || letter == ':';
      if (!goes_on_word(letter) && !is_sign) break;
      ++at_;
    }
    token_.kind = TokenKind::kLiteral;
    token_.text = text_.substr(begin, at_ - begin);
  }

  void read_quoted(TokenKind kind) {
    const char mark = text_[at_++];
    token_.kind = kind;
    for (; at_ < text_.size(); ++at_) {
      const bool has_next = at_ + 1 < text_.size();
      if (text_[at_] == mark) {
        if (!has_next || text_[at_ + 1] != mark) {
          ++at_;
          return;
        }
        ++at_;
      }
      token_.text += text_[at_];
    }
    throw InvalidArgument("condition {}: the quote at character {} is not closed", quote(text_), token_.place + 1);
  }

  void read_sign() {
    token_.kind = TokenKind::kSign;
    for (const std::string_view sign : {"<=", ">=", "<>", "!=", "==", "<", ">", "=", "(", ")", ","}) {
      if (!text_.substr(at_).starts_with(sign)) continue;
      token_.text = sign;
      at_ += sign.size();
      return;
    }
    token_.text = text_.substr(at_++, 1);
    refuse("a column, a value or a sign");
  }

  std::string_view text_;
  size_t at_ = 0;
  Token token_;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : tokens_(text) {}

  Predicate run() {
    Predicate predicate = any();
    if (tokens_.token().kind != TokenKind::kEnd) tokens_.refuse("and, or, or the end");
    return predicate;
  }

 private:
  Predicate any() {
    std::vector<Predicate> terms{all()};
    while (tokens_.take_word("or")) terms.push_back(all());
    return Predicate::any_of(std::move(terms));
  }

  Predicate all() {
    std::vector<Predicate> terms{term()};
    while (tokens_.take_word("and")) terms.push_back(term());
    return Predicate::all_of(std::move(terms));
  }

  Predicate term() {
    if (++depth_ > Predicate::kDepthMax) throw InvalidArgument("a condition of more than {} levels", depth_ - 1);
    Predicate predicate = tokens_.take_word("not") ? Predicate::negate(term()) : unit();
    --depth_;
    return predicate;
  }

  Predicate unit() {
    if (tokens_.take_sign("(")) {
      Predicate inner = any();
      if (!tokens_.take_sign(")")) tokens_.refuse("a closing bracket");
      return inner;
    }
    if (tokens_.take_word("true")) return Predicate::all_of({});
    if (tokens_.take_word("false")) return Predicate::any_of({});
    const TokenKind kind = tokens_.token().kind;
    if (kind != TokenKind::kWord && kind != TokenKind::kColumn) tokens_.refuse("a column");
    return test(tokens_.take().text);
  }

  Predicate test(std::string column) {
    if (tokens_.take_word("is")) {
      const bool negated = tokens_.take_word("not");
      if (!tokens_.take_word("null")) tokens_.refuse("null");
      return maybe_not(negated, Predicate::is_null(std::move(column)));
    }
    const bool negated = tokens_.take_word("not");
    if (tokens_.take_word("in")) return maybe_not(negated, Predicate::in(std::move(column), values()));
    if (tokens_.take_word("between")) return maybe_not(negated, between(std::move(column)));
    if (negated) tokens_.refuse("in or between");
    const Comparison comparison = sign();
    return Predicate::compare(std::move(column), comparison, value());
  }

  static Predicate maybe_not(bool negated, Predicate predicate) {
    return negated ? Predicate::negate(std::move(predicate)) : predicate;
  }

  Predicate between(std::string column) {
    Predicate low = Predicate::compare(column, Comparison::kGreaterEqual, value());
    if (!tokens_.take_word("and")) tokens_.refuse("and");
    Predicate high = Predicate::compare(std::move(column), Comparison::kLessEqual, value());
    return std::move(low) && std::move(high);
  }

  Comparison sign() {
    constexpr std::pair<std::string_view, Comparison> kSigns[] = {
        {"=", Comparison::kEqual},     {"==", Comparison::kEqual},       {"!=", Comparison::kNotEqual},
        {"<>", Comparison::kNotEqual}, {"<", Comparison::kLess},         {"<=", Comparison::kLessEqual},
        {">", Comparison::kGreater},   {">=", Comparison::kGreaterEqual}};
    for (const auto& [sign, comparison] : kSigns) {
      if (tokens_.take_sign(sign)) return comparison;
    }
    tokens_.refuse("a comparison");
  }

  std::vector<Scalar> values() {
    if (!tokens_.take_sign("(")) tokens_.refuse("a list in brackets");
    std::vector<Scalar> values;
    if (tokens_.take_sign(")")) return values;
    do {
      values.push_back(value());
    } while (tokens_.take_sign(","));
    if (!tokens_.take_sign(")")) tokens_.refuse("a comma or a closing bracket");
    return values;
  }

  Scalar value() {
    const Token& token = tokens_.token();
    if (token.kind == TokenKind::kText) return tokens_.take().text;
    if (tokens_.take_word("true")) return true;
    if (tokens_.take_word("false")) return false;
    const bool special = tokens_.at_word("nan") || tokens_.at_word("inf");
    if (token.kind != TokenKind::kLiteral && !special) tokens_.refuse("a value (texts stand in quotes)");
    const std::optional<Scalar> found = literal(token.text);
    if (!found) tokens_.refuse("a number, a moment with its zone, a day, or a length of time");
    tokens_.take();
    return *found;
  }

  static std::optional<Scalar> literal(std::string_view text) {
    const std::string_view number = text.starts_with('+') ? text.substr(1) : text;
    if (const auto found = whole<int64_t>(number)) return *found;
    if (const auto found = whole<uint64_t>(number)) return *found;
    if (const auto found = whole<double>(number)) return *found;
    const std::optional<ParsedTime> time = try_parse_time(text);
    if (time && !time->has_time) return parse_date(text);
    if (time && time->offset_seconds) return time->utc();
    try {
      return parse_duration(text);
    } catch (const InvalidArgument&) {
      return {};
    }
  }

  Tokens tokens_;
  int32_t depth_ = 0;
};

}  // namespace

Predicate parse_predicate(std::string_view text) { return Parser(text).run(); }

}  // namespace varve

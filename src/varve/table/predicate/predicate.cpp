#include "varve/table/predicate/predicate.h"

#include <algorithm>
#include <utility>

#include "varve/base/error.h"

namespace varve {
namespace {

using Kind = Predicate::Kind;

int32_t depth_of(const std::vector<Predicate>& terms) {
  int32_t depth = 0;
  for (const Predicate& term : terms) depth = std::max(depth, term.node().depth);
  if (depth >= Predicate::kDepthMax) throw InvalidArgument("a condition of more than {} levels", Predicate::kDepthMax);
  return depth + 1;
}

void collect_columns(const Predicate& predicate, std::vector<std::string>& names) {
  const Predicate::Node& node = predicate.node();
  for (const Predicate& term : node.terms) collect_columns(term, names);
  if (node.kind != Kind::kCompare && node.kind != Kind::kIn && node.kind != Kind::kIsNull) return;
  if (std::find(names.begin(), names.end(), node.column) == names.end()) names.push_back(node.column);
}

std::string list_of(const std::vector<Scalar>& values) {
  std::string text = "(";
  for (const Scalar& value : values) text += (text.size() > 1 ? ", " : "") + to_string(value);
  return text + ")";
}

// `inner` as a term of `outer`.
std::string term_text(const Predicate& inner) {
  const Kind kind = inner.node().kind;
  const bool joined = (kind == Kind::kAnd || kind == Kind::kOr) && !inner.node().terms.empty();
  return joined ? "(" + to_string(inner) + ")" : to_string(inner);
}

std::string joined_text(const std::vector<Predicate>& terms, std::string_view word) {
  std::string text;
  for (const Predicate& term : terms) {
    if (!text.empty()) text.append(" ").append(word).append(" ");
    text += term_text(term);
  }
  return text;
}

}  // namespace

std::string_view to_string(Comparison comparison) noexcept {
  constexpr std::string_view kSigns[] = {"=", "!=", "<", "<=", ">", ">="};
  return kSigns[static_cast<uint8_t>(comparison)];
}

Predicate::Predicate(Node node) : node_(std::make_shared<const Node>(std::move(node))) {}

Predicate Predicate::compare(std::string column, Comparison comparison, Scalar value) {
  Node node{.kind = Kind::kCompare, .column = std::move(column), .comparison = comparison};
  node.values.push_back(std::move(value));
  return Predicate(std::move(node));
}

Predicate Predicate::in(std::string column, std::vector<Scalar> values) {
  return Predicate(Node{.kind = Kind::kIn, .column = std::move(column), .values = std::move(values)});
}

Predicate Predicate::is_null(std::string column) {
  return Predicate(Node{.kind = Kind::kIsNull, .column = std::move(column)});
}

Predicate Predicate::join(Kind kind, std::vector<Predicate> terms) {
  std::vector<Predicate> flat;
  for (Predicate& term : terms) {
    if (term.node().kind == kind) {
      flat.insert(flat.end(), term.node().terms.begin(), term.node().terms.end());
    } else {
      flat.push_back(std::move(term));
    }
  }
  if (flat.size() == 1) return std::move(flat[0]);
  const int32_t depth = depth_of(flat);
  return Predicate(Node{.kind = kind, .terms = std::move(flat), .depth = depth});
}

Predicate Predicate::all_of(std::vector<Predicate> terms) { return join(Kind::kAnd, std::move(terms)); }

Predicate Predicate::any_of(std::vector<Predicate> terms) { return join(Kind::kOr, std::move(terms)); }

Predicate Predicate::negate(Predicate term) {
  std::vector<Predicate> terms{std::move(term)};
  const int32_t depth = depth_of(terms);
  return Predicate(Node{.kind = Kind::kNot, .terms = std::move(terms), .depth = depth});
}

std::vector<std::string> Predicate::columns() const {
  std::vector<std::string> names;
  collect_columns(*this, names);
  return names;
}

std::string to_string(const Predicate& predicate) {
  const Predicate::Node& node = predicate.node();
  switch (node.kind) {
    case Kind::kCompare:
      return node.column + " " + std::string(to_string(node.comparison)) + " " + to_string(node.values[0]);
    case Kind::kIn: return node.column + " in " + list_of(node.values);
    case Kind::kIsNull: return node.column + " is null";
    case Kind::kAnd: return node.terms.empty() ? "true" : joined_text(node.terms, "and");
    case Kind::kOr: return node.terms.empty() ? "false" : joined_text(node.terms, "or");
    case Kind::kNot: return "not (" + to_string(node.terms[0]) + ")";
  }
  return {};
}

}  // namespace varve

#include "detect/sigma/aggregation.hpp"

#include <optional>

#include "detect/taxonomy.hpp"
#include "detect/text.hpp"

namespace logystera::detect {
namespace {

// Reads what follows the `|` into a window over `hits`, the rule's own silent detections.
class AggregationReader {
 public:
  AggregationReader(ConditionParser& parser, const Logsource& logsource, const Detections& detections,
                    std::vector<bool>& used)
      : parser_(parser), logsource_(logsource), detections_(detections), used_(used) {}

  // False if it was refused.
  bool read(Expression first, Window& window, std::vector<Expression>& hits) {
    parser_.advance();
    const std::string function = parser_.token();
    if (function == "near") return near(std::move(first), window, hits);
    if (function == "count") window.kind = Window::Kind::count;
    else if (function == "sum") window.kind = Window::Kind::sum;
    else if (function == "avg") window.kind = Window::Kind::average;
    else return refuse("the aggregation '" + function + "' is not known: use a correlation rule");
    hits.push_back(std::move(first));
    return call(window) && grouping(window) && bound(window);
  }

 private:
  bool refuse(const std::string& what) {
    parser_.fail(what);
    return false;
  }

  bool call(Window& window) {
    parser_.advance();
    if (parser_.token() != "(") return refuse("a '(' is missing after the aggregation");
    parser_.advance();
    if (parser_.token() != ")") {
      window.fields.push_back(subject_of(logsource_, parser_.token()));
      if (window.kind == Window::Kind::count) window.kind = Window::Kind::distinct;
      parser_.advance();
    }
    if (window.kind == Window::Kind::sum && window.fields.empty()) return refuse("sum needs a field");
    if (parser_.token() != ")") return refuse("a ')' is missing after the aggregated field");
    parser_.advance();
    return true;
  }

  bool grouping(Window& window) {
    if (parser_.token() != "by") return true;
    do {
      parser_.advance();
      if (parser_.token().empty()) return refuse("'by' needs a field");
      window.group_by.push_back(subject_of(logsource_, parser_.token()));
      parser_.advance();
    } while (parser_.token() == ",");
    return true;
  }

  bool bound(Window& window) {
    const std::string sign = parser_.token();
    Window::Bound bound;
    if (sign == ">") bound.compare = Compare::greater;
    else if (sign == ">=") bound.compare = Compare::greater_equal;
    else if (sign == "<") bound.compare = Compare::less;
    else if (sign == "<=") bound.compare = Compare::less_equal;
    else if (sign == "=") bound.compare = Compare::equal;
    else return refuse("a comparison (>, >=, <, <=, =) is missing after the aggregation");
    parser_.advance();
    if (!number_of(parser_.token(), bound.number)) return refuse("'" + parser_.token() + "' is no number");
    parser_.advance();
    if (!parser_.token().empty()) return refuse("'" + parser_.token() + "' does not belong here");
    window.bounds.push_back(bound);
    return true;
  }

  // `a | near b and c`: all of them within the timeframe, in any order.
  bool near(Expression first, Window& window, std::vector<Expression>& hits) {
    window.kind = Window::Kind::temporal;
    hits.push_back(std::move(first));
    do {
      parser_.advance();
      if (parser_.token() == "not")
        return refuse("'near … not' asks for the absence of an event, which a window over hits cannot see: split the rule");
      for (std::size_t i = 0; i < detections_.named.size(); ++i)
        if (detections_.named[i].first == parser_.token()) {
          used_[i] = true;
          hits.push_back(detections_.named[i].second);
        }
      if (!detections_.find(parser_.token())) return refuse("there is no detection '" + parser_.token() + "'");
      parser_.advance();
    } while (parser_.token() == "and");
    if (!parser_.token().empty()) return refuse("near joins detections with 'and' only");
    return true;
  }

  ConditionParser& parser_;
  const Logsource& logsource_;
  const Detections& detections_;
  std::vector<bool>& used_;
};

}  // namespace

bool read_aggregation(ConditionParser& parser, Expression first, const Logsource& logsource, const Detections& detections,
                      std::vector<bool>& used, Window& window, std::vector<Expression>& hits) {
  return AggregationReader(parser, logsource, detections, used).read(std::move(first), window, hits);
}

}  // namespace logystera::detect

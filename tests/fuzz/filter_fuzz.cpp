// Conditions and times as a stranger may write them: any bytes are refused with words and a place, or become a filter that answers; and
// what it answers does not change by parentheses around the whole or by two negations.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/record.hpp"
#include "filter/filter.hpp"

namespace {

using namespace logystera;

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  FieldNames names;
  filter::Terms terms{.names = names, .now = {1'779'098'401, {}}, .redaction = {}};
  terms.redaction.salt = "salt";
  if (const auto moment = filter::parse_moment(text, terms.now))
    must(moment->begin <= moment->end, "a period ends before it begins");
  auto made = filter::Filter::make({.where = text}, terms);
  if (!made) {
    Error error = made.error();
    must(filter::take_drawing(error).size() < 2000, "a drawing that is too long");
    must(!error.message.empty(), "an error without words");
    return 0;
  }
  if (text.empty()) return 0;
  RecordBatch batch;
  Record record;
  record.time_known = true;
  record.time_ns = 1'779'098'401'000'000'000;
  record.raw = record.message = "GET /checkout from 203.0.113.7";
  record.source = "/var/log/nginx/access.log";
  batch.begin_fields();
  batch.add_integer(field::status, "502", 502);
  batch.add_text(field::path, "/checkout");
  batch.add_ip(field::client_ip, "203.0.113.7");
  batch.end_fields(record);
  filter::Session session(*made.value());
  const bool wanted = session.wants(record);
  must(session.wants(record) == wanted, "asked twice, it answers twice");
  if (text.size() + 12 > filter::kExpressionBytes) return 0;
  auto around = filter::Filter::make({.where = "(" + text + ")"}, terms);
  if (around) must(filter::Session(*around.value()).wants(record) == wanted, "parentheses change the answer");
  auto negated = filter::Filter::make({.where = "not not (" + text + ")"}, terms);
  if (negated) must(filter::Session(*negated.value()).wants(record) == wanted, "two negations change the answer");
  return 0;
}

// Any bytes, every context: the fast search finds what the naive one finds, findings are in order and inside the text, and
// rewriting leaves everything else as it was.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/redact_naive.hpp"
#include "redact/redactor.hpp"

using namespace logystera;
using namespace logystera::redact;

namespace {

constexpr std::size_t kNaiveBytes = 256;  // longer texts are not compared: the naive search takes too long

void require(bool holds) {
  if (!holds) std::abort();
}

Redactor& masking() {
  static Redactor redactor([] {
    Options options;
    options.mode = Mode::mask;
    return options;
  }());
  return redactor;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto context = static_cast<Context>(data[0] % 4);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);

  Finder finder({});
  std::vector<Hit> hits;
  finder.find(text, context, hits);
  std::size_t at = 0;
  for (const Hit& hit : hits) {
    require(hit.begin >= at && hit.begin < hit.end && hit.end <= text.size());
    at = hit.end;
  }
  if (text.size() <= kNaiveBytes) require(hits == oracle::find_personal_data(text, context));

  Arena arena;
  const std::string_view masked = masking().redact(text, context, arena);
  std::string expected;
  at = 0;
  for (const Hit& hit : hits) {
    expected.append(text.substr(at, hit.begin - at)).append("<").append(kind_prefix(hit.kind)).append(">");
    at = hit.end;
  }
  require(masked == expected.append(text.substr(at)));

  // A record made of the same bytes: a field and the message are parts of the line.
  RecordBatch batch;
  static FieldNames names;
  batch.begin_fields();
  batch.add_text(field::user_agent, text.substr(text.size() / 2));
  batch.add_text(field::url, text.substr(0, text.size() / 3));
  Record record;
  record.raw = text;
  record.message = text.substr(text.size() / 4);
  batch.end_fields(record);
  batch.records.push_back(record);
  masking().begin_source();
  masking().redact(batch, names);
  return 0;
}

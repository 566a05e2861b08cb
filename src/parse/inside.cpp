#include "parse/inside.hpp"

#include <algorithm>

#include "parse/built_in_formats.hpp"
#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

const Formats& formats_inside() {
  static const Formats formats = [] {
    constexpr std::string_view kNames[] = {"json_ecs",
                                           "json",
                                           "logfmt",
                                           "nginx_error",
                                           "apache_error",
                                           "php_error",
                                           "access_combined",
                                           "access_combined_more",
                                           "access_common",
                                           "access_nginx_main",
                                           "access_nginx_proxy_manager",
                                           "access_nginx_proxy_manager_default",
                                           "access_vhost",
                                           "access_vhost_plain"};
    Formats made;
    for (const BuiltInFormat& file : built_in_formats()) {
      const std::string_view name = file.file.substr(file.file.rfind('/') + 1);
      const bool wanted = std::any_of(std::begin(kNames), std::end(kNames), [name](std::string_view one) {
        return name.size() > one.size() && starts_with(name, one) && name.substr(one.size()) == ".json";
      });
      if (wanted) (void)made.add(file.json, std::string(file.file));
    }
    return made;
  }();
  return formats;
}

// The runtime's time is the time of its own clock, of every line; what a process writes of itself may be in any zone, or be old.
void restore_envelope(const Record& before, Record& record) {
  if (before.time_known) {
    record.time_ns = before.time_ns;
    record.time_known = true;
  }
  if (!before.host.empty()) record.host = before.host;
}

}  // namespace

InsideReader::InsideReader(const ParserContext& context) : plain_(make_plaintext_parser(context)) {
  std::vector<const Format*> formats;
  for (const auto& format : formats_inside().all()) formats.push_back(&*format);
  std::stable_sort(formats.begin(), formats.end(),
                   [](const Format* a, const Format* b) { return a->specificity > b->specificity; });
  for (const Format* format : formats) {
    auto parser = make_parser(*format, context);
    if (!parser) continue;
    // JSON is told by its first character; access and error logs have their time or their level in brackets.
    const bool json = format->reader == "json";
    const char needs = json ? '{' : format->reader == "logfmt" ? '=' : '[';
    (json ? json_ : others_).push_back({needs, std::move(parser).value()});
  }
}
InsideReader::~InsideReader() = default;

bool InsideReader::read_structured(std::string_view text, RecordBatch& batch, Record& record) {
  const bool json = trim_left(text).substr(0, 1) == "{";
  const bool pairs = text.find('=') != std::string_view::npos, brackets = text.find('[') != std::string_view::npos;
  if (!json && !pairs && !brackets) return false;
  const Record before = record;
  const std::size_t fields = batch.open_fields();
  for (const auto& [needs, parser] : json ? json_ : others_) {
    if ((needs == '=' && !pairs) || (needs == '[' && !brackets)) continue;
    if (parser->read(text, batch, record) == LineRead::record) {
      restore_envelope(before, record);
      return true;
    }
    batch.drop_fields(fields);
    record = before;
  }
  return false;
}

void InsideReader::read(std::string_view text, RecordBatch& batch, Record& record) {
  if (read_structured(text, batch, record)) return;
  const Record before = record;
  plain_->read(text, batch, record);
  record.kind = RecordKind::application;
  restore_envelope(before, record);
}

}  // namespace logystera::parse

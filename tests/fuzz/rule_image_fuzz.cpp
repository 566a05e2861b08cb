// A rule cache past its HMAC: an image with any bytes changed, cut or put in is refused, or makes an engine and windows that
// read nothing beyond their tables, whatever they are asked.
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "detect/engine.hpp"
#include "detect/loader.hpp"
#include "detect/program_image.hpp"
#include "detect/sample.hpp"
#include "detect/windows.hpp"

using namespace logystera;
using namespace logystera::detect;

namespace {

constexpr std::string_view kRules = R"(
id: A
title: a
level: low
detection:
  condition: any
  match:
    - {field: message, op: contains, value: whoami}
    - {field: url, op: regex, value: '/a[0-9]{3}b'}
    - {field: status, op: gte, value: 500}
    - {field: client_ip, op: cidr, value: 203.0.113.0/24}
---
id: W
title: w
level: low
detection: {match: [{field: user, op: exists, value: true}]}
window: {group_by: [user], count: {gte: 2}, span: 60s}
---
id: D
title: d
level: low
detection: {match: [{field: user, op: exists, value: true}]}
window: {distinct: {field: message, gte: 2}, span: 60s}
---
title: s
id: 3f2a8a6e-0b0a-4b5b-9d5e-8b1f5a3a0c11
logsource: {product: windows, category: process_creation}
detection:
  a: {CommandLine|contains|all: ['one', 'two*three'], Image|endswith: '\x.exe'}
  b: {ParentImage|fieldref: Image}
  c: ['keyword', 'other']
  condition: (a and not b) or 1 of c
)";

constexpr std::string_view kRecords = R"(
- {kind: windows_event, Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, Image: 'C:\x.exe', CommandLine: one two x three}
- {kind: web_access, url: '/a123b', status: 503, client_ip: 203.0.113.7, user: bob, message: m}
- {kind: text, message: whoami, user: bob, b: [x, 1, null], keyword: keyword}
- {kind: text, message: '', user: null}
)";

std::string base_image() {
  Loader loader;
  loader.add_text("fuzz.yml", kRules);
  static const RuleSet set = loader.finish();
  if (set.refused() != 0) std::abort();
  FieldNames names;
  const auto engine = Engine::compile(set, names);
  if (!engine) std::abort();
  return write_image(engine.value());
}

// Eight bytes an edit: where (three), how (one), with what (four). An image of its own begins with another byte.
std::string edited(const std::uint8_t* data, std::size_t size) {
  static const std::string base = base_image();
  std::string image = base;
  for (; size >= 8 && !image.empty(); data += 8, size -= 8) {
    const std::size_t at = (data[0] | data[1] << 8 | data[2] << 16) % image.size();
    std::uint32_t value = 0;
    std::memcpy(&value, data + 4, sizeof value);
    switch (data[3] % 8) {
      case 0: image[at] = static_cast<char>(value); break;
      case 1: image.resize(at); break;
      case 2: image.insert(at, value % 64, static_cast<char>(value >> 8)); break;
      case 3: image.erase(at, value % 64); break;
      case 4: image[at] = static_cast<char>(image[at] ^ 1 << value % 8); break;
      default:  // a number where numbers are
        if (const std::size_t place = at / 4 * 4; place + 4 <= image.size()) std::memcpy(image.data() + place, &value, 4);
    }
  }
  return image;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const bool whole = size > 0 && data[0] == 0xFF;
  const std::string bytes = whole ? std::string(reinterpret_cast<const char*>(data) + 1, size - 1) : edited(data, size);
  const std::shared_ptr<char[]> block(new char[bytes.size() + 1]);
  std::memcpy(block.get(), bytes.data(), bytes.size());
  FieldNames names;
  RuleSet rules;
  const auto engine = read_image({block, {block.get(), bytes.size()}}, names, rules);
  if (!engine) return 0;
  static const yaml::Documents records = yaml::parse(kRecords);
  Sample sample;
  sample.records = records.roots.at(0).items;
  sample.every_ns = 1'000'000'000;
  RecordBatch batch;
  if (!build_sample(sample, {}, names, batch)) return 0;
  Session session(engine.value());
  Windows windows(rules, names, {.cells = 1000, .key = "fuzz"});
  std::vector<Match> matches;
  for (const Record& record : batch.records) windows.feed(record, session.match(record), matches);
  windows.finish(matches);
  return 0;
}

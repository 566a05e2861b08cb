// The EVTX reader against libevtx's evtxexport, and against damage.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "data.hpp"
#include "parse/evtx_values.hpp"
#include "parse/source.hpp"
#include "parse/windows_event.hpp"

using namespace logystera;
using namespace logystera::parse;

namespace {

const Formats& built_in() {
  static const Formats formats = std::move(Formats::built_in().value());
  return formats;
}

using Fields = std::multimap<std::string, std::string>;

struct Event {
  std::string id;
  Fields fields;
};

std::string trimmed(std::string text) {
  while (!text.empty() && std::strchr(" \t\r\n", text.back())) text.pop_back();
  std::size_t from = 0;
  while (from < text.size() && std::strchr(" \t\r\n", text[from])) ++from;
  return text.substr(from);
}

// What differs only in spelling: leading zeros of hex numbers, trailing zeros of fractions of seconds, digits of reals.
std::string normal(std::string text) {
  text = trimmed(std::move(text));
  if (text.size() > 2 && text[0] == '0' && text[1] == 'x') {
    std::string digits = text.substr(2);
    if (digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos) {
      digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
      for (char& c : digits) c = static_cast<char>(std::tolower(c));
      return "0x" + digits;
    }
  }
  if (text.size() > 20 && text[10] == 'T' && text.back() == 'Z' && text[19] == '.') {
    text.pop_back();
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

// Reads evtxexport's XML, which is regular: one element a line but for multi-line texts.
class XmlEvents {
 public:
  explicit XmlEvents(const std::string& xml) : xml_(xml) {}

  std::vector<Event> read() {
    std::vector<Event> events;
    while ((at_ = xml_.find("<Event ", at_)) != std::string::npos) {
      Event event;
      element(event, "", 0);
      events.push_back(std::move(event));
    }
    return events;
  }

 private:
  static std::string decode(const std::string& text) {
    static const std::vector<std::pair<std::string, std::string>> entities = {
        {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}, {"&#13;", "\r"}};
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
      bool found = false;
      for (const auto& [entity, plain] : entities) {
        if (text.compare(i, entity.size(), entity) != 0) continue;
        out += plain;
        i += entity.size();
        found = true;
        break;
      }
      if (!found) out += text[i++];
    }
    return out;
  }

  void add(Event& event, const std::string& name, const std::string& value) {
    if (!trimmed(value).empty()) event.fields.emplace(name, normal(value));
  }

  // The element at at_, named as the reader names fields.
  void element(Event& event, const std::string& area, int depth) {
    const std::size_t name_end = xml_.find_first_of(" />", at_ + 1);
    const std::string tag = xml_.substr(at_ + 1, name_end - at_ - 1);
    at_ = name_end;
    std::string inner_area = depth == 0 ? "root" : area;
    std::string path = tag;
    if (area == "root") {
      inner_area = tag == "System" ? "system" : tag == "EventData" || tag == "UserData" ? "data" : "other:" + tag;
      if (tag == "EventData" || tag == "UserData") part_ = tag == "EventData" ? DataPart::event_data : DataPart::user_data;
    } else if (area.rfind("other:", 0) == 0) {
      inner_area = area + "." + tag;
    }
    const bool other = inner_area.rfind("other:", 0) == 0;
    if (other) path = inner_area.substr(6);
    const bool container = depth == 0 || (area == "root" && !other);
    std::string data_name = "Data";
    bool named = false;
    while (xml_[at_] == ' ') {
      const std::size_t equals = xml_.find('=', at_);
      const std::string attribute = xml_.substr(at_ + 1, equals - at_ - 1);
      const std::size_t close = xml_.find('"', equals + 2);
      const std::string value = decode(xml_.substr(equals + 2, close - equals - 2));
      at_ = close + 1;
      if (attribute.rfind("xmlns", 0) == 0) continue;
      if (inner_area == "data" && !container && tag == "Data" && attribute == "Name") {
        data_name = value;
        named = true;
      } else if (!container || tag == "EventData") {
        const std::string name = path + "_" + attribute;
        add(event, inner_area == "data" ? windows_data_name(part_, name) : name, value);
      }
    }
    if (xml_.compare(at_, 2, "/>") == 0) {
      at_ += 2;
      return;
    }
    ++at_;
    std::string text;
    for (;;) {
      const std::size_t next = xml_.find('<', at_);
      text += xml_.substr(at_, next - at_);
      at_ = next;
      if (next == std::string::npos) return;
      if (xml_[at_ + 1] == '/') break;
      if (xml_.compare(at_, 9, "<![CDATA[") == 0) {
        const std::size_t end = xml_.find("]]>", at_);
        text += xml_.substr(at_ + 9, end - at_ - 9);
        at_ = end + 3;
        continue;
      }
      element(event, inner_area, depth + 1);
    }
    at_ = xml_.find('>', at_) + 1;
    (void)named;
    const std::string field = inner_area == "data" && tag == "Data" && !container ? data_name : path;
    if (tag == "EventRecordID" && area == "system") event.id = trimmed(text);
    add(event, inner_area == "data" && !container ? windows_data_name(part_, field) : field, decode(text));
  }

  DataPart part_ = DataPart::event_data;  // what is being read
  const std::string& xml_;
  std::size_t at_ = 0;
};

std::string quoted(const std::string& path) {
  std::string out = "'";
  for (char c : path) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (!pipe) return out;
  char block[65536];
  while (std::size_t got = std::fread(block, 1, sizeof block, pipe)) out.append(block, got);
  ::pclose(pipe);
  return out;
}

struct OurEvents {
  FieldNames names;
  std::vector<Event> events;
  SourceCounts counts;
  std::vector<std::int64_t> times;

  void run(Result<Source> source) {
    REQUIRE(source.ok());
    RecordBatch batch;
    while (source->next_batch(batch)) {
      for (const Record& record : batch.records) {
        Event event;
        for (const Value& value : record) {
          const std::string name(names.name(value.field));
          const std::string text(value.text());
          if (name == "EventRecordID") event.id = text;
          if (!trimmed(text).empty()) event.fields.emplace(name, normal(text));
        }
        events.push_back(std::move(event));
        times.push_back(record.time_ns);
      }
    }
    counts = source->counts();
  }
  void file(const std::string& path) { run(Source::open(path, built_in(), names)); }
  void memory(const std::string& bytes) {
    run(Source::open(std::move(open_memory(bytes, "memory").value()), built_in(), names));
  }
};

}  // namespace

TEST_CASE("every_event_libevtx_reads_is_read_with_the_same_values", "[evtx][data]") {
  const std::string data = shared_data();
  if (data.empty()) {
    WARN("skipped: the shared data are not here (LOGYSTERA_DATA)");
    return;
  }
  if (output_of("command -v evtxexport").empty()) {
    WARN("skipped: evtxexport is not installed (./dev install-deps test)");
    return;
  }
  std::vector<std::string> files = files_below(data + "/evtx", ".evtx");
  for (const std::string& file : files_below(data + "/sigma/regression_data", ".evtx")) files.push_back(file);
  REQUIRE(files.size() > 100);
  std::size_t compared = 0, values = 0, differing = 0, missing = 0, ours_total = 0;
  for (const std::string& file : files) {
    const std::string xml = output_of("timeout 60 evtxexport -f xml " + quoted(file) + " 2>/dev/null");
    const std::vector<Event> theirs = XmlEvents(xml).read();
    OurEvents ours;
    ours.file(file);
    ours_total += ours.events.size();
    std::size_t at = 0;
    std::size_t shown = 0;
    for (const Event& event : theirs) {
      std::size_t found = at;
      while (found < ours.events.size() && ours.events[found].id != event.id) ++found;
      if (found == ours.events.size()) {
        for (found = 0; found < at && ours.events[found].id != event.id; ++found) {
        }
        if (found == at) {
          ++missing;
          if (shown++ < 2) UNSCOPED_INFO(file << ": event " << event.id << " is missing");
          continue;
        }
      }
      ++compared;
      values += event.fields.size();
      if (ours.events[found].fields != event.fields) {
        ++differing;
        if (shown++ < 2) {
          for (const auto& [name, value] : event.fields) {
            const auto [from, to] = ours.events[found].fields.equal_range(name);
            bool same = false;
            for (auto it = from; it != to; ++it) same = same || it->second == value;
            if (!same)
              UNSCOPED_INFO(file << ": " << event.id << " " << name << ": libevtx '" << value << "', we '"
                                 << (from == to ? "(nothing)" : from->second) << "'");
          }
          for (const auto& [name, value] : ours.events[found].fields) {
            if (event.fields.count(name) < ours.events[found].fields.count(name))
              UNSCOPED_INFO(file << ": " << event.id << " " << name << ": only we have '" << value << "'");
          }
        }
      }
      at = found + 1;
    }
  }
  UNSCOPED_INFO(files.size() << " files, " << compared << " events with " << values << " values compared, " << ours_total
                             << " read by us");
  CHECK((missing == 0 && differing == 0));
  CHECK(compared > 3'000);
  CHECK(values > 15 * compared);
  CHECK(ours_total >= compared);
}

TEST_CASE("elements_written_out_without_a_template_are_read", "[evtx][data]") {
  const std::string data = shared_data();
  if (data.empty()) {
    WARN("skipped: the shared data are not here (LOGYSTERA_DATA)");
    return;
  }
  OurEvents ours;
  ours.file(data + "/evtx/edge-cases/samples/issue_201.evtx");  // libevtx gives up on this one
  REQUIRE(ours.events.size() == 1);
  CHECK(ours.events[0].fields.count("Provider_Name") == 1);
  CHECK(ours.events[0].fields.count("Computer") == 1);
  CHECK(ours.counts.unparsed == 0);
}

namespace {

// A small sound file from the data, or empty.
std::string some_evtx() {
  const std::string data = shared_data();
  return data.empty() ? std::string() : file_bytes(data + "/evtx/edge-cases/samples/Security_short_selected.evtx");
}

}  // namespace

TEST_CASE("known_values_of_a_known_event", "[evtx][data]") {
  const std::string bytes = some_evtx();
  if (bytes.empty()) {
    WARN("skipped: the shared data are not here (LOGYSTERA_DATA)");
    return;
  }
  OurEvents ours;
  ours.memory(bytes);
  REQUIRE(ours.events.size() == 7);
  CHECK(ours.counts.checksums == 0);
  CHECK(ours.counts.damaged == 0);
  for (std::size_t i = 0; i < ours.events.size(); ++i) {
    CHECK(ours.events[i].fields.find("Channel")->second == "Security");
    CHECK(ours.times[i] > 1'200'000'000'000'000'000);
  }
}

TEST_CASE("a_chunk_whose_bytes_changed_is_noticed_and_its_sound_records_are_read", "[evtx][data]") {
  std::string bytes = some_evtx();
  if (bytes.empty()) {
    WARN("skipped: the shared data are not here (LOGYSTERA_DATA)");
    return;
  }
  // The magic of the third record.
  std::size_t at = 4096 + 512;
  for (int i = 0; i < 2; ++i) {
    std::uint32_t size;
    std::memcpy(&size, bytes.data() + at + 4, 4);
    at += size;
  }
  bytes[at] = 'X';
  OurEvents ours;
  ours.memory(bytes);
  CHECK(ours.counts.checksums == 1);
  CHECK(ours.counts.damaged == 1);
  CHECK(ours.events.size() == 6);
}

TEST_CASE("a_wrong_free_space_offset_hides_no_record", "[evtx][data]") {
  const std::string bytes = some_evtx();
  if (bytes.empty()) {
    WARN("skipped: the shared data are not here (LOGYSTERA_DATA)");
    return;
  }
  OurEvents whole;
  whole.memory(bytes);
  REQUIRE(whole.events.size() == 7);
  // Nothing, a record and a half, and more than a chunk has.
  for (std::uint32_t free_from :
       {std::uint32_t{512}, std::uint32_t{512 + 28}, std::uint32_t{3'000}, std::uint32_t{70'000}}) {
    INFO(free_from);
    std::string wrong = bytes;
    std::memcpy(wrong.data() + 4096 + 48, &free_from, sizeof free_from);
    OurEvents ours;
    ours.memory(wrong);
    CHECK(ours.events.size() == whole.events.size());
    CHECK(ours.counts.damaged == 0);
    CHECK(ours.counts.checksums == 1);
  }
}

TEST_CASE("what_an_earlier_use_of_a_chunk_left_behind_is_no_event", "[evtx][data]") {
  std::string bytes = some_evtx();
  if (bytes.empty()) {
    WARN("skipped: the shared data are not here (LOGYSTERA_DATA)");
    return;
  }
  // The first record once more behind the last.
  std::uint32_t free_from, size;
  std::memcpy(&free_from, bytes.data() + 4096 + 48, sizeof free_from);
  std::memcpy(&size, bytes.data() + 4096 + 512 + 4, sizeof size);
  REQUIRE(free_from + size < 65'536);
  std::memcpy(bytes.data() + 4096 + free_from, bytes.data() + 4096 + 512, size);
  OurEvents ours;
  ours.memory(bytes);
  CHECK(ours.events.size() == 7);
  CHECK(ours.counts.damaged == 0);
}

TEST_CASE("forwarded_events_are_whole_and_happened_when_they_say", "[evtx][data]") {
  const std::string cases = shared_data() + "/cases";
  if (!std::filesystem::is_directory(cases)) {
    WARN("skipped: the shared data are not here (LOGYSTERA_DATA)");
    return;
  }
  OurEvents literal;
  literal.file(cases + "/evtx-forwarded-literal/id1149.evtx");
  CHECK(literal.events.size() == 11);
  CHECK(literal.counts.damaged == 0);
  CHECK(literal.counts.unparsed == 0);
  CHECK(literal.times[0] == 1'639'650'332'351'835'800);
  OurEvents text;
  text.file(cases + "/10-evtx-time-of-forwarded-events/MSExchange_Management_wec.evtx");
  REQUIRE(!text.times.empty());
  CHECK(text.times[0] == 1'637'340'753'833'733'500);
}

TEST_CASE("a_time_that_is_a_plain_number_of_ticks_is_the_events_time", "[evtx][data]") {
  std::string bytes = some_evtx();
  if (bytes.empty()) {
    WARN("skipped: the shared data are not here (LOGYSTERA_DATA)");
    return;
  }
  OurEvents whole;
  whole.memory(bytes);
  // Every FILETIME becomes an unsigned number, and every record's header lies by a day.
  const std::string file_time("\x08\x00\x11\x00", 4), number("\x08\x00\x0A\x00", 4), magic("\x2A\x2A\x00\x00", 4);
  for (std::size_t at = 4096; (at = bytes.find(file_time, at)) != std::string::npos; ++at) bytes.replace(at, 4, number);
  for (std::size_t at = 4096 + 512; (at = bytes.find(magic, at)) != std::string::npos; ++at) bytes[at + 22] ^= 1;
  OurEvents ours;
  ours.memory(bytes);
  CHECK(ours.times == whole.times);
}

TEST_CASE("a_lost_file_header_and_a_lost_chunk_cost_only_themselves", "[evtx][data]") {
  const std::string data = shared_data();
  if (data.empty()) {
    WARN("skipped: the shared data are not here (LOGYSTERA_DATA)");
    return;
  }
  std::string bytes = file_bytes(data + "/evtx/edge-cases/samples/system.evtx");
  OurEvents whole;
  whole.memory(bytes);
  OurEvents headless;
  headless.memory(bytes.substr(4096));
  CHECK(headless.events.size() == whole.events.size());
  for (std::size_t i = 0; i < 65536; ++i) bytes[4096 + 65536 + i] = static_cast<char>(i * 31);
  OurEvents holed;
  holed.memory(bytes);
  CHECK(holed.counts.damaged == whole.counts.damaged + 1);
  CHECK(holed.counts.damaged_bytes == whole.counts.damaged_bytes + 65536);
  CHECK(holed.events.size() < whole.events.size());
  CHECK(holed.events.size() > whole.events.size() - 400);
}

TEST_CASE("a_truncated_event_log_gives_its_whole_records", "[evtx][data]") {
  const std::string bytes = some_evtx();
  if (bytes.empty()) {
    WARN("skipped: the shared data are not here (LOGYSTERA_DATA)");
    return;
  }
  std::size_t before = 0;
  for (std::size_t size = 0; size < bytes.size(); size += 997) {
    OurEvents ours;
    ours.memory(bytes.substr(0, size));
    CHECK(ours.events.size() >= before);
    before = ours.events.size();
  }
  CHECK(before == 7);
}

TEST_CASE("random_damage_to_event_logs_does_no_harm", "[evtx][data]") {
  const std::string whole = some_evtx();
  if (whole.empty()) {
    WARN("skipped: the shared data are not here (LOGYSTERA_DATA)");
    return;
  }
  std::mt19937 random(11);
  std::size_t read = 0;
  for (int round = 0; round < 1'000; ++round) {
    std::string bytes = whole.substr(0, 4096 + 65536);
    for (unsigned edits = 1 + random() % 20; edits > 0; --edits) {
      bytes[4096 + random() % 8192] = static_cast<char>(random() % 3 ? random() : 0xFF);
    }
    OurEvents ours;
    ours.memory(bytes);
    read += ours.events.size();
    REQUIRE(ours.counts.records == ours.events.size());
  }
  CHECK(read > 1'000);
}

// Little-endian pieces of a file that has one record: a template whose one element holds `times` its first value, or without a
// type an entity that has the element's name.
class OneTemplate {
 public:
  // `value`: of that type. Its bytes, where it is binary XML, must mean the same wherever they lie.
  OneTemplate(std::size_t times, std::uint8_t type, const std::string& value, std::size_t name_characters = 1) {
    std::string chunk = "ElfChnk" + std::string(505, '\0');
    put(chunk, 120, 4, 4);  // no checksums
    std::string record(24, '\0');
    put(record, 0, 0x2A2A, 4);
    put(record, 8, 1, 8);
    const std::size_t definition = chunk.size() + record.size() + 10;
    add(record, 0x0C, 1), add(record, 1, 1), add(record, 7, 4), add(record, definition, 4);
    std::string body;
    // <a>, without attributes; its name is written out behind it.
    add(body, 0x01, 1), add(body, 0xFFFF, 2), add(body, 0, 4);
    const std::size_t name = definition + 24 + body.size() + 4;
    add(body, name, 4);
    add(body, 0, 4), add(body, 0, 2), add(body, name_characters, 2);
    for (std::size_t i = 0; i < name_characters; ++i) add(body, 'a', 2);
    add(body, 0, 2);
    add(body, 0x02, 1);
    for (std::size_t i = 0; i < times; ++i) {
      if (type == 0) add(body, 0x09, 1), add(body, name, 4);
      else add(body, 0x0D, 1), add(body, 0, 2), add(body, type, 1);
    }
    add(body, 0x04, 1), add(body, 0x00, 1);
    record += std::string(20, '\0');
    add(record, body.size(), 4);
    record += body;
    add(record, 1, 4), add(record, value.size(), 2), add(record, type, 2);
    record += value;
    put(record, 4, record.size() + 4, 4);
    add(record, record.size() + 4, 4);
    chunk += record;
    put(chunk, 48, chunk.size(), 4);
    REQUIRE(chunk.size() <= 65'536);
    chunk.resize(65'536);
    bytes = "ElfFile" + std::string(4'089, '\0') + chunk;
  }

  std::string bytes;

 private:
  static void add(std::string& to, std::uint64_t number, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) to += static_cast<char>(number >> 8 * i);
  }
  static void put(std::string& into, std::size_t at, std::uint64_t number, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) into[at + i] = static_cast<char>(number >> 8 * i);
  }
};

TEST_CASE("what_a_chunk_unfolds_to_has_a_limit", "[evtx]") {
  const std::string text(40'000, 'x');
  OurEvents once;
  once.memory(OneTemplate(1, 0x02, text).bytes);
  REQUIRE(once.events.size() == 1);
  CHECK(once.counts.damaged == 0);
  REQUIRE(once.events[0].fields.size() == 1);
  CHECK(once.events[0].fields.begin()->second == text);

  // 5,000 times 40,000 characters, or as many numbers of one byte.
  for (const std::uint8_t type : {0x02, 0x83}) {
    std::string bytes = OneTemplate(5'000, type, text).bytes;
    OurEvents often;
    often.memory(bytes);
    CHECK(often.counts.damaged == 1);
    CHECK(often.events.empty());

    // What such chunks have written is not kept until some chunk has an event.
    const std::string chunk = bytes.substr(4'096);
    for (int i = 1; i < 50; ++i) bytes += chunk;
    FieldNames names;
    auto source = Source::open(std::move(open_memory(bytes, "memory").value()), built_in(), names);
    REQUIRE(source.ok());
    RecordBatch batch;
    while (source->next_batch(batch)) {
    }
    CHECK(source->counts().damaged == 50);
    CHECK(batch.arena.capacity() < 16 * 1024 * 1024);
  }

  // 9,000 times the name of the element, as an entity.
  OurEvents named;
  named.memory(OneTemplate(9'000, 0, "", 250).bytes);
  CHECK(named.counts.damaged == 1);
  CHECK(named.events.empty());

  // 5,000 times 2,000 elements that say nothing, each compiled where it stands.
  std::string elements;
  for (int i = 0; i < 2'000; ++i) elements += std::string("\x01\0\0\0\0\x45\x02\0\0\x03", 10);  // the name of <a>, at 581
  OurEvents empty;
  empty.memory(OneTemplate(5'000, 0x21, elements).bytes);
  CHECK(empty.counts.damaged == 1);
  CHECK(empty.events.empty());
}

TEST_CASE("a_filetime_that_nanoseconds_cannot_hold_is_no_time", "[evtx]") {
  std::int64_t ns = 7;
  CHECK_FALSE(evtx::unix_ns_of_filetime(UINT64_MAX, ns));
  CHECK_FALSE(evtx::unix_ns_of_filetime(std::uint64_t{1} << 63, ns));
  CHECK_FALSE(evtx::unix_ns_of_filetime(INT64_MAX, ns));
  CHECK(ns == 7);
  REQUIRE(evtx::unix_ns_of_filetime(116'444'736'000'000'001, ns));
  CHECK(ns == 100);
}

// Functions of plugins that run while logs are read: what they see and add, and what becomes of one that fails.
#include "plugin/hook.hpp"

#include <sys/stat.h>

#include <fstream>

#include "catch.hpp"
#include "plugin/plugin.hpp"
#include "scratch.hpp"

using namespace logystera;
using logystera::testing::Scratch;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

plugin::Plugin load(std::string_view text) {
  const Scratch scratch;
  const std::string path = scratch.file("x.lua");
  std::ofstream(path, std::ios::binary) << text;
  ::chmod(path.c_str(), 0644);
  plugin::Options options;
  options.files = {path};
  auto loaded = plugin::load(options, {});
  REQUIRE(loaded.ok());
  return std::move(loaded->front());
}

plugin::Plugin loaded(const std::string& body) {
  plugin::Plugin plugin = load("function register(r)\n" + body + "\nend\n");
  INFO(plugin.fault);
  REQUIRE(plugin.fault.empty());
  return plugin;
}

std::string fault(const std::string& body) {
  const plugin::Plugin plugin = load("function register(r)\n" + body + "\nend\n");
  CHECK(plugin.given.parsers.empty());
  CHECK(plugin.given.enrichers.empty());
  return plugin.fault.substr(std::min(plugin.fault.find("x.lua"), plugin.fault.size()));
}

// Lines in one text, each a record with one field, as a reader makes them.
struct Lines {
  FieldNames names;
  RecordBatch batch;

  void fill(const std::vector<std::string>& lines) {
    batch.clear();
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    batch.text.resize(text.size());
    std::copy(text.begin(), text.end(), batch.text.data());
    const FieldId status = names.add("status");
    std::size_t at = 0;
    for (const std::string& line : lines) {
      Record record;
      record.raw = batch.text.view().substr(at, line.size());
      record.message = record.raw;
      batch.begin_fields();
      batch.add_integer(status, "404", 404);
      batch.end_fields(record);
      batch.records.push_back(record);
      at += line.size() + 1;
    }
  }
  std::string at(std::size_t record, std::string_view name) const {
    return std::string(batch.records[record].text(names.find(name), "-"));
  }
};

struct Enriching {
  Lines lines;
  plugin::Plugin plugin;
  plugin::Enrichers enrichers;
  plugin::EnrichSession session;

  explicit Enriching(const std::string& body)
      : plugin(loaded(body)), enrichers(plugin.given.enrichers, lines.names), session(enrichers) {}
  void run(const std::vector<std::string>& all) {
    lines.fill(all);
    session.enrich(lines.batch, lines.names);
  }
  plugin::HookHealth::Report health() const { return plugin.given.enrichers.front()->health->report(); }
  std::string notes() const {
    std::string all;
    for (const std::string& note : plugin::hook_notes({plugin}, {})) all += note + "\n";
    return all;
  }
};

std::string enricher(const std::string& run, const std::string& more = "") {
  return "r.add_enricher{ fields={'message', 'status', 'line', 'nothing'}, adds={'app.team', 'app.n'}, " + more +
         " run=" + run + " }";
}

}  // namespace

TEST_CASE("an_enricher_is_given_fields_and_adds_some") {
  Enriching shop(
      enricher("function(f) assert(f.nothing == nil and f.line == f.message) return "
               "{['app.team'] = 'shop ' .. f.message, ['app.n'] = f.status + 1} end"));
  shop.run({"one", "two"});
  CHECK(shop.lines.at(0, "app.team") == "shop one");
  CHECK(shop.lines.at(1, "app.team") == "shop two");
  CHECK(shop.lines.at(1, "app.n") == "405");
  CHECK(shop.lines.batch.records[1].find(shop.lines.names.find("app.n"))->kind == Value::Kind::integer);
  CHECK(shop.lines.at(1, "status") == "404");
  CHECK(shop.lines.batch.records[0].field_count == 3);
  CHECK(shop.health().calls == 2);
  CHECK(shop.notes().empty());
}

TEST_CASE("an_enricher_is_called_for_lines_with_its_texts_alone") {
  Enriching shop(enricher("function(f) return {['app.team'] = 'shop'} end", "when={contains={'cart', 'pay'}},"));
  shop.run({"a cart", "nothing", "", "car", "t", "pay cart pay", "cart", "pa", "y"});
  const std::string wanted = "+----++--";
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    INFO(i);
    CHECK(shop.lines.at(i, "app.team") == (wanted[i] == '+' ? "shop" : "-"));
  }
  CHECK(shop.health().calls == 3);
  // A text that would reach into the next line stands in none.
  Enriching across(enricher("function(f) return {['app.team'] = 'shop'} end", "when={contains='r\\nt'},"));
  across.run({"car", "t"});
  CHECK(across.health().calls == 0);
  // A line that does not stand in the batch's text.
  shop.lines.fill({"a", "b"});
  const std::string elsewhere = "a cart of its own";
  shop.lines.batch.records[0].raw = elsewhere;
  shop.session.enrich(shop.lines.batch, shop.lines.names);
  CHECK(shop.lines.at(0, "app.team") == "shop");
  CHECK(shop.lines.at(1, "app.team") == "-");
}

TEST_CASE("what_an_enricher_may_not_return_is_a_fault_and_adds_nothing") {
  for (const char* run : {"{['app.other'] = 'x'}", "{['app.team'] = ('x'):rep(1025)}", "{['app.team'] = {}}", "{'x'}",
                          "'x'", "f.message.x.y"}) {
    Enriching shop(enricher(std::string("function(f) return ") + run + " end"));
    shop.run({"one"});
    INFO(run);
    CHECK(shop.health().faults == 1);
    CHECK(shop.lines.at(0, "app.team") == "-");
    CHECK(shop.lines.at(0, "status") == "404");
    CHECK(shop.lines.batch.records[0].field_count == 1);
  }
}

TEST_CASE("three_faults_in_a_thousand_calls_switch_a_hook_off_and_what_it_missed_is_counted") {
  Enriching shop(enricher("function(f) if f.message == 'bad' then error('no') end return {['app.team'] = 'shop'} end"));
  const std::vector<std::string> good(998, "good");
  for (int i = 0; i < 5; ++i) {  // two in a thousand are borne
    shop.run({"bad"});
    shop.run(good);
  }
  CHECK(shop.health().faults == 5);
  CHECK_FALSE(shop.health().off);
  CHECK(shop.lines.at(0, "app.team") == "shop");
  shop.run({"bad", "bad", "bad", "good"});
  CHECK(shop.health().off);
  CHECK(shop.lines.at(3, "app.team") == "-");
  shop.run(good);
  CHECK(shop.health().left_out == 999);
  CHECK(has(
      shop.notes(),
      "x.lua:2: the enricher failed in 8 of 4998 calls and was switched off, 999 calls were left out; the first time: "));
}

TEST_CASE("a_hook_that_never_ends_or_takes_all_memory_is_stopped_and_switched_off") {
  for (const char* run : {"while true do end", "local t = {} while true do t[#t + 1] = {} end",
                          "while true do pcall(function() while true do end end) end"}) {
    Enriching shop(enricher(std::string("function(f) ") + run + " end"));
    shop.run({"a", "b", "c", "d", "e"});
    INFO(run);
    CHECK(shop.health().faults == 3);
    CHECK(shop.health().left_out == 2);
    CHECK(shop.lines.at(4, "status") == "404");
  }
}

TEST_CASE("a_hook_that_hoards_gets_a_new_state_when_its_memory_is_used_up") {
  Enriching shop(
      "local all = {}\n" +
      enricher("function(f) for i = 1, 50 do all[#all + 1] = ('x'):rep(20000) .. #all end return {['app.n'] = #all} end"));
  const std::vector<std::string> lines(100, "x");
  for (int i = 0; i < 20; ++i) shop.run(lines);
  CHECK(shop.health().faults > 0);
  CHECK(shop.health().calls - shop.health().faults > 0);
}

TEST_CASE("what_hooks_say_is_redacted") {
  Enriching shop(enricher("function(f) log(f.message) error(f.message) end"));
  shop.run({"ann@example.org"});
  CHECK(has(shop.notes(), "x.lua:2 says: <email>\n"));
  CHECK(has(shop.notes(), "x.lua:2: the enricher failed in 1 of 1 calls; the first time: "));
  CHECK_FALSE(has(shop.notes(), "ann@example.org"));
}

TEST_CASE("a_parser_makes_records_of_lines_that_begin_as_it_says") {
  const plugin::Plugin plugin = loaded(
      "r.add_parser{ name='odd', title='Odd lines', starts_with='##',\n"
      " samples={ {line='## 2026-05-18T10:00:01Z warning web1 disk full 97', time='2026-05-18T10:00:01Z', "
      "severity='WARNING',\n"
      "            host='web1', message='disk full', fields={used='97'}} },\n"
      " parse=function(line)\n"
      "  local time, severity, host, message, used = re.match(line, [[^## (\\S+) (\\w+) (\\S+) (.*) (\\d+)$]])\n"
      "  if not time then return nil end\n"
      "  return {time=time, severity=severity, host=host, message=message, used=tonumber(used), ok=true}\n end }");
  REQUIRE(plugin.given.parsers.size() == 1);
  const parse::Format format = plugin::format_of(plugin.given.parsers.front());
  CHECK(format.title == "Odd lines");
  FieldNames names;
  auto parser = parse::make_parser(format, {names, parse::TimeContext()});
  REQUIRE(parser.ok());
  RecordBatch batch;
  Record record;
  const auto read = [&](std::string_view line) {
    batch.clear();
    batch.begin_fields();
    record = {};
    const auto what = parser.value()->read(line, batch, record);
    batch.end_fields(record);
    return what;
  };
  CHECK(read("## 2026-05-18T10:00:02Z error web2 no room 99") == parse::LineRead::record);
  CHECK(record.time_known);
  CHECK(record.severity == Severity::error);
  CHECK(record.host == "web2");
  CHECK(record.message == "no room");
  CHECK(record.find(names.find("used"))->as_integer() == 99);
  CHECK(record.text(names.find("ok")) == "true");
  CHECK(read("## something else") == parse::LineRead::unknown);
  const std::uint64_t calls = plugin.given.parsers.front()->health->report().calls;
  CHECK(read("another line") == parse::LineRead::unknown);
  CHECK(read("##" + std::string(70'000, 'x')) == parse::LineRead::unknown);
  CHECK(plugin.given.parsers.front()->health->report().calls == calls);
}

TEST_CASE("a_parser_that_fails_reads_nothing_and_is_switched_off") {
  const plugin::Plugin plugin = loaded(
      "r.add_parser{ name='odd', starts_with='#', parse=function(line)\n"
      " if line == '#time' then return {time='never'} end\n if line == '#severity' then return {severity='loud'} end\n"
      " return {message=1} end }");
  FieldNames names;
  const parse::Format format = plugin::format_of(plugin.given.parsers.front());
  auto parser = parse::make_parser(format, {names, parse::TimeContext()});
  RecordBatch batch;
  for (const char* line : {"#time", "#severity", "#message", "#later"}) {
    Record record;
    batch.begin_fields();
    CHECK(parser.value()->read(line, batch, record) == parse::LineRead::unknown);
    batch.drop_fields();
  }
  CHECK(plugin.given.parsers.front()->health->report().faults == 3);
  CHECK(plugin.given.parsers.front()->health->report().left_out == 1);
}

TEST_CASE("what_a_parser_makes_of_one_block_of_a_log_is_bounded") {
  const plugin::Plugin plugin = loaded(
      "local s = ('x'):rep(65536) local t = {} for i = 1, 64 do t['f' .. i] = s end\n"
      "r.add_parser{ name='odd', starts_with='#', parse=function(line) return t end }");
  REQUIRE(plugin.given.parsers.size() == 1);
  FieldNames names;
  const parse::Format format = plugin::format_of(plugin.given.parsers.front());
  auto parser = parse::make_parser(format, {names, parse::TimeContext()});
  RecordBatch batch;
  for (int line = 0; line < 1'000; ++line) {
    Record record;
    batch.begin_fields();
    (void)parser.value()->read("#", batch, record);
    batch.end_fields(record);
  }
  CHECK(batch.arena.capacity() < std::size_t{80} << 20);
  const auto report = plugin.given.parsers.front()->health->report();
  CHECK(report.off);
  CHECK(has(report.first_fault, "the values of one block of a log have at most 67108864 bytes together"));
}

TEST_CASE("hooks_are_checked_when_they_are_registered") {
  CHECK(has(fault("r.add_parser{ name='odd', starts_with='#' }"), "x.lua:2: the key parse must be a function"));
  CHECK(has(fault("r.add_parser{ name='odd', parse=function() end }"), "x.lua:2: add_parser: starts_with"));
  CHECK(has(fault("r.add_parser{ name='Odd one', starts_with='#', parse=function() end }"),
            "x.lua:2: add_parser: name must be"));
  CHECK(has(fault("r.add_parser{ name='odd', starts_with='#', speed=1, parse=function() end }"), "'speed' is none of it"));
  CHECK(has(fault("r.add_parser{ name='odd', starts_with='#', samples={ {line='#'} }, parse=function() end }"),
            "x.lua:2: add_parser: odd, sample 1: the line is not read by its own format"));
  CHECK(has(fault("r.add_parser{ name='odd', starts_with='#', samples={ {text='#'} }, parse=function() end }"),
            "x.lua:2: add_parser: a sample holds"));
  CHECK(has(fault("r.add_enricher{ fields={'a'}, adds={'app.x'} }"), "x.lua:2: the key run must be a function"));
  CHECK(has(fault("r.add_enricher{ fields={'a'}, adds={'x'}, run=function() end }"),
            "x.lua:2: add_enricher: 'x' must be a name"));
  CHECK(has(fault("r.add_enricher{ adds={'app.x'}, run=function() end }"),
            "x.lua:2: add_enricher: fields, what it is given"));
  CHECK(
      has(fault("r.add_enricher{ fields={'a'}, adds={'app.x'}, when={starts='x'}, run=function() end }"), "'when' is not"));
  CHECK(has(fault("r.add_enricher{ fields={'a'}, adds={'app.x'}, when={contains=''}, run=function() end }"),
            "an empty text stands in every line"));
  CHECK(has(fault("for i = 1, 9 do r.add_enricher{ fields={'a'}, adds={'app.x'}, run=function() end } end"),
            "x.lua:2: a plugin registers at most 8 enrichers"));
}

// Plugins as a user meets them: their rules and patterns in every command, in uploads and in the API.
#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "cli/program.hpp"
#include "scratch.hpp"
#include "socket_client.hpp"

using namespace logystera::testing;

namespace {

const std::string kSecret = "EMP-73519";
const std::string kLine = "2026-05-18 10:00:01 ERROR cannot open postgresql://app:word@db for EMP-73519\n";

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  ::chmod(path.c_str(), 0644);
}

struct House {
  Scratch scratch;
  const std::string config = scratch.file("config.yaml"), log = scratch.file("app.log");
  const Running::Setting setting{{{"LOGYSTERA_PII_SALT", "a salt of sixteen bytes"},
                                  {"TZ", "UTC"},
                                  {"XDG_STATE_HOME", scratch.file("state")},
                                  {"XDG_CACHE_HOME", scratch.file("cache")}},
                                 RLIM_INFINITY,
                                 0};

  House() {
    std::filesystem::create_directory(scratch.file("plugins"));
    write(config, "plugins_dir: " + scratch.file("plugins") + "\ndb_path: " + scratch.file("a.db") +
                      "\nfindings_retention_days: 36500\n");
    write(log, kLine);
    plugin("my.lua",
           "function register(registry)\n"
           "  registry.add_rule{ id='MY_DB_LEAK', title='Credentials in a log', level='critical',\n"
           "    detection={ match={ {field='message', op='regex', value=[[postgresql://\\S+:\\S+@]]} } } }\n"
           "  registry.add_pii_pattern('employee_id', [[\\bEMP-\\d{4,8}\\b]], 'employee')\nend\n");
  }
  void plugin(const std::string& name, const std::string& text) const { write(scratch.file("plugins/" + name), text); }
  Finished run(Arguments arguments, bool cache = false) const {
    arguments.insert(arguments.end(), {"-c", config});
    Running::Setting with = setting;
    if (cache) with.environment["LOGYSTERA_RULE_CACHE"] = "on";
    return logystera::testing::run(arguments, with);
  }
};

std::string ask(const std::string& url, const std::string& method, const std::string& path, const std::string& more = "",
                const std::string& body = "") {
  SocketClient client(url);
  client.send(fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{}Content-Length: {}\r\n\r\n", method, path,
                          url.substr(7), more, body.size()));
  client.send(body);
  return client.receive_all();
}

}  // namespace

TEST_CASE("a_plugin_s_rule_and_pattern_act_in_scan_tail_upload_and_api_and_the_value_is_nowhere") {
  const House house;
  std::string all;
  const Finished scanned = house.run({"scan", house.log, "--track-errors"});
  CHECK(scanned.code == 0);
  CHECK(has(scanned.out, "MY_DB_LEAK Credentials in a log"));
  CHECK(has(scanned.out, "for employee_"));
  all += scanned.out + scanned.err;

  {
    Running tail({"tail", house.log, "--from-start", "--track-findings", "--track-errors", "--poll-interval", "0.02", "-c",
                  house.config},
                 house.setting);
    CHECK(eventually([&] { return has(tail.out(), "MY_DB_LEAK Credentials in a log"); }));
    tail.kill(SIGINT);
    CHECK(tail.wait() == 0);
    CHECK(has(tail.out(), "for employee_"));
    all += tail.out() + tail.err();
  }
  for (const Arguments& command : {Arguments{"scan", house.log, "--json"},
                                   {"scan", house.log, "--ndjson"},
                                   {"scan", house.log, "--redact", "mask"},
                                   {"findings", "list"},
                                   {"findings", "list", "--json"},
                                   {"errors", "list"},
                                   {"errors", "list", "--json"},
                                   {"export", "report", "-o", "-", "--format", "markdown", "--since", "0"},
                                   {"export", "report", "-o", "-", "--format", "html", "--since", "0"},
                                   {"export", "report", "-o", "-", "--format", "json", "--since", "0"},
                                   {"export", "report", "-o", "-", "--format", "sarif", "--since", "0"},
                                   {"plugin", "test", house.scratch.file("plugins/my.lua"), house.log}}) {
    const Finished ran = house.run(command);
    INFO(command[0] << " " << command[1] << ": " << ran.err);
    CHECK(ran.code == 0);
    all += ran.out + ran.err;
  }

  Running server({"serve", "--port", "0", "-c", house.config}, house.setting);
  const std::string url = "http://127.0.0.1:" + server.said("listening on http://127.0.0.1:");
  const std::string page = ask(url, "GET", "/upload");
  const std::size_t at = page.find("data-csrf=\"");
  REQUIRE(at != std::string::npos);
  const std::string csrf = page.substr(at + 11, page.find('"', at + 11) - at - 11);
  const std::string uploaded =
      ask(url, "PUT", "/upload/scan?name=app.log&mode=redact", "X-CSRF-Token: " + csrf + "\r\n", kLine);
  CHECK(has(uploaded, "MY_DB_LEAK"));
  CHECK(has(uploaded, "for employee_"));
  all += uploaded;
  const std::string rule = ask(url, "GET", "/api/v1/rules/MY_DB_LEAK");
  CHECK(has(rule, "HTTP/1.1 200 "));
  CHECK(has(rule, "Credentials in a log"));
  const std::string looked = ask(url, "POST", "/api/v1/events", "Content-Type: application/json\r\n",
                                 R"({"raw": "cannot open postgresql://app:word@db for EMP-73519", "source": "app"})");
  CHECK(has(looked, "\"rule_id\":\"MY_DB_LEAK\""));
  CHECK(has(looked, "for employee_"));
  all += looked;
  const std::string findings = ask(url, "GET", "/api/v1/findings");
  CHECK(has(findings, "MY_DB_LEAK"));
  CHECK(has(findings, "employee_"));
  all += findings + ask(url, "GET", "/api/v1/errors") + ask(url, "GET", "/findings") + ask(url, "GET", "/errors");
  all += server.err();

  CHECK_FALSE(has(all, kSecret));
  for (const char* name : {"a.db", "a.db-wal"}) CHECK_FALSE(has(read_whole(house.scratch.file(name)), kSecret));
}

TEST_CASE("rules_and_formats_of_plugins_are_listed_and_a_faulty_plugin_is_skipped_with_a_warning") {
  const House house;
  house.plugin("bad.lua",
               "function register(registry)\n  registry.add_pii_pattern('x', 'x+', 'x')\n  error('boom')\nend\n");
  house.plugin("format.lua",
               "function register(registry)\n  registry.add_format{ name='app', reader='logfmt', title='Our app', "
               "severity={'level'},\n"
               "    samples={ {line='level=warn msg=slow', severity='WARNING'} } }\nend\n");
  const Finished rules = house.run({"rules", "list", "--json"});
  CHECK(rules.code == 0);
  CHECK(has(rules.out, "\"id\":\"MY_DB_LEAK\""));
  CHECK(has(rules.out, "plugins/my.lua\",\"line\":2"));
  CHECK(has(rules.err, "logystera rules list: plugin skipped: " + house.scratch.file("plugins/bad.lua") + ":3: boom"));
  CHECK(has(house.run({"rules", "explain", "MY_DB_LEAK"}).out, "postgresql://"));
  CHECK(has(house.run({"formats"}).out, "Our app"));
  const Finished scanned = house.run({"scan", house.log});
  CHECK(scanned.code == 0);
  CHECK(has(scanned.err, "logystera scan: plugin skipped: "));
  CHECK(has(scanned.out, "MY_DB_LEAK"));
  // Named files are checked alone.
  write(house.scratch.file("own.yml"),
        "id: OWN\ntitle: Own\nlevel: low\ndetection: {match: [{field: message, op: contains, value: x}]}\n");
  CHECK(has(house.run({"rules", "validate", house.scratch.file("own.yml")}).err, "1 of 1 documents loaded"));
}

TEST_CASE("a_plugins_pattern_reads_a_log_and_its_fields_reach_rules") {
  const House house;
  house.plugin("shop.lua",
               "function register(registry)\n"
               "  registry.add_format{ name='shop', title='The shop', sample='2026-05-18T10:00:01Z|error|17|down',\n"
               "    pattern=[[^(?P<time>[^|]+)\\|(?P<severity>\\w+)\\|(?P<order>\\d+)\\|(?P<message>.*)$]] }\n"
               "  registry.add_rule{ id='BIG_ORDER', title='A big order', level='high',\n"
               "    detection={ match={ {field='order', op='gte', value=1000} } } }\nend\n");
  const std::string log = house.scratch.file("shop.log");
  write(log,
        "2026-05-18T10:00:01Z|error|17|down\n2026-05-18T10:00:02Z|info|4711|sold\n2026-05-18T10:00:03Z|info|99|sold\n");
  CHECK(has(house.run({"scan", "--format-only", log}).out, "shop"));
  CHECK(has(house.run({"formats"}).out, "The shop"));
  const Finished scanned = house.run({"scan", log});
  CHECK(scanned.code == 0);
  CHECK(has(scanned.out, "BIG_ORDER"));
  CHECK(has(scanned.out, "2026-05-18"));
  CHECK_FALSE(has(scanned.err, "plugin skipped"));
}

TEST_CASE("the_cache_of_rules_knows_what_plugins_register") {
  const House house;
  const auto finds = [&](const std::string& id) {
    return has(house.run({"scan", house.log}, true).out, id + " Credentials");
  };
  CHECK(finds("MY_DB_LEAK"));
  CHECK(finds("MY_DB_LEAK"));
  house.plugin("my.lua",
               "function register(registry)\n"
               "  registry.add_rule{ id='OTHER', title='Credentials', level='critical',\n"
               "    detection={ match={ {field='message', op='contains', value='postgresql'} } } }\nend\n");
  CHECK(finds("OTHER"));
  CHECK(finds("OTHER"));
  std::filesystem::remove(house.scratch.file("plugins/my.lua"));
  CHECK_FALSE(finds("OTHER"));
}

TEST_CASE("serve_loads_plugins_again_when_told_to") {
  const House house;
  Running server({"serve", "--port", "0", "-c", house.config}, house.setting);
  const std::string url = "http://127.0.0.1:" + server.said("listening on http://127.0.0.1:");
  CHECK(has(ask(url, "GET", "/api/v1/rules/MY_DB_LEAK"), "HTTP/1.1 200 "));
  house.plugin("more.lua",
               "function register(registry)\n"
               "  registry.add_rule{ id='MORE', title='More', level='low',\n"
               "    detection={ match={ {field='message', op='contains', value='x'} } } }\nend\n");
  CHECK(has(ask(url, "GET", "/api/v1/rules/MORE"), "HTTP/1.1 404 "));
  server.kill(SIGHUP);
  CHECK(eventually([&] { return has(ask(url, "GET", "/api/v1/rules/MORE"), "HTTP/1.1 200 "); }));
}

TEST_CASE("plugins_are_listed_and_checked_one_by_one") {
  const House house;
  house.plugin("bad.lua", "function register(registry)\n  error('boom')\nend\n");
  const Finished listed = house.run({"plugin", "list"});
  CHECK(listed.code == 0);
  CHECK(has(listed.out, "1 rule, 1 pattern"));
  CHECK(has(listed.out, "skipped: " + house.scratch.file("plugins/bad.lua") + ":2: boom"));
  CHECK(has(listed.out, "2 plugins\n"));
  const Finished good = house.run({"plugin", "check", house.scratch.file("plugins/my.lua"), "--json"});
  CHECK(good.code == 0);
  CHECK(has(good.out, "\"in_force\":true"));
  CHECK(has(good.out, "\"rules\":[{\"id\":\"MY_DB_LEAK\",\"line\":2}]"));
  const Finished bad = house.run({"plugin", "check", house.scratch.file("plugins/bad.lua")});
  CHECK(bad.code == 1);
  CHECK(has(bad.out, "bad.lua:2: boom"));
  CHECK(house.run({"plugin", "test", house.scratch.file("plugins/bad.lua"), house.log}).code == 1);
  const Finished tested = house.run({"plugin", "test", house.scratch.file("plugins/my.lua"), house.log});
  CHECK(has(tested.out, "app.log:1: critical MY_DB_LEAK Credentials in a log: "));
  CHECK(has(tested.out, "1 records, 1 findings, 1 values redacted by the plugin's patterns\n"));
}

TEST_CASE("keys_for_plugins_are_checked_with_their_place") {
  const House house;
  const auto fault = [&](const std::string& yaml) {
    write(house.config, yaml);
    const Finished ran = house.run({"scan", house.log});
    CHECK(ran.code == 2);
    return ran.err;
  };
  CHECK(has(fault("plugins_dir: [a]\n"), "config.yaml:1:14: plugins_dir must be a text: a directory"));
  CHECK(has(fault("plugins_dir: 7\n"), "config.yaml:1:14: plugins_dir must be a text: a directory"));
  CHECK(has(fault("plugins:\n  memory_mib: 0\n"),
            "config.yaml:2:15: plugins.memory_mib must be a whole number from 1 to 1024"));
  CHECK(has(fault("plugins:\n  instructions: 10\n"),
            "config.yaml:2:17: plugins.instructions must be a whole number from 10000 to"));
  CHECK(has(fault("plugins:\n  python: perhaps\n"), "config.yaml:2:11: plugins.python must be auto or off"));
  CHECK(has(fault("plugins: 1\n"), "plugins needs keys of its own"));
  CHECK(has(fault("plugins_dir: " + house.scratch.file("nowhere") + "\n"), "the directory of plugins cannot be opened"));
  write(house.config, "plugins:\n  python: off\n  memory_mib: 8\n  instructions: 1000000\n  other: 1\n");
  const Finished ran = house.run({"scan", house.log});
  CHECK(ran.code == 0);
  CHECK(has(ran.err, "config.yaml:5:3: unknown key 'plugins.other', ignored"));
}

TEST_CASE("what_hooks_add_is_seen_by_rules_and_redacted_like_the_log") {
  const House house;
  house.plugin("hooks.lua",
               "function register(registry)\n"
               "  registry.add_enricher{ fields={'message'}, adds={'app.team', 'app.who'}, when={contains='postgresql'},\n"
               "    run=function(f) return {['app.team']='shop', ['app.who']='ann@example.org EMP-73519 ' .. "
               "re.match(f.message, 'EMP-[0-9]+')} end }\n"
               "  registry.add_parser{ name='odd', starts_with='##', parse=function(line)\n"
               "    return {severity='error', message=line:sub(4), owner='EMP-73519'} end }\n"
               "  registry.add_rule{ id='SHOP', title='The shop', level='low',\n"
               "    detection={ match={ {field='app.team', op='equals', value='shop'} } } }\n"
               "  registry.add_rule{ id='OWNER', title='An owner', level='low',\n"
               "    detection={ match={ {field='owner', op='startswith', value='EMP-'} } } }\nend\n");
  const std::string odd = house.scratch.file("odd.log");
  write(odd, "## a line of its own\n## another of EMP-73519\n");
  for (const char* threads : {"1", "2"}) {
    const Finished scanned = house.run({"scan", house.log, odd, "--json", "--threads", threads});
    CHECK(scanned.code == 0);
    CHECK(has(scanned.out, "\"SHOP\""));
    CHECK(has(scanned.out, "\"OWNER\""));
    CHECK(has(scanned.out, "app.team"));
    CHECK(has(scanned.out, "\"odd\""));
    CHECK_FALSE(has(scanned.out + scanned.err, kSecret));
    CHECK_FALSE(has(scanned.out + scanned.err, "ann@example.org"));
  }
  const Finished masked = house.run({"scan", house.log, "--ndjson", "--redact", "mask"});
  CHECK(has(masked.out, "<email> <employee> <employee>"));
  CHECK(has(house.run({"formats"}).out, "odd"));
}

TEST_CASE("a_hook_that_fails_is_switched_off_and_said_and_the_log_is_read_without_it") {
  const House house;
  std::string lines;
  for (int i = 0; i < 10; ++i) lines += kLine;
  write(house.log, lines);
  house.plugin(
      "hooks.lua",
      "function register(registry)\n"
      "  registry.add_enricher{ fields={'message'}, adds={'app.team'}, run=function(f) error(f.message) end }\nend\n");
  const Finished scanned = house.run({"scan", house.log, "--threads", "1"});
  CHECK(scanned.code == 0);
  CHECK(has(scanned.out, "Events   : 10"));
  CHECK(has(scanned.out, "MY_DB_LEAK"));
  CHECK(has(
      scanned.err,
      "hooks.lua:2: the enricher failed in 3 of 3 calls and was switched off, 7 calls were left out; the first time: "));
  CHECK_FALSE(has(scanned.err, kSecret));
}

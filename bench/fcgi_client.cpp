// A FastCGI client that asks PHP-FPM for pages over and over and measures the time until END_REQUEST, which PHP-FPM sends
// after the request is shut down: what a visitor waits for. `fcgi_client ROUNDS EXPECTED REQUEST_FILE…` asks for every
// request once a round, beginning with another one each round, wants EXPECTED in every answer, and prints one line of
// microseconds for each request file: a value a round, so that values of one round can be compared in pairs.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace {

constexpr unsigned char kBegin = 1, kEnd = 3, kParams = 4, kStdin = 5;

void add_record(std::string& out, unsigned char type, const std::string& content) {
  const auto size = content.size();
  const char header[8] = {1, static_cast<char>(type), 0, 1, static_cast<char>(size >> 8), static_cast<char>(size & 255), 0,
                          0};
  out.append(header, sizeof header).append(content);
}

void add_param(std::string& out, const std::string& name, const std::string& value) {
  out.push_back(static_cast<char>(name.size()));
  const auto size = value.size();
  if (size < 128) {
    out.push_back(static_cast<char>(size));
  } else {
    const char long_size[4] = {static_cast<char>(0x80 | (size >> 24)), static_cast<char>(size >> 16),
                               static_cast<char>(size >> 8), static_cast<char>(size)};
    out.append(long_size, sizeof long_size);
  }
  out += name + value;
}

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  return ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

// One kind of request: where it goes and what is sent, from a file whose first line is the socket's path and whose
// further lines are FastCGI parameters, NAME=VALUE.
struct Target {
  std::string socket_path;
  std::string request;
  std::vector<double> microseconds;
};

bool read_target(const char* path, Target& target) {
  std::ifstream file(path);
  std::string line, params;
  if (!std::getline(file, target.socket_path)) {
    std::fprintf(stderr, "%s: there is no request in it\n", path);
    return false;
  }
  while (std::getline(file, line)) {
    const auto equals = line.find('=');
    if (equals != std::string::npos) add_param(params, line.substr(0, equals), line.substr(equals + 1));
  }
  const std::string responder_keep_alive("\0\1\1\0\0\0\0\0", 8);
  add_record(target.request, kBegin, responder_keep_alive);
  add_record(target.request, kParams, params);
  add_record(target.request, kParams, "");
  add_record(target.request, kStdin, "");
  return true;
}

// Reads records until END_REQUEST; false when the connection breaks or the page did not say what it should.
bool read_answer(int fd, std::string& body) {
  body.clear();
  unsigned char header[8];
  char content[65536 + 256];
  while (true) {
    std::size_t have = 0;
    while (have < sizeof header) {
      const ssize_t got = ::read(fd, header + have, sizeof header - have);
      if (got <= 0) return false;
      have += static_cast<std::size_t>(got);
    }
    const std::size_t size = static_cast<std::size_t>(header[4]) << 8 | header[5], padding = header[6];
    for (std::size_t done = 0; done < size + padding;) {
      const ssize_t got = ::read(fd, content + done, size + padding - done);
      if (got <= 0) return false;
      done += static_cast<std::size_t>(got);
    }
    if (header[1] == kEnd) return true;
    body.append(content, size);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: fcgi_client ROUNDS EXPECTED REQUEST_FILE...\n");
    return 2;
  }
  const int rounds = std::atoi(argv[1]);
  const std::string expected = argv[2];
  std::vector<Target> targets(static_cast<std::size_t>(argc) - 3);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!read_target(argv[i + 3], targets[i])) return 1;
  }
  std::string body;
  std::map<std::string, int> connections;  // by the socket's path
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < targets.size(); ++turn) {
      Target& target = targets[(turn + static_cast<std::size_t>(round)) % targets.size()];
      // Not before it is needed: PHP-FPM hangs up on a connection that says nothing for five seconds. One for each pool: a
      // pool of one process serves no second one meanwhile.
      const auto [connection, fresh] = connections.try_emplace(target.socket_path, -1);
      int& fd = connection->second;
      if (fresh && (fd = connect_to(target.socket_path)) < 0) {
        std::perror(target.socket_path.c_str());
        return 1;
      }
      const auto start = std::chrono::steady_clock::now();
      const auto sent = ::write(fd, target.request.data(), target.request.size());
      const bool complete = sent == static_cast<ssize_t>(target.request.size()) && read_answer(fd, body);
      if (!complete || body.find(expected) == std::string::npos) {
        std::fprintf(stderr, "%s, round %d: %s\n%s\n", argv[3 + (turn + static_cast<std::size_t>(round)) % targets.size()],
                     round, complete ? "not the page that was asked for" : "the connection broke",
                     body.substr(0, 1500).c_str());
        return 1;
      }
      const std::chrono::duration<double, std::micro> elapsed = std::chrono::steady_clock::now() - start;
      target.microseconds.push_back(elapsed.count());
    }
  }
  for (const Target& target : targets) {
    for (const double value : target.microseconds) std::printf("%.2f ", value);
    std::printf("\n");
  }
  for (const auto& [path, fd] : connections) ::close(fd);
  return 0;
}

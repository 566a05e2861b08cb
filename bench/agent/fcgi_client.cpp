// A FastCGI client that asks one worker for one page over and over and prints the median time until END_REQUEST, which
// PHP-FPM sends after the request is shut down: what a visitor waits for. `fcgi_client SOCKET SCRIPT BENCH_DIR ROUNDS VARIANT…`
// asks for the variants in turn and prints one line of medians in microseconds, in their order.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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

std::string make_request(const std::string& script, const std::string& directory, const std::string& variant) {
  std::string params;
  add_param(params, "SCRIPT_FILENAME", script);
  add_param(params, "REQUEST_METHOD", "GET");
  add_param(params, "QUERY_STRING", variant);
  add_param(params, "BENCH_DIR", directory);
  std::string out;
  const std::string responder_keep_alive("\0\1\1\0\0\0\0\0", 8);
  add_record(out, kBegin, responder_keep_alive);
  add_record(out, kParams, params);
  add_record(out, kParams, "");
  add_record(out, kStdin, "");
  return out;
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

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  return ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: fcgi_client SOCKET SCRIPT BENCH_DIR ROUNDS VARIANT...\n");
    return 2;
  }
  const int rounds = std::atoi(argv[4]);
  const int fd = connect_to(argv[1]);
  if (fd < 0) {
    std::perror(argv[1]);
    return 1;
  }
  std::vector<std::string> requests;
  for (int i = 5; i < argc; ++i) requests.push_back(make_request(argv[2], argv[3], argv[i]));
  std::vector<std::vector<double>> times(requests.size());
  std::string body;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto start = std::chrono::steady_clock::now();
      if (::write(fd, requests[i].data(), requests[i].size()) != static_cast<ssize_t>(requests[i].size()) ||
          !read_answer(fd, body) || body.find("hello") == std::string::npos) {
        std::fprintf(stderr, "the page failed: %s\n", body.c_str());
        return 1;
      }
      times[i].push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    }
  }
  for (auto& values : times) {
    std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2), values.end());
    std::printf("%.2f ", values[values.size() / 2]);
  }
  std::printf("\n");
  ::close(fd);
  return 0;
}

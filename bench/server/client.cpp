// Clients of a server, as the benchmark of its pages needs them; each on kept connections to 127.0.0.1:PORT.
//
//   bench_server_client ask PORT ROUNDS HEADERS TARGETS
//     One after the other, every line "NAME PATH" of the file TARGETS in each round, with the next line of the file HEADERS each time
//     (HEADERS has whole header lines: who asks). Prints "NAME ANSWERS OTHERS P50 P99 MAX BYTES": milliseconds, the middle answer's
//     bytes; OTHERS are answers that are not 200.
//   bench_server_client people PORT HEADERS PATH...
//     Until SIGTERM: a person for each header line, who goes through the lists at PATH… page by page (Link: rel="next"), at most 50
//     pages of each. Prints "ANSWERS OTHERS P50 P99".
//   bench_server_client streams PORT COUNT HEADERS PATH
//     Joins the stream at PATH so often, with the next line of HEADERS each time, prints "joined N", and at SIGTERM "OPEN HINTS SPREAD": how many are still open, how many data
//     lines came on all of them, and the milliseconds from the first stream to hear the last hint to the last one.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPagesOfAList = 50;
constexpr timeval kPatience{20, 0};

double milliseconds_since(Clock::time_point from) {
  return std::chrono::duration<double, std::milli>(Clock::now() - from).count();
}

int connected(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

std::string request_for(const std::string& path, const std::string& header) {
  return "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + header + "\r\n\r\n";
}

struct Answer {
  int status = 0;  // 0: none came
  std::string header;
  std::size_t bytes = 0;  // of the body, as sent
};

// A kept connection.
class Client {
 public:
  explicit Client(std::uint16_t port) : port_(port) {}
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Answer get(const std::string& path, const std::string& header) {
    if (fd_ < 0) fd_ = connected(port_);
    const std::string request = request_for(path, header);
    if (fd_ < 0 || ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      return lost();
    std::size_t end;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return lost();
    }
    Answer answer;
    answer.header = received_.substr(0, end + 2);
    received_.erase(0, end + 4);
    answer.status = std::atoi(answer.header.c_str() + std::min<std::size_t>(9, answer.header.size()));
    if (const std::size_t at = answer.header.find("Content-Length: "); at != std::string::npos) {
      answer.bytes = std::strtoul(answer.header.c_str() + at + 16, nullptr, 10);
      if (!take(answer.bytes)) return lost();
    } else if (answer.header.find("Transfer-Encoding: chunked") != std::string::npos) {
      for (std::size_t size = 1; size != 0;) {
        while ((end = received_.find("\r\n")) == std::string::npos) {
          if (!receive()) return lost();
        }
        size = std::strtoul(received_.c_str(), nullptr, 16);
        answer.bytes += size;
        if (!take(end + 2 + size + 2)) return lost();
      }
    }
    if (answer.header.find("Connection: close") != std::string::npos) close();
    return answer;
  }

 private:
  bool receive() {
    char bytes[65536];
    const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
    if (got > 0) received_.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }
  bool take(std::size_t bytes) {
    while (received_.size() < bytes) {
      if (!receive()) return false;
    }
    received_.erase(0, bytes);
    return true;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    received_.clear();
  }
  Answer lost() {
    close();
    return {};
  }

  const std::uint16_t port_;
  int fd_ = -1;
  std::string received_;
};

std::vector<std::string> lines_of(const char* path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

double quantile(std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

int ask(std::uint16_t port, int rounds, const std::vector<std::string>& headers, const std::vector<std::string>& targets) {
  struct Figures {
    std::vector<double> times, bytes;
    unsigned others = 0;
  };
  std::vector<Figures> figures(targets.size());
  Client client(port);
  std::size_t next = 0;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const std::string path = targets[i].substr(targets[i].find(' ') + 1);
      const auto begin = Clock::now();
      const Answer answer = client.get(path, headers[next++ % headers.size()]);
      figures[i].times.push_back(milliseconds_since(begin));
      figures[i].bytes.push_back(static_cast<double>(answer.bytes));
      if (answer.status != 200) ++figures[i].others;
    }
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    Figures& each = figures[i];
    std::sort(each.times.begin(), each.times.end());
    std::sort(each.bytes.begin(), each.bytes.end());
    std::printf("%s %zu %u %.3f %.3f %.3f %.0f\n", targets[i].substr(0, targets[i].find(' ')).c_str(), each.times.size(),
                each.others, quantile(each.times, 0.5), quantile(each.times, 0.99), each.times.back(),
                quantile(each.bytes, 0.5));
  }
  return 0;
}

// The path of Link: <URL>; rel="next"; empty: there is none.
std::string next_page(const std::string& header) {
  const std::size_t end = header.find(">; rel=\"next\"");
  if (end == std::string::npos) return {};
  const std::size_t begin = header.rfind('<', end) + 1;
  const std::string url = header.substr(begin, end - begin);
  const std::size_t scheme = url.find("://");
  return scheme == std::string::npos ? url : url.substr(url.find('/', scheme + 3));
}

void wait_for_the_end() {
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  int number = 0;
  sigwait(&end, &number);
}

int people(std::uint16_t port, const std::vector<std::string>& headers, const std::vector<std::string>& paths) {
  std::atomic<bool> ending = false;
  std::mutex mutex;
  std::vector<double> times;
  unsigned long others = 0;
  std::vector<std::thread> threads;
  for (std::size_t person = 0; person < headers.size(); ++person) {
    threads.emplace_back([&, person] {
      Client client(port);
      std::vector<double> own;
      unsigned long refused = 0;
      for (std::size_t list = person; !ending; ++list) {
        std::string path = paths[list % paths.size()];
        for (int page = 0; page < kPagesOfAList && !path.empty() && !ending; ++page) {
          const auto begin = Clock::now();
          const Answer answer = client.get(path, headers[person]);
          if (answer.status == 200) {
            own.push_back(milliseconds_since(begin));
            path = next_page(answer.header);
          } else {
            // 429: people ask more slowly when they are told to.
            ++refused;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
          }
        }
      }
      const std::lock_guard<std::mutex> guard(mutex);
      times.insert(times.end(), own.begin(), own.end());
      others += refused;
    });
  }
  wait_for_the_end();
  ending = true;
  for (std::thread& thread : threads) thread.join();
  std::sort(times.begin(), times.end());
  std::printf("%zu %lu %.3f %.3f\n", times.size(), others, quantile(times, 0.5), quantile(times, 0.99));
  return 0;
}

int streams(std::uint16_t port, std::size_t count, const std::vector<std::string>& headers, const std::string& path) {
  struct Stream {
    pollfd source;
    std::string received;
    unsigned long hints = 0;
    double last_ms = 0;
  };
  std::vector<Stream> all(count);
  std::size_t joined = 0, next = 0;
  for (Stream& stream : all) {
    const std::string request = request_for(path, headers[next++ % headers.size()]);
    const int fd = connected(port);
    stream.source = {fd, POLLIN, 0};
    if (fd < 0 || ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
      continue;
    char bytes[4096];
    const ssize_t got = ::recv(fd, bytes, sizeof bytes, 0);
    if (got > 0 && std::strncmp(bytes, "HTTP/1.1 200", 12) == 0) ++joined;
  }
  std::printf("joined %zu\n", joined);
  std::fflush(stdout);
  std::atomic<bool> ending = false;
  const auto begin = Clock::now();
  std::thread reader([&] {
    std::vector<pollfd> waiting(count);
    while (!ending) {
      for (std::size_t i = 0; i < count; ++i) waiting[i] = all[i].source;
      if (::poll(waiting.data(), waiting.size(), 100) <= 0) continue;
      for (std::size_t i = 0; i < count; ++i) {
        if (waiting[i].revents == 0) continue;
        char bytes[65536];
        const ssize_t got = ::recv(all[i].source.fd, bytes, sizeof bytes, 0);
        if (got <= 0) {
          ::close(all[i].source.fd);
          all[i].source.fd = -1;  // poll() passes it over
          continue;
        }
        all[i].received.append(bytes, static_cast<std::size_t>(got));
        for (std::size_t end; (end = all[i].received.find('\n')) != std::string::npos; all[i].received.erase(0, end + 1)) {
          if (all[i].received.compare(0, 5, "data:") != 0) continue;
          ++all[i].hints;
          all[i].last_ms = milliseconds_since(begin);
        }
      }
    }
  });
  wait_for_the_end();
  ending = true;
  reader.join();
  std::size_t open = 0;
  unsigned long hints = 0;
  double first = 1e18, last = 0;
  for (const Stream& stream : all) {
    if (stream.source.fd >= 0) ++open;
    hints += stream.hints;
    if (stream.hints == 0) continue;
    first = std::min(first, stream.last_ms);
    last = std::max(last, stream.last_ms);
  }
  std::printf("%zu %lu %.3f\n", open, hints, last > first ? last - first : 0);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);
  const std::string mode = argc > 1 ? argv[1] : "";
  const auto port = static_cast<std::uint16_t>(argc > 2 ? std::atoi(argv[2]) : 0);
  if (mode == "ask" && argc == 6) return ask(port, std::atoi(argv[3]), lines_of(argv[4]), lines_of(argv[5]));
  if (mode == "people" && argc > 4) return people(port, lines_of(argv[3]), std::vector<std::string>(argv + 4, argv + argc));
  if (mode == "streams" && argc == 6) return streams(port, std::strtoul(argv[3], nullptr, 10), lines_of(argv[4]), argv[5]);
  std::fprintf(stderr,
               "usage: bench_server_client ask PORT ROUNDS HEADERS TARGETS | people PORT HEADERS PATH... | "
               "streams PORT COUNT HEADERS PATH\n");
  return 2;
}

// bench_dispatch_readers PORT COUNT PATH: COUNT clients that each ask for PATH again as soon as they have it, until SIGTERM. Prints how
// many answers with status 200 they got, and how many others.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

std::atomic<bool> ending = false;
std::atomic<unsigned long> good = 0, others = 0;

// One answer, by the connection's end.
void read_page(std::uint16_t port, const std::string& request) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const timeval patience{1, 0};  // between two looks at whether it is over
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string answer;
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char bytes[4096];
    for (ssize_t got = -1; got != 0 && !ending;) {
      got = ::recv(fd, bytes, sizeof bytes, 0);
      if (got > 0) answer.append(bytes, static_cast<std::size_t>(got));
    }
  }
  ::close(fd);
  if (!ending) ++(answer.rfind("HTTP/1.1 200 ", 0) == 0 ? good : others);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  const std::string request = std::string("GET ") + argv[3] + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
  std::vector<std::thread> readers;
  for (int i = std::atoi(argv[2]); i > 0; --i) {
    readers.emplace_back([&] {
      while (!ending) read_page(port, request);
    });
  }
  int number = 0;
  sigwait(&end, &number);
  ending = true;
  for (std::thread& reader : readers) reader.join();
  std::printf("%lu %lu\n", good.load(), others.load());
  return 0;
}

#include "core/fd.hpp"

#include <fcntl.h>
#include <sys/wait.h>

#include <cerrno>
#include <string>

#include "catch.hpp"

using namespace logystera;

namespace {

std::string read_back(int fd, std::size_t most) {
  std::string text(most, '\0');
  const ssize_t size = read_up_to(fd, text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

}  // namespace

TEST_CASE("what_comes_in_pieces_is_read_until_there_is_enough_or_no_more") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const Fd out(ends[0]);
  {
    const Fd in(ends[1]);
    const pid_t writer = ::fork();
    if (writer == 0) {
      for (const char* piece : {"a", "bc", "def"}) {
        write_all(in.get(), piece);
        ::usleep(2000);
      }
      ::_exit(0);
    }
    CHECK(read_back(out.get(), 5) == "abcde");
    ::waitpid(writer, nullptr, 0);
  }
  CHECK(read_back(out.get(), 5) == "f");
  CHECK(read_back(out.get(), 5).empty());
}

TEST_CASE("a_place_in_a_file_is_read_without_moving_in_it_and_an_error_is_one") {
  char name[] = "/tmp/logystera-fd-XXXXXX";
  const Fd file(::mkstemp(name));
  REQUIRE(file);
  ::unlink(name);
  REQUIRE(write_all(file.get(), "0123456789"));
  char text[8];
  CHECK(read_up_to(file.get(), text, 4, 3) == 4);
  CHECK(std::string(text, 4) == "3456");
  CHECK(read_up_to(file.get(), text, 8, 7) == 3);
  CHECK(::lseek(file.get(), 0, SEEK_CUR) == 10);
  errno = 0;
  CHECK(read_up_to(-1, text, 4) == -1);
  CHECK(read_up_to(-1, text, 4, 0) == -1);
  CHECK(errno == EBADF);
}

// See live_position.hpp.
#include "cli/live_position.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "core/fd.hpp"
#include "core/hmac.hpp"
#include "redact/salt.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kFileNameDigits = 16;
constexpr std::string_view kFileTarget = "file:";
// To begin somewhere else unasked would repeat all there is, or leave out what came meanwhile.
constexpr std::string_view kRemedy =
    "run once with --resume --reset-position to begin now, or with --from-start besides to read everything again";

// Where --resume keeps how far a source was read if nothing is stored: beside the salt, one small file a source.
std::string position_file(const std::string& target) {
  const std::string salt = redact::default_salt_file();
  if (salt.empty()) return {};
  // A file's name has always been made of its path alone.
  const std::string_view name =
      target.starts_with(kFileTarget) ? std::string_view(target).substr(kFileTarget.size()) : target;
  return salt.substr(0, salt.rfind('/')) + "/tail-" + to_hex(sha256(name)).substr(0, kFileNameDigits);
}

// None was kept yet: nothing.
Result<std::optional<source::Position>> load_position(const std::string& file) {
  const Fd in(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!in && errno == ENOENT) return std::optional<source::Position>();
  struct stat status {};
  if (!in || ::fstat(in.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return Error{fmt::format("{}: the position kept there cannot be read: {}; make it readable, or {}", file,
                             in ? "it is no file" : std::strerror(errno), kRemedy),
                 in ? ErrorKind::invalid : kind_of_errno(errno)};
  source::Position position;
  position.text.resize(std::min<std::size_t>(static_cast<std::size_t>(status.st_size), store::PositionStore::kTextBytes));
  const ssize_t size = read_up_to(in.get(), position.text.data(), position.text.size());
  position.text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return std::optional<source::Position>(std::move(position));
}

}  // namespace

// Keeps positions in a file of the user's own: written beside it and renamed, so that a process that dies leaves the one or the
// other. Not synced: after a power loss the place may be an older one, and lines come twice.
class Positions::File {
 public:
  explicit File(std::string path) : path_(std::move(path)) {}

  const std::string& path() const noexcept { return path_; }

  Result<Done> keep(const source::Position& position) {
    const std::string& text = position.text;
    if (text == kept_) return Done{};
    std::error_code ignored;
    if (kept_.empty()) std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
    const std::string part = fmt::format("{}.{}", path_, ::getpid());
    ::unlink(part.c_str());
    bool written = false;
    {
      const Fd out(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
      written = out && write_all(out.get(), text);
    }
    if (!written || ::rename(part.c_str(), path_.c_str()) != 0) {
      const std::string why = std::strerror(errno);
      ::unlink(part.c_str());
      return Error{fmt::format("{}: the position cannot be kept: {}; without --resume none is", path_, why)};
    }
    kept_ = text;
    return Done{};
  }

 private:
  const std::string path_;
  std::string kept_;
};

Positions::Positions(Stream& stream, std::string target, bool wanted, bool reset)
    : stream_(stream), target_(std::move(target)), wanted_(wanted), reset_(reset) {
  if (std::string path = wanted ? position_file(target_) : std::string(); !path.empty())
    file_ = std::make_unique<File>(std::move(path));
}

Positions::~Positions() = default;

Result<std::optional<source::Position>> Positions::load() {
  if (!wanted_ || (reset_ && (file_ || stream_.tracker()))) return std::optional<source::Position>();
  if (stream_.tracker()) {
    auto text = stream_.tracker()->store().positions().find(target_);
    if (!text)
      return Error{fmt::format("the position of {} cannot be read from the database: {}; try again, or {}", target_,
                               text.error().message, kRemedy),
                   text.error().kind == ErrorKind::not_found ? ErrorKind::failed : text.error().kind};
    stored_ = text->has_value();
    if (stored_) return std::optional<source::Position>(source::Position{std::move(*text.value())});
  }
  if (!file_ && !stream_.tracker())
    return Error{"--resume: there is no home directory to keep the position in: set XDG_STATE_HOME", ErrorKind::not_found};
  return file_ ? load_position(file_->path()) : std::optional<source::Position>();
}

Error Positions::unusable(const Error& why) const {
  const std::string place = stored_ || !file_ ? fmt::format("the position of {} in the database", target_)
                                              : fmt::format("{}: the position kept there", file_->path());
  return Error{fmt::format("{} cannot be used: {}; {}", place, why.message, kRemedy), why.kind};
}

Result<Done> Positions::keep(source::Position position) {
  if (!wanted_) return stream_.commit(std::nullopt);
  if (!stream_.tracker()) return file_ ? file_->keep(position) : Result<Done>(Done{});
  if (position.text == committed_) return stream_.commit(std::nullopt);
  if (auto done = stream_.commit(analysis::Tracker::ReadUpTo{target_, position.text}); !done) return done;
  // A later run without --track-… must not go on from an older place.
  if (committed_.empty() && file_) ::unlink(file_->path().c_str());
  committed_ = std::move(position.text);
  return Done{};
}

Result<Done> Positions::forget() {
  if (!wanted_) return stream_.commit(std::nullopt);
  if (file_) ::unlink(file_->path().c_str());
  if (!stream_.tracker()) return Done{};
  return stream_.commit(analysis::Tracker::ReadUpTo{target_, {}, true});
}

}  // namespace logystera::cli

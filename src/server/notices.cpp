#include "server/notices.hpp"

#include <fmt/core.h>

namespace logystera::server {
namespace {

struct Words {
  std::string_view what;
  std::string remedy;
};

Words words_of(Notices::Kind kind, const Notices::Settings& settings) {
  switch (kind) {
    case Notices::Kind::full:
      return {"connections turned away, every place is taken by a request at work",
              fmt::format("raise {} if these are clients of yours", settings.connections)};
    case Notices::Kind::address_full:
      return {"connections turned away, their address has as many at work as one may have",
              fmt::format("raise {} if these are clients of yours", settings.per_address)};
    case Notices::Kind::displaced:
      return {"connections without a request closed to make room for others",
              fmt::format("if these are clients of yours, raise {} or {}", settings.connections, settings.per_address)};
    case Notices::Kind::descriptors:
      return {"connections had to wait, this process may open no more files",
              fmt::format("raise 'ulimit -n' (LimitNOFILE= of the service), or lower {}", settings.connections)};
    case Notices::Kind::accept_failed: return {"connections could not be taken", "see what the system says"};
    case Notices::Kind::refused_header:
      return {"requests refused for a header that is unsound", "nothing to do; the client was told why"};
    case Notices::Kind::failed:
      return {"requests failed in a way nobody foresaw", "this is a fault of this program: report it"};
  }
  return {};
}

}  // namespace

void Notices::note(Kind kind, std::string_view about, Clock::time_point now) {
  std::lock_guard lock(mutex_);
  Tally& tally = tallies_[static_cast<std::size_t>(kind)];
  ++tally.total;
  ++tally.unsaid;
  tally.about = about;
  if (!tally.said || now - tally.said_at >= kInterval) say(kind, tally, now);
}

void Notices::flush(Clock::time_point now) {
  std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < kKinds; ++i)
    if (tallies_[i].unsaid > 0) say(static_cast<Kind>(i), tallies_[i], now);
}

std::uint64_t Notices::count(Kind kind) const {
  std::lock_guard lock(mutex_);
  return tallies_[static_cast<std::size_t>(kind)].total;
}

void Notices::say(Kind kind, Tally& tally, Clock::time_point now) {
  const Words words = words_of(kind, settings_);
  if (log_) {
    log_(fmt::format("{} {} (last: {}; {} since the start): {}", tally.unsaid, words.what, tally.about, tally.total,
                     words.remedy));
  }
  tally.unsaid = 0;
  tally.said = true;
  tally.said_at = now;
}

}  // namespace logystera::server

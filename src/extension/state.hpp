// What the extension keeps in a process (a thread, under ZTS): the sites it has recorded for, and their current request.
//
// A Site outlives requests, so that the signal table, the keyed hash and the checks on the directory are made once per
// worker; everything about a request in it is reset when the request ends. The C++ objects hang off one pointer in the module
// globals, never off a stack frame that a bailout could jump over.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/buffer.hpp"
#include "agent/fork_mark.hpp"
#include "agent/request.hpp"
#include "agent/signal_set.hpp"
#include "extension/options.hpp"
#include "extension/recent_hashes.hpp"

namespace logystera::extension {

/// One buffer directory under one configuration.
struct Site {
  explicit Site(agent::Buffer opened) : buffer(std::move(opened)) {}

  agent::Buffer buffer;
  agent::SignalSet signals;
  agent::LabelRules rules;
  agent::Request request;
  std::uint64_t lists = 0;        // RecorderOptions::lists the signals were built from
  std::string root;               // the application's directory: native signals name files relative to it
  bool times_statements = false;  // db.slow_query is on
  std::string given_uid_key;      // as the application gave it, to notice a change; wiped with the site
  bool has_uid_key = false;
  RecentHashes hashes;          // of that key
  std::int64_t checked_at = 0;  // unix seconds of the last look at the directory
  bool touched = false;         // something to commit or reset when the request ends
  ~Site();
};

class State {
 public:
  /// The site for a directory, opened or brought up to date with `options`. The pointer stays valid for the process.
  Result<Site*> site(std::string directory, const RecorderOptions& options);

  /// Discards what a fork inherited: the parent's pending events and random numbers. Cheap; called before each use.
  void check_fork() noexcept;

  /// Commits every site the request touched; its caps and counts go on.
  void commit_all() noexcept;
  /// Commits and resets every site the request touched.
  void end_request() noexcept;
  /// Before the process (thread) ends: writes down the drop counts that no commit could.
  void settle() noexcept;
  /// Commits what is pending for a long-running process, keeping the caps.
  void commit(Site& site) noexcept { site.request.commit(site.buffer); }

  /// The site of the current request; nullptr before a Recorder was made for it.
  Site* current() const noexcept { return current_; }
  /// Makes it the site of this request, and of later ones with the same entry point (script and host).
  void remember(std::uint64_t entry_point, Site& site) noexcept;
  /// The site that entry point had last; nullptr when this process has not seen it, or there is no site at all.
  Site* remembered(std::uint64_t entry_point) noexcept;
  bool empty() const noexcept { return sites_.empty(); }
  /// Whether this request was looked for by its entry point already.
  bool searched() const noexcept { return searched_; }
  /// Whether this request has reported that lost connection already: an application tries again for every query.
  bool reported(std::uint64_t lost_connection) noexcept {
    for (const std::uint64_t reported_one : lost_connections_) {
      if (reported_one == lost_connection) return true;
    }
    lost_connections_[next_lost_connection_++ % kLostConnections] = lost_connection;
    return false;
  }
  /// Whether an unknown name (a type, or a type and a label: its hash) is still to be told in this request. Each is told once, and kNoticesPerRequest
  /// of them at most.
  bool tells(std::uint64_t name) noexcept {
    for (std::size_t i = 0; i < notices_; ++i) {
      if (told_[i] == name) return false;
    }
    if (notices_ == kNoticesPerRequest) return false;
    told_[notices_++] = name;
    return true;
  }
  /// The next request is told of lost connections and unknown names again.
  void forget_told() noexcept {
    for (std::uint64_t& reported_one : lost_connections_) reported_one = 0;
    notices_ = 0;
  }
  /// The next request may be another site's.
  void forget_request() noexcept {
    forget_told();
    current_ = nullptr;
    searched_ = false;
  }

  void touch(Site& site) noexcept {
    site.touched = true;
    any_touched_ = true;
  }
  bool idle() const noexcept { return !any_touched_; }

  UuidSource uuids;
  const std::vector<std::unique_ptr<Site>>& sites() const noexcept { return sites_; }

 private:
  static constexpr std::size_t kSites = 256;
  static constexpr std::size_t kKeptOpen = 16;  // with more sites than this none keeps its file open between requests
  std::vector<std::unique_ptr<Site>> sites_;
  struct EntryPoint {
    std::uint64_t hash;
    Site* site;
  };
  std::vector<EntryPoint> entry_points_;  // the one used last stands first
  Site* current_ = nullptr;
  bool searched_ = false;
  static constexpr std::size_t kLostConnections = 4;
  std::uint64_t lost_connections_[kLostConnections] = {};  // hashes of driver, state and code; 0: none
  std::size_t next_lost_connection_ = 0;
  static constexpr std::size_t kNoticesPerRequest = 16;
  std::uint64_t told_[kNoticesPerRequest] = {};  // hashes of unknown types and labels; the first notices_ of them
  std::size_t notices_ = 0;
  agent::ForkMark fork_mark_;
  bool any_touched_ = false;
};

}  // namespace logystera::extension

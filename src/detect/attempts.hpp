// How many attempts to log in a record adds to those seen before. One attempt leaves several lines: sshd writes "Invalid user
// x", then "Failed password for invalid user x", then "Connection closed by invalid user x"; PAM writes one of its own. Where
// passwords are not allowed, the first and the last may be all. So lines are put together by connection (host, process,
// client, port, user), and each is one of three kinds, told by `action`:
//
//   begin    invalid_user, a PAM failure, a refused key, "none": an attempt begins, unless one has begun already
//   failed   a refused password: the attempt that had begun, or one that shows only here
//   end      anything else: an attempt only if the connection showed none
//
// Keys and "none" begin an attempt and are not one each, because clients offer every key they have before they ask for a
// password.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/record.hpp"

namespace logystera::detect {

/// The connections of one window. Bounded: beyond `kConnections` the one that was met first is forgotten.
class Attempts {
 public:
  static constexpr std::size_t kConnections = 16'384;

  using Hash = std::function<std::uint64_t(std::string_view)>;  // keyed
  explicit Attempts(Hash hash) : hash_(std::move(hash)) {}

  /// 0 if the record is about an attempt that was counted before.
  std::uint32_t added_by(const Record& record);

  /// What is remembered of a connection, to be written down and read back: the one met first comes first.
  struct Saved {
    std::uint64_t key = 0, newest = 0;
    bool begun = false, counted = false;
  };
  std::vector<Saved> save() const;
  /// Goes on from what save() gave; beyond `kConnections` and keys twice are left out.
  void restore(const std::vector<Saved>& saved);

 private:
  struct Connection {
    bool begun = false;        // an attempt whose failure has not shown yet
    bool counted = false;      // any
    std::uint64_t newest = 0;  // of a process: its connection met last
  };

  std::uint64_t key_of(const Record& record, bool whole);
  Connection& connection(std::uint64_t key);

  Hash hash_;
  std::unordered_map<std::uint64_t, Connection> connections_;
  std::deque<std::uint64_t> order_;
  std::string key_;
};

}  // namespace logystera::detect

#include "detect/attempts.hpp"

#include <algorithm>

namespace logystera::detect {
namespace {

enum class Kind { begin, failed, end };

Kind kind_of(const Record& record) {
  constexpr std::string_view kBegins[] = {"invalid_user", "pam_failure"};
  const std::string_view action = record.text(field::action);
  if (std::find(std::begin(kBegins), std::end(kBegins), action) != std::end(kBegins)) return Kind::begin;
  if (action != "failed" && action != "failed_invalid_user") return Kind::end;
  const std::string_view method = record.text(field::auth_method);
  return method == "none" || method.substr(0, 9) == "publickey" ? Kind::begin : Kind::failed;
}

}  // namespace

// A connection by port and user too; what PAM writes names neither, and is of the process and the client alone.
std::uint64_t Attempts::key_of(const Record& record, bool whole) {
  key_.clear();
  const auto part = [this](std::string_view text) {
    key_ += std::to_string(text.size());
    key_ += ':';
    key_ += text;
  };
  part(record.host);
  part(record.text(field::pid));
  part(record.text(field::client_ip));
  if (whole) {
    part(record.text(field::client_port));
    part(record.text(field::user));
  }
  return hash_(key_);
}

Attempts::Connection& Attempts::connection(std::uint64_t key) {
  const auto [found, fresh] = connections_.try_emplace(key);
  if (fresh) {
    order_.push_back(key);
    if (order_.size() > kConnections) {
      connections_.erase(order_.front());
      order_.pop_front();
    }
  }
  return found->second;
}

std::vector<Attempts::Saved> Attempts::save() const {
  std::vector<Saved> saved;
  saved.reserve(order_.size());
  for (std::uint64_t key : order_) {
    const Connection& one = connections_.at(key);
    saved.push_back({key, one.newest, one.begun, one.counted});
  }
  return saved;
}

void Attempts::restore(const std::vector<Saved>& saved) {
  connections_.clear();
  order_.clear();
  for (const Saved& one : saved) {
    if (order_.size() == kConnections) return;
    if (!connections_.try_emplace(one.key, Connection{one.begun, one.counted, one.newest}).second) continue;
    order_.push_back(one.key);
  }
}

std::uint32_t Attempts::added_by(const Record& record) {
  const Kind kind = kind_of(record);
  const std::uint32_t times = record.repeated;
  const bool has_process = record.find(field::pid) != nullptr;
  if (!record.find(field::client_port)) {
    if (!has_process) return times;  // nothing tells what belongs together
    Connection& process = connection(key_of(record, false));
    const auto newest = connections_.find(process.newest);
    const bool begun = process.begun || (newest != connections_.end() && newest->second.begun);
    const bool counted = process.counted || newest != connections_.end();
    process.counted = true;
    if (kind == Kind::end) return counted ? 0 : 1;
    if (kind == Kind::failed) {
      process.begun = false;
      return process.newest == 0 && begun ? times - 1 : times;
    }
    process.begun = true;
    return begun ? 0 : 1;
  }
  const std::uint64_t key = key_of(record, true);
  bool begun_before = false;  // by PAM, about this attempt
  if (has_process) {
    Connection& process = connection(key_of(record, false));
    begun_before = process.begun;
    if (kind == Kind::failed) process.begun = false;
    process.newest = key;
  }
  Connection& here = connection(key);
  const bool begun = here.begun || begun_before, counted = here.counted || begun_before;
  here.counted = true;
  if (kind == Kind::end) return counted ? 0 : 1;
  here.begun = kind == Kind::begin;
  if (kind == Kind::begin) return begun ? 0 : 1;
  return begun ? times - 1 : times;
}

}  // namespace logystera::detect

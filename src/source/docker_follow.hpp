// The logs of containers as they are written: a connection a container, read by one thread; open_docker() makes it.
//
// The list of containers is asked every ten seconds and whenever one starts or ends. One that starts is read from its first line, one that
// has ended is read to its end and then rests: its place is held, its connection is not. One that is gone for ten minutes is forgotten;
// sooner, as one that has ended rests sooner, where kContainers are followed and another comes.
//
// A position is bounded as a whole: what digests it holds is shared out among the containers, and of those that rest the newest are held.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/streams.hpp"
#include "source/backoff.hpp"
#include "source/docker.hpp"
#include "source/docker_api.hpp"
#include "source/docker_container.hpp"

namespace logystera::source {

/// Whether one of these names is the container's, or there are none.
bool wanted(const Listed& listed, const std::vector<std::string>& names);

class DockerFollow final : public RecordSource {
 public:
  DockerFollow(const net::Server& server, const parse::Formats& formats, FieldNames& names, DockerOptions options);
  ~DockerFollow() override;

  /// Before anything else. Errors as open_docker() has them.
  Result<Done> begin();

  Result<State> next(RecordBatch& batch, std::chrono::milliseconds patience) override;
  bool finish(RecordBatch& batch) override;
  std::shared_ptr<const Part> part() const override { return part_; }
  Position position() const override;
  std::vector<std::string> notices() override { return std::exchange(notices_, {}); }
  std::string trouble() const override { return trouble_; }
  const std::string& label() const noexcept override { return label_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Followed;
  struct Resting {
    std::string position;
    std::uint64_t turn;  // larger: later
  };

  Result<Done> take_position(std::string_view text);
  Result<Done> look();
  void look_if_due();
  void meet(const Listed& listed);
  bool make_room();
  void drop(Followed& one, bool rests);
  void rest_and_forget(const std::set<std::string>& there);
  void hear_events(std::string& bytes);
  void open_events();
  void connect(Followed& one);
  void connect_due();
  void hear(std::chrono::milliseconds patience);
  void over(Followed& one, const net::Outcome& outcome);
  void leave(Followed& one);
  bool hand_out(RecordBatch& batch);
  void say(std::string text) { notices_.push_back(std::move(text)); }
  bool stopped() const noexcept { return options_.stop && options_.stop->load(); }

  const DockerOptions options_;
  const DockerReading reading_;
  DockerApi api_;
  net::Streams streams_;
  const std::string label_ = "docker";
  const std::int64_t begun_ns_;
  std::int64_t from_ns_;  // where a container begins that was there before; of the position, if there is one

  std::map<std::string, std::unique_ptr<Followed>> containers_;  // by id
  std::map<std::string, Resting> resting_;                       // by id: of the position, and those that have ended
  std::uint64_t rests_ = 0;
  std::map<std::uint64_t, Followed*> by_stream_;
  std::set<std::string> before_;   // ids of those whose log is not read from its beginning: they were there
  std::set<std::string> stirred_;  // of those that events speak of, since the last list
  std::int64_t newest_created_ = 0, resumed_created_ = 0;  // of all that were listed; of what the position had listed

  std::uint64_t events_ = 0;  // the stream
  std::string event_bytes_;
  Backoff events_backoff_;
  Clock::time_point events_retry_at_{}, listed_at_{};
  std::int64_t listed_ns_;
  bool event_ = false, first_list_ = true, crowded_said_ = false, broke_off_said_ = false;

  std::string trouble_;  // why the daemon is down, once that was said
  std::shared_ptr<const Part> part_;
  std::string last_handed_out_;  // turns
  std::vector<std::string> notices_;
};

}  // namespace logystera::source

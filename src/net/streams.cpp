#include "net/streams.hpp"

#include <algorithm>
#include <map>

#include "net/easy.hpp"

namespace logystera::net {
namespace {

constexpr std::chrono::milliseconds kStopLook{100};

struct Stream {
  explicit Stream(std::unique_ptr<CURL, EasyFree> handle) : transfer(std::move(handle)) {}
  Transfer transfer;
  std::string bytes;
  bool paused = false;
  std::optional<Outcome> ended;
};

}  // namespace

struct Streams::Inner {
  Server server;
  const std::atomic<bool>* stop;
  std::unique_ptr<CURLM, MultiFree> multi;
  std::map<std::uint64_t, std::unique_ptr<Stream>> streams;
  std::uint64_t next = 1;
  std::vector<Ready> ready;

  void work();
  void collect();
};

Streams::Streams(Server server, const std::atomic<bool>* stop)
    : inner_(new Inner{std::move(server), stop, nullptr, {}, 1, {}}) {
  if (start_libcurl()) inner_->multi.reset(::curl_multi_init());
}

Streams::~Streams() {
  while (!inner_->streams.empty()) close(inner_->streams.begin()->first);
}

std::size_t Streams::size() const noexcept { return inner_->streams.size(); }

std::uint64_t Streams::open(const Request& request) {
  std::unique_ptr<CURL, EasyFree> handle(inner_->multi ? ::curl_easy_init() : nullptr);
  if (!handle) return 0;
  auto stream = std::make_unique<Stream>(std::move(handle));
  Stream& its = *stream;
  if (!its.transfer.prepare(inner_->server, request, nullptr)) return 0;
  its.transfer.on_success = [&its](std::string_view piece) -> std::size_t {
    if (its.bytes.size() >= kBufferBytes) {
      its.paused = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    its.bytes.append(piece);
    return piece.size();
  };
  ::curl_easy_setopt(its.transfer.curl(), CURLOPT_PRIVATE, &its);
  if (::curl_multi_add_handle(inner_->multi.get(), its.transfer.curl()) != CURLM_OK) return 0;
  const std::uint64_t number = inner_->next++;
  inner_->streams.emplace(number, std::move(stream));
  return number;
}

void Streams::close(std::uint64_t stream) {
  inner_->ready.clear();
  const auto found = inner_->streams.find(stream);
  if (found == inner_->streams.end()) return;
  ::curl_multi_remove_handle(inner_->multi.get(), found->second->transfer.curl());
  inner_->streams.erase(found);
}

void Streams::Inner::work() {
  for (auto& [number, stream] : streams) {
    if (!stream->paused || stream->bytes.size() >= kBufferBytes) continue;
    stream->paused = false;
    ::curl_easy_pause(stream->transfer.curl(), CURLPAUSE_CONT);
  }
  int running = 0, left = 0;
  ::curl_multi_perform(multi.get(), &running);
  while (const CURLMsg* message = ::curl_multi_info_read(multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Stream* stream = nullptr;
    ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &stream);
    stream->ended = stream->transfer.outcome(message->data.result);
  }
}

void Streams::Inner::collect() {
  ready.clear();
  for (auto& [number, stream] : streams)
    if (!stream->bytes.empty() || stream->ended)
      ready.push_back({number, &stream->bytes, stream->ended ? &*stream->ended : nullptr});
}

const std::vector<Streams::Ready>& Streams::wait(std::chrono::milliseconds patience) {
  Inner& inner = *inner_;
  inner.ready.clear();
  if (!inner.multi) return inner.ready;
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    inner.work();
    inner.collect();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (!inner.ready.empty() || left.count() <= 0 || (inner.stop && inner.stop->load(std::memory_order_relaxed)))
      return inner.ready;
    ::curl_multi_poll(inner.multi.get(), nullptr, 0, static_cast<int>(std::min(left, kStopLook).count()), nullptr);
  }
}

}  // namespace logystera::net

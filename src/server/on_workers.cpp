#include "server/on_workers.hpp"

#include <atomic>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

namespace logystera::server {
namespace {

/// A request's answer on its way from a handler to its connection, once.
template <typename Resume>
class Pending {
 public:
  Pending(Resume resume, Answer& answer, asio::any_io_executor executor, std::shared_ptr<Shared> shared)
      : resume_(std::move(resume)), answer_(answer), executor_(std::move(executor)), shared_(std::move(shared)) {}
  ~Pending() {
    if (given_ || shared_->ended) return;
    if (!shared_->stopping) shared_->notices.note(Notices::Kind::failed, "one went without an answer");
    give(lost_answer(shared_->stopping));
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  void give(Answer answer) {
    if (given_.exchange(true)) return;
    asio::post(executor_, [resume = std::move(resume_), into = &answer_, answer = std::move(answer)]() mutable {
      *into = std::move(answer);
      resume();
    });
  }

 private:
  Resume resume_;
  Answer& answer_;
  asio::any_io_executor executor_;
  std::shared_ptr<Shared> shared_;
  std::atomic<bool> given_ = false;
};

}  // namespace

Answer lost_answer(bool stopping) {
  Answer answer = stopping ? problem(503, "stopping", "this server is being stopped: send it again in a moment")
                           : problem(500, "internal_error", "something went wrong here; the operator finds it in the log");
  if (stopping) answer.headers.emplace_back("Retry-After", "5");
  answer.lost = true;
  return answer;
}

asio::awaitable<Answer> on_workers(SocketStream& stream, const std::shared_ptr<Shared>& shared, const Route& route,
                                   bool admitted, Work work) {
  const asio::any_io_executor executor = stream.executor();
  stream.expires_never();
  Answer answer;
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
      [&](auto resume) {
        auto pending = std::make_shared<Pending<decltype(resume)>>(std::move(resume), answer, executor, shared);
        Reply reply = [pending](Answer given) { pending->give(std::move(given)); };
        auto job = [shared, &route, work = std::move(work), reply = std::move(reply)] {
          try {
            work(reply);
          } catch (const std::exception& problem) {
            shared->notices.note(Notices::Kind::failed, route.method + " " + route.path + ": " + problem.what());
            reply(lost_answer(false));
          } catch (...) {
            shared->notices.note(Notices::Kind::failed, route.method + " " + route.path);
            reply(lost_answer(false));
          }
        };
        if (!route.workers) return job();
        if (!admitted) return route.workers->resume(std::move(job));
        if (!route.workers->submit(std::move(job))) {
          pending->give(shared->stopping ? lost_answer(true) : route.workers->full());
        }
      },
      asio::use_awaitable);
  co_return answer;
}

}  // namespace logystera::server

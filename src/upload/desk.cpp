#include "upload/desk.hpp"

#include <fmt/core.h>

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "web/form.hpp"
#include "web/multipart.hpp"

namespace logystera::upload {
namespace {

using analysis::UploadReport;
using server::Reply;
using server::Request;

constexpr std::size_t kNameBytes = 255;
constexpr std::string_view kNoName = "upload";
constexpr std::string_view kExpired = "this form has expired: load the page again";

Result<Wish> wish_of(std::string_view name, std::string_view mode) {
  auto read = mode_from(mode);
  if (!read) return read.error();
  if (name.size() > kNameBytes)
    return Error{fmt::format("name: the file's name may have {} bytes", kNameBytes), ErrorKind::invalid};
  return Wish{std::string(name.empty() ? kNoName : name), read.value()};
}

}  // namespace

struct Desk::Shared {
  Shared(const analysis::CurrentProgram& current, const Options& given)
      : program(current), options(given), workers({.threads = given.threads, .waiting = given.places, .gives_way = true}) {}

  Error too_large() const {
    return Error{fmt::format("a log may have {} bytes here, as sent: give it packed (gzip), or look at it with "
                             "`logystera scan FILE`, which has no limit",
                             options.file_bytes),
                 ErrorKind::too_large};
  }
  Error busy() const {
    return Error{fmt::format("{} logs are being looked at already: try again in a few seconds", options.places),
                 ErrorKind::busy};
  }

  const analysis::CurrentProgram& program;
  const Options options;
  std::atomic<std::size_t> taken{0};
  server::Workers workers;  // last: its jobs use what stands above
};

namespace {

// One of the few logs in memory, from its first byte to its report.
class Place {
 public:
  Place(std::atomic<std::size_t>& taken, std::size_t most) {
    for (std::size_t seen = taken; seen < most;) {
      if (!taken.compare_exchange_weak(seen, seen + 1)) continue;
      taken_ = &taken;
      return;
    }
  }
  ~Place() {
    if (taken_) taken_->fetch_sub(1);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  explicit operator bool() const noexcept { return taken_ != nullptr; }

 private:
  std::atomic<std::size_t>* taken_ = nullptr;
};

// What a job holds until it is through.
struct Handed {
  Request request;
  Wish wish;
  std::string body;
  std::string_view log;  // of `body`
  std::unique_ptr<Place> place;
};

}  // namespace

// Gathers a body, and says as early as it can that it will not be looked at.
class Desk::FileReader : public server::BodyReader {
 public:
  FileReader(std::shared_ptr<Shared> shared, Request request, Show show, std::size_t most)
      : shared_(std::move(shared)), show_(std::move(show)), most_(most) {
    handed_->request = std::move(request);
    handed_->place = std::make_unique<Place>(shared_->taken, shared_->options.places);
    if (!*handed_->place) refusal_ = shared_->busy();
  }

  bool take(std::string_view bytes) override {
    if (!refusal_ && handed_->body.size() + bytes.size() > most_) refusal_ = shared_->too_large();
    if (refusal_) return false;
    handed_->body += bytes;
    return true;
  }

  void finish(bool, Reply reply) override {
    if (!refusal_) read();
    if (refusal_) return reply(show_(handed_->request, handed_->wish, *refusal_));
    auto job = [shared = shared_, handed = handed_, show = show_, reply] {
      const auto program = shared->program.get();
      if (!program) return reply(show(handed->request, handed->wish, program.error()));
      const UploadReport report =
          analysis::look_at_upload(handed->log, handed->wish.name, *program.value(), handed->wish.mode,
                                   shared->workers.stopping(), shared->options.limits);
      reply(show(handed->request, handed->wish, report));
    };
    if (!shared_->workers.submit(std::move(job))) reply(show_(handed_->request, handed_->wish, shared_->busy()));
  }

  void refuse(Error error) { refusal_ = std::move(error); }

 protected:
  /// Fills wish and log, or the refusal.
  virtual void read() {
    auto form = web::Form::parse(handed_->request.query);
    if (!form) return refuse(form.error());
    auto wish = wish_of(form.value()["name"], form.value()["mode"]);
    if (!wish) return refuse(wish.error());
    handed_->wish = std::move(wish).value();
    handed_->log = handed_->body;
  }
  Handed& handed() noexcept { return *handed_; }
  const Shared& shared() const noexcept { return *shared_; }

 private:
  const std::shared_ptr<Shared> shared_;
  const Show show_;
  const std::size_t most_;
  std::optional<Error> refusal_;
  const std::shared_ptr<Handed> handed_ = std::make_shared<Handed>();
};

class Desk::FormReader final : public FileReader {
 public:
  FormReader(std::shared_ptr<Shared> shared, Request request, Show show, CheckForm check, std::size_t most)
      : FileReader(std::move(shared), std::move(request), std::move(show), most), check_(std::move(check)) {}

 private:
  void read() override {
    const auto boundary = web::Multipart::boundary_of(handed().request.header("Content-Type").value_or(std::string_view()));
    if (!boundary) return refuse({"Content-Type must be multipart/form-data with a boundary", ErrorKind::invalid});
    auto form = web::Multipart::parse(handed().body, *boundary);
    if (!form) return refuse(form.error());
    const auto value = [&](std::string_view name) {
      const auto* part = form->find(name);
      return part ? part->value : std::string_view();
    };
    if (!check_(handed().request, value("csrf"))) return refuse({std::string(kExpired), ErrorKind::denied});
    const auto* log = form->find("log");
    if (!log || !log->file || (log->file->empty() && log->value.empty()))
      return refuse({"choose a file first", ErrorKind::invalid});
    if (log->value.size() > shared().options.file_bytes) return refuse(shared().too_large());
    auto wish = wish_of(*log->file, value("mode"));
    if (!wish) return refuse(wish.error());
    handed().wish = std::move(wish).value();
    handed().log = log->value;
  }

  const CheckForm check_;
};

Desk::Desk(const analysis::CurrentProgram& program, Options options)
    : shared_(std::make_shared<Shared>(program, options)) {}

Desk::~Desk() {
  shared_->workers.stop();
  shared_->workers.join();
}

server::Receiver Desk::takes_file(Show show, CheckRequest check) {
  return [shared = shared_, show = std::move(show),
          check = std::move(check)](Request request) -> std::unique_ptr<server::BodyReader> {
    const bool may = check(request);
    auto reader = std::make_unique<FileReader>(shared, std::move(request), show, shared->options.file_bytes);
    if (!may) reader->refuse({std::string(kExpired), ErrorKind::denied});
    return reader;
  };
}

server::Receiver Desk::takes_form(Show show, CheckForm check) {
  return [shared = shared_, show = std::move(show),
          check = std::move(check)](Request request) -> std::unique_ptr<server::BodyReader> {
    return std::make_unique<FormReader>(shared, std::move(request), show, check,
                                        shared->options.file_bytes + web::kMultipartOverheadBytes);
  };
}

std::size_t Desk::in_hand() const noexcept { return shared_->taken; }

std::size_t Desk::file_bytes() const noexcept { return shared_->options.file_bytes; }

std::size_t Desk::body_bytes() const noexcept { return shared_->options.file_bytes + web::kMultipartOverheadBytes; }

Result<redact::Mode> mode_from(std::string_view name) {
  redact::Mode mode = redact::Mode::redact;
  if (!name.empty() && !redact::parse_mode(name, mode))
    return Error{"mode: write redact, mask or dry-run", ErrorKind::invalid};
  return mode;
}

}  // namespace logystera::upload

// Where logs are handed over to be looked at (seed: "Log file upload"): a page's form, a page's script and the API are the same desk.
//
// A log is held in memory from its first byte to its report, and nothing of it anywhere else. So there are few places: two logs are
// looked at, two more wait, and whoever comes then is told to come again, before he has sent anything.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "analysis/current_program.hpp"
#include "analysis/upload.hpp"
#include "core/result.hpp"
#include "redact/rewriter.hpp"
#include "server/message.hpp"
#include "server/workers.hpp"

namespace logystera::upload {

/// 10 MB as the seed counts them: the largest file, as sent.
inline constexpr std::size_t kFileBytes = 10'485'760;

struct Options {
  std::size_t file_bytes = kFileBytes;
  unsigned threads = 2;
  std::size_t places = 4;  // logs in memory at the same time
  analysis::UploadLimits limits = {};
};

/// What somebody wants to know of a log.
struct Wish {
  std::string name;  // what its sender calls it; UTF-8, at most 255 bytes, "upload" where he says nothing
  redact::Mode mode = redact::Mode::redact;
};

/// How an outcome is told to whoever asked. Called once, from any thread. An error's kind says what it is: too_large, busy, invalid,
/// broken (there are no rules to look with).
using Show = std::function<server::Answer(const server::Request&, const Wish&, const Result<analysis::UploadReport>&)>;
/// Whether a form is one of ours, by its `csrf` field.
using CheckForm = std::function<bool(const server::Request&, std::string_view csrf)>;
/// Whether a request may hand a log over, by its header.
using CheckRequest = std::function<bool(const server::Request&)>;

class Desk {
 public:
  /// `program` must outlive it.
  explicit Desk(const analysis::CurrentProgram& program, Options options = {});
  ~Desk();

  /// For a route whose body is the file: `?name=…&mode=redact|mask|dry-run` says the rest.
  server::Receiver takes_file(Show show, CheckRequest check);
  /// For a route whose body is multipart/form-data with `log` (the file), `mode` and `csrf`.
  server::Receiver takes_form(Show show, CheckForm check);

  /// Of the routes' `body_bytes`: a little more than a file may have, so that one that is too large is told so by `Show`.
  std::size_t body_bytes() const noexcept;
  std::size_t file_bytes() const noexcept;
  /// Logs in memory right now, 0 to `places`: being received, waiting, or looked at.
  std::size_t in_hand() const noexcept;

 private:
  struct Shared;
  class FileReader;
  class FormReader;
  std::shared_ptr<Shared> shared_;
};

/// "redact", "mask" or "dry-run"; empty: redact.
Result<redact::Mode> mode_from(std::string_view name);

}  // namespace logystera::upload

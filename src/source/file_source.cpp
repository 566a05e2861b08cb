#include "source/file_source.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "core/fd.hpp"
#include "source/position.hpp"

namespace logystera::source {
namespace {

constexpr std::string_view kTitle = "logystera files 1";

// The first bytes of a stream, kHeadBytes at most.
std::string head_of(parse::ByteStream& stream) {
  std::string head(kHeadBytes, '\0');
  std::size_t size = 0;
  while (size < head.size()) {
    auto got = stream.read(head.data() + size, head.size() - size);
    if (!got || got.value() == 0) break;
    size += got.value();
  }
  head.resize(size);
  return head;
}

Result<Fd> open_file(const FilePath& file) {
  if (file.found) return open_found(file);
  struct stat status {};
  if (::stat(file.path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return Error{file.path};
  Fd fd(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) return Error{file.path, kind_of_errno(errno)};
  return fd;
}

struct Opened {
  Result<parse::Input> input;
  std::optional<std::string> head;  // none: not a file that can be read again
};

// Opens a file once and looks at its beginning; what cannot be read twice is opened as it is.
Opened open_with_head(const FilePath& file, const parse::InputLimits& limits) {
  auto fd = file.path == "-" ? Result<Fd>(Error{file.path}) : open_file(file);
  struct stat status {};
  if (!fd || ::fstat(fd->get(), &status) != 0 || !S_ISREG(status.st_mode)) return {open_source(file, limits), {}};
  Fd copy(::fcntl(fd->get(), F_DUPFD_CLOEXEC, 0));
  parse::InputLimits plain = limits;
  plain.decode = false;
  auto look = copy ? parse::open_input(copy.release(), file.path, plain) : Result<parse::Input>(Error{file.path});
  std::optional<std::string> head;
  if (look) head = head_of(*look->stream);
  ::lseek(fd->get(), 0, SEEK_SET);
  return {parse::open_input(fd->release(), file.path, limits), std::move(head)};
}

}  // namespace

// Held until the last batch of it is through: records point at its name.
struct FileSource::File : Part {
  std::optional<parse::Source> source;  // none: it could not be opened
  std::optional<std::string> head;
  std::uint64_t records = 0;  // handed out
};

struct FileSource::Left {
  std::size_t head_bytes = 0;
  std::string head;
  std::uint64_t records = 0;

  static Result<Left> of_text(const std::string& text) {
    Left left;
    std::istringstream in(text);
    std::string title, end;
    std::getline(in, title);
    in >> left.head_bytes >> left.head >> left.records >> end;
    if (title != kTitle || !in || end != "end" || left.head_bytes == 0 || left.head_bytes > kHeadBytes)
      return Error{"the position of what was read before is damaged", ErrorKind::broken};
    return left;
  }
  bool is_in(const std::string& begins) const {
    return begins.size() >= head_bytes && mark_of(std::string_view(begins).substr(0, head_bytes)) == head;
  }
};

FileSource::FileSource(const SourceSet& set, const parse::Formats& formats, FieldNames& names, FileSourceOptions options)
    : set_(set), formats_(formats), names_(names), options_(std::move(options)) {}

// Opens the file whose turn it is. One that cannot be opened is a part that ends at once.
void FileSource::open_next() {
  const FilePath& path = set_.files[file_at_];
  auto file = std::make_shared<File>();
  file->name = path.path;
  parse::SourceOptions options = options_.source;
  if (file_at_ > 0) options.order = order_;
  Opened opened = options_.resumable ? open_with_head(path, options.input) : Opened{open_source(path, options.input), {}};
  file->head = std::move(opened.head);
  bool no_log = false;
  Result<parse::Source> source = [&]() -> Result<parse::Source> {
    if (!opened.input) return opened.input.error();
    return parse::Source::open(std::move(opened.input.value()), formats_, names_, options, &no_log);
  }();
  if (source) {
    file->source.emplace(std::move(source).value());
    file->describe(file->source->detection());
  } else {
    file->problem = source.error();
    file->passed_over = no_log && path.found;
  }
  file_ = std::move(file);
  open_ = true;
}

State FileSource::end_file() {
  if (file_->source) {
    file_->counts = file_->source->counts();
    file_->changes = file_->source->changes();
    order_ = file_->source->order();
    if (!file_->problem) file_->problem = file_->source->problem();
  }
  open_ = false;
  return ++file_at_ < set_.files.size() ? State::part_ended : State::ended;
}

// The files before the one that was left were read.
Result<Done> FileSource::go_on_at_left() {
  auto left = Left::of_text(std::exchange(options_.resume, std::nullopt)->text);
  if (!left) return left.error();
  for (std::size_t at = 0; at < set_.files.size(); ++at) {
    const Opened opened = open_with_head(set_.files[at], options_.source.input);
    if (!opened.head || !left->is_in(*opened.head)) continue;
    file_at_ = at;
    skip_ = left->records;
    return Done{};
  }
  return Error{fmt::format("{}: the file that was read last is not among its files any more", set_.name),
               ErrorKind::not_found};
}

Result<State> FileSource::next(RecordBatch& batch, std::chrono::milliseconds) {
  batch.clear();
  if (options_.resume)
    if (auto found = go_on_at_left(); !found) return found.error();
  if (!open_ && file_at_ == set_.files.size()) return State::ended;
  if (!open_) open_next();
  while (file_->source && file_->source->next_batch(batch)) {
    const std::uint64_t passed = std::min<std::uint64_t>(skip_, batch.records.size());
    skip_ -= passed;
    file_->records += batch.records.size();
    if (passed > 0) batch.records.erase(batch.records.begin(), batch.records.begin() + static_cast<std::ptrdiff_t>(passed));
    if (!batch.records.empty()) return State::records;
  }
  batch.clear();
  skip_ = 0;
  return end_file();
}

// Who stops before the first batch still learns what it would have been of.
bool FileSource::finish(RecordBatch& batch) {
  batch.clear();
  if (!open_ && file_at_ < set_.files.size()) open_next();
  if (open_) end_file();
  return false;
}

std::shared_ptr<const Part> FileSource::part() const { return file_; }

Position FileSource::position() const {
  if (!file_ || !file_->head || file_->head->empty()) return {};
  return {fmt::format("{}\n{} {} {}\nend\n", kTitle, file_->head->size(), mark_of(*file_->head), file_->records)};
}

}  // namespace logystera::source

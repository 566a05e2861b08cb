// Requests that record one event each, as the extension hands it over, with the event's memory between two pages nobody may touch: at
// its beginning in every second input, at its end in the others. Every text of hostile pieces in labels of each kind, several labels
// at once, lists, numbers, names nobody knows, texts about as long as each bound, and events about as long as a line may be. Each
// line keeps its size and its end; one in 64 is read back as an event whose labels are within their bounds.
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "agent/request.hpp"
#include "core/event.hpp"
#include "core/message.hpp"
#include "core/path.hpp"
#include "fuzz/recorded.hpp"
#include "fuzz/runs.hpp"
#include "guarded.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;
using namespace std::string_view_literals;

namespace {

constexpr std::int64_t kNow = 1774211679;
constexpr std::string_view kSecret = "Hunter2Hunter2";
constexpr std::string_view kPieces[] = {"=()"sv,
                                        "=("sv,
                                        ")"sv,
                                        "'"sv,
                                        "''"sv,
                                        "\""sv,
                                        "\\"sv,
                                        "\0"sv,
                                        "\x1f"sv,
                                        "\n"sv,
                                        "\xFF"sv,
                                        "\xC3"sv,
                                        "\xA9"sv,
                                        "\xED\xA0"sv,
                                        "\xF0\x9F\x98\x80"sv,
                                        "\xE2\x80\x98"sv,
                                        "\xE2\x80\x99"sv,
                                        "a"sv,
                                        "Z9"sv,
                                        "1"sv,
                                        "1234567"sv,
                                        "."sv,
                                        "@"sv,
                                        "@a.b"sv,
                                        "/"sv,
                                        "/user/"sv,
                                        "user/reset/"sv,
                                        "%2F"sv,
                                        "%"sv,
                                        "?"sv,
                                        "#"sv,
                                        ":"sv,
                                        "="sv,
                                        " "sv,
                                        "password"sv,
                                        "token="sv,
                                        "bearer "sv,
                                        "0x"sv,
                                        "-"sv,
                                        "0123456789abcdef0123"sv,
                                        "eyJ.a."sv,
                                        "Stack trace:"sv,
                                        "1.5e9"sv};
constexpr LabelKind kKinds[] = {LabelKind::message, LabelKind::sql, LabelKind::path, LabelKind::string,
                                LabelKind::ip,      LabelKind::uid, LabelKind::list, LabelKind::integer};

SignalSet hostile_signals() {
  SignalDeclaration every, bounded;
  every.type = "fuzz.kinds";
  bounded.type = "fuzz.bounded";
  every.cap = bounded.cap = limits::kEventsPerRequest;
  for (const LabelKind kind : kKinds) every.labels.push_back({std::string(catalogue::name_of(kind)), kind, 0});
  every.labels.push_back({"number", LabelKind::number, 0});
  every.labels.push_back({"boolean", LabelKind::boolean, 0});
  const std::uint16_t bounds[] = {1, 2, 15, 16, 17, 200, 500, 1024, 4096, 65535};
  for (const std::uint16_t chars : bounds) {
    bounded.labels.push_back({"s" + std::to_string(chars), LabelKind::string, chars});
    bounded.labels.push_back({"m" + std::to_string(chars), LabelKind::message, chars});
  }
  return std::move(SignalSet::build({every, bounded})).value();
}

/// A request whose arena lies between two forbidden pages.
class GuardedRequest {
 public:
  GuardedRequest() {
    // An arena takes addresses from the system, which gives it the hole that is left between these pages, or another that is as
    // large; then the next one is tried.
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    for (;;) {
      void* mapped =
          ::mmap(nullptr, limits::kArenaBytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      require_that(mapped != MAP_FAILED && requests_.size() < kHolesMost);
      char* hole = static_cast<char*>(mapped) + page;
      require_that(::munmap(hole, limits::kArenaBytes) == 0);
      requests_.push_back(std::make_unique<Request>());
      if (requests_.back()->arena().room() == hole || !kPagesAround) break;
    }
    request_ = requests_.back().get();
    request_->configure(limits::kEventsPerRequest, 0);
  }

  Request& operator*() { return *request_; }
  Request* operator->() { return request_; }

  /// The next event lies at the arena's beginning, or in its last 32 KiB.
  void place(bool at_end) {
    before_ = at_end ? limits::kArenaBytes - limits::kEventBytes : 0;
    request_->arena().keep(before_);
  }
  std::string_view line() { return request_->arena().lines().substr(before_); }
  /// Ready for the next; without giving pages back, which would cost more than the rest.
  void reset() {
    request_->arena().keep(std::size_t{0} - request_->arena().size());
    request_->reset();
  }

 private:
  static constexpr std::size_t kHolesMost = 64;
#if defined(__SANITIZE_ADDRESS__)
  static constexpr bool kPagesAround = false;  // AddressSanitizer gives out addresses its own way
#else
  static constexpr bool kPagesAround = true;
#endif

  std::vector<std::unique_ptr<Request>> requests_;  // the last one's arena is where it should be
  Request* request_ = nullptr;
  std::size_t before_ = 0;
};

class Recording {
 public:
  Recording() : signals_(hostile_signals()) {
    rules_.uid_key = HmacKey("a key of the site");
    every_ = signals_.find("fuzz.kinds");
    bounded_ = signals_.find("fuzz.bounded");
  }

  // One input in four each; the first two go through all texts of pieces in order, in one label.
  void record(std::uint64_t number) {
    Dice dice(number);
    planted_ = look_often_ = false;
    rules_.anonymize_ip = dice.one_in(2);
    request_.place(number / 4 % 2 == 0);
    const std::uint64_t place = number / 4;
    switch (number % 4) {
      case 0: one_label(every_, place % std::size(kKinds), place / std::size(kKinds), dice); break;
      case 1:
        one_label(bounded_, place % signals_.at(bounded_).labels.size(), place / signals_.at(bounded_).labels.size(), dice);
        break;
      case 2: several_labels(dice.one_in(2) ? every_ : any_signal(dice), dice, 6); break;
      default:
        if (dice.one_in(4)) last_bytes(dice);
        else long_labels(dice.one_in(2) ? every_ : bounded_, dice);
    }
    request_.reset();
  }

  std::string summary() const {
    return std::to_string(kept_) + " events, " + std::to_string(dropped_) + " too long, " + std::to_string(read_back_) +
           " read back";
  }

 private:
  template <typename Give>
  void event(std::uint16_t index, Dice& dice, Give give) {
    const std::int64_t now = dice.one_in(64) ? static_cast<std::int64_t>(dice.next() >> 1) : kNow;
    require_that(request_->admit(signals_, index, now));
    EventWriter event(*request_, signals_.at(index), index, rules_, uuids_, now);
    require_that(event.ok());
    give(event);
    const bool kept = event.finish();
    const std::string_view line = request_.line();
    if (!kept) {
      ++dropped_;
      require_that(line.empty() && request_->pending_events() == 0);
      return;
    }
    ++kept_;
    require_that(line.size() <= limits::kEventBytes && line.size() > 4 && line.substr(line.size() - 3) == "}}\n");
    require_that(!planted_ || line.find(kSecret) == std::string_view::npos);
    if (!dice.one_in(look_often_ ? 8 : 64)) return;
    ++read_back_;
    check_recorded_line(line.substr(0, line.size() - 1), signals_, now);
  }

  // One of the catalogue's that a site may record.
  std::uint16_t any_signal(Dice& dice) const {
    const auto index = static_cast<std::uint16_t>(dice.below(signals_.size()));
    return signals_.at(index).cap != 0 ? index : every_;
  }

  void one_label(std::uint16_t index, std::size_t label, std::uint64_t text, Dice& dice) {
    text_.clear();
    append_enumerated(text_, text, kPieces);
    const Label& known = signals_.at(index).labels[label];
    event(index, dice, [&](EventWriter& event) {
      const Label* found = event.label(known.name());
      require_that(found == &known);
      if (known.kind != LabelKind::list) return event.text(known, shown());
      event.open_list(known);
      for (int i = 0; i < 3; ++i) event.item(shown());
      event.close_list();
    });
  }

  void several_labels(std::uint16_t index, Dice& dice, std::size_t most) {
    event(index, dice, [&](EventWriter& event) {
      // Once each, as the keys of an array come.
      std::uint64_t given = 0;
      const auto& labels = signals_.at(index).labels;
      for (std::size_t left = 1 + dice.below(most); left > 0; --left) {
        const std::size_t place = labels.empty() ? 0 : dice.below(labels.size());
        if (labels.empty() || dice.one_in(16)) {
          random_text(dice, 3);
          if (event.label(shown()) != nullptr) std::abort();  // no name of ours has such pieces
          continue;
        }
        if ((given >> place & 1) != 0) continue;
        given |= std::uint64_t{1} << place;
        give(event, *event.label(labels[place].name()), dice);
      }
    });
  }

  void give(EventWriter& event, const Label& label, Dice& dice) {
    switch (dice.below(10)) {
      case 0: return event.integer(label, static_cast<std::int64_t>(dice.next()));
      case 1: {
        const std::uint64_t bits = dice.next();
        double value = 0;
        std::memcpy(&value, &bits, sizeof value);
        return event.number(label, dice.one_in(2) ? value : static_cast<double>(bits % 100'000));
      }
      case 2: return event.boolean(label, dice.one_in(2));
      case 3: return event.null(label);
      default: break;
    }
    if (label.kind == LabelKind::list) {
      event.open_list(label);
      for (std::size_t items = item_count(dice); items > 0; --items) {
        random_text(dice, 3);
        const std::size_t what = dice.below(8);
        if (what == 0) event.skip_item();
        else if (what == 1 ? !event.item(static_cast<std::int64_t>(dice.next())) : !event.item(shown())) break;
      }
      return event.close_list();
    }
    random_text(dice, 8);
    if (label.kind == LabelKind::message && dice.one_in(4)) {
      text_.append(" token=").append(kSecret).append(" ");
      planted_ = true;
    }
    event.text(label, shown());
  }

  std::size_t item_count(Dice& dice) {
    if (!dice.one_in(16)) return dice.below(4);
    look_often_ = true;
    return limits::kListItems - 1 + dice.below(24);  // some are passed over
  }

  void random_text(Dice& dice, std::size_t most) {
    text_.clear();
    for (std::size_t left = dice.below(most + 1); left > 0; --left) text_.append(kPieces[dice.below(std::size(kPieces))]);
  }

  // A text as long as a bound, or one byte to either side of it; once in a while as many of them as make a line too long.
  void long_labels(std::uint16_t index, Dice& dice) {
    if (!dice.one_in(8)) return several_labels(index, dice, 12);
    const auto& labels = signals_.at(index).labels;
    const bool many = dice.one_in(8);
    event(index, dice, [&](EventWriter& event) {
      for (const Label& label : labels) {
        if (!many && !dice.one_in(labels.size())) continue;
        static constexpr std::size_t kBounds[] = {
            15, 16, 17, 32, 64, limits::kUserAgentChars, limits::kStringBytes, kMessageBytesMax};
        const std::size_t size = kBounds[dice.below(std::size(kBounds))] - 1 + dice.below(3);
        random_text(dice, 3);
        if (text_.empty()) text_ = "x";
        text_.reserve(size + text_.size());
        while (text_.size() < size) text_.append(text_, 0, size - text_.size());
        if (dice.one_in(2)) text_.resize(size);
        event.label(label.name());
        if (label.kind != LabelKind::list) {
          event.text(label, shown());
          continue;
        }
        event.open_list(label);
        for (std::size_t items = dice.below(40); items > 0; --items) event.item(shown());
        event.close_list();
      }
    });
  }

  // A line that is full but for a few bytes before its last label comes.
  void last_bytes(Dice& dice) {
    look_often_ = true;
    const auto& labels = signals_.at(every_).labels;
    const Label& list =
        *std::find_if(labels.begin(), labels.end(), [](const Label& l) { return l.kind == LabelKind::list; });
    const Label& last = labels[dice.below(labels.size())];
    event(every_, dice, [&](EventWriter& event) {
      static const std::string kFull(limits::kStringBytes, 'x');
      // What stands around a label: 160 bytes at most, which the sizes below go through.
      const std::size_t left = limits::kEventBytes - 31 * (kFull.size() + 3) - 200 - dice.below(200);
      event.open_list(list);
      for (int i = 0; i < 31; ++i) event.item(kFull);
      event.item(std::string_view(kFull).substr(0, left));
      event.close_list();
      if (&last == &list) return;
      random_text(dice, 12);
      event.text(last, shown());
    });
  }

  // PHP's strings end where their memory may end: so do these.
  std::string_view shown() {
    const std::string_view text = texts_.copy_last(text_);
    being_looked_at(text);
    return text;
  }

  SignalSet signals_;
  GuardedRequest request_;
  Guarded texts_{64 * 1024};
  LabelRules rules_;
  UuidSource uuids_;
  std::string text_;
  std::uint16_t every_ = 0, bounded_ = 0;
  bool planted_ = false;     // the secret stands in a label that must not show it
  bool look_often_ = false;  // at a bound that is seldom reached
  std::uint64_t kept_ = 0, dropped_ = 0, read_back_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  Recording recording;
  return run_numbered(
      argc, argv, [&](std::uint64_t number) { recording.record(number); }, [&] { return recording.summary(); });
}

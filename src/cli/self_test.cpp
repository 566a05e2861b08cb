// `logystera self-test`: a signal goes the way a site's goes, and its alert is waited for.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "alert/alert.hpp"
#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
#include "cli/interrupt.hpp"
#include "cli/own_server.hpp"
#include "cli/people.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/json_text.hpp"
#include "core/secret.hpp"
#include "core/uuid.hpp"
#include "core/wire.hpp"
#include "processor/raise.hpp"

namespace logystera::cli {
namespace {

// The site it sends as, and the rule its signal is made for: one that looks at a single event, and that no other counts.
constexpr std::string_view kSite = "logystera self-test", kRule = "SIGNAL_RECORDING_CHANGED";
constexpr std::string_view kEntitySetting = "self_test.entity", kUntilSetting = "self_test.until";
constexpr std::int64_t kSilence = 7 * alert::kDay;
constexpr auto kLook = std::chrono::milliseconds(50);

using Clock = std::chrono::steady_clock;

struct Options {
  std::string url = "http://127.0.0.1:8080";
  std::string ca_file;
  long seconds = 30;
};

struct Step {
  std::string name, words;
  long milliseconds = 0;
  bool done = true;
};

Result<ServerAnswer> ask(const Options& options, std::string_view path, const std::vector<std::string>& headers,
                         const std::string* sent) {
  auto answer = ask_server({options.url, options.ca_file, options.seconds}, path, headers, sent);
  if (!answer && answer.error().kind == ErrorKind::not_found)
    return Error{fmt::format("{}: is `logystera serve` running there? --url says where", answer.error().message)};
  return answer;
}

class SelfTest {
 public:
  SelfTest(GatewayStore& gate, const Options& options)
      : store_(*gate.store),
        entities_(*gate.entities),
        options_(options),
        deadline_(Clock::now() + std::chrono::seconds(options.seconds)) {}

  /// Whether all of it went well; what has to be cleaned up is, whatever went wrong.
  bool run() {
    if (!step("server", [this] { return server(); })) return false;
    if (!step("site", [this] { return prepare(); })) return false;
    const bool done = step("send", [this] { return send(); }) && step("finding", [this] { return finding(); }) &&
                      step("alert", [this] { return alert(); });
    return step("clean up", [this] { return clean_up(); }) && done;
  }
  const std::vector<Step>& steps() const noexcept { return steps_; }

 private:
  template <typename Work>
  bool step(std::string_view name, Work work) {
    const auto begun = Clock::now();
    const Result<std::string> done = work();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun).count();
    steps_.push_back({std::string(name), done ? done.value() : done.error().message, static_cast<long>(took), done.ok()});
    return done.ok();
  }

  Result<std::string> server() {
    auto answer = ask(options_, "/health", {}, nullptr);
    if (!answer) return answer.error();
    constexpr long kFine = 200;
    if (answer->status != kFine)
      return Error{fmt::format("it answers {}: {}", answer->status, printable(answer->body.substr(0, 200)))};
    return std::string("it answers, and can read its store");
  }

  // The site is made once. Between two tests it is disabled, so it is neither counted nor missed.
  Result<std::string> prepare() {
    auto transaction = store_.begin();
    if (!transaction) return transaction.error();
    store::Stores& stores = *transaction.value();
    started_ = wall_seconds();
    auto until = stores.settings().find(kUntilSetting);
    if (!until) return until.error();
    if (until.value() && std::strtoll(until.value()->c_str(), nullptr, 10) > started_)
      return Error{"another self-test is running: wait for it"};
    if (auto put = stores.settings().put(kUntilSetting, std::to_string(started_ + 2 * options_.seconds)); !put)
      return put.error();
    auto named = stores.settings().find(kEntitySetting);
    if (!named) return named.error();
    if (named.value() && named.value()->size() > 2) token_ = named.value()->substr(1, named.value()->size() - 2);
    gateway::Entities within = entities_.within(stores.entities());
    std::optional<store::Entity> site;
    if (!token_.empty()) {
      auto found = stores.entities().find(token_);
      if (!found) return found.error();
      if (found.value() && found.value()->revoked_at == 0) site = std::move(found).value();
    }
    if (!site) {
      auto made = within.add(kSite, started_);
      if (!made) return made.error();
      token_ = made->token;
      name_ = kSite;
      if (auto put = stores.settings().put(kEntitySetting, '"' + token_ + '"'); !put) return put.error();
    } else {
      name_ = site->name;
      if (auto enabled = within.set_disabled(token_, false); !enabled) return enabled.error();
    }
    // What one that was killed has left. Findings are dismissed between two tests, and what is dismissed makes no alert.
    if (auto removed = remove_alerts(stores); !removed) return removed.error();
    if (auto shown = stores.findings().undismiss(kRule, name_); !shown) return shown.error();
    store::RuleSwitch silent;
    silent.rule = kRule;
    silent.site = token_;
    silent.state = alert::Switch::snoozed;
    silent.until = started_ + kSilence;
    silent.reason = "a self-test is running";
    silent.by = name_of_command();
    silent.at = started_;
    if (auto set = processor::set_switch(stores, silent, started_); !set) return set.error();
    if (auto done = transaction.value()->commit(); !done) return done.error();
    auto sender = entities_.sender(token_, started_);
    if (!sender) return sender.error();
    secret_ = sender->secret;
    return fmt::format("it sends as {}, and nobody is told", token_);
  }

  Result<std::string> send() {
    UuidSource ids;
    const std::string body =
        fmt::format(R"({{"event_type":"agent.changed","created_at":{0},"timestamp":{0},"event_id":"{1}",)"
                    R"("labels":{{"change_type":"settings","actor_uid":""}}}})",
                    started_, ids.next()) +
        "\n";
    const std::string batch = wire::batch_id(token_, body);
    const std::string signature =
        wire::sign(secret_, {"POST", wire::kIngestPath, token_, started_, batch, "identity", body});
    const auto header = [](std::string_view name, const std::string& value) { return fmt::format("{}: {}", name, value); };
    auto answer = ask(options_, wire::kIngestPath,
                      {header(wire::kEntityHeader, token_), header(wire::kTimestampHeader, std::to_string(started_)),
                       header(wire::kBatchHeader, batch), header(wire::kSignatureHeader, "v1=" + signature),
                       "Content-Type: application/x-ndjson", "Expect:"},
                      &body);
    if (!answer) return answer.error();
    constexpr long kTaken = 202;
    if (answer->status != kTaken)
      return Error{fmt::format(
          "it answers {}: {}; sites send to the address of --listen where there is one, and the database named here "
          "has to be the server's",
          answer->status, printable(answer->body.substr(0, 200)))};
    if (!wire::carries(answer->ack, wire::acknowledge(secret_, static_cast<int>(answer->status), batch, answer->body)))
      return Error{"the answer's acknowledgement does not hold: something between here and the server changes answers"};
    return std::string("stored and acknowledged");
  }

  /// Asks until it is so, or the time is over.
  template <typename Ask>
  Result<std::string> wait_for(Ask asked, std::string_view else_words) {
    for (;;) {
      auto found = asked();
      if (!found) return found.error();
      if (found.value()) return *found.value();
      if (interrupted()) return Error{"interrupted"};
      if (Clock::now() >= deadline_) return Error{fmt::format("none within {} s: {}", options_.seconds, else_words)};
      std::this_thread::sleep_for(kLook);
    }
  }

  Result<std::string> finding() {
    store::FindingFilter filter;
    filter.site = token_;
    filter.rule = kRule;
    filter.since = started_;
    return wait_for(
        [&]() -> Result<std::optional<std::string>> {
          auto page = store_.reading().findings().page(filter, {.limit = 1});
          if (!page) return page.error();
          if (page->rows.empty()) return std::optional<std::string>();
          return std::optional<std::string>(fmt::format("{} has found it", kRule));
        },
        "detection may be off (--no-detect), stand still or be far behind; the server's log and the page Overview say "
        "which");
  }

  Result<std::string> alert() {
    return wait_for(
        [&]() -> Result<std::optional<std::string>> {
          auto open = store_.reading().alerts().open_of(kRule, token_, 1);
          if (!open) return open.error();
          if (open->empty()) return std::optional<std::string>();
          return std::optional<std::string>(fmt::format("alert {} opened", open->front().id));
        },
        fmt::format("{} may be muted or disabled; 'logystera alerts' and the page Rules say so", kRule));
  }

  Result<Done> remove_alerts(store::Stores& stores) {
    for (;;) {
      store::AlertFilter filter;
      filter.site = token_;
      auto page = stores.alerts().page(filter, {.limit = 100});
      if (!page) return page.error();
      if (page->rows.empty()) return Done{};
      for (const alert::Alert& one : page->rows)
        if (auto removed = stores.alerts().remove(one.id); !removed) return removed.error();
    }
  }

  Result<std::string> clean_up() {
    auto transaction = store_.begin();
    if (!transaction) return transaction.error();
    store::Stores& stores = *transaction.value();
    const std::int64_t now = wall_seconds();
    if (auto disabled = entities_.within(stores.entities()).set_disabled(token_, true); !disabled) return disabled.error();
    if (auto removed = remove_alerts(stores); !removed) return removed.error();
    if (auto gone = stores.alerts().remove_switch(kRule, token_); !gone) return gone.error();
    if (auto hidden = stores.findings().dismiss({std::string(kRule), name_, "self-tests", now}); !hidden)
      return hidden.error();
    if (auto over = stores.settings().remove(kUntilSetting); !over) return over.error();
    if (auto done = transaction.value()->commit(); !done) return done.error();
    return std::string("no alert is left");
  }

  store::Store& store_;
  gateway::Entities& entities_;
  const Options& options_;
  const Clock::time_point deadline_;
  std::int64_t started_ = 0;
  std::string token_, name_, secret_;
  std::vector<Step> steps_;
};

void print(const std::vector<Step>& steps, bool well, bool json) {
  if (json) {
    JsonText text;
    text.begin_object().member("ok", well).key("steps").begin_array();
    for (const Step& one : steps) {
      text.begin_object().member("step", one.name).member("ok", one.done).number("milliseconds", one.milliseconds);
      text.member("words", one.words).end_object();
    }
    text.end_array().end_object();
    fmt::print("{}\n", text.text());
    return;
  }
  long all = 0;
  for (const Step& one : steps) {
    all += one.milliseconds;
    fmt::print("{:<9} {:<6} {:>6} ms  {}\n", one.name, one.done ? "ok" : "FAILED", one.milliseconds, printable(one.words));
  }
  if (well) fmt::print("A site's signal becomes an alert ({} ms in all).\n", all);
}

int run(const Globals& globals, const Options& options) {
  (void)interrupted();
  auto gate = open_gateway_store(globals, store::Access::existing);
  if (!gate) return fail("self-test", gate.error());
  SelfTest test(gate.value(), options);
  const bool well = test.run();
  print(test.steps(), well, globals.json);
  if (well) return kExitDone;
  const auto failed = std::find_if(test.steps().begin(), test.steps().end(), [](const Step& one) { return !one.done; });
  return fail("self-test",
              Error{fmt::format("{}: step '{}': {}", without_url_secrets(options.url), failed->name, failed->words)});
}

}  // namespace

void add_self_test(Program program) {
  auto* test =
      program.app.add_subcommand("self-test", "Send a running server a signal as a site would, and wait for its alert");
  auto options = std::make_shared<Options>();
  test->add_option("--url", options->url, "Where sites send")->capture_default_str();
  test->add_option("--timeout", options->seconds, "Seconds it may take")
      ->capture_default_str()
      ->check(Check::range(1, 3600));
  test->add_option("--ca-file", options->ca_file, "PEM certificates to trust instead of the system's");
  add_json(*test, program.globals, "One JSON object");
  add_store(*test, program.globals);
  add_key_file(*test, program.globals);
  test->footer(
      "Examples:\n"
      "  logystera self-test\n"
      "  logystera self-test --url https://logs.example.org --timeout 60 --json\n\n"
      "Runs beside the server, with its database and key. A site of its own ('logystera self-test', disabled between two\n"
      "tests) sends one signed signal; detection has to find it and open an alert, of which nobody is told. Then the alert "
      "is\n"
      "removed and the finding dismissed. Exit codes: 0 all of it worked; 2 a step failed, and which.");
  test->callback([program, options] { program.exit_code = run(program.globals, *options); });
}

}  // namespace logystera::cli

// Explanations of alerts, findings and errors by a model: as a page of its own, or as text that comes piece by piece for a script.
//
// They are asked for by a form, so nobody else's page can have them made, by analysts, at most six at once and two a minute on average
// each. The model gets redacted text alone (assist/redacted.hpp), and its answer is shown as text.
#include <fmt/core.h>

#include <charconv>
#include <memory>
#include <set>

#include "alert/gateway.hpp"
#include "assist/assistant.hpp"
#include "assist/curl_http.hpp"
#include "core/printable.hpp"
#include "core/random.hpp"
#include "dashboard/alert_words.hpp"
#include "dashboard/event_view.hpp"
#include "dashboard/pages.hpp"
#include "dashboard/rule_book.hpp"
#include "server/stream.hpp"
#include "web/headers.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr double kAsked = 6, kAskedPerMinute = 2;
constexpr std::size_t kWaiting = 8, kSecretBytes = 32;
constexpr std::size_t kSignals = 20;  // of an alert

using Asked = std::shared_ptr<assist::Assistant>;

redact::Options redaction_of(const analysis::Program& program) {
  redact::Options options = program.pipeline().redaction();
  if (options.mode == redact::Mode::dry_run)
    options.mode = redact::Mode::redact;  // what is on the screen may be seen, what leaves may not
  return options;
}

bool wants_text(const Request& request) { return request.header("Accept").value_or("") == "text/plain"; }

Answer refused(const Context& context, const Request& request, int status, std::string_view title,
               const std::string& words) {
  if (!wants_text(request)) return context.shell.problem(request, status, title, words);
  Answer answer;
  answer.status = status;
  answer.content_type = "text/plain; charset=utf-8";
  answer.body = words;
  web::forbid_sniffing(answer);
  return answer;
}

// What stands behind an answer.
std::string ending_of(const Result<assist::Answered>& answered) {
  if (!answered) return "\n\nNo further answer: " + printable(answered.error().message) + ".";
  std::string text;
  for (const std::string& note : answered->notes) text += "\n\nNote: " + printable(note) + ".";
  return text;
}

Answer streamed(const Context& context, const Asked& asked, const assist::Prompt& prompt,
                const std::shared_ptr<std::function<bool()>>& stopped) {
  Answer answer;
  answer.content_type = "text/plain; charset=utf-8";
  answer.headers.emplace_back("Cache-Control", "no-store");
  answer.headers.emplace_back("X-Accel-Buffering", "no");  // a proxy in front would keep it until its end
  web::forbid_sniffing(answer);
  // What is written is sent once `start` is back, so the model is asked by a job of its own.
  answer.streamed.start = [workers = context.options.explainer->workers, asked, prompt,
                           stopped](const std::shared_ptr<server::Sink>& sink) {
    const auto ask = [asked, prompt, stopped, sink] {
      const auto before = *stopped;
      *stopped = [before, sink] { return before() || !sink->open(); };
      auto answered = asked->answer(prompt, [&](std::string_view text) { (void)sink->write(text); });
      *stopped = before;  // which lets go of the sink
      (void)sink->write(ending_of(answered));
      sink->end();
    };
    if (workers->submit(ask)) return;
    (void)sink->write("Too many explanations are being made: ask again later.");
    sink->end();
  };
  return answer;
}

Answer page_of(const Context& context, const Request& request, const Asked& asked, const assist::Prompt& prompt,
               const std::string& what, const std::string& back, std::string_view section) {
  std::string text;
  auto answered = asked->answer(prompt, [&](std::string_view piece) { text += piece; });
  View view;
  view.text("answer", text).text("back", back).text("what", what).text("model", assist::model_and_place(asked->provider()));
  view.text("trouble", answered ? std::string() : answered.error().message);
  view.text("passages", answered && answered->passages > 0 ? std::to_string(answered->passages) : std::string());
  web::add_texts(view, "notes", answered ? answered->notes : std::vector<std::string>());
  return context.page(request, "explain", "Explanation", section, std::move(view));
}

using Make = std::function<Result<assist::Prompt>(const assist::Redaction& redaction)>;

// Lets in, asks, answers.
Result<Answer> explain(const Context& context, const Request& request, const Make& make, std::string_view action,
                       const std::string& object, const std::string& what, const std::string& back,
                       std::string_view section) {
  const Explainer& explainer = *context.options.explainer;
  if (const auto wait = explainer.limit->take(request.principal->name + "/" + std::to_string(request.principal->user))) {
    Answer answer = refused(context, request, 429, "Too many explanations",
                            fmt::format("Explanations take a model's time: ask again in {} seconds.", *wait));
    answer.headers.emplace_back("Retry-After", std::to_string(*wait));
    return answer;
  }
  auto program = context.program.get();
  if (!program) return program.error();
  const auto stopped = std::make_shared<std::function<bool()>>([stop = request.stopping] { return stop.stop_requested(); });
  auto assistant = assist::Assistant::make(explainer.settings, redaction_of(*program.value()), *explainer.http,
                                           [stopped] { return (*stopped)(); });
  if (!assistant) return refused(context, request, 503, "The model cannot be asked", assistant.error().message + ".");
  const Asked asked = std::move(assistant).value();
  auto prompt = make(asked->redaction());
  if (!prompt) return prompt.error();
  auto noted = context.change(
      request, [](store::Stores&) -> Result<Done> { return Done{}; }, action, object, "",
      assist::model_and_place(asked->provider()));
  if (!noted) return noted.error();
  if (wants_text(request)) return streamed(context, asked, prompt.value(), stopped);
  return page_of(context, request, asked, prompt.value(), what, back, section);
}

Result<Answer> explain_finding(const Context& context, const Request& request) {
  const std::string_view text = request.parameter("id");
  std::int64_t id = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (bad != std::errc() || end != text.data() + text.size()) return context.not_found(request, "finding");
  auto found = context.reading().findings().get(id, query::sites_of(*request.principal));
  if (!found) return found.error();
  if (!found.value()) return context.not_found(request, "finding");
  const store::Finding& finding = *found.value();
  const auto program = context.program.get();
  const detect::Rule* rule = program ? program.value()->rules().find(finding.rule) : nullptr;
  const std::string description = rule ? as_written(*rule).description : std::string();
  return explain(
      context, request,
      [&](const assist::Redaction& redaction) {
        return assist::explain_finding(context.reading(), redaction, finding, description);
      },
      "finding.explain", std::to_string(id), finding.title.empty() ? finding.rule : finding.title,
      fmt::format("/findings/{}", id), "/findings");
}

// "module=views, is_syncing=false": of what the signal says, what the catalogue calls nobody's.
std::string labels_of(const query::Signal& signal) {
  std::string text;
  for (const query::SignalLabel& label : signal.labels)
    if (label.spec && label.spec->privacy == "none") text += (text.empty() ? "" : ", ") + label.name + "=" + label.text;
  return text;
}

// The signals its newest findings keep for evidence, in the order they came.
Result<std::vector<assist::SeenSignal>> signals_of(const Context& context, const alert::Alert& alert,
                                                   const store::SiteScope& sites) {
  std::vector<assist::SeenSignal> signals;
  if (alert.site.empty()) return signals;
  auto numbers = context.reading().alerts().findings_of(alert.id);
  if (!numbers) return numbers.error();
  std::set<std::uint64_t> sequences;
  for (std::size_t i = numbers->size(); i-- > 0 && sequences.size() < kSignals;) {
    auto finding = context.reading().findings().get(numbers.value()[i], sites);
    if (!finding) return finding.error();
    if (finding.value()) sequences.insert(finding.value()->evidence.begin(), finding.value()->evidence.end());
  }
  while (sequences.size() > kSignals) sequences.erase(sequences.begin());
  for (const std::uint64_t sequence : sequences) {
    auto event = event_numbered(context.reading(), alert.site, sequence);
    if (!event) return event.error();
    if (!event.value()) continue;
    const query::Signal signal = query::signal_of(*std::move(event).value(), &context.pseudonyms);
    signals.push_back({signal.event.created_at, signal.event.type, signal.spec ? std::string(signal.spec->summary) : "",
                       labels_of(signal)});
  }
  return signals;
}

assist::AlertWords words_of(const Context& context, const std::string& id) {
  if (const alert::GatewayRule* const own = alert::gateway_rule(id))
    return {fmt::format("{} {}", own->what, own->why), std::string(own->harmless)};
  const auto program = context.program.get();
  const detect::Rule* const loaded = program ? program.value()->rules().find(id) : nullptr;
  if (!loaded) return {};
  const detect::Rule& rule = as_written(*loaded);
  if (!rule.alert || rule.alert->what.empty()) return {rule.description, ""};
  return {fmt::format("{} {}", rule.alert->what, rule.alert->why), rule.alert->harmless};
}

Result<Answer> explain_alert(const Context& context, const Request& request) {
  auto found = alert_named(context, request);
  if (!found) return found.error();
  if (!found.value()) return context.not_found(request, "alert");
  const alert::Alert& alert = *found.value();
  return explain(
      context, request,
      [&](const assist::Redaction& redaction) -> Result<assist::Prompt> {
        const store::SiteScope sites = query::sites_of(*request.principal);
        auto signals = signals_of(context, alert, sites);
        if (!signals) return signals.error();
        return assist::explain_alert(context.reading(), redaction, alert, words_of(context, alert.rule), signals.value(),
                                     sites);
      },
      "alert.explain", std::to_string(alert.id), alert.title.empty() ? alert.rule : alert.title, path_of(alert), "/alerts");
}

Result<Answer> explain_error(const Context& context, const Request& request) {
  if (query::sites_of(*request.principal)) return context.not_found(request, "error");
  auto found = context.reading().errors().find(request.parameter("fingerprint"));
  if (!found) return found.error();
  if (!found.value()) return context.not_found(request, "error");
  const store::ErrorGroup& group = *found.value();
  return explain(
      context, request,
      [&](const assist::Redaction& redaction) { return assist::explain_error(context.reading(), redaction, group); },
      "error.explain", group.fingerprint, group.pattern, "/errors/" + web::percent_encoded(group.fingerprint), "/errors");
}

}  // namespace

Result<std::shared_ptr<const Explainer>> Explainer::make(assist::Settings settings) {
  return make(std::move(settings), assist::curl_http());
}

Result<std::shared_ptr<const Explainer>> Explainer::make(assist::Settings settings, std::shared_ptr<assist::Http> http) {
  const auto place = assist::place_of(settings);
  if (!place) return place.error();
  auto secret = random_text(kSecretBytes);
  if (!secret) return secret.error();
  auto made = std::make_shared<Explainer>();
  const std::string model = settings.model_name();
  made->words = fmt::format("{} of {} at {}", model.empty() ? "no model" : model, assist::provider_name(settings.provider),
                            place->host);
  made->settings = std::move(settings);
  made->http = std::move(http);
  server::Workers::Options threads;
  threads.threads = kThreads;
  threads.waiting = kWaiting;
  threads.gives_way = true;
  made->workers = std::make_shared<server::Workers>(threads);
  made->limit = std::make_shared<web::AttemptLimit>(web::AttemptLimit::Rate{kAsked, kAskedPerMinute}, secret.value());
  return std::shared_ptr<const Explainer>(std::move(made));
}

void add_explaining(web::View& view, const Context& context, const Request& request, const std::string& action) {
  const auto& explainer = context.options.explainer;
  const bool may = explainer && request.principal->may(web::Role::analyst);
  view.flag("may_explain", may).text("explain_action", action);
  view.text("explain_model", may ? explainer->words : std::string());
}

void add_explanations(const Context& context, Routes& routes) {
  if (!context.options.explainer) return;
  const auto add = [&](const char* path, Result<Answer> (*handle)(const Context&, const Request&)) {
    server::Route route = context.post(
        path, [&context, handle](const Request& request, const Form&) { return handle(context, request); }, "analyst");
    route.workers = context.options.explainer->workers;
    routes.push_back(std::move(route));
  };
  add("/alerts/{id}/explain", explain_alert);
  add("/findings/{id}/explain", explain_finding);
  add("/errors/{fingerprint}/explain", explain_error);
}

}  // namespace logystera::dashboard

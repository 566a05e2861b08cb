// `logystera llm`: what a model makes of what was stored, and what it is asked.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>

#include "analysis/tracking.hpp"
#include "assist/index.hpp"
#include "cli/analysis.hpp"
#include "cli/assistant.hpp"
#include "cli/command.hpp"
#include "cli/history.hpp"
#include "cli/span.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/json_text.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kModelsListed = 100;

struct Options {
  std::string what, question, since = "24h";
  bool show_prompt = false;
};

// The lines of a text, each as a terminal may show it.
std::string lines_printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out += printable(text.substr(0, end)) + "\n";
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

/// What each of the commands works with.
struct Ready {
  Analysis analysis;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<assist::Assistant> assistant;
};

Result<Ready> ready(std::string_view command, const Globals& globals, bool rules,
                    store::Access access = store::Access::look) {
  AnalysisOptions wanted;
  wanted.no_rules = !rules;
  auto analysis = prepare(command, globals, wanted);
  if (!analysis) return analysis.error();
  auto assistant = make_assistant(command, analysis->config, *analysis->program);
  if (!assistant) return assistant.error();
  auto store = analysis::open_tracked(analysis->store_url, access);
  if (!store) return store_failure(store.error());
  return Ready{std::move(analysis).value(), std::move(store).value(), std::move(assistant).value()};
}

int answer(std::string_view command, const Globals& globals, const Options& options, Ready& ready,
           const Result<assist::Prompt>& prompt) {
  if (!prompt) return fail(command, prompt.error());
  if (options.show_prompt) {
    auto messages = ready.assistant->provider().checked(prompt.value());
    if (!messages) return fail(command, messages.error());
    fmt::print("{}\n{}", lines_printable(messages->system()), lines_printable(messages->user()));
    return kExitDone;
  }
  auto printed = print_answer(command, *ready.assistant, prompt.value(), globals.json);
  return printed ? kExitDone : fail(command, printed.error());
}

int info(const Globals& globals, const Options&) {
  AnalysisOptions wanted;
  wanted.no_rules = true;
  auto analysis = prepare("llm info", globals, wanted);
  if (!analysis) return fail("llm info", analysis.error());
  auto made = make_assistant("llm info", analysis->config, *analysis->program);
  if (!made) return fail("llm info", made.error());
  assist::Provider& provider = made.value()->provider();
  const assist::Settings& settings = provider.settings();
  auto models = provider.models();
  const std::string model = settings.model_name();
  const bool there = models && std::find(models->begin(), models->end(), model) != models->end();
  if (globals.json) {
    JsonText json(JsonText::Reader::terminal);
    json.begin_object().member("provider", assist::provider_name(settings.provider)).member("endpoint", settings.base());
    json.member("model", model).member("embedding_model", settings.embedding_model);
    json.member("local", provider.place().loopback).member("reachable", models.ok()).member("model_available", there);
    json.key("models").begin_array();
    if (models)
      for (const std::string& name : models.value()) json.string(name);
    json.end_array().end_object();
    fmt::print("{}\n", json.text());
    return models ? kExitDone : fail("llm info", models.error());
  }
  fmt::print(
      "Provider        : {}\nEndpoint        : {} ({})\nModel           : {}\nEmbedding model : {}\nContext         : {} "
      "tokens\n",
      assist::provider_name(settings.provider), printable(settings.base()),
      provider.place().loopback ? "this machine" : "redacted text leaves this machine",
      model.empty() ? "none: set llm.model" : printable(model),
      provider.embeds()                                   ? printable(settings.embedding_model)
      : settings.provider == assist::ProviderKind::claude ? "none: this provider has none, words alone are looked up"
                                                          : "none: words alone are looked up",
      settings.max_context_tokens);
  if (!models) return fail("llm info", models.error());
  fmt::print("Reachable       : yes, {} models\n", models->size());
  for (std::size_t i = 0; i < std::min(models->size(), kModelsListed); ++i)
    fmt::print("  {} {}\n", models.value()[i] == model ? '*' : ' ', printable(models.value()[i]));
  if (models->size() > kModelsListed) fmt::print("  … and {} more\n", models->size() - kModelsListed);
  if (!model.empty() && !there) fmt::print("{} is not among them.\n", printable(model));
  return kExitDone;
}

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (bad != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Without the signals that led to it: what stands for people in those is the server's to say.
Result<assist::Prompt> explained_alert(Ready& ready, std::string_view number) {
  const auto id = number_in(number);
  auto alert = id ? ready.store->alerts().get(*id) : Result<std::optional<alert::Alert>>(std::nullopt);
  if (!alert) return alert.error();
  if (!alert.value())
    return Error{fmt::format("there is no alert {}: 'logystera alerts list --state all' lists what there is", number),
                 ErrorKind::not_found};
  return assist::explain_alert(*ready.store, ready.assistant->redaction(), *alert.value(),
                               alert_words(*ready.analysis.program, alert.value()->rule), {});
}

// An alert ("alert:12"), an error by its fingerprint, a finding by its number, or the newest finding of a rule.
Result<assist::Prompt> explained(Ready& ready, const std::string& what) {
  constexpr std::string_view kAlert = "alert:";
  if (what.starts_with(kAlert)) return explained_alert(ready, std::string_view(what).substr(kAlert.size()));
  const assist::Redaction& redaction = ready.assistant->redaction();
  auto group = ready.store->errors().find(what);
  if (!group) return group.error();
  if (group.value()) return assist::explain_error(*ready.store, redaction, *group.value());
  std::optional<store::Finding> finding;
  if (const auto id = number_in(what)) {
    auto found = ready.store->findings().get(*id);
    if (!found) return found.error();
    finding = std::move(found).value();
  }
  if (!finding) {
    store::FindingQuery query;
    query.rule = what;
    query.limit = 1;
    auto newest = ready.store->findings().list(query);
    if (!newest) return newest.error();
    if (!newest->empty()) finding = std::move(newest->front());
  }
  if (!finding)
    return Error{
        fmt::format(
            "there is no error, finding or rule {}: 'logystera errors list' and 'logystera findings list' list what "
            "there is",
            what),
        ErrorKind::not_found};
  return assist::explain_finding(*ready.store, redaction, *finding,
                                 rule_description(*ready.analysis.program, finding->rule));
}

int explain(const Globals& globals, const Options& options) {
  auto made = ready("llm explain", globals, true);
  if (!made) return fail("llm explain", made.error());
  return answer("llm explain", globals, options, made.value(), explained(made.value(), options.what));
}

int summarize(const Globals& globals, const Options& options) {
  auto since = parse_since("--since", options.since, wall_seconds());
  if (!since) return fail("llm summarize", since.error());
  auto made = ready("llm summarize", globals, false);
  if (!made) return fail("llm summarize", made.error());
  return answer("llm summarize", globals, options, made.value(),
                assist::summarize(*made->store, made->assistant->redaction(), since.value(), wall_seconds()));
}

int ask(const Globals& globals, const Options& options) {
  if (options.question.find_first_not_of(" \t\n") == std::string::npos)
    return fail("llm ask", Error{"the question is empty", ErrorKind::invalid});
  auto made = ready("llm ask", globals, false);
  if (!made) return fail("llm ask", made.error());
  const auto note = [](const Error& error) {
    fmt::print(stderr, "logystera llm ask: passages are looked up by words alone: {}\n", printable(error.message));
  };
  return answer(
      "llm ask", globals, options, made.value(),
      assist::ask(*made->store, made->assistant->redaction(), options.show_prompt ? nullptr : &made->assistant->provider(),
                  options.question, wall_seconds(), note));
}

int index(const Globals& globals, const Options&) {
  auto made = ready("llm index", globals, false, store::Access::create);
  if (!made) return fail("llm index", made.error());
  const bool shown = ::isatty(STDERR_FILENO) == 1;
  auto indexed = assist::make_index(*made->store, made->assistant->redaction(), &made->assistant->provider(),
                                    [shown](std::uint64_t count, std::uint64_t of) {
                                      if (shown)
                                        fmt::print(stderr, "\r{} of {} vectors{}", count, of, count == of ? "\n" : "");
                                    });
  if (!indexed) return fail("llm index", indexed.error());
  if (globals.json) {
    JsonText json;
    json.begin_object().count("passages", indexed->passages.stored).count("changed", indexed->passages.changed);
    json.count("removed", indexed->passages.removed).count("vectors", indexed->vectors).end_object();
    fmt::print("{}\n", json.text());
    return kExitDone;
  }
  if (indexed->passages.stored == 0) {
    fmt::print("Nothing is stored that could be indexed: 'logystera scan --track-errors' stores findings and errors.\n");
    return kExitDone;
  }
  fmt::print("{} passages: {} new or changed, {} removed.\n", grouped(indexed->passages.stored),
             grouped(indexed->passages.changed), grouped(indexed->passages.removed));
  if (made->assistant->provider().embeds()) fmt::print("{} vectors made.\n", grouped(indexed->vectors));
  else fmt::print("Without vectors: questions find passages by their words (llm.embedding_model adds vectors).\n");
  return kExitDone;
}

}  // namespace

void add_llm(Program program) {
  auto* llm = program.app.add_subcommand("llm", "Ask a model about what was found; it gets redacted text alone");
  llm->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* help, int (*run)(const Globals&, const Options&)) {
    auto* sub = llm->add_subcommand(name, help);
    add_json(*sub, program.globals, "One JSON object");
    add_store(*sub, program.globals);
    sub->callback([program, options, run] { program.exit_code = run(program.globals, *options); });
    return sub;
  };
  command("info", "Say which provider is asked, whether it answers, and which models it has", info);
  const auto asks = [&options](Command* sub) {
    sub->add_flag("--show-prompt", options->show_prompt, "Print what the model would be sent, and send nothing");
    return sub;
  };
  asks(command("explain", "Explain an error, a finding, or an alert", explain))
      ->add_option("FINGERPRINT", options->what,
                   "An error's fingerprint, a finding's number, a rule (its newest finding), or alert:NUMBER")
      ->required();
  asks(command("summarize", "Summarize what was found", summarize))
      ->add_option("--since", options->since, "How far back: 24h, 7d, 2w")
      ->capture_default_str();
  asks(command("ask", "Answer a question from what is stored; 'llm index' comes first", ask))
      ->add_option("QUESTION", options->question, "The question, in quotes")
      ->required();
  command("index", "Index findings and errors for 'llm ask'; again whenever there are new ones", index);
  llm->footer(
      "Examples:\n"
      "  logystera llm info\n"
      "  logystera llm explain 3f2a9c\n"
      "  logystera llm explain alert:12\n"
      "  logystera llm summarize --since 7d\n"
      "  logystera llm index && logystera llm ask 'Which rule fired most in the past week?'\n\n"
      "The provider is 'ollama' on this machine unless section llm of the configuration says otherwise; the key of "
      "'claude' and\n"
      "'openai' is taken from $LLM_API_KEY. Text is redacted before it is sent, and what is sent is looked at once more. "
      "The model\n"
      "has no tools, and nothing acts on what it says. docs/assistant.md says what leaves the machine.");
}

}  // namespace logystera::cli

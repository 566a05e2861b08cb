#include "assist/provider.hpp"

#include <deque>
#include <set>

#include "assist/index.hpp"
#include "assist/json.hpp"
#include "assist/questions.hpp"
#include "assist_texts.hpp"
#include "core/clock.hpp"
#include "scratch.hpp"

using namespace logystera;
using namespace logystera::assist;
using namespace logystera::testing;

namespace {

struct Planned {
  int status = 200;
  std::string body;
  std::string retry_after = {};
};

/// Answers as planned, then as a provider of that kind would, and remembers what it was sent.
class Capture final : public Http {
 public:
  explicit Capture(ProviderKind kind) : kind_(kind) {}

  Result<HttpReply> send(const Call& call, const std::function<bool(std::string_view)>& take, const Stopped&) override {
    urls.push_back(call.url);
    headers = call.headers;
    if (call.body) bodies.push_back(call.body->text());
    HttpReply reply;
    if (!planned.empty()) {
      const Planned next = planned.front();
      planned.pop_front();
      if (next.status == 0) return Error{"no connection", ErrorKind::busy};
      reply.status = next.status;
      reply.retry_after = next.retry_after;
      if (next.status != 200) reply.body = next.body;
      else if (!take(next.body)) return Error{"ended", ErrorKind::denied};
      return reply;
    }
    reply.status = 200;
    if (!take(usual(call))) return Error{"ended", ErrorKind::denied};
    return reply;
  }

  std::vector<std::string> urls, bodies;
  std::vector<std::pair<std::string, std::string>> headers;
  std::deque<Planned> planned;

 private:
  std::string usual(const Call& call) const {
    if (!call.body) return R"({"models":[{"name":"b"},{"name":"a"}],"data":[{"id":"b"},{"id":"a"}]})";
    if (call.url.find("embed") != std::string::npos) {
      const auto document = object_of(call.body->text());
      std::string list;
      for (rapidjson::SizeType i = 0; i < document["input"].Size(); ++i) {
        const std::string vector = fmt::format("[{},1,0]", 3 + i);
        list += (i ? "," : "") +
                (kind_ == ProviderKind::ollama ? vector : fmt::format(R"({{"index":{},"embedding":{}}})", i, vector));
      }
      return (kind_ == ProviderKind::ollama ? R"({"embeddings":[)" : R"({"data":[)") + list + "]}";
    }
    switch (kind_) {
      case ProviderKind::ollama:
        return "{\"message\":{\"content\":\"Because [1].\"},\"done\":true,\"done_reason\":\"stop\"}\n";
      case ProviderKind::claude:
        return "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"Because [1].\"}}\n\n"
               "data: {\"type\":\"message_stop\"}\n\n";
      case ProviderKind::openai: break;
    }
    return "data: {\"choices\":[{\"delta\":{\"content\":\"Because [1].\"}}]}\n\ndata: [DONE]\n\n";
  }

  ProviderKind kind_;
};

constexpr ProviderKind kKinds[] = {ProviderKind::ollama, ProviderKind::claude, ProviderKind::openai};

Settings settings_of(ProviderKind kind) {
  Settings settings;
  settings.provider = kind;
  settings.provider_named = true;
  settings.model = "a";
  settings.api_key = kind == ProviderKind::ollama ? "" : "sk-test-key-of-nobody";
  settings.embedding_model = "e";
  return settings;
}

struct Ready {
  explicit Ready(ProviderKind kind, Settings settings, const Redaction& redaction = redaction_of())
      : http(kind),
        provider(Provider::make(std::move(settings),
                                {http, redaction, Wall(redaction.options(), rules_before()), [] { return false; },
                                 [this](std::chrono::milliseconds time) {
                                   waited.push_back(time);
                                   return !interrupted;
                                 }})
                     .value()) {}
  explicit Ready(ProviderKind kind) : Ready(kind, settings_of(kind)) {}

  Result<std::string> ask(const std::string& question = "why?") {
    const Redaction redaction = redaction_of();
    std::string text;
    auto ending = provider.chat(written({"Answer.", {}, redaction(question)}, 8000).value(),
                                [&](std::string_view piece) { text += piece; });
    if (!ending) return ending.error();
    return text;
  }

  std::vector<std::chrono::milliseconds> waited;
  bool interrupted = false;
  Capture http;
  Provider provider;
};

}  // namespace

TEST_CASE("each_provider_lists_models_answers_and_says_who_asks") {
  for (const ProviderKind kind : kKinds) {
    INFO(provider_name(kind));
    Ready ready(kind);
    CHECK(ready.provider.models().value() == std::vector<std::string>{"a", "b"});
    CHECK(ready.ask().value() == "Because [1].");
    const auto body = object_of(ready.http.bodies.back());
    CHECK(text_of(member(body, "model")) == "a");
    CHECK(member(body, "stream")->IsTrue());
    const std::set<std::pair<std::string, std::string>> headers(ready.http.headers.begin(), ready.http.headers.end());
    if (kind == ProviderKind::ollama) {
      CHECK(headers.empty());
      CHECK(ready.http.urls.back() == "http://localhost:11434/api/chat");
      CHECK(member(member(body, "options"), "num_ctx")->GetUint() == 8000);
      CHECK(member(body, "truncate")->IsFalse());
    } else if (kind == ProviderKind::claude) {
      CHECK(headers.contains({"x-api-key", "sk-test-key-of-nobody"}));
      CHECK(headers.contains({"anthropic-version", "2023-06-01"}));
      CHECK(ready.http.urls.back() == "https://api.anthropic.com/v1/messages");
      CHECK(member(body, "max_tokens")->GetUint() == kReplyTokens);
      CHECK_FALSE(text_of(member(body, "system")).empty());
    } else {
      CHECK(headers.contains({"Authorization", "Bearer sk-test-key-of-nobody"}));
      CHECK(ready.http.urls.back() == "https://api.openai.com/v1/chat/completions");
    }
  }
}

TEST_CASE("passing_faults_are_tried_again_and_the_server_says_when") {
  for (const ProviderKind kind : kKinds) {
    Ready ready(kind);
    ready.http.planned = {{529, "{}"}, {429, "{}", "7"}, {0, ""}};
    CHECK(ready.ask().ok());
    REQUIRE(ready.waited.size() == 3);
    CHECK(ready.waited[1] == std::chrono::seconds(7));
    Ready never(kind);
    never.http.planned = {{503, "{}"}, {503, "{}"}, {503, "{}"}, {503, "{\"error\":\"busy\"}"}, {503, "{}"}};
    CHECK(never.ask().error().kind == ErrorKind::busy);
    CHECK(never.http.bodies.size() == 4);
    Ready gone(kind);
    gone.interrupted = true;
    gone.http.planned = {{503, "{}"}, {503, "{}"}};
    CHECK(gone.ask().error().message == "interrupted");
  }
}

TEST_CASE("faults_that_do_not_pass_are_said_once_with_their_remedy_and_without_the_key") {
  for (const ProviderKind kind : {ProviderKind::claude, ProviderKind::openai}) {
    Ready ready(kind);
    ready.http.planned = {{401, R"({"error":{"message":"Incorrect API key provided: sk-test-key-of-nobody"}})"}};
    const Error error = ready.ask().error();
    CHECK(ready.http.bodies.size() == 1);
    CHECK(error.message.find("LLM_API_KEY") != std::string::npos);
    CHECK(error.message.find("sk-test") == std::string::npos);
  }
}

TEST_CASE("a_model_that_takes_no_temperature_is_asked_without_one") {
  for (const ProviderKind kind : kKinds) {
    Ready ready(kind);
    ready.http.planned = {{400, R"({"error":{"message":"temperature is not supported"}})"}};
    CHECK(ready.ask().ok());
    REQUIRE(ready.http.bodies.size() == 2);
    CHECK(ready.http.bodies[0].find("temperature") != std::string::npos);
    CHECK(ready.http.bodies[1].find("temperature") == std::string::npos);
  }
}

TEST_CASE("an_unknown_or_missing_model_is_answered_with_those_there_are") {
  for (const ProviderKind kind : kKinds) {
    Ready ready(kind);
    ready.http.planned = {{404, R"({"error":{"message":"no such model"}})"}};
    CHECK(ready.ask().error().message.find("one of a, b") != std::string::npos);
  }
  Settings settings = settings_of(ProviderKind::claude);
  settings.model.clear();
  Ready none(ProviderKind::claude, settings);
  CHECK(none.ask().error().message.find("one of a, b") != std::string::npos);
  CHECK(none.http.bodies.empty());
}

TEST_CASE("an_answer_that_has_begun_is_not_begun_again") {
  Ready ready(ProviderKind::ollama);
  ready.http.planned = {{200, "{\"message\":{\"content\":\"half\"}}\n{\"error\":\"gone\"}\n"}};
  CHECK(ready.ask().error().message.find("gone") != std::string::npos);
  CHECK(ready.http.bodies.size() == 1);
}

TEST_CASE("redacted_text_leaves_the_machine_only_where_somebody_has_said_so") {
  Settings settings;
  CHECK(place_of(settings).value().loopback);
  for (const char* local : {"http://127.0.0.1:1/", "http://[::1]:11434", "https://localhost"}) {
    settings.endpoint = local;
    CHECK(place_of(settings).value().loopback);
  }
  for (const char* away :
       {"http://ollama.example:11434", "http://127.0.0.1.example.com", "http://localhost.example.com", "http://10.0.0.1"}) {
    INFO(away);
    settings.endpoint = away;
    CHECK(place_of(settings).error().kind == ErrorKind::denied);
    settings.remote_allowed = true;
    CHECK_FALSE(place_of(settings).value().loopback);
    settings.remote_allowed = false;
  }
  for (const char* wrong : {"ftp://x", "localhost:11434", "http://", "http://user:pw@localhost", "http://localhost/?a=b",
                            "http://lo cal", "http://a\n"}) {
    INFO(wrong);
    settings.endpoint = wrong;
    CHECK(place_of(settings).error().kind == ErrorKind::invalid);
  }
  Settings cloud = settings_of(ProviderKind::openai);
  CHECK(place_of(cloud).ok());
  cloud.endpoint = "http://api.example.com/v1";
  CHECK(place_of(cloud).error().message.find("unencrypted") != std::string::npos);
  cloud.provider_named = false;
  cloud.endpoint = "https://api.example.com/v1";
  CHECK_FALSE(place_of(cloud).ok());
}

TEST_CASE("vectors_are_of_length_one_in_the_order_of_the_texts_or_refused") {
  const Redaction redaction = redaction_of();
  const std::vector<Redacted> texts{redaction("a"), redaction("b")};
  for (const ProviderKind kind : {ProviderKind::ollama, ProviderKind::openai}) {
    Ready ready(kind);
    const auto vectors = ready.provider.embed(texts).value();
    REQUIRE(vectors.size() == 2);
    CHECK(vectors[1][0] == Approx(4 / std::sqrt(17.0)));
    for (const char* wrong :
         {R"({})", R"({"embeddings":[[1]],"data":[{"embedding":[1]}]})",
          R"({"embeddings":[[1],[]],"data":[{"embedding":[1]},{"embedding":[]}]})",
          R"({"embeddings":[[0],[0]],"data":[{"embedding":[0]},{"embedding":[0]}]})",
          R"({"embeddings":[[1],[1,2]],"data":[{"embedding":[1]},{"embedding":[1,2]}]})",
          R"({"embeddings":[["1"],["2"]],"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})"}) {
      INFO(wrong);
      ready.http.planned = {{200, wrong}};
      CHECK_FALSE(ready.provider.embed(texts).ok());
    }
    const std::string block(1024 * 1024, ' ');
    ready.http.planned = {{200, std::string(9 * 1024 * 1024, ' ')}};
    CHECK(ready.provider.embed(texts).error().kind == ErrorKind::too_large);
  }
  Ready claude(ProviderKind::claude);
  CHECK(claude.provider.embed(texts).value().empty());
}

// ---- What leaves ---------------------------------------------------------------------------------------------------------

namespace {

std::int64_t add_alert(store::Stores& stores, const std::string& text, std::int64_t parent, std::int64_t now) {
  alert::Alert alert;
  alert.key[0] = parent == 0 ? 1 : 2;
  alert.rule = "RULE " + text;
  alert.title = "title: " + text;
  alert.level = Level::critical;
  alert.site = "ent_planted";
  alert.group_label = "username=" + text;
  alert.assignee = "assignee of accounts";
  alert.parent = parent;
  alert.opened_at = alert.first_time = alert.last_time = alert.last_hit_at = now - 10;
  alert.hits = 7;
  return stores.alerts().add(alert).value();
}

/// A store with that value in every field there is.
std::unique_ptr<store::Store> planted_store(const std::string& path, const Planted& planted) {
  auto opened = store::open("sqlite:" + path, {.access = store::Access::create}).value();
  const std::int64_t now = wall_seconds();
  store::Finding finding;
  finding.rule = "RULE " + planted.text;
  finding.title = "title: " + planted.text;
  finding.source = "/var/log/" + planted.text;
  finding.message = "message: " + planted.text;
  finding.level = Level::critical;
  finding.time = now - 10;
  finding.line = 4;
  REQUIRE(opened->findings().add(finding).ok());
  finding.time = now - 20;
  REQUIRE(opened->findings().add(finding).ok());
  store::ErrorOccurrence occurrence;
  occurrence.fingerprint = "f1";
  occurrence.pattern = "pattern: " + planted.text;
  occurrence.source = "container " + planted.text;
  occurrence.message = "error: " + planted.text;
  occurrence.severity = Severity::error;
  occurrence.time = now - 5;
  REQUIRE(opened->errors().add({occurrence}).ok());
  store::Entity site;
  site.token = "ent_planted";
  site.name = "site " + planted.text;
  site.created_at = now - 1000;
  REQUIRE(opened->entities().add(site).ok());
  const std::int64_t whole = add_alert(*opened, planted.text, 0, now);
  add_alert(*opened, planted.text, whole, now);
  REQUIRE(opened->alerts().attach(whole, 1).ok());
  REQUIRE(opened->alerts().log({0, whole, now, "gateway", "measured", "", "", "measured " + planted.text}).ok());
  REQUIRE(opened->alerts().log({0, whole, now, "anna of accounts", "note", "", "", "noted " + planted.text}).ok());
  return opened;
}

}  // namespace

TEST_CASE("no_planted_value_reaches_any_provider_by_any_way") {
  for (const auto mode : {redact::Mode::redact, redact::Mode::mask}) {
    const Redaction redaction = redaction_of(mode);
    for (const ProviderKind kind : kKinds) {
      for (const Planted& planted : every_kind()) {
        INFO(provider_name(kind) << ", " << planted.kind);
        const Scratch scratch;
        const auto stores = planted_store(scratch.file("s.db"), planted);
        Ready ready(kind, settings_of(kind), redaction);
        const auto ask = [&](const Result<Prompt>& prompt) {
          REQUIRE(prompt.ok());
          auto messages = written(prompt.value(), 8000);
          REQUIRE(messages.ok());
          CHECK(messages->passages() > 0);
          auto ending = ready.provider.chat(messages.value(), [](std::string_view) {});
          if (!ending) FAIL(ending.error().message);
        };
        const auto finding = stores->findings().list({}).value().front();
        ask(explain_finding(*stores, redaction, finding, "description " + planted.text));
        ask(explain_unstored(redaction, finding, planted.text));
        ask(explain_error(*stores, redaction, *stores->errors().find("f1").value()));
        ask(explain_alert(*stores, redaction, *stores->alerts().get(1).value(), {planted.text, "harmless: " + planted.text},
                          {{wall_seconds(), "type " + planted.text, "summary " + planted.text, "module=" + planted.text}}));
        ask(summarize(*stores, redaction, wall_seconds() - 3600, wall_seconds()));
        ask(classify(redaction, {{Severity::info, planted.text}}));
        const auto indexed = make_index(*stores, redaction, &ready.provider, [](auto, auto) {});
        if (!indexed) FAIL(indexed.error().message);
        CHECK(indexed->passages.stored == 2);
        CHECK(indexed->vectors == (kind == ProviderKind::claude ? 0u : 2u));
        ask(assist::ask(*stores, redaction, &ready.provider, "what about " + planted.text + " in the past week?",
                        wall_seconds(), [](const Error& error) { FAIL(error.message); }));
        // 7 questions, and with vectors one request for the passages and one for the question.
        CHECK(ready.http.bodies.size() == (kind == ProviderKind::claude ? 7u : 9u));
        for (const std::string& body : ready.http.bodies) {
          INFO(body);
          CHECK(body.find("of accounts") == std::string::npos);  // who deals with an alert
          CHECK(body.find("noted ") == std::string::npos);       // and what he writes about it
          CHECK_FALSE(leaks(body, planted.value));
        }
        // Nor is it in what the index has stored.
        for (const auto& passage : stores->passages().without_vector("none", 10).value())
          CHECK_FALSE(leaks(passage.text, planted.value));
        CHECK(ready.provider.refused() == 0);
      }
    }
  }
}

TEST_CASE("a_prompt_about_an_alert_holds_what_it_is_made_of_and_what_whoever_asks_may_see") {
  const Scratch scratch;
  const Redaction redaction = redaction_of();
  const auto stores = planted_store(scratch.file("s.db"), {"none", "", "words of a log"});
  for (int i = 0; i < 12; ++i) {
    store::Finding finding;
    finding.rule = "RULE";
    finding.source = "site";
    finding.message = "finding number " + std::to_string(i) + ".";
    finding.time = 1000 + i;
    REQUIRE(stores->findings().add(finding).value());
    REQUIRE(stores->alerts().attach(1, 3 + i).ok());
  }
  std::vector<SeenSignal> signals;
  for (int i = 0; i < 25; ++i)
    signals.push_back({1000 + i, "module.install", "A module", "module=number" + std::to_string(i) + "."});
  const alert::Alert alert = *stores->alerts().get(1).value();
  const auto prompt = explain_alert(*stores, redaction, alert, {"It means something.", "Never."}, signals);
  REQUIRE(prompt.ok());
  const std::string text = written(prompt.value(), 100'000).value().user();
  for (const char* part : {"\"kind\":\"alert\"", "\"hits\":7", "\"state\":\"firing\"", "\"site\":\"site words of a log\"",
                           "measured words", "It means something.", "\"harmless_when\":\"Never.\"",
                           "alert this one stands for", "finding number 11.", "finding number 4.", "number24.", "number5."})
    CHECK_THAT(text, Catch::Contains(part));
  for (const char* part : {"finding number 3.", "module=number4.", "of accounts", "noted "})
    CHECK_THAT(text, !Catch::Contains(part));
  // Findings of logs are nobody's who is restricted to sites.
  const auto restricted =
      explain_alert(*stores, redaction, alert, {}, {}, store::SiteScope(std::vector<std::string>{"ent_planted"}));
  REQUIRE(restricted.ok());
  const std::string less = written(restricted.value(), 100'000).value().user();
  CHECK_THAT(less, Catch::Contains("alert this one stands for"));
  CHECK_THAT(less, !Catch::Contains("finding number"));
  CHECK_THAT(less, !Catch::Contains("rule_means"));
}

TEST_CASE("a_question_is_answered_from_the_passages_that_fit_it_and_from_counts") {
  const Scratch scratch;
  const Redaction redaction = redaction_of();
  const auto stores = store::open("sqlite:" + scratch.file("s.db"), {.access = store::Access::create}).value();
  const std::int64_t now = wall_seconds();
  for (int i = 0; i < 30; ++i) {
    store::Finding finding;
    finding.rule = i == 3 ? "DISK_FULL" : "RULE_" + std::to_string(i);
    finding.title = i == 3 ? "The disk is full" : "A login failed";
    finding.source = "s.log";
    finding.message = i == 3 ? "no space left on device" : "login failed for user";
    finding.level = i == 3 ? Level::critical : Level::low;
    finding.time = now - i;
    REQUIRE(stores->findings().add(finding).ok());
  }
  const auto ask = [&](std::string_view question) {
    return assist::ask(*stores, redaction, nullptr, question, now, [](const Error&) {});
  };
  CHECK(ask("why is the disk full?").error().kind == ErrorKind::not_found);
  REQUIRE(make_index(*stores, redaction, nullptr, [](auto, auto) {}).ok());
  const Messages messages = written(ask("why is the device without space in the past week?").value(), 8000).value();
  CHECK(messages.user().find("no space left on device") != std::string::npos);
  CHECK(messages.user().find(R"("findings":30,"critical":1,"high":0,"medium":0,"low":29,"errors":0)") != std::string::npos);
}

TEST_CASE("a_passage_is_cut_after_it_was_redacted") {
  const Redaction redaction = redaction_of();
  store::PassageGroup group;
  group.name = "R";
  group.title = "T";
  group.level = "high";
  group.source = "s.log";
  group.first = group.last = 1'774'211'679;
  group.count = 1;
  for (std::size_t before = 370; before < 402; ++before) {
    group.message = std::string(before - 1, 'x') + " planted.person@example.com and more";
    const std::string text = passage_text(redaction, group).text();
    INFO(text);
    CHECK(text.find("planted") == std::string::npos);
    CHECK(text.size() <= store::kPassageBytes);
  }
}

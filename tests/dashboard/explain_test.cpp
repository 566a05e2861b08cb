// Explanations in the browser, by a model that answers what a test says.
#include <deque>

#include "dashboard/looking.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

/// Answers as Ollama does, and remembers what it was sent.
struct Model final : assist::Http {
  Result<assist::HttpReply> send(const assist::Call& call, const std::function<bool(std::string_view)>& take,
                                 const assist::Stopped&) override {
    const std::lock_guard lock(mutex);
    if (call.body) bodies.push_back(call.body->text());
    if (broken) return Error{"http://localhost:11434 cannot be asked: nobody there"};
    for (const std::string& line : lines)
      if (!take(line)) return Error{"ended", ErrorKind::denied};
    assist::HttpReply reply;
    reply.status = 200;
    return reply;
  }
  std::mutex mutex;
  std::vector<std::string> bodies;
  std::vector<std::string> lines{"{\"message\":{\"content\":\"<b>Because</b> of [1] and [9]. \\u001b[31m\"}}\n",
                                 "{\"message\":{\"content\":\"The end.\"},\"done\":true,\"done_reason\":\"stop\"}\n"};
  bool broken = false;
};

struct Explaining {
  std::shared_ptr<Model> model = std::make_shared<Model>();
  Looking looking{dashboard::Explainer::make({}, model).value()};
  std::string finding, error = "/errors/f1", alert = "/alerts/1", site;

  Explaining() {
    looking.find(60, "mail to planted.person@example.com from 203.0.113.77");
    looking.err(60, "f1", "mail to planted.person@example.com failed");
    finding = "/findings/" + std::to_string(looking.store->findings().list({}).value().front().id);
    site = looking.site("shop of planted.person@example.com");
    looking.send(site, "module.install",
                 R"({"module":"devel","actor_uid":"planted-uid","is_syncing":false,"own":"planted word"})");
    store::Finding found;
    found.rule = "SIGNAL_MODULE_CHANGED_LIVE";
    found.site = site;
    found.source = "shop";
    found.time = looking.now - 10;
    found.message = "installed by planted.person@example.com";
    found.key = std::string(16, 'k');
    found.evidence = {1};
    const auto recorded = looking.store->findings().record(found, std::nullopt);
    REQUIRE(recorded.ok());
    alert::Alert one;
    one.rule = found.rule;
    one.title = "A module was changed";
    one.site = site;
    one.group_label = "planted.person@example.com";
    one.opened_at = one.first_time = one.last_time = looking.now - 10;
    one.hits = 3;
    REQUIRE(looking.store->alerts().add(one).value() == 1);
    REQUIRE(looking.store->alerts().attach(1, recorded->finding.id).ok());
    REQUIRE(looking.store->alerts().log({0, 1, looking.now, "planted colleague", "note", "", "", "planted words"}).ok());
  }
  std::string text(const std::string& path) const {
    return looking.serving->ask("POST", path + "/explain",
                                "Content-Type: application/x-www-form-urlencoded\r\nAccept: text/plain\r\n",
                                "csrf=" + looking.forms.token(web::kFormPurpose, looking.who.session));
  }
};

}  // namespace

TEST_CASE("alerts_findings_and_errors_are_explained_on_a_page_and_as_text") {
  Explaining explaining;
  for (const std::string& path : {explaining.finding, explaining.error, explaining.alert}) {
    INFO(path);
    CHECK(has(explaining.looking.page(path), "action=\"" + path + "/explain\""));
    CHECK(has(explaining.looking.page(path), "gemma3:4b of ollama at localhost:11434"));
    const std::string page = body_of(explaining.looking.post(path + "/explain", "a=b"));
    CHECK(has(page, "&lt;b&gt;Because&lt;/b&gt; of [1] and [9: no such passage]. \\x1b[31mThe end."));
    CHECK(has(page, "Written by a model"));
    const std::string answer = explaining.text(path);
    CHECK(has_status(answer, 200));
    CHECK(has(answer, "text/plain"));
    bool whole = false;
    const std::string text = joined_chunks(body_of(answer), whole);
    CHECK(whole);
    CHECK(has(text, "<b>Because</b> of [1] and [9: no such passage]. \\x1b[31mThe end."));
  }
  REQUIRE(explaining.model->bodies.size() == 6);
  for (const std::string& body : explaining.model->bodies) {
    CHECK_FALSE(has(body, "planted"));
    CHECK_FALSE(has(body, "203.0.113"));
  }
  for (const char* part :
       {"A module was changed", "module=devel, is_syncing=false", "installed by email_", "signal of the site"}) {
    INFO(part);
    CHECK(has(explaining.model->bodies[4], part));
  }
  CHECK_FALSE(has(explaining.model->bodies[4], "actor_uid"));
  REQUIRE(explaining.looking.noted.size() == 6);
  CHECK(has(explaining.looking.noted[0], "anna finding.explain"));
  CHECK(has(explaining.looking.noted[2], "anna error.explain f1"));
  CHECK(has(explaining.looking.noted[4], "anna alert.explain 1"));
}

TEST_CASE("explanations_are_for_analysts_with_the_pages_token_who_see_what_is_explained") {
  Explaining explaining;
  CHECK(has_status(explaining.looking.post(explaining.finding + "/explain", "a=b", false), 403));
  CHECK(has_status(explaining.looking.post("/findings/99999/explain", "a=b"), 404));
  CHECK(has_status(explaining.looking.post("/findings/x/explain", "a=b"), 404));
  CHECK(has_status(explaining.looking.post("/errors/none/explain", "a=b"), 404));
  CHECK(has_status(explaining.looking.post("/alerts/2/explain", "a=b"), 404));
  CHECK(has_status(explaining.looking.post("/alerts/1x/explain", "a=b"), 404));
  CHECK(has_status(explaining.looking.post(explaining.alert + "/explain", "a=b", false), 403));
  CHECK(has_status(explaining.looking.get(explaining.finding + "/explain"), 405));
  explaining.looking.who.role = web::Role::viewer;
  CHECK_FALSE(has(explaining.looking.page(explaining.finding), "data-explain"));
  CHECK(has_status(explaining.looking.post(explaining.finding + "/explain", "a=b"), 403));
  explaining.looking.who.role = web::Role::analyst;
  explaining.looking.who.all_sites = false;
  CHECK(has_status(explaining.looking.post(explaining.finding + "/explain", "a=b"), 404));
  CHECK(has_status(explaining.looking.post(explaining.error + "/explain", "a=b"), 404));
  CHECK(has_status(explaining.looking.post(explaining.alert + "/explain", "a=b"), 404));
  CHECK(explaining.model->bodies.empty());
  explaining.looking.who.sites = {explaining.site};
  CHECK(has_status(explaining.looking.post(explaining.alert + "/explain", "a=b"), 200));
  CHECK(explaining.model->bodies.size() == 1);
}

TEST_CASE("one_may_ask_so_often_and_others_go_on_asking") {
  Explaining explaining;
  for (int i = 0; i < 6; ++i) CHECK(has_status(explaining.looking.post(explaining.finding + "/explain", "a=b"), 200));
  const std::string refused = explaining.looking.post(explaining.finding + "/explain", "a=b");
  CHECK(has_status(refused, 429));
  CHECK(has(refused, "Retry-After: "));
  CHECK(has_status(explaining.text(explaining.finding), 429));
  CHECK(explaining.model->bodies.size() == 6);
  explaining.looking.who.user = 2;
  explaining.looking.who.name = "bob";
  CHECK(has_status(explaining.looking.post(explaining.finding + "/explain", "a=b"), 200));
}

TEST_CASE("a_model_that_cannot_be_asked_is_said_to_whoever_asked") {
  Explaining explaining;
  explaining.model->broken = true;
  CHECK(has(body_of(explaining.looking.post(explaining.finding + "/explain", "a=b")), "cannot be asked: nobody there"));
  bool whole = false;
  CHECK(has(joined_chunks(body_of(explaining.text(explaining.error)), whole), "No further answer"));
  CHECK(whole);
}

TEST_CASE("without_a_model_nothing_offers_explanations") {
  Looking looking;
  looking.find(60, "m");
  CHECK_FALSE(has(looking.page("/findings/1"), "data-explain"));
  CHECK(has_status(looking.post("/findings/1/explain", "a=b"), 404));
  CHECK(has_status(looking.post("/alerts/1/explain", "a=b"), 404));
}

#include "dashboard/page.hpp"

#include <fmt/core.h>

#include "core/printable.hpp"

namespace logystera::dashboard {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

server::Route Context::get(std::string path, Handle handle, std::string role) const {
  const auto run = [this, handle = std::move(handle)](const Request& request, const server::Reply& reply) {
    auto form = Form::parse(request.query);
    if (!form) return reply(failed(request, form.error()));
    auto answer = handle(request, form.value());
    reply(answer ? std::move(answer).value() : failed(request, answer.error()));
  };
  return {"GET", std::move(path), 0, run, workers, std::move(role)};
}

server::Route Context::post(std::string path, Handle handle, std::string role, Form::Limits limits) const {
  const auto run = [this, handle = std::move(handle), limits](const Request& request, const server::Reply& reply) {
    auto form = Form::posted(request, limits);
    if (!form) return reply(failed(request, form.error()));
    if (!shell.holds(request, form.value()["csrf"])) {
      return reply(shell.problem(request, 403, "This form is no longer good",
                                 "It was sent without the token of its page, or the page was too old. Nothing was done. Go "
                                 "back, load the page again and repeat it."));
    }
    auto answer = handle(request, form.value());
    reply(answer ? std::move(answer).value() : failed(request, answer.error()));
  };
  return {"POST", std::move(path), limits.bytes, run, workers, std::move(role)};
}

Answer Context::page(const Request& request, std::string_view name, std::string title, std::string_view section,
                     View view) const {
  return shell.page(request, {.name = name, .title = std::move(title), .view = std::move(view), .section = section});
}

Answer Context::not_found(const Request& request, std::string_view what) const {
  return shell.problem(request, 404, fmt::format("There is no such {}", what),
                       "It may have been removed, or the address is not complete.");
}

Answer Context::failed(const Request& request, const Error& error) const {
  if (error.kind == ErrorKind::invalid || error.kind == ErrorKind::too_large) {
    return shell.problem(request, 400, "This address cannot be read", error.message + ".");
  }
  options.log(error.message);
  const bool slow = error.kind == ErrorKind::busy;
  Answer answer =
      shell.problem(request, 503, slow ? "This took too long" : "Something is wrong with this server",
                    slow ? "The database was busy, or there is too much to look through. Narrow the filter, for "
                           "example to a shorter period, or try again in a moment."
                         : "Try again later; its operator finds the cause in its log.");
  answer.headers.emplace_back("Retry-After", slow ? "5" : "30");
  return answer;
}

Result<Done> Context::change(const Request& request, const std::function<Result<Done>(store::Stores&)>& change,
                             std::string_view action, std::string_view object, std::string_view before,
                             std::string_view after) const {
  auto transaction = store.begin();
  if (!transaction) return transaction.error();
  if (auto changed = change(*transaction.value()); !changed) return changed;
  if (options.note) {
    if (auto noted = options.note(*transaction.value(), request, action, object, before, after); !noted) return noted;
  }
  return transaction.value()->commit();
}

query::Defaults defaults_of(const Context& context, const Request& request) {
  query::Defaults defaults;
  defaults.limit = kRows;
  defaults.now = context.now();
  defaults.sites = query::sites_of(*request.principal);
  defaults.dismissed = false;
  defaults.personal = request.principal->may(web::Role::analyst);
  defaults.targets_file = context.options.fleet.path;
  defaults.alerts = "open";
  defaults.folded = false;
  if (request.principal->kind == web::Principal::Kind::session) defaults.name = request.principal->name;
  return defaults;
}

Address::Address(std::string_view path, const Form& form, std::initializer_list<std::string_view> names) : path_(path) {
  for (const std::string_view name : names) {
    if (!form[name].empty()) values_.emplace_back(name, form[name]);
  }
}

Address Address::with(std::string_view name, std::string_view value) const {
  Address other(path_);
  for (const auto& pair : values_) {
    if (pair.first != name) other.values_.push_back(pair);
  }
  if (!value.empty()) other.values_.emplace_back(name, value);
  return other;
}

std::string Address::query() const {
  query::QueryText text;
  for (const auto& [name, value] : values_) text.add(name, value);
  return text.text();
}

std::string Address::text() const { return values_.empty() ? path_ : path_ + "?" + query(); }

std::vector<View> options_of(std::initializer_list<Choice> choices, std::string_view selected) {
  std::vector<View> rows;
  for (const Choice& choice : choices) {
    View row;
    row.text("value", choice.value).text("label", choice.label).flag("selected", choice.value == selected);
    rows.push_back(std::move(row));
  }
  return rows;
}

Error error_of(const std::vector<query::Fault>& faults) {
  std::string words;
  for (const query::Fault& fault : faults) words += (words.empty() ? "" : "; ") + fault.detail;
  return Error{std::move(words), ErrorKind::invalid};
}

void add_pager(View& view, std::string_view path, bool first, std::size_t shown, const std::string& newer,
               const std::string& older, const std::optional<store::Count>& total) {
  const auto link = [&](const std::string& query) {
    return query.empty() ? std::string() : fmt::format("{}?{}", path, query);
  };
  view.text("newer", link(newer)).text("older", link(older)).flag("pages", !newer.empty() || !older.empty());
  std::string words = counted(shown, "row", "rows");
  if (total && first && older.empty()) words = query::words_of(*total) + " in all";
  else if (total) words = fmt::format("{}{} of {}", first ? "1–" : "", shown, query::words_of(*total));
  view.text("count", words);
}

NoRows search_goes_on(std::string_view path, std::string_view things, const std::string& older) {
  return {"Nothing so far",
          fmt::format("None of the {} looked at has all of what was asked for. There are more.", things),
          {{"Search on", fmt::format("{}?{}", path, older)}}};
}

void add_no_rows(View& view, const NoRows& none, std::optional<std::int64_t> searched_to) {
  view.text("empty_title", none.title).text("empty_words", none.words).flag("says_how", none.says_how);
  view.time("searched_to", searched_to.value_or(0));
  std::vector<View> links;
  for (const auto& [label, href] : none.links) {
    View link;
    link.text("label", label).text("href", href);
    links.push_back(std::move(link));
  }
  view.rows("empty_links", std::move(links));
}

View export_links(std::string_view path, const Address& here) {
  const std::string query = here.filters() ? "?" + here.query() : "";
  View view;
  view.text("csv", fmt::format("{}.csv{}", path, query)).text("json", fmt::format("{}.json{}", path, query));
  return view;
}

std::string span_words(std::int64_t seconds) {
  if (seconds >= 2 * kDay) return fmt::format("{} days", seconds / kDay);
  if (seconds >= 2 * kHour) return fmt::format("{} h", seconds / kHour);
  if (seconds >= 120) return fmt::format("{} min", seconds / 60);
  return fmt::format("{} s", seconds);
}

std::string counted(std::uint64_t number, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(number), number == 1 ? one : many);
}

}  // namespace logystera::dashboard

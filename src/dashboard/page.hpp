// What every page of the dashboard has: whom it may ask, how it reads its address, and how it says what went wrong.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/severity.hpp"
#include "dashboard/dashboard.hpp"
#include "query/lists.hpp"
#include "store/paging.hpp"
#include "web/form.hpp"
#include "web/parts.hpp"
#include "web/view.hpp"

namespace logystera::dashboard {

inline constexpr std::size_t kRows = 50;  // of a page
inline constexpr std::int64_t kHour = 3600;
inline constexpr std::int64_t kDay = 24 * kHour;

struct Context {
  store::Store& store;
  gateway::Entities& entities;
  const analysis::CurrentProgram& program;
  const web::Shell& shell;
  const query::Pseudonyms& pseudonyms;
  Options options;
  std::shared_ptr<server::Workers> workers = {};

  /// What pages read: bounded in time.
  store::Stores& reading() const { return store.reading(); }
  std::int64_t now() const { return options.now(); }

  using Handle = std::function<Result<server::Answer>(const server::Request& request, const web::Form& form)>;
  /// A page, whose address is its form.
  server::Route get(std::string path, Handle handle, std::string role = "viewer") const;
  /// What a form of a page is sent to: read within limits, its token checked.
  server::Route post(std::string path, Handle handle, std::string role, web::Form::Limits limits = {}) const;

  server::Answer page(const server::Request& request, std::string_view name, std::string title, std::string_view section,
                      web::View view) const;
  server::Answer not_found(const server::Request& request, std::string_view what) const;
  /// Does `change` and notes it, both or neither.
  Result<Done> change(const server::Request& request, const std::function<Result<Done>(store::Stores&)>& change,
                      std::string_view action, std::string_view object, std::string_view before,
                      std::string_view after) const;

 private:
  server::Answer failed(const server::Request& request, const Error& error) const;
};

/// What lists are asked with by whoever asks.
query::Defaults defaults_of(const Context& context, const server::Request& request);

/// A page's address as links on it write it: the path, and those of its filters that say something.
class Address {
 public:
  explicit Address(std::string_view path) : path_(path) {}
  /// Takes over values of the address a page was asked with.
  Address(std::string_view path, const web::Form& form, std::initializer_list<std::string_view> names);

  /// An empty value takes the name out.
  Address with(std::string_view name, std::string_view value) const;
  std::string text() const;
  /// What stands behind the '?'.
  std::string query() const;
  bool filters() const noexcept { return !values_.empty(); }

 private:
  std::string path_;
  std::vector<std::pair<std::string, std::string>> values_;
};

/// An entry of a <select>.
struct Choice {
  std::string_view value, label;
};
std::vector<web::View> options_of(std::initializer_list<Choice> choices, std::string_view selected);

using web::add_badge;
using web::add_level;
using web::add_severity;

/// Why a query string could not be read, as an error of kind invalid.
Error error_of(const std::vector<query::Fault>& faults);

/// Fills the partial `pager` of a page of `shown` rows, which is the first when there is no cursor. `newer` and `older`: query strings.
void add_pager(web::View& view, std::string_view path, bool first, std::size_t shown, const std::string& newer,
               const std::string& older, const std::optional<store::Count>& total);

/// Why a list has no row, and where to go from there.
struct NoRows {
  std::string title, words;
  std::vector<std::pair<std::string, std::string>> links = {};  // label, address
  bool says_how = false;                                        // what fills the list is shown as a command
};
/// Of a search that has not come to its end and has found none of `things` yet, `searched_to` how far it came. `older`: a query string.
NoRows search_goes_on(std::string_view path, std::string_view things, const std::string& older);
void add_no_rows(web::View& view, const NoRows& none, std::optional<std::int64_t> searched_to = {});

/// What a list is of.
struct ListWords {
  std::string_view path, things, caption;
};

/// `csv` and `json` of the partial `export`: the files of a list as it is filtered.
web::View export_links(std::string_view path, const Address& here);

/// How the page of a list ends: its rows, the partials `pager` and `export`, and without any row why there is none, which `none` says of a
/// search that is through. `here` is the filter, which the links keep.
template <typename Listed, typename None>
void add_list(web::View& view, const ListWords& list, const Address& here, bool first, const Listed& page,
              std::vector<web::View> rows, const None& none) {
  add_pager(view, list.path, first, rows.size(), page.newer, page.older, page.total);
  if (rows.empty())
    add_no_rows(view, page.searching ? search_goes_on(list.path, list.things, page.older) : none(), page.searched_to);
  view.flag("has_rows", !rows.empty());
  view.rows("rows", std::move(rows)).text("caption", list.caption).view("export", export_links(list.path, here));
}

/// "3 days", "25 h".
std::string span_words(std::int64_t seconds);
/// "1 finding", "2 findings".
std::string counted(std::uint64_t number, std::string_view one, std::string_view many);

}  // namespace logystera::dashboard

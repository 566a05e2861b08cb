// The pages on which an administrator chooses whom to tell of alerts: channels, routes, and what could not be delivered. Plain forms, each
// with its token; a secret is typed in and never shown again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "notify/desk.hpp"
#include "server/router.hpp"
#include "server/workers.hpp"
#include "store/store.hpp"
#include "web/audit.hpp"
#include "web/form.hpp"
#include "web/shell.hpp"

namespace logystera::dashboard {

inline constexpr std::size_t kOutboxRows = 50;  // of a page

class NotifyPages {
 public:
  struct Parts {
    store::Store& store;
    notify::Desk& desk;
    const web::Shell& shell;
    const web::Audit& audit;
    std::function<std::int64_t()> now;
    std::function<void(std::string_view)> log;
  };
  /// What `parts` refers to must outlive it.
  explicit NotifyPages(Parts parts) : parts_(std::move(parts)) {}

  std::vector<server::Route> routes(const std::shared_ptr<server::Workers>& workers);

 private:
  using Request = server::Request;
  using Answer = server::Answer;
  using Form = web::Form;
  using Handle = Result<Answer> (NotifyPages::*)(const Request&, const Form&);

  server::Route get(std::string path, Handle handle, std::shared_ptr<server::Workers> workers);
  server::Route post(std::string path, Handle handle, std::shared_ptr<server::Workers> workers);

  // notify_pages.cpp
  Result<Answer> list(const Request& request, const Form& form);
  Result<Answer> fresh(const Request& request, const Form& form);
  Result<Answer> add(const Request& request, const Form& form);
  Result<Answer> channel(const Request& request, const Form& form);
  Result<Answer> change(const Request& request, const Form& form);
  Result<Answer> test(const Request& request, const Form& form);
  Result<Answer> confirm(const Request& request, const Form& form);
  Result<Answer> switch_it(const Request& request, const Form& form);
  Result<Answer> remove(const Request& request, const Form& form);
  Result<Answer> retry(const Request& request, const Form& form);
  Result<Answer> discard(const Request& request, const Form& form);

  // route_pages.cpp
  Result<Answer> route_list(const Request& request, const Form& form);
  Result<Answer> fresh_route(const Request& request, const Form& form);
  Result<Answer> route(const Request& request, const Form& form);
  Result<Answer> save_route(const Request& request, const Form& form);
  Result<Answer> move_route(const Request& request, const Form& form);
  Result<Answer> remove_route(const Request& request, const Form& form);
  Result<notify::Route> route_in(const Form& form);
  Result<std::vector<std::int64_t>> channels_in(std::string_view lines, const std::vector<store::Channel>& all) const;
  Result<Answer> route_form(const Request& request, const notify::Route& route, bool is_new);

  notify::Note note_of(const Request& request) const;
  Answer page(const Request& request, std::string_view name, std::string title, web::View view) const;
  Answer failed(const Request& request, const Error& error) const;

  Parts parts_;
};

}  // namespace logystera::dashboard

// The pages' templates (web/templates, mustache): parsed once, filled with views.
//
//   {{name}}          a text, escaped and made visible; there is no way to put markup in
//   {{> name}}        another template, put in when it is loaded
//   {{asset app.css}} the path of an asset
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "web/view.hpp"

namespace logystera::web {

class Templates {
 public:
  /// Those in the program; made at the first use.
  static const Templates& all();
  ~Templates();

  /// The template's text filled in; empty when there is none of that name.
  std::string render(std::string_view name, const View& view) const;

  /// Why templates could not be loaded; the tests see to it that there are none.
  const std::vector<std::string>& faults() const noexcept { return faults_; }
  std::vector<std::string> names() const;

 private:
  Templates();
  struct Parsed;
  std::map<std::string, std::unique_ptr<Parsed>, std::less<>> parsed_;
  std::vector<std::string> faults_;
};

}  // namespace logystera::web

// What the pages of several rooms fill the same partials with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/severity.hpp"
#include "web/view.hpp"

namespace logystera::web {

/// `level`, `level_icon` and `level_word` of the partial `level`.
void add_level(View& view, Level level);
void add_severity(View& view, Severity severity);
/// "good", "medium": a class of badge with an icon and a word of its own.
void add_badge(View& view, std::string_view look, std::string_view icon, std::string_view word);

/// `line` of each line of a text, which a template shows one below the other.
std::vector<View> lines_of(std::string_view text);

/// The field `list` of rows with a `text` each, under `name`; without texts the section is not shown.
void add_texts(View& view, std::string_view name, const std::vector<std::string>& texts);

}  // namespace logystera::web

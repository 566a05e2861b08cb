// The files of web/ as they are in the program; web/embed.cmake makes the source of it.
#pragma once

#include <span>
#include <string_view>

namespace logystera::web::embedded {

struct File {
  std::string_view name;  // "app.css", "findings.mustache"
  std::string_view hash;  // the beginning of its SHA-256, hexadecimal
  std::string_view bytes;
};

/// Of web/dist: what browsers load.
std::span<const File> assets() noexcept;
/// Of web/templates.
std::span<const File> templates() noexcept;

}  // namespace logystera::web::embedded

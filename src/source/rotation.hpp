// What logrotate and its kind make of a log: which files beside it are older parts of it, and in what order.
//
// For "access.log" those are access.log.1, access.log.2.gz, access.log-20260518, access.log.2026-05-18_10.zst and, as logrotate
// names them with `extension`, access.1.log and access-20260518.log.gz; in the log's own directory or in those it is moved to
// (logrotate's `olddir`). Numbers count back from now, dates count up to it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/walk.hpp"

namespace logystera::source {

/// The name without ".gz", ".zst" or an ending of what is not unpacked here (".bz2", ".xz", …).
std::string_view without_packing(std::string_view name) noexcept;
/// Whether the name ends as what is not unpacked here does.
bool is_unpackable(std::string_view name) noexcept;

/// The name a rotated file had when it was written: "access.log" for access.log.2.gz and access.log-20260101.
std::string rotation_base(const std::string& path);
/// The log a file is an older part of by its name where that log is there: "access.log" for access.1.log (logrotate's `extension`) and
/// for access.log.old. The path itself: it has no such name.
std::string base_beside(const std::string& path);

/// Sorts the files of the rotated set of the log `path`, those of one directory: parts oldest first, then the log.
void sort_parts(const std::string& path, std::vector<FilePath>& files);

/// The parts of the log `path` that are older than it, oldest first: regular files only. Where a part is there both plain and
/// packed (it is being packed), the plain one. `directories` are looked through too. What cannot be read here, and what is
/// no regular file, is passed over; with `unpackable`, the former is among the parts.
std::vector<FilePath> rotated_parts(const std::string& path, const std::vector<std::string>& directories,
                                    const WalkOptions& options, PassedOver& passed, bool unpackable = false);

}  // namespace logystera::source

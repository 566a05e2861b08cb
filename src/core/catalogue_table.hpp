// Generated from signals.json by `./dev generate`. Do not edit.
// clang-format off
#pragma once

#include "core/catalogue.hpp"

namespace logystera::catalogue::table {

inline constexpr LabelSpec kConfigSaveLabels[] = {
    {"config_name", LabelKind::string, 0, "Full configuration object name, for example system.site.", "none"},
    {"category", LabelKind::string, 0, "Semantic category of the object's name: system, user, field, views and so on.", "none"},
    {"change_type", LabelKind::string, 0, "What happened to the object.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kConfigDeleteLabels[] = {
    {"config_name", LabelKind::string, 0, "Full configuration object name, for example system.site.", "none"},
    {"category", LabelKind::string, 0, "Semantic category of the object's name: system, user, field, views and so on.", "none"},
    {"change_type", LabelKind::string, 0, "What happened to the object.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kConfigImportLabels[] = {
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
    {"change_type", LabelKind::string, 0, "What happened to the object.", "none"},
};

inline constexpr LabelSpec kAuthLoginLabels[] = {
    {"uid", LabelKind::uid, 0, "HMAC-SHA256 of the user's id.", "pseudonym"},
    {"ip", LabelKind::ip, 0, "Client address.", "personal"},
    {"roles", LabelKind::list, 0, "Role machine names.", "none"},
};

inline constexpr LabelSpec kAuthLoginFailedLabels[] = {
    {"username", LabelKind::string, 0, "Name that was typed, as typed; it may not be an account.", "personal"},
    {"ip", LabelKind::ip, 0, "Client address.", "personal"},
};

inline constexpr LabelSpec kAuthLogoutLabels[] = {
    {"uid", LabelKind::uid, 0, "HMAC-SHA256 of the user's id.", "pseudonym"},
};

inline constexpr LabelSpec kUserCreatedLabels[] = {
    {"uid", LabelKind::uid, 0, "HMAC-SHA256 of the user's id.", "pseudonym"},
    {"roles", LabelKind::list, 0, "Role machine names.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kUserRoleChangedLabels[] = {
    {"uid", LabelKind::uid, 0, "HMAC-SHA256 of the user's id.", "pseudonym"},
    {"roles_before", LabelKind::list, 0, "Role machine names before the change.", "none"},
    {"roles_after", LabelKind::list, 0, "Role machine names after the change.", "none"},
    {"roles_added", LabelKind::list, 0, "Roles the change gave.", "none"},
    {"roles_removed", LabelKind::list, 0, "Roles the change took.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kUserBlockedLabels[] = {
    {"uid", LabelKind::uid, 0, "HMAC-SHA256 of the user's id.", "pseudonym"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kUserDeletedLabels[] = {
    {"uid", LabelKind::uid, 0, "HMAC-SHA256 of the user's id.", "pseudonym"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kModuleInstallLabels[] = {
    {"module", LabelKind::string, 0, "Machine name of the module.", "none"},
    {"is_syncing", LabelKind::boolean, 0, "Whether a configuration sync caused it.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kModuleUninstallLabels[] = {
    {"module", LabelKind::string, 0, "Machine name of the module.", "none"},
    {"is_syncing", LabelKind::boolean, 0, "Whether a configuration sync caused it.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kHttpRequestLabels[] = {
    {"method", LabelKind::string, 0, "HTTP method.", "none"},
    {"path", LabelKind::path, 0, "Request path without query string; user ids hashed, tokens removed.", "none"},
    {"status_code", LabelKind::integer, 0, "HTTP response status code.", "none"},
    {"ip", LabelKind::ip, 0, "Client address.", "personal"},
    {"is_admin", LabelKind::boolean, 0, "Whether the path starts with /admin/.", "none"},
    {"is_ajax", LabelKind::boolean, 0, "Whether the request is an XMLHttpRequest.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
    {"ua", LabelKind::string, 200, "User agent, at most 200 characters.", "personal"},
};

inline constexpr LabelSpec kContentModerationLabels[] = {
    {"entity_type", LabelKind::string, 0, "Entity type, for example node.", "none"},
    {"entity_id", LabelKind::string, 0, "Entity id.", "none"},
    {"bundle", LabelKind::string, 0, "Bundle, for example article.", "none"},
    {"label", LabelKind::string, 0, "Title of the entity.", "personal"},
    {"old_state", LabelKind::string, 0, "Moderation state before; new for a new entity.", "none"},
    {"new_state", LabelKind::string, 0, "Moderation state after.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kViewsChangeLabels[] = {
    {"config_name", LabelKind::string, 0, "Full configuration object name, for example system.site.", "none"},
    {"view_id", LabelKind::string, 0, "Machine name of the view.", "none"},
    {"change_type", LabelKind::string, 0, "What happened to the object.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kApiAccessLabels[] = {
    {"method", LabelKind::string, 0, "HTTP method.", "none"},
    {"path", LabelKind::path, 0, "Request path without query string; user ids hashed, tokens removed.", "none"},
    {"status_code", LabelKind::integer, 0, "HTTP response status code.", "none"},
    {"ip", LabelKind::ip, 0, "Client address.", "personal"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kCacheFlushLabels[] = {
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kDbSlowQueryLabels[] = {
    {"query", LabelKind::string, 500, "SQL text with its placeholders, at most 500 characters; bound values are never included.", "none"},
    {"time_ms", LabelKind::number, 0, "Execution time in milliseconds.", "none"},
    {"caller", LabelKind::string, 0, "First function outside the database layer.", "none"},
};

inline constexpr LabelSpec kAgentDroppedLabels[] = {
    {"reason", LabelKind::string, 0, "Why events were dropped: full, enospc, cap_type and so on.", "none"},
    {"count", LabelKind::integer, 0, "How many events were dropped for this reason.", "none"},
    {"first_at", LabelKind::integer, 0, "Unix time of the first of them.", "none"},
    {"last_at", LabelKind::integer, 0, "Unix time of the last of them.", "none"},
};

inline constexpr SignalSpec kSignals[] = {
    {"config.save", "configuration", "signals.config_save", true, 50, "info",
     "A configuration object was created or updated.", kConfigSaveLabels, 4, true},
    {"config.delete", "configuration", "signals.config_delete", true, 20, "low",
     "A configuration object was deleted.", kConfigDeleteLabels, 4, true},
    {"config.import", "configuration", "signals.config_import", true, 5, "low",
     "A configuration import was run.", kConfigImportLabels, 2, true},
    {"auth.login", "authentication", "signals.auth_login", true, 1, "info",
     "A user logged in.", kAuthLoginLabels, 3, true},
    {"auth.login_failed", "authentication", "signals.auth_login_failed", true, 50, "medium",
     "A login attempt failed.", kAuthLoginFailedLabels, 2, true},
    {"auth.logout", "authentication", "signals.auth_logout", true, 1, "info",
     "A user logged out.", kAuthLogoutLabels, 1, true},
    {"user.created", "users", "signals.user_created", true, 10, "low",
     "A user account was created.", kUserCreatedLabels, 3, true},
    {"user.role_changed", "users", "signals.user_updated", true, 20, "medium",
     "The roles of a user account changed.", kUserRoleChangedLabels, 6, true},
    {"user.blocked", "users", "signals.user_updated", true, 10, "medium",
     "A user account was blocked.", kUserBlockedLabels, 2, true},
    {"user.deleted", "users", "signals.user_deleted", true, 10, "medium",
     "A user account was deleted.", kUserDeletedLabels, 2, true},
    {"module.install", "extensions", "signals.module_install", true, 20, "medium",
     "A module was installed.", kModuleInstallLabels, 3, true},
    {"module.uninstall", "extensions", "signals.module_uninstall", true, 20, "medium",
     "A module was uninstalled.", kModuleUninstallLabels, 3, true},
    {"http.request", "requests", "signals.page_visit", true, 1, "info",
     "A request reached PHP and was answered.", kHttpRequestLabels, 8, true},
    {"content.moderation", "content", "advanced_signals.content_moderation", false, 20, "info",
     "The moderation state of an entity changed.", kContentModerationLabels, 7, true},
    {"views.change", "configuration", "advanced_signals.views_change", false, 20, "info",
     "A view was created, updated or deleted.", kViewsChangeLabels, 4, true},
    {"api.access", "requests", "advanced_signals.api_access", false, 50, "info",
     "A JSON:API or REST path was requested.", kApiAccessLabels, 5, true},
    {"cache.flush", "health", "advanced_signals.cache_flush", false, 5, "info",
     "All caches were rebuilt.", kCacheFlushLabels, 1, true},
    {"db.slow_query", "health", "advanced_signals.slow_query", false, 20, "low",
     "A database query took longer than 1,000 ms.", kDbSlowQueryLabels, 3, true},
    {"agent.dropped", "agent", "", true, 0, "high",
     "Events were dropped before they could be sent; one event per reason.", kAgentDroppedLabels, 4, false},
};

// Places in kSignals, sorted by type.
inline constexpr std::uint8_t kByType[] = {18, 15, 3, 4, 5, 16, 1, 2, 0, 13, 17, 12, 10, 11, 8, 6, 9, 7, 14};

}  // namespace logystera::catalogue::table

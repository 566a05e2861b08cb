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
    {"query", LabelKind::sql, 500, "SQL text with its placeholders, at most 500 characters; literals are replaced by ?, bound values never included.", "none"},
    {"time_ms", LabelKind::number, 0, "Execution time in milliseconds.", "none"},
    {"caller", LabelKind::string, 0, "First function outside the database layer.", "none"},
};

inline constexpr LabelSpec kAuthFloodBlockedLabels[] = {
    {"scope", LabelKind::string, 0, "What was locked out: user or ip.", "none"},
    {"ip", LabelKind::ip, 0, "Client address.", "personal"},
    {"threshold", LabelKind::integer, 0, "How many failures flood control allows.", "none"},
    {"window_s", LabelKind::integer, 0, "In how many seconds it counts them.", "none"},
};

inline constexpr LabelSpec kAuthPasswordResetLabels[] = {
    {"uid", LabelKind::uid, 0, "HMAC-SHA256 of the user's id.", "pseudonym"},
    {"ip", LabelKind::ip, 0, "Client address.", "personal"},
};

inline constexpr LabelSpec kUserUnblockedLabels[] = {
    {"uid", LabelKind::uid, 0, "HMAC-SHA256 of the user's id.", "pseudonym"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kRolePermissionsChangedLabels[] = {
    {"role", LabelKind::string, 0, "Machine name of the role.", "none"},
    {"change_type", LabelKind::string, 0, "create, update or delete.", "none"},
    {"permissions_added", LabelKind::list, 0, "Permissions the change gave.", "none"},
    {"permissions_removed", LabelKind::list, 0, "Permissions the change took.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kContentCreatedLabels[] = {
    {"entity_type", LabelKind::string, 0, "Entity type, for example node.", "none"},
    {"entity_id", LabelKind::string, 0, "Entity id.", "none"},
    {"bundle", LabelKind::string, 0, "Bundle, for example article.", "none"},
    {"langcode", LabelKind::string, 0, "Language of what was saved.", "none"},
    {"published", LabelKind::boolean, 0, "Whether it is published.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kContentUpdatedLabels[] = {
    {"entity_type", LabelKind::string, 0, "Entity type, for example node.", "none"},
    {"entity_id", LabelKind::string, 0, "Entity id.", "none"},
    {"bundle", LabelKind::string, 0, "Bundle, for example article.", "none"},
    {"langcode", LabelKind::string, 0, "Language of what was saved.", "none"},
    {"published", LabelKind::boolean, 0, "Whether it is published.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kContentDeletedLabels[] = {
    {"entity_type", LabelKind::string, 0, "Entity type, for example node.", "none"},
    {"entity_id", LabelKind::string, 0, "Entity id.", "none"},
    {"bundle", LabelKind::string, 0, "Bundle, for example article.", "none"},
    {"langcode", LabelKind::string, 0, "Language of what was saved.", "none"},
    {"published", LabelKind::boolean, 0, "Whether it is published.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kMediaCreatedLabels[] = {
    {"entity_id", LabelKind::string, 0, "Entity id.", "none"},
    {"bundle", LabelKind::string, 0, "Media type, for example image.", "none"},
    {"source", LabelKind::string, 0, "Plugin the item gets its data from, for example file or image.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kMediaUpdatedLabels[] = {
    {"entity_id", LabelKind::string, 0, "Entity id.", "none"},
    {"bundle", LabelKind::string, 0, "Media type, for example image.", "none"},
    {"source", LabelKind::string, 0, "Plugin the item gets its data from, for example file or image.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kMediaDeletedLabels[] = {
    {"entity_id", LabelKind::string, 0, "Entity id.", "none"},
    {"bundle", LabelKind::string, 0, "Media type, for example image.", "none"},
    {"source", LabelKind::string, 0, "Plugin the item gets its data from, for example file or image.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kFileUploadedLabels[] = {
    {"file_id", LabelKind::string, 0, "File id.", "none"},
    {"mime_type", LabelKind::string, 0, "MIME type by the name of the file.", "none"},
    {"extension", LabelKind::string, 0, "Extension of its name, in lower case.", "none"},
    {"size_bytes", LabelKind::integer, 0, "Size in bytes.", "none"},
    {"path", LabelKind::path, 0, "Where it is kept, for example public://2026-01/photo.png; tokens removed.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kFileDeletedLabels[] = {
    {"file_id", LabelKind::string, 0, "File id.", "none"},
    {"mime_type", LabelKind::string, 0, "MIME type by the name of the file.", "none"},
    {"extension", LabelKind::string, 0, "Extension of its name, in lower case.", "none"},
    {"size_bytes", LabelKind::integer, 0, "Size in bytes.", "none"},
    {"path", LabelKind::path, 0, "Where it is kept, for example public://2026-01/photo.png; tokens removed.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kConfigExportLabels[] = {
    {"change_type", LabelKind::string, 0, "export.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kThemeInstallLabels[] = {
    {"theme", LabelKind::string, 0, "Machine name of the theme.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kThemeUninstallLabels[] = {
    {"theme", LabelKind::string, 0, "Machine name of the theme.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kCronRunLabels[] = {
    {"success", LabelKind::boolean, 0, "FALSE when another run held the lock.", "none"},
    {"duration_ms", LabelKind::integer, 0, "How long it took, in milliseconds.", "none"},
};

inline constexpr LabelSpec kUpdateAvailableLabels[] = {
    {"project", LabelKind::string, 0, "Machine name of the project.", "none"},
    {"project_type", LabelKind::string, 0, "core, module or theme.", "none"},
    {"installed", LabelKind::string, 0, "Installed version.", "none"},
    {"recommended", LabelKind::string, 0, "Version to update to.", "none"},
    {"security", LabelKind::boolean, 0, "Whether the installed version has a security release to catch up with.", "none"},
};

inline constexpr LabelSpec kMaintenanceChangedLabels[] = {
    {"enabled", LabelKind::boolean, 0, "Whether the site is in maintenance mode now.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kPhpWarningLabels[] = {
    {"level", LabelKind::string, 0, "Level as PHP names it, for example Warning.", "none"},
    {"file", LabelKind::string, 0, "File, relative to the application.", "none"},
    {"line", LabelKind::integer, 0, "Line in it.", "none"},
    {"function", LabelKind::string, 0, "Function or method.", "none"},
    {"message", LabelKind::message, 500, "Message; quoted values, addresses, long numbers and secrets replaced by ?.", "none"},
};

inline constexpr LabelSpec kPhpExceptionLabels[] = {
    {"class", LabelKind::string, 0, "Class of the exception.", "none"},
    {"file", LabelKind::string, 0, "File, relative to the application.", "none"},
    {"line", LabelKind::integer, 0, "Line in it.", "none"},
    {"message", LabelKind::message, 500, "Message; quoted values, addresses, long numbers and secrets replaced by ?.", "none"},
};

inline constexpr LabelSpec kPhpFatalLabels[] = {
    {"kind", LabelKind::string, 0, "error, memory or timeout.", "none"},
    {"file", LabelKind::string, 0, "File, relative to the application.", "none"},
    {"line", LabelKind::integer, 0, "Line in it.", "none"},
    {"message", LabelKind::message, 500, "Message up to the stack trace; quoted values, addresses, long numbers and secrets replaced by ?.", "none"},
};

inline constexpr LabelSpec kDbDeadlockLabels[] = {
    {"driver", LabelKind::string, 0, "PDO driver, for example mysql.", "none"},
    {"code", LabelKind::string, 0, "The driver's own error code.", "none"},
    {"sqlstate", LabelKind::string, 0, "SQLSTATE, five characters.", "none"},
    {"message", LabelKind::message, 500, "Message of the driver; values replaced by ?.", "none"},
};

inline constexpr LabelSpec kDbConnectionFailedLabels[] = {
    {"driver", LabelKind::string, 0, "PDO driver, for example mysql.", "none"},
    {"code", LabelKind::string, 0, "The driver's own error code.", "none"},
    {"sqlstate", LabelKind::string, 0, "SQLSTATE, five characters.", "none"},
    {"message", LabelKind::message, 500, "Message of the driver; values replaced by ?.", "none"},
};

inline constexpr LabelSpec kDbDiskFullLabels[] = {
    {"driver", LabelKind::string, 0, "PDO driver, for example mysql.", "none"},
    {"code", LabelKind::string, 0, "The driver's own error code.", "none"},
    {"sqlstate", LabelKind::string, 0, "SQLSTATE, five characters.", "none"},
    {"message", LabelKind::message, 500, "Message of the driver; values replaced by ?.", "none"},
};

inline constexpr LabelSpec kFileIntegrityChangedLabels[] = {
    {"path", LabelKind::string, 0, "File, relative to the application.", "none"},
    {"change_type", LabelKind::string, 0, "modified, added or removed.", "none"},
    {"md5_before", LabelKind::string, 0, "MD5 it had; empty when added.", "none"},
    {"md5_after", LabelKind::string, 0, "MD5 it has; empty when removed.", "none"},
};

inline constexpr LabelSpec kAccessDeniedLabels[] = {
    {"method", LabelKind::string, 0, "HTTP method.", "none"},
    {"path", LabelKind::path, 0, "Request path without query string; user ids hashed, tokens removed.", "none"},
    {"ip", LabelKind::ip, 0, "Client address.", "personal"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kEmailSentLabels[] = {
    {"module", LabelKind::string, 0, "Module that sent it.", "none"},
    {"key", LabelKind::string, 0, "Which of its messages it is.", "none"},
    {"recipients", LabelKind::integer, 0, "How many recipients.", "none"},
    {"recipient_hash", LabelKind::uid, 0, "HMAC-SHA256 of the addresses, in lower case.", "pseudonym"},
};

inline constexpr LabelSpec kEmailFailedLabels[] = {
    {"module", LabelKind::string, 0, "Module that sent it.", "none"},
    {"key", LabelKind::string, 0, "Which of its messages it is.", "none"},
    {"recipients", LabelKind::integer, 0, "How many recipients.", "none"},
    {"recipient_hash", LabelKind::uid, 0, "HMAC-SHA256 of the addresses, in lower case.", "pseudonym"},
    {"message", LabelKind::message, 500, "What the mail system said, values replaced by ?.", "none"},
};

inline constexpr LabelSpec kAgentChangedLabels[] = {
    {"change_type", LabelKind::string, 0, "connected, disconnected, settings, credentials or uninstalled; test when somebody pressed the button for it.", "none"},
    {"actor_uid", LabelKind::uid, 0, "HMAC-SHA256 of the acting user's id; empty for anonymous.", "pseudonym"},
};

inline constexpr LabelSpec kAgentDroppedLabels[] = {
    {"reason", LabelKind::string, 0, "Why events were dropped: full, enospc, cap_type and so on.", "none"},
    {"count", LabelKind::integer, 0, "How many events were dropped for this reason.", "none"},
    {"first_at", LabelKind::integer, 0, "Unix time of the first of them.", "none"},
    {"last_at", LabelKind::integer, 0, "Unix time of the last of them.", "none"},
};

inline constexpr SignalSpec kSignals[] = {
    {"config.save", "configuration", "signals.config_save", true, 50, "info",
     "Configuration saved", "A configuration object was created or updated.", kConfigSaveLabels, 4, true},
    {"config.delete", "configuration", "signals.config_delete", true, 20, "low",
     "Configuration deleted", "A configuration object was deleted.", kConfigDeleteLabels, 4, true},
    {"config.import", "configuration", "signals.config_import", true, 5, "low",
     "Configuration imported", "A configuration import was run.", kConfigImportLabels, 2, true},
    {"auth.login", "authentication", "signals.auth_login", true, 1, "info",
     "Login", "A user logged in.", kAuthLoginLabels, 3, true},
    {"auth.login_failed", "authentication", "signals.auth_login_failed", true, 50, "medium",
     "Failed login", "A login attempt failed.", kAuthLoginFailedLabels, 2, true},
    {"auth.logout", "authentication", "signals.auth_logout", true, 1, "info",
     "Logout", "A user logged out.", kAuthLogoutLabels, 1, true},
    {"user.created", "users", "signals.user_created", true, 10, "low",
     "Account created", "A user account was created.", kUserCreatedLabels, 3, true},
    {"user.role_changed", "users", "signals.user_updated", true, 20, "medium",
     "Account roles changed", "The roles of a user account changed.", kUserRoleChangedLabels, 6, true},
    {"user.blocked", "users", "signals.user_updated", true, 10, "medium",
     "Account blocked", "A user account was blocked.", kUserBlockedLabels, 2, true},
    {"user.deleted", "users", "signals.user_deleted", true, 10, "medium",
     "Account deleted", "A user account was deleted.", kUserDeletedLabels, 2, true},
    {"module.install", "extensions", "signals.module_install", true, 20, "medium",
     "Module installed", "A module was installed.", kModuleInstallLabels, 3, true},
    {"module.uninstall", "extensions", "signals.module_uninstall", true, 20, "medium",
     "Module uninstalled", "A module was uninstalled.", kModuleUninstallLabels, 3, true},
    {"http.request", "requests", "signals.page_visit", true, 1, "info",
     "Page request", "A request reached PHP and was answered.", kHttpRequestLabels, 8, true},
    {"content.moderation", "content", "advanced_signals.content_moderation", false, 20, "info",
     "Moderation state changed", "The moderation state of an entity changed.", kContentModerationLabels, 7, true},
    {"views.change", "configuration", "advanced_signals.views_change", false, 20, "info",
     "View changed", "A view was created, updated or deleted.", kViewsChangeLabels, 4, true},
    {"api.access", "requests", "advanced_signals.api_access", false, 50, "info",
     "API request", "A JSON:API or REST path was requested.", kApiAccessLabels, 5, true},
    {"cache.flush", "health", "advanced_signals.cache_flush", false, 5, "info",
     "Caches rebuilt", "All caches were rebuilt.", kCacheFlushLabels, 1, true},
    {"db.slow_query", "database", "advanced_signals.slow_query", false, 20, "low",
     "Slow query", "A database query took longer than 1,000 ms.", kDbSlowQueryLabels, 3, true},
    {"auth.flood_blocked", "authentication", "signals.auth_flood_blocked", true, 1, "high",
     "Login refused by flood control", "Flood control refused a login.", kAuthFloodBlockedLabels, 4, false},
    {"auth.password_reset", "authentication", "signals.auth_password_reset", true, 5, "low",
     "Password reset requested", "A one-time login link was requested for an account.", kAuthPasswordResetLabels, 2, false},
    {"user.unblocked", "users", "signals.user_updated", true, 10, "medium",
     "Account unblocked", "A blocked user account was made active.", kUserUnblockedLabels, 2, false},
    {"role.permissions_changed", "users", "signals.role_changed", true, 20, "high",
     "Role permissions changed", "A role was created or deleted, or its permissions changed.", kRolePermissionsChangedLabels, 5, false},
    {"content.created", "content", "signals.content_created", true, 50, "info",
     "Content created", "A piece of content was created.", kContentCreatedLabels, 6, false},
    {"content.updated", "content", "signals.content_updated", true, 50, "info",
     "Content updated", "A piece of content was saved again.", kContentUpdatedLabels, 6, false},
    {"content.deleted", "content", "signals.content_deleted", true, 50, "low",
     "Content deleted", "A piece of content was deleted.", kContentDeletedLabels, 6, false},
    {"media.created", "content", "signals.media_created", true, 50, "info",
     "Media created", "A media item was created.", kMediaCreatedLabels, 4, false},
    {"media.updated", "content", "signals.media_updated", true, 50, "info",
     "Media updated", "A media item was saved again.", kMediaUpdatedLabels, 4, false},
    {"media.deleted", "content", "signals.media_deleted", true, 50, "low",
     "Media deleted", "A media item was deleted.", kMediaDeletedLabels, 4, false},
    {"file.uploaded", "files", "signals.file_uploaded", true, 50, "info",
     "File uploaded", "A file was uploaded.", kFileUploadedLabels, 6, false},
    {"file.deleted", "files", "signals.file_deleted", true, 50, "low",
     "File deleted", "A managed file was deleted.", kFileDeletedLabels, 6, false},
    {"config.export", "configuration", "signals.config_export", true, 5, "medium",
     "Configuration exported", "The whole configuration was exported.", kConfigExportLabels, 2, false},
    {"theme.install", "extensions", "signals.theme_install", true, 20, "medium",
     "Theme installed", "A theme was installed.", kThemeInstallLabels, 2, false},
    {"theme.uninstall", "extensions", "signals.theme_uninstall", true, 20, "medium",
     "Theme uninstalled", "A theme was uninstalled.", kThemeUninstallLabels, 2, false},
    {"cron.run", "health", "signals.cron_run", true, 1, "info",
     "Cron run", "Cron ran.", kCronRunLabels, 2, false},
    {"update.available", "health", "signals.update_available", true, 50, "medium",
     "Update available", "A newer release of a project is available; once for each release.", kUpdateAvailableLabels, 5, false},
    {"maintenance.changed", "health", "signals.maintenance_changed", true, 2, "medium",
     "Maintenance mode switched", "Maintenance mode was switched.", kMaintenanceChangedLabels, 2, false},
    {"php.warning", "errors", "signals.php_warning", true, 20, "low",
     "PHP warning", "PHP reported a warning or notice; once for each place in the code and request.", kPhpWarningLabels, 5, false},
    {"php.exception", "errors", "signals.php_exception", true, 10, "medium",
     "Exception", "An exception was logged.", kPhpExceptionLabels, 4, false},
    {"php.fatal", "errors", "signals.php_fatal", true, 1, "high",
     "Fatal error", "PHP stopped with a fatal error.", kPhpFatalLabels, 4, false},
    {"db.deadlock", "database", "signals.db_deadlock", true, 5, "medium",
     "Database deadlock", "The database gave up on a statement because of a deadlock or lock.", kDbDeadlockLabels, 4, false},
    {"db.connection_failed", "database", "signals.db_connection_failed", true, 5, "high",
     "Database unreachable", "The database could not be reached, or the connection was lost.", kDbConnectionFailedLabels, 4, false},
    {"db.disk_full", "database", "signals.db_disk_full", true, 5, "critical",
     "Database disk full", "The database had no room left to write.", kDbDiskFullLabels, 4, false},
    {"file.integrity_changed", "security", "signals.file_integrity", true, 50, "high",
     "Code file changed", "A watched file of the code is not what it was.", kFileIntegrityChangedLabels, 4, false},
    {"access.denied", "security", "signals.access_denied", true, 1, "low",
     "Access denied", "A request was answered with 403, also out of the page cache.", kAccessDeniedLabels, 4, false},
    {"email.sent", "email", "advanced_signals.email_sent", false, 20, "info",
     "E-mail sent", "A message was handed to the mail system.", kEmailSentLabels, 4, false},
    {"email.failed", "email", "signals.email_failed", true, 20, "medium",
     "E-mail failed", "The mail system refused a message.", kEmailFailedLabels, 5, false},
    {"agent.changed", "agent", "signals.agent_changed", true, 5, "high",
     "Recording changed", "The recording of signals was connected, disconnected, set up differently or removed.", kAgentChangedLabels, 2, false},
    {"agent.dropped", "agent", "", true, 0, "high",
     "Signals dropped", "Events were dropped before they could be sent; one event per reason.", kAgentDroppedLabels, 4, false},
};

// Places in kSignals, sorted by type.
inline constexpr std::uint8_t kByType[] = {43, 46, 47, 15, 18, 3, 4, 5, 19, 16, 1, 30, 2, 0, 22, 24, 13, 23, 33, 40, 39, 41, 17, 45, 44, 29, 42, 28, 12, 35, 25, 27, 26, 10, 11, 37, 38, 36, 21, 31, 32, 34, 8, 6, 9, 7, 20, 14};

}  // namespace logystera::catalogue::table

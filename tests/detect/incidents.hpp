// What else happens to sites, beside a week of attacks (weeks.hpp): a mailbox in the wrong hands, a wave of bots, a relaunch that goes wrong,
// a server in trouble, a site that is switched off and comes back. Together they show each rule on signals what it is there for.
#pragma once

#include "weeks.hpp"

namespace logystera::test {

class Incidents : public Weeks {
 public:
  using Weeks::Weeks;

  void all(int day) {
    mailbox_in_wrong_hands(0, local(day, 23, 10));
    wave_of_bots(1, local(day + 1, 12, 0));
    relaunch(2, local(day + 2, 15, 0));
    server_in_trouble(2, local(day + 3, 9, 0));
    back_after_a_quarter(1, local(day + 100, 10, 0));
  }

 private:
  void repeat(int site, std::int64_t at, int times, int every, std::string_view type, const std::string& labels) {
    for (int i = 0; i < times; ++i) say(site, at + i * every, type, labels);
  }
  void numbered(int site, std::int64_t at, int times, int every, std::string_view type, const std::string& before,
                const std::string& after) {
    for (int i = 0; i < times; ++i) say(site, at + i * every, type, before + std::to_string(i) + after);
  }
  void saved(int site, std::int64_t at, const std::string& name, const std::string& uid) {
    say(site, at, "config.save",
        fmt::format(R"("config_name":"{}","category":"system","change_type":"update","actor_uid":"{}")", name, uid));
  }
  void roles(int site, std::int64_t at, const std::string& uid, const std::string& added, const std::string& removed,
             const std::string& actor) {
    say(site, at, "user.role_changed",
        fmt::format(
            R"("uid":"{}","roles_before":[{}],"roles_after":[{}],"roles_added":[{}],"roles_removed":[{}],"actor_uid":"{}")",
            uid, removed, added, added, removed, actor));
  }
  void permissions(int site, std::int64_t at, const std::string& role, const std::string& change, const std::string& added,
                   const std::string& removed, const std::string& actor) {
    say(site, at, "role.permissions_changed",
        fmt::format(
            R"("role":"{}","change_type":"{}","permissions_added":[{}],"permissions_removed":[{}],"actor_uid":"{}")", role,
            change, added, removed, actor));
  }
  void module(int site, std::int64_t at, bool installed, const std::string& name, const std::string& uid) {
    say(site, at, installed ? "module.install" : "module.uninstall",
        fmt::format(R"("module":"{}","is_syncing":false,"actor_uid":"{}")", name, uid));
  }
  void uploaded(int site, std::int64_t at, const std::string& name, const std::string& extension, const std::string& mime,
                const std::string& uid) {
    say(site, at, "file.uploaded",
        fmt::format(
            R"("file_id":"5","mime_type":"{}","extension":"{}","size_bytes":812,"path":"public://{}","actor_uid":"{}")",
            mime, extension, name, uid));
  }
  void api(int site, std::int64_t at, const std::string& method, const std::string& path, int status,
           const std::string& ip) {
    say(site, at, "api.access",
        fmt::format(R"("method":"{}","path":"{}","status_code":{},"ip":"{}","actor_uid":"")", method, path, status, ip));
  }

  // Somebody reads an administrator's mail, and makes sure to stay.
  void mailbox_in_wrong_hands(int site, std::int64_t at) {
    const std::string ip = "45.155.205.9", uid = "admin0";
    repeat(site, at, 6, 40, "auth.password_reset", fmt::format(R"("uid":"{}","ip":"{}")", uid, ip));
    login(site, at + 300, uid, office(site), R"("authenticated","administrator")");
    login(site, at + 400, uid, ip, R"("authenticated","administrator")");
    module(site, at + 500, true, "devel_php", uid);
    module(site, at + 560, false, "devel_php", uid);
    module(site, at + 600, false, "tfa", uid);
    say(site, at + 620, "user.created",
        fmt::format(R"("uid":"ghost","roles":["authenticated","administrator"],"actor_uid":"{}")", uid));
    roles(site, at + 640, uid, R"("publisher")", "", uid);
    roles(site, at + 660, "admin8", "", R"("administrator")", uid);
    roles(site, at + 670, "admin9", "", R"("administrator")", uid);
    permissions(site, at + 700, "helper", "create", R"("administer permissions","administer users")", "", uid);
    permissions(site, at + 710, "anonymous", "update", R"("administer nodes")", "", uid);
    for (const char* name : {"system.mail", "user.settings", "user.flood"}) saved(site, at + 720, name, uid);
    say(site, at + 800, "agent.changed",
        fmt::format(R"("change_type":"settings","changed":["auth"],"actor_uid":"{}")", uid));
    say(site, at + 860, "agent.changed", fmt::format(R"("change_type":"disconnected","actor_uid":"{}")", uid));
  }

  void wave_of_bots(int site, std::int64_t at) {
    const std::string ip = "89.248.165.2";
    numbered(site, at, 10, 50, "auth.login_failed", R"("ip":"89.248.165.2","username":"user)", R"(")");
    for (int i = 0; i < 3; ++i)
      say(site, at + 520 + i * 60, "auth.flood_blocked",
          fmt::format(R"("scope":"user","uid":"u{}","ip":"{}","threshold":5,"window_s":21600)", i, ip));
    for (int i = 0; i < 6; ++i) login(site, at + 800 + i * 20, fmt::format("u{}", i), ip, R"("authenticated")");
    numbered(site, at + 1000, 12, 30, "user.created", R"("roles":["authenticated"],"actor_uid":"","uid":"bot)", R"(")");
    numbered(site, at + 1400, 25, 15, "content.created",
             R"("entity_type":"comment","bundle":"comment","langcode":"en","published":true,"actor_uid":"","entity_id":")",
             R"(")");
    repeat(site, at + 1400, 105, 5, "email.sent",
           R"("module":"contact","key":"page_mail","recipients":1,"recipient_hash":"h")");
    for (int i = 0; i < 22; ++i) uploaded(site, at + 2000 + i * 10, fmt::format("f{}.jpg", i), "jpg", "image/jpeg", "");
    uploaded(site, at + 2300, "c.php.jpg", "jpg", "text/x-php", "");
    uploaded(site, at + 2310, "d.html", "html", "text/html", "");
    for (int i = 0; i < 35; ++i)
      visit(site, at + 2400 + i, ip, fmt::format("/backup/{}.zip", i), 404, "",
            "Mozilla/5.0 (compatible; Nuclei - sqlmap/1.7)");
    for (int i = 0; i < 6; ++i) visit(site, at + 2450 + i, ip, fmt::format("/wp-admin/x{}.php", i), 404);
    visit(site, at + 2470, ip, "/core/install.php", 200);
    for (int i = 0; i < 110; ++i) api(site, at + 2500 + i * 2, "GET", fmt::format("/jsonapi/node/page/{}", i), 200, ip);
    for (int i = 0; i < 25; ++i) api(site, at + 2800 + i * 5, "GET", "/jsonapi/node/secret", 403, ip);
    api(site, at + 3000, "POST", "/jsonapi/node/article", 201, ip);
    for (int i = 0; i < 6; ++i) visit(site, at + 3100 + i * 30, fmt::format("5.188.{}.7", i), "/node/1", 200, "admin1");
  }

  // Done in the browser, in the afternoon, by the new agency.
  void relaunch(int site, std::int64_t at) {
    const std::string uid = "agency";
    say(site, at, "user.unblocked", fmt::format(R"("uid":"{}","actor_uid":"admin2")", uid));
    login(site, at + 60, uid, "198.51.77.4", R"("authenticated","administrator")");
    say(site, at + 100, "maintenance.changed", fmt::format(R"("enabled":true,"actor_uid":"{}")", uid));
    say(site, at + 110, "config.import", fmt::format(R"("change_type":"import","actor_uid":"{}")", uid));
    for (int i = 0; i < 65; ++i) saved(site, at + 120 + i / 2, fmt::format("field.field.node.page.f{}", i), uid);
    for (const char* name : {"system.logging", "filter.format.full_html", "jsonapi.settings", "editor.editor.full_html"})
      saved(site, at + 200, name, uid);
    for (int i = 0; i < 12; ++i)
      say(site, at + 230 + i * 5, "config.delete",
          fmt::format(R"("config_name":"block.block.old{}","category":"block","change_type":"delete","actor_uid":"{}")", i,
                      uid));
    say(site, at + 300, "theme.install", fmt::format(R"("theme":"new_look","actor_uid":"{}")", uid));
    say(site, at + 310, "views.change",
        fmt::format(
            R"("config_name":"views.view.user_admin_people","view_id":"user_admin_people","change_type":"update","actor_uid":"{}")",
            uid));
    std::string many;
    for (int i = 0; i < 22; ++i) many += fmt::format("{}\"edit any type{} content\"", i == 0 ? "" : ",", i);
    permissions(site, at + 330, "content_editor", "update", "", many, uid);
    module(site, at + 350, true, "new_gallery", uid);
    numbered(
        site, at + 360, 4, 5, "php.fatal",
        R"("file":"modules/contrib/new_gallery/g.module","function":"f","message":"Call to undefined function g","line":)",
        "");
    numbered(site, at + 400, 110, 2, "php.warning",
             R"("level":"Warning","file":"themes/new_look/n.theme","function":"f","message":"Undefined array key","line":)",
             "");
    for (int i = 0; i < 25; ++i) visit(site, at + 640 + i * 2, stranger(i), "/", 500);
    repeat(site, at + 700, 6, 30, "cache.flush", fmt::format(R"("actor_uid":"{}")", uid));
    numbered(site, at + 900, 55, 2, "file.integrity_changed",
             R"("change_type":"modified","md5_before":"a","md5_after":"b","path":"modules/contrib/m/f)", R"(.inc")");
    say(site, at + 1020, "file.integrity_changed",
        R"("change_type":"added","md5_before":"","md5_after":"b","path":"modules/contrib/m/x.php")");
    numbered(site, at + 1100, 110, 4, "content.updated",
             R"("entity_type":"node","bundle":"page","langcode":"en","published":true,"actor_uid":"agency","entity_id":")",
             R"(")");
    numbered(
        site, at + 1600, 6, 20, "content.moderation",
        R"("entity_type":"node","bundle":"page","label":"T","old_state":"draft","new_state":"published","actor_uid":"agency","entity_id":")",
        R"(")");
    say(site, at + 1750, "content.moderation",
        R"("entity_type":"node","bundle":"page","label":"T","old_state":"new","new_state":"published","actor_uid":"agency","entity_id":"9")");
    for (int i = 0; i < 105; ++i) uploaded(site, at + 1800 + i * 2, fmt::format("g{}.jpg", i), "jpg", "image/jpeg", uid);
    numbered(site, at + 2100, 22, 10, "content.deleted",
             R"("entity_type":"node","bundle":"page","langcode":"en","published":true,"actor_uid":"agency","entity_id":")",
             R"(")");
    numbered(site, at + 2400, 6, 20, "user.deleted", R"("actor_uid":"agency","uid":"old)", R"(")");
    // And goes home, the site still in maintenance.
  }

  void server_in_trouble(int site, std::int64_t at) {
    numbered(site, at, 22, 20, "db.slow_query",
             R"("query":"SELECT a FROM b WHERE c = ?","caller":"views_query","time_ms":21)", "");
    say(site, at + 460, "db.slow_query", R"("query":"SELECT d FROM e","caller":"views_query","time_ms":41000)");
    repeat(site, at + 500, 4, 30, "db.deadlock",
           R"("query":"UPDATE node SET a = ?","message":"Deadlock found","caller":"save")");
    say(site, at + 700, "db.disk_full", R"("query":"INSERT INTO cache","message":"The table is full","caller":"set")");
    say(site, at + 800, "cron.run", R"("success":false,"duration_ms":3)");
    say(site, at + 1400, "cron.run", R"("success":false,"duration_ms":3)");
    say(site, at + 2600, "cron.run", R"("success":true,"duration_ms":1250000)");
    repeat(site, at + 2700, 6, 60, "email.failed",
           R"("module":"user","key":"register","recipients":1,"recipient_hash":"h","message":"Connection refused")");
    say(site, at + 3100, "agent.dropped",
        fmt::format(R"("reason":"full","count":900,"first_at":{},"last_at":{})", at + 700, at + 3000));
  }

  // Nobody hears of the site for months; then it is there again, and somebody who had left logs in.
  void back_after_a_quarter(int site, std::int64_t at) {
    login(site, at, fmt::format("editor{}x1", site), "198.51.88.2", R"("authenticated","editor")");
    visit(site, at + 60, "198.51.88.2", "/admin/content", 200);
  }
};

}  // namespace logystera::test

// Weeks in the life of three sites, as signal lines: a shop, a blog and an intranet, with editors, administrators, deployments, cron,
// crawlers and a forgotten password; and what happens to them in a week of attacks. The same seed gives the same lines.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace logystera::test {

class Weeks {
 public:
  static constexpr std::int64_t kStart = 1'767'571'200;  // a Monday, 2026-01-05T00:00:00Z
  static constexpr std::int64_t kMinute = 60, kHour = 3600, kDay = 24 * kHour;
  static constexpr int kSites = 3;
  static constexpr std::int64_t kOffset = kHour;  // of the sites' time zone, east of UTC
  static constexpr std::string_view kNames[kSites] = {"shop", "blog", "intranet"};

  struct Line {
    std::int64_t time;
    int site;
    std::string text;
  };

  explicit Weeks(std::uint32_t seed) : random_(seed) {}

  /// Usual life from kStart on. Times are the sites' own (kOffset).
  void quiet(int days) {
    for (int site = 0; site < kSites; ++site)
      for (int day = 0; day < days; ++day) quiet_day(site, day);
  }

  /// What is done to the shop and the intranet on that day and the ones after it.
  void attack(int day) {
    takeover(0, local(day, 2, 10));
    spray(0, local(day + 1, 11, 0));
    slow_probing(1, local(day + 2, 13, 0));
    insider(2, local(day + 3, 16, 0));
  }

  /// By time.
  std::vector<Line> take() {
    std::stable_sort(lines_.begin(), lines_.end(), [](const Line& a, const Line& b) { return a.time < b.time; });
    return std::move(lines_);
  }

 protected:
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint32_t>(bound));
  }
  static std::int64_t local(int day, int hour, int minute) {
    return kStart + day * kDay + hour * kHour + minute * kMinute - kOffset;
  }

  void say(int site, std::int64_t time, std::string_view type, const std::string& labels) {
    ++count_;
    lines_.push_back(
        {time, site,
         fmt::format("{{\"event_type\":\"{}\",\"created_at\":{},\"timestamp\":{},\"event_id\":\"00000000-0000-4000-8000-"
                     "{:012x}\",\"labels\":{{{}}}}}",
                     type, time, time, count_, labels)});
  }

  void visit(int site, std::int64_t time, const std::string& ip, const std::string& path, int status,
             const std::string& uid = "", const std::string& agent = "Mozilla/5.0") {
    say(site, time, "http.request",
        fmt::format(
            R"("method":"GET","path":"{}","status_code":{},"ip":"{}","is_admin":{},"is_ajax":false,"actor_uid":"{}","ua":"{}")",
            path, status, ip, path.starts_with("/admin/"), uid, agent));
    if (status == 403)
      say(site, time, "access.denied",
          fmt::format(R"("method":"GET","path":"{}","ip":"{}","actor_uid":"{}")", path, ip, uid));
  }
  void login(int site, std::int64_t time, const std::string& uid, const std::string& ip, const std::string& roles) {
    say(site, time, "auth.login", fmt::format(R"("uid":"{}","ip":"{}","roles":[{}])", uid, ip, roles));
  }
  void login_failed(int site, std::int64_t time, const std::string& name, const std::string& ip) {
    say(site, time, "auth.login_failed", fmt::format(R"("username":"{}","ip":"{}")", name, ip));
  }
  static std::string stranger(std::int64_t n) { return fmt::format("192.0.{}.{}", n / 250 % 250, n % 250 + 1); }

  void quiet_day(int site, int day) {
    const bool workday = day % 7 < 5;
    cron(site, day);
    visitors(site, day, workday ? 160 : 60);
    crawler(site, day);
    if (workday)
      for (int editor = 0; editor < 4; ++editor) edit(site, day, editor);
    if (day % 7 == 1 || day % 7 == 3) administrate(site, day);
    if (day % 7 == 2) forgotten_password(site, day);
    if (day % 7 == 1) deploy(site, day, local(day, 14, 5));
    if (site == 0 && day % 7 == 4) newsletter(site, local(day, 10, 0));
    if (site == 1) app(site, day);
    odds_and_ends(site, day);
  }

  void cron(int site, int day) {
    for (int hour = 0; hour < 24; ++hour) {
      const bool held = hour == 3 && day % 7 == 6;  // a backup holds the lock once a week
      say(site, local(day, hour, 2) + below(20), "cron.run",
          fmt::format(R"("success":{},"duration_ms":{})", !held, held ? 3 : 800 + below(4000)));
    }
  }

  void visitors(int site, int day, int visits) {
    for (int i = 0; i < visits; ++i) {
      const std::int64_t at = local(day, 6, 0) + below(17 * kHour);
      const std::string ip = stranger(below(4000));
      visit(site, at, ip, fmt::format("/node/{}", 1 + below(400)), 200);
      if (below(20) == 0) visit(site, at + 3, ip, fmt::format("/old/{}", below(80)), 404);
      if (below(60) == 0) visit(site, at + 5, ip, "/admin/content", 403);
      if (below(400) == 0) visit(site, at + 6, ip, "/node/7", 503);
    }
    for (int i = 0; i < 3; ++i)  // registrations
      say(site, local(day, 8, 0) + below(12 * kHour), "user.created",
          fmt::format(R"("uid":"new{}x{}","roles":["authenticated"],"actor_uid":"")", day, i));
  }

  // One that reads everything, now and then what is no longer there; and one of those that look for other software.
  void crawler(int site, int day) {
    const std::int64_t at = local(day, 1, 0);
    for (int i = 0; i < 120; ++i)
      visit(site, at + i * 20, "66.249.66.1", i % 12 == 0 ? fmt::format("/gone/{}", i) : fmt::format("/node/{}", i),
            i % 12 == 0 ? 404 : 200, "", "Googlebot/2.1");
    constexpr std::string_view kForeign[] = {"/wp-login.php", "/.env", "/xmlrpc.php", "/.git/config",
                                             "/phpmyadmin/index.php"};
    const std::string ip = stranger(5000 + below(4000));
    for (std::size_t i = 0; i < std::size(kForeign); ++i)
      visit(site, local(day, 4, 30) + static_cast<std::int64_t>(i) * 2, ip, std::string(kForeign[i]), 404, "", "zgrab/0.x");
  }

  static std::string office(int site) { return fmt::format("198.51.{}.10", 10 + site); }
  static std::string home(int site, int person) { return fmt::format("203.0.{}.{}", 20 + site * 10 + person, 5); }

  void edit(int site, int day, int editor) {
    const std::string uid = fmt::format("editor{}x{}", site, editor);
    const std::string ip = below(6) == 0 ? home(site, editor) : office(site);
    const std::int64_t at = local(day, 8, 0) + editor * 13 * kMinute + below(10 * kMinute);
    login(site, at, uid, ip, R"("authenticated","editor")");
    for (int i = 0; i < 8; ++i) {
      const std::int64_t then = at + 5 * kMinute + i * 40 * kMinute + below(20 * kMinute);
      visit(site, then, ip, "/admin/content", 200, uid);
      say(site, then + 60, i % 4 == 0 ? "content.created" : "content.updated",
          fmt::format(
              R"("entity_type":"node","entity_id":"{}","bundle":"article","langcode":"en","published":{},"actor_uid":"{}")",
              day * 100 + i, i % 4 != 0, uid));
      say(site, then + 60, "content.moderation",
          fmt::format(
              R"("entity_type":"node","entity_id":"{}","bundle":"article","label":"T","old_state":"draft","new_state":"{}","actor_uid":"{}")",
              day * 100 + i, i % 3 == 0 ? "published" : "review", uid));
      if (i % 3 == 0) {
        say(site, then + 30, "file.uploaded",
            fmt::format(
                R"("file_id":"{}","mime_type":"{}","extension":"{}","size_bytes":81234,"path":"public://2026-01/p{}.{}","actor_uid":"{}")",
                day * 10 + i, i == 6 ? "image/svg+xml" : "image/jpeg", i == 6 ? "svg" : "jpg", day * 10 + i,
                i == 6 ? "svg" : "jpg", uid));
        say(site, then + 31, "media.created",
            fmt::format(R"("entity_id":"{}","bundle":"image","source":"image","actor_uid":"{}")", day * 10 + i, uid));
      }
    }
    if (editor == 0 && day % 7 == 3)
      for (int i = 0; i < 6; ++i)
        say(site, at + 7 * kHour + i * 30, "content.deleted",
            fmt::format(
                R"("entity_type":"node","entity_id":"{}","bundle":"article","langcode":"en","published":false,"actor_uid":"{}")",
                i, uid));
    say(site, at + 8 * kHour, "auth.logout", fmt::format(R"("uid":"{}")", uid));
  }

  void administrate(int site, int day) {
    const std::string uid = fmt::format("admin{}", site);
    const std::string ip = day % 14 == 3 ? home(site, 8) : office(site);
    const std::int64_t at = local(day, 10, 15) + below(20 * kMinute);
    login(site, at, uid, ip, R"("authenticated","administrator")");
    for (int i = 0; i < 10; ++i) visit(site, at + 60 + i * 50, ip, fmt::format("/admin/structure/p{}", i), 200, uid);
    say(site, at + 300, "config.save",
        fmt::format(R"("config_name":"block.block.b{}","category":"block","change_type":"update","actor_uid":"{}")", day,
                    uid));
    say(site, at + 320, "views.change",
        fmt::format(R"("config_name":"views.view.news","view_id":"news","change_type":"update","actor_uid":"{}")", uid));
    say(site, at + 400, "cache.flush", fmt::format(R"("actor_uid":"{}")", uid));
    if (day % 7 == 3)
      say(site, at + 500, "user.role_changed",
          fmt::format(
              R"("uid":"editor{}x3","roles_before":["editor"],"roles_after":["editor","publisher"],"roles_added":["publisher"],"roles_removed":[],"actor_uid":"{}")",
              site, uid));
  }

  void forgotten_password(int site, int day) {
    const std::string ip = home(site, 1), uid = fmt::format("editor{}x1", site);
    const std::int64_t at = local(day, 19, 40);
    for (int i = 0; i < 4; ++i) login_failed(site, at + i * 25, "berta", ip);
    say(site, at + 150, "auth.password_reset", fmt::format(R"("uid":"{}","ip":"{}")", uid, ip));
    login(site, at + 300, uid, ip, R"("authenticated","editor")");
  }

  // On the command line: nobody is signed in, and modules come with the configuration.
  void deploy(int site, int day, std::int64_t at) {
    say(site, at, "maintenance.changed", R"("enabled":true,"actor_uid":"")");
    for (int i = 0; i < 30; ++i)
      say(site, at + 20 + i / 10, "config.save",
          fmt::format(
              R"("config_name":"field.field.node.article.f{}","category":"field","change_type":"update","actor_uid":"")",
              i));
    say(site, at + 24, "module.install", fmt::format(R"("module":"release_{}","is_syncing":true,"actor_uid":"")", day));
    say(site, at + 25, "config.import", R"("actor_uid":"","change_type":"import")");
    say(site, at + 30, "cache.flush", R"("actor_uid":"")");
    for (int i = 0; i < 5; ++i)
      say(site, at + 40 + i, "php.warning",
          fmt::format(
              R"("level":"Deprecated","file":"modules/contrib/m{}.php","line":{},"function":"f","message":"Creation of dynamic property is deprecated")",
              i, 10 + day));
    say(site, at + 5 * kMinute, "maintenance.changed", R"("enabled":false,"actor_uid":"")");
  }

  void newsletter(int site, std::int64_t at) {
    for (int i = 0; i < 90; ++i)
      say(site, at + i * 12, "email.sent",
          fmt::format(R"("module":"simplenews","key":"node","recipients":1,"recipient_hash":"h{}")", i));
  }

  void app(int site, int day) {
    for (int i = 0; i < 24 * 12; ++i)
      say(site, local(day, 0, 0) + i * 5 * kMinute, "api.access",
          fmt::format(
              R"("method":"GET","path":"/jsonapi/node/article/{}","status_code":200,"ip":"198.51.99.7","actor_uid":"")",
              i % 50));
  }

  void odds_and_ends(int site, int day) {
    if (day % 3 == site)
      say(site, local(day, 11, 30), "php.exception",
          R"("class":"GuzzleHttp\\Exception\\ConnectException","file":"core/lib/a.php","line":40,"message":"Connection timed out for ?")");
    for (int i = 0; i < 3; ++i)
      say(site, local(day, 9, 0) + i * 3 * kHour, "db.slow_query",
          R"("query":"SELECT a FROM node WHERE b = ?","time_ms":1400.5,"caller":"views_query")");
    if (day % 7 == 0)
      say(site, local(day, 5, 2), "update.available",
          fmt::format(
              R"("project":"project{}","project_type":"module","installed":"1.{}.0","recommended":"1.{}.1","security":{})",
              day / 7, day, day, site == 0 && day == 14));
    if (day % 5 == 2)
      say(site, local(day, 21, 15), "auth.flood_blocked",
          fmt::format(R"("scope":"ip","ip":"{}","threshold":50,"window_s":3600)", stranger(9000 + below(500))));
    if (day % 7 == 5)
      say(site, local(day, 17, 0), "email.failed",
          R"("module":"user","key":"register","recipients":1,"recipient_hash":"h","message":"Mailbox unavailable")");
  }

  // Passwords guessed, then every step to stay.
  void takeover(int site, std::int64_t at) {
    const std::string ip = "185.220.101.9", uid = "admin0";
    for (int i = 0; i < 30; ++i) login_failed(site, at + i * 3, "admin", ip);
    login(site, at + 95, uid, ip, R"("authenticated","administrator")");
    say(site, at + 200, "user.role_changed",
        fmt::format(
            R"("uid":"helper","roles_before":[],"roles_after":["administrator"],"roles_added":["administrator"],"roles_removed":[],"actor_uid":"{}")",
            uid));
    say(site, at + 400, "module.install",
        fmt::format(R"("module":"file_manager","is_syncing":false,"actor_uid":"{}")", uid));
    say(site, at + 600, "file.uploaded",
        fmt::format(
            R"("file_id":"99","mime_type":"text/x-php","extension":"php","size_bytes":812,"path":"public://s.php","actor_uid":"{}")",
            uid));
    say(site, at + 900, "file.integrity_changed",
        R"("path":"index.php","change_type":"modified","md5_before":"a","md5_after":"b")");
    say(site, at + 960, "agent.dropped",
        fmt::format(R"("reason":"full","count":40,"first_at":{},"last_at":{})", at + 700, at + 950));
  }

  void spray(int site, std::int64_t at) {
    for (int i = 0; i < 200; ++i) login_failed(site, at + i * 4, "admin", fmt::format("45.{}.{}.7", 10 + i / 100, i));
  }

  void slow_probing(int site, std::int64_t at) {
    const std::string ip = "91.240.118.20";
    for (int i = 0; i < 36; ++i) login_failed(site, at + i * 3 * kMinute, fmt::format("name{}", i), ip);
    for (int i = 0; i < 12; ++i) visit(site, at + 2 * kHour + i * 20, ip, fmt::format("/admin/config/p{}", i), 403);
    for (int i = 0; i < 25; ++i) visit(site, at + 3 * kHour + i * 2, ip, fmt::format("/private/p{}", i), 403);
  }

  void insider(int site, std::int64_t at) {
    const std::string ip = office(site), uid = "editor2x2";
    say(site, at, "config.export", fmt::format(R"("change_type":"export","actor_uid":"{}")", uid));
    for (int i = 0; i < 15; ++i)
      say(site, at + 60 + i * 8, "api.access",
          fmt::format(R"("method":"GET","path":"/jsonapi/user/user/{}","status_code":200,"ip":"{}","actor_uid":"{}")", i,
                      ip, uid));
    for (int i = 0; i < 25; ++i)
      say(site, at + 600 + i * 10, "content.updated",
          fmt::format(
              R"("entity_type":"node","entity_id":"{}","bundle":"article","langcode":"en","published":false,"actor_uid":"{}")",
              i, uid));
  }

  std::mt19937 random_;
  std::uint64_t count_ = 0;
  std::vector<Line> lines_;
};

}  // namespace logystera::test

// What each type of target takes: the one table behind reading, the wizard and the form.
#include <algorithm>
#include <array>

#include "fleet/targets.hpp"

namespace logystera::fleet {
namespace {

constexpr Key kFile[] = {
    {"path", Kind::texts, true, false, "Log file", "/var/log/auth.log"},
};
constexpr Key kJournald[] = {
    {"unit", Kind::texts, false, false, "Unit, or nothing for all", "sshd.service"},
    {"since", Kind::text, false, false, "A scan begins then", "-1h"},
};
constexpr Key kDocker[] = {
    {"container", Kind::texts, false, false, "Container, or nothing for all", "web-1"},
    {"label", Kind::texts, false, false, "Label a container must have", "app=web"},
    {"all", Kind::flag, false, false, "Stopped containers too", "false"},
    {"socket", Kind::text, false, false, "Socket of the daemon", "/var/run/docker.sock"},
    {"since", Kind::text, false, false, "A scan begins then", "1h"},
};
constexpr Key kSsh[] = {
    {"host", Kind::text, true, false, "Host, or a name of ~/.ssh/config", "web01.example"},
    {"user", Kind::text, false, false, "User there, or nothing for ssh's choice", "admin"},
    {"port", Kind::number, false, false, "Port, or nothing for ssh's choice", "22"},
    {"path", Kind::texts, false, false, "Log file there", "/var/log/auth.log"},
    {"journald", Kind::flag, false, false, "The journal there instead of a file", "true"},
    {"unit", Kind::texts, false, false, "Unit of the journal", "nginx.service"},
    {"since", Kind::text, false, false, "A scan of the journal begins then", "-1h"},
    {"ssh_opt", Kind::texts, false, false, "Option of ssh", "ProxyJump=bastion"},
};
constexpr Key kOpenSearch[] = {
    {"host", Kind::text, false, false, "Host", "localhost"},
    {"port", Kind::number, false, false, "Port", "9200"},
    {"use_ssl", Kind::flag, false, false, "https", "true"},
    {"verify_certs", Kind::flag, false, false, "Check its certificate", "true"},
    {"index", Kind::text, false, false, "Index, or a pattern of them", "logstash-*"},
    {"query", Kind::text, false, false, "Query", "level:error"},
    {"since", Kind::text, false, false, "A scan begins then", "1h"},
    {"username", Kind::text, false, false, "User", "reader"},
    {"password", Kind::text, false, true, "Password", "${OPENSEARCH_PASSWORD}"},
    {"api_key", Kind::text, false, true, "API key", "${OPENSEARCH_API_KEY}"},
    {"insecure_http", Kind::flag, false, false, "Credentials may go over http to another machine", "false"},
};
constexpr Key kLoki[] = {
    {"url", Kind::text, false, false, "Address", "http://localhost:3100"},
    {"query", Kind::text, true, false, "LogQL query", "{namespace=\"prod\"}"},
    {"since", Kind::text, false, false, "A scan begins then", "1h"},
    {"org_id", Kind::text, false, false, "Tenant", "prod"},
    {"token", Kind::text, false, true, "Token", "${LOKI_TOKEN}"},
    {"username", Kind::text, false, false, "User", "reader"},
    {"password", Kind::text, false, true, "Password", "${LOKI_PASSWORD}"},
    {"insecure_http", Kind::flag, false, false, "Credentials may go over http to another machine", "false"},
};
constexpr Key kGraylog[] = {
    {"url", Kind::text, false, false, "Address", "http://localhost:9000"},
    {"query", Kind::text, false, false, "Query", "source:web01"},
    {"since", Kind::text, false, false, "A scan begins then", "1h"},
    {"token", Kind::text, false, true, "Token", "${GRAYLOG_TOKEN}"},
    {"username", Kind::text, false, false, "User", "reader"},
    {"password", Kind::text, false, true, "Password", "${GRAYLOG_PASSWORD}"},
    {"insecure_http", Kind::flag, false, false, "Credentials may go over http to another machine", "false"},
};

struct Entry {
  Type type;
  std::string_view name;
  std::span<const Key> keys;
};
constexpr Entry kTypes[] = {
    {Type::file, "file", kFile},
    {Type::journald, "journald", kJournald},
    {Type::docker, "docker", kDocker},
    {Type::ssh, "ssh", kSsh},
    {Type::opensearch, "opensearch", kOpenSearch},
    {Type::loki, "loki", kLoki},
    {Type::graylog, "graylog", kGraylog},
};
constexpr Type kAllTypes[] = {Type::file,       Type::journald, Type::docker, Type::ssh,
                              Type::opensearch, Type::loki,     Type::graylog};

const Entry& entry_of(Type type) noexcept { return kTypes[static_cast<std::size_t>(type)]; }

}  // namespace

std::string_view type_name(Type type) noexcept { return entry_of(type).name; }

std::optional<Type> type_from(std::string_view name) noexcept {
  for (const Entry& entry : kTypes)
    if (entry.name == name) return entry.type;
  return std::nullopt;
}

std::span<const Type> types() noexcept { return kAllTypes; }
std::span<const Key> keys_of(Type type) noexcept { return entry_of(type).keys; }

}  // namespace logystera::fleet

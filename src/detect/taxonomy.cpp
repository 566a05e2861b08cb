#include "detect/taxonomy.hpp"

#include <algorithm>
#include <cctype>
#include <initializer_list>

#include "detect/text.hpp"

namespace logystera::detect {
namespace {

using Names = std::initializer_list<std::string_view>;

constexpr std::uint16_t bit(RecordKind kind) noexcept {
  return static_cast<std::uint16_t>(1u << static_cast<unsigned>(kind));
}

constexpr std::string_view kSysmon = "Microsoft-Windows-Sysmon/Operational";
constexpr std::string_view kPowerShell = "Microsoft-Windows-PowerShell/Operational";
constexpr std::string_view kPowerShellCore = "PowerShellCore/Operational";
constexpr std::string_view kClassicPowerShell = "Windows PowerShell";
constexpr std::string_view kDefender = "Microsoft-Windows-Windows Defender/Operational";

// Categories that are event numbers of one channel.
struct WindowsCategory {
  std::string_view name;
  std::string_view channel;
  std::int64_t events[4];  // 0 ends the list
};
constexpr WindowsCategory kWindowsCategories[] = {
    {"process_creation", kSysmon, {1}},
    {"file_change", kSysmon, {2}},
    {"network_connection", kSysmon, {3}},
    {"sysmon_status", kSysmon, {4, 16}},
    {"process_termination", kSysmon, {5}},
    {"driver_load", kSysmon, {6}},
    {"image_load", kSysmon, {7}},
    {"create_remote_thread", kSysmon, {8}},
    {"raw_access_thread", kSysmon, {9}},
    {"process_access", kSysmon, {10}},
    {"file_event", kSysmon, {11}},
    {"registry_event", kSysmon, {12, 13, 14}},
    {"registry_add", kSysmon, {12}},
    {"registry_delete", kSysmon, {12}},
    {"registry_set", kSysmon, {13}},
    {"registry_rename", kSysmon, {14}},
    {"create_stream_hash", kSysmon, {15}},
    {"pipe_created", kSysmon, {17, 18}},
    {"wmi_event", kSysmon, {19, 20, 21}},
    {"dns_query", kSysmon, {22}},
    {"file_delete", kSysmon, {23, 26}},
    {"clipboard_capture", kSysmon, {24}},
    {"clipboard_change", kSysmon, {24}},
    {"process_tampering", kSysmon, {25}},
    {"file_delete_detected", kSysmon, {26}},
    {"file_block_executable", kSysmon, {27}},
    {"file_block_shredding", kSysmon, {28}},
    {"file_executable_detected", kSysmon, {29}},
    {"sysmon_error", kSysmon, {255}},
    {"ps_module", kPowerShell, {4103}},
    {"ps_script", kPowerShell, {4104}},
    {"ps_classic_start", kClassicPowerShell, {400}},
    {"ps_classic_provider_start", kClassicPowerShell, {600}},
    {"ps_classic_script", kClassicPowerShell, {800}},
};

// Services that are channels.
struct WindowsService {
  std::string_view name;
  std::string_view channels[4];
};
constexpr WindowsService kWindowsServices[] = {
    {"application", {"Application"}},
    {"application-experience",
     {"Microsoft-Windows-Application-Experience/Program-Telemetry",
      "Microsoft-Windows-Application-Experience/Program-Compatibility-Assistant"}},
    {"applocker",
     {"Microsoft-Windows-AppLocker/MSI and Script", "Microsoft-Windows-AppLocker/EXE and DLL",
      "Microsoft-Windows-AppLocker/Packaged app-Deployment", "Microsoft-Windows-AppLocker/Packaged app-Execution"}},
    {"appmodel-runtime", {"Microsoft-Windows-AppModel-Runtime/Admin"}},
    {"appxdeployment-server", {"Microsoft-Windows-AppXDeploymentServer/Operational"}},
    {"appxpackaging-om", {"Microsoft-Windows-AppxPackaging/Operational"}},
    {"bitlocker", {"Microsoft-Windows-BitLocker/BitLocker Management"}},
    {"bits-client", {"Microsoft-Windows-Bits-Client/Operational"}},
    {"capi2", {"Microsoft-Windows-CAPI2/Operational"}},
    {"certificateservicesclient-lifecycle-system",
     {"Microsoft-Windows-CertificateServicesClient-Lifecycle-System/Operational"}},
    {"codeintegrity-operational", {"Microsoft-Windows-CodeIntegrity/Operational"}},
    {"dhcp", {"Microsoft-Windows-DHCP-Server/Operational"}},
    {"diagnosis-scripted", {"Microsoft-Windows-Diagnosis-Scripted/Operational"}},
    {"dns-client", {"Microsoft-Windows-DNS Client Events/Operational", "Microsoft-Windows-DNS-Client/Operational"}},
    {"dns-server", {"DNS Server"}},
    {"dns-server-analytic", {"Microsoft-Windows-DNS-Server/Analytical"}},
    {"dns-server-audit", {"Microsoft-Windows-DNS-Server/Audit"}},
    {"driver-framework", {"Microsoft-Windows-DriverFrameworks-UserMode/Operational"}},
    {"firewall-as", {"Microsoft-Windows-Windows Firewall With Advanced Security/Firewall"}},
    {"hyper-v-worker", {"Microsoft-Windows-Hyper-V-Worker", "Microsoft-Windows-Hyper-V-Worker-Admin"}},
    {"iis-configuration", {"Microsoft-IIS-Configuration/Operational"}},
    {"kernel-event-tracing", {"Microsoft-Windows-Kernel-EventTracing", "Microsoft-Windows-Kernel-EventTracing/Admin"}},
    {"kernel-shimengine",
     {"Microsoft-Windows-Kernel-ShimEngine/Operational", "Microsoft-Windows-Kernel-ShimEngine/Diagnostic"}},
    {"ldap", {"Microsoft-Windows-LDAP-Client/Debug"}},
    {"lsa-server", {"Microsoft-Windows-LSA/Operational"}},
    {"microsoft-servicebus-client", {"Microsoft-ServiceBus-Client", "Microsoft-ServiceBus-Client/Operational"}},
    {"msexchange-management", {"MSExchange Management"}},
    {"ntfs", {"Microsoft-Windows-Ntfs/Operational"}},
    {"ntlm", {"Microsoft-Windows-NTLM/Operational"}},
    {"openssh", {"OpenSSH/Operational"}},
    {"powershell", {kPowerShell, kPowerShellCore}},
    {"powershell-classic", {kClassicPowerShell}},
    {"printservice-admin", {"Microsoft-Windows-PrintService/Admin"}},
    {"printservice-operational", {"Microsoft-Windows-PrintService/Operational"}},
    {"security", {"Security"}},
    {"security-mitigations",
     {"Microsoft-Windows-Security-Mitigations/Kernel Mode", "Microsoft-Windows-Security-Mitigations/User Mode",
      "Microsoft-Windows-Security-Mitigations/KernelMode", "Microsoft-Windows-Security-Mitigations/UserMode"}},
    {"sense", {"Microsoft-Windows-SENSE/Operational"}},
    {"servicebus-client", {"Microsoft-ServiceBus-Client/Operational", "Microsoft-ServiceBus-Client/Admin"}},
    {"shell-core", {"Microsoft-Windows-Shell-Core/Operational"}},
    {"smbclient-connectivity", {"Microsoft-Windows-SmbClient/Connectivity"}},
    {"smbclient-security", {"Microsoft-Windows-SmbClient/Security"}},
    {"smbserver-connectivity", {"Microsoft-Windows-SMBServer/Connectivity"}},
    {"sysmon", {kSysmon}},
    {"system", {"System"}},
    {"taskscheduler", {"Microsoft-Windows-TaskScheduler/Operational"}},
    {"terminalservices-localsessionmanager", {"Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"}},
    {"vhdmp", {"Microsoft-Windows-VHDMP/Operational"}},
    {"windefend", {kDefender}},
    {"wmi", {"Microsoft-Windows-WMI-Activity/Operational"}},
};

ScopeChoice windows(Names channels, std::initializer_list<std::int64_t> events) {
  ScopeChoice choice;
  choice.kinds = bit(RecordKind::windows_event);
  for (std::string_view channel : channels) choice.channels.emplace_back(channel);
  choice.event_ids = events;
  return choice;
}

ScopeChoice of_kinds(std::initializer_list<RecordKind> kinds) {
  ScopeChoice choice;
  for (RecordKind kind : kinds) choice.kinds = static_cast<std::uint16_t>(choice.kinds | bit(kind));
  return choice;
}

ScopeChoice of_programs(std::initializer_list<RecordKind> kinds, Names programs) {
  ScopeChoice choice = of_kinds(kinds);
  for (std::string_view program : programs) choice.programs.emplace_back(program);
  return choice;
}

void windows_category(const Logsource& source, std::vector<ScopeChoice>& out) {
  for (const WindowsCategory& category : kWindowsCategories) {
    if (category.name != source.category) continue;
    ScopeChoice choice = windows({category.channel}, {});
    for (std::int64_t event : category.events)
      if (event != 0) choice.event_ids.push_back(event);
    if (category.channel == kPowerShell) choice.channels.emplace_back(kPowerShellCore);
    out.push_back(std::move(choice));
  }
  // The two categories that Windows itself records too, under its own field names (see subject_of).
  if (source.category == "process_creation") out.push_back(windows({"Security"}, {4688}));
  if (source.category == "registry_set" || source.category == "registry_event")
    out.push_back(windows({"Security"}, {4657}));
  if (source.category == "file_access" || source.category == "file_rename") {
    ScopeChoice choice = windows({}, {});
    choice.providers.emplace_back("Microsoft-Windows-Kernel-File");
    out.push_back(std::move(choice));
  }
}

void windows_scope(const Logsource& source, std::vector<ScopeChoice>& out) {
  if (!source.category.empty()) return windows_category(source, out);
  if (source.service.empty()) {
    out.push_back(windows({}, {}));
    return;
  }
  for (const WindowsService& service : kWindowsServices) {
    if (service.name != source.service) continue;
    ScopeChoice choice = windows({}, {});
    for (std::string_view channel : service.channels)
      if (!channel.empty()) choice.channels.emplace_back(channel);
    out.push_back(std::move(choice));
  }
}

void linux_scope(const Logsource& source, std::vector<ScopeChoice>& out) {
  using K = RecordKind;
  const std::string& service = source.service;
  if (!source.category.empty()) {
    // Sysmon for Linux writes Windows-shaped XML to syslog; shippers turn it into JSON or event records.
    constexpr std::pair<std::string_view, std::int64_t> kEvents[] = {
        {"process_creation", 1}, {"network_connection", 3}, {"file_event", 11}};
    for (auto [name, event] : kEvents) {
      if (name != source.category) continue;
      ScopeChoice choice = windows({"Linux-Sysmon/Operational"}, {event});
      choice.kinds = 0;
      out.push_back(std::move(choice));
    }
    return;
  }
  if (service.empty()) out.push_back(of_kinds({K::syslog, K::auth}));
  else if (service == "auth") out.push_back(of_kinds({K::auth}));
  else if (service == "syslog") out.push_back(of_kinds({K::syslog, K::auth}));
  else if (service == "sshd") out.push_back(of_programs({K::auth, K::syslog, K::application}, {"sshd"}));
  else if (service == "sudo") out.push_back(of_programs({K::auth, K::syslog, K::application}, {"sudo"}));
  else if (service == "cron") out.push_back(of_programs({K::auth, K::syslog, K::application}, {"cron", "crond", "CRON"}));
  else if (service == "auditd") out.push_back(of_programs({}, {"auditd", "audit", "audispd", "kernel-audit"}));
  else if (service == "vsftpd") out.push_back(of_programs({}, {"vsftpd"}));
  else if (service == "clamav") out.push_back(of_programs({}, {"clamd", "clamav", "freshclam", "clamscan"}));
  else if (service == "guacamole") out.push_back(of_programs({}, {"guacd", "guacamole"}));
}

// ---- fields ----

struct FieldAlias {
  std::string_view written;
  std::string_view ours[3];
};

constexpr FieldAlias kWebFields[] = {
    {"c-uri", {"url", "url_plain"}},
    {"cs-uri", {"url", "url_plain"}},
    {"cs-uri-query", {"url", "query", "url_plain"}},  // rules write paths here as often as queries
    {"c-uri-query", {"url", "query", "url_plain"}},
    {"cs-uri-stem", {"path"}},
    {"c-uri-stem", {"path"}},
    {"cs-method", {"method"}},
    {"sc-status", {"status"}},
    {"cs-user-agent", {"user_agent"}},
    {"c-useragent", {"user_agent"}},
    {"cs-referer", {"referer"}},
    {"cs-referrer", {"referer"}},
    {"cs-username", {"remote_user"}},
    {"cs-host", {"vhost"}},
    {"r-dns", {"vhost"}},
    {"cs-version", {"protocol"}},
    {"sc-bytes", {"bytes"}},
    {"s-port", {"server_port"}},
    {"c-ip", {"client_ip"}},
    {"src_ip", {"client_ip"}},
    {"clientip", {"client_ip"}},
};

constexpr FieldAlias kProcessFields[] = {
    {"Image", {"NewProcessName"}},
    {"ParentImage", {"ParentProcessName"}},
    {"User", {"SubjectUserName"}},
    {"LogonId", {"SubjectLogonId"}},
};
constexpr FieldAlias kRegistryFields[] = {
    {"TargetObject", {"ObjectName"}},
    {"Details", {"NewValue"}},
    {"Image", {"ProcessName"}},
};
constexpr FieldAlias kAntivirusFields[] = {
    {"Signature", {"Threat Name", "ThreatName"}},
    {"Filename", {"Path"}},
};
constexpr FieldAlias kLinuxFields[] = {
    {"USER", {"target_user"}},
    {"COMMAND", {"command"}},
};

constexpr DerivedField kDerived[] = {
    {"c-uri-extension", "path", "."},
    {"cs-uri-extension", "path", "."},
};

bool is_web(const Logsource& source) noexcept {
  return source.category == "webserver" || source.category == "proxy" || source.product == "apache" ||
         source.product == "nginx" || source.service == "apache" || source.service == "nginx";
}

template <std::size_t N>
void add_aliases(const FieldAlias (&table)[N], std::string_view field, std::vector<Place>& out) {
  for (const FieldAlias& alias : table) {
    if (alias.written != field) continue;
    for (std::string_view name : alias.ours)
      if (!name.empty()) out.push_back({Part::field, std::string(name)});
  }
}

// Windows Defender's event data names have spaces ("Threat Name"), which rules leave out (rules specification, "Field
// Usage" 2) or write as underscores.
std::string with_spaces(std::string_view field) {
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '_') {
      out += ' ';
      continue;
    }
    const auto upper = [&](std::size_t at) { return std::isupper(static_cast<unsigned char>(field[at])) != 0; };
    if (i > 0 && field[i - 1] != '_' && upper(i) && !upper(i - 1)) out += ' ';
    out += field[i];
  }
  return out;
}

}  // namespace

Scope scope_of(const Logsource& source) {
  using K = RecordKind;
  Scope scope;
  scope.logsource = source;
  std::vector<ScopeChoice>& out = scope.choices;
  if (source.product == "windows") windows_scope(source, out);
  else if (source.product == "linux") linux_scope(source, out);
  else if (source.category == "webserver") out.push_back(of_kinds({K::web_access}));
  else if (source.category == "proxy") {
    out.push_back(of_kinds({K::web_access}));
    out.back().absolute_url = true;
  } else if (source.service == "apache" || source.service == "nginx" || source.product == "apache" ||
             source.product == "nginx") {
    if (source.service != "error") out.push_back(of_kinds({K::web_access}));
    if (source.service != "access") out.push_back(of_kinds({K::web_error}));
  } else if (source.category == "antivirus") {
    out.push_back(windows({kDefender}, {1006, 1007, 1008, 1009, 1010, 1011, 1012, 1017, 1018, 1019, 1115, 1116}));
    out.push_back(of_programs({}, {"clamd", "clamav", "clamscan"}));
  } else if (source.category == "application") {
    // Programs whose log is text: keyword rules over what they write, whatever the envelope.
    constexpr std::string_view kText[] = {"django", "python", "ruby_on_rails", "spring",
                                          "sql",    "jvm",    "nodejs",        "velocity"};
    if (std::find(std::begin(kText), std::end(kText), source.product) != std::end(kText))
      out.push_back(of_kinds({K::application, K::text, K::web_error}));
  }
  return scope;
}

Subject subject_of(const Logsource& source, std::string_view field) {
  Subject subject;
  subject.written = std::string(field);
  subject.places.push_back({Part::field, std::string(field)});
  if (is_web(source)) add_aliases(kWebFields, field, subject.places);
  if (source.product == "windows") {
    if (source.category == "process_creation") add_aliases(kProcessFields, field, subject.places);
    if (source.category == "registry_set" || source.category == "registry_event")
      add_aliases(kRegistryFields, field, subject.places);
    if (source.service == "windefend") {
      std::string spaced = with_spaces(field);
      if (spaced != field) subject.places.push_back({Part::field, std::move(spaced)});
    }
    if (field == "Message") subject.places.push_back({Part::message, {}});
    if (field == "ComputerName") subject.places.push_back({Part::field, "Computer"});
  }
  if (source.category == "antivirus") add_aliases(kAntivirusFields, field, subject.places);
  if (source.product == "linux") add_aliases(kLinuxFields, field, subject.places);
  if (field == "timestamp" || field == "@timestamp" || field == "TimeCreated") subject.places.push_back({Part::time, {}});
  if (field == "message") subject.places.push_back({Part::message, {}});
  return subject;
}

const DerivedField* derived_field(const Logsource& source, std::string_view field) noexcept {
  if (!is_web(source)) return nullptr;
  for (const DerivedField& derived : kDerived)
    if (derived.written == field) return &derived;
  return nullptr;
}

Subject native_subject(std::string_view name) {
  constexpr std::pair<std::string_view, Part> kParts[] = {
      {"message", Part::message},   {"raw", Part::raw},       {"source", Part::source},
      {"host", Part::host},         {"format", Part::format}, {"kind", Part::kind},
      {"severity", Part::severity}, {"time", Part::time},     {"anywhere", Part::anywhere}};
  Subject subject;
  subject.written = std::string(name);
  if (name.size() > 1 && name[0] == '.') {
    subject.places.push_back({Part::field, std::string(name.substr(1))});
    return subject;
  }
  for (auto [known, part] : kParts)
    if (known == name) {
      subject.places.push_back({part, {}});
      return subject;
    }
  subject.places.push_back({Part::field, std::string(name)});
  // What is hidden in a request target shows in its plain form. ".url" is the target alone.
  if (name == "url") subject.places.push_back({Part::field, "url_plain"});
  return subject;
}

int record_kind_from(std::string_view name) noexcept {
  for (int i = 0; i <= static_cast<int>(RecordKind::signal); ++i)
    if (record_kind_name(static_cast<RecordKind>(i)) == name) return i;
  return -1;
}

}  // namespace logystera::detect

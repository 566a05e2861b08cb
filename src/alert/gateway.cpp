#include "alert/gateway.hpp"

#include <algorithm>

namespace logystera::alert {
namespace {

constexpr std::int64_t kConditionQuiet = 5 * kMinute, kEpisodeQuiet = kHour;

constexpr GatewayRule kRulesOfGateway[] = {
    {gateway::kLag, "Detection is behind what arrives", Level::high, Kind::condition,
     "Events wait longer than they should before any rule looks at them.",
     "Alerts come late, or not at all while detection stands still. Nothing is lost: what waits is looked at later.",
     "Look at the server's log for why detection stands still, and at what else uses the processor and the disk. "
     "'logystera store check' "
     "says whether the database is whole.",
     "For a minute after a start, or after a site has sent what it had kept for days."},
    {gateway::kOverflow, "Events were read back for detection", Level::low, Kind::episode,
     "More arrived at once than detection keeps in memory, and the rest was read back from the database.",
     "Nothing is lost, but it is the first sign that the machine is too small for what arrives.",
     "If it happens often, give the machine another processor, or switch signals off that nobody needs.",
     "When a site sends what it had kept while the gateway was down."},
    {gateway::kForgotten, "Rules that count have forgotten groups", Level::medium, Kind::episode,
     "So many addresses or accounts were counted at once that the least active ones were forgotten.",
     "An attack from very many addresses may stay below a rule's threshold.",
     "Look at the events of the last hour for a flood of addresses, and block it in front of the sites.",
     "When a large site is visited by a crawler with thousands of addresses."},
    {gateway::kUnevaluated, "Late events were not evaluated", Level::medium, Kind::episode,
     "A site has sent so many events so late that rules which count over time were not asked about them.",
     "What happened in that time is stored, and single events were looked at, but bursts in it were not noticed.",
     "'logystera detect' looks at stored events again; the site's page has the range.",
     "After a site was cut off for days and was quiet."},
    {gateway::kRules, "Rules were refused", Level::medium, Kind::condition,
     "Rules or settings that were to be loaded are wrong; those before stay, or the rest runs without them.",
     "Whoever changed them believes that they watch.", "'logystera rules validate PATH' says what is wrong and where.",
     "Some of Sigma's rules ask for what this program does not do; mute this then."},
    {gateway::kOutbox, "Messages wait", Level::high, Kind::condition, "Messages about alerts are due and do not leave.",
     "People who rely on being told are not told.",
     "Settings, Channels says what the other side answered last. 'Test' sends a message at once.",
     "When the other side is down for a short time: messages are tried again for 24 hours."},
    {gateway::kDead, "Messages were given up", Level::medium, Kind::condition,
     "Messages could not be delivered within 24 hours and are tried no more.", "Nobody was told what they say.",
     "Settings, Channels: repair the channel, then Retry or Discard them.", ""},
    {gateway::kChannel, "A channel delivers nothing", Level::high, Kind::condition,
     "A channel was switched off since the other side refuses it for good, or has delivered nothing for long though "
     "messages wait.",
     "Who is told by this channel alone hears of no alert.",
     "Settings, Channels: give the channel a new address or new credentials, switch it on, and send a test.", ""},
    {gateway::kUntold, "Messages could not be planned", Level::high, Kind::condition,
     "Alerts have changed and whom to tell of it could not be worked out. It is tried again.",
     "People are told late. The alerts themselves are stored.",
     "Look at Settings, Routes and Channels for what the reason names, and at the server's log.", ""},
    {gateway::kDisk, "The disk is nearly full", Level::high, Kind::condition,
     "The disk under the database has little room left.",
     "When it is full nothing can be stored: sites keep their events until their own room is full, and then drop them.",
     "Make room, or let retention keep less (Settings, Retention). 'logystera store shrink' gives back what is empty.", ""},
    {gateway::kDatabase, "The database cannot be made smaller", Level::high, Kind::condition,
     "Old events cannot be removed, or the database is larger than it may be and nothing more may go.",
     "It goes on growing until the disk is full.",
     "Raise max_db_bytes, or let retention keep less; the server's log has the reason.", ""},
    {gateway::kStore, "Batches could not be stored", Level::high, Kind::episode,
     "Sites were told to send again later, since what they sent could not be written.",
     "Nothing is lost as long as sites have room to keep it.",
     "Look at the server's log, at the disk, and at who else has the database open.",
     "Once, while another program held the database for long."},
    {gateway::kSettings, "What was set for a site cannot be read", Level::high, Kind::condition,
     "The time zone or the administrative roles that were set for a site are damaged, or its time zone is not known on "
     "this machine.",
     "Detection goes on for the site with the server's zone and the role administrator: rules about off hours and about "
     "administrators may "
     "miss something, or be wrong.",
     "Set them again: 'logystera entity set' does. 'logystera store check' says whether the database is whole.",
     "After the machine's time zone data was replaced by older ones."},
    {gateway::kSiteClock, "A site's clock is wrong", Level::medium, Kind::condition,
     "The clock of the machine a site runs on is far from the gateway's. Beyond 300 seconds its batches are refused.",
     "Times of its events are wrong, so bursts may be missed; refused batches wait at the site until its room is full.",
     "Set the clock of the site's machine, by NTP; if all sites are off, set the gateway's.",
     "A batch sent again from a copy of old traffic looks the same; it clears with the site's next batch."},
    {gateway::kClock, "The gateway's clock was moved", Level::medium, Kind::episode,
     "The clock of this machine has jumped, ahead or back.",
     "Times of what arrived before and after do not fit together, and what is too old is judged by this clock.",
     "Let NTP keep the clock, and look at what has set it.", "A virtual machine that was stopped and went on."},
};

}  // namespace

std::span<const GatewayRule> gateway_rules() noexcept { return kRulesOfGateway; }

const GatewayRule* gateway_rule(std::string_view id) noexcept {
  const auto* const found = std::find_if(std::begin(kRulesOfGateway), std::end(kRulesOfGateway),
                                         [id](const GatewayRule& rule) { return rule.id == id; });
  return found == std::end(kRulesOfGateway) ? nullptr : found;
}

Policy policy_of(const GatewayRule& rule) noexcept {
  Policy policy;
  policy.kind = rule.kind;
  policy.resolve_after_s = rule.kind == Kind::condition ? kConditionQuiet : kEpisodeQuiet;
  return policy;
}

}  // namespace logystera::alert

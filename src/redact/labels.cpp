#include "redact/labels.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "redact/bytes.hpp"

namespace logystera::redact {
namespace {

constexpr std::size_t kOctets = 4;

// The octet that ends before `end`: where it begins, or npos.
std::size_t octet_begin(std::string_view name, std::size_t end) noexcept {
  std::size_t begin = end;
  unsigned number = 0;
  for (unsigned place = 1; begin > 0 && is_digit(name[begin - 1]) && end - begin < 3; --begin, place *= 10)
    number += static_cast<unsigned>(name[begin - 1] - '0') * place;
  return begin < end && number <= 255 && (begin == 0 || !is_alnum(name[begin - 1])) ? begin : std::string_view::npos;
}

// The last four numbers of a run of more than four, joined by dots, that ends at `end`.
bool octets_before(std::string_view name, std::size_t end, Hit& hit) noexcept {
  std::size_t begin = end;
  for (std::size_t octet = 0; octet < kOctets; ++octet) {
    if (octet > 0) {
      if (begin == 0 || name[begin - 1] != '.') return false;
      --begin;
    }
    begin = octet_begin(name, begin);
    if (begin == std::string_view::npos) return false;
  }
  hit = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), Kind::ipv4};
  return true;
}

}  // namespace

void find_in_name(Finder& finder, std::string_view name, std::vector<Hit>& hits) {
  finder.find(name, Context::text, hits);
  const std::size_t found = hits.size();
  // Each key of a path on its own: the dots that join them look like part of a word.
  std::vector<Hit> of_key;
  for (std::size_t begin = 0; begin < name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    finder.find(name.substr(begin, end - begin), Context::text, of_key);
    for (Hit hit : of_key) {
      hit.begin += static_cast<std::uint32_t>(begin);
      hit.end += static_cast<std::uint32_t>(begin);
      hits.push_back(hit);
    }
    begin = end + 1;
  }
  for (std::size_t end = 1; end <= name.size(); ++end) {
    const bool ends_run = is_digit(name[end - 1]) && at_end_or_not_alnum(name, end) &&
                          !(end + 1 < name.size() && name[end] == '.' && is_digit(name[end + 1]));
    // An object identifier is none: those of the Internet, and what begins with them.
    Hit hit;
    if (!ends_run || !octets_before(name, end, hit) || name.find("1.3.6.1.") != std::string_view::npos) continue;
    const bool longer_run = hit.begin >= 2 && name[hit.begin - 1] == '.' && is_digit(name[hit.begin - 2]);
    if (longer_run) hits.push_back(hit);
  }
  if (hits.size() > found) finder.settle(name, hits);
}

FieldLabels::FieldLabels(const FieldNames& names, Options options)
    : names_(names), options_(std::move(options)), finder_(options_.patterns) {}

const FieldLabels::Label& FieldLabels::find(FieldId field) const {
  std::lock_guard lock(mutex_);
  Page* page = pages_[field / kPageLabels].load(std::memory_order_relaxed);
  if (!page) {
    page = &owned_pages_.emplace_back();
    pages_[field / kPageLabels].store(page, std::memory_order_release);
  }
  std::atomic<const Label*>& place = (*page)[field % kPageLabels];
  if (const Label* known = place.load(std::memory_order_relaxed)) return *known;
  const std::string_view name = names_.name(field);
  std::vector<Hit> hits;
  find_in_name(finder_, name, hits);
  if (!hits.empty() && !redactor_) redactor_.emplace(options_);
  Label& label = labels_.emplace_back(Label{hits.empty() ? std::string(name) : redactor_->redact_name(name), field});
  label.first = firsts_.try_emplace(label.text, field).first->second;
  place.store(&label, std::memory_order_release);
  return label;
}

}  // namespace logystera::redact

#include "core/clock.hpp"

#include <ctime>

namespace logystera {

std::string rfc3339(std::int64_t time_ns) {
  std::int64_t seconds = time_ns / kSecondNs, fraction = time_ns % kSecondNs;
  if (fraction < 0) {
    fraction += kSecondNs;
    --seconds;
  }
  const std::time_t time = seconds;
  std::tm parts{};
  if (!::gmtime_r(&time, &parts)) return std::to_string(time_ns);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string out(text, size);
  if (fraction != 0) {
    std::string digits = std::to_string(kSecondNs + fraction);  // a 1 before nine digits
    digits.front() = '.';
    out.append(digits, 0, digits.find_last_not_of('0') + 1);
  }
  return out + "Z";
}

}  // namespace logystera

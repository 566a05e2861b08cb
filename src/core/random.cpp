#include "core/random.hpp"

#include <openssl/rand.h>

#include "core/base64.hpp"
#include "core/hmac.hpp"

namespace logystera {

Result<std::string> random_text(std::size_t bytes) {
  std::string random(bytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), static_cast<int>(bytes)) != 1) {
    return Error{"no randomness from the kernel: a secret cannot be made"};
  }
  std::string text = base64url(random);
  wipe(random);
  return text;
}

}  // namespace logystera

#include "agent/seal.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <memory>

#include "core/hmac.hpp"

namespace logystera::agent {
namespace {

constexpr unsigned char kSealVersion = 1;
constexpr std::string_view kSecretPurpose = "logystera secret seal/v1\n";
constexpr std::size_t kNonceBytes = 12;  // NIST SP 800-38D §8.2.2
constexpr std::size_t kTagBytes = 16;

bool is_base64(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

struct CipherFree {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, CipherFree>;

unsigned char* bytes(std::string& text, std::size_t at = 0) noexcept {
  return reinterpret_cast<unsigned char*>(text.data()) + at;
}
const unsigned char* bytes(std::string_view text) noexcept { return reinterpret_cast<const unsigned char*>(text.data()); }

// Text that is overwritten when it goes out of scope: the joined values hold the secret.
struct Plain {
  std::string text;
  ~Plain() { wipe(text); }
};

Result<Done> check_key(std::string_view key) {
  if (key.size() >= kSealKeyBytesMin && key.size() <= kSealKeyBytesMax) return Done{};
  return Error{"sealing key: must have " + std::to_string(kSealKeyBytesMin) + "-" + std::to_string(kSealKeyBytesMax) +
                   " bytes, has " + std::to_string(key.size()),
               ErrorKind::invalid};
}

// The version byte is authenticated too, so that a later format cannot be passed off as this one.
bool encrypt(const Digest& key, std::string_view nonce, std::string_view plain, std::string& out, std::size_t at) {
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int done = 0;
  return cipher && EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes(nonce)) == 1 &&
         EVP_EncryptUpdate(cipher.get(), nullptr, &done, &kSealVersion, 1) == 1 &&
         EVP_EncryptUpdate(cipher.get(), bytes(out, at), &done, bytes(plain), static_cast<int>(plain.size())) == 1 &&
         EVP_EncryptFinal_ex(cipher.get(), bytes(out, at + plain.size()), &done) == 1 &&
         EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, bytes(out, at + plain.size())) == 1;
}

bool decrypt(const Digest& key, std::string_view nonce, std::string_view sealed, std::string tag, std::string& plain) {
  const Cipher cipher(EVP_CIPHER_CTX_new());
  plain.assign(sealed.size() + 1, '\0');
  int done = 0;
  const bool good =
      cipher && EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes(nonce)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &done, &kSealVersion, 1) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes(plain), &done, bytes(sealed), static_cast<int>(sealed.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes(plain, sealed.size()), &done) == 1;
  plain.resize(sealed.size());
  if (!good) wipe(plain);
  return good;
}

std::string to_base64(std::string_view raw) {
  std::string out(4 * ((raw.size() + 2) / 3) + 1, '\0');
  out.resize(static_cast<std::size_t>(EVP_EncodeBlock(bytes(out), bytes(raw), static_cast<int>(raw.size()))));
  return out;
}

// Strict: nothing but the alphabet, padding only at the end, no stray bits: one text for one value. Empty on any fault.
std::string from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > kSealedBytesMax) return {};
  const std::size_t padding = text.back() != '=' ? 0 : text[text.size() - 2] == '=' ? 2 : 1;
  const std::string_view digits = text.substr(0, text.size() - padding);
  if (!std::all_of(digits.begin(), digits.end(), is_base64)) return {};
  std::string out(3 * (text.size() / 4), '\0');
  const int size = EVP_DecodeBlock(bytes(out), bytes(text), static_cast<int>(text.size()));
  if (size < 0) return {};
  out.resize(static_cast<std::size_t>(size) - padding);
  if (to_base64(out) != text) out.clear();
  return out;
}

Error in_words(const Seal& what, std::string_view fault) {
  std::string text("sealed ");
  text.append(what.name).append(": ").append(fault).append(what.remedy);
  return Error{std::move(text)};
}

Result<Done> check_purpose(std::string_view purpose) {
  if (!purpose.empty() && purpose.size() <= kSealPurposeBytesMax) return Done{};
  return Error{
      "purpose: must have 1-" + std::to_string(kSealPurposeBytesMax) + " bytes, has " + std::to_string(purpose.size()),
      ErrorKind::invalid};
}

Seal of_secret(const std::string& purpose) noexcept { return {purpose, "secret", "enter it again"}; }

}  // namespace

Result<std::string> seal(std::string_view plain, std::string_view key, const Seal& what) {
  if (Result<Done> checked = check_key(key); !checked) return checked.error();
  std::string nonce(kNonceBytes, '\0');
  if (RAND_bytes(bytes(nonce), kNonceBytes) != 1) return Error{"sealing: the system gives no random bytes"};
  std::string out(1, static_cast<char>(kSealVersion));
  out += nonce;
  out.resize(1 + kNonceBytes + plain.size() + kTagBytes);
  Digest derived = hmac_sha256(key, what.purpose);
  const bool sealed = encrypt(derived, nonce, plain, out, 1 + kNonceBytes);
  wipe(derived.data(), derived.size());
  if (!sealed) return Error{"sealing: libcrypto refuses AES-256-GCM"};
  return to_base64(out);
}

Result<Secret> unseal(std::string_view sealed, std::string_view key, const Seal& what) {
  if (Result<Done> checked = check_key(key); !checked) return checked.error();
  const Error refused =
      in_words(what, "cannot be opened; the key is another one than was sealed with, or the text was changed: ");
  const std::string raw = from_base64(sealed);
  if (raw.size() < 1 + kNonceBytes + kTagBytes) return refused;
  if (static_cast<unsigned char>(raw.front()) != kSealVersion) {
    return in_words(what, "made by a later version of this software; update it or ");
  }
  const std::string_view view(raw);
  const std::string_view body = view.substr(1 + kNonceBytes, raw.size() - 1 - kNonceBytes - kTagBytes);
  Plain plain;
  Digest derived = hmac_sha256(key, what.purpose);
  const bool opened =
      decrypt(derived, view.substr(1, kNonceBytes), body, std::string(view.substr(raw.size() - kTagBytes)), plain.text);
  wipe(derived.data(), derived.size());
  if (!opened) return refused;
  return Secret(plain.text);
}

Result<Secret> make_secret(std::string_view value) {
  if (!value.empty() && value.size() <= kSecretValueBytesMax) return Secret(value);
  return Error{
      "secret: must have 1-" + std::to_string(kSecretValueBytesMax) + " bytes, has " + std::to_string(value.size()),
      ErrorKind::invalid};
}

Result<std::string> seal_secret(const Secret& secret, std::string_view key, std::string_view purpose) {
  if (Result<Done> checked = check_purpose(purpose); !checked) return checked.error();
  const std::string whole = std::string(kSecretPurpose).append(purpose);
  return seal(secret.view(), key, of_secret(whole));
}

Result<Secret> unseal_secret(std::string_view sealed, std::string_view key, std::string_view purpose) {
  if (Result<Done> checked = check_purpose(purpose); !checked) return checked.error();
  const std::string whole = std::string(kSecretPurpose).append(purpose);
  return unseal(sealed, key, of_secret(whole));
}

}  // namespace logystera::agent

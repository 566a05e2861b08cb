#include "store/finding_store.hpp"
#include "store/sqlite/row_key.hpp"
#include "store/text.hpp"

namespace logystera::store {

std::string finding_key(const Finding& finding) {
  const Digest hash = sqlite::RowKey()
                          .text(storable(finding.rule))
                          .text(storable(finding.source))
                          .number(finding.time)
                          .number(static_cast<std::int64_t>(finding.line))
                          .text(storable(finding.message))
                          .number(finding.demo)
                          .finish();
  return {reinterpret_cast<const char*>(hash.data()), sqlite::kKeyBytes};
}

}  // namespace logystera::store

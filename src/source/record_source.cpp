#include "source/record_source.hpp"

namespace logystera::source {

void Part::describe(const parse::Detection& detection) {
  format = detection.name;
  title = detection.title;
  compression = parse::compression_name(detection.compression);
  encoding = parse::encoding_name(detection.encoding);
  confidence = detection.confidence;
}

}  // namespace logystera::source

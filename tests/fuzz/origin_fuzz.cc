// target.url: what is accepted is the origin of its own text again.

#include "common/base/check.h"
#include "common/scenario/origin.h"
#include "tests/fuzz/input.h"

using sfp::scenario::ParseOrigin;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto origin = ParseOrigin(sfp::fuzz::Input(data, size).Rest());
  if (!origin.ok()) {
    SFP_CHECK(!sfp::Message(origin.status()).empty());
    return 0;
  }
  SFP_CHECK(!origin->host.empty() && origin->port != 0);
  const auto again = ParseOrigin((origin->tls ? "https://" : "http://") + origin->authority);
  SFP_CHECK(again.ok());
  SFP_CHECK(again->tls == origin->tls && again->host == origin->host &&
            again->port == origin->port && again->authority == origin->authority);
  return 0;
}

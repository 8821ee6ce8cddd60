// A configuration file of any bytes: either a configuration or findings. What is accepted compiles,
// and its resolved text is a configuration that resolves to itself (with secrets, "***" stands
// where a URL should).

#include "common/base/check.h"
#include "common/config/config.h"
#include "common/scenario/program.h"
#include "tests/fuzz/input.h"

namespace {

using sfp::config::Loaded;

Loaded Parse(std::string_view text) {
  const auto environment = [](std::string_view name) {
    return name == "SFP_FUZZ" ? std::optional<std::string>("secret") : std::nullopt;
  };
  return sfp::config::Parse(text, "nowhere/fuzz.yaml", environment, {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Loaded loaded = Parse(sfp::fuzz::Input(data, size).Rest());
  SFP_CHECK(loaded.config.has_value() == loaded.diagnostics.empty());
  for (const auto& diagnostic : loaded.diagnostics) {
    SFP_CHECK(!diagnostic.message.empty());
    SFP_CHECK(!sfp::config::Format(diagnostic).empty());
  }
  if (!loaded.config) return 0;
  SFP_CHECK(sfp::scenario::Program::Compile(loaded.config->scenario).ok());
  if (!loaded.config->secrets.empty()) return 0;
  const Loaded again = Parse(loaded.config->resolved_yaml);
  if (!again.config) {
    std::fprintf(stderr, "%s\n", loaded.config->resolved_yaml.c_str());
    for (const auto& diagnostic : again.diagnostics) {
      std::fprintf(stderr, "%s\n", sfp::config::Format(diagnostic).c_str());
    }
  }
  SFP_CHECK(again.config.has_value());
  SFP_CHECK(again.config->resolved_yaml == loaded.config->resolved_yaml);
  return 0;
}

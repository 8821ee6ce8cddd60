#include "master/app/terminal.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace sfp::app {
namespace {

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

bool IsTerminal(int fd) {
  const std::string_view term = Variable("TERM");
  return isatty(fd) != 0 && !term.empty() && term != "dumb";
}

bool WantsColour(int fd) { return IsTerminal(fd) && Variable("NO_COLOR").empty(); }

}  // namespace sfp::app

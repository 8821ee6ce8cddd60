#pragma once

// A text as a POSIX shell would split it into commands and words: quotes, backslashes, $'…',
// continued lines, comments. $NAME and ${NAME} become ShellVariable(NAME); commands in commands are
// refused.
//
// Thread: pure function.

#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace sfp::import {

struct Command {
  std::vector<std::string> words;
  bool piped = false;  // reads another command's output
};

// The error gives the offset, from 1, of what is wrong.
StatusOr<std::vector<Command>> SplitCommands(std::string_view text);

}  // namespace sfp::import

#pragma once

// The template language of paths, query values, headers and bodies:
//
//   {{term}}  {{ term }}            the value of the data source `term`
//   {{account.user}}                the column `user` of a row of the data source `account`
//   {{random_int(1, 100)}}          what a function gives (functions.h); anew at each place
//   {{hmac_sha256('key', term)}}    an argument is a literal in '…' or "…", a number, a name or a
//                                   call
//   {{{{                            a literal "{{"
//
// A name is a letter or '_', then letters, digits, '_', '-' or '.'. Within quotes \ makes the next
// character an ordinary one. Everything else stands for itself, "}}" included. The same name twice
// in one task is the same value.
//
// Used by Program::Compile, and by common/config to find names that no data source has.
//
// Thread: pure functions.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"

namespace sfp::scenario {

struct Function;

struct TemplateVariable {
  std::string name;
  std::size_t offset = 0;  // of the opening braces in the text; within a call, of the name
  std::size_t length = 0;  // closing braces included
};

// Literal text, a name, or a call with its arguments, which are pieces themselves.
struct TemplatePiece {
  bool variable = false;  // not literal
  std::string text;       // literal text with its escapes undone, a name, or the call as written
  const Function* function = nullptr;  // of a call
  std::vector<TemplatePiece> arguments{};
};

// Two literals are never neighbours. A call that is given back is good: its function takes these
// arguments. The error gives the offset, from 0, of what is wrong.
StatusOr<std::vector<TemplatePiece>> ParseTemplate(std::string_view text);

// The names in their order, those within calls included; of a broken template those before the
// mistake.
std::vector<TemplateVariable> FindVariables(std::string_view text);

// `text` with its literal parts passed through `escape` (which leaves braces alone), and what
// stands between "{{" and "}}" as it is. Nothing of a broken template is changed.
std::string EscapeLiterals(std::string_view text, std::string (*escape)(std::string_view));

bool IsTemplateName(std::string_view name);

}  // namespace sfp::scenario

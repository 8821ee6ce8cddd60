#pragma once

// The template language of paths, query values, headers and bodies:
//
//   {{term}}  {{ term }}   the value of the data source `term`
//   {{{{                   a literal "{{"
//
// A name is a letter or '_', then letters, digits, '_', '-' or '.'. Everything else stands for
// itself, "}}" included. The same name twice in one task is the same value.
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

struct TemplateVariable {
  std::string name;
  std::size_t offset = 0;  // of the opening braces in the text
  std::size_t length = 0;  // closing braces included
};

struct TemplatePiece {
  bool variable = false;
  std::string text;  // a name, or literal text with its escapes undone
};

// Two literals are never neighbours. The error gives the offset, from 0, of what is wrong.
StatusOr<std::vector<TemplatePiece>> ParseTemplate(std::string_view text);

// The variables in their order; of a broken template those before the mistake.
std::vector<TemplateVariable> FindVariables(std::string_view text);

bool IsTemplateName(std::string_view name);

}  // namespace sfp::scenario

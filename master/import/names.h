#pragma once

// Names for what is imported: unique, valid where they stand, recognizable.
//
// Thread: confined to one import.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sfp::import {

// "find pets / by id" -> "find_pets_/_by_id"; never empty, at most 100 bytes.
std::string TaskName(std::string_view text);
// A name for {{…}}: letters, digits and '_'.
std::string DataName(std::string_view text);
// A name for ${…}: capitals, digits and '_'.
std::string VariableName(std::string_view text);

// Gives each name once: a taken one gets _2, _3, ….
class UniqueNames {
 public:
  std::string Take(const std::string& wanted);

 private:
  std::set<std::string> taken_;
};

// Does a header, parameter, cookie or field of this name hold what must not get into a file?
bool IsSecretName(std::string_view name);
// Does a value look like a token by itself (a JWT, a key with a well-known prefix)?
bool LooksSecret(std::string_view value);

// The variables that stand for secrets. The same value of the same name is the same variable; the
// value itself is forgotten with this object.
class Secrets {
 public:
  // "${API_TOKEN:-change-me}". `value`: the secret, if the source holds it.
  std::string Variable(std::string_view name, std::string_view value = {});
  std::vector<std::string> names() const { return names_; }  // in the order of their first use

 private:
  std::map<std::pair<std::string, std::string>, std::string> known_;
  UniqueNames unique_;
  std::vector<std::string> names_;
};

std::string Lower(std::string_view text);

}  // namespace sfp::import

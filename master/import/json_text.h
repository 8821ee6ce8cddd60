#pragma once

// JSON values as they stand in a configuration.
//
// Thread: pure functions.

#include <boost/json/value.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "master/import/draft.h"
#include "master/import/names.h"

namespace sfp::import {

// The configuration text of a string that stands under a key.
using StringText = std::function<std::string(std::string_view key, std::string_view text)>;
// Literal, or a variable if the key or the text says that it is a secret.
StringText HideSecrets(Secrets& secrets);

// Makes `body` the body of the request, as readable JSON. Numbers keep their value. A text nested
// too deeply for YAML is written as one string.
void SetJson(Request& request, const boost::json::value& body, const StringText& string);

// A string, number or boolean as text; anything else as JSON.
std::string TextOf(const boost::json::value& value);

}  // namespace sfp::import

#pragma once

// A JSON or YAML document in memory, with its references.
//
// Bounded: bytes, nesting and number of values. A mistake of syntax is reported with file, line and
// column; what is wrong further in is named by its JSON pointer ("#/paths/~1pets/get").
//
// Thread: immutable after Read.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace sfp::import {

constexpr std::size_t kMostDocumentBytes = 256 << 20;

// JSON if it begins with '{' or '[', else YAML.
StatusOr<boost::json::value> ReadDocument(std::string_view text, const std::string& path);
StatusOr<boost::json::value> ReadJson(std::string_view text, const std::string& path);

// What `{"$ref": "#/…"}` stands for, through chains of references; `value` itself if it is none.
// Null if it leads nowhere, around in a circle, or into another document.
const boost::json::value* Follow(const boost::json::value& root, const boost::json::value& value);

// The member of an object that is of this kind, or null.
const boost::json::value* Member(const boost::json::value* object, std::string_view key);
const boost::json::object* ObjectIn(const boost::json::value* object, std::string_view key);
const boost::json::array* ArrayIn(const boost::json::value* object, std::string_view key);
// Empty if there is none.
std::string TextIn(const boost::json::value* object, std::string_view key);
bool IsTrue(const boost::json::value* object, std::string_view key);

// One segment of a JSON pointer: '~' and '/' escaped.
std::string PointerSegment(std::string_view text);

}  // namespace sfp::import

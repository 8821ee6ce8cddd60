#pragma once

// Sample values from the schemas of OpenAPI 2, 3.0 and 3.1 (JSON Schema).
//
// A value is, in this order: the schema's example, its default, its constant, the first of its
// enumeration, one made for its type, format, limits and pattern. Of an object: what is required,
// and what the document gives an example or default for; if that is nothing, its scalars. Parts are
// merged (allOf), of alternatives (oneOf, anyOf) the first is taken. What contains itself ends
// there.
//
// Bounded in depth and in the number of values of one sample.
//
// Thread: confined to one import.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "master/import/draft.h"

namespace sfp::import {

// What a parameter may be sent as.
struct Samples {
  std::vector<std::string> values;
  std::optional<std::pair<std::int64_t, std::int64_t>> range;
  bool given = false;  // the document itself names a value: an example or a default
  std::string about;   // "integer, 1 to 100"
};

class Schemas {
 public:
  // Both outlive this.
  Schemas(const boost::json::value& root, Notes& notes) : root_(root), notes_(notes) {}

  // References followed, allOf merged, the first alternative taken; empty for `true` or nothing.
  boost::json::object Whole(const boost::json::value& schema);

  // A body. `where`: the operation, for notes. `left_out`: properties of the top level that are not
  // sent.
  boost::json::value Body(const boost::json::value& schema, const std::string& where,
                          std::vector<std::string>& left_out);
  // `parameter`: of OpenAPI 2 its own schema, of 3 it has one.
  Samples Parameter(const boost::json::value& parameter, const std::string& where);

 private:
  void Merge(const boost::json::value& schema, boost::json::object& into, int depth);
  boost::json::value Sample(const boost::json::value& schema, int depth);
  boost::json::value Object(const boost::json::object& schema, int depth);
  boost::json::value Scalar(const boost::json::object& schema, const std::string& type);
  std::string Text(const boost::json::object& schema);

  const boost::json::value& root_;
  Notes& notes_;
  std::string where_;
  int budget_ = 0;
  std::vector<const boost::json::value*> open_;  // schemas that are being sampled
  std::vector<std::string>* left_out_ = nullptr;
};

}  // namespace sfp::import

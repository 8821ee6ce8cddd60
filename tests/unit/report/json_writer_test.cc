#include "master/report/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

namespace sfp::report {
namespace {

TEST(JsonWriter, PutsLinesAndInlineContainersWhereTheyBelong) {
  JsonWriter w;
  w.BeginObject();
  w.Key("a").Value(std::uint64_t{18446744073709551615U});
  w.Key("none").BeginArray();
  w.EndArray();
  w.Key("list").BeginArray();
  for (const double x : {0.5, 2.0}) {
    w.BeginObject(JsonWriter::kInline);
    w.Key("x").Value(x);
    w.Key("in").BeginArray();  // lines within an inline container would tear it
    w.Value(true);
    w.EndArray();
    w.EndObject();
  }
  w.EndArray();
  w.Key("last").Null();
  w.EndObject();
  EXPECT_EQ(w.Take(),
            "{\n"
            "  \"a\": 18446744073709551615,\n"
            "  \"none\": [],\n"
            "  \"list\": [\n"
            "    {\"x\": 0.5, \"in\": [true]},\n"
            "    {\"x\": 2, \"in\": [true]}\n"
            "  ],\n"
            "  \"last\": null\n"
            "}\n");
}

TEST(JsonWriter, EscapesText) {
  JsonWriter w;
  w.Value("a\"b\\c\nd\x01ü");
  EXPECT_EQ(w.Take(), "\"a\\\"b\\\\c\\u000Ad\\u0001ü\"\n");
}

TEST(JsonWriter, WritesNullForWhatIsNoNumber) {
  JsonWriter w;
  w.BeginArray(JsonWriter::kInline);
  w.Value(std::numeric_limits<double>::infinity());
  w.Value(std::numeric_limits<double>::quiet_NaN());
  w.Value(std::optional<double>());
  w.Value(std::optional<double>(0.0));
  w.EndArray();
  EXPECT_EQ(w.Take(), "[null, null, null, 0]\n");
}

TEST(FormatNumber, RoundsAndDropsTrailingZeros) {
  const struct {
    double value;
    int decimals;
    const char* text;
  } cases[] = {
      {0, 3, "0"},           {1, 3, "1"},       {1.5, 3, "1.5"},
      {0.12345, 3, "0.123"}, {-0.0001, 3, "0"}, {1234567.8, 3, "1234567.8"},
      {99.96, 1, "100"},     {120, 0, "120"},   {1e21, 3, "1000000000000000000000"},
      {-2.25, 2, "-2.25"},
  };
  for (const auto& c : cases) EXPECT_EQ(FormatNumber(c.value, c.decimals), c.text) << c.value;
}

}  // namespace
}  // namespace sfp::report

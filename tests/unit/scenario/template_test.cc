#include "common/scenario/template.h"

#include <gmock/gmock.h>

namespace sfp::scenario {
namespace {

using testing::HasSubstr;

// "[x]" for a variable x, literals as they are.
std::string Shown(std::string_view text) {
  const auto pieces = ParseTemplate(text);
  if (!pieces.ok()) return "error: " + Message(pieces.status());
  std::string shown;
  for (const TemplatePiece& piece : *pieces) {
    shown += piece.variable ? "[" + piece.text + "]" : piece.text;
  }
  return shown;
}

TEST(TemplateTest, CutsTextIntoLiteralsAndVariables) {
  EXPECT_EQ(Shown(""), "");
  EXPECT_EQ(Shown("plain"), "plain");
  EXPECT_EQ(Shown("?term={{term}}"), "?term=[term]");
  EXPECT_EQ(Shown("/{{ osu_id }}-{{term}}!"), "/[osu_id]-[term]!");
  EXPECT_EQ(Shown("{{a}}{{b.c-d_1}}"), "[a][b.c-d_1]");
  EXPECT_EQ(Shown(R"({"a":{"b":{{n}}}})"), R"({"a":{"b":[n]}})");
}

TEST(TemplateTest, FourBracesAreTwoLiteralOnes) {
  EXPECT_EQ(Shown("{{{{a}}"), "{{a}}");
  EXPECT_EQ(Shown("x{{{{{{a}}y"), "x{{[a]y");
  EXPECT_EQ(ParseTemplate("a{{{{b")->size(), 1u);
}

TEST(TemplateTest, MistakesNameTheirOffset) {
  EXPECT_THAT(Shown("ab{{term"), HasSubstr("offset 2 is not closed"));
  EXPECT_THAT(Shown("{{}}"), HasSubstr("'{{}}' at offset 0"));
  EXPECT_THAT(Shown("{{a}}{{b c}}"), HasSubstr("'{{b c}}' at offset 5"));
  EXPECT_THAT(Shown("{{1a}}"), HasSubstr("error"));
}

TEST(TemplateTest, FindsVariablesWithTheirPlaces) {
  const auto found = FindVariables("/{{ a }}{{{{{{b}}{{a}}");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].name, "a");
  EXPECT_EQ(found[0].offset, 1u);
  EXPECT_EQ(found[0].length, 7u);
  EXPECT_EQ(found[1].name, "b");
  EXPECT_EQ(found[1].offset, 12u);
  EXPECT_EQ(found[2].offset, 17u);
}

TEST(TemplateTest, FindsVariablesInFrontOfAMistake) {
  EXPECT_EQ(FindVariables("{{a}} {{").size(), 1u);
}

}  // namespace
}  // namespace sfp::scenario

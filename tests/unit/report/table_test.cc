#include "master/report/table.h"

#include <gtest/gtest.h>

namespace sfp::report {
namespace {

Table Example() {
  Table table({"name", "n", "ms"}, 1);
  table.Add({"größer", "1", "10.5"});
  table.Add({"a", "200", "-"});
  return table;
}

TEST(Table, AlignsNamesLeftAndNumbersRightByCharactersNotBytes) {
  EXPECT_EQ(Example().Text(),
            "name      n    ms\n"
            "-----------------\n"
            "größer    1  10.5\n"
            "a       200     -\n");
}

TEST(Table, SetsASumApart) {
  EXPECT_EQ(Example().Text(true),
            "name      n    ms\n"
            "-----------------\n"
            "größer    1  10.5\n"
            "-----------------\n"
            "a       200     -\n");
}

TEST(Table, BecomesMarkdownWithItsCellsEscaped) {
  Table table({"name", "n"}, 1);
  EXPECT_TRUE(table.empty());
  table.Add({"a|b <i>", "1"});
  EXPECT_EQ(table.Markdown(), "| name | n |\n|---|---:|\n| a\\|b &lt;i> | 1 |\n");
}

TEST(EscapeMarkdown, LeavesNothingThatMarkdownOrHtmlWouldTake) {
  EXPECT_EQ(EscapeMarkdown("by_term `x` *y* [z]\nnext \\ <script>"),
            "by\\_term \\`x\\` \\*y\\* \\[z\\] next \\\\ &lt;script>");
}

}  // namespace
}  // namespace sfp::report

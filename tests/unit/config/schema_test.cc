#include "common/config/schema.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/unit/config/parse.h"

namespace sfp::config {
namespace {

void CollectKeys(const Rule& rule, std::vector<const Key*>& keys, std::set<const Rule*>& seen) {
  if (!seen.insert(&rule).second) return;
  if (rule.element != nullptr) CollectKeys(*rule.element, keys, seen);
  for (const Key& key : rule.keys) {
    keys.push_back(&key);
    CollectKeys(*key.rule, keys, seen);
  }
}
void CollectKeys(const Rule& rule, std::vector<const Key*>& keys) {
  std::set<const Rule*> seen;
  CollectKeys(rule, keys, seen);
}

// Write it anew: SFP_WRITE_SCHEMA=1 unit_config_schema_test
TEST(Schema, CommittedJsonSchemaIsTheTables) {
  const std::string path = std::string(SFP_SOURCE_DIR) + "/common/config/schema.json";
  if (std::getenv("SFP_WRITE_SCHEMA") != nullptr) std::ofstream(path) << JsonSchema();
  std::ifstream in(path);
  std::stringstream committed;
  committed << in.rdbuf();
  EXPECT_EQ(committed.str(), JsonSchema());
}

// Written anew in the same way.
TEST(Schema, CommittedReferenceIsTheTables) {
  const std::string path = std::string(SFP_SOURCE_DIR) + "/common/config/README.md";
  std::ifstream in(path);
  std::stringstream committed;
  committed << in.rdbuf();
  const std::string text = committed.str();
  const std::size_t begin = text.find("\n### The file\n");
  const std::string above = text.substr(0, begin);
  if (std::getenv("SFP_WRITE_SCHEMA") != nullptr) {
    std::ofstream(path) << above << MarkdownReference();
    return;
  }
  ASSERT_NE(begin, std::string::npos);
  EXPECT_EQ(text.substr(begin), MarkdownReference());
}

TEST(Schema, EveryKeyIsDescribedInASentence) {
  std::vector<const Key*> keys;
  CollectKeys(FileRule(), keys);
  EXPECT_GT(keys.size(), 60u);
  for (const Key* key : keys) {
    EXPECT_TRUE(key->description.ends_with('.')) << key->name;
    EXPECT_FALSE(Describe(*key->rule).empty()) << key->name;
  }
}

TEST(Schema, EveryDefaultPassesItsOwnRule) {
  std::vector<const Key*> keys;
  CollectKeys(FileRule(), keys);
  int checked = 0;
  for (const Key* key : keys) {
    if (key->fallback == nullptr || key->rule->kind == Rule::Kind::kMap) continue;
    Node node;
    node.kind = Node::Kind::kScalar;
    node.key = key->name;
    node.value = key->fallback;
    Diagnostics diagnostics("table", "");
    Check(node, *key->rule, diagnostics);
    for (const Diagnostic& diagnostic : diagnostics.Take()) ADD_FAILURE() << Format(diagnostic);
    ++checked;
  }
  EXPECT_GT(checked, 20);
}

TEST(Schema, KeysThatGoWithOthersNameKeysOfTheirMap) {
  std::vector<const Rule*> open = {&FileRule()};
  std::set<const Rule*> seen;
  int checked = 0;
  while (!open.empty()) {
    const Rule& rule = *open.back();
    open.pop_back();
    if (!seen.insert(&rule).second) continue;
    if (rule.element != nullptr) open.push_back(rule.element);
    std::set<std::string, std::less<>> names;
    for (const Key& key : rule.keys) names.emplace(key.name);
    EXPECT_EQ(names.size(), rule.keys.size());
    for (const Key& key : rule.keys) {
      open.push_back(key.rule);
      std::istringstream with{std::string(key.with)};
      for (std::string name; with >> name; ++checked) EXPECT_TRUE(names.contains(name)) << name;
    }
  }
  EXPECT_GE(checked, 5);
}

TEST(Schema, TheExampleOfStepsInTheReadmeIsValid) {
  std::ifstream in(std::string(SFP_SOURCE_DIR) + "/common/config/README.md");
  std::stringstream readme;
  readme << in.rdbuf();
  const std::string text = readme.str();
  const std::string open = "```yaml\n";
  const std::size_t begin = text.find(open, text.find("## Steps"));
  ASSERT_NE(begin, std::string::npos);
  const std::size_t from = begin + open.size();
  const Loaded loaded = ParseText(kTarget + text.substr(from, text.find("```", from) - from));
  EXPECT_TRUE(loaded.config) << Findings(loaded);
}

}  // namespace
}  // namespace sfp::config

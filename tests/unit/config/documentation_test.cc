// What people copy: every YAML block of the READMEs, every alternative that config-example.yaml
// shows in a comment, every example of the table of keys. All of it passes the checks.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "common/config/schema.h"
#include "common/config/yaml.h"
#include "tests/unit/config/parse.h"

namespace sfp::config {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = SFP_SOURCE_DIR;

std::string ContentOf(const fs::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string Joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// The files that examples name.
class Documentation : public testing::Test {
 protected:
  Documentation() : folder_(fs::path(testing::TempDir()) / "sfp_documentation") {
    fs::create_directories(folder_);
    std::ofstream(folder_ / "terms.csv") << "term\n201500\n";
    std::ofstream(folder_ / "accounts.csv") << "user,password\nalice,secret\n";
  }
  ~Documentation() override { fs::remove_all(folder_); }

  // As `sfp-master check` would, with every variable set.
  void ExpectValid(const std::string& text, const std::string& what) {
    const auto any = [](std::string_view) { return std::optional<std::string>("value"); };
    const Loaded loaded = Parse(text, folder_ / "c.yaml", any, {});
    EXPECT_TRUE(loaded.config.has_value()) << what << "\n" << Findings(loaded) << "\n" << text;
  }

 private:
  fs::path folder_;
};

std::size_t IndentOf(const std::string& line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

// `key: value` instead of the line at `at` and what is indented below it.
std::string WithValue(std::vector<std::string> lines, std::size_t at, const std::string& value) {
  const std::size_t indent = IndentOf(lines[at]);
  std::size_t end = at + 1;
  while (end < lines.size() && (lines[end].empty() || IndentOf(lines[end]) > indent)) ++end;
  lines[at] = lines[at].substr(0, lines[at].find(':') + 1) + " " + value;
  lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at) + 1,
              lines.begin() + static_cast<std::ptrdiff_t>(end));
  return Joined(lines);
}

// The {…} of a text up to the end of their sentence, braces counted.
std::vector<std::string> FlowMaps(const std::string& text) {
  std::vector<std::string> maps;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{' && (i == 0 || text[i - 1] != '$') && depth++ == 0) begin = i;
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') {
      i = std::min(text.find('}', i), text.size());
    } else if (text[i] == '}' && --depth == 0) {
      maps.push_back(text.substr(begin, i + 1 - begin));
      const std::size_t next = std::min(text.find('{', i), text.size());
      if (text.substr(i, next - i).find_first_of(".;(") != std::string::npos) break;
    }
  }
  return maps;
}

TEST_F(Documentation, EveryYamlBlockOfTheReadmesIsAConfiguration) {
  std::set<std::string> top;
  for (const Key& key : FileRule().keys) top.emplace(key.name);
  int blocks = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot)) {
    const std::string path = fs::relative(entry.path(), kRoot).generic_string();
    if (path.starts_with("build/") || path.find("node_modules") != path.npos ||
        entry.path().filename() != "README.md") {
      continue;
    }
    const std::string text = ContentOf(entry.path());
    for (std::size_t at = 0; (at = text.find("```yaml\n", at)) != text.npos;) {
      at += 8;
      std::string block = text.substr(at, text.find("\n```", at) + 1 - at);
      std::set<std::string> keys;
      for (const std::string& line : LinesOf(block)) {
        if (IndentOf(line) == 0 && line.find(':') != line.npos)
          keys.insert(line.substr(0, line.find(':')));
      }
      // Of another language, such as a cluster's manifest.
      if (std::none_of(keys.begin(), keys.end(),
                       [&](const auto& key) { return top.contains(key); })) {
        continue;
      }
      ++blocks;
      if (!keys.contains("target")) block += kTarget;
      if (!keys.contains("users")) block += kUsers;
      ExpectValid(block, path);
    }
  }
  EXPECT_GE(blocks, 1);
}

// "# load: {…}" and "  # retry: report", each in one line: with the comment's mark away, and no
// second key of that name.
TEST_F(Documentation, EveryKeyThatTheExampleHidesInACommentWorks) {
  static const std::regex kHidden("^( {0,2})# ([a-z_]+): .*|^( {0,2})# (- [\"{].*)");
  const std::vector<std::string> lines = LinesOf(ContentOf(kRoot / "config-example.yaml"));
  int found = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::smatch match;
    if (!std::regex_match(lines[i], match, kHidden)) continue;
    ++found;
    std::vector<std::string> changed = lines;
    const std::string key = match[2];
    const std::string indent = match[1].matched ? match[1] : match[3];
    changed[i] = indent + lines[i].substr(indent.size() + 2);
    std::string text = Joined(changed);
    for (std::size_t k = 0; !key.empty() && k < changed.size(); ++k) {
      if (k == i || !changed[k].starts_with(indent + key + ":")) continue;
      text = WithValue(changed, k, changed[i].substr(changed[i].find(':') + 2));
      text.erase(text.find(changed[i] + "\n"), changed[i].size() + 1);
      break;
    }
    ExpectValid(text, lines[i]);
  }
  EXPECT_GT(found, 10);
}

// "wait: …  # or {constant: 1s}, {exponential: 2s}", "# Or {csv: …}" in front of a key.
TEST_F(Documentation, EveryAlternativeThatTheExampleShowsWorks) {
  const std::vector<std::string> lines = LinesOf(ContentOf(kRoot / "config-example.yaml"));
  int found = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    static const std::regex kOr(".*# (.* )?[Oo]r [{][^{].*");
    if (!std::regex_match(lines[i], kOr)) continue;
    const std::size_t mark = lines[i].find("# ");
    std::size_t key = i;
    while (key < lines.size() && lines[key].find_first_not_of(' ') == lines[key].find('#')) ++key;
    ASSERT_LT(key, lines.size());
    std::string comment = lines[i].substr(mark);
    for (std::size_t next = i + 1; next < key; ++next) comment += lines[next];
    for (const std::string& value : FlowMaps(comment)) {
      ++found;
      ExpectValid(WithValue(lines, key, value), lines[i] + " with " + value);
    }
  }
  EXPECT_GE(found, 6);
}

void CollectRules(const Rule& rule, std::set<const Rule*>& rules) {
  if (!rules.insert(&rule).second) return;
  if (rule.element != nullptr) CollectRules(*rule.element, rules);
  for (const Key& key : rule.keys) CollectRules(*key.rule, rules);
}

TEST_F(Documentation, EveryExampleOfTheTablePassesItsOwnRule) {
  std::set<const Rule*> rules;
  CollectRules(FileRule(), rules);
  int examples = 0;
  for (const Rule* rule : rules) {
    if (rule->example.empty() || rule->text) continue;  // any text will do
    ++examples;
    // "{status: 404} or {name: token}" are two.
    std::string_view rest = rule->example;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find("} or {"), rest.size());
      const std::string_view example = rest.substr(0, std::min(end + 1, rest.size()));
      rest.remove_prefix(std::min(end + 5, rest.size()));
      Diagnostics diagnostics("table", example);
      const auto node = ParseYaml(example, diagnostics);
      ASSERT_TRUE(node.has_value()) << example;
      Check(*node, *rule, diagnostics);
      for (const Diagnostic& finding : diagnostics.Take()) ADD_FAILURE() << Format(finding);
    }
  }
  EXPECT_GT(examples, 10);
}

}  // namespace
}  // namespace sfp::config

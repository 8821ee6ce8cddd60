#include "master/report/junit.h"

#include <absl/strings/str_format.h>
#include <absl/strings/str_join.h>

#include <algorithm>

#include "master/report/json_writer.h"

namespace sfp::report {
namespace {

// For text and attributes. Control characters have no place in XML 1.0.
std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' ? ' ' : c;
    }
  }
  return out;
}

struct Case {
  std::string group;
  std::string name;
  std::string failure;  // a sentence; empty: it passed
  std::string output;
};

std::string Lines(const std::vector<std::string>& lines) { return absl::StrJoin(lines, "\n"); }

std::vector<Case> CasesOf(const Report& report) {
  std::vector<Case> out;
  for (const Threshold& t : report.thresholds) {
    Case& to = out.emplace_back(Case{.group = "thresholds", .name = t.text});
    const std::string what = t.sentence.empty() ? "nothing was measured" : t.sentence;
    if (t.held) {
      to.output = what;
    } else {
      to.failure = "The threshold '" + t.text + "' was not held: " + what +
                   (t.aborted ? "; it ended the run." : ".");
    }
  }
  Case& complete =
      out.emplace_back(Case{.group = "run", .name = "the run is complete", .output = "yes"});
  if (report.run.interrupted || !report.run.why_ended.empty()) {
    complete.failure =
        "The run ended early: " +
        (report.run.why_ended.empty() ? "it was interrupted" : report.run.why_ended) + ".";
  }
  Case& verdict = out.emplace_back(Case{.group = "run", .name = "the measurement can be trusted"});
  const std::string name(capacity::Name(report.run.verdict));
  if (report.run.verdict == capacity::Verdict::kInvalid) {
    verdict.failure = "The measurement is invalid: " + (report.run.reasons.empty()
                                                            ? std::string("no reason is known")
                                                            : Lines(report.run.reasons));
  } else {
    verdict.output = name;
    if (!report.run.reasons.empty()) verdict.output += ": " + Lines(report.run.reasons);
  }
  return out;
}

std::string Element(const Case& test) {
  const std::string head = absl::StrFormat(
      "    <testcase classname=\"sfp.%s\" name=\"%s\" time=\"0\"", test.group, Escape(test.name));
  if (test.failure.empty()) return head + "/>\n";
  const std::string first = test.failure.substr(0, test.failure.find('\n'));
  return head + absl::StrFormat(
                    ">\n      <failure type=\"%s\" message=\"%s\">%s</failure>\n"
                    "    </testcase>\n",
                    test.group, Escape(first), Escape(test.failure));
}

}  // namespace

std::string ToJunit(const Report& report) {
  const std::vector<Case> cases = CasesOf(report);
  const auto failures = static_cast<int>(std::count_if(
      cases.begin(), cases.end(), [](const Case& test) { return !test.failure.empty(); }));
  const std::string counts =
      absl::StrFormat("tests=\"%d\" failures=\"%d\" errors=\"0\"", cases.size(), failures);
  const std::string time = FormatNumber(report.run.duration_s);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += "<testsuites>\n";
  out += absl::StrFormat(
      "  <testsuite id=\"0\" package=\"sfp\" name=\"%s\" timestamp=\"%s\" hostname=\"localhost\" "
      "%s skipped=\"0\" time=\"%s\">\n",
      Escape(report.run.id), Escape(report.run.started_at.substr(0, 19)), counts, time);
  out += "    <properties>\n";
  const auto property = [&](std::string_view name, std::string_view value) {
    out += absl::StrFormat("      <property name=\"%s\" value=\"%s\"/>\n", std::string(name),
                           Escape(value));
  };
  property("target", report.run.target);
  property("seed", std::to_string(report.run.seed));
  property("sfp_version", report.run.sfp_version);
  property("verdict", capacity::Name(report.run.verdict));
  property("requests", std::to_string(report.totals.requests));
  property("failures", std::to_string(report.totals.failures));
  out += "    </properties>\n";
  std::string said;
  for (const Case& test : cases) {
    out += Element(test);
    said += "\n" + test.name + ": " + (test.failure.empty() ? test.output : test.failure);
  }
  out += "    <system-out>" + Escape(said) + "\n</system-out>\n    <system-err/>\n";
  return out + "  </testsuite>\n</testsuites>\n";
}

}  // namespace sfp::report

#include "master/app/try.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "common/base/text.h"
#include "common/base/units.h"
#include "master/app/one_shot.h"
#include "master/import/names.h"

namespace sfp::app {
namespace {

constexpr std::size_t kMostBody = 1000;
constexpr std::size_t kMostHeader = 200;

using Tasks = std::vector<const v1::Task*>;

const v1::Task* Find(const v1::UserClass& user_class, const std::string& name) {
  for (const v1::Task& task : user_class.tasks()) {
    if (task.name() == name) return &task;
  }
  return nullptr;
}

// In the order of a user's life: on_start, the others, on_stop; each once.
Tasks TasksOf(const v1::UserClass& user_class, const std::set<std::string>& only) {
  Tasks tasks;
  const auto add = [&](const v1::Task* task, bool needed) {
    if (task == nullptr || std::find(tasks.begin(), tasks.end(), task) != tasks.end()) return;
    if (needed || only.empty() || only.contains(task->name())) tasks.push_back(task);
  };
  const bool any =
      only.empty() || std::any_of(user_class.tasks().begin(), user_class.tasks().end(),
                                  [&](const v1::Task& task) { return only.contains(task.name()); });
  if (!any) return tasks;
  for (const std::string& name : user_class.on_start()) add(Find(user_class, name), true);
  const auto at_the_end = [&](const v1::Task& task) {
    return std::find(user_class.on_stop().begin(), user_class.on_stop().end(), task.name()) !=
           user_class.on_stop().end();
  };
  for (const v1::Task& task : user_class.tasks()) {
    if (!at_the_end(task)) add(&task, false);
  }
  for (const std::string& name : user_class.on_stop()) add(Find(user_class, name), false);
  return tasks;
}

std::string Describe(const v1::Wait& wait) {
  const auto text = [](std::int64_t ns) { return FormatDuration(Duration(ns)); };
  switch (wait.kind_case()) {
    case v1::Wait::kUniform:
      return text(wait.uniform().min_ns()) + " to " + text(wait.uniform().max_ns());
    case v1::Wait::kConstantNs:
      return text(wait.constant_ns());
    case v1::Wait::kExponentialNs:
      return text(wait.exponential_ns()) + " on average (exponential)";
    case v1::Wait::kPacingNs:
      return text(wait.pacing_ns()) + " from one start to the next";
    default:
      return "nothing";
  }
}

class Printer {
 public:
  explicit Printer(const config::Config& config) : secrets_(config.secrets) {}

  void Print(const v1::Trace& record) {
    switch (record.kind_case()) {
      case v1::Trace::kTask:
        ++tasks_;
        std::printf("\n%s\n", record.task().c_str());
        break;
      case v1::Trace::kRequest:
        PrintRequest(record.request());
        break;
      case v1::Trace::kResponse:
        PrintResponse(record.response());
        break;
      case v1::Trace::kThinkNs:
        std::printf("  would think for %s\n", HumanDuration(Duration(record.think_ns())).c_str());
        break;
      case v1::Trace::kSet:
        PrintValue("set", record.set());
        break;
      case v1::Trace::kSkipped:
        PrintSkipped(record.skipped());
        break;
      case v1::Trace::kEnded:
        not_well_ += record.ended().failed();
        break;
      default:
        break;
    }
    std::fflush(stdout);
  }

  // The exit code.
  int Finish() const {
    std::printf("\n%d tasks, %d requests, %d failed, %d skipped\n", tasks_, requests_, failed_,
                skipped_);
    return not_well_ == 0 && tasks_ > 0 ? 0 : 1;
  }

 private:
  std::string Hidden(std::string_view text, std::size_t most) const {
    return Shown(text, secrets_, most);
  }

  void PrintLines(const char* mark, std::string_view text) const {
    const std::string shown = Hidden(text, kMostBody);
    for (std::string_view rest = shown; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      std::printf("    %s %s\n", mark, std::string(rest.substr(0, end)).c_str());
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

  void PrintRequest(const v1::Trace::Request& request) {
    ++requests_;
    const std::string& message = request.message();
    const std::size_t body = message.find("\r\n\r\n");
    std::string_view rest = std::string_view(message).substr(0, body);
    std::size_t end = std::min(rest.find("\r\n"), rest.size());
    std::printf("  %s: %s\n", request.step().c_str(),
                Hidden(rest.substr(0, end), kMostBody).c_str());
    rest.remove_prefix(std::min(end + 2, rest.size()));
    while (!rest.empty()) {
      end = std::min(rest.find("\r\n"), rest.size());
      const std::string_view line = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 2, rest.size()));
      const std::string_view name = line.substr(0, line.find(':'));
      const std::string shown =
          import::IsSecretName(name) ? std::string(name) + ": ***" : Hidden(line, kMostHeader);
      std::printf("    > %s\n", shown.c_str());
    }
    if (body != std::string::npos) PrintLines(">", std::string_view(message).substr(body + 4));
  }

  void PrintResponse(const v1::Trace::Response& response) {
    // First: a token that was collected is hidden in the body, too.
    for (const v1::Trace::Value& value : response.collected()) Learn(value);
    if (response.status() > 0) {
      std::printf("    < %u in %s\n", response.status(),
                  HumanDuration(Duration(response.response_ns())).c_str());
    }
    if (!response.location().empty()) {
      std::printf("    < Location: %s\n", Hidden(response.location(), kMostHeader).c_str());
    }
    PrintLines("<", response.body());
    for (const v1::Trace::Value& value : response.collected()) PrintValue("collected", value);
    if (response.failure().empty()) return;
    ++failed_;
    std::printf("    FAILED: %s\n", Hidden(response.failure(), kMostBody).c_str());
  }

  void Learn(const v1::Trace::Value& value) {
    constexpr std::size_t kShortest = 5;
    if (!import::IsSecretName(value.source()) || value.value().size() < kShortest) return;
    secrets_.push_back(value.value());
    std::stable_sort(secrets_.begin(), secrets_.end(),
                     [](const auto& a, const auto& b) { return a.size() > b.size(); });
  }
  void PrintValue(const char* how, const v1::Trace::Value& value) {
    Learn(value);
    const std::string text =
        import::IsSecretName(value.source()) ? "***" : Hidden(value.value(), kMostHeader);
    std::printf("    %s %s = %s\n", how, value.source().c_str(), text.c_str());
  }

  void PrintSkipped(const v1::Trace::Skipped& skipped) {
    ++skipped_;
    std::string missing;
    for (const std::string& name : skipped.missing())
      missing += (missing.empty() ? "" : ", ") + name;
    std::printf(
        "  %s: SKIPPED: %s\n", skipped.step().c_str(),
        missing.empty() ? "a value is missing" : ("there is no value yet of " + missing).c_str());
  }

  std::vector<std::string> secrets_;
  int tasks_ = 0, requests_ = 0, failed_ = 0, skipped_ = 0, not_well_ = 0;
};

int UnknownName(const config::Config& config, const std::string& name) {
  std::vector<std::string> known;
  for (const v1::UserClass& user_class : config.scenario.users()) {
    for (const v1::Task& task : user_class.tasks()) known.push_back(task.name());
  }
  if (std::find(known.begin(), known.end(), name) != known.end()) return 0;
  const auto near = Nearest(name, known);
  std::fprintf(stderr, "there is no task '%s'%s\n", name.c_str(),
               near ? (", did you mean '" + *near + "'?").c_str() : "");
  return 2;
}

}  // namespace

std::string Shown(std::string_view text, const std::vector<std::string>& secrets,
                  std::size_t most) {
  const std::string hidden = config::Redact(text, secrets);
  std::string out;
  for (const char c : hidden.substr(0, most)) {
    const auto u = static_cast<unsigned char>(c);
    const bool control = (u < 0x20 && c != '\n') || u == 0x7f;
    if (c == '\r') continue;
    out += control ? absl::StrFormat("\\x%02x", u) : std::string(1, c);
  }
  if (hidden.size() > most) out += absl::StrFormat(" ... (%d bytes)", hidden.size());
  return out;
}

int RunTry(const config::Config& config, const std::vector<std::string>& names,
           std::uint64_t seed) {
  for (const std::string& name : names) {
    if (const int code = UnknownName(config, name); code != 0) return code;
  }
  std::vector<v1::Task> tasks = config.setup;
  for (const v1::UserClass& user_class : config.scenario.users()) {
    for (const v1::Task* task : TasksOf(user_class, {names.begin(), names.end()})) {
      tasks.push_back(*task);
    }
  }
  tasks.insert(tasks.end(), config.teardown.begin(), config.teardown.end());
  const v1::Target& target = config.scenario.target();
  std::printf("one user, %zu tasks, target %s%s, seed %llu\n", tasks.size(), target.url().c_str(),
              target.base_path().c_str(), static_cast<unsigned long long>(seed));
  for (const v1::UserClass& user_class : config.scenario.users()) {
    std::printf("%s would wait %s between two tasks\n", user_class.name().c_str(),
                Describe(user_class.wait()).c_str());
  }
  std::fflush(stdout);
  Printer printer(config);
  const Status status = DoOnce(
      config::OnceScenario(config.scenario, "once", tasks), seed, [] { return false; },
      [&](const v1::Trace& record) { printer.Print(record); });
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", config::Redact(Message(status), config.secrets).c_str());
    return 3;
  }
  return printer.Finish();
}

}  // namespace sfp::app

#include "common/config/tags.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "common/config/values.h"

namespace sfp::config {
namespace {

using Names = std::set<std::string>;

Names TextsOf(const Node* list) {
  Names texts;
  if (list == nullptr) return texts;
  if (list->is_scalar()) texts.insert(list->value);
  for (const Node& item : list->children) {
    if (item.is_scalar()) texts.insert(item.value);
  }
  return texts;
}

Names Split(std::string_view text) {
  Names names;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view name = text.substr(0, comma);
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!name.empty()) names.emplace(name);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return names;
}

bool Meet(const Names& a, const Names& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& name) { return b.contains(name); });
}

void SetWeight(Node& task) {
  std::erase_if(task.children, [](const Node& child) { return child.key == "weight"; });
  Node weight;
  weight.kind = Node::Kind::kScalar;
  weight.place = task.place;
  weight.key = "weight";
  weight.key_place = task.key_place;
  weight.value = "0";
  task.children.push_back(std::move(weight));
}

// Under what a task is counted: its name, or those of its steps and groups.
class Counted {
 public:
  explicit Counted(const Node& users) {
    for (const Node& user_class : users.children) {
      const Node* tasks = user_class.Get("tasks");
      if (tasks == nullptr) continue;
      for (const Node& task : tasks->children) {
        const Node* steps = task.Get("steps");
        number_ = 0;
        if (steps == nullptr) {
          names_.insert(task.key);
        } else {
          AddSteps(*steps, task.key);
        }
      }
    }
  }
  const Names& names() const { return names_; }

 private:
  void AddSteps(const Node& steps, const std::string& task) {
    for (const Node& step : steps.children) {
      if (const Node* group = step.Get("group")) names_.insert(group->value);
      bool request = !step.children.empty();
      for (const char* key : {"think", "set", "if", "repeat", "group"}) {
        request &= step.Get(key) == nullptr;
      }
      if (request) {
        const Node* name = step.Get("name");
        ++number_;
        names_.insert(name != nullptr ? name->value : task + " " + std::to_string(number_));
      }
      for (const char* key : {"then", "else", "steps"}) {
        if (const Node* below = step.Get(key)) AddSteps(*below, task);
      }
    }
  }

  Names names_;
  int number_ = 0;  // of the task's requests
};

class Selection {
 public:
  Selection(Node& users, Node* thresholds, const Overrides& overrides, Diagnostics& diagnostics)
      : users_(users), thresholds_(thresholds), diagnostics_(diagnostics) {
    if (overrides.tags) only_ = Split(*overrides.tags);
    if (overrides.exclude_tags) without_ = Split(*overrides.exclude_tags);
    for (const Node& user_class : users.children) {
      const Node* tasks = user_class.Get("tasks");
      if (tasks == nullptr) continue;
      for (const Node& task : tasks->children) known_.merge(TextsOf(task.Get("tags")));
    }
  }

  void Apply() {
    for (const std::string& tag : only_) MustBeKnown(tag, "--tags");
    for (const std::string& tag : without_) MustBeKnown(tag, "--exclude-tags");
    if (!good_) return;
    Node all = users_;
    const Counted before(users_);
    std::erase_if(users_.children, [&](Node& user_class) { return !Leave(user_class); });
    if (users_.children.empty()) {
      users_ = std::move(all);
      diagnostics_.Add({only_.empty() ? "--exclude-tags" : "--tags", 0, 0},
                       "these tags leave no task with a weight");
    } else if (thresholds_ != nullptr) {
      const Counted after(users_);
      std::erase_if(thresholds_->children, [&](const Node& threshold) {
        const Node* check = threshold.is_scalar() ? &threshold : threshold.Get("check");
        if (check == nullptr) return false;
        const std::string of = check->value.substr(0, check->value.rfind(':'));
        return before.names().contains(of) && !after.names().contains(of);
      });
    }
  }

 private:
  void MustBeKnown(const std::string& tag, std::string_view option) {
    if (known_.contains(tag)) return;
    good_ = false;
    diagnostics_.Add({option, 0, 0}, "no task has the tag '" + tag + "'" +
                                         Suggest(tag, {known_.begin(), known_.end()}));
  }

  // Of this class what is to stay; false if that is nothing.
  bool Leave(Node& user_class) const {
    Node* tasks = user_class.Get("tasks");
    if (tasks == nullptr || !tasks->is_map()) return true;  // reported elsewhere
    Names named = TextsOf(user_class.Get("on_start"));
    named.merge(TextsOf(user_class.Get("on_stop")));
    bool some = false;
    std::erase_if(tasks->children, [&](Node& task) {
      const Names tags = TextsOf(task.Get("tags"));
      if ((only_.empty() || Meet(tags, only_)) && !Meet(tags, without_)) {
        const Node* weight = task.Get("weight");
        some |= weight == nullptr || weight->value != "0";
        return false;
      }
      if (!named.contains(task.key)) return true;
      if (task.is_map()) SetWeight(task);
      return false;
    });
    return some;
  }

  Node& users_;
  Node* const thresholds_;  // null: none
  Diagnostics& diagnostics_;
  Names only_, without_, known_;
  bool good_ = true;
};

}  // namespace

void ApplyTags(Node& root, const Overrides& overrides, Diagnostics& diagnostics) {
  Node* users = root.Get("users");
  if ((!overrides.tags && !overrides.exclude_tags) || users == nullptr || !users->is_map()) return;
  Selection(*users, root.Get("thresholds"), overrides, diagnostics).Apply();
}

}  // namespace sfp::config

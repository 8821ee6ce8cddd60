#include "common/config/overrides.h"

#include <algorithm>

#include "common/config/tags.h"

namespace sfp::config {
namespace {

Node Scalar(std::string_view option, std::string_view value) {
  Node node;
  node.kind = Node::Kind::kScalar;
  node.place.option = option;
  node.value = value;
  return node;
}

Node Container(Node::Kind kind, std::string_view option) {
  Node node;
  node.kind = kind;
  node.place.option = option;
  return node;
}

// In place of the children of that name, or as a new one.
Node& Set(Node& map, std::string_view key, Node child) {
  std::erase_if(map.children, [&](const Node& old) { return old.key == key; });
  child.key = key;
  child.key_place = child.place;
  map.children.push_back(std::move(child));
  return map.children.back();
}

void Erase(Node& map, std::string_view key) {
  std::erase_if(map.children, [&](const Node& child) { return child.key == key; });
}

Node Levels(std::string_view text) {
  Node levels = Container(Node::Kind::kList, "--sweep");
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    std::string_view item = text.substr(0, comma);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    levels.children.push_back(Scalar("--sweep", item));
    if (comma == text.size()) return levels;
    text.remove_prefix(comma + 1);
  }
}

class LoadEditor {
 public:
  LoadEditor(Node& root, const Overrides& overrides, Diagnostics& diagnostics)
      : root_(root), overrides_(overrides), diagnostics_(diagnostics) {}

  void Edit() {
    Conflicts();
    const bool replaces = overrides_.users || overrides_.sweep || overrides_.rate ||
                          overrides_.probe || overrides_.find;
    Node* load = root_.Get("load");
    if (load == nullptr) {
      load = &Set(root_, "load", Container(Node::Kind::kMap, ""));
      if (!replaces) Set(*load, "users", Scalar("", "1"));
    }
    if (replaces && !load->is_map()) load->kind = Node::Kind::kMap, load->children.clear();
    if (!load->is_map()) return;
    if (overrides_.probe) {
      MakeProbe(*load);
    } else if (overrides_.find) {
      MakeFind(*load);
    } else if (overrides_.users) {
      for (const char* other : {"sweep", "probe", "find", "stages", "arrivals"}) {
        Erase(*load, other);
      }
      Set(*load, "users", Scalar("--users", *overrides_.users));
    } else if (overrides_.sweep) {
      MakeSweep(*load);
    } else if (overrides_.rate) {
      MakeArrivals(*load);
    }
    Refine(*load);
  }

 private:
  void Conflict(std::string_view option, std::string message) {
    diagnostics_.Add({option, 0, 0}, std::move(message));
    conflict_ = true;
  }

  void Conflicts() {
    if (overrides_.sweep && overrides_.users) {
      Conflict("--sweep", "'--sweep' and '--users' exclude each other");
    }
    if (overrides_.sweep && overrides_.run_time) {
      Conflict("--run-time", "a sweep has no run time; '--step-time' is the length of a level");
    }
    if (overrides_.rate && (overrides_.users || overrides_.sweep) && !overrides_.find) {
      Conflict("--rate", overrides_.users ? "'--rate' and '--users' exclude each other"
                                          : "'--rate' and '--sweep' exclude each other");
    }
    const int shapes = (overrides_.sweep ? 1 : 0) + (overrides_.rate ? 1 : 0) +
                       (overrides_.probe ? 1 : 0) + (overrides_.find ? 1 : 0);
    const bool over_rates = overrides_.find && overrides_.rate && shapes == 2;
    if (overrides_.probe && shapes > 1) {
      Conflict("--probe",
               "'--probe' is a load of its own: without '--sweep', '--rate' and '--find'");
    } else if (overrides_.find && shapes > 1 && !over_rates) {
      Conflict("--find", "'--find' is a load of its own: without '--sweep'");
    }
    if (overrides_.step_time && overrides_.users && !overrides_.probe) {
      Conflict("--step-time", "'--step-time' and '--users' exclude each other");
    }
  }

  void EraseShapesBut(Node& load, std::string_view shape) {
    for (const char* other : {"users", "sweep", "probe", "find", "stages", "arrivals", "spawn_rate",
                              "run_time", "iterations"}) {
      if (other != shape) Erase(load, other);
    }
  }

  // --users is the highest level of a probe, and the most that a search tries; with --rate the
  // search is over rates up to that one, and --users says how many may be busy.
  void MakeProbe(Node& load) {
    EraseShapesBut(load, "probe");
    Node* probe = load.Get("probe");
    if (probe == nullptr || !probe->is_map()) {
      probe = &Set(load, "probe", Container(Node::Kind::kMap, "--probe"));
    }
    if (overrides_.users) Set(*probe, "users", Scalar("--users", *overrides_.users));
  }

  void MakeFind(Node& load) {
    EraseShapesBut(load, "find");
    Node* find = load.Get("find");
    if (find == nullptr || !find->is_map()) {
      find = &Set(load, "find", Container(Node::Kind::kMap, "--find"));
    }
    Set(*find, "goal", Scalar("--find", *overrides_.find));
    if (overrides_.rate) {
      for (const char* other : {"users", "spawn_rate"}) Erase(*find, other);
      Set(*find, "rate", Scalar("--rate", *overrides_.rate));
    }
    if (!overrides_.users) return;
    const char* key = find->Get("rate") != nullptr ? "max_users" : "users";
    Set(*find, key, Scalar("--users", *overrides_.users));
  }

  // Step time and spawn rate stay if the file has a sweep already.
  void MakeSweep(Node& load) {
    EraseShapesBut(load, "sweep");
    Node* sweep = load.Get("sweep");
    if (sweep == nullptr || !sweep->is_map()) {
      sweep = &Set(load, "sweep", Container(Node::Kind::kMap, "--sweep"));
    }
    Set(*sweep, "users", Levels(*overrides_.sweep));
  }

  // How many users may be busy, and the distribution, stay if the file has arrivals already.
  void MakeArrivals(Node& load) {
    for (const char* other :
         {"users", "sweep", "probe", "find", "stages", "spawn_rate", "iterations"}) {
      Erase(load, other);
    }
    Node* arrivals = load.Get("arrivals");
    if (arrivals == nullptr || !arrivals->is_map()) {
      arrivals = &Set(load, "arrivals", Container(Node::Kind::kMap, "--rate"));
    }
    Erase(*arrivals, "stages");
    Set(*arrivals, "rate", Scalar("--rate", *overrides_.rate));
  }

  void Refine(Node& load) {
    Node* sweep = load.Get("sweep");
    const bool is_sweep = sweep != nullptr && sweep->is_map();
    Node* probe = load.Get("probe");
    const bool is_probe = probe != nullptr && probe->is_map();
    Node* find = load.Get("find");
    const bool is_find = find != nullptr && find->is_map();
    const bool is_stages = load.Get("stages") != nullptr;
    if (overrides_.iterations) {
      if (load.Get("users") != nullptr) {
        Set(load, "iterations", Scalar("--iterations", *overrides_.iterations));
      } else {
        Conflict("--iterations", "only a load of 'users' has a number of iterations");
      }
    }
    if (overrides_.spawn_rate) {
      Node rate = Scalar("--spawn-rate", *overrides_.spawn_rate);
      if (is_stages) {
        Conflict("--spawn-rate", "the load is stages, which say themselves how fast users start");
      } else {
        Set(is_sweep ? *sweep : is_find ? *find : load, "spawn_rate", std::move(rate));
      }
    }
    if (overrides_.run_time) {
      if (is_probe || is_find) {
        Conflict("--run-time", "each level takes as long as its row needs: there is no run time");
      } else if (!is_sweep && !is_stages) {
        Set(load, "run_time", Scalar("--run-time", *overrides_.run_time));
      } else if (!conflict_) {
        Conflict("--run-time", is_sweep
                                   ? "the load is a sweep, which has no run time; '--step-time' is "
                                     "the length of a level"
                                   : "the load is stages, which say themselves how long they take");
      }
    }
    if (overrides_.step_time) {
      if (is_sweep || is_probe) {
        Set(is_sweep ? *sweep : *probe, "step_time", Scalar("--step-time", *overrides_.step_time));
      } else if (!conflict_) {
        Conflict("--step-time", "the load is not a sweep, so there are no steps");
      }
    }
  }

  Node& root_;
  const Overrides& overrides_;
  Diagnostics& diagnostics_;
  bool conflict_ = false;
};

}  // namespace

void ApplyOverrides(Node& root, const Overrides& overrides, Diagnostics& diagnostics) {
  if (!root.is_map()) return;
  if (overrides.host) {
    Node* target = root.Get("target");
    if (target == nullptr) target = &Set(root, "target", Container(Node::Kind::kMap, "--host"));
    if (target->is_map()) Set(*target, "url", Scalar("--host", *overrides.host));
  }
  LoadEditor(root, overrides, diagnostics).Edit();
  ApplyTags(root, overrides, diagnostics);
}

}  // namespace sfp::config

#include <algorithm>
#include <set>

#include "common/config/builder.h"
#include "common/config/rows.h"
#include "common/config/values.h"
#include "common/scenario/template.h"

namespace sfp::config {
namespace {

// Unsigned steps from one number to another, which may lie 2^64 - 1 apart.
bool RangeIsGood(std::int64_t from, std::int64_t to, std::int64_t step) {
  if (step == 0 || (step > 0 ? from > to : from < to)) return false;
  const auto distance = step > 0
                            ? static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from)
                            : static_cast<std::uint64_t>(from) - static_cast<std::uint64_t>(to);
  const auto stride =
      step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  return distance / stride < (std::uint64_t{1} << 63);
}

void BuildRange(const Node& range, Context& context, v1::DataSource& out) {
  const auto from = Integer(range.Get("from"));
  const auto to = Integer(range.Get("to"));
  const Node* step_node = range.Get("step");
  const auto step = step_node != nullptr ? Integer(step_node) : 1;
  v1::DataSource::Range& result = *out.mutable_range();
  result.set_from(from.value_or(0));
  result.set_to(to.value_or(0));
  result.set_step(step.value_or(1));
  result.set_width(static_cast<std::uint32_t>(Integer(range.Get("width")).value_or(0)));
  if (!from || !to || !step || RangeIsGood(*from, *to, *step)) return;
  const Place& place = step_node != nullptr ? step_node->place : range.place;
  context.diagnostics.Add(place, *step == 0 ? "a step of 0 leads nowhere"
                                            : "the step does not lead from 'from' to 'to'");
}

// The columns that a source names, and where it does.
std::vector<const Node*> ColumnsOf(const Node& source) {
  std::vector<const Node*> nodes;
  if (const Node* column = source.Get("column"); column != nullptr && column->is_scalar()) {
    nodes.push_back(column);
  }
  if (const Node* columns = source.Get("columns"); columns != nullptr && columns->is_list()) {
    for (const Node& column : columns->children) {
      if (column.is_scalar()) nodes.push_back(&column);
    }
  }
  return nodes;
}

void CheckColumns(const Node& source, const std::vector<const Node*>& columns, Context& context) {
  std::set<std::string> names;
  for (const Node* column : columns) {
    if (!scenario::IsTemplateName(source.key + "." + column->value)) {
      context.Add(*column, "a template can't hold the column's name " + Quote(*column) +
                               ": letters, digits, '_', '-' or '.'");
    } else if (!names.insert(column->value).second) {
      context.Add(*column, "column " + Quote(*column) + " stands here twice");
    }
  }
}

// `file`: csv or jsonl.
void BuildRows(const Node& source, const Node& file, Context& context, v1::DataSource& out) {
  const bool table = source.Get("columns") != nullptr;
  const std::vector<const Node*> columns = ColumnsOf(source);
  out.mutable_values();
  if (table) CheckColumns(source, columns, context);
  if (!file.is_scalar() || file.value.empty()) return;
  const bool lines = file.key == "jsonl";
  if (lines && columns.empty()) {
    return context.diagnostics.Add(source.key_place,
                                   "one of column or columns is missing in '" + source.key + "'");
  }
  std::vector<std::string> names;
  for (const Node* column : columns) names.push_back(column->value);
  const std::string path = context.PathOf(file);
  Rows rows = lines ? ReadJsonLines(path, names) : ReadCsv(path, names);
  if (!rows.error.empty()) {
    if (!rows.no_such_column) {
      return context.Add(file, "can't read " + Quote(file) + ": " + rows.error);
    }
    const Node& column = *columns[*rows.no_such_column];
    return context.Add(column, Quote(file) + ": " + Say(column, rows.error));
  }
  const std::size_t width = std::max<std::size_t>(1, names.size());
  context.notes[&file] = std::to_string(rows.values.size() / width) + " rows";
  auto& cells =
      table ? *out.mutable_table()->mutable_cells() : *out.mutable_values()->mutable_values();
  if (table) out.mutable_table()->mutable_columns()->Assign(names.begin(), names.end());
  cells.Reserve(static_cast<int>(rows.values.size()));
  for (std::string& value : rows.values) cells.Add(std::move(value));
}

v1::Exhausted ExhaustedOf(const Node& source, Context& context) {
  const Node* exhausted = source.Get("exhausted");
  if (exhausted == nullptr) return v1::EXHAUSTED_SKIP;
  if (Text(source.Get("pick")) != "unique") {
    context.Add(*exhausted, "only unique rows are ever exhausted: 'pick: unique'");
  }
  const std::string word = Text(exhausted).value_or("");
  return word == "stop"    ? v1::EXHAUSTED_STOP
         : word == "cycle" ? v1::EXHAUSTED_CYCLE
                           : v1::EXHAUSTED_SKIP;
}

void BuildSource(const Node& source, Context& context, v1::DataSource& out) {
  out.set_name(source.key);
  const Node* pick = source.Get("pick");
  const std::string word = Text(pick).value_or("random");
  out.set_pick(word == "unique"       ? v1::PICK_UNIQUE
               : word == "sequential" ? v1::PICK_SEQUENTIAL
                                      : v1::PICK_RANDOM);
  out.set_exhausted(ExhaustedOf(source, context));
  if (const Node* values = source.Get("values")) {
    out.mutable_values();
    if (!values->is_list()) return;
    for (const Node& value : values->children) {
      if (value.is_scalar()) out.mutable_values()->add_values(value.value);
    }
  } else if (const Node* range = source.Get("range")) {
    BuildRange(*range, context, out);
  } else if (const Node* csv = source.Get("csv")) {
    BuildRows(source, *csv, context, out);
  } else if (const Node* jsonl = source.Get("jsonl")) {
    BuildRows(source, *jsonl, context, out);
  } else if (const Node* collected = source.Get("collected")) {
    constexpr std::uint32_t kCapacity = 10;
    out.mutable_collected()->set_capacity(
        static_cast<std::uint32_t>(Integer(collected->Get("capacity")).value_or(kCapacity)));
    const std::string scope = Text(collected->Get("scope")).value_or("worker");
    out.mutable_collected()->set_scope(scope == "user"    ? v1::SCOPE_USER
                                       : scope == "class" ? v1::SCOPE_CLASS
                                                          : v1::SCOPE_WORKER);
    if (const Node* capacity = collected->Get("capacity"); capacity != nullptr && scope == "user") {
      context.diagnostics.Add(capacity->key_place,
                              "with 'scope: user' there is one value, the newest");
    }
    if (pick != nullptr && (word == "unique" || word == "sequential")) {
      context.Add(*pick, "collected values are picked at random only");
    }
  }
}

// What `collect` and `set` name, in a task and in its steps.
void AddCollected(const Node& node, std::set<std::string>& names) {
  for (const char* key : {"collect", "set"}) {
    const Node* into = node.Get(key);
    if (into == nullptr || !into->is_map()) continue;
    for (const Node& rule : into->children) names.insert(rule.key);
  }
  for (const char* key : {"steps", "then", "else"}) {
    const Node* steps = node.Get(key);
    if (steps == nullptr || !steps->is_list()) continue;
    for (const Node& step : steps->children) AddCollected(step, names);
  }
}

}  // namespace

std::set<std::string> CollectedInto(const Node* tasks) {
  std::set<std::string> names;
  if (tasks == nullptr) return names;
  for (const Node& task : tasks->children) AddCollected(task, names);
  return names;
}

void BuildData(const Node& root, Context& context, v1::Scenario& out) {
  const Node* data = root.Get("data");
  if (data == nullptr || !data->is_map()) return;
  constexpr std::size_t kMostSources = 10'000;
  if (data->children.size() > kMostSources) {
    context.diagnostics.Add(data->place, "there is more data than 10000 names");
    return;
  }
  std::set<std::string> filled = CollectedInto(root.Get("setup"));
  filled.merge(CollectedInto(root.Get("teardown")));
  if (const Node* users = root.Get("users")) {
    for (const Node& user_class : users->children) {
      filled.merge(CollectedInto(user_class.Get("tasks")));
    }
  }
  for (const Node& source : data->children) {
    const Node* columns = source.Get("columns");
    for (const Node* column : columns == nullptr ? std::vector<const Node*>() : ColumnsOf(source)) {
      context.sources[source.key + "." + column->value] = {};
    }
    if (columns == nullptr) {
      const Node* collected = source.Get("collected");
      const bool of_user = collected != nullptr && Text(collected->Get("scope")) == "user";
      context.sources[source.key] = {collected != nullptr, filled.contains(source.key), of_user};
    }
    if (!scenario::IsTemplateName(source.key)) {
      Node name;
      name.value = source.key;
      context.diagnostics.Add(
          source.key_place,
          Quote(name) +
              " is no name for data: a letter or '_', then letters, digits, '_', '-' or '.'");
    }
    BuildSource(source, context, *out.add_data());
  }
}

namespace {

// Of a name that no data has.
std::string NoData(const std::string& name, const Context& context) {
  std::vector<std::string> names;
  for (const auto& [known, unused] : context.sources) names.push_back(known);
  const auto column = std::find_if(names.begin(), names.end(), [&](const std::string& known) {
    return known.starts_with(name + ".");
  });
  return "there is no data '" + name + "'" +
         (column == names.end() ? Suggest(name, names)
                                : ": it has columns, such as '" + *column + "'");
}

}  // namespace

void CheckTemplate(const Node& scalar, Context& context) {
  const auto pieces = scenario::ParseTemplate(scalar.value);
  // Words about a part of a secret would give that part away.
  if (!pieces.ok()) {
    return context.Add(
        scalar, scalar.shown ? "the template in this secret is broken" : Message(pieces.status()));
  }
  std::set<std::string> reported;
  for (const scenario::TemplateVariable& use : scenario::FindVariables(scalar.value)) {
    if (!reported.insert(use.name).second) continue;
    if (context.diagnostics.full()) return;
    const auto source = context.sources.find(use.name);
    std::string message;
    if (source == context.sources.end()) {
      message = NoData(use.name, context);
    } else if (source->second.collected && !source->second.filled) {
      message = "no task collects '" + use.name + "', so this could never be sent";
    } else {
      continue;
    }
    if (scalar.shown) {
      context.Add(scalar, "the template in this secret uses data that there is not");
    } else {
      context.diagnostics.AddWithin(scalar, scalar.value.substr(use.offset, use.length),
                                    std::move(message));
    }
  }
}

}  // namespace sfp::config

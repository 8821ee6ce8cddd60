#include <set>

#include "common/config/builder.h"
#include "common/config/csv.h"
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

void BuildCsv(const Node& source, Context& context, v1::DataSource& out) {
  const Node& csv = *source.Get("csv");
  const Node* column = source.Get("column");
  out.mutable_values();
  if (!csv.is_scalar() || csv.value.empty() || (column != nullptr && !column->is_scalar())) return;
  CsvColumn read = ReadCsvColumn(context.PathOf(csv), Text(column).value_or(""));
  if (!read.error.empty()) {
    const bool about_column = read.no_such_column && column != nullptr;
    return context.Add(about_column ? *column : csv,
                       about_column ? Quote(csv) + ": " + Say(*column, read.error)
                                    : "can't read " + Quote(csv) + ": " + read.error);
  }
  context.notes[&csv] = std::to_string(read.values.size()) + " rows";
  for (std::string& value : read.values) out.mutable_values()->add_values(std::move(value));
}

void BuildSource(const Node& source, Context& context, v1::DataSource& out) {
  out.set_name(source.key);
  const Node* pick = source.Get("pick");
  const std::string word = Text(pick).value_or("random");
  out.set_pick(word == "unique"       ? v1::PICK_UNIQUE
               : word == "sequential" ? v1::PICK_SEQUENTIAL
                                      : v1::PICK_RANDOM);
  if (const Node* values = source.Get("values")) {
    out.mutable_values();
    if (!values->is_list()) return;
    for (const Node& value : values->children) {
      if (value.is_scalar()) out.mutable_values()->add_values(value.value);
    }
  } else if (const Node* range = source.Get("range")) {
    BuildRange(*range, context, out);
  } else if (source.Get("csv") != nullptr) {
    BuildCsv(source, context, out);
  } else if (const Node* collected = source.Get("collected")) {
    constexpr std::uint32_t kCapacity = 10;
    out.mutable_collected()->set_capacity(
        static_cast<std::uint32_t>(Integer(collected->Get("capacity")).value_or(kCapacity)));
    if (pick != nullptr && (word == "unique" || word == "sequential")) {
      context.Add(*pick, "collected values are picked at random only");
    }
  }
}

std::set<std::string> CollectedInto(const Node* users) {
  std::set<std::string> names;
  if (users == nullptr) return names;
  for (const Node& user_class : users->children) {
    const Node* tasks = user_class.Get("tasks");
    if (tasks == nullptr) continue;
    for (const Node& task : tasks->children) {
      const Node* collect = task.Get("collect");
      if (collect == nullptr || !collect->is_map()) continue;
      for (const Node& rule : collect->children) names.insert(rule.key);
    }
  }
  return names;
}

}  // namespace

void BuildData(const Node* data, const Node* users, Context& context, v1::Scenario& out) {
  if (data == nullptr || !data->is_map()) return;
  constexpr std::size_t kMostSources = 10'000;
  if (data->children.size() > kMostSources) {
    context.diagnostics.Add(data->place, "there is more data than 10000 names");
    return;
  }
  const std::set<std::string> filled = CollectedInto(users);
  for (const Node& source : data->children) {
    context.sources[source.key] = {source.Get("collected") != nullptr, filled.contains(source.key)};
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
      std::vector<std::string> names;
      for (const auto& [name, unused] : context.sources) names.push_back(name);
      message = "there is no data '" + use.name + "'" + Suggest(use.name, names);
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

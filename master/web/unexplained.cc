#include "master/web/unexplained.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "common/base/units.h"

namespace sfp::web {

std::vector<report::Failure> Unexplained(const results::Results& results,
                                         const std::vector<report::Failure>& explained) {
  std::map<std::pair<std::string, std::string>, report::Failure> rows;  // by endpoint and message
  for (std::size_t i = 0; i < results.endpoints().size(); ++i) {
    const std::string& endpoint = results.run().endpoints(static_cast<int>(i)).name();
    for (const auto& [key, failures] : results.endpoints()[i].failures) {
      const auto [at, fresh] = rows.try_emplace({endpoint, key.message});
      report::Failure& row = at->second;
      if (fresh) {
        row = {.endpoint = endpoint,
               .kind = std::string(stats::Name(key.kind)),
               .message = key.message,
               .phase = std::string(stats::Name(key.phase)),
               .first_s = Seconds(failures.first)};
      }
      row.count += failures.count;
      row.first_s = std::min(row.first_s, Seconds(failures.first));
      row.last_s = std::max(row.last_s, Seconds(failures.last));
    }
  }
  for (const report::Failure& row : explained) {
    const auto at = rows.find({row.endpoint, row.message});
    if (at != rows.end()) at->second.count -= std::min(at->second.count, row.count);
  }
  std::vector<report::Failure> out;
  for (auto& [key, row] : rows) {
    if (row.count > 0) out.push_back(std::move(row));
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  return out;
}

}  // namespace sfp::web

#include "master/report/history_csv.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "common/base/wall_clock.h"
#include "master/report/csv.h"
#include "master/report/json_writer.h"
#include "master/report/latencies.h"

namespace sfp::report {

void HistoryCsv::Cell::Merge(const Cell& other) {
  requests += other.requests;
  failures += other.failures;
  bytes_received += other.bytes_received;
  response.Merge(other.response);
}

HistoryCsv::HistoryCsv(const results::Results& results, bool endpoints, Sink sink)
    : results_(results), endpoints_(endpoints), sink_(std::move(sink)) {
  start_s_ = ParseRfc3339(results.run().started_at()).value_or(0) / 1'000'000'000;
  total_.resize(results.endpoints().size() + 1);
  std::vector<std::string> header = {"Timestamp", "User Count", "Type",
                                     "Name",      "Requests/s", "Failures/s"};
  for (std::string& column : PercentileColumns()) header.push_back(std::move(column));
  for (const char* column :
       {"Total Request Count", "Total Failure Count", "Total Median Response Time",
        "Total Average Response Time", "Total Min Response Time", "Total Max Response Time",
        "Total Average Content Size"}) {
    header.emplace_back(column);
  }
  std::string line;
  AppendCsvLine(line, header);
  sink_(line);
}

void HistoryCsv::Add(std::uint32_t second, const results::Parts& parts) {
  Cells cells(total_.size());
  for (const stats::Interval& part : parts) {
    for (std::size_t i = 0; i < part.endpoints.size(); ++i) {
      const stats::EndpointStats& stats = part.endpoints[i];
      if (stats.requests() == 0) continue;
      for (const std::size_t at : {i, cells.size() - 1}) {
        if (at == i ? !endpoints_ : results_.apart(i)) continue;
        Cell& cell = cells[at];
        cell.requests += stats.requests();
        cell.failures += stats.failed;
        cell.bytes_received += stats.bytes_received;
        cell.response.Merge(stats.response);
      }
    }
  }
  for (std::size_t i = 0; i < cells.size(); ++i) total_[i].Merge(cells[i]);
  window_.push_back(std::move(cells));
  if (window_.size() > kWindow) window_.pop_front();
  for (std::size_t i = endpoints_ ? 0 : total_.size() - 1; i < total_.size(); ++i) Line(second, i);
}

void HistoryCsv::Line(std::uint32_t second, std::size_t at) {
  const bool aggregate = at + 1 == total_.size();
  Cell recent;
  for (const Cells& cells : window_) recent.Merge(cells[at]);
  const auto seconds = static_cast<double>(window_.size());
  const std::vector<results::SeriesPoint>& series = results_.series();
  std::vector<std::string> fields = {
      std::to_string(start_s_ + second + 1),
      std::to_string(second < series.size() ? series[second].users : 0),
      aggregate ? "" : results_.run().endpoints(static_cast<int>(at)).method(),
      aggregate ? "Aggregated" : results_.run().endpoints(static_cast<int>(at)).name(),
      absl::StrFormat("%.6f", static_cast<double>(recent.requests) / seconds),
      absl::StrFormat("%.6f", static_cast<double>(recent.failures) / seconds),
  };
  for (std::string& field : PercentileFields(LatenciesOf(recent.response))) {
    fields.push_back(std::move(field));
  }
  const Cell& total = total_[at];
  const auto requests = static_cast<double>(std::max<std::uint64_t>(total.requests, 1));
  const auto ms = [](std::optional<Duration> value) {
    return FormatNumber(value ? Millis(*value) : 0);
  };
  fields.push_back(std::to_string(total.requests));
  fields.push_back(std::to_string(total.failures));
  fields.push_back(ms(total.response.Quantile(0.5)));
  fields.push_back(ms(total.response.mean()));
  fields.push_back(ms(total.response.min()));
  fields.push_back(ms(total.response.max()));
  fields.push_back(FormatNumber(static_cast<double>(total.bytes_received) / requests));
  std::string line;
  AppendCsvLine(line, fields);
  sink_(line);
}

}  // namespace sfp::report

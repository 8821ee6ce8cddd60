#include "master/report/html.h"

#include <algorithm>
#include <vector>

#include "master/assets/assets.h"
#include "master/report/json.h"
#include "master/report/series.h"

namespace sfp::report {
namespace {

struct Extent {
  std::size_t slots;           // of the totals
  std::size_t endpoint_slots;  // of each endpoint
  std::size_t endpoints;
};

// From all to the least, the first that fits is taken.
constexpr Extent kExtents[] = {{1200, 600, 200}, {600, 200, 200}, {400, 100, 100}, {200, 60, 50},
                               {120, 40, 20},    {60, 30, 5},     {60, 0, 0}};

// JSON within a script element: no tag can begin in it.
std::string Harmless(std::string json) {
  for (std::size_t at = 0; (at = json.find('<', at)) != std::string::npos; at += 6) {
    json.replace(at, 1, "\\u003c");
  }
  return json;
}

// Those with the most requests, in the run's order.
std::vector<std::size_t> Busiest(const results::Results& results, std::size_t most) {
  std::vector<std::size_t> ids;
  for (std::size_t i = 0; i < results.endpoints().size(); ++i) {
    if (!results.history().endpoint(i).empty()) ids.push_back(i);
  }
  std::stable_sort(ids.begin(), ids.end(), [&](std::size_t a, std::size_t b) {
    return results.endpoints()[a].requests() > results.endpoints()[b].requests();
  });
  ids.resize(std::min(ids.size(), most));
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::string SeriesJson(const results::Results& results, const Extent& extent) {
  JsonWriter w;
  w.BeginObject(JsonWriter::kInline);
  WriteSeries(w.Key("total"), results, {.most_slots = extent.slots});
  w.Key("endpoints").BeginObject(JsonWriter::kInline);
  for (const std::size_t id : Busiest(results, extent.endpoints)) {
    WriteSeries(w.Key(results.run().endpoints(static_cast<int>(id)).name()), results,
                {.endpoint = id, .most_slots = extent.endpoint_slots});
  }
  w.EndObject();
  w.EndObject();
  return w.Take();
}

}  // namespace

std::string ToHtml(const Report& report, const results::Results& results) {
  Report lean = report;
  lean.series.clear();  // the charts have their own
  std::string head = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  head.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
  head.append("<title>sfp report</title>\n<style>").append(assets::Asset("style.css"));
  head.append("</style>\n</head>\n<body class=\"report\">\n<div id=\"report-root\"></div>\n");
  head.append(
      "<noscript>The figures of this report are in report.md and report.json.</noscript>\n");
  head.append("<script type=\"application/json\" id=\"report\">").append(Harmless(ToJson(lean)));
  std::string tail = "<script>'use strict';\n";
  for (const char* part : {"format.js", "charts.js", "views.js", "report.js"}) {
    tail.append(assets::Asset(part));
  }
  tail.append("</script>\n</body>\n</html>\n");
  std::string html;
  for (const Extent& extent : kExtents) {
    html = head + "</script>\n<script type=\"application/json\" id=\"series\">" +
           Harmless(SeriesJson(results, extent)) + "</script>\n" + tail;
    if (html.size() < kMostHtmlBytes) break;
  }
  return html;
}

}  // namespace sfp::report

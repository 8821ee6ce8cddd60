#include "master/web/page.h"

#include <absl/strings/str_format.h>

#include <string_view>

#include "common/base/text.h"

namespace sfp::web {
namespace {

std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

void AppendRow(std::string& out, std::string_view name, std::string_view value) {
  out.append("<tr><th scope=\"row\">").append(name).append("</th><td>");
  out.append(value).append("</td></tr>\n");
}

}  // namespace

std::string StatusPage(const RunStatus& status) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"refresh\" content=\"2\"><title>sfp: ";
  out.append(Escape(status.state));
  out.append(
      "</title>\n<style>body{font:1rem/1.5 system-ui,sans-serif;margin:2rem auto;max-width:40rem;"
      "padding:0 1rem;color-scheme:light dark}th{text-align:left;padding-right:2rem}"
      "td{font-variant-numeric:tabular-nums}</style></head>\n<body><main><h1>sfp</h1>\n<p>");
  out.append(Escape(status.says)).append("</p>\n<table>\n");
  AppendRow(out, "State", Escape(status.state));
  AppendRow(out, "Workers", absl::StrFormat("%d of %d", status.workers, status.workers_wanted));
  AppendRow(out, "Users", std::to_string(status.users));
  AppendRow(out, "Second", std::to_string(status.second));
  AppendRow(out, "Requests", std::to_string(status.requests));
  AppendRow(out, "Failures", std::to_string(status.failures));
  AppendRow(out, "Requests per second", absl::StrFormat("%.1f", status.rps));
  out.append("</table>\n<p>The same as JSON: <a href=\"/api/v1/status\">/api/v1/status</a>. sfp ");
  return out.append(Version()).append("</p></main></body></html>\n");
}

}  // namespace sfp::web

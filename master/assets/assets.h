#pragma once

// The page's files, compiled in: served by master/web, and inlined in report.html by
// master/report.
// Plain HTML, CSS and scripts that a browser takes as they are: no build step, no foreign library.
//
//   page.html login.html style.css icon.svg
//   format.js charts.js views.js    shared by page and report, in this order
//   page.js                         the live page       report.js    report.html
//   openapi.json report.schema.json the REST interface and report.json, for programs
//
// Thread: safe, no state.

#include <string_view>

namespace sfp::assets {

// Empty if there is no such file.
std::string_view Asset(std::string_view name);

}  // namespace sfp::assets

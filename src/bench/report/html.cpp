#include "report/html.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/assets.h"
#include "report/escape.h"
#include "report/html/data.h"
#include "report/html/sections.h"
#include "report/series.h"

namespace lstmbench {
namespace {

// Series as --s0, --s1, ... and lines as --l0, ...: for light grounds and paper, and for dark ones.
std::string color_variables(const Report& report, bool is_dark) {
  std::string text;
  const auto series = series_of(report);
  for (std::size_t i = 0; i < series.size(); ++i)
    text += fmt::format("--s{}:{};", i, is_dark ? series[i].dark : series[i].light);
  const auto lines = line_colors();
  for (std::size_t i = 0; i < lines.size(); ++i)
    text += fmt::format("--l{}:{};", i, is_dark ? lines[i].dark : lines[i].light);
  return text;
}

std::string head(const Report& report, const std::string& nonce) {
  // Nothing is loaded from anywhere, and only this file's own scripts run; Vega writes styles of its
  // elements.
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'nonce-{}'; "
      "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<title>LSTM training speed</title>"
      "<style>{}:root{{{}}}@media screen and (prefers-color-scheme:dark){{:root{{{}}}}}</style></head>\n",
      nonce, asset("html/page.css"), color_variables(report, false), color_variables(report, true));
}

bool is_closing_tag(std::string_view text) {
  constexpr std::string_view tag = "</script";
  return text.size() >= tag.size() && std::equal(tag.begin(), tag.end(), text.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b);
         });
}

std::string script(const std::string& nonce, std::string_view source) {
  // "</script" and "<!--" mean something to HTML wherever they stand; in JavaScript they stand in texts only,
  // where a backslash before the second character changes nothing.
  std::string text = fmt::format("<script nonce=\"{}\">", nonce);
  for (std::size_t i = 0; i < source.size(); ++i) {
    text += source[i];
    const std::string_view rest = source.substr(i);
    if (rest.substr(0, 4) == "<!--" || is_closing_tag(rest)) text += '\\';
  }
  return text + "</script>\n";
}

}  // namespace

std::string render_html(const Report& report, const HtmlParts& parts) {
  std::string text = head(report, parts.nonce);
  text +=
      "<body data-ready=\"no\"><a class=\"skip\" href=\"#times\">Skip to the results</a><div "
      "class=\"page\"><header>";
  text += page_head(report) + "</header>\n<main>";
  for (const auto& part :
       {verdict_section(report), toolbar(report), times_section(report), matrix_section(report),
        versions_section(report), peak_section(report), cases_section(report), provenance_section(report)})
    text += part + "\n";
  text +=
      "<noscript><p class=\"caution\">Charts need JavaScript; all numbers are in the tables.</p></noscript>";
  text += "</main></div>\n<script type=\"application/json\" id=\"report-data\">" +
          script_json(page_data(report)) + "</script>\n";
  text += script(parts.nonce, parts.chart_runtime);
  text += script(parts.nonce, asset("html/page.js"));
  return text + "</body></html>\n";
}

}  // namespace lstmbench

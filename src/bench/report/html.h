// The report as one HTML file that needs nothing else.
#pragma once

#include <string>
#include <string_view>

#include "report/model.h"

namespace lstmbench {

struct HtmlParts {
  std::string chart_runtime;  // JavaScript that defines vegaEmbed
  std::string nonce;          // unguessable: only scripts that carry it run
};
// Deterministic but for the nonce. Everything that a worker or a file said is escaped.
std::string render_html(const Report& report, const HtmlParts& parts);

}  // namespace lstmbench

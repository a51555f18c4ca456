// The report as GitHub-flavoured Markdown.
#pragma once

#include <string>

#include "report/model.h"

namespace lstmbench {

std::string render_markdown(const Report& report);

}  // namespace lstmbench

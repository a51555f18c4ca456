// The libraries of a run and what each says it was built with, as a table.
#pragma once

#include <string>
#include <vector>

#include "report/model.h"

namespace lstmbench {

struct LibraryTable {
  std::vector<std::string> titles;             // worker, version, what some library says, build: the rest
  std::vector<std::vector<std::string>> rows;  // one a library, as long as titles
};

LibraryTable library_table(const Report& report);

}  // namespace lstmbench

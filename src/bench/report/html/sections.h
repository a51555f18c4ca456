// The parts of the page, as markup. All texts that came from outside are escaped in here.
#pragma once

#include <string>

#include "report/model.h"

namespace lstmbench {

std::string page_head(const Report& report);  // title, machine, state of the run
std::string verdict_section(
    const Report& report);  // the winner of each workload, what failed, what to be careful about
std::string toolbar(const Report& report);           // baseline and filter
std::string times_section(const Report& report);     // bars and ratios
std::string matrix_section(const Report& report);    // workload x implementation, every status
std::string versions_section(const Report& report);  // empty where no implementation has several
std::string peak_section(const Report& report);      // empty where the peak was not measured
std::string cases_section(const Report& report);
std::string provenance_section(const Report& report);

// A table's title: the workload, and what tells it from the run's other tables of that workload.
std::string table_title(const Report& report, const ReportTable& table);
// Class of a status: "good", "warn" or "bad".
std::string status_class(const ReportRow& row);

}  // namespace lstmbench

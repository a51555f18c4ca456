#include "report/csv.h"

#include <fmt/format.h>

#include <cmath>

#include "report/escape.h"

namespace lstmbench {

std::string render_csv(const Report& report) {
  std::string text =
      "workload,implementation,version,dtype,device,threads,status,round,step,is_warmup,input_ns,forward_ns,"
      "loss_ns,"
      "backward_ns,update_ns,loss,total_ns\r\n";
  for (const auto& table : report.tables)
    for (const auto& row : table.rows) {
      const Case& a_case = row.a_case;
      for (const auto& [round, sample] : row.samples) {
        const StepTimes& times = sample.times;
        // Of published results only the whole step is known.
        const std::string phases = report.is_published
                                       ? ",,,,"
                                       : fmt::format("{},{},{},{},{}", times.input_ns, times.forward_ns,
                                                     times.loss_ns, times.backward_ns, times.update_ns);
        text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n", escape_csv(a_case.workload.name),
                            escape_csv(a_case.implementation), escape_csv(a_case.version),
                            escape_csv(a_case.dtype), escape_csv(a_case.device), a_case.threads, row.status,
                            round, sample.step, static_cast<int>(sample.is_warmup), phases,
                            std::isfinite(times.loss) ? fmt::format("{}", times.loss) : "", times.total_ns());
      }
    }
  return text;
}

}  // namespace lstmbench

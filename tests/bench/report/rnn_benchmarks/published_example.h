// The layout of the original's raw results with its published means (docs/workloads.md): 500 steps a series,
// 100 slow ones first, then 400 whose mean and deviation are those given. The original's file itself has no
// licence to be copied.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

namespace lstmbench {

struct PublishedBar {
  std::string bench, experiment, version;
  long parameters = 0;
  double mean_ms = 0, deviation_ms = 0;
};

inline const std::vector<PublishedBar>& published_bars() {
  static const std::vector<PublishedBar> bars = [] {
    const std::string versions[] = {"0.1.12_2", "0.2.0_4", "0.3.1.post2", "0.4.0"};
    const struct {
      std::string bench, experiment;
      long parameters;
      double means[4];
    } series[] = {
        {"pytorch_cudnnLSTM", "1x320-LSTM_cross-entropy", 572800, {145.52, 145.32, 86.83, 79.54}},
        {"pytorch_LSTMCell-fused", "1x320-LSTM_cross-entropy", 572800, {299.16, 263.37, 170.17, 168.85}},
        {"pytorch_LSTMCell-basic", "1x320-LSTM_cross-entropy", 572800, {534.12, 676.67, 309.53, 306.98}},
        {"pytorch_cudnnLSTM", "4x320-BIDIR-LSTM_cross-entropy", 8533760, {813.36, 812.00, 558.00, 534.47}},
        {"pytorch_cudnnLSTM", "4x320-BIDIR-LSTM_CTC", 8565120, {0, 2508.95, 623.84, 596.53}},
    };
    std::vector<PublishedBar> result;
    for (const auto& one : series)
      for (int v = 0; v < 4; ++v)
        if (one.means[v] > 0)
          result.push_back(
              {one.bench, one.experiment, versions[v], one.parameters, one.means[v], one.means[v] / 100});
    return result;
  }();
  return bars;
}

// `columns` in the order wanted, for instance "bench,experiment,name,parameters,runtime,version".
inline std::string published_csv(const std::string& columns) {
  std::string text = columns + "\n";
  for (const auto& bar : published_bars())
    for (int step = 0; step < 500; ++step) {
      // Half above, half below by the same distance: the deviation (n - 1) is the distance times sqrt(400 /
      // 399).
      const double distance = bar.deviation_ms / 1.0012523486435176 * (step % 2 == 0 ? 1 : -1);
      const double ms = step < 100 ? 3 * bar.mean_ms : bar.mean_ms + distance;
      std::string line = columns;
      const auto put = [&](const std::string& name, const std::string& value) {
        const auto position = ("," + line + ",").find("," + name + ",");
        if (position != std::string::npos) line.replace(position, name.size(), value);
      };
      put("bench", bar.bench);
      put("experiment", bar.experiment);
      put("name", "bench_" + bar.bench + ".py");
      put("parameters", std::to_string(bar.parameters));
      put("runtime", fmt::format("{:.16g}", ms / 1000));
      put("version", bar.version);
      text += line + "\n";
    }
  return text;
}

}  // namespace lstmbench

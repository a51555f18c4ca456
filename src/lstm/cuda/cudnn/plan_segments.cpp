#include "cuda/cudnn/plan_segments.h"

#include <utility>

namespace lstm::cuda {
namespace {

constexpr int kGates = 4;

// Both are dense: what continues the last segment in both buffers is joined to it.
void append(std::vector<Segment>& segments, const Segment& next) {
  if (!segments.empty()) {
    Segment& last = segments.back();
    const std::int64_t size = static_cast<std::int64_t>(last.rows) * last.columns;
    if (last.columns == next.columns && last.from + size == next.from && last.to + size == next.to) {
      last.rows += next.rows;
      return;
    }
  }
  segments.push_back(next);
}

Segment segment(const ParameterTensor& tensor, int gate, int units, std::int64_t to) {
  const std::int64_t size = static_cast<std::int64_t>(units) * tensor.columns;
  return {.from = static_cast<std::int64_t>(tensor.offset) + gate * size,
          .to = to,
          .rows = units,
          .columns = tensor.columns,
          .from_stride = tensor.columns,
          .to_stride = tensor.columns};
}

}  // namespace

std::vector<Segment> plan_segments(const Network& network, const ParameterLayout& layout,
                                   const Locate& locate) {
  std::vector<Segment> segments;
  const int H = network.units;
  for (int layer = 0; layer < network.layers; ++layer) {
    for (int direction = 0; direction < network.directions; ++direction) {
      const int pseudo_layer = layer * network.directions + direction;
      const auto at = [&](bool is_recurrent, int gate) {
        return locate(pseudo_layer, (is_recurrent ? kGates : 0) + gate);
      };
      for (const bool is_recurrent : {false, true}) {
        const ParameterTensor& matrix =
            is_recurrent ? layout.R(layer, direction) : layout.W(layer, direction);
        for (int gate = 0; gate < kGates; ++gate) {
          append(segments, segment(matrix, gate, H, at(is_recurrent, gate).matrix));
        }
      }
      for (const bool is_recurrent : {false, true}) {
        const ParameterTensor& bias =
            is_recurrent ? layout.b_R(layer, direction) : layout.b_W(layer, direction);
        for (int gate = 0; gate < kGates; ++gate) {
          append(segments, segment(bias, gate, H, at(is_recurrent, gate).bias));
        }
      }
    }
  }
  return segments;
}

std::vector<Segment> reversed(const std::vector<Segment>& segments) {
  std::vector<Segment> result = segments;
  for (Segment& each : result) {
    std::swap(each.from, each.to);
    std::swap(each.from_stride, each.to_stride);
  }
  return result;
}

}  // namespace lstm::cuda

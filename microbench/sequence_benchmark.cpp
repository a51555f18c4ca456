// The sequence engine's operations on the sizes of 1x320/CE-short: 64 samples, 320 units, 123 inputs, one
// chunk of four time steps.
#include "kernels/sequence/sequence.h"

#include "variants.h"

namespace lstm::microbench {
namespace {

constexpr int kSamples = 64, kSteps = 4, kRows = kSamples * kSteps, kUnits = 320, kInputs = 123;
constexpr int kGates = 4 * kUnits, kGradientRows = kInputs + kUnits + 1;

// Operands in the layouts of sequence.h; 320 is a multiple of every block width.
struct Operands {
  explicit Operands(const kernels::SequenceKernels& kernels)
      : gate_row(4 * static_cast<std::size_t>(kernels.block)),
        unit_blocks(kUnits / kernels.block),
        packed(static_cast<std::size_t>(kGradientRows + kernels.tile_rows) * kRows) {
    for (int row = 0; row < kRows; ++row) {
      x_rows.push_back(&x[static_cast<std::size_t>(row) * kInputs]);
      h_rows.push_back(&h[static_cast<std::size_t>(row) * kUnits]);
      gate_rows.push_back(&gates[static_cast<std::size_t>(row) * gate_row]);
    }
  }
  std::size_t panel() const { return kRows * gate_row; }

  static constexpr std::size_t size(int rows, int columns) {
    return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
  }
  std::size_t gate_row;
  int unit_blocks;
  std::vector<float> gates = random_floats(size(kRows, kGates));
  std::vector<float> W = random_floats(size(kGates, kInputs), 0.05f),
                     R = random_floats(size(kGates, kUnits), 0.05f);
  std::vector<float> bias = random_floats(kGates), x = random_floats(size(kRows, kInputs));
  std::vector<float> h = random_floats(size(kRows, kUnits)), c = random_floats(size(kRows, kUnits));
  std::vector<float> dc = random_floats(size(kSamples, kUnits)), dx = random_floats(size(kRows, kUnits));
  std::vector<float> gradient = random_floats(size(kGradientRows, kGates));
  std::vector<float> packed;
  std::vector<const float*> x_rows, h_rows;
  std::vector<float*> gate_rows;
};

// Registers sequence/`operation`, where run(kernels, operands) does `flops` floating-point operations.
template <class Run>
void add(const char* operation, double flops, Run run) {
  register_variants(kernels::sequence_variants(), std::string("sequence/") + operation,
                    [flops, run](benchmark::State& state, const kernels::SequenceKernels& kernels) {
                      Operands operands(kernels);
                      for (auto _ : state) {
                        run(kernels, operands);
                        benchmark::ClobberMemory();
                      }
                      set_rate(state, "flop/s", flops);
                    });
}

using kernels::SequenceKernels;

const bool kRegistered = [] {
  add("project", 2.0 * kRows * kGates * kInputs, [](const SequenceKernels& kernels, Operands& o) {
    kernels.project({kRows, 0, o.unit_blocks, o.x_rows.data(), kInputs, o.W.data(), o.bias.data(),
                     o.gate_rows.data(), o.panel()});
  });
  add("forward_step", 2.0 * kSamples * kGates * kUnits, [](const SequenceKernels& kernels, Operands& o) {
    const std::size_t next = std::size_t{kSamples} * kUnits;
    kernels.forward_step({kSamples, o.unit_blocks, kUnits, kUnits, o.h.data(), kUnits, o.c.data(), o.R.data(),
                          o.gates.data(), o.panel(), o.gate_row, &o.c[next], &o.h[next], kUnits, kUnits});
  });
  add("backward_step", 2.0 * kSamples * kGates * kUnits, [](const SequenceKernels& kernels, Operands& o) {
    const std::size_t next = std::size_t{kSamples} * kUnits;
    kernels.backward_step({kSamples,
                           o.unit_blocks,
                           kUnits,
                           o.unit_blocks,
                           &o.gates[kSamples * o.gate_row],
                           o.panel(),
                           o.gate_row,
                           o.R.data(),
                           0,
                           o.h.data(),
                           kUnits,
                           o.gates.data(),
                           o.panel(),
                           o.gate_row,
                           &o.c[next],
                           o.c.data(),
                           kUnits,
                           kUnits,
                           o.dc.data(),
                           kUnits});
  });
  add("pack_rows", 0.0, [](const SequenceKernels& kernels, Operands& o) {
    kernels.pack_rows(
        {kRows, o.x_rows.data(), kInputs, o.h_rows.data(), kUnits, 0, kGradientRows, o.packed.data()});
  });
  add("weight_gradient", 2.0 * kRows * kGates * kGradientRows,
      [](const SequenceKernels& kernels, Operands& o) {
        for (int block = 0; block < o.unit_blocks; ++block) {
          kernels.weight_gradient(
              {kRows, kGradientRows, o.packed.data(), &o.gates[static_cast<std::size_t>(block) * o.panel()],
               &o.gradient[static_cast<std::size_t>(block) * kGradientRows * o.gate_row], true});
        }
      });
  add("input_gradient", 2.0 * kRows * kGates * kUnits, [](const SequenceKernels& kernels, Operands& o) {
    const int width = static_cast<int>(o.gate_row);
    for (int column = 0; column < kUnits; column += width) {
      kernels.input_gradient({kRows, o.unit_blocks, std::min(width, kUnits - column), o.gates.data(),
                              o.panel(), o.gate_row, &o.R[static_cast<std::size_t>(column) * kGates],
                              &o.dx[static_cast<std::size_t>(column)], kUnits, false});
    }
  });
  return true;
}();

}  // namespace
}  // namespace lstm::microbench

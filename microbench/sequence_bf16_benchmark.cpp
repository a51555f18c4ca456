// The operations of the sequence engine in bf16 and bf16x3 on the sizes of 1x320/CE-short: 64 samples, 320
// units, 123 inputs, 512 rows of a weight gradient (256 in two parts). Rates count products of the network:
// in bf16x3 each takes three.
#include "kernels/sequence_bf16/sequence_bf16.h"

#include <tuple>

#include "variants.h"

namespace lstm::microbench {
namespace {

using kernels::bf16::Bf16;
using kernels::bf16::ConstRows;
using kernels::bf16::Kernels;

constexpr int kSamples = 64, kUnits = 320, kInputs = 123, kPaddedInputs = 128;
constexpr int kGates = 4 * kUnits, kGradientRows = kPaddedInputs + kUnits;
constexpr int kTile = kernels::bf16::kTileElements;

// The engine's memory starts at cache lines: a row of a tile that crosses two takes two loads.
template <class T>
struct OnCacheLines {
  using value_type = T;
  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{64}));
  }
  void deallocate(T* p, std::size_t) { ::operator delete (p, std::align_val_t{64}); }
  bool operator==(const OnCacheLines&) const { return true; }
};
using Words = std::vector<Bf16, OnCacheLines<Bf16>>;
using Floats = std::vector<float, OnCacheLines<float>>;

// Operands in the layouts of sequence_bf16.h, of P parts; 320 is a multiple of 32.
struct Operands {
  Operands(const Kernels& kernels, int parts)
      : P(parts),
        rows(512 / parts),
        x(operand(kernels, rows, kInputs, kPaddedInputs)),
        h(operand(kernels, rows, kUnits, kUnits)),
        dgates(operand(kernels, rows, kGates, kGates)),
        saved(words(rows * kGates)),
        c(words(rows * kUnits)),
        W(words(kPaddedInputs * kGates)),
        R(words(kUnits * kGates)),
        R_back(words(kUnits * kGates)),
        left(words(kGradientRows * rows)),
        right(words(kGates * rows)) {
    kernels.pack_weights(weights(W_matrix, kInputs, kUnits / 16, kPaddedInputs / 32, W));
    kernels.pack_weights(weights(R_matrix, kUnits, kUnits / 16, kUnits / 32, R));
    kernels.pack_weights_back(weights(R_matrix, kUnits, kUnits / 32, kGates / 32, R_back));
    for (int row = 0; row < rows; ++row) {
      for (const auto& [rows_of, operand, columns] :
           {std::tuple(&x_rows, &x, kPaddedInputs), {&h_rows, &h, kUnits}, {&dgates_rows, &dgates, kGates}}) {
        const kernels::bf16::ConstRows tiles = in_tiles(*operand, columns);
        rows_of->push_back({tiles.at(row), tiles.step});
      }
    }
  }

  std::size_t words(int count) const { return static_cast<std::size_t>(P) * static_cast<std::size_t>(count); }
  // (rows / 16, columns / 32, P, 16, 32), as the engine has its operands here.
  kernels::bf16::Rows in_tiles(Words& operand, int columns) const {
    return {operand.data(), 32, words(16 * columns), words(kTile)};
  }
  ConstRows in_tiles(const Words& operand, int columns) const {
    return {operand.data(), 32, words(16 * columns), words(kTile)};
  }
  static Floats floats(std::size_t count) {
    const std::vector<float> values = random_floats(count);
    return {values.begin(), values.end()};
  }
  Words operand(const Kernels& kernels, int count, int columns, int padded) const {
    const std::vector<float> values = random_floats(static_cast<std::size_t>(count * columns), 0.5f);
    Words result(words(count * padded));
    for (int row = 0; row < count; ++row) {
      kernels.round_row(&values[static_cast<std::size_t>(row * columns)], columns,
                        in_tiles(result, padded).at(row), words(kTile), padded);
    }
    return result;
  }
  static kernels::bf16::PackWeights weights(const std::vector<float>& matrix, int columns, int last,
                                            int k_tiles, Words& packed) {
    return {.units = kUnits,
            .matrix = matrix.data(),
            .matrix_row = static_cast<std::size_t>(columns),
            .columns = columns,
            .first = 0,
            .last = last,
            .k_tiles = k_tiles,
            .first_k_tile = 0,
            .packed = packed.data()};
  }
  // a (so many rows of K) times panels, into sums.
  kernels::bf16::Product product(int count, const Words& a, int K, const Words& b, int columns) {
    return {.rows = count,
            .k_tiles = K / 32,
            .a = in_tiles(a, K),
            .b = b.data(),
            .panels = columns / 32,
            .c = sums.data(),
            .c_row = 64,
            .c_pair = static_cast<std::size_t>(64 * count),
            .accumulates = false,
            .is_weight_gradient = false};
  }

  int P, rows;
  std::vector<float> W_matrix = random_floats(kGates * kInputs, 0.05f);
  std::vector<float> R_matrix = random_floats(kGates * kUnits, 0.05f);
  Floats bias = floats(kGates), sums = floats(512 * kGates);
  Floats state = floats(kSamples * kUnits), dc = floats(kSamples * kUnits);
  Floats dy = floats(kSamples * kUnits), d_bias = floats(kGates);
  Words x, h, dgates, saved, c, W, R, R_back, left, right;
  std::vector<kernels::bf16::ConstRow> x_rows, h_rows, dgates_rows;
};

// Registers sequence_bf16/`operation` and sequence_bf16x3/`operation`, where run(kernels, operands) does
// `flops` floating-point operations, or flops(operands) of them.
template <class Flops, class Run>
void add(const char* operation, Flops flops, Run run) {
  for (const int parts : {1, 2}) {
    const std::string problem = std::string(parts == 1 ? "sequence_bf16/" : "sequence_bf16x3/") + operation;
    register_variants(kernels::bf16::variants(parts), problem,
                      [parts, flops, run](benchmark::State& state, const Kernels& kernels) {
                        Operands operands(kernels, parts);
                        for (auto _ : state) {
                          run(kernels, operands);
                          benchmark::ClobberMemory();
                        }
                        set_rate(state, "flop/s", flops(operands));
                      });
  }
}

void pack_left(const Kernels& kernels, Operands& o) {
  kernels.pack_left({o.rows, o.x_rows.data(), kPaddedInputs, o.left.data()});
  kernels.pack_left({o.rows, o.h_rows.data(), kUnits, o.left.data() + o.words(kPaddedInputs * o.rows)});
}

void forward_step(const Kernels& kernels, Operands& o, bool adds_inputs) {
  kernels.forward_step({.rows = kSamples,
                        .unit_blocks = kUnits / 16,
                        .own_units = kUnits,
                        .x = adds_inputs ? o.in_tiles(o.x, kPaddedInputs) : ConstRows{},
                        .input_weights = o.W.data(),
                        .input_k_tiles = kPaddedInputs / 32,
                        .h_previous = o.in_tiles(o.h, kUnits),
                        .weights = o.R.data(),
                        .k_tiles = kUnits / 32,
                        .sums = o.sums.data(),
                        .sums_block = 64 * kSamples,
                        .bias = o.bias.data(),
                        .gates = o.in_tiles(o.saved, kGates),
                        .gates_pass_caches = false,
                        .c = o.state.data(),
                        .c_row = kUnits,
                        .saved_c = o.in_tiles(o.c, kUnits),
                        .h = o.in_tiles(o.h, kUnits).from(kSamples)});
}

void backward_step(const Kernels& kernels, Operands& o) {
  kernels.backward_step({.rows = kSamples,
                         .panels = kUnits / 32,
                         .own_units = kUnits,
                         .k_tiles = kGates / 32,
                         .dgates_next = o.in_tiles(o.dgates, kGates),
                         .weights = o.R_back.data(),
                         .dy = o.dy.data(),
                         .dy_row = kUnits,
                         .gates = o.in_tiles(o.saved, kGates),
                         .c = o.in_tiles(o.c, kUnits),
                         .c_previous = o.in_tiles(o.c, kUnits).from(kSamples),
                         .dc = o.dc.data(),
                         .dc_row = kUnits});
}

void weight_gradient(const Kernels& kernels, Operands& o) {
  const int k_tiles = o.rows / 32;
  kernels.multiply({.rows = kGradientRows,
                    .k_tiles = k_tiles,
                    .a = {o.left.data(), 32, o.words(k_tiles * kTile), o.words(kTile)},
                    .b = o.right.data(),
                    .panels = kGates / 32,
                    .c = o.sums.data(),
                    .c_row = 64,
                    .c_pair = std::size_t{64} * kGradientRows,
                    .accumulates = true,
                    .is_weight_gradient = true});
}

const bool kRegistered = [] {
  const auto none = [](const Operands&) { return 0.0; };
  const auto step = [](const Operands&) { return 2.0 * kSamples * kGates * kUnits; };
  const auto of_rows = [](int columns) {
    return [columns](const Operands& o) { return 2.0 * o.rows * kGates * columns; };
  };
  add("project", of_rows(kInputs), [](const Kernels& kernels, Operands& o) {
    kernels.multiply(o.product(o.rows, o.x, kPaddedInputs, o.W, kGates));
  });
  add("forward_step", step, [](const Kernels& kernels, Operands& o) { forward_step(kernels, o, false); });
  const auto step_with_inputs = [](const Operands&) { return 2.0 * kSamples * kGates * (kInputs + kUnits); };
  add("forward_step_with_inputs", step_with_inputs, [](const Kernels& kernels, Operands& o) {
    if (kernels.adds_inputs_in_steps) return forward_step(kernels, o, true);
    kernels.multiply(o.product(kSamples, o.x, kPaddedInputs, o.W, kGates));
    forward_step(kernels, o, false);
  });
  add("backward_step", step, backward_step);
  add("pack_left", none, pack_left);
  // As many panels at once as the engine has.
  add("pack_right", none, [](const Kernels& kernels, Operands& o) {
    constexpr int kPanels = 8;
    for (int panel = 0; panel < kGates / 32; panel += kPanels) {
      kernels.pack_right({.rows = o.rows,
                          .from = o.dgates_rows.data(),
                          .first_panel = panel,
                          .panels = kPanels,
                          .packed = o.right.data(),
                          .sums = &o.d_bias[static_cast<std::size_t>(32 * panel)],
                          .accumulates = false});
    }
  });
  add("weight_gradient", of_rows(kInputs + kUnits), weight_gradient);
  add("input_gradient", of_rows(kUnits), [](const Kernels& kernels, Operands& o) {
    kernels.multiply(o.product(o.rows, o.dgates, kGates, o.R_back, kUnits));
  });
  return true;
}();

}  // namespace
}  // namespace lstm::microbench

// The operations of the sequence engine in bf16 and bf16x3 on the sizes of 1x320/CE-short: 64 samples, 320
// units, 123 inputs, 512 rows of a weight gradient (256 in two parts). Rates count products of the network:
// in bf16x3 each takes three.
#include "kernels/sequence_bf16/sequence_bf16.h"

#include "variants.h"

namespace lstm::microbench {
namespace {

using kernels::bf16::Bf16;
using kernels::bf16::Kernels;

constexpr int kSamples = 64, kUnits = 320, kInputs = 123, kPaddedInputs = 128;
constexpr int kGates = 4 * kUnits, kGradientRows = kPaddedInputs + kUnits;

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
    for (int row = 0; row < rows; ++row) x_rows.push_back(&x[words(row * kPaddedInputs)]);
    for (int row = 0; row < rows; ++row) h_rows.push_back(&h[words(row * kUnits)]);
  }

  std::size_t words(int count) const { return static_cast<std::size_t>(P) * static_cast<std::size_t>(count); }
  static Floats floats(std::size_t count) {
    const std::vector<float> values = random_floats(count);
    return {values.begin(), values.end()};
  }
  Words operand(const Kernels& kernels, int count, int columns, int padded) const {
    const std::vector<float> values = random_floats(static_cast<std::size_t>(count * columns), 0.5f);
    Words result(words(count * padded));
    for (int row = 0; row < count; ++row) {
      kernels.round_row(&values[static_cast<std::size_t>(row * columns)], columns,
                        &result[words(row * padded)], padded);
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
            .a = a.data(),
            .a_row = words(K),
            .a_tile = words(16 * K),
            .a_step = words(32),
            .b = b.data(),
            .panels = columns / 32,
            .c = sums.data(),
            .c_row = 64,
            .c_pair = static_cast<std::size_t>(64 * count),
            .accumulates = false,
            .is_weight_gradient = false};
  }
  // The same with `a` in tiles one behind the other, as a weight gradient has its left operand.
  kernels::bf16::Product product_of_tiles(int count, const Words& a, int K, const Words& b, int columns) {
    kernels::bf16::Product product = this->product(count, a, K, b, columns);
    product.a_row = 32;
    product.a_tile = words(16 * K);
    product.a_step = words(512);
    return product;
  }

  int P, rows;
  std::vector<float> W_matrix = random_floats(kGates * kInputs, 0.05f);
  std::vector<float> R_matrix = random_floats(kGates * kUnits, 0.05f);
  Floats bias = floats(kGates), sums = floats(512 * kGates);
  Floats state = floats(kSamples * kUnits), dc = floats(kSamples * kUnits);
  Floats dy = floats(kSamples * kUnits), d_bias = floats(kGates);
  Words x, h, dgates, saved, c, W, R, R_back, left, right;
  std::vector<const Bf16*> x_rows, h_rows;
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
                        .x = adds_inputs ? o.x.data() : nullptr,
                        .x_row = o.words(kPaddedInputs),
                        .input_weights = o.W.data(),
                        .input_k_tiles = kPaddedInputs / 32,
                        .h_previous = o.h.data(),
                        .h_previous_row = o.words(kUnits),
                        .weights = o.R.data(),
                        .k_tiles = kUnits / 32,
                        .sums = o.sums.data(),
                        .sums_block = 64 * kSamples,
                        .bias = o.bias.data(),
                        .gates = o.saved.data(),
                        .gates_row = o.words(kGates),
                        .c = o.state.data(),
                        .c_row = kUnits,
                        .saved_c = o.c.data(),
                        .saved_c_row = o.words(kUnits),
                        .h = &o.h[o.words(kSamples * kUnits)],
                        .h_row = o.words(kUnits)});
}

void backward_step(const Kernels& kernels, Operands& o) {
  kernels.backward_step({.rows = kSamples,
                         .panels = kUnits / 32,
                         .own_units = kUnits,
                         .k_tiles = kGates / 32,
                         .dgates_next = o.dgates.data(),
                         .dgates_next_row = o.words(kGates),
                         .weights = o.R_back.data(),
                         .dy = o.dy.data(),
                         .dy_row = kUnits,
                         .gates = o.saved.data(),
                         .gates_row = o.words(kGates),
                         .c = o.c.data(),
                         .c_previous = &o.c[o.words(kSamples * kUnits)],
                         .c_row = o.words(kUnits),
                         .dc = o.dc.data(),
                         .dc_row = kUnits});
}

void weight_gradient(const Kernels& kernels, Operands& o) {
  const int k_tiles = o.rows / 32;
  kernels.multiply({.rows = kGradientRows,
                    .k_tiles = k_tiles,
                    .a = o.left.data(),
                    .a_row = 32,
                    .a_tile = o.words(k_tiles * 512),
                    .a_step = o.words(512),
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
  add("project_of_tiles", of_rows(kInputs), [](const Kernels& kernels, Operands& o) {
    kernels.multiply(o.product_of_tiles(o.rows, o.x, kPaddedInputs, o.W, kGates));
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
  add("pack_right", none, [](const Kernels& kernels, Operands& o) {
    kernels.pack_right(
        {o.rows, o.dgates.data(), o.words(kGates), kGates / 32, o.right.data(), o.d_bias.data(), false});
  });
  add("weight_gradient", of_rows(kInputs + kUnits), weight_gradient);
  add("input_gradient", of_rows(kUnits), [](const Kernels& kernels, Operands& o) {
    kernels.multiply(o.product(o.rows, o.dgates, kGates, o.R_back, kUnits));
  });
  add("input_gradient_of_tiles", of_rows(kUnits), [](const Kernels& kernels, Operands& o) {
    kernels.multiply(o.product_of_tiles(o.rows, o.dgates, kGates, o.R_back, kUnits));
  });
  return true;
}();

}  // namespace
}  // namespace lstm::microbench

// A small reverse-mode tape: operations on matrices are recorded as they run and differentiated in reverse
// order.
//
// It is made for loops over time steps. Storage is planned at construction and reused: what only the step
// itself needs (temporary) is handed out anew in every step, what backward reads again is kept. end_step()
// separates the steps. Nothing is allocated while recording or differentiating.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "cpu/memory.h"
#include "cpu/thread_team.h"
#include "kernels/gemm/gemm.h"
#include "kernels/pointwise/pointwise.h"

namespace lstm::engines {

// A view of a matrix and of its gradient, which have the same shape.
struct Tensor {
  float* value = nullptr;
  float* gradient = nullptr;  // null: none is wanted
  int rows = 0;
  int columns = 0;
  int stride = 0;  // elements from one row to the next
  // Weights of products only, else null: the values as kernels/gemm packs them, as transpose (columns, rows)
  // while recording and as (rows, columns) in differentiate(). Products read these where they are given.
  const float* packed = nullptr;

  // Slices are views: they record nothing, and their gradients are parts of the whole's gradient.
  Tensor column_range(int first, int count) const;
  Tensor first_rows(int count) const;
  Tensor row_range(int first, int count) const;
};

// How many elements (and operations) a tape has room for.
struct TapeCapacity {
  std::size_t operations = 0;
  std::size_t temporary_in_step = 0;
  std::size_t kept_in_step = 0;
  std::size_t kept_in_all = 0;
  std::size_t carried_in_all = 0;
};

class Tape {
 public:
  Tape(const TapeCapacity& capacity, Isa isa, cpu::ThreadTeam& team, kernels::Gemm& gemm);

  // Forgets all operations and tensors.
  void clear();

  // Where results live. Their values are undefined until an operation writes them.
  Tensor temporary(int rows, int columns);  // value and gradient end with the step
  Tensor kept(int rows, int columns);       // the value stays for backward, the gradient ends with the step
  Tensor carried(int rows, int columns);    // value and gradient stay: other steps read it

  // Each runs at once, writes `out` and returns it.
  Tensor matrix_product(Tensor a, Tensor weights, Tensor out);  // a (m, k) * weights (n, k)^T
  Tensor add(Tensor a, Tensor b, Tensor out);          // b may have fewer rows: the others count as 0
  Tensor add_bias(Tensor a, Tensor bias, Tensor out);  // bias (1, n) is added to each row
  Tensor multiply(Tensor a, Tensor b, Tensor out);
  Tensor sigmoid(Tensor a, Tensor out);
  Tensor tanh(Tensor a, Tensor out);

  // In differentiate(), adds (rows, columns) dense `gradients` to those of a, for all that comes before.
  void add_gradient(Tensor a, const float* gradients);

  void end_step();

  // Adds to the gradients of everything recorded, from those of the results that are already there.
  void differentiate();

  // Of the storage that was planned.
  std::size_t bytes() const { return arena_.bytes() + operations_.capacity() * sizeof(Operation); }

 private:
  enum class Kind { matrix_product, add, add_bias, multiply, sigmoid, tanh, add_gradient, end_step };
  struct Operation {
    Kind kind;
    Tensor a, b, out;
    std::size_t step_gradients = 0;    // end_step: elements that the step's gradients take
    const float* gradients = nullptr;  // add_gradient
  };
  struct Region {
    std::span<float> elements;
    std::size_t used = 0;
    float* take(std::size_t count);
  };

  void plan(const TapeCapacity& capacity);
  void record(const Operation& operation);
  void differentiate(const Operation& operation);
  void differentiate_matrix_product(const Operation& operation);
  void accumulate(const Tensor& from, const Tensor& to);  // gradients
  void clear_gradients(std::span<float> gradients);
  template <class Function>
  void for_each_row(const Tensor& shape, const Function& function);

  kernels::PointwiseFunctions pointwise_;
  cpu::ThreadTeam* team_;
  kernels::Gemm* gemm_;
  cpu::Arena arena_;
  Region temporary_values_, step_gradients_, kept_values_, carried_gradients_;
  std::vector<Operation> operations_;
};

}  // namespace lstm::engines

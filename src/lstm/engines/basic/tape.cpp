#include "engines/basic/tape.h"

#include <algorithm>
#include <stdexcept>

#include "engines/training/column_sums.h"
#include "engines/training/parallel.h"

namespace lstm::engines {
namespace {

std::size_t size(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}
std::ptrdiff_t at(int row, const Tensor& tensor) {
  return static_cast<std::ptrdiff_t>(row) * tensor.stride;
}

}  // namespace

Tensor Tensor::column_range(int first, int count) const {
  return {value + first, gradient == nullptr ? nullptr : gradient + first, rows, count, stride};
}

Tensor Tensor::first_rows(int count) const {
  return {value, gradient, count, columns, stride};
}

Tensor Tensor::row_range(int first, int count) const {
  const auto offset = static_cast<std::ptrdiff_t>(first) * stride;
  return {value + offset, gradient == nullptr ? nullptr : gradient + offset, count, columns, stride};
}

Tape::Tape(const TapeCapacity& capacity, Isa isa, cpu::ThreadTeam& team, kernels::Gemm& gemm)
    : pointwise_(kernels::select(kernels::pointwise_variants(), isa).function), team_(&team), gemm_(&gemm) {
  plan(capacity);
  arena_.allocate();
  plan(capacity);
  operations_.reserve(capacity.operations);
}

void Tape::plan(const TapeCapacity& capacity) {
  temporary_values_.elements = arena_.take<float>(capacity.temporary_in_step);
  step_gradients_.elements = arena_.take<float>(capacity.temporary_in_step + capacity.kept_in_step);
  kept_values_.elements = arena_.take<float>(capacity.kept_in_all + capacity.carried_in_all);
  carried_gradients_.elements = arena_.take<float>(capacity.carried_in_all);
}

float* Tape::Region::take(std::size_t count) {
  if (used + count > elements.size()) throw std::logic_error("tape: more was recorded than planned");
  used += count;
  return elements.data() + used - count;
}

void Tape::clear() {
  operations_.clear();
  for (Region* region : {&temporary_values_, &step_gradients_, &kept_values_, &carried_gradients_}) {
    region->used = 0;
  }
}

Tensor Tape::temporary(int rows, int columns) {
  const std::size_t count = size(rows, columns);
  return {temporary_values_.take(count), step_gradients_.take(count), rows, columns, columns};
}

Tensor Tape::kept(int rows, int columns) {
  const std::size_t count = size(rows, columns);
  return {kept_values_.take(count), step_gradients_.take(count), rows, columns, columns};
}

Tensor Tape::carried(int rows, int columns) {
  const std::size_t count = size(rows, columns);
  return {kept_values_.take(count), carried_gradients_.take(count), rows, columns, columns};
}

void Tape::record(const Operation& operation) {
  if (operations_.size() == operations_.capacity()) {
    throw std::logic_error("tape: more operations were recorded than planned");
  }
  operations_.push_back(operation);
}

template <class Function>
void Tape::for_each_row(const Tensor& shape, const Function& function) {
  const auto columns = static_cast<std::size_t>(shape.columns);
  for_each_part(*team_, shape.rows, kSmallestPointwisePart / shape.columns + 1,
                [&](std::int64_t first, std::int64_t last) {
                  for (auto row = static_cast<int>(first); row < last; ++row) function(row, columns);
                });
}

Tensor Tape::matrix_product(Tensor a, Tensor weights, Tensor out) {
  record({Kind::matrix_product, a, weights, out});
  (*gemm_)({.transpose_b = true,
            .m = a.rows,
            .n = weights.rows,
            .k = a.columns,
            .a = a.value,
            .lda = a.stride,
            .b = weights.value,
            .ldb = weights.stride,
            .packed_b = weights.packed,
            .c = out.value,
            .ldc = out.stride});
  return out;
}

Tensor Tape::add(Tensor a, Tensor b, Tensor out) {
  record({Kind::add, a, b, out});
  for_each_row(out, [&](int row, std::size_t n) {
    const float* from = a.value + at(row, a);
    float* to = out.value + at(row, out);
    if (row < b.rows) {
      pointwise_.add(n, from, b.value + at(row, b), to);
    } else {
      std::copy_n(from, n, to);
    }
  });
  return out;
}

Tensor Tape::add_bias(Tensor a, Tensor bias, Tensor out) {
  record({Kind::add_bias, a, bias, out});
  for_each_row(out, [&](int row, std::size_t n) {
    pointwise_.add(n, a.value + at(row, a), bias.value, out.value + at(row, out));
  });
  return out;
}

Tensor Tape::multiply(Tensor a, Tensor b, Tensor out) {
  record({Kind::multiply, a, b, out});
  for_each_row(out, [&](int row, std::size_t n) {
    pointwise_.multiply(n, a.value + at(row, a), b.value + at(row, b), out.value + at(row, out));
  });
  return out;
}

Tensor Tape::sigmoid(Tensor a, Tensor out) {
  record({Kind::sigmoid, a, {}, out});
  for_each_row(out, [&](int row, std::size_t n) {
    pointwise_.sigmoid(n, a.value + at(row, a), out.value + at(row, out));
  });
  return out;
}

Tensor Tape::tanh(Tensor a, Tensor out) {
  record({Kind::tanh, a, {}, out});
  for_each_row(out, [&](int row, std::size_t n) {
    pointwise_.tanh(n, a.value + at(row, a), out.value + at(row, out));
  });
  return out;
}

void Tape::add_gradient(Tensor a, const float* gradients) {
  record({Kind::add_gradient, a, {}, {}, 0, gradients});
}

void Tape::end_step() {
  record({Kind::end_step, {}, {}, {}, step_gradients_.used});
  temporary_values_.used = 0;
  step_gradients_.used = 0;
}

void Tape::differentiate() {
  clear_gradients(carried_gradients_.elements.first(carried_gradients_.used));
  for (auto operation = operations_.rbegin(); operation != operations_.rend(); ++operation) {
    differentiate(*operation);
  }
}

void Tape::clear_gradients(std::span<float> gradients) {
  for_each_part(*team_, static_cast<std::int64_t>(gradients.size()), kSmallestPointwisePart,
                [&](std::int64_t first, std::int64_t last) {
                  std::fill(gradients.begin() + first, gradients.begin() + last, 0.0f);
                });
}

// With d for the gradient of the loss by:
//   out = a w^T   da += dout w, dw += dout^T a      out = a + b   da += dout, db += dout
//   out = a * b   da += dout b, db += dout a        out = f(a)    da += dout f'(a)
void Tape::differentiate(const Operation& operation) {
  const auto& [kind, a, b, out, step_gradients, gradients] = operation;
  switch (kind) {
    case Kind::matrix_product:
      return differentiate_matrix_product(operation);
    case Kind::add:
      accumulate(out, a);
      return accumulate(out.first_rows(b.rows), b);
    case Kind::add_bias:
      accumulate(out, a);
      return add_column_sums(*team_, out.rows, out.columns, out.gradient, b.gradient);
    case Kind::multiply:
      return for_each_row(out, [&, &a = a, &b = b, &out = out](int row, std::size_t n) {
        const float* d_out = out.gradient + at(row, out);
        pointwise_.add_product(n, d_out, b.value + at(row, b), a.gradient + at(row, a));
        pointwise_.add_product(n, d_out, a.value + at(row, a), b.gradient + at(row, b));
      });
    case Kind::sigmoid:
      return for_each_row(out, [&, &a = a, &out = out](int row, std::size_t n) {
        pointwise_.add_sigmoid_gradient(n, out.value + at(row, out), out.gradient + at(row, out),
                                        a.gradient + at(row, a));
      });
    case Kind::tanh:
      return for_each_row(out, [&, &a = a, &out = out](int row, std::size_t n) {
        pointwise_.add_tanh_gradient(n, out.value + at(row, out), out.gradient + at(row, out),
                                     a.gradient + at(row, a));
      });
    case Kind::add_gradient:
      return for_each_row(a, [&, &a = a, &gradients = gradients](int row, std::size_t n) {
        float* sum = a.gradient + at(row, a);
        pointwise_.add(n, sum, gradients + static_cast<std::size_t>(row) * n, sum);
      });
    case Kind::end_step:  // reached first: the gradients of the step that comes now start at zero
      return clear_gradients(step_gradients_.elements.first(step_gradients));
  }
}

void Tape::accumulate(const Tensor& from, const Tensor& to) {
  for_each_row(from, [&](int row, std::size_t n) {
    float* sum = to.gradient + at(row, to);
    pointwise_.add(n, sum, from.gradient + at(row, from), sum);
  });
}

void Tape::differentiate_matrix_product(const Operation& operation) {
  const auto& [kind, a, weights, out, no_step, no_gradients] = operation;
  (*gemm_)({.transpose_a = true,
            .m = weights.rows,
            .n = weights.columns,
            .k = a.rows,
            .a = out.gradient,
            .lda = out.stride,
            .b = a.value,
            .ldb = a.stride,
            .c = weights.gradient,
            .ldc = weights.stride,
            .beta = 1.0f});
  if (a.gradient == nullptr) return;
  (*gemm_)({.m = a.rows,
            .n = a.columns,
            .k = weights.rows,
            .a = out.gradient,
            .lda = out.stride,
            .b = weights.value,
            .ldb = weights.stride,
            .packed_b = weights.packed,
            .c = a.gradient,
            .ldc = a.stride,
            .beta = 1.0f});
}

}  // namespace lstm::engines

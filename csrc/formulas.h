// formulas.h: kernels of whole formulas, and the table of them for one
// instruction set: activation functions with their ways back, and steps of
// recurrent networks.
#pragma once

#include <cstdint>

namespace tatami {

enum class Formula { gelu, silu, count };

/// One step of an LSTM over N rows of H units. Gates, and how they open, lie
/// side by side: input, forget, update and output.
template <class T>
struct LstmCell {
  long N, H;
  const T *gates, *cell;
  T *hidden, *new_cell;
  T *opened, *bent;  // kept for the way back; bent is tanh(new_cell)
};

/// The way back; null gradients are zero.
template <class T>
struct LstmCellGrad {
  long N, H;
  const T *grad_hidden, *grad_new_cell, *opened, *bent, *cell;
  T *grad_gates, *grad_cell;
};

template <class T>
struct Formulas {
  void (*value[int(Formula::count)])(const T* x, T* out, long count);
  void (*slope[int(Formula::count)])(const T* grad, const T* x, T* out,
                                     long count);
  /// Over rows [begin, end).
  void (*lstm_cell)(const LstmCell<T>& step, long begin, long end);
  void (*lstm_cell_grad)(const LstmCellGrad<T>& step, long begin, long end);
};

struct FormulaTable {
  Formulas<float> float32;
  Formulas<double> float64;

  template <class T>
  const Formulas<T>& of() const {
    if constexpr (sizeof(T) == 4)
      return float32;
    else
      return float64;
  }
};

/// The table for the instruction set of kernels().
const FormulaTable& formulas();

}  // namespace tatami

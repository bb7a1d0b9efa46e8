// formulas.cpp: activation functions with their ways back, and steps of an
// LSTM.
#include "../formulas.h"

#include "../vector_math.h"

namespace tatami::TATAMI_ISA {

void fill_formulas(FormulaTable& table);

namespace {

template <class V>
V logistic(V x) {
  return 1 / (1 + exponential(-x));
}

struct Gelu {
  /// The normal distribution's share below x.
  template <class T, class V>
  static V share(V x) {
    return (error_function(x * T(0.70710678118654752440)) + 1) * T(0.5);
  }
  template <class T, class V>
  static V value(V x) {
    return x * share<T>(x);
  }
  template <class T, class V>
  static V slope(V x) {
    V density = exponential(x * x * T(-0.5)) * T(0.39894228040143267794);
    return share<T>(x) + x * density;
  }
};

struct Silu {
  template <class T, class V>
  static V value(V x) {
    return x * logistic(x);
  }
  template <class T, class V>
  static V slope(V x) {
    V share = logistic(x);
    return share * (x * (1 - share) + 1);
  }
};

template <class Function, class T>
void value(const T* x, T* out, long count) {
  for_each_vector<T>(count, [&](long i, long lanes) {
    store(out + i, Function::template value<T>(load(x + i, lanes)), lanes);
  });
}

template <class Function, class T>
void slope(const T* grad, const T* x, T* out, long count) {
  for_each_vector<T>(count, [&](long i, long lanes) {
    Vector<T> found = Function::template slope<T>(load(x + i, lanes));
    store(out + i, load(grad + i, lanes) * found, lanes);
  });
}

template <class T>
void lstm_cell(const LstmCell<T>& s, long begin, long end) {
  const long H = s.H;
  for (long n = begin; n < end; ++n) {
    const T* gates = s.gates + n * 4 * H;
    T* opened = s.opened + n * 4 * H;
    for_each_vector<T>(H, [&](long i, long lanes) {
      Vector<T> enter = logistic(load(gates + i, lanes));
      Vector<T> forget = logistic(load(gates + H + i, lanes));
      Vector<T> update = hyperbolic_tangent(load(gates + 2 * H + i, lanes));
      Vector<T> leave = logistic(load(gates + 3 * H + i, lanes));
      Vector<T> cell = forget * load(s.cell + n * H + i, lanes);
      cell = cell + enter * update;
      Vector<T> bent = hyperbolic_tangent(cell);
      store(opened + i, enter, lanes);
      store(opened + H + i, forget, lanes);
      store(opened + 2 * H + i, update, lanes);
      store(opened + 3 * H + i, leave, lanes);
      store(s.new_cell + n * H + i, cell, lanes);
      store(s.bent + n * H + i, bent, lanes);
      store(s.hidden + n * H + i, leave * bent, lanes);
    });
  }
}

template <class T>
Vector<T> load_or_zero(const T* x, long i, long lanes) {
  return x ? load(x + i, lanes) : Vector<T>{};
}

template <class T>
void lstm_cell_grad(const LstmCellGrad<T>& s, long begin, long end) {
  const long H = s.H;
  for (long n = begin; n < end; ++n) {
    const T* opened = s.opened + n * 4 * H;
    T* out = s.grad_gates + n * 4 * H;
    for_each_vector<T>(H, [&](long i, long lanes) {
      const long place = n * H + i;
      Vector<T> enter = load(opened + i, lanes);
      Vector<T> forget = load(opened + H + i, lanes);
      Vector<T> update = load(opened + 2 * H + i, lanes);
      Vector<T> leave = load(opened + 3 * H + i, lanes);
      Vector<T> bent = load(s.bent + place, lanes);
      Vector<T> hidden = load_or_zero(s.grad_hidden, place, lanes);
      Vector<T> cell = load_or_zero(s.grad_new_cell, place, lanes);
      cell = cell + hidden * leave * (1 - bent * bent);
      Vector<T> old = load(s.cell + place, lanes);
      store(out + i, cell * update * enter * (1 - enter), lanes);
      store(out + H + i, cell * old * forget * (1 - forget), lanes);
      store(out + 2 * H + i, cell * enter * (1 - update * update), lanes);
      store(out + 3 * H + i, hidden * bent * leave * (1 - leave), lanes);
      store(s.grad_cell + place, cell * forget, lanes);
    });
  }
}

template <class T>
void fill(Formulas<T>& table) {
  table.value[int(Formula::gelu)] = value<Gelu, T>;
  table.value[int(Formula::silu)] = value<Silu, T>;
  table.slope[int(Formula::gelu)] = slope<Gelu, T>;
  table.slope[int(Formula::silu)] = slope<Silu, T>;
  table.lstm_cell = lstm_cell<T>;
  table.lstm_cell_grad = lstm_cell_grad<T>;
}

}  // namespace

void fill_formulas(FormulaTable& table) {
  fill(table.float32);
  fill(table.float64);
}

}  // namespace tatami::TATAMI_ISA

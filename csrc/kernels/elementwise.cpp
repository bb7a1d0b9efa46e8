// elementwise.cpp: kernels that treat every element alike.
#include "../vector_math.h"
#include "fill.h"

namespace tatami::TATAMI_ISA {
namespace {

// Binary: one struct for each operation, on vectors.

struct Add {
  template <class V>
  static V apply(V a, V b) {
    return a + b;
  }
};
struct Sub {
  template <class V>
  static V apply(V a, V b) {
    return a - b;
  }
};
struct Mul {
  template <class V>
  static V apply(V a, V b) {
    return a * b;
  }
};
struct Div {
  template <class V>
  static V apply(V a, V b) {
    return a / b;
  }
};
struct Maximum {
  template <class V>
  static V apply(V a, V b) {
    return select((a >= b) | (a != a), a, b);
  }
};
struct Minimum {
  template <class V>
  static V apply(V a, V b) {
    return select((a <= b) | (a != a), a, b);
  }
};

template <class Operation, class T>
void binary(const T* a, long a_step, const T* b, long b_step, T* out,
            long count) {
  if (a_step && b_step) {
    for_each_vector<T>(count, [&](long i, long lanes) {
      store(out + i, Operation::apply(load(a + i, lanes), load(b + i, lanes)),
            lanes);
    });
  } else if (a_step) {
    const Vector<T> fixed = splat(*b);
    for_each_vector<T>(count, [&](long i, long lanes) {
      store(out + i, Operation::apply(load(a + i, lanes), fixed), lanes);
    });
  } else {
    const Vector<T> fixed = splat(*a);
    for_each_vector<T>(count, [&](long i, long lanes) {
      auto other = b_step ? load(b + i, lanes) : splat(*b);
      store(out + i, Operation::apply(fixed, other), lanes);
    });
  }
}

// Unary. Tried: four vectors a turn are no faster, the memory is the limit.

struct Neg {
  template <class V>
  static V apply(V x) {
    return -x;
  }
};
struct Abs {
  template <class V>
  static V apply(V x) {
    return select(x < 0, -x, x + 0);
  }
};
struct Square {
  template <class V>
  static V apply(V x) {
    return x * x;
  }
};
struct Sqrt {
  template <class V>
  static V apply(V x) {
    return square_root(x);
  }
};
struct Rsqrt {
  template <class V>
  static V apply(V x) {
    return 1 / square_root(x);
  }
};
struct Reciprocal {
  template <class V>
  static V apply(V x) {
    return 1 / x;
  }
};
struct Relu {
  template <class V>
  static V apply(V x) {
    return select(x <= 0, V{}, x);
  }
};
struct Exp {
  template <class V>
  static V apply(V x) {
    return exponential(x);
  }
};
struct Log {
  template <class V>
  static V apply(V x) {
    return logarithm(x);
  }
};
struct Tanh {
  template <class V>
  static V apply(V x) {
    return hyperbolic_tangent(x);
  }
};
struct Sigmoid {
  template <class V>
  static V apply(V x) {
    return 1 / (1 + exponential(-x));
  }
};
struct Erf {
  template <class V>
  static V apply(V x) {
    return error_function(x);
  }
};

template <class Operation, class T>
void unary(const T* x, T* out, long count) {
  for_each_vector<T>(count, [&](long i, long lanes) {
    store(out + i, Operation::apply(load(x + i, lanes)), lanes);
  });
}

template <class T>
void threshold_backward(const T* grad, const T* x, T threshold, T* out,
                        long count) {
  const Vector<T> limit = splat(threshold);
  for_each_vector<T>(count, [&](long i, long lanes) {
    auto closed = load(x + i, lanes) <= limit;
    store(out + i, select(closed, Vector<T>{}, load(grad + i, lanes)), lanes);
  });
}

template <class T>
void fill(Kernels<T>& table) {
  table.binary[int(Binary::add)] = binary<Add, T>;
  table.binary[int(Binary::sub)] = binary<Sub, T>;
  table.binary[int(Binary::mul)] = binary<Mul, T>;
  table.binary[int(Binary::div)] = binary<Div, T>;
  table.binary[int(Binary::maximum)] = binary<Maximum, T>;
  table.binary[int(Binary::minimum)] = binary<Minimum, T>;
  table.unary[int(Unary::neg)] = unary<Neg, T>;
  table.unary[int(Unary::abs)] = unary<Abs, T>;
  table.unary[int(Unary::square)] = unary<Square, T>;
  table.unary[int(Unary::sqrt)] = unary<Sqrt, T>;
  table.unary[int(Unary::rsqrt)] = unary<Rsqrt, T>;
  table.unary[int(Unary::reciprocal)] = unary<Reciprocal, T>;
  table.unary[int(Unary::relu)] = unary<Relu, T>;
  table.unary[int(Unary::exp)] = unary<Exp, T>;
  table.unary[int(Unary::log)] = unary<Log, T>;
  table.unary[int(Unary::tanh)] = unary<Tanh, T>;
  table.unary[int(Unary::sigmoid)] = unary<Sigmoid, T>;
  table.unary[int(Unary::erf)] = unary<Erf, T>;
  table.threshold_backward = threshold_backward<T>;
}

}  // namespace

void fill_elementwise(KernelTable& table) {
  fill(table.float32);
  fill(table.float64);
}

}  // namespace tatami::TATAMI_ISA

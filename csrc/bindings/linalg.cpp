// linalg.cpp: matrix products of arrays, transposed or stacked.
#include "../array.h"
#include "../parallel.h"

namespace tatami {
namespace {

/// The last two dimensions of an array.
template <class T>
struct Matrix {
  long rows, columns, row_step, column_step;

  bool read(PyObject* object) {
    int rank = rank_of(object);
    if (rank < 2) return false;
    rows = length_of(object, rank - 2);
    columns = length_of(object, rank - 1);
    return step(object, rank - 2, &row_step) &&
           step(object, rank - 1, &column_step);
  }

  static bool step(PyObject* object, int i, long* out) {
    npy_intp bytes = PyArray_STRIDE(as_array(object), i);
    *out = static_cast<long>(bytes / npy_intp(sizeof(T)));
    return bytes % npy_intp(sizeof(T)) == 0;
  }
};

template <class T>
double product_ns(const MatrixProduct<T>& p) {
  return double(p.M) * double(p.N) * double(p.K) / (sizeof(T) == 4 ? 30 : 15);
}

/// The dimensions before the last two, stretched to each other.
template <class T>
struct Stack {
  int rank = 0;
  npy_intp shape[kMaxRank];
  long steps[2][kMaxRank];
  long count = 1;

  bool read(PyObject* a, PyObject* b) {
    int rank_a = rank_of(a) - 2, rank_b = rank_of(b) - 2;
    rank = rank_a > rank_b ? rank_a : rank_b;
    for (int i = 0; i < rank; ++i) {
      long length_a, length_b;
      if (!place(a, i - (rank - rank_a), &length_a, &steps[0][i])) return false;
      if (!place(b, i - (rank - rank_b), &length_b, &steps[1][i])) return false;
      if (length_a != length_b && length_a != 1 && length_b != 1) return false;
      shape[i] = length_a == 1 ? length_b : length_a;
      count *= static_cast<long>(shape[i]);
    }
    return true;
  }

  static bool place(PyObject* object, int i, long* length, long* step) {
    *length = 1;
    *step = 0;
    if (i < 0) return true;
    *length = length_of(object, i);
    return *length == 1 || Matrix<T>::step(object, i, step);
  }

  long offset(int operand, long index) const {
    long result = 0;
    for (int i = rank - 1; i >= 0; --i) {
      result += index % static_cast<long>(shape[i]) * steps[operand][i];
      index /= static_cast<long>(shape[i]);
    }
    return result;
  }
};

/// The product of two matrices, without operands and result. False: they do not
/// fit.
template <class T>
bool plan(const Matrix<T>& a, const Matrix<T>& b, MatrixProduct<T>& p) {
  p = MatrixProduct<T>{};
  p.M = a.rows;
  p.N = b.columns;
  p.K = a.columns;
  p.a_row = a.row_step;
  p.a_column = a.column_step;
  p.b_row = b.row_step;
  p.b_column = b.column_step;
  p.out_row = p.N;
  p.alpha = 1;
  return a.columns == b.rows;
}

template <class T>
void run(MatrixProduct<T> p, const Stack<T>& stack, const T* a, const T* b,
         T* out) {
  auto kernel = kernels().of<T>().matmul;
  parallel_for(stack.count, product_ns(p), [&](long begin, long end) {
    for (long i = begin; i < end; ++i) {
      MatrixProduct<T> one = p;
      one.a = a + stack.offset(0, i);
      one.b = b + stack.offset(1, i);
      one.out = out + i * p.M * p.N;
      kernel(one);
    }
  });
}

template <class T>
PyObject* matmul(PyObject* a, PyObject* b) {
  Matrix<T> left, right;
  MatrixProduct<T> p;
  Stack<T> stack;
  if (!is_plain_of<T>(b) || !left.read(a) || !right.read(b) ||
      !plan(left, right, p) || !stack.read(a, b))
    return declined();
  npy_intp shape[kMaxRank + 2];
  for (int i = 0; i < stack.rank; ++i) shape[i] = stack.shape[i];
  shape[stack.rank] = p.M;
  shape[stack.rank + 1] = p.N;
  Owned target(new_array<T>(stack.rank + 2, shape));
  if (!target) return failed();
  struct Job {
    MatrixProduct<T> product;
    Stack<T> stack;
  } job{p, stack};
  bool done =
      launch(product_ns(p) * double(stack.count), job,
             operands(data_of<T>(a), data_of<T>(b), data_of<T>(target.get())),
             [](const Job& j, const T* left, const T* right, T* out) {
               run(j.product, j.stack, left, right, out);
             });
  return finished(done, target);
}

PyObject* serve_matmul(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2) return declined();
  return TATAMI_BY_TYPE(arguments[0], matmul, arguments[0], arguments[1]);
}

/// A matrix to be added to a product: stretched where a step is 0.
template <class T>
struct Addend {
  T factor;
  long rows, columns, row_step = 0, column_step = 0;

  bool read(PyObject* bias) {
    int rank = rank_of(bias);
    if (!is_plain_of<T>(bias) || rank > 2) return false;
    long height = rank == 2 ? length_of(bias, 0) : 1;
    long width = rank >= 1 ? length_of(bias, rank - 1) : 1;
    return (height == 1 || height == rows) &&
           (width == 1 || width == columns) &&
           (height == 1 || Matrix<T>::step(bias, 0, &row_step)) &&
           (width == 1 || Matrix<T>::step(bias, rank - 1, &column_step));
  }
  void write(const T* source, T* out) const {
    for (long i = 0; i < rows; ++i)
      for (long j = 0; j < columns; ++j)
        out[i * columns + j] = factor * source[i * row_step + j * column_step];
  }
};

template <class T>
PyObject* addmm(PyObject* bias, PyObject* a, PyObject* b, double beta,
                double alpha) {
  Matrix<T> left, right;
  MatrixProduct<T> p;
  if (!is_plain_of<T>(b) || rank_of(a) != 2 || rank_of(b) != 2 ||
      !left.read(a) || !right.read(b) || !plan(left, right, p))
    return declined();
  p.alpha = static_cast<T>(alpha);
  p.accumulate = beta != 0;
  Addend<T> addend{static_cast<T>(beta), p.M, p.N};
  if (p.accumulate && !addend.read(bias)) return declined();
  npy_intp shape[2] = {p.M, p.N};
  Owned target(new_array<T>(2, shape));
  if (!target) return failed();
  struct Job {
    MatrixProduct<T> product;
    Addend<T> addend;
  } job{p, addend};
  bool done =
      launch(product_ns(p), job,
             operands(data_of<T>(bias), data_of<T>(a), data_of<T>(b),
                      data_of<T>(target.get())),
             [](const Job& j, const T* added, const T* x, const T* y, T* out) {
               MatrixProduct<T> product = j.product;
               product.a = x;
               product.b = y;
               product.out = out;
               if (product.accumulate) j.addend.write(added, out);
               kernels().of<T>().matmul(product);
             });
  return finished(done, target);
}

PyObject* serve_addmm(PyObject* const* arguments, Py_ssize_t count) {
  double beta, alpha;
  if (count != 5 || !is_plain(arguments[0]) ||
      !read_number(arguments[3], &beta) || !read_number(arguments[4], &alpha))
    return declined();
  return TATAMI_BY_TYPE(arguments[1], addmm, arguments[0], arguments[1],
                        arguments[2], beta, alpha);
}

}  // namespace

void add_linalg() {
  add_function("matmul", serve_matmul);
  add_function("addmm", serve_addmm);
}

}  // namespace tatami

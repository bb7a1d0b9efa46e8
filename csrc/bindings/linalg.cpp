// linalg.cpp: matrix products of arrays, transposed or stacked.
#include "../matrix.h"
#include "../parallel.h"

namespace tatami {
namespace {

/// Stacks of products, all of one size; a stretched operand has steps of 0.
template <class T>
struct ProductStack {
  MatrixProduct<T> first;
  int rank;
  long count;
  long shape[kMaxRank];
  long a_steps[kMaxRank], b_steps[kMaxRank];

  /// Fills all but the result. False: the operands do not fit.
  bool read(PyObject* a, PyObject* b, bool turn_b = false) {
    Matrix<T> left, right;
    if (!left.read(a) || !right.read(b)) return false;
    if (turn_b) right = right.turned();
    if (left.columns != right.rows) return false;
    first = {};
    first.M = left.rows;
    first.N = right.columns;
    first.K = left.columns;
    first.a = data_of<T>(a);
    first.a_row = left.row_step;
    first.a_column = left.column_step;
    first.b = data_of<T>(b);
    first.b_row = right.row_step;
    first.b_column = right.column_step;
    first.out_row = first.N;
    first.alpha = 1;
    return read_stack(a, b);
  }

  /// The dimensions before the last two, stretched to each other.
  bool read_stack(PyObject* a, PyObject* b) {
    int rank_a = rank_of(a) - 2, rank_b = rank_of(b) - 2;
    rank = rank_a > rank_b ? rank_a : rank_b;
    count = 1;
    for (int i = 0; i < rank; ++i) {
      long length_a, length_b;
      if (!place(a, i - (rank - rank_a), &length_a, &a_steps[i]) ||
          !place(b, i - (rank - rank_b), &length_b, &b_steps[i]))
        return false;
      if (length_a != length_b && length_a != 1 && length_b != 1) return false;
      shape[i] = length_a == 1 ? length_b : length_a;
      count *= shape[i];
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

  double product_ns() const {
    return double(first.M) * double(first.N) * double(first.K) /
           (sizeof(T) == 4 ? 30 : 15);
  }
  double work_ns() const { return product_ns() * double(count); }

  MatrixProduct<T> at(long index) const {
    MatrixProduct<T> one = first;
    long elements = index * first.M * first.N;
    one.out += elements;
    if (one.mask) one.mask += elements;
    for (int i = rank - 1; i >= 0; --i) {
      one.a += index % shape[i] * a_steps[i];
      one.b += index % shape[i] * b_steps[i];
      index /= shape[i];
    }
    return one;
  }

  /// The result; an error if there is no room for it.
  Owned new_result() {
    npy_intp lengths[kMaxRank + 2];
    for (int i = 0; i < rank; ++i) lengths[i] = shape[i];
    lengths[rank] = first.M;
    lengths[rank + 1] = first.N;
    Owned result(new_array<T>(rank + 2, lengths));
    if (result) first.out = data_of<T>(result.get());
    return result;
  }

  bool operator()() const {
    auto kernel = kernels().of<T>().matmul;
    if (count == 1)
      kernel(first);
    else
      parallel_for(count, product_ns(), [&](long begin, long end) {
        for (long i = begin; i < end; ++i) kernel(at(i));
      });
    return true;
  }

  void places(std::vector<void*>& out) {
    out.insert(out.end(),
               {&first.a, &first.b, &first.out, &first.bias, &first.mask});
  }
};

template <class T>
PyObject* matmul(PyObject* a, PyObject* b) {
  ProductStack<T> stack;
  if (!is_plain_of<T>(b) || !stack.read(a, b)) return declined();
  Owned result = stack.new_result();
  if (!result) return failed();
  return finished(launch_call(stack.work_ns(), stack), result);
}

PyObject* serve_matmul(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2) return declined();
  return TATAMI_BY_TYPE(arguments[0], matmul, arguments[0], arguments[1]);
}

/// Whether an array is laid out as the result of a stack of products.
template <class T>
bool fits_result(PyObject* array, const ProductStack<T>& stack) {
  if (!is_plain_of<T>(array) || !is_contiguous(array) ||
      rank_of(array) != stack.rank + 2)
    return false;
  for (int i = 0; i < stack.rank; ++i)
    if (length_of(array, i) != stack.shape[i]) return false;
  return length_of(array, stack.rank) == stack.first.M &&
         length_of(array, stack.rank + 1) == stack.first.N;
}

template <class T>
PyObject* matmul_masked(PyObject* a, PyObject* b, PyObject* mask) {
  ProductStack<T> stack;
  if (!is_plain_of<T>(b) || !stack.read(a, b) || !fits_result(mask, stack))
    return declined();
  Owned result = stack.new_result();
  if (!result) return failed();
  stack.first.mask = data_of<T>(mask);
  return finished(launch_call(stack.work_ns(), stack), result);
}

PyObject* serve_matmul_masked(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 3) return declined();
  return TATAMI_BY_TYPE(arguments[0], matmul_masked, arguments[0], arguments[1],
                        arguments[2]);
}

/// A product added to beta times another matrix, which is stretched.
template <class T>
struct AddedProduct {
  ProductStack<T> product;
  T beta;
  const T* added;  // null if it is a bias the product itself adds
  long row_step, column_step;

  /// False: the matrix does not fit the product.
  bool read(PyObject* matrix) {
    int rank = rank_of(matrix);
    if (!is_plain_of<T>(matrix) || rank > 2) return false;
    long rows = rank == 2 ? length_of(matrix, 0) : 1;
    long columns = rank >= 1 ? length_of(matrix, rank - 1) : 1;
    MatrixProduct<T>& first = product.first;
    if ((rows != 1 && rows != first.M) ||
        (columns != 1 && columns != first.N) ||
        (rows != 1 && !Matrix<T>::step(matrix, 0, &row_step)) ||
        (columns != 1 && !Matrix<T>::step(matrix, rank - 1, &column_step)))
      return false;
    if (rows == 1) row_step = 0;
    if (columns == 1) column_step = first.N == 1 ? 1 : 0;
    added = data_of<T>(matrix);
    if (beta == 1 && row_step == 0 && column_step == 1)
      first.bias = std::exchange(added, nullptr);
    else
      first.accumulate = true;
    return true;
  }

  void write_added() const {
    for (long i = 0; i < product.first.M; ++i)
      for (long j = 0; j < product.first.N; ++j)
        product.first.out[i * product.first.N + j] =
            beta * added[i * row_step + j * column_step];
  }

  bool operator()() const {
    if (added) write_added();
    return product();
  }

  void places(std::vector<void*>& out) {
    product.places(out);
    out.push_back(&added);
  }
};

template <class T>
PyObject* addmm(PyObject* bias, PyObject* a, PyObject* b, double beta,
                double alpha) {
  AddedProduct<T> sum{};
  sum.beta = static_cast<T>(beta);
  if (!is_plain_of<T>(b) || rank_of(a) != 2 || rank_of(b) != 2 ||
      !sum.product.read(a, b) || (beta != 0 && !sum.read(bias)))
    return declined();
  sum.product.first.alpha = static_cast<T>(alpha);
  Owned result = sum.product.new_result();
  if (!result) return failed();
  return finished(launch_call(sum.product.work_ns(), sum), result);
}

PyObject* serve_addmm(PyObject* const* arguments, Py_ssize_t count) {
  double beta, alpha;
  if (count != 5 || !is_plain(arguments[0]) ||
      !read_number(arguments[3], &beta) || !read_number(arguments[4], &alpha))
    return declined();
  return TATAMI_BY_TYPE(arguments[1], addmm, arguments[0], arguments[1],
                        arguments[2], beta, alpha);
}

template <class T>
PyObject* linear_relu(PyObject* x, PyObject* weight, PyObject* bias) {
  ProductStack<T> stack;
  if (!is_plain_of<T>(weight) || rank_of(x) != 2 || rank_of(weight) != 2)
    return declined();
  if (!stack.read(x, weight, true) || !is_plain_of<T>(bias) ||
      rank_of(bias) != 1 || length_of(bias, 0) != stack.first.N ||
      !is_contiguous(bias))
    return declined();
  Owned result = stack.new_result();
  if (!result) return failed();
  stack.first.bias = data_of<T>(bias);
  stack.first.activation = Activation::relu;
  return finished(launch_call(stack.work_ns(), stack), result);
}

PyObject* serve_linear_relu(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 3) return declined();
  return TATAMI_BY_TYPE(arguments[0], linear_relu, arguments[0], arguments[1],
                        arguments[2]);
}

}  // namespace

void add_linalg() {
  add_function("matmul", serve_matmul);
  add_function("addmm", serve_addmm);
  add_function("linear_relu", serve_linear_relu);
  add_function("matmul_masked", serve_matmul_masked);
}

}  // namespace tatami

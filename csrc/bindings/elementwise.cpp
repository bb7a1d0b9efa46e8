// elementwise.cpp: operands of all shapes, brought to runs of elements.
#include "../array.h"
#include "../parallel.h"

namespace tatami {
namespace {

constexpr long kBlock = 4096;

/// Nanoseconds an element takes.
double unary_ns(Unary operation) {
  return operation >= Unary::exp ? 0.5 : 0.1;
}
constexpr double kBinaryNs = 0.1;

/// An operand: an array, or a number held here.
template <class T>
struct Operand {
  PyObject* array = nullptr;
  T number{};

  bool read(PyObject* object) {
    double value;
    if (is_plain_of<T>(object)) {
      array = object;
      return true;
    }
    if (!read_number(object, &value)) return false;
    number = static_cast<T>(value);
    return true;
  }
  const T* pointer() const { return array ? data_of<T>(array) : nullptr; }
  int rank() const { return array ? rank_of(array) : 0; }
};

/// A loop over runs: the outer lengths, and the steps of both operands.
struct Loop {
  int rank = 0;
  long lengths[kMaxRank];
  long steps[2][kMaxRank];
  npy_intp shape[kMaxRank];
  int shape_rank = 0;
};

/// The length of dimension i of an operand, counted from the last of `rank`.
template <class T>
bool place(const Operand<T>& operand, int rank, int i, long* length,
           long* step) {
  int own = i - (rank - operand.rank());
  *length = 1;
  *step = 0;
  if (own < 0) return true;
  *length = length_of(operand.array, own);
  npy_intp bytes = PyArray_STRIDE(as_array(operand.array), own);
  if (bytes < 0 || bytes % npy_intp(sizeof(T)) != 0) return false;
  if (*length != 1) *step = static_cast<long>(bytes / npy_intp(sizeof(T)));
  return true;
}

/// Join a dimension to the one before if both operands walk on evenly.
void append(Loop& loop, long length, long step_a, long step_b) {
  if (length == 1) return;
  int last = loop.rank - 1;
  if (last >= 0 && loop.steps[0][last] == step_a * length &&
      loop.steps[1][last] == step_b * length) {
    loop.lengths[last] *= length;
  } else {
    ++last;
    loop.lengths[last] = length;
    loop.rank = last + 1;
  }
  loop.steps[0][last] = step_a;
  loop.steps[1][last] = step_b;
}

/// Whether memory is walked forwards: NumPy keeps another order in its result.
bool in_order(const Loop& loop) {
  for (const auto& steps : loop.steps) {
    long least = 0;
    for (int i = loop.rank - 1; i >= 0; --i) {
      if (steps[i] == 0) continue;
      if (steps[i] < least) return false;
      least = steps[i];
    }
  }
  int last = loop.rank - 1;
  return last < 0 || (loop.steps[0][last] <= 1 && loop.steps[1][last] <= 1);
}

template <class T>
bool plan(const Operand<T>& a, const Operand<T>& b, Loop& loop) {
  int rank = a.rank() > b.rank() ? a.rank() : b.rank();
  loop.shape_rank = rank;
  for (int i = 0; i < rank; ++i) {
    long length_a, length_b, step_a, step_b;
    if (!place(a, rank, i, &length_a, &step_a)) return false;
    if (!place(b, rank, i, &length_b, &step_b)) return false;
    if (length_a != length_b && length_a != 1 && length_b != 1) return false;
    long length = length_a == 1 ? length_b : length_a;
    loop.shape[i] = length;
    append(loop, length, step_a, step_b);
  }
  if (loop.rank == 0) append(loop, 1, 0, 0);
  return in_order(loop);
}

template <class T>
void run(Binary operation, const Loop& loop, const T* a, const T* b, T* out) {
  auto kernel = kernels().of<T>().binary[int(operation)];
  int last = loop.rank - 1;
  if (last < 0) return kernel(a, 0, b, 0, out, 1);
  long length = loop.lengths[last], rows = 1;
  for (int i = 0; i < last; ++i) rows *= loop.lengths[i];
  long step_a = loop.steps[0][last], step_b = loop.steps[1][last];
  if (rows == 1) {
    long blocks = (length + kBlock - 1) / kBlock;
    parallel_for(blocks, kBinaryNs * kBlock, [&](long begin, long end) {
      begin *= kBlock;
      end = end * kBlock < length ? end * kBlock : length;
      kernel(a + begin * step_a, step_a, b + begin * step_b, step_b,
             out + begin, end - begin);
    });
    return;
  }
  parallel_for(rows, kBinaryNs * double(length) + 5, [&](long begin, long end) {
    for (long row = begin; row < end; ++row) {
      long offset_a = 0, offset_b = 0, rest = row;
      for (int i = last - 1; i >= 0; --i) {
        long index = rest % loop.lengths[i];
        rest /= loop.lengths[i];
        offset_a += index * loop.steps[0][i];
        offset_b += index * loop.steps[1][i];
      }
      kernel(a + offset_a, step_a, b + offset_b, step_b, out + row * length,
             length);
    }
  });
}

/// Whether `out` can take the result while `operand` is read: it shares no
/// memory with it, or is laid out just like it.
bool is_safe(PyObject* out, PyObject* operand) {
  if (!operand) return true;
  auto *target = as_array(out), *source = as_array(operand);
  if (PyArray_DATA(target) == PyArray_DATA(source) &&
      PyArray_IS_C_CONTIGUOUS(source) && PyArray_SAMESHAPE(target, source))
    return true;
  auto begin = [](PyArrayObject* x) {
    return reinterpret_cast<uintptr_t>(PyArray_DATA(x));
  };
  // Strides are not negative here.
  auto end = [&](PyArrayObject* x) {
    uintptr_t last = begin(x) + PyArray_ITEMSIZE(x);
    for (int i = 0; i < PyArray_NDIM(x); ++i)
      last += (PyArray_DIM(x, i) - 1) * PyArray_STRIDE(x, i);
    return last;
  };
  return end(source) <= begin(target) || end(target) <= begin(source);
}

template <class T>
bool can_take(PyObject* out, int rank, const npy_intp* shape) {
  return is_plain_of<T>(out) && PyArray_ISWRITEABLE(as_array(out)) &&
         is_contiguous(out) && rank_of(out) == rank &&
         PyArray_CompareLists(PyArray_DIMS(as_array(out)), shape, rank);
}

/// The array for the result: `out` if there is one. Empty without error:
/// declined.
template <class T>
Owned target_of(PyObject* out, int rank, const npy_intp* shape) {
  if (!out) return Owned(new_array<T>(rank, shape));
  return can_take<T>(out, rank, shape) ? Owned(Py_NewRef(out)) : Owned();
}

/// A binary operation; a number stands in for an operand without pointer.
template <class T>
struct BinaryJob {
  Binary operation;
  Loop loop;
  T first, second;
};

template <class T>
PyObject* binary(Binary operation, PyObject* const* arguments, PyObject* out) {
  Operand<T> a, b;
  if (!a.read(arguments[0]) || !b.read(arguments[1])) return declined();
  Loop loop;
  if (!plan(a, b, loop)) return declined();
  if (out &&
      (!is_plain(out) || !is_safe(out, a.array) || !is_safe(out, b.array)))
    return declined();
  Owned target = target_of<T>(out, loop.shape_rank, loop.shape);
  if (!target) return failed();
  long size = size_of(target.get());
  if (size == 0) return keeping ? declined() : target.release();
  BinaryJob<T> job{operation, loop, a.number, b.number};
  bool done = launch(
      kBinaryNs * double(size), job,
      operands(a.pointer(), b.pointer(), data_of<T>(target.get())),
      [](const BinaryJob<T>& j, const T* x, const T* y, T* result) {
        run(j.operation, j.loop, x ? x : &j.first, y ? y : &j.second, result);
      });
  return finished(done, target);
}

template <Binary kOperation>
PyObject* serve_binary(PyObject* const* arguments, Py_ssize_t count) {
  if (count < 2 || count > 3) return declined();
  PyObject* out =
      count == 3 && arguments[2] != Py_None ? arguments[2] : nullptr;
  PyObject* typed =
      Py_TYPE(arguments[0]) == &PyArray_Type ? arguments[0] : arguments[1];
  return TATAMI_BY_TYPE(typed, binary, kOperation, arguments, out);
}

/// Run `body(begin, end)` over blocks of `size` elements.
template <class Body>
void over_blocks(long size, double cost, const Body& body) {
  parallel_for((size + kBlock - 1) / kBlock, cost * kBlock,
               [&](long begin, long end) {
                 long stop = end * kBlock;
                 body(begin * kBlock, stop < size ? stop : size);
               });
}

struct UnaryJob {
  Unary operation;
  long size;
  double cost;  // ns of an element
};

template <class T>
void run_unary(const UnaryJob& job, const T* x, T* out) {
  auto kernel = kernels().of<T>().unary[int(job.operation)];
  over_blocks(job.size, job.cost, [&](long begin, long end) {
    kernel(x + begin, out + begin, end - begin);
  });
}

template <class T>
PyObject* unary(Unary operation, PyObject* x, PyObject* out) {
  if (!is_contiguous(x) || (out && (!is_plain(out) || !is_safe(out, x))))
    return declined();
  Owned target = target_of<T>(out, rank_of(x), PyArray_DIMS(as_array(x)));
  if (!target) return failed();
  UnaryJob job{operation, size_of(x),
               unary_ns(operation) * (sizeof(T) == 8 ? 8 : 1)};
  bool done = launch(job.cost * double(job.size), job,
                     operands(data_of<T>(x), data_of<T>(target.get())),
                     [](const UnaryJob& j, const T* source, T* result) {
                       run_unary(j, source, result);
                     });
  return finished(done, target);
}

template <Unary kOperation>
PyObject* serve_unary(PyObject* const* arguments, Py_ssize_t count) {
  if (count < 1 || count > 2) return declined();
  PyObject* out =
      count == 2 && arguments[1] != Py_None ? arguments[1] : nullptr;
  return TATAMI_BY_TYPE(arguments[0], unary, kOperation, arguments[0], out);
}

template <class T>
PyObject* threshold_backward(PyObject* grad, PyObject* x, double threshold) {
  if (!is_plain_of<T>(x) || !is_contiguous(x) || !is_contiguous(grad) ||
      !PyArray_SAMESHAPE(as_array(x), as_array(grad)))
    return declined();
  Owned target(new_like<T>(x));
  if (!target) return failed();
  struct Job {
    long size;
    T threshold;
  } job{size_of(x), static_cast<T>(threshold)};
  bool done = launch(
      kBinaryNs * double(job.size), job,
      operands(data_of<T>(grad), data_of<T>(x), data_of<T>(target.get())),
      [](const Job& j, const T* gradient, const T* source, T* result) {
        auto kernel = kernels().of<T>().threshold_backward;
        over_blocks(j.size, kBinaryNs, [&](long begin, long end) {
          kernel(gradient + begin, source + begin, j.threshold, result + begin,
                 end - begin);
        });
      });
  return finished(done, target);
}

PyObject* serve_threshold_backward(PyObject* const* arguments,
                                   Py_ssize_t count) {
  double threshold;
  if (count != 3 || !read_number(arguments[2], &threshold)) return declined();
  return TATAMI_BY_TYPE(arguments[0], threshold_backward, arguments[0],
                        arguments[1], threshold);
}

}  // namespace

void add_elementwise() {
  add_function("add", serve_binary<Binary::add>);
  add_function("sub", serve_binary<Binary::sub>);
  add_function("mul", serve_binary<Binary::mul>);
  add_function("div", serve_binary<Binary::div>);
  add_function("maximum", serve_binary<Binary::maximum>);
  add_function("minimum", serve_binary<Binary::minimum>);
  add_function("neg", serve_unary<Unary::neg>);
  add_function("abs", serve_unary<Unary::abs>);
  add_function("square", serve_unary<Unary::square>);
  add_function("sqrt", serve_unary<Unary::sqrt>);
  add_function("rsqrt", serve_unary<Unary::rsqrt>);
  add_function("reciprocal", serve_unary<Unary::reciprocal>);
  add_function("relu", serve_unary<Unary::relu>);
  add_function("exp", serve_unary<Unary::exp>);
  add_function("log", serve_unary<Unary::log>);
  add_function("tanh", serve_unary<Unary::tanh>);
  add_function("sigmoid", serve_unary<Unary::sigmoid>);
  add_function("erf", serve_unary<Unary::erf>);
  add_function("threshold_backward", serve_threshold_backward);
}

}  // namespace tatami

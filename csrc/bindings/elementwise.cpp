// elementwise.cpp: kernels that treat every element alike.
#include "broadcast.h"

namespace tatami {
namespace {

enum class Comparison { eq, ne, lt, le, gt, ge };

/// Nanoseconds an element takes.
double unary_ns(Unary operation, size_t size) {
  return (operation >= Unary::exp ? 0.5 : 0.1) * (size == 8 ? 8 : 1);
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
};

/// An int64 operand; a Python number must be an integer.
template <>
inline bool Operand<int64_t>::read(PyObject* object) {
  long value;
  if (is_plain(object) && PyArray_TYPE(as_array(object)) == NPY_INT64) {
    array = object;
    return true;
  }
  if (!read_integer(object, &value)) return false;
  number = value;
  return true;
}

/// The array that says which type is computed in.
PyObject* typed(PyObject* const* arguments) {
  return Py_TYPE(arguments[0]) == &PyArray_Type ? arguments[0] : arguments[1];
}

PyObject* out_of(PyObject* const* arguments, Py_ssize_t count, int place) {
  return count > place && arguments[place] != Py_None ? arguments[place]
                                                      : nullptr;
}

/// An operation of two operands, without their addresses; a number stands in
/// for an operand without one.
template <class T, class Operation>
struct Pair {
  Operation operation;
  Loop loop;
  T first, second;

  template <class Out, class Kernel>
  void run(const T* a, const T* b, Out* out, Kernel kernel) const {
    const T *x = a ? a : &first, *y = b ? b : &second;
    each_run(loop, kBinaryNs, [&](const long* offsets, long place, long count) {
      Run<T> p(loop, 0, x, offsets, count), q(loop, 1, y, offsets, count);
      kernel(p.data, p.step, q.data, q.step, out + place, count);
    });
  }
};

/// Plan an operation of two operands, and the array for its result.
template <class T, class Operation>
Owned prepare(Pair<T, Operation>& pair, const Operand<T>& a,
              const Operand<T>& b, PyObject* out, int type) {
  if (!plan({a.array, b.array}, pair.loop)) return Owned();
  if (out &&
      (!is_plain(out) || !is_safe(out, a.array) || !is_safe(out, b.array)))
    return Owned();
  pair.first = a.number;
  pair.second = b.number;
  return target_of(out, type, pair.loop.shape_rank, pair.loop.shape);
}

template <class T>
PyObject* binary(Binary operation, PyObject* const* arguments, PyObject* out) {
  Operand<T> a, b;
  if (!a.read(arguments[0]) || !b.read(arguments[1])) return declined();
  Pair<T, Binary> job{operation, {}, 0, 0};
  Owned target = prepare(job, a, b, out, kTypeNumber<T>);
  if (!target) return failed();
  if (size_of(target.get()) == 0)
    return keeping ? declined() : target.release();
  bool done =
      launch(kBinaryNs * double(size_of(target.get())), job,
             operands(a.pointer(), b.pointer(), data_of<T>(target.get())),
             [](const Pair<T, Binary>& j, const T* x, const T* y, T* result) {
               j.run(x, y, result, kernels().of<T>().binary[int(j.operation)]);
             });
  return finished(done, target);
}

// Integers: the compiler's own vectors do.

void integer_kernel(Binary operation, const int64_t* a, long a_step,
                    const int64_t* b, long b_step, int64_t* out, long count) {
  auto each = [&](auto join) {
    for (long i = 0; i < count; ++i)
      out[i] = static_cast<int64_t>(
          join(uint64_t(a[i * a_step]), uint64_t(b[i * b_step])));
  };
  if (operation == Binary::add)
    each([](uint64_t x, uint64_t y) { return x + y; });
  else if (operation == Binary::sub)
    each([](uint64_t x, uint64_t y) { return x - y; });
  else
    each([](uint64_t x, uint64_t y) { return x * y; });
}

PyObject* integer_binary(Binary operation, PyObject* const* arguments,
                         PyObject* out) {
  Operand<int64_t> a, b;
  if (operation > Binary::mul || !a.read(arguments[0]) || !b.read(arguments[1]))
    return declined();
  Pair<int64_t, Binary> job{operation, {}, 0, 0};
  Owned target = prepare(job, a, b, out, NPY_INT64);
  if (!target) return failed();
  bool done = launch(
      kBinaryNs * double(size_of(target.get())), job,
      operands(a.pointer(), b.pointer(), data_of<int64_t>(target.get())),
      [](const Pair<int64_t, Binary>& j, const int64_t* x, const int64_t* y,
         int64_t* result) {
        j.run(x, y, result,
              [&](auto... parts) { integer_kernel(j.operation, parts...); });
      });
  return finished(done, target);
}

template <Binary kOperation>
PyObject* serve_binary(PyObject* const* arguments, Py_ssize_t count) {
  if (count < 2 || count > 3) return declined();
  PyObject *out = out_of(arguments, count, 2), *kind = typed(arguments);
  if (is_plain(kind) && PyArray_TYPE(as_array(kind)) == NPY_INT64)
    return integer_binary(kOperation, arguments, out);
  return TATAMI_BY_TYPE(kind, binary, kOperation, arguments, out);
}

// Comparisons.

template <class T>
void compare_kernel(Comparison operation, const T* a, long a_step, const T* b,
                    long b_step, bool* out, long count) {
  auto each = [&](auto holds) {
    for (long i = 0; i < count; ++i)
      out[i] = holds(a[i * a_step], b[i * b_step]);
  };
  switch (operation) {
    case Comparison::eq:
      return each([](T x, T y) { return x == y; });
    case Comparison::ne:
      return each([](T x, T y) { return x != y; });
    case Comparison::lt:
      return each([](T x, T y) { return x < y; });
    case Comparison::le:
      return each([](T x, T y) { return x <= y; });
    case Comparison::gt:
      return each([](T x, T y) { return x > y; });
    case Comparison::ge:
      return each([](T x, T y) { return x >= y; });
  }
}

template <class T>
PyObject* compare(Comparison operation, PyObject* const* arguments,
                  PyObject* out) {
  Operand<T> a, b;
  if (!a.read(arguments[0]) || !b.read(arguments[1])) return declined();
  Pair<T, Comparison> job{operation, {}, 0, 0};
  Owned target = prepare(job, a, b, out, NPY_BOOL);
  if (!target) return failed();
  if (size_of(target.get()) == 0)
    return keeping ? declined() : target.release();
  bool done = launch(
      kBinaryNs * double(size_of(target.get())), job,
      operands(a.pointer(), b.pointer(), data_of<bool>(target.get())),
      [](const Pair<T, Comparison>& j, const T* x, const T* y, bool* result) {
        j.run(x, y, result,
              [&](auto... parts) { compare_kernel(j.operation, parts...); });
      });
  return finished(done, target);
}

template <Comparison kOperation>
PyObject* serve_compare(PyObject* const* arguments, Py_ssize_t count) {
  if (count < 2 || count > 3) return declined();
  PyObject *out = out_of(arguments, count, 2), *kind = typed(arguments);
  if (is_plain(kind) && PyArray_TYPE(as_array(kind)) == NPY_INT64)
    return compare<int64_t>(kOperation, arguments, out);
  return TATAMI_BY_TYPE(kind, compare, kOperation, arguments, out);
}

// A choice between two.

template <class T>
struct Choice {
  Loop loop;
  T first, second;
};

template <class T>
void run_where(const Choice<T>& j, const bool* condition, const T* a,
               const T* b, T* out) {
  const T *x = a ? a : &j.first, *y = b ? b : &j.second;
  each_run(j.loop, 2 * kBinaryNs,
           [&](const long* offsets, long place, long count) {
             Run<bool> c(j.loop, 0, condition, offsets, count);
             Run<T> p(j.loop, 1, x, offsets, count);
             Run<T> q(j.loop, 2, y, offsets, count);
             for (long i = 0; i < count; ++i)
               out[place + i] =
                   c.data[i * c.step] ? p.data[i * p.step] : q.data[i * q.step];
           });
}

template <class T>
PyObject* where(PyObject* const* arguments) {
  Operand<T> a, b;
  PyObject* condition = arguments[0];
  if (!is_plain(condition) || PyArray_TYPE(as_array(condition)) != NPY_BOOL ||
      !a.read(arguments[1]) || !b.read(arguments[2]))
    return declined();
  Choice<T> job{{}, a.number, b.number};
  if (!plan({condition, a.array, b.array}, job.loop)) return declined();
  Owned target(new_array<T>(job.loop.shape_rank, job.loop.shape));
  if (!target) return failed();
  if (size_of(target.get()) == 0)
    return keeping ? declined() : target.release();
  bool done =
      launch(2 * kBinaryNs * double(size_of(target.get())), job,
             operands(static_cast<const bool*>(data_of<bool>(condition)),
                      a.pointer(), b.pointer(), data_of<T>(target.get())),
             [](const Choice<T>& j, const bool* c, const T* x, const T* y,
                T* result) { run_where(j, c, x, y, result); });
  return finished(done, target);
}

PyObject* serve_where(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 3) return declined();
  return TATAMI_BY_TYPE(typed(arguments + 1), where, arguments);
}

// One operand.

struct UnaryJob {
  Unary operation;
  Loop loop;
  double cost;  // ns of an element
};

template <class T>
void run_unary(const UnaryJob& job, const T* x, T* out) {
  auto kernel = kernels().of<T>().unary[int(job.operation)];
  each_run(job.loop, job.cost,
           [&](const long* offsets, long place, long count) {
             Run<T> run(job.loop, 0, x, offsets, count);
             if (run.step) return kernel(run.data, out + place, count);
             kernel(run.data, out + place, 1);
             for (long i = 1; i < count; ++i) out[place + i] = out[place];
           });
}

template <class T>
PyObject* unary(Unary operation, PyObject* x, PyObject* out) {
  UnaryJob job{operation, {}, unary_ns(operation, sizeof(T))};
  if (!plan({x}, job.loop) || (out && (!is_plain(out) || !is_safe(out, x))))
    return declined();
  Owned target =
      target_of(out, kTypeNumber<T>, rank_of(x), PyArray_DIMS(as_array(x)));
  if (!target) return failed();
  if (size_of(x) == 0) return keeping ? declined() : target.release();
  bool done = launch(job.cost * double(size_of(x)), job,
                     operands(data_of<T>(x), data_of<T>(target.get())),
                     [](const UnaryJob& j, const T* source, T* result) {
                       run_unary(j, source, result);
                     });
  return finished(done, target);
}

template <Unary kOperation>
PyObject* serve_unary(PyObject* const* arguments, Py_ssize_t count) {
  if (count < 1 || count > 2) return declined();
  return TATAMI_BY_TYPE(arguments[0], unary, kOperation, arguments[0],
                        out_of(arguments, count, 1));
}

// The way back through a threshold.

template <class T>
struct Threshold {
  Loop loop;
  T threshold;
};

template <class T>
void run_threshold(const Threshold<T>& job, const T* grad, const T* x, T* out) {
  auto kernel = kernels().of<T>().threshold_backward;
  each_run(job.loop, kBinaryNs,
           [&](const long* offsets, long place, long count) {
             Run<T> p(job.loop, 0, grad, offsets, count);
             Run<T> q(job.loop, 1, x, offsets, count);
             p.unfold(0, count);
             q.unfold(1, count);
             kernel(p.data, q.data, job.threshold, out + place, count);
           });
}

template <class T>
PyObject* threshold_backward(PyObject* grad, PyObject* x, double threshold) {
  Threshold<T> job{{}, static_cast<T>(threshold)};
  if (!is_plain_of<T>(x) || !is_plain_of<T>(grad) || size_of(x) == 0 ||
      !PyArray_SAMESHAPE(as_array(x), as_array(grad)) ||
      !plan({grad, x}, job.loop))
    return declined();
  Owned target(new_like<T>(x));
  if (!target) return failed();
  bool done = launch(
      kBinaryNs * double(size_of(x)), job,
      operands(data_of<T>(grad), data_of<T>(x), data_of<T>(target.get())),
      [](const Threshold<T>& j, const T* gradient, const T* source, T* result) {
        run_threshold(j, gradient, source, result);
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
  add_function("eq", serve_compare<Comparison::eq>);
  add_function("ne", serve_compare<Comparison::ne>);
  add_function("lt", serve_compare<Comparison::lt>);
  add_function("le", serve_compare<Comparison::le>);
  add_function("gt", serve_compare<Comparison::gt>);
  add_function("ge", serve_compare<Comparison::ge>);
  add_function("where", serve_where);
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

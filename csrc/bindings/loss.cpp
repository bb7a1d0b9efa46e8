// loss.cpp: losses of classes and the gradients of the softmax family.
#include "../array.h"
#include "../parallel.h"

namespace tatami {
namespace {

// The softmax family.

struct Rows {
  bool logarithmic;
  long rows, columns;
};

template <class T>
double row_ns(long columns) {
  return 10 + double(columns) * (sizeof(T) == 8 ? 8 : 1);
}

template <class T>
PyObject* softmax_grad(bool logarithmic, PyObject* grad_output,
                       PyObject* output, long dim) {
  int rank = rank_of(output);
  if (!is_plain_of<T>(grad_output) || rank == 0 || dim != rank - 1 ||
      size_of(output) == 0 ||
      !PyArray_SAMESHAPE(as_array(grad_output), as_array(output)))
    return declined();
  Owned grad = contiguous(grad_output), result = contiguous(output);
  if (!grad || !result) return failed();
  Owned target(new_like<T>(output));
  if (!target) return failed();
  long columns = length_of(output, rank - 1);
  Rows job{logarithmic, size_of(output) / columns, columns};
  bool done = launch(
      row_ns<T>(columns) * double(job.rows), job,
      operands(data_of<T>(grad.get()), data_of<T>(result.get()),
               data_of<T>(target.get())),
      [](const Rows& j, const T* slope, const T* found, T* out) {
        const auto& table = kernels().of<T>();
        auto kernel =
            j.logarithmic ? table.log_softmax_grad : table.softmax_grad;
        parallel_for(j.rows, row_ns<T>(j.columns), [&](long begin, long end) {
          long first = begin * j.columns;
          kernel(slope + first, found + first, out + first, end - begin,
                 j.columns);
        });
      });
  return finished(done, target);
}

template <bool kLogarithmic>
PyObject* serve_softmax_grad(PyObject* const* arguments, Py_ssize_t count) {
  long dim;
  if (count != 3 || !read_integer(arguments[2], &dim)) return declined();
  return TATAMI_BY_TYPE(arguments[1], softmax_grad, kLogarithmic, arguments[0],
                        arguments[1], dim);
}

// Classes.

bool read_share(PyObject* object, Share* share) {
  if (!PyUnicode_Check(object)) return false;
  auto is = [&](const char* text) {
    return PyUnicode_CompareWithASCIIString(object, text) == 0;
  };
  *share = is("mean") ? Share::mean : is("sum") ? Share::sum : Share::none;
  return *share != Share::none || is("none");
}

/// The classes in dimension 1 of a shape.
bool read_classes(const npy_intp* shape, int rank, Classes* classes) {
  if (rank < 2) return false;
  *classes = {long(shape[0]), long(shape[1]), 1};
  for (int i = 2; i < rank; ++i) classes->inner *= long(shape[i]);
  return classes->columns > 0;
}

/// Targets (N, *) for classes (N, C, *).
bool is_target(PyObject* target, const npy_intp* shape, int rank) {
  if (!is_plain(target) || PyArray_TYPE(as_array(target)) != NPY_INT64 ||
      !is_contiguous(target) || rank_of(target) != rank - 1 ||
      length_of(target, 0) != shape[0])
    return false;
  for (int i = 2; i < rank; ++i)
    if (length_of(target, i - 1) != shape[i]) return false;
  return true;
}

/// One weight for each class; None is null.
template <class T>
bool is_weight(PyObject* weight, long columns) {
  return weight == Py_None ||
         (is_plain_of<T>(weight) && is_contiguous(weight) &&
          rank_of(weight) == 1 && length_of(weight, 0) == columns);
}

template <class T>
const T* data_or_null(PyObject* object) {
  return object == Py_None ? nullptr : data_of<T>(object);
}

double target_ns(const Weighing& how) {
  return 3.0 * double(how.shape.outer * how.shape.inner);
}

template <class T>
PyObject* nll_loss(PyObject* object, PyObject* target, PyObject* weight,
                   Weighing& how) {
  const npy_intp* shape = PyArray_DIMS(as_array(object));
  int rank = rank_of(object);
  if (!read_classes(shape, rank, &how.shape) ||
      !is_target(target, shape, rank) ||
      !is_weight<T>(weight, how.shape.columns))
    return declined();
  Owned x = contiguous(object);
  if (!x) return failed();
  bool each = how.share == Share::none;
  Owned losses(each ? new_array<T>(rank - 1, PyArray_DIMS(as_array(target)))
                    : new_array<T>(0, nullptr));
  if (!losses) return failed();
  Owned total(new_array<T>(0, nullptr));
  if (!total) return failed();
  bool done = launch(
      target_ns(how), how,
      operands(data_of<T>(x.get()), data_of<int64_t>(target),
               data_or_null<T>(weight), data_of<T>(losses.get()),
               data_of<T>(total.get())),
      [](const Weighing& w, const T* scores, const int64_t* chosen,
         const T* factors, T* out, T* sum) {
        return kernels().of<T>().nll_loss(w, scores, chosen, factors, out, sum);
      });
  return done ? PyTuple_Pack(2, losses.get(), total.get()) : declined();
}

PyObject* serve_nll_loss(PyObject* const* arguments, Py_ssize_t count) {
  Weighing how{};
  long ignored;
  if (count != 5 || !read_integer(arguments[3], &ignored) ||
      !read_share(arguments[4], &how.share))
    return declined();
  how.ignored = ignored;
  return TATAMI_BY_TYPE(arguments[0], nll_loss, arguments[0], arguments[1],
                        arguments[2], how);
}

template <class T>
PyObject* nll_loss_grad(PyObject* grad_output, PyObject* target,
                        PyObject* weight, PyObject* total, const Lengths& size,
                        Weighing& how) {
  npy_intp shape[kMaxRank];
  for (int i = 0; i < size.count; ++i) shape[i] = size.values[i];
  if (!read_classes(shape, size.count, &how.shape) ||
      !is_target(target, shape, size.count) ||
      !is_weight<T>(weight, how.shape.columns) || !is_plain_of<T>(total) ||
      size_of(total) != 1 ||
      size_of(grad_output) != (how.share == Share::none ? size_of(target) : 1))
    return declined();
  Owned grad = contiguous(grad_output);
  if (!grad) return failed();
  Owned out(new_array<T>(size.count, shape));
  if (!out) return failed();
  bool done =
      launch(target_ns(how), how,
             operands(data_of<T>(grad.get()), data_of<int64_t>(target),
                      data_or_null<T>(weight), data_of<T>(total),
                      data_of<T>(out.get())),
             [](const Weighing& w, const T* slope, const int64_t* chosen,
                const T* factors, const T* sum, T* result) {
               return kernels().of<T>().nll_loss_grad(w, slope, chosen, factors,
                                                      sum, result);
             });
  return finished(done, out);
}

PyObject* serve_nll_loss_grad(PyObject* const* arguments, Py_ssize_t count) {
  Weighing how{};
  long ignored;
  Lengths shape;
  if (count != 7 || !read_integer(arguments[3], &ignored) ||
      !read_share(arguments[4], &how.share) || !shape.read(arguments[6]))
    return declined();
  how.ignored = ignored;
  return TATAMI_BY_TYPE(arguments[0], nll_loss_grad, arguments[0], arguments[1],
                        arguments[2], arguments[5], shape, how);
}

}  // namespace

void add_loss() {
  add_function("softmax_grad", serve_softmax_grad<false>);
  add_function("log_softmax_grad", serve_softmax_grad<true>);
  add_function("nll_loss", serve_nll_loss);
  add_function("nll_loss_grad", serve_nll_loss_grad);
}

}  // namespace tatami

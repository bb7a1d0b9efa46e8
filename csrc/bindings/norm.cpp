// norm.cpp: normalisation of channels over a batch, and over last dimensions.
#include "../array.h"
#include "../parallel.h"

namespace tatami {
namespace {

// Channels that lie side by side are given out in pieces of this many, so that
// vectors begin at the same channels whatever the number of threads.
constexpr long kPiece = 64;

double element_ns(size_t size) {
  return size == 8 ? 1.0 : 0.5;
}

/// Run `kernel(job, begin, end)` over items in pieces.
template <class Job, class Kernel>
void in_pieces(long count, long piece, double item_ns, const Job& job,
               Kernel kernel) {
  parallel_for((count + piece - 1) / piece, item_ns * double(piece),
               [&](long begin, long end) {
                 long stop = end * piece < count ? end * piece : count;
                 kernel(job, begin * piece, stop);
               });
}

/// Over the channels of a batch.
template <class Job, class Kernel>
void over_channels(const Planes& shape, const Job& job, Kernel kernel) {
  double cost = element_ns(sizeof(*job.x)) * double(shape.N * shape.L);
  in_pieces(shape.C, shape.L == 1 ? kPiece : 1, cost, job, kernel);
}

/// A factor or summand of `count` elements; None is null.
template <class T>
bool is_affine(PyObject* object, long count) {
  return object == Py_None ||
         (is_plain_of<T>(object) && is_contiguous(object) &&
          size_of(object) == count);
}

template <class T>
const T* data_or_null(PyObject* object) {
  return object == Py_None ? nullptr : data_of<T>(object);
}

/// (N, C, ...) as planes, or (..., d last dimensions) as rows. False if there
/// is nothing in it.
bool read_planes(PyObject* x, long d, Planes* shape) {
  int rank = rank_of(x);
  if (size_of(x) == 0 || (d < 0 && rank < 2)) return false;
  if (d < 0) {
    shape->N = length_of(x, 0);
    shape->C = length_of(x, 1);
  } else {
    if (d > rank) return false;
    shape->C = 1;
    shape->N = 1;
    for (int i = 0; i < rank - d; ++i) shape->N *= length_of(x, i);
  }
  shape->L = size_of(x) / (shape->N * shape->C);
  return true;
}

/// New arrays, as many as there are Owned.
template <class T, size_t kCount>
bool new_arrays(Owned (&out)[kCount], int rank, const npy_intp* lengths) {
  for (Owned& array : out) {
    array = Owned(new_array<T>(rank, lengths));
    if (!array) return false;
  }
  return true;
}

// The operands of a job are set when it runs: a program may move them.

template <class T>
struct Settings {
  Planes shape;
  T eps;
  bool rows;
};

template <class T>
void run_norm(const Settings<T>& s, const T* x, const T* weight, const T* bias,
              T* out, T* mean, T* variance, T* scale) {
  Norm<T> job{s.shape, x, weight, bias, s.eps, out, mean, variance, scale};
  const auto& table = kernels().of<T>();
  if (s.rows)
    in_pieces(s.shape.N, 1, element_ns(sizeof(T)) * double(s.shape.L), job,
              table.layer_norm);
  else
    over_channels(s.shape, job, table.batch_norm);
}

/// The shape of what is kept of each group of elements: the channels, or the
/// dimensions before the last d.
int kept_shape(PyObject* x, long d, npy_intp* shape) {
  if (d < 0) {
    shape[0] = PyArray_DIM(as_array(x), 1);
    return 1;
  }
  int rank = rank_of(x) - static_cast<int>(d);
  for (int i = 0; i < rank; ++i) shape[i] = PyArray_DIM(as_array(x), i);
  return rank;
}

template <class T>
PyObject* norm(PyObject* object, long d, PyObject* weight, PyObject* bias,
               double eps) {
  Settings<T> s{{}, static_cast<T>(eps), d >= 0};
  if (!read_planes(object, d, &s.shape)) return declined();
  long affine = s.rows ? s.shape.L : s.shape.C;
  if (!is_affine<T>(weight, affine) || !is_affine<T>(bias, affine))
    return declined();
  Owned x = contiguous(object);
  if (!x) return failed();
  npy_intp kept[kMaxRank];
  int rank = kept_shape(object, d, kept);
  Owned out(new_like<T>(object)), found[3];
  if (!out || !new_arrays<T>(found, rank, kept)) return failed();
  bool done = launch(
      element_ns(sizeof(T)) * double(size_of(object)), s,
      operands(data_of<T>(x.get()), data_or_null<T>(weight),
               data_or_null<T>(bias), data_of<T>(out.get()),
               data_of<T>(found[0].get()), data_of<T>(found[1].get()),
               data_of<T>(found[2].get())),
      [](const Settings<T>& j, const T* source, const T* factor,
         const T* summand, T* result, T* mean, T* variance, T* scale) {
        run_norm(j, source, factor, summand, result, mean, variance, scale);
      });
  return done ? PyTuple_Pack(4, out.get(), found[0].get(), found[1].get(),
                             found[2].get())
              : declined();
}

template <class T>
void run_grad(const Settings<T>& s, const T* grad, const T* x, const T* weight,
              const T* mean, const T* scale, T* grad_x, T* grad_weight,
              T* grad_bias) {
  NormGrad<T> job{s.shape, grad,   x,           weight,   mean,
                  scale,   grad_x, grad_weight, grad_bias};
  const auto& table = kernels().of<T>();
  if (!s.rows) return over_channels(s.shape, job, table.batch_norm_grad);
  double cost = element_ns(sizeof(T));
  in_pieces(s.shape.N, 1, cost * double(s.shape.L), job, table.layer_norm_grad);
  in_pieces(s.shape.L, kPiece, cost * double(s.shape.N), job,
            table.layer_norm_grad_affine);
}

template <class T>
PyObject* norm_grad(PyObject* grad_output, PyObject* input, long d,
                    PyObject* weight, PyObject* mean, PyObject* scale) {
  Settings<T> s{{}, 0, d >= 0};
  if (!is_plain_of<T>(grad_output) ||
      !PyArray_SAMESHAPE(as_array(grad_output), as_array(input)) ||
      !read_planes(input, d, &s.shape))
    return declined();
  long affine = s.rows ? s.shape.L : s.shape.C;
  long groups = s.rows ? s.shape.N : s.shape.C;
  if (!is_affine<T>(weight, affine) || mean == Py_None || scale == Py_None ||
      !is_affine<T>(mean, groups) || !is_affine<T>(scale, groups))
    return declined();
  Owned grad = contiguous(grad_output), x = contiguous(input);
  if (!grad || !x) return failed();
  npy_intp shape[kMaxRank] = {s.shape.C};
  int rank = 1;
  if (s.rows) {
    rank = static_cast<int>(d);
    for (int i = 0; i < rank; ++i)
      shape[i] = PyArray_DIM(as_array(input), rank_of(input) - rank + i);
  }
  Owned out(new_like<T>(input)), affine_grads[2];
  if (!out || !new_arrays<T>(affine_grads, rank, shape)) return failed();
  bool done = launch(
      2 * element_ns(sizeof(T)) * double(size_of(input)), s,
      operands(data_of<T>(grad.get()), data_of<T>(x.get()),
               data_or_null<T>(weight), data_of<T>(mean), data_of<T>(scale),
               data_of<T>(out.get()), data_of<T>(affine_grads[0].get()),
               data_of<T>(affine_grads[1].get())),
      [](const Settings<T>& j, const T* slope, const T* source, const T* factor,
         const T* average, const T* width, T* grad_x, T* grad_weight,
         T* grad_bias) {
        run_grad(j, slope, source, factor, average, width, grad_x, grad_weight,
                 grad_bias);
      });
  return done ? PyTuple_Pack(3, out.get(), affine_grads[0].get(),
                             affine_grads[1].get())
              : declined();
}

template <class T>
PyObject* channel_affine(PyObject* object, PyObject* weight, PyObject* bias) {
  Settings<T> s{{}, 0, false};
  if (!read_planes(object, -1, &s.shape) || !is_affine<T>(weight, s.shape.C) ||
      !is_affine<T>(bias, s.shape.C))
    return declined();
  Owned x = contiguous(object);
  if (!x) return failed();
  Owned out(new_like<T>(object));
  if (!out) return failed();
  double cost = 0.2 * element_ns(sizeof(T));
  bool done = launch(cost * double(size_of(object)), s,
                     operands(data_of<T>(x.get()), data_or_null<T>(weight),
                              data_or_null<T>(bias), data_of<T>(out.get())),
                     [](const Settings<T>& j, const T* source, const T* factor,
                        const T* summand, T* result) {
                       Norm<T> job{j.shape, source,  factor,  summand, 0,
                                   result,  nullptr, nullptr, nullptr};
                       double item =
                           0.2 * element_ns(sizeof(T)) * double(j.shape.C);
                       in_pieces(j.shape.N, 1, item * double(j.shape.L), job,
                                 kernels().of<T>().channel_affine);
                     });
  return finished(done, out);
}

// What Python calls.

PyObject* serve_batch_norm(PyObject* const* arguments, Py_ssize_t count) {
  double eps;
  if (count != 4 || !read_number(arguments[3], &eps)) return declined();
  return TATAMI_BY_TYPE(arguments[0], norm, arguments[0], -1, arguments[1],
                        arguments[2], eps);
}

PyObject* serve_layer_norm(PyObject* const* arguments, Py_ssize_t count) {
  double eps;
  long d;
  if (count != 5 || !read_integer(arguments[1], &d) || d < 1 ||
      !read_number(arguments[4], &eps))
    return declined();
  return TATAMI_BY_TYPE(arguments[0], norm, arguments[0], d, arguments[2],
                        arguments[3], eps);
}

PyObject* serve_batch_norm_grad(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 5) return declined();
  return TATAMI_BY_TYPE(arguments[1], norm_grad, arguments[0], arguments[1], -1,
                        arguments[2], arguments[3], arguments[4]);
}

PyObject* serve_layer_norm_grad(PyObject* const* arguments, Py_ssize_t count) {
  long d;
  if (count != 6 || !read_integer(arguments[2], &d) || d < 1) return declined();
  return TATAMI_BY_TYPE(arguments[1], norm_grad, arguments[0], arguments[1], d,
                        arguments[3], arguments[4], arguments[5]);
}

PyObject* serve_channel_affine(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 3) return declined();
  return TATAMI_BY_TYPE(arguments[0], channel_affine, arguments[0],
                        arguments[1], arguments[2]);
}

}  // namespace

void add_norm() {
  add_function("batch_norm", serve_batch_norm);
  add_function("batch_norm_grad", serve_batch_norm_grad);
  add_function("layer_norm", serve_layer_norm);
  add_function("layer_norm_grad", serve_layer_norm_grad);
  add_function("channel_affine", serve_channel_affine);
}

}  // namespace tatami

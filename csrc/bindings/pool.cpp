// pool.cpp: arguments of pooling, checked and brought to two dimensions.
#include "../array.h"

namespace tatami {
namespace {

bool read_pair(PyObject* object, int dims, long missing, long* out) {
  Lengths lengths;
  if (!lengths.read(object) || lengths.count != dims) return false;
  out[0] = missing;
  for (int i = 0; i < dims; ++i) out[2 - dims + i] = lengths.values[i];
  return true;
}

/// The rule of size.pooling_length; a hanging window starts inside the image.
long output_length(const Pooling& shape, int i, bool ceil_mode) {
  long span = shape.input[i] + 2 * shape.padding[i] -
              shape.dilation[i] * (shape.kernel[i] - 1) - 1;
  if (span < 0) return 0;
  if (!ceil_mode) return span / shape.stride[i] + 1;
  long count = (span + shape.stride[i] - 1) / shape.stride[i] + 1;
  bool outside =
      (count - 1) * shape.stride[i] >= shape.input[i] + shape.padding[i];
  return outside ? count - 1 : count;
}

/// Complete a shape whose window is read. False for what the kernels do not
/// serve.
bool set_sizes(const Lengths& x, bool ceil_mode, Pooling& shape) {
  int rank = x.count;
  if (rank != 3 && rank != 4) return false;
  shape.planes = x.values[0] * x.values[1];
  shape.input[0] = rank == 4 ? x.values[2] : 1;
  shape.input[1] = x.values[rank - 1];
  for (int i = 0; i < 2; ++i) {
    if (shape.kernel[i] < 1 || shape.stride[i] < 1 || shape.dilation[i] < 1 ||
        shape.padding[i] < 0 || shape.padding[i] * 2 > shape.kernel[i])
      return false;
    shape.output[i] = output_length(shape, i, ceil_mode);
    if (shape.input[i] < 1 || shape.output[i] < 1) return false;
  }
  return shape.planes > 0;
}

Lengths lengths_of(PyObject* array) {
  Lengths result;
  result.count = rank_of(array);
  for (int i = 0; i < result.count; ++i) result.values[i] = length_of(array, i);
  return result;
}

/// The shape (N, C, *output).
void output_shape(const Lengths& x, const Pooling& shape, npy_intp* out) {
  out[0] = x.values[0];
  out[1] = x.values[1];
  if (x.count == 4) out[2] = shape.output[0];
  out[x.count - 1] = shape.output[1];
}

double work_ns(const Pooling& shape) {
  return double(shape.planes * shape.output[0] * shape.output[1]) *
         double(shape.kernel[0] * shape.kernel[1]) * 0.4;
}

template <class T>
PyObject* max_pool(const Pooling& shape, PyObject* x) {
  npy_intp lengths[kMaxRank];
  output_shape(lengths_of(x), shape, lengths);
  Owned image = contiguous(x);
  if (!image) return failed();
  Owned values(new_array<T>(rank_of(x), lengths));
  Owned indices(new_array(rank_of(x), lengths, NPY_INT64));
  if (!values || !indices) return failed();
  launch(work_ns(shape), shape,
         operands(data_of<T>(image.get()), data_of<T>(values.get()),
                  data_of<int64_t>(indices.get())),
         [](const Pooling& s, const T* x, T* out, int64_t* places) {
           kernels().of<T>().max_pool(s, x, out, places);
         });
  return PyTuple_Pack(2, values.get(), indices.get());
}

PyObject* serve_max_pool(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 6 || !is_plain(arguments[0])) return declined();
  int dims = rank_of(arguments[0]) - 2;
  Pooling shape{};
  bool ceil_mode;
  if (!read_pair(arguments[1], dims, 1, shape.kernel) ||
      !read_pair(arguments[2], dims, 1, shape.stride) ||
      !read_pair(arguments[3], dims, 0, shape.padding) ||
      !read_pair(arguments[4], dims, 1, shape.dilation) ||
      !read_flag(arguments[5], &ceil_mode) ||
      !set_sizes(lengths_of(arguments[0]), ceil_mode, shape))
    return declined();
  return TATAMI_BY_TYPE(arguments[0], max_pool, shape, arguments[0]);
}

template <class T>
PyObject* max_pool_grad(PyObject* grad_output, PyObject* indices,
                        const Lengths& lengths) {
  npy_intp shape[kMaxRank];
  long area = 1;
  for (int i = 0; i < lengths.count; ++i) {
    shape[i] = lengths.values[i];
    if (i >= 2) area *= lengths.values[i];
  }
  long planes = lengths.values[0] * lengths.values[1];
  if (planes <= 0 || area <= 0 || size_of(grad_output) % planes)
    return declined();
  Owned gradients = contiguous(grad_output), places = contiguous(indices);
  if (!gradients || !places) return failed();
  Owned target(new_array<T>(lengths.count, shape));
  if (!target) return failed();
  struct Sizes {
    long planes, outputs, area;
  } sizes{planes, size_of(grad_output) / planes, area};
  bool done = launch(
      double(size_of(grad_output)), sizes,
      operands(data_of<T>(gradients.get()), data_of<int64_t>(places.get()),
               data_of<T>(target.get())),
      [](const Sizes& s, const T* gradient, const int64_t* index, T* out) {
        return kernels().of<T>().max_pool_grad(gradient, index, out, s.planes,
                                               s.outputs, s.area);
      });
  return finished(done, target);
}

PyObject* serve_max_pool_grad(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 3) return declined();
  PyObject *grad_output = arguments[0], *indices = arguments[1];
  Lengths lengths;
  if (!is_plain(grad_output) || !is_plain(indices) ||
      PyArray_TYPE(as_array(indices)) != NPY_INT64 ||
      !PyArray_SAMESHAPE(as_array(grad_output), as_array(indices)) ||
      !lengths.read(arguments[2]) || lengths.count < 3 ||
      lengths.count != rank_of(grad_output) ||
      lengths.values[0] != length_of(grad_output, 0) ||
      lengths.values[1] != length_of(grad_output, 1))
    return declined();
  return TATAMI_BY_TYPE(grad_output, max_pool_grad, grad_output, indices,
                        lengths);
}

/// From x (N, C, H, W) and the lengths of a window.
bool read_tiling(PyObject* x, PyObject* pool, Tiling& shape) {
  if (!is_plain(x) || rank_of(x) != 4 || !read_pair(pool, 2, 1, shape.pool) ||
      shape.pool[0] < 1 || shape.pool[1] < 1)
    return false;
  shape.planes = length_of(x, 0) * length_of(x, 1);
  for (int i = 0; i < 2; ++i) {
    shape.input[i] = length_of(x, 2 + i);
    shape.output[i] = shape.input[i] / shape.pool[i];
  }
  double taps = double(shape.pool[0]) * double(shape.pool[1]);
  return taps < kClosed && shape.planes > 0 && shape.output[0] > 0 &&
         shape.output[1] > 0;
}

double work_ns(const Tiling& shape) {
  return 0.2 * double(shape.planes * shape.input[0] * shape.input[1]);
}

template <class T>
PyObject* max_pool_tiles(const Tiling& shape, PyObject* x) {
  const npy_intp lengths[] = {length_of(x, 0), length_of(x, 1), shape.output[0],
                              shape.output[1]};
  Owned image = contiguous(x);
  if (!image) return failed();
  Owned values(new_array<T>(4, lengths));
  Owned code(new_array(4, lengths, NPY_UINT8));
  if (!values || !code) return failed();
  launch(work_ns(shape), shape,
         operands(data_of<T>(image.get()), data_of<T>(values.get()),
                  data_of<uint8_t>(code.get())),
         [](const Tiling& s, const T* x, T* out, uint8_t* code) {
           kernels().of<T>().max_pool_tiles(s, x, out, code);
         });
  return PyTuple_Pack(2, values.get(), code.get());
}

PyObject* serve_max_pool_tiles(PyObject* const* arguments, Py_ssize_t count) {
  Tiling shape;
  if (count != 2 || !read_tiling(arguments[0], arguments[1], shape))
    return declined();
  return TATAMI_BY_TYPE(arguments[0], max_pool_tiles, shape, arguments[0]);
}

template <class T>
PyObject* max_pool_tiles_grad(const Tiling& shape, PyObject* grad_output,
                              PyObject* code, PyObject* x) {
  Owned gradients = contiguous(grad_output), codes = contiguous(code);
  if (!gradients || !codes) return failed();
  const npy_intp lengths[] = {length_of(x, 0), length_of(x, 1), shape.input[0],
                              shape.input[1]};
  Owned target(new_array<T>(4, lengths));
  if (!target) return failed();
  bool done = launch(
      work_ns(shape), shape,
      operands(data_of<T>(gradients.get()), data_of<uint8_t>(codes.get()),
               data_of<T>(target.get())),
      [](const Tiling& s, const T* gradient, const uint8_t* code, T* out) {
        return kernels().of<T>().max_pool_tiles_grad(s, gradient, code, out);
      });
  return finished(done, target);
}

PyObject* serve_max_pool_tiles_grad(PyObject* const* arguments,
                                    Py_ssize_t count) {
  Tiling shape;
  if (count != 4 || !is_plain(arguments[0]) || !is_plain(arguments[1]) ||
      PyArray_TYPE(as_array(arguments[1])) != NPY_UINT8 ||
      !PyArray_SAMESHAPE(as_array(arguments[0]), as_array(arguments[1])) ||
      !read_tiling(arguments[2], arguments[3], shape) ||
      rank_of(arguments[0]) != 4 ||
      length_of(arguments[0], 0) != length_of(arguments[2], 0) ||
      length_of(arguments[0], 1) != length_of(arguments[2], 1) ||
      length_of(arguments[0], 2) != shape.output[0] ||
      length_of(arguments[0], 3) != shape.output[1])
    return declined();
  return TATAMI_BY_TYPE(arguments[0], max_pool_tiles_grad, shape, arguments[0],
                        arguments[1], arguments[2]);
}

/// kernel_size, stride, padding, ceil_mode, count_include_pad,
/// divisor_override.
bool read_average(PyObject* const* arguments, const Lengths& x,
                  Pooling& shape) {
  int dims = x.count - 2;
  bool ceil_mode;
  shape.dilation[0] = shape.dilation[1] = 1;
  if (!read_pair(arguments[0], dims, 1, shape.kernel) ||
      !read_pair(arguments[1], dims, 1, shape.stride) ||
      !read_pair(arguments[2], dims, 0, shape.padding) ||
      !read_flag(arguments[3], &ceil_mode) ||
      !read_flag(arguments[4], &shape.count_include_pad))
    return false;
  if (arguments[5] != Py_None &&
      (!read_integer(arguments[5], &shape.divisor) || shape.divisor == 0))
    return false;
  return set_sizes(x, ceil_mode, shape);
}

template <class T>
PyObject* avg_pool(const Pooling& shape, PyObject* x) {
  npy_intp lengths[kMaxRank];
  output_shape(lengths_of(x), shape, lengths);
  Owned image = contiguous(x);
  if (!image) return failed();
  Owned target(new_array<T>(rank_of(x), lengths));
  if (!target) return failed();
  bool done =
      launch(work_ns(shape), shape,
             operands(data_of<T>(image.get()), data_of<T>(target.get())),
             [](const Pooling& s, const T* x, T* out) {
               kernels().of<T>().avg_pool(s, x, out);
             });
  return finished(done, target);
}

PyObject* serve_avg_pool(PyObject* const* arguments, Py_ssize_t count) {
  Pooling shape{};
  if (count != 7 || !is_plain(arguments[0]) ||
      !read_average(arguments + 1, lengths_of(arguments[0]), shape))
    return declined();
  return TATAMI_BY_TYPE(arguments[0], avg_pool, shape, arguments[0]);
}

template <class T>
PyObject* avg_pool_grad(const Pooling& shape, PyObject* grad_output,
                        const Lengths& lengths) {
  npy_intp expected[kMaxRank], result[kMaxRank];
  output_shape(lengths, shape, expected);
  if (rank_of(grad_output) != lengths.count ||
      !PyArray_CompareLists(PyArray_DIMS(as_array(grad_output)), expected,
                            lengths.count))
    return declined();
  for (int i = 0; i < lengths.count; ++i) result[i] = lengths.values[i];
  Owned gradients = contiguous(grad_output);
  if (!gradients) return failed();
  Owned target(new_array<T>(lengths.count, result));
  if (!target) return failed();
  bool done =
      launch(work_ns(shape), shape,
             operands(data_of<T>(gradients.get()), data_of<T>(target.get())),
             [](const Pooling& s, const T* gradient, T* out) {
               kernels().of<T>().avg_pool_grad(s, gradient, out);
             });
  return finished(done, target);
}

PyObject* serve_avg_pool_grad(PyObject* const* arguments, Py_ssize_t count) {
  Pooling shape{};
  Lengths lengths;
  if (count != 8 || !lengths.read(arguments[1]) ||
      !read_average(arguments + 2, lengths, shape))
    return declined();
  return TATAMI_BY_TYPE(arguments[0], avg_pool_grad, shape, arguments[0],
                        lengths);
}

}  // namespace

void add_pool() {
  add_function("max_pool", serve_max_pool);
  add_function("max_pool_grad", serve_max_pool_grad);
  add_function("max_pool_tiles", serve_max_pool_tiles);
  add_function("max_pool_tiles_grad", serve_max_pool_tiles_grad);
  add_function("avg_pool", serve_avg_pool);
  add_function("avg_pool_grad", serve_avg_pool_grad);
}

}  // namespace tatami

// conv_pool.cpp: arguments of convolution, relu and max pooling in one.
#include "../array.h"

namespace tatami {
namespace {

bool read_pair(PyObject* object, long least, long* out) {
  Lengths lengths;
  if (!lengths.read(object) || lengths.count != 2) return false;
  out[0] = lengths.values[0];
  out[1] = lengths.values[1];
  return out[0] >= least && out[1] >= least;
}

/// From x (N, C, H, W) and weight (O, C, K, K). False for what the kernels do
/// not serve: nothing to compute, or too much for offsets of 32 bits.
bool set_sizes(PyObject* x, const Lengths& weight, ConvolutionPool& shape) {
  if (rank_of(x) != 4 || weight.count != 4 ||
      length_of(x, 1) != weight.values[1])
    return false;
  shape.N = length_of(x, 0);
  shape.C = length_of(x, 1);
  shape.O = weight.values[0];
  double area = double(shape.C > shape.O ? shape.C : shape.O);
  double window = double(shape.C * shape.O);
  for (int i = 0; i < 2; ++i) {
    shape.input[i] = length_of(x, 2 + i);
    shape.kernel[i] = weight.values[2 + i];
    long padded = shape.input[i] + 2 * shape.padding[i];
    if (shape.input[i] < 1 || shape.kernel[i] < 1 || padded < shape.kernel[i])
      return false;
    shape.output[i] = (padded - shape.kernel[i] + 1) / shape.pool[i];
    if (shape.output[i] < 1) return false;
    area *= double(padded + 1);
    window *= double(shape.kernel[i]);
  }
  constexpr double kMost = 1 << 26;
  return shape.N > 0 && shape.C > 0 && shape.O > 0 && area < kMost &&
         window < kMost && shape.pool[0] * shape.pool[1] < 255;
}

Lengths lengths_of(PyObject* array) {
  Lengths lengths;
  lengths.count = rank_of(array);
  for (int i = 0; i < lengths.count; ++i)
    lengths.values[i] = length_of(array, i);
  return lengths;
}

bool read_shape(PyObject* x, PyObject* weight, PyObject* padding,
                PyObject* pool, ConvolutionPool& shape) {
  return is_plain(x) && is_plain(weight) &&
         read_pair(padding, 0, shape.padding) &&
         read_pair(pool, 1, shape.pool) &&
         set_sizes(x, lengths_of(weight), shape);
}

double work_ns(const ConvolutionPool& shape) {
  double sums = double(shape.N * shape.O * shape.C) *
                double(shape.output[0] * shape.output[1]) *
                double(shape.pool[0] * shape.pool[1]);
  return sums * double(shape.kernel[0] * shape.kernel[1]) / 40;
}

template <class T>
bool is_vector_of(PyObject* object, long length) {
  return is_plain_of<T>(object) && rank_of(object) == 1 &&
         length_of(object, 0) == length;
}

template <class T>
PyObject* forward(const ConvolutionPool& shape, PyObject* x, PyObject* weight,
                  PyObject* bias, bool with_code) {
  if (!is_plain_of<T>(weight) || (bias && !is_vector_of<T>(bias, shape.O)))
    return declined();
  Owned images = contiguous(x), rows = contiguous(weight);
  Owned shift = bias ? contiguous(bias) : Owned();
  if (!images || !rows || (bias && !shift)) return failed();
  const npy_intp lengths[] = {shape.N, shape.O, shape.output[0],
                              shape.output[1]};
  Owned out(new_array<T>(4, lengths));
  Owned code(with_code ? new_array(4, lengths, NPY_UINT8) : nullptr);
  if (!out || (with_code && !code)) return failed();
  launch(
      work_ns(shape), shape,
      operands(data_of<T>(images.get()), data_of<T>(rows.get()),
               bias ? data_of<T>(shift.get()) : nullptr, data_of<T>(out.get()),
               code ? data_of<uint8_t>(code.get()) : nullptr),
      [](const ConvolutionPool& s, const T* x, const T* weight, const T* shift,
         T* out, uint8_t* code) {
        kernels().of<T>().convolution_max_pool(
            {s, x, weight, shift, out, code});
      });
  return code ? PyTuple_Pack(2, out.get(), code.get()) : out.release();
}

PyObject* serve_forward(PyObject* const* arguments, Py_ssize_t count,
                        bool with_code) {
  if (count != 6) return declined();
  PyObject *x = arguments[0], *weight = arguments[1], *bias = arguments[2];
  ConvolutionPool shape;
  if (!read_shape(x, weight, arguments[3], arguments[4], shape) ||
      !read_flag(arguments[5], &shape.relu))
    return declined();
  return TATAMI_BY_TYPE(x, forward, shape, x, weight,
                        bias == Py_None ? nullptr : bias, with_code);
}

PyObject* serve_training(PyObject* const* arguments, Py_ssize_t count) {
  return serve_forward(arguments, count, true);
}

PyObject* serve_inference(PyObject* const* arguments, Py_ssize_t count) {
  return serve_forward(arguments, count, false);
}

bool has_output_shape(const ConvolutionPool& shape, PyObject* array) {
  return rank_of(array) == 4 && length_of(array, 0) == shape.N &&
         length_of(array, 1) == shape.O &&
         length_of(array, 2) == shape.output[0] &&
         length_of(array, 3) == shape.output[1];
}

template <class T>
PyObject* backward(const ConvolutionPool& shape, PyObject* const* arguments,
                   bool needs_input, bool needs_bias) {
  PyObject *grad_output = arguments[0], *code = arguments[1];
  PyObject *x = arguments[2], *weight = arguments[3];
  if (!is_plain_of<T>(x) || !is_plain_of<T>(weight)) return declined();
  Owned gradients = contiguous(grad_output), codes = contiguous(code);
  Owned images = contiguous(x), rows = contiguous(weight);
  if (!gradients || !codes || !images || !rows) return failed();
  const npy_intp channels[] = {shape.O};
  Owned grad_input(needs_input ? new_like<T>(x) : Py_NewRef(Py_None));
  Owned grad_weight(new_like<T>(weight));
  Owned grad_bias(needs_bias ? new_array<T>(1, channels) : Py_NewRef(Py_None));
  if (!grad_input || !grad_weight || !grad_bias) return failed();
  bool done = launch(
      work_ns(shape), shape,
      operands(data_of<T>(gradients.get()), data_of<uint8_t>(codes.get()),
               data_of<T>(images.get()), data_of<T>(rows.get()),
               needs_input ? data_of<T>(grad_input.get()) : nullptr,
               data_of<T>(grad_weight.get()),
               needs_bias ? data_of<T>(grad_bias.get()) : nullptr),
      [](const ConvolutionPool& s, const T* gradient, const uint8_t* code,
         const T* x, const T* weight, T* input, T* weights, T* bias) {
        return kernels().of<T>().convolution_max_pool_grad({s,
                                                            gradient,
                                                            code,
                                                            nullptr,
                                                            nullptr,
                                                            {},
                                                            x,
                                                            weight,
                                                            input,
                                                            weights,
                                                            bias});
      });
  if (!done) return declined();
  return PyTuple_Pack(3, grad_input.get(), grad_weight.get(), grad_bias.get());
}

PyObject* serve_backward(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 8) return declined();
  PyObject *grad_output = arguments[0], *code = arguments[1];
  ConvolutionPool shape;
  bool needs_input, needs_bias;
  if (!is_plain(grad_output) || !is_plain(code) ||
      PyArray_TYPE(as_array(code)) != NPY_UINT8 ||
      !read_shape(arguments[2], arguments[3], arguments[4], arguments[5],
                  shape) ||
      !has_output_shape(shape, grad_output) || !has_output_shape(shape, code) ||
      !read_flag(arguments[6], &needs_input) ||
      !read_flag(arguments[7], &needs_bias))
    return declined();
  return TATAMI_BY_TYPE(grad_output, backward, shape, arguments, needs_input,
                        needs_bias);
}

// The same for a pooling of any windows, by its indices.

/// The lengths of what a convolution returns are those of `plane`.
struct Indexed {
  ConvolutionPool shape;
  long plane[2];
};

template <class T>
bool is_in_order(PyObject* array) {
  return array == Py_None || (is_plain_of<T>(array) && is_contiguous(array));
}

template <class T>
T* data_or_null(PyObject* array) {
  return array == Py_None ? nullptr : data_of<T>(array);
}

template <class T>
PyObject* indexed(const Indexed& job, PyObject* const* arguments,
                  bool needs_bias) {
  PyObject *gradient = arguments[0], *indices = arguments[1];
  PyObject *opened = arguments[2], *x = arguments[3], *weight = arguments[4];
  for (PyObject* array : {gradient, opened, x, weight})
    if (!is_in_order<T>(array)) return declined();
  const ConvolutionPool& shape = job.shape;
  const npy_intp window[] = {shape.O, shape.C, shape.kernel[0],
                             shape.kernel[1]};
  Owned grad_input(weight == Py_None ? Py_NewRef(Py_None) : new_like<T>(x));
  Owned grad_weight(new_array<T>(4, window));
  Owned grad_bias(needs_bias ? new_array<T>(1, window) : Py_NewRef(Py_None));
  if (!grad_input || !grad_weight || !grad_bias) return failed();
  bool done = launch(
      work_ns(shape), job,
      operands(data_of<T>(gradient), data_of<int64_t>(indices),
               data_or_null<T>(opened), data_of<T>(x), data_or_null<T>(weight),
               data_or_null<T>(grad_input.get()), data_of<T>(grad_weight.get()),
               data_or_null<T>(grad_bias.get())),
      [](const Indexed& j, const T* gradient, const int64_t* indices,
         const T* opened, const T* x, const T* weight, T* input, T* weights,
         T* bias) {
        return kernels().of<T>().convolution_max_pool_grad(
            {j.shape,
             gradient,
             nullptr,
             indices,
             opened,
             {j.plane[0], j.plane[1]},
             x,
             weight,
             input,
             weights,
             bias});
      });
  if (!done) return declined();
  return PyTuple_Pack(3, grad_input.get(), grad_weight.get(), grad_bias.get());
}

/// The lengths of the planes that were pooled, and of those that came out.
bool set_planes(PyObject* grad_output, PyObject* opened, Indexed& job) {
  for (int i = 0; i < 2; ++i) {
    job.plane[i] = job.shape.output[i];
    job.shape.output[i] = length_of(grad_output, 2 + i);
  }
  if (opened == Py_None) return true;
  return is_plain(opened) && rank_of(opened) == 4 &&
         length_of(opened, 0) == job.shape.N &&
         length_of(opened, 1) == job.shape.O &&
         length_of(opened, 2) == job.plane[0] &&
         length_of(opened, 3) == job.plane[1];
}

bool has_lengths(PyObject* array, const Lengths& lengths) {
  if (!is_plain(array) || rank_of(array) != lengths.count) return false;
  for (int i = 0; i < lengths.count; ++i)
    if (length_of(array, i) != lengths.values[i]) return false;
  return true;
}

PyObject* serve_indexed(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 8) return declined();
  PyObject *grad_output = arguments[0], *indices = arguments[1];
  PyObject *x = arguments[3], *weight = arguments[4];
  Indexed job;
  ConvolutionPool& shape = job.shape;
  shape.pool[0] = shape.pool[1] = 1;
  shape.relu = false;
  Lengths window;
  bool needs_bias;
  if (!is_plain(grad_output) || !is_plain(indices) ||
      PyArray_TYPE(as_array(indices)) != NPY_INT64 || !is_plain(x) ||
      !is_contiguous(indices) || rank_of(grad_output) != 4 ||
      !window.read(arguments[5]) ||
      (weight != Py_None && !has_lengths(weight, window)) ||
      !read_pair(arguments[6], 0, shape.padding) ||
      !set_sizes(x, window, shape) ||
      !set_planes(grad_output, arguments[2], job) ||
      !has_output_shape(shape, grad_output) ||
      !has_output_shape(shape, indices) ||
      !read_flag(arguments[7], &needs_bias))
    return declined();
  return TATAMI_BY_TYPE(grad_output, indexed, job, arguments, needs_bias);
}

}  // namespace

void add_conv_pool() {
  add_function("convolution_max_pool", serve_training);
  add_function("convolution_max_pool_infer", serve_inference);
  add_function("convolution_max_pool_grad", serve_backward);
  add_function("convolution_indexed_grad", serve_indexed);
}

}  // namespace tatami

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
         window < kMost && shape.pool[0] * shape.pool[1] < kClosed;
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
T* data_or_null(PyObject* array) {
  return array == Py_None ? nullptr : data_of<T>(array);
}

template <class T>
PyObject* backward(const ConvolutionPool& shape, PyObject* const* arguments,
                   bool needs_bias) {
  PyObject *grad_output = arguments[0], *code = arguments[1];
  PyObject *x = arguments[2], *weight = arguments[3];
  const bool needs_input = weight != Py_None;
  if (!is_plain_of<T>(x) || (needs_input && !is_plain_of<T>(weight)))
    return declined();
  Owned gradients = contiguous(grad_output), codes = contiguous(code);
  Owned images = contiguous(x);
  Owned rows = needs_input ? contiguous(weight) : Owned(Py_NewRef(Py_None));
  if (!gradients || !codes || !images || !rows) return failed();
  const npy_intp window[] = {shape.O, shape.C, shape.kernel[0],
                             shape.kernel[1]};
  Owned grad_input(needs_input ? new_like<T>(x) : Py_NewRef(Py_None));
  Owned grad_weight(new_array<T>(4, window));
  Owned grad_bias(needs_bias ? new_array<T>(1, window) : Py_NewRef(Py_None));
  if (!grad_input || !grad_weight || !grad_bias) return failed();
  bool done = launch(
      work_ns(shape), shape,
      operands(data_of<T>(gradients.get()), data_of<uint8_t>(codes.get()),
               data_of<T>(images.get()), data_or_null<T>(rows.get()),
               data_or_null<T>(grad_input.get()), data_of<T>(grad_weight.get()),
               data_or_null<T>(grad_bias.get())),
      [](const ConvolutionPool& s, const T* gradient, const uint8_t* code,
         const T* x, const T* weight, T* input, T* weights, T* bias) {
        return kernels().of<T>().convolution_max_pool_grad(
            {s, gradient, code, x, weight, input, weights, bias});
      });
  if (!done) return declined();
  return PyTuple_Pack(3, grad_input.get(), grad_weight.get(), grad_bias.get());
}

bool has_lengths(PyObject* array, const Lengths& lengths) {
  if (!is_plain(array) || rank_of(array) != lengths.count) return false;
  for (int i = 0; i < lengths.count; ++i)
    if (length_of(array, i) != lengths.values[i]) return false;
  return true;
}

PyObject* serve_backward(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 9) return declined();
  PyObject *grad_output = arguments[0], *code = arguments[1];
  PyObject *x = arguments[2], *weight = arguments[3];
  ConvolutionPool shape;
  Lengths window;
  bool needs_bias;
  if (!is_plain(grad_output) || !is_plain(code) || !is_plain(x) ||
      PyArray_TYPE(as_array(code)) != NPY_UINT8 || !window.read(arguments[4]) ||
      (weight != Py_None && !has_lengths(weight, window)) ||
      !read_pair(arguments[5], 0, shape.padding) ||
      !read_pair(arguments[6], 1, shape.pool) ||
      !read_flag(arguments[7], &shape.relu) || !set_sizes(x, window, shape) ||
      !has_output_shape(shape, grad_output) || !has_output_shape(shape, code) ||
      !read_flag(arguments[8], &needs_bias))
    return declined();
  return TATAMI_BY_TYPE(grad_output, backward, shape, arguments, needs_bias);
}

}  // namespace

void add_conv_pool() {
  add_function("convolution_max_pool", serve_training);
  add_function("convolution_max_pool_infer", serve_inference);
  add_function("convolution_max_pool_grad", serve_backward);
}

}  // namespace tatami

// conv.cpp: arguments of a convolution, checked and brought to two dimensions.
#include "../array.h"

namespace tatami {
namespace {

/// Two of a kind for one or two spatial dimensions; a missing one stands in
/// front.
bool read_pair(PyObject* object, int dims, long missing, long least,
               long* out) {
  Lengths lengths;
  if (!lengths.read(object) || lengths.count != dims) return false;
  out[0] = missing;
  for (int i = 0; i < dims; ++i) out[2 - dims + i] = lengths.values[i];
  return out[0] >= least && out[1] >= least;
}

/// stride, padding, dilation, groups: the last four arguments of each function.
bool read_geometry(PyObject* const* arguments, int dims, Convolution& shape) {
  return read_pair(arguments[0], dims, 1, 1, shape.stride) &&
         read_pair(arguments[1], dims, 0, 0, shape.padding) &&
         read_pair(arguments[2], dims, 1, 1, shape.dilation) &&
         read_integer(arguments[3], &shape.groups) && shape.groups >= 1;
}

Lengths lengths_of(PyObject* array) {
  Lengths result;
  result.count = rank_of(array);
  for (int i = 0; i < result.count; ++i) result.values[i] = length_of(array, i);
  return result;
}

long output_length(const Convolution& shape, int i) {
  long span = shape.input[i] + 2 * shape.padding[i] -
              shape.dilation[i] * (shape.kernel[i] - 1) - 1;
  return span < 0 ? 0 : span / shape.stride[i] + 1;
}

/// Images are (N, C, *) and the weight is (O, C / groups, *).
bool set_sizes(const Lengths& images, const Lengths& weight,
               Convolution& shape) {
  int rank = images.count;
  if (weight.count != rank || (rank != 3 && rank != 4)) return false;
  shape.N = images.values[0];
  shape.C = images.values[1];
  shape.O = weight.values[0];
  shape.input[0] = shape.kernel[0] = 1;
  for (int i = 2; i < rank; ++i) {
    shape.input[4 - rank + i - 2] = images.values[i];
    shape.kernel[4 - rank + i - 2] = weight.values[i];
  }
  if (shape.C % shape.groups || shape.O % shape.groups ||
      weight.values[1] != shape.C / shape.groups)
    return false;
  bool empty = shape.N == 0 || shape.C == 0 || shape.O == 0;
  double window = double(weight.values[1]);
  for (int i = 0; i < 2; ++i) {
    if (shape.kernel[i] < 1) return false;
    shape.output[i] = output_length(shape, i);
    empty = empty || shape.input[i] == 0 || shape.output[i] == 0;
    window *= double(shape.kernel[i]);
  }
  constexpr double kMost = 1 << 30;  // offsets are 32-bit
  double area = double(shape.output[0] * shape.stride[0] +
                       shape.kernel[0] * shape.dilation[0]) *
                double(shape.output[1] * shape.stride[1] +
                       shape.kernel[1] * shape.dilation[1]);
  double channels = double(shape.C > shape.O ? shape.C : shape.O);
  return !empty && area * channels < kMost && window * double(shape.O) < kMost;
}

bool has_output_shape(const Convolution& shape, PyObject* grad_output) {
  int rank = rank_of(grad_output);
  return length_of(grad_output, 0) == shape.N &&
         length_of(grad_output, 1) == shape.O &&
         length_of(grad_output, rank - 1) == shape.output[1] &&
         (rank == 3 || length_of(grad_output, 2) == shape.output[0]);
}

double work_ns(const Convolution& shape) {
  double window = double(shape.kernel[0] * shape.kernel[1] * shape.C);
  return double(shape.N * shape.O / shape.groups) * window *
         double(shape.output[0] * shape.output[1]) / 30;
}

Owned new_of(PyObject* like, const Lengths& lengths) {
  npy_intp shape[kMaxRank];
  for (int i = 0; i < lengths.count; ++i) shape[i] = lengths.values[i];
  return Owned(new_array(lengths.count, shape, PyArray_TYPE(as_array(like))));
}

template <class T>
PyObject* convolution(const Convolution& shape, PyObject* x, PyObject* weight,
                      PyObject* bias) {
  if (!is_plain_of<T>(weight)) return declined();
  if (bias && (!is_plain_of<T>(bias) || rank_of(bias) != 1 ||
               length_of(bias, 0) != shape.O))
    return declined();
  Lengths lengths = lengths_of(x);
  lengths.values[1] = shape.O;
  for (int i = 2; i < lengths.count; ++i)
    lengths.values[i] = shape.output[4 - lengths.count + i - 2];
  Owned images = contiguous(x), rows = contiguous(weight);
  Owned shift = bias ? contiguous(bias) : Owned();
  if (!images || !rows || (bias && !shift)) return failed();
  Owned target = new_of(x, lengths);
  if (!target) return failed();
  bool done =
      launch(work_ns(shape), shape,
             operands(data_of<T>(images.get()), data_of<T>(rows.get()),
                      bias ? data_of<T>(shift.get()) : nullptr,
                      data_of<T>(target.get())),
             [](const Convolution& s, const T* x, const T* w, const T* b,
                T* out) { kernels().of<T>().convolution(s, x, w, b, out); });
  return finished(done, target);
}

PyObject* serve_activated(PyObject* const* arguments, Py_ssize_t count,
                          Activation activation) {
  if (count != 7) return declined();
  PyObject *x = arguments[0], *weight = arguments[1], *bias = arguments[2];
  Convolution shape;
  shape.activation = activation;
  if (!is_plain(x) || !is_plain(weight) ||
      !read_geometry(arguments + 3, rank_of(x) - 2, shape) ||
      !set_sizes(lengths_of(x), lengths_of(weight), shape))
    return declined();
  return TATAMI_BY_TYPE(x, convolution, shape, x, weight,
                        bias == Py_None ? nullptr : bias);
}

PyObject* serve_convolution(PyObject* const* arguments, Py_ssize_t count) {
  return serve_activated(arguments, count, Activation::none);
}

PyObject* serve_relu(PyObject* const* arguments, Py_ssize_t count) {
  return serve_activated(arguments, count, Activation::relu);
}

/// Both gradients: from grad_output and one operand to an array of known
/// lengths.
template <class T, class Body>
PyObject* gradient(const Convolution& shape, Body body, PyObject* grad_output,
                   PyObject* operand, const Lengths& lengths) {
  if (!is_plain_of<T>(operand) || !has_output_shape(shape, grad_output))
    return declined();
  Owned gradients = contiguous(grad_output), other = contiguous(operand);
  if (!gradients || !other) return failed();
  Owned target = new_of(operand, lengths);
  if (!target) return failed();
  bool done =
      launch(work_ns(shape), shape,
             operands(data_of<T>(gradients.get()), data_of<T>(other.get()),
                      data_of<T>(target.get())),
             body);
  return finished(done, target);
}

template <class T>
PyObject* grad_input(const Convolution& shape, PyObject* grad_output,
                     PyObject* weight, const Lengths& lengths) {
  auto body = [](const Convolution& s, const T* g, const T* w, T* out) {
    kernels().of<T>().convolution_grad_input(s, g, w, out);
  };
  return gradient<T>(shape, body, grad_output, weight, lengths);
}

template <class T>
PyObject* grad_weight(const Convolution& shape, PyObject* grad_output,
                      PyObject* x, const Lengths& lengths) {
  auto body = [](const Convolution& s, const T* g, const T* x, T* out) {
    kernels().of<T>().convolution_grad_weight(s, g, x, out);
  };
  return gradient<T>(shape, body, grad_output, x, lengths);
}

PyObject* serve_grad_input(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 7) return declined();
  PyObject *grad_output = arguments[0], *weight = arguments[1];
  Convolution shape;
  Lengths lengths;
  if (!is_plain(grad_output) || !is_plain(weight) ||
      !lengths.read(arguments[2]) || lengths.count != rank_of(grad_output) ||
      !read_geometry(arguments + 3, rank_of(grad_output) - 2, shape) ||
      !set_sizes(lengths, lengths_of(weight), shape))
    return declined();
  return TATAMI_BY_TYPE(grad_output, grad_input, shape, grad_output, weight,
                        lengths);
}

PyObject* serve_grad_weight(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 7) return declined();
  PyObject *grad_output = arguments[0], *x = arguments[1];
  Convolution shape;
  Lengths lengths;
  if (!is_plain(grad_output) || !is_plain(x) || !lengths.read(arguments[2]) ||
      lengths.count != rank_of(grad_output) ||
      !read_geometry(arguments + 3, rank_of(grad_output) - 2, shape) ||
      !set_sizes(lengths_of(x), lengths, shape))
    return declined();
  return TATAMI_BY_TYPE(grad_output, grad_weight, shape, grad_output, x,
                        lengths);
}

}  // namespace

void add_conv() {
  add_function("convolution", serve_convolution);
  add_function("convolution_relu", serve_relu);
  add_function("convolution_grad_input", serve_grad_input);
  add_function("convolution_grad_weight", serve_grad_weight);
}

}  // namespace tatami

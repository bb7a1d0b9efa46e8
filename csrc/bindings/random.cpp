// random.cpp: draws from a Stream, whose twister NumPy holds.
#include <numpy/random/bitgen.h>

#include <cmath>
#include <cstring>
#include <mutex>

#include "../array.h"

namespace tatami {
namespace {

constexpr double kDrawNs = 1.0;

/// Guards all twisters: a kernel draws with the GIL released.
std::mutex drawing;

/// Whether NumPy lays a twister out as Twister says: it promises no layout.
bool is_as_expected(PyObject* stream, const Twister* twister) {
  Owned position(PyObject_CallMethod(stream, "position", nullptr));
  if (!position || !PyTuple_Check(position.get()) ||
      PyTuple_GET_SIZE(position.get()) != 2)
    return false;
  PyObject* key = PyTuple_GET_ITEM(position.get(), 0);
  return is_plain(key) && is_contiguous(key) &&
         PyArray_TYPE(as_array(key)) == NPY_UINT32 &&
         size_of(key) == Twister::kWords &&
         std::memcmp(data_of<uint32_t>(key), twister->key,
                     sizeof twister->key) == 0 &&
         PyLong_AsLong(PyTuple_GET_ITEM(position.get(), 1)) == twister->used;
}

/// The twister of a stream; nullptr if it can't be had.
Twister* twister_of(PyObject* stream) {
  static int expected = -1;  // unknown
  Owned capsule(PyObject_GetAttrString(stream, "capsule"));
  Twister* twister = nullptr;
  if (capsule) {
    auto* generator = static_cast<bitgen_t*>(
        PyCapsule_GetPointer(capsule.get(), "BitGenerator"));
    if (generator) twister = static_cast<Twister*>(generator->state);
  }
  if (twister && expected < 0) expected = is_as_expected(stream, twister);
  PyErr_Clear();
  return expected == 1 ? twister : nullptr;
}

int type_of(PyObject* kind) {
  PyArray_Descr* descriptor = nullptr;
  if (kind == Py_None || !PyArray_DescrConverter(kind, &descriptor)) {
    PyErr_Clear();
    return -1;
  }
  int type = descriptor->type_num;
  Py_DECREF(descriptor);
  return type;
}

bool as_shape(const Lengths& lengths, npy_intp* shape) {
  for (int i = 0; i < lengths.count; ++i) {
    if (lengths.values[i] < 0) return false;
    shape[i] = lengths.values[i];
  }
  return true;
}

/// How many of the 2^53 units count as a one.
bool limit_of(double probability, int64_t* limit) {
  if (!(probability >= 0 && probability <= 1)) return false;
  *limit = static_cast<int64_t>(std::ceil(probability * 0x1p53));
  return true;
}

struct Draw {
  int64_t limit;
  long count;
  double low, high;
};

template <class T>
PyObject* bernoulli(Twister* twister, const Draw& draw, int rank,
                    const npy_intp* shape) {
  Owned target(new_array<T>(rank, shape));
  if (!target) return failed();
  Draw job = draw;
  job.count = size_of(target.get());
  bool done =
      launch(kDrawNs * double(job.count), job,
             operands(twister, data_of<T>(target.get())),
             [](const Draw& j, Twister* source, T* out) {
               std::lock_guard<std::mutex> lock(drawing);
               kernels().of<T>().bernoulli(source, j.limit, out, j.count);
             });
  return finished(done, target);
}

template <class T>
PyObject* uniform(Twister* twister, const Draw& draw, int rank,
                  const npy_intp* shape) {
  // Beyond, the definition does without a fused multiplication.
  double span = double(T(draw.high)) - double(T(draw.low));
  if (!(span > 0x1p-500 && span < 0x1p500)) return declined();
  Owned target(new_array<T>(rank, shape));
  if (!target) return failed();
  Draw job = draw;
  job.count = size_of(target.get());
  bool done = launch(kDrawNs * double(job.count), job,
                     operands(twister, data_of<T>(target.get())),
                     [](const Draw& j, Twister* source, T* out) {
                       std::lock_guard<std::mutex> lock(drawing);
                       kernels().of<T>().uniform(source, T(j.low), T(j.high),
                                                 out, j.count);
                     });
  return finished(done, target);
}

PyObject* serve_bernoulli(PyObject* const* arguments, Py_ssize_t count) {
  Lengths lengths;
  npy_intp shape[kMaxRank];
  double probability;
  Draw draw{};
  if (count != 4 || !lengths.read(arguments[1]) || !as_shape(lengths, shape) ||
      !read_number(arguments[2], &probability) ||
      !limit_of(probability, &draw.limit))
    return declined();
  int type = type_of(arguments[3]);
  if (type != NPY_FLOAT && type != NPY_DOUBLE) return declined();
  Twister* twister = twister_of(arguments[0]);
  if (!twister) return declined();
  return type == NPY_FLOAT
             ? bernoulli<float>(twister, draw, lengths.count, shape)
             : bernoulli<double>(twister, draw, lengths.count, shape);
}

PyObject* serve_uniform(PyObject* const* arguments, Py_ssize_t count) {
  Lengths lengths;
  npy_intp shape[kMaxRank];
  Draw draw{};
  if (count != 5 || !lengths.read(arguments[1]) || !as_shape(lengths, shape) ||
      !read_number(arguments[2], &draw.low) ||
      !read_number(arguments[3], &draw.high))
    return declined();
  int type = type_of(arguments[4]);
  if (type != NPY_FLOAT && type != NPY_DOUBLE) return declined();
  Twister* twister = twister_of(arguments[0]);
  if (!twister) return declined();
  return type == NPY_FLOAT
             ? uniform<float>(twister, draw, lengths.count, shape)
             : uniform<double>(twister, draw, lengths.count, shape);
}

template <class T>
PyObject* dropout(PyObject* object, PyObject* stream, double keep) {
  struct Job {
    int64_t limit;
    long count;
    T kept;
  } job{0, size_of(object), T(1) / T(keep)};
  if (keep == 0 || !limit_of(keep, &job.limit)) return declined();
  Owned x = contiguous(object);
  if (!x) return failed();
  Twister* twister = twister_of(stream);
  if (!twister) return declined();
  Owned target(new_like<T>(object)), mask(new_like<T>(object));
  if (!target || !mask) return failed();
  bool done = launch(
      kDrawNs * double(job.count), job,
      operands(twister, data_of<T>(x.get()), data_of<T>(target.get()),
               data_of<T>(mask.get())),
      [](const Job& j, Twister* source, const T* in, T* out, T* factors) {
        std::lock_guard<std::mutex> lock(drawing);
        kernels().of<T>().dropout(source, j.limit, j.kept, in, out, factors,
                                  j.count);
      });
  return done ? PyTuple_Pack(2, target.get(), mask.get()) : declined();
}

PyObject* serve_dropout(PyObject* const* arguments, Py_ssize_t count) {
  double keep;
  if (count != 3 || !read_number(arguments[2], &keep)) return declined();
  return TATAMI_BY_TYPE(arguments[1], dropout, arguments[1], arguments[0],
                        keep);
}

}  // namespace

void add_random() {
  add_function("bernoulli", serve_bernoulli);
  add_function("dropout", serve_dropout);
  add_function("uniform", serve_uniform);
}

}  // namespace tatami

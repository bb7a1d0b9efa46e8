// lookup.cpp: rows found by number, and rows written or added there.
#include <algorithm>
#include <cstring>

#include "bytes.h"

namespace tatami {
namespace {

struct Lookup {
  long rows;   // how many there are
  long bytes;  // of a row
  long count;  // how many are wanted
  bool accumulate;
  bool from_end;  // negative indices count from the end
};

/// The place of a row; -1 if there is none.
long place_of(int64_t index, const Lookup& job) {
  const int64_t place = index < 0 && job.from_end ? index + job.rows : index;
  return place < 0 || place >= job.rows ? -1 : static_cast<long>(place);
}

bool all_inside(const Lookup& job, const int64_t* index) {
  for (long i = 0; i < job.count; ++i)
    if (place_of(index[i], job) < 0) return false;
  return true;
}

/// The one array of numbers in an index of the first dimension.
PyObject* only_index(PyObject* index) {
  if (PyTuple_Check(index) && PyTuple_GET_SIZE(index) == 1)
    index = PyTuple_GET_ITEM(index, 0);
  return is_plain(index) && PyArray_TYPE(as_array(index)) == NPY_INT64 &&
                 is_contiguous(index)
             ? index
             : nullptr;
}

/// The rows of x, and of what an index takes of them.
bool plan(PyObject* x, PyObject* index, Lookup* job, int* rank,
          npy_intp* shape) {
  if (!is_movable(x) || rank_of(x) == 0 || size_of(x) == 0 ||
      rank_of(index) + rank_of(x) - 1 > kMaxRank || size_of(index) == 0)
    return false;
  job->rows = length_of(x, 0);
  job->bytes = size_of(x) / job->rows * item_size(x);
  job->count = size_of(index);
  *rank = 0;
  for (int i = 0; i < rank_of(index); ++i)
    shape[(*rank)++] = length_of(index, i);
  for (int i = 1; i < rank_of(x); ++i) shape[(*rank)++] = length_of(x, i);
  return true;
}

PyObject* take(PyObject* object, PyObject* index, bool from_end) {
  Lookup job{};
  int rank;
  npy_intp shape[kMaxRank];
  if (!index || !plan(object, index, &job, &rank, shape)) return declined();
  job.from_end = from_end;
  Owned x = contiguous(object);
  if (!x) return failed();
  Owned out(new_array(rank, shape, type_of(object)->type_num));
  if (!out) return failed();
  bool done = launch(
      kByteNs * double(job.bytes * job.count) + double(job.count), job,
      operands(bytes_of(x.get()), data_of<int64_t>(index), bytes_of(out.get())),
      [](const Lookup& j, const char* rows, const int64_t* places, char* to) {
        if (!all_inside(j, places)) return false;
        for (long i = 0; i < j.count; ++i)
          std::memcpy(to + i * j.bytes, rows + place_of(places[i], j) * j.bytes,
                      static_cast<size_t>(j.bytes));
        return true;
      });
  return finished(done, out);
}

PyObject* serve_take(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2) return declined();
  return take(arguments[0], only_index(arguments[1]), true);
}

PyObject* serve_embedding(PyObject* const* arguments, Py_ssize_t count) {
  if (count != 2) return declined();
  return take(arguments[0], only_index(arguments[1]), false);
}

template <class T>
void add_row(char* to, const char* from, long bytes) {
  T* out = reinterpret_cast<T*>(to);
  const T* in = reinterpret_cast<const T*>(from);
  for (long i = 0; i < bytes / long(sizeof(T)); ++i) out[i] += in[i];
}

/// Write or add rows in their order: the sums don't depend on threads.
template <class T>
bool put_rows(const Lookup& job, const char* rows, const int64_t* index,
              const char* values, char* out) {
  if (!all_inside(job, index)) return false;
  std::memcpy(out, rows, static_cast<size_t>(job.rows * job.bytes));
  for (long i = 0; i < job.count; ++i) {
    char* to = out + place_of(index[i], job) * job.bytes;
    const char* from = values + i * job.bytes;
    if (job.accumulate)
      add_row<T>(to, from, job.bytes);
    else
      std::memcpy(to, from, static_cast<size_t>(job.bytes));
  }
  return true;
}

template <class T>
PyObject* put(PyObject* object, PyObject* index, PyObject* given,
              bool accumulate) {
  Lookup job{};
  int rank;
  npy_intp shape[kMaxRank];
  if (!plan(object, index, &job, &rank, shape) || !is_plain_of<T>(given) ||
      rank_of(given) != rank ||
      !PyArray_CompareLists(PyArray_DIMS(as_array(given)), shape, rank))
    return declined();
  job.accumulate = accumulate;
  job.from_end = true;
  Owned x = contiguous(object), values = contiguous(given);
  if (!x || !values) return failed();
  Owned out(new_like<T>(object));
  if (!out) return failed();
  bool done =
      launch(kByteNs * double(job.bytes * (job.rows + job.count)), job,
             operands(static_cast<const char*>(bytes_of(x.get())),
                      static_cast<const int64_t*>(data_of<int64_t>(index)),
                      static_cast<const char*>(bytes_of(values.get())),
                      bytes_of(out.get())),
             [](const Lookup& j, const char* rows, const int64_t* places,
                const char* from,
                char* to) { return put_rows<T>(j, rows, places, from, to); });
  return finished(done, out);
}

PyObject* serve_put(PyObject* const* arguments, Py_ssize_t count) {
  bool accumulate;
  PyObject* index = count == 4 ? only_index(arguments[1]) : nullptr;
  if (!index || !read_flag(arguments[3], &accumulate)) return declined();
  return TATAMI_BY_TYPE(arguments[0], put, arguments[0], index, arguments[2],
                        accumulate);
}

/// The gradient of a table.
struct Table {
  Lookup lookup;
  int64_t padding;
};

template <class T>
bool add_gradients(const Table& job, const char* grad, const int64_t* index,
                   char* out) {
  const Lookup& lookup = job.lookup;
  if (!all_inside(lookup, index)) return false;
  std::memset(out, 0, static_cast<size_t>(lookup.rows * lookup.bytes));
  for (long i = 0; i < lookup.count; ++i)
    if (index[i] != job.padding)
      add_row<T>(out + index[i] * lookup.bytes, grad + i * lookup.bytes,
                 lookup.bytes);
  return true;
}

template <class T>
PyObject* embedding_grad(PyObject* grad_output, PyObject* index, long rows,
                         long padding) {
  const int last = rank_of(grad_output) - 1;
  if (last < 0 || size_of(grad_output) == 0 || rows < 1) return declined();
  const long length = length_of(grad_output, last);
  const Table job{{rows, length * long(sizeof(T)), size_of(index), true, false},
                  padding};
  if (job.lookup.count * length != size_of(grad_output)) return declined();
  Owned grad = contiguous(grad_output);
  if (!grad) return failed();
  const npy_intp shape[] = {rows, length};
  Owned out(new_array<T>(2, shape));
  if (!out) return failed();
  bool done = launch(
      kByteNs * double(job.lookup.bytes * (rows + job.lookup.count)), job,
      operands(bytes_of(grad.get()), data_of<int64_t>(index),
               bytes_of(out.get())),
      [](const Table& j, const char* from, const int64_t* places, char* to) {
        return add_gradients<T>(j, from, places, to);
      });
  return finished(done, out);
}

PyObject* serve_embedding_grad(PyObject* const* arguments, Py_ssize_t count) {
  long rows, padding;
  bool by_count;
  PyObject* index = count == 5 ? only_index(arguments[1]) : nullptr;
  if (!index || !read_integer(arguments[2], &rows) ||
      !read_integer(arguments[3], &padding) ||
      !read_flag(arguments[4], &by_count) || by_count)
    return declined();
  return TATAMI_BY_TYPE(arguments[0], embedding_grad, arguments[0], index, rows,
                        padding);
}

PyObject* serve_one_hot(PyObject* const* arguments, Py_ssize_t count) {
  Lookup job{};
  PyObject* index = count == 2 ? only_index(arguments[0]) : nullptr;
  if (!index || !read_integer(arguments[1], &job.rows) || job.rows < 1 ||
      rank_of(index) == kMaxRank || size_of(index) == 0)
    return declined();
  job.count = size_of(index);
  npy_intp shape[kMaxRank];
  for (int i = 0; i < rank_of(index); ++i) shape[i] = length_of(index, i);
  shape[rank_of(index)] = job.rows;
  Owned out(new_array(rank_of(index) + 1, shape, NPY_INT64));
  if (!out) return failed();
  bool done =
      launch(kByteNs * 8.0 * double(job.rows * job.count), job,
             operands(data_of<int64_t>(index), data_of<int64_t>(out.get())),
             [](const Lookup& j, const int64_t* places, int64_t* to) {
               if (!all_inside(j, places)) return false;
               std::fill_n(to, j.rows * j.count, int64_t{0});
               for (long i = 0; i < j.count; ++i)
                 to[i * j.rows + places[i]] = 1;
               return true;
             });
  return finished(done, out);
}

}  // namespace

void add_lookup() {
  add_function("embedding", serve_embedding);
  add_function("embedding_grad", serve_embedding_grad);
  add_function("one_hot", serve_one_hot);
  add_function("take", serve_take);
  add_function("put", serve_put);
}

}  // namespace tatami

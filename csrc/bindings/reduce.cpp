// reduce.cpp: reductions over any dimensions, as one or two over a matrix.
#include <cstring>

#include "../array.h"
#include "../parallel.h"

namespace tatami {
namespace {

constexpr double kElementNs = 0.1;

/// Neighbouring dimensions that are all reduced, or all kept, taken as one.
struct Groups {
  int count = 0;
  long lengths[kMaxRank];
  bool reduced[kMaxRank];

  void append(long length, bool is_reduced) {
    if (count > 0 && reduced[count - 1] == is_reduced) {
      lengths[count - 1] *= length;
    } else {
      lengths[count] = length;
      reduced[count++] = is_reduced;
    }
  }
};

/// The shape of the result, and the groups. False for dimensions out of range.
bool plan(PyObject* x, const Lengths& dims, bool keepdim, Groups& groups,
          npy_intp* shape, int* shape_rank) {
  bool reduced[kMaxRank] = {};
  for (int i = 0; i < dims.count; ++i) {
    long dim = dims.values[i];
    if (dim < 0 || dim >= rank_of(x) || reduced[dim]) return false;
    reduced[dim] = true;
  }
  *shape_rank = 0;
  for (int i = 0; i < rank_of(x); ++i) {
    long length = length_of(x, i);
    if (length != 1) groups.append(length, reduced[i]);
    if (!reduced[i] || keepdim)
      shape[(*shape_rank)++] = reduced[i] ? 1 : length;
  }
  if (groups.count == 0) groups.append(1, true);
  return true;
}

template <class T>
void over_columns(Reduction operation, const T* x, long rows, long columns,
                  T* out) {
  auto kernel = kernels().of<T>().reduce_columns[int(operation)];
  parallel_for(rows, kElementNs * double(columns) + 3,
               [&](long begin, long end) {
                 kernel(x + begin * columns, end - begin, columns, out + begin);
               });
}

template <class T>
void over_rows(Reduction operation, const T* x, long outer, long rows,
               long columns, T* out) {
  auto kernel = kernels().of<T>().reduce_rows[int(operation)];
  double cost = kElementNs * double(rows * columns);
  parallel_for(outer, cost, [&](long begin, long end) {
    for (long i = begin; i < end; ++i)
      kernel(x + i * rows * columns, rows, columns, out + i * columns);
  });
}

template <class T>
void run(Reduction operation, const Groups& g, const T* x, T* out) {
  const long* n = g.lengths;
  bool first = g.reduced[0];
  if (g.count == 1 && !first) {
    std::memcpy(out, x, static_cast<size_t>(n[0]) * sizeof(T));
    return;
  }
  if (g.count == 1) return over_columns(operation, x, 1, n[0], out);
  if (g.count == 2 && !first)
    return over_columns(operation, x, n[0], n[1], out);
  if (g.count == 2) return over_rows(operation, x, 1, n[0], n[1], out);
  if (!first) return over_rows(operation, x, n[0], n[1], n[2], out);
  T* partial = scratch_of<T>(4, n[0] * n[1]);
  over_columns(operation, x, n[0] * n[1], n[2], partial);
  over_rows(operation, partial, 1, n[0], n[1], out);
}

template <class T>
PyObject* reduce(Reduction operation, PyObject* x, const Lengths& dims,
                 bool keepdim) {
  Groups groups;
  npy_intp shape[kMaxRank];
  int rank;
  if (!is_contiguous(x) || size_of(x) == 0 ||
      !plan(x, dims, keepdim, groups, shape, &rank))
    return declined();
  if (groups.count > 3) return declined();
  Owned target(new_array<T>(rank, shape));
  if (!target) return failed();
  struct Job {
    Reduction operation;
    Groups groups;
  } job{operation, groups};
  bool done = launch(kElementNs * double(size_of(x)), job,
                     operands(data_of<T>(x), data_of<T>(target.get())),
                     [](const Job& j, const T* x, T* out) {
                       run(j.operation, j.groups, x, out);
                     });
  return finished(done, target);
}

template <Reduction kOperation>
PyObject* serve_reduce(PyObject* const* arguments, Py_ssize_t count) {
  Lengths dims;
  bool keepdim;
  if (count != 3 || !dims.read(arguments[1]) ||
      !read_flag(arguments[2], &keepdim))
    return declined();
  return TATAMI_BY_TYPE(arguments[0], reduce, kOperation, arguments[0], dims,
                        keepdim);
}

/// Rows to make a softmax of.
struct Rows {
  bool logarithmic;
  long rows, columns;
};

template <class T>
double row_ns(long columns) {
  return 10 + double(columns) * (sizeof(T) == 8 ? 8 : 1);
}

template <class T>
void run_softmax(const Rows& s, const T* x, T* out) {
  const auto& table = kernels().of<T>();
  auto kernel = s.logarithmic ? table.log_softmax : table.softmax;
  parallel_for(s.rows, row_ns<T>(s.columns), [&](long begin, long end) {
    kernel(x + begin * s.columns, out + begin * s.columns, end - begin,
           s.columns);
  });
}

template <class T>
PyObject* softmax(bool logarithmic, PyObject* object, long dim) {
  int rank = rank_of(object);
  if (rank == 0 || dim != rank - 1 || size_of(object) == 0) return declined();
  Owned x = contiguous(object);
  if (!x) return failed();
  Owned target(new_like<T>(object));
  if (!target) return failed();
  long columns = length_of(object, rank - 1);
  Rows shape{logarithmic, size_of(object) / columns, columns};
  bool done = launch(row_ns<T>(columns) * double(shape.rows), shape,
                     operands(data_of<T>(x.get()), data_of<T>(target.get())),
                     [](const Rows& s, const T* source, T* result) {
                       run_softmax(s, source, result);
                     });
  return finished(done, target);
}

template <bool kLogarithmic>
PyObject* serve_softmax(PyObject* const* arguments, Py_ssize_t count) {
  long dim;
  if (count != 2 || !read_integer(arguments[1], &dim)) return declined();
  return TATAMI_BY_TYPE(arguments[0], softmax, kLogarithmic, arguments[0], dim);
}

}  // namespace

void add_reduce() {
  add_function("sum", serve_reduce<Reduction::sum>);
  add_function("amax", serve_reduce<Reduction::amax>);
  add_function("amin", serve_reduce<Reduction::amin>);
  add_function("softmax", serve_softmax<false>);
  add_function("log_softmax", serve_softmax<true>);
}

}  // namespace tatami

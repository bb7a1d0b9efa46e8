// graph.cpp: describing a graph.
#include "graph.h"

#include <algorithm>
#include <cstring>

namespace tatami {

// Numbering.

void Numbering::clear() {
  if (table_.empty()) table_.resize(64);
  std::fill(table_.begin(), table_.end(), std::make_pair(nullptr, size_t(0)));
  count_ = 0;
}

size_t Numbering::place(const void* object) const {
  const size_t mask = table_.size() - 1;
  size_t i = (reinterpret_cast<size_t>(object) >> 4) * 0x9E3779B97F4A7C15 >> 20;
  for (i &= mask; table_[i].first && table_[i].first != object;)
    i = (i + 1) & mask;
  return i;
}

size_t Numbering::number(const void* object, size_t next) {
  size_t i = place(object);
  if (table_[i].first) return table_[i].second;
  table_[i] = {object, next};
  if (++count_ * 2 > table_.size()) grow();
  return next;
}

void Numbering::grow() {
  std::vector<std::pair<const void*, size_t>> old(table_.size() * 4);
  old.swap(table_);
  for (const auto& entry : old)
    if (entry.first) table_[place(entry.first)] = entry;
}

// Keys.

void Key::close() {
  hash_ = 0;
  for (size_t i = 0; i < count_; ++i) {
    hash_ = (hash_ ^ words_[i]) * 0x9E3779B97F4A7C15;
    hash_ ^= hash_ >> 29;
  }
}

bool Key::operator==(const Key& other) const {
  return hash_ == other.hash_ && count_ == other.count_ &&
         std::equal(words_.begin(), words_.begin() + long(count_),
                    other.words_.begin());
}

namespace {

/// More steps than this are walked in Python.
constexpr size_t kMostNodes = 20000;
/// How deep tuples may be nested in what a step keeps.
constexpr int kDeepest = 6;

/// Whether a step's way back depends on nothing but what it keeps.
bool is_replayable(PyTypeObject* type) {
  Owned found(
      PyObject_GetAttr(reinterpret_cast<PyObject*>(type), known.replayable));
  if (!found) PyErr_Clear();
  return found && is_true(found.get());
}

PyObject* target_of(PyObject* edge) {
  return PyTuple_CheckExact(edge) && PyTuple_GET_SIZE(edge) == 2
             ? PyTuple_GET_ITEM(edge, 0)
             : nullptr;
}

bool is_node(PyObject* object) {
  return PyObject_TypeCheck(object, known.node_fields);
}

/// Whether hooks, kept in a dictionary, are none.
bool has_none(PyObject* hooks) {
  return hooks == Py_None || (PyDict_Check(hooks) && PyDict_Size(hooks) == 0);
}

bool is_unchanged(const SavedFields* entry) {
  if (entry->counter == Py_None) return true;
  PyObject* now = PyList_GET_ITEM(entry->counter, 0);
  return now == entry->version ||
         PyObject_RichCompareBool(now, entry->version, Py_EQ) == 1;
}

}  // namespace

// The steps.

bool Graph::describe(PyObject* roots, PyObject* gradients,
                     PyObject* default_type) {
  key.clear();
  put(default_type);
  leaves.clear();
  arrays.clear();
  leaf_numbers_.clear();
  if (!gather(roots) || !put_roots(roots, gradients)) return false;
  for (NodeFields* node : nodes)
    if (!put_node(node)) return false;
  // Steps add leaves while they are described.
  for (TensorFields* leaf : leaves)
    if (!put_leaf(leaf)) return false;
  put_regions();
  key.close();
  return true;
}

/// Find all steps, and number them from the newest to the oldest.
bool Graph::gather(PyObject* roots) {
  nodes.clear();
  order_.clear();
  waiting_.clear();
  numbers_.clear();
  auto meet = [&](PyObject* target) {
    size_t known_ones = numbers_.count();
    numbers_.number(target, 0);
    if (numbers_.count() == known_ones) return;
    auto* node = reinterpret_cast<NodeFields*>(target);
    order_.push_back({PyLong_AsLongLong(node->sequence), node});
    waiting_.push_back(target);
  };
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(roots); ++i) {
    TensorFields* root = as_tensor(PySequence_Fast_GET_ITEM(roots, i));
    if (!root || !is_node(root->node)) return false;
    meet(root->node);
  }
  while (!waiting_.empty()) {
    auto* node = reinterpret_cast<NodeFields*>(waiting_.back());
    waiting_.pop_back();
    if (!PyList_CheckExact(node->edges) || order_.size() > kMostNodes)
      return false;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(node->edges); ++i) {
      PyObject* target = target_of(PyList_GET_ITEM(node->edges, i));
      if (target && is_node(target)) meet(target);
    }
  }
  std::sort(order_.begin(), order_.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  numbers_.clear();
  for (const auto& [sequence, node] : order_) {
    numbers_.number(node, nodes.size());
    nodes.push_back(node);
  }
  return true;
}

bool Graph::put_roots(PyObject* roots, PyObject* gradients) {
  Py_ssize_t count = PySequence_Fast_GET_SIZE(roots);
  if (count != PySequence_Fast_GET_SIZE(gradients)) return false;
  put(count);
  for (Py_ssize_t i = 0; i < count; ++i) {
    TensorFields* root = as_tensor(PySequence_Fast_GET_ITEM(roots, i));
    TensorFields* gradient = as_tensor(PySequence_Fast_GET_ITEM(gradients, i));
    put(numbers_.number(root->node, 0));
    if (!put_value(root->output_nr, 0)) return false;
    if (!gradient || gradient->base != Py_None || !gradient->array ||
        !put_array(gradient->array))
      return false;
  }
  return true;
}

bool Graph::put_node(NodeFields* node) {
  if (!is_replayable(Py_TYPE(node))) return false;
  put(Py_TYPE(node));
  put(PyList_GET_SIZE(node->edges));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(node->edges); ++i)
    if (!put_edge(PyList_GET_ITEM(node->edges, i))) return false;
  PyObject* saved = node->saved;
  if (!PyList_CheckExact(saved) && !PyTuple_CheckExact(saved)) return false;
  put(PySequence_Fast_GET_SIZE(saved));
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(saved); ++i)
    if (!put_saved(PySequence_Fast_GET_ITEM(saved, i))) return false;
  return put_attributes(node);
}

bool Graph::put_edge(PyObject* edge) {
  PyObject* target = target_of(edge);
  if (!target) {
    put(edge == Py_None ? 'n' : '-');
    return true;
  }
  if (is_node(target)) {
    put('s');
    put(numbers_.number(target, 0));
    return put_value(PyTuple_GET_ITEM(edge, 1), 0);
  }
  TensorFields* leaf = as_tensor(target);
  if (!leaf) return false;
  size_t index = leaf_numbers_.number(target, leaves.size());
  if (index == leaves.size()) leaves.push_back(leaf);
  put('l');
  put(index);
  return true;
}

bool Graph::put_saved(PyObject* entry) {
  if (Py_TYPE(entry) != reinterpret_cast<PyTypeObject*>(known.saved)) {
    put('v');
    return put_value(entry, 0);
  }
  auto* saved = reinterpret_cast<SavedFields*>(entry);
  if (!is_unchanged(saved)) return false;
  TensorFields* leaf = as_tensor(saved->leaf);
  if (leaf && leaf->base != Py_None) return false;
  put(leaf ? 'L' : saved->output_nr == known.minus_one ? 'A' : 'O');
  PyObject* array = leaf ? leaf->array : saved->array;
  return array && put_array(array);
}

/// What a step keeps as attributes. Arrays among them must be the attributes
/// themselves, so that whoever records the pass can watch them.
bool Graph::put_attributes(NodeFields* node) {
  Owned held(
      PyObject_GenericGetDict(reinterpret_cast<PyObject*>(node), nullptr));
  if (!held) {
    PyErr_Clear();
    return false;
  }
  put(PyDict_Size(held.get()));
  Py_ssize_t place = 0;
  PyObject *name, *value;
  while (PyDict_Next(held.get(), &place, &name, &value)) {
    // A name in the code of an operation lives as long as the program.
    put(name);
    bool is_array = PyArray_Check(value);
    if (is_array ? !put_array(value) : !put_value(value, 0)) return false;
  }
  return true;
}

bool Graph::put_leaf(TensorFields* leaf) {
  if (!has_none(leaf->hooks) || !has_none(leaf->post_hooks) ||
      leaf->base != Py_None || !leaf->array || !is_plain(leaf->array))
    return false;
  put_kind(as_array(leaf->array));
  PyObject* gradient = gradient_of(leaf);
  if (!gradient) return false;
  put(gradient == Py_None ? 'n' : 'g');
  if (gradient == Py_None) return true;
  TensorFields* grad = as_tensor(gradient);
  return grad && grad->base == Py_None && grad->node == Py_None &&
         !is_true(grad->requires_grad) && grad->array && put_array(grad->array);
}

// Values.

void Graph::put_number(double value) {
  uint64_t word;
  std::memcpy(&word, &value, sizeof word);
  key.put(word);
}

bool Graph::put_text(PyObject* text) {
  Py_ssize_t size;
  const char* characters =
      PyUnicode_Check(text) ? PyUnicode_AsUTF8AndSize(text, &size) : nullptr;
  if (!characters) {
    PyErr_Clear();
    return false;
  }
  put(size);
  for (Py_ssize_t i = 0; i < size; ++i) put(characters[i]);
  return true;
}

bool Graph::put_value(PyObject* value, int depth) {
  double number;
  long integer;
  if (value == Py_None || value == Py_True || value == Py_False ||
      value == Py_Ellipsis) {
    put('c');
    put(value);
  } else if (PyFloat_CheckExact(value) && read_number(value, &number)) {
    put('f');
    put_number(number);
  } else if (read_integer(value, &integer)) {
    put('i');
    put(integer);
  } else if (PyUnicode_CheckExact(value)) {
    put('t');
    return put_text(value);
  } else if (PySlice_Check(value)) {
    auto* slice = reinterpret_cast<PySliceObject*>(value);
    put(':');
    return put_value(slice->start, depth) && put_value(slice->stop, depth) &&
           put_value(slice->step, depth);
  } else if (PyArray_DescrCheck(value)) {
    auto* type = reinterpret_cast<PyArray_Descr*>(value);
    put('d');
    put(type->type_num);
    return PyArray_ISNBO(type->byteorder) && !PyDataType_HASFIELDS(type) &&
           PyTypeNum_ISNUMBER(type->type_num);
  } else if (PyTuple_Check(value) || PyList_CheckExact(value)) {
    put('(');
    put(Py_TYPE(value));
    put(PySequence_Fast_GET_SIZE(value));
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(value); ++i)
      if (depth > kDeepest ||
          !put_value(PySequence_Fast_GET_ITEM(value, i), depth + 1))
        return false;
  } else {
    return false;
  }
  return true;
}

// Arrays.

void Graph::put_kind(PyArrayObject* array) {
  put(PyArray_TYPE(array) * 64 + PyArray_NDIM(array));
  put_lengths(PyArray_DIMS(array), PyArray_NDIM(array));
}

void Graph::put_lengths(const npy_intp* lengths, int rank) {
  for (int i = 0; i < rank; ++i) put(lengths[i]);
}

bool Graph::put_array(PyObject* object) {
  if (!is_plain(object)) return false;
  auto* array = as_array(object);
  if (!PyTypeNum_ISNUMBER(PyArray_TYPE(array)) &&
      !PyTypeNum_ISBOOL(PyArray_TYPE(array)))
    return false;
  const npy_intp* strides = PyArray_STRIDES(array);
  for (int i = 0; i < PyArray_NDIM(array); ++i)
    if (strides[i] < 0) return false;
  put_kind(array);
  put_lengths(strides, PyArray_NDIM(array));
  arrays.push_back(array);
  return true;
}

/// Join the memory of arrays that overlap, and put where each array lies.
void Graph::put_regions() {
  by_address_.resize(arrays.size());
  region_of_.resize(arrays.size());
  regions.clear();
  auto start = [&](size_t i) {
    return static_cast<char*>(PyArray_DATA(arrays[i]));
  };
  for (size_t i = 0; i < arrays.size(); ++i) by_address_[i] = i;
  std::sort(by_address_.begin(), by_address_.end(),
            [&](size_t a, size_t b) { return start(a) < start(b); });
  std::vector<std::pair<char*, char*>>& joined = regions;
  for (size_t i : by_address_) {
    char *first = start(i), *last = first + extent_of(arrays[i]);
    if (joined.empty() || first >= joined.back().second)
      joined.push_back({first, last});
    else
      joined.back().second = std::max(joined.back().second, last);
    region_of_[i] = joined.size() - 1;
  }
  // Addresses differ from pass to pass: number by the order of the arrays.
  std::vector<size_t> numbers(joined.size(), joined.size());
  std::vector<std::pair<char*, char*>> ordered;
  for (size_t i = 0; i < arrays.size(); ++i) {
    size_t& number = numbers[region_of_[i]];
    if (number == joined.size()) {
      number = ordered.size();
      ordered.push_back(joined[region_of_[i]]);
    }
    put(number);
    put(start(i) - joined[region_of_[i]].first);
  }
  for (const auto& [first, last] : ordered) put(last - first);
  regions.swap(ordered);
}

}  // namespace tatami

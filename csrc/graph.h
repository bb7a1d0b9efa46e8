// graph.h: a graph of recorded steps, and what it is like.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "fields.h"

namespace tatami {

/// Numbers for objects, by their addresses.
class Numbering {
 public:
  void clear();
  /// The number of an object, which is `next` if it is new.
  size_t number(const void* object, size_t next);
  size_t count() const { return count_; }

 private:
  void grow();
  size_t place(const void* object) const;

  std::vector<std::pair<const void*, size_t>> table_;
  size_t count_ = 0;
};

/// Words that tell graphs apart.
class Key {
 public:
  void clear() { count_ = 0; }
  void put(uint64_t word) {
    if (count_ == words_.size()) words_.resize(count_ ? 2 * count_ : 1024);
    words_[count_++] = word;
  }
  /// Once all words are there.
  void close();
  bool operator==(const Key& other) const;

 private:
  std::vector<uint64_t> words_;
  size_t count_ = 0;
  uint64_t hash_ = 0;
};

/// The graph below the results that a backward pass starts from.
///
/// Its key says everything a backward pass depends on but the elements of the
/// arrays and where they lie: kinds of steps, edges, what steps keep, and which
/// arrays share memory. All pointers are borrowed.
class Graph {
 public:
  /// False if something in the graph can't be described: a hook, a step of the
  /// user's, a saved value that was changed or freed.
  bool describe(PyObject* roots, PyObject* gradients, PyObject* default_type);

  Key key;
  std::vector<NodeFields*> nodes;     // newest first
  std::vector<TensorFields*> leaves;  // in the order the edges meet them
  std::vector<PyArrayObject*> arrays;
  std::vector<std::pair<char*, char*>> regions;  // memory they lie in

 private:
  bool gather(PyObject* roots);
  bool put_roots(PyObject* roots, PyObject* gradients);
  bool put_node(NodeFields* node);
  bool put_edge(PyObject* edge);
  bool put_saved(PyObject* entry);
  bool put_leaf(TensorFields* leaf);
  bool put_array(PyObject* array);
  bool put_attributes(NodeFields* node);
  bool put_value(PyObject* value, int depth);
  bool put_text(PyObject* text);
  void put_kind(PyArrayObject* array);
  void put_regions();

  template <class V>
  void put(V value) {
    if constexpr (std::is_pointer_v<V>)
      key.put(reinterpret_cast<uint64_t>(value));
    else
      key.put(static_cast<uint64_t>(value));
  }
  void put_number(double value);
  void put_lengths(const npy_intp* lengths, int rank);

  Numbering numbers_, leaf_numbers_;
  std::vector<PyObject*> waiting_;
  std::vector<std::pair<long long, NodeFields*>> order_;
  std::vector<size_t> by_address_, region_of_;
};

}  // namespace tatami

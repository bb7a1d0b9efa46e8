// guards.h: whether Python objects still hold what they held.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <vector>

namespace tatami {

namespace nb = nanobind;

/// Whether two objects are one, or equal numbers or texts.
bool is_same(PyObject* found, PyObject* expected);

/// Whether owners still hold what they held: (owner, key, object) triples in
/// one flat tuple.
bool all_hold(nb::tuple triples);

/// Such triples, asked again and again: a dictionary that nobody has written to
/// since it held is not asked.
class Guards {
 public:
  Guards() = default;
  Guards(nb::tuple triples);
  operator nb::handle() const { return triples_; }
  bool all_hold();

 private:
  /// Triples of one owner, [begin, end) of `order_`.
  struct Group {
    PyObject* owner;
    uint64_t version;  // 0 if it is not known that they hold
    size_t begin, end;
  };
  bool holds(const Group& group) const;

  nb::tuple triples_;
  std::vector<PyObject**> order_;
  std::vector<Group> groups_;
};

inline bool all_hold(Guards& guards) {
  return guards.all_hold();
}

}  // namespace tatami

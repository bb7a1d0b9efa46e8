// allocator.cpp: memory of kernels' results, kept when it is freed.
//
// Memory the system hands out is cleared page by page as it is touched, which
// costs a small network more than its arithmetic. Blocks are therefore kept in
// lists by size, the last one freed being the first one used again. The
// lists are only touched with the GIL held, so a fork finds them whole.
#include <cstdlib>
#include <cstring>
#include <new>

#include "array.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)
#define ASAN_UNPOISON_MEMORY_REGION(address, size)
#endif

namespace tatami {
namespace {

constexpr size_t kAlign = 64;         // a cache line
constexpr size_t kOverread = 64;      // kernels load whole vectors at the end
constexpr size_t kFine = 4096;        // below, sizes are multiples of kAlign
constexpr size_t kHuge = 2 << 20;     // a huge page
constexpr size_t kDefaultKept = 512;  // MB

/// What lies before the memory of an array.
struct alignas(kAlign) Block {
  Block* next;      // in the list of kept blocks
  size_t capacity;  // bytes, with this header
  size_t list;
  size_t bytes;  // that were asked for

  char* memory() { return reinterpret_cast<char*>(this + 1); }
  size_t room() const { return capacity - sizeof(Block); }

  /// Let AddressSanitizer refuse all but the first bytes.
  void open(size_t count) {
    bytes = count;
    ASAN_UNPOISON_MEMORY_REGION(memory(), room());
    ASAN_POISON_MEMORY_REGION(memory() + bytes, room() - bytes);
  }
};

/// The list for blocks that hold `bytes`, and what these blocks hold: sizes go
/// in steps of at most an eighth.
size_t list_of(size_t bytes, size_t* capacity) {
  if (bytes <= kFine) {
    size_t steps = (bytes + kAlign - 1) / kAlign;
    *capacity = steps * kAlign;
    return steps;
  }
  int exponent = 63 - __builtin_clzll(bytes - 1);
  int shift = exponent - 3;
  size_t eighths = (bytes - 1) >> shift;
  *capacity = (eighths + 1) << shift;
  return kFine / kAlign + 1 + size_t(exponent - 12) * 8 + (eighths - 8);
}

constexpr size_t kLists = kFine / kAlign + 1 + (48 - 12) * 8;
constexpr size_t kMost = size_t(1) << 47;

Block* kept_blocks[kLists];
size_t kept_bytes = 0;

size_t limit() {
  static const size_t bytes = [] {
    const char* text = std::getenv("TATAMI_CACHE_MB");
    return (text && *text ? size_t(std::strtoul(text, nullptr, 10))
                          : kDefaultKept)
           << 20;
  }();
  return bytes;
}

std::align_val_t alignment_of(size_t capacity) {
  return std::align_val_t{capacity >= 2 * kHuge ? kHuge : kAlign};
}

Block* from_system(size_t capacity, size_t list) {
  void* memory = ::operator new(capacity, alignment_of(capacity), std::nothrow);
  if (!memory) {
    release_memory();
    memory = ::operator new(capacity, alignment_of(capacity), std::nothrow);
  }
  if (!memory) return nullptr;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  if (capacity >= 2 * kHuge) madvise(memory, capacity, MADV_HUGEPAGE);
#endif
  return new (memory) Block{nullptr, capacity, list, 0};
}

void to_system(Block* block) {
  block->open(block->room());
  ::operator delete(block, alignment_of(block->capacity));
}

void* allocate(void*, size_t bytes) {
  if (bytes > kMost) return nullptr;
  size_t capacity;
  size_t list = list_of(sizeof(Block) + bytes + kOverread, &capacity);
  Block* block = kept_blocks[list];
  if (block) {
    kept_blocks[list] = block->next;
    kept_bytes -= capacity;
  } else {
    block = from_system(capacity, list);
  }
  if (!block) return nullptr;
  block->open(bytes);
  return block->memory();
}

void* allocate_zeros(void* context, size_t count, size_t size) {
  if (size && count > kMost / size) return nullptr;
  void* memory = allocate(context, count * size);
  return memory ? std::memset(memory, 0, count * size) : nullptr;
}

void give_back(void*, void* memory, size_t) {
  if (!memory) return;
  Block* block = static_cast<Block*>(memory) - 1;
  if (kept_bytes + block->capacity > limit()) return to_system(block);
  block->open(0);
  block->next = kept_blocks[block->list];
  kept_blocks[block->list] = block;
  kept_bytes += block->capacity;
}

void* reallocate(void* context, void* memory, size_t bytes) {
  void* larger = allocate(context, bytes);
  if (!larger || !memory) return larger;
  size_t held = (static_cast<Block*>(memory) - 1)->bytes;
  std::memcpy(larger, memory, held < bytes ? held : bytes);
  give_back(context, memory, 0);
  return larger;
}

PyDataMem_Handler handler = {
    "tatami", 1, {nullptr, allocate, allocate_zeros, reallocate, give_back}};

/// What NumPy asks for when it frees the memory of an array. Never freed
/// itself: arrays may outlive the module.
PyObject* handler_capsule() {
  static PyObject* capsule = PyCapsule_New(&handler, "mem_handler", nullptr);
  return capsule;
}

}  // namespace

PyObject* allocated_array(int rank, const npy_intp* lengths, int type) {
  npy_intp size = PyArray_OverflowMultiplyList(lengths, rank);
  if (size < 0)  // NumPy has the error for it
    return PyArray_SimpleNew(rank, const_cast<npy_intp*>(lengths), type);
  PyArray_Descr* descr = PyArray_DescrFromType(type);
  size_t bytes = size_t(size) * size_t(PyDataType_ELSIZE(descr));
  PyObject* capsule = handler_capsule();
  void* memory = capsule ? allocate(nullptr, bytes) : nullptr;
  if (!memory) {
    Py_DECREF(descr);
    return capsule ? PyErr_NoMemory() : nullptr;
  }
  PyObject* array =
      PyArray_NewFromDescr(&PyArray_Type, descr, rank, lengths, nullptr, memory,
                           NPY_ARRAY_CARRAY, nullptr);
  if (!array) {
    give_back(nullptr, memory, 0);
    return nullptr;
  }
  PyArray_ENABLEFLAGS(as_array(array), NPY_ARRAY_OWNDATA);
  reinterpret_cast<PyArrayObject_fields*>(array)->mem_handler =
      Py_NewRef(capsule);
  return array;
}

size_t kept_memory() {
  return kept_bytes;
}

size_t release_memory() {
  size_t released = kept_bytes;
  for (Block*& first : kept_blocks)
    while (Block* block = first) {
      first = block->next;
      to_system(block);
    }
  kept_bytes = 0;
  return released;
}

}  // namespace tatami

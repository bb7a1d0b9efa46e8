// parallel.h: threads, and memory that each thread keeps for its intermediate
// results.
#pragma once

#include <cstddef>

namespace tatami {

/// How many threads a kernel may use, the calling one included.
int thread_count();
void set_thread_count(int count);

/// Run `body(context, begin, end)` over pieces of [0, count), on several
/// threads when `item_ns`, the time one item takes, says that it pays. A body
/// must compute the same whatever the pieces are.
void run_in_parallel(long count, double item_ns,
                     void (*body)(void* context, long begin, long end),
                     void* context);

template <class Body>
void parallel_for(long count, double item_ns, const Body& body) {
  auto call = [](void* context, long begin, long end) {
    (*static_cast<const Body*>(context))(begin, end);
  };
  run_in_parallel(count, item_ns, call, const_cast<Body*>(&body));
}

/// Memory of the calling thread, aligned to 64 bytes and kept between calls.
/// Each slot is one buffer; asking again for the same slot gives up what it
/// held.
void* scratch(int slot, size_t bytes);

template <class T>
T* scratch_of(int slot, long count) {
  return static_cast<T*>(scratch(slot, static_cast<size_t>(count) * sizeof(T)));
}

}  // namespace tatami

"""Memory of results: kept when freed, used again, given back on demand."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest

from tatami import kernels
from tatami.kernels import native

pytestmark = pytest.mark.skipif(
    kernels.in_use != "native", reason="the compiled kernels have the allocator"
)


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def doubled(*shape: int) -> np.ndarray:
    ones = np.ones(shape, np.float32)
    return kernels.add(ones, ones)


def test_results_own_aligned_memory() -> None:
    for shape in ((), (0,), (1,), (3, 5), (1000, 1001)):
        result = doubled(*shape)
        assert result.flags.owndata and result.base is None
        assert address(result) % 64 == 0
        np.testing.assert_array_equal(result, np.full(shape, 2, np.float32))


def test_freed_memory_is_used_again() -> None:
    native.release_memory()
    first = doubled(300, 7)
    place = address(first)
    del first
    assert native.kept_memory() >= 300 * 7 * 4
    assert address(doubled(300, 7)) == place


def test_memory_is_given_back_on_demand() -> None:
    del_me = doubled(1 << 20)
    del del_me
    kept = native.kept_memory()
    assert kept >= 4 << 20
    assert native.release_memory() == kept
    assert native.kept_memory() == 0


def test_blocks_of_neighbouring_sizes_do_not_overlap() -> None:
    sizes = [*range(1, 1100), 4000, 4095, 4096, 4097, 8191, 8192, 8193, 70001]
    for _ in range(2):
        arrays = [doubled(size) for size in sizes]
        for value, array in enumerate(arrays):
            array.fill(value)
        for value, array in enumerate(arrays):
            assert (array == value).all()


def test_numpy_may_resize_copy_and_pickle() -> None:
    result = doubled(10)
    result.resize(1000, refcheck=False)
    assert (result[:10] == 2).all() and (result[10:] == 0).all()
    result.resize(5, refcheck=False)
    assert (pickle.loads(pickle.dumps(result)) == 2).all()


def test_other_threads_may_free() -> None:
    kept = [doubled(size) for size in range(1, 200)]
    failures = []

    def work() -> None:
        try:
            for _ in range(200):
                assert (doubled(333) == 2).all()
            kept.clear()
        except AssertionError as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert not failures


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_has_blocks_of_its_own() -> None:
    keep, lose = doubled(500), doubled(500)
    del lose
    child = os.fork()
    if child == 0:
        right = (doubled(500) == 2).all() and (keep == 2).all()
        native.release_memory()
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (keep == 2).all() and (doubled(500) == 2).all()


@pytest.mark.parametrize("limit, most", [("0", 0), ("1", 1 << 20)])
def test_the_environment_limits_what_is_kept(limit: str, most: int) -> None:
    code = (
        "import numpy as np; from tatami import kernels; "
        "from tatami.kernels import native; ones = np.ones(1 << 16, np.float32); "
        "arrays = [kernels.add(ones, ones) for _ in range(20)]; del arrays; "
        f"assert native.kept_memory() <= {most}, native.kept_memory()"
    )
    environment = {**os.environ, "TATAMI_CACHE_MB": limit}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)

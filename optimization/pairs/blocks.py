"""Kernels over blocks of rows, shared by threads.

The kernels release the GIL and write only their own rows, so plain threads suffice: nothing of
numba's threading is started or set, and no order of blocks changes a result.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

# Pairs per block: about 5 ms, so that an interrupt is heard soon and threads end together.
BLOCK_PAIRS = 4_000_000


def over_blocks(
    task: Callable[[int, int], None], rows: int, pairs_per_row: int, threads: int
) -> None:
    """Call task(start, end) for consecutive blocks that cover all rows."""
    step = max(BLOCK_PAIRS // max(pairs_per_row, 1), 1)
    starts = range(0, rows, step)
    if threads <= 1 or len(starts) <= 1:
        for start in starts:
            task(start, min(start + step, rows))
        return
    with ThreadPoolExecutor(threads) as pool:
        # list() raises here what a block raised there.
        list(pool.map(lambda start: task(start, min(start + step, rows)), starts))

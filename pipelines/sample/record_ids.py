"""Salesforce record ids: 15 case-sensitive characters and a three-character checksum."""

import numpy as np
import polars as pl

ALPHABET = np.frombuffer(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", dtype=np.uint8
)
CHECKSUM_ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", dtype=np.uint8)
ID_LENGTH = 18

# Key prefixes of the standard objects, followed by an instance part as a real organization has it.
ACCOUNT, USER, OPPORTUNITY, TASK = "0015e00000", "0055e00000", "0065e00000", "00T5e00000"
COUNTER_DIGITS = 5


def record_ids(prefix: str, start: int, count: int) -> pl.Series:
    """`count` consecutive ids of the object `prefix`, the first numbered `start`.

    The suffix follows Salesforce's rule: one character for each five, its five bits telling which
    of them are upper case. It makes the ids safe for tools that ignore case.
    """
    import pyarrow as pa

    body = np.empty((count, ID_LENGTH), dtype=np.uint8)
    body[:, : len(prefix)] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    counter = np.arange(start, start + count, dtype=np.int64)
    for position in range(len(prefix) + COUNTER_DIGITS - 1, len(prefix) - 1, -1):
        counter, digit = np.divmod(counter, len(ALPHABET))
        body[:, position] = ALPHABET[digit]
    is_upper = (body[:, :15] >= ord("A")) & (body[:, :15] <= ord("Z"))
    bits = is_upper.reshape(count, 3, 5) @ (1 << np.arange(5))
    body[:, 15:] = CHECKSUM_ALPHABET[bits]
    offsets = np.arange(0, ID_LENGTH * (count + 1), ID_LENGTH, dtype=np.int64)
    packed = pa.Array.from_buffers(
        pa.large_string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(body)]
    )
    return pl.Series(packed)

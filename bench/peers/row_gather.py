"""The least any scan must do, measured in C++ in the same race: random rows added in registers."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

from bench.harness import Contestant
from bench.peers.inputs import Book

NAME = "libbench_row_gather.so"


def find_library() -> Path | None:
    """Look where the presets build it."""
    root = Path(__file__).resolve().parents[2]
    return next(iter(sorted(root.glob(f"build/*/bench/cpp/{NAME}"))), None)


class RowGather:
    """``bench/cpp/row_gather.cpp`` through ctypes."""

    def __init__(self, library: Path) -> None:
        self._add = ctypes.CDLL(str(library)).tickmargin_bench_add_rows
        self._add.restype = None
        self._add.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]

    def contestant(self, book: Book) -> Contestant:
        """Add up the book's rows of its table, quantities and accounts left out."""
        rows = book.row.view(np.uint32)
        memory = np.zeros(book.table.size + 8)
        skip = -memory.ctypes.data // 8 % 8
        table = memory[skip : skip + book.table.size].reshape(book.table.shape)
        table[...] = book.table
        found = np.zeros(book.table.shape[1])
        expected = np.bincount(rows, minlength=len(table)) @ table

        def check() -> None:
            if not np.allclose(found, expected, rtol=1e-9, atol=1e-6):
                raise AssertionError("the rows do not add up")

        def call() -> None:
            self._add(table.ctypes.data, rows.ctypes.data, rows.size, found.ctypes.data)

        return Contestant("row-gather limit", call, check)

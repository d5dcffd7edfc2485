"""The same bits for any number of threads, any kernel target, and any order of the rows."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.oracle.margin import Inputs
from tests.property.books import CI, METHODS, engine_of, make_inputs
from tests.property.hashes import digest_of, seeded_books

import tickmargin as tm

ROOT = Path(__file__).parents[2]
AVAILABLE = tm.info()["kernels_available"]


@pytest.fixture(scope="module")
def scalar_hashes() -> str:
    return hashes_of("scalar")


def hashes_of(kernels: str) -> str:
    """Hashes of the seeded books in a process of its own."""
    package = Path(tm.__file__).parents[1]
    path = os.pathsep.join([str(ROOT), str(package)])
    done = subprocess.run(
        [sys.executable, "-m", "tests.property.hashes"],
        env={**os.environ, "TICKMARGIN_KERNELS": kernels, "PYTHONPATH": path},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("kernels", [name for name in AVAILABLE if name != "scalar"])
def test_every_kernel_target_gives_the_bits_of_the_scalar_one(
    kernels: str, scalar_hashes: str
) -> None:
    assert len(set(scalar_hashes.split())) == len(seeded_books())  # hashes tell books apart
    assert hashes_of(kernels) == scalar_hashes


def test_threads_do_not_change_a_bit() -> None:
    for book in seeded_books():
        engine = engine_of(book)
        one = digest_of(engine, [], threads=1)
        assert {digest_of(engine, [], threads=n) for n in (2, 3, 8)} == {one}


def shuffled(rng: random.Random, given_inputs: Inputs) -> Inputs:
    """The rows of the tables in any order.

    Held as they are: accounts, whose order is that of the result.
    """
    market = {name: rng.sample(rows, len(rows)) for name, rows in given_inputs.market.items()}
    portfolio = {
        name: rows if name == "accounts" else rng.sample(rows, len(rows))
        for name, rows in given_inputs.portfolio.items()
    }
    return Inputs(given_inputs.as_of_ns, market, portfolio, given_inputs.policy)


@CI
@given(st.randoms(use_true_random=False), st.sampled_from(METHODS))
def test_the_order_of_rows_does_not_change_a_bit(rng: random.Random, method: str) -> None:
    made = make_inputs(rng, method)
    accounts = [row["account"] for row in made.portfolio["accounts"]]
    mixed = shuffled(random.Random(rng.randint(0, 10**6)), made)
    assert digest_of(engine_of(mixed), accounts) == digest_of(engine_of(made), accounts)


@CI
@given(st.randoms(use_true_random=False), st.sampled_from(METHODS))
def test_an_account_has_the_same_bits_alone(rng: random.Random, method: str) -> None:
    made = make_inputs(rng, method)
    name = made.portfolio["accounts"][-1]["account"]
    own = {
        table: [row for row in rows if row.get("account", name) == name]
        for table, rows in made.portfolio.items()
    }
    alone = Inputs(made.as_of_ns, made.market, own, made.policy)
    among = engine_of(made).recompute().accounts.row(-1)
    assert engine_of(alone).recompute().accounts.row(0) == among

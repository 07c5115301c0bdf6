"""How functions of the kernel are compiled: once, at their first call, and kept on disk.

Numba looks at the file of a function alone, and would go on with old code of what the function calls:
what is kept belongs to the text of all modules of the kernel together.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from llvmlite.ir import Constant  # type: ignore[import-untyped]
from numba.core import config
from numba.core.extending import intrinsic
from numba.np.arrayobj import make_array

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_MODULES = (
    *("compiled", "tables", "lending", "panes", "windows", "held", "operations", "window_reading"),
    *("local_clock", "interpreter", "levels", "deadlines", "row_order", "kernel"),
)


def _cache_folder() -> Path:
    """Beside the modules, or below the user's home where those cannot be written."""
    here = Path(__file__).parent
    texts = [(here / f"{name}.py").read_bytes() for name in _MODULES]
    digest = hashlib.sha256(b"".join(texts)).hexdigest()[:16]
    beside = here / "__pycache__"
    # `__pycache__` itself may not be there yet.
    if os.access(beside if beside.exists() else here, os.W_OK):
        return beside / f"kernel-{digest}"
    return Path.home() / ".cache" / "oilcan" / f"kernel-{digest}"


if not os.environ.get("NUMBA_CACHE_DIR"):
    cast("Any", config).CACHE_DIR = str(_cache_folder())


def compiled(function: FunctionT) -> FunctionT:
    """Compile a function at its first call, and keep the code on disk for the next process."""
    return cast("FunctionT", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def inlined(function: FunctionT) -> FunctionT:
    """The same, copied into its callers: a call would count references to every array."""
    return cast(
        "FunctionT",
        numba.njit(cache=True, nogil=True, error_model="numpy", inline="always")(function),
    )


def _borrowed(_: Any, array: Any) -> Any:

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        found = cast("Any", make_array)(signature.args[0])(context, builder, values[0])
        found.meminfo = Constant(found.meminfo.type, None)
        found.parent = Constant(found.parent.type, None)
        return found._getvalue()  # noqa: SLF001

    return array(array), generate


borrowed: Any = intrinsic(_borrowed)
"""The same array, of which no references are counted; somebody else keeps it alive.

Counting costs more than most of what the loop does with a row.
"""


def _beyond(_: Any, array: Any, place: Any) -> Any:

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        found = cast("Any", make_array)(signature.args[0])(context, builder, values[0])
        found.data = builder.gep(found.data, [values[1]])
        found.meminfo = Constant(found.meminfo.type, None)
        found.parent = Constant(found.parent.type, None)
        return found._getvalue()  # noqa: SLF001

    return array(array, place), generate


beyond: Any = intrinsic(_beyond)
"""What stands in an array of one dimension from a place on, borrowed; nobody asks how long it is.

An entry at a literal place of it is found without asking whether the place counts from the end.
"""

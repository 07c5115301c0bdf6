"""How functions of the kernel are compiled: once, at their first call, and kept on disk."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from llvmlite.ir import Constant  # type: ignore[import-untyped]
from numba.core.extending import intrinsic
from numba.np.arrayobj import make_array

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


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

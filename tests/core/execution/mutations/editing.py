"""Changing one line of the program while it runs: a mutation is an edit of the source, seen by every caller of the function.

The text to be replaced must be there exactly once. So an edit that the program has outgrown fails loudly instead of changing nothing.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

import pytest


def edit(patch: pytest.MonkeyPatch, function: Callable[..., Any] | property, old: str, new: str) -> None:
    """Let `function` run as if `old` in its source were `new`, until `patch` is undone.

    Raises:
        LookupError: `old` is not there exactly once.
    """
    target = function.fget if isinstance(function, property) else function
    assert isinstance(target, FunctionType)
    source = textwrap.dedent(inspect.getsource(target))
    if source.count(old) != 1:
        raise LookupError(f"{target.__qualname__} has {old!r} {source.count(old)} times; the mutation must be written anew")
    patch.setattr(target, "__code__", _code_of(target, source.replace(old, new)))


def _code_of(function: FunctionType, source: str) -> CodeType:
    """What `source` makes of `function`'s body. Its name, its arguments and its globals stay as they are."""
    compiled = compile("from __future__ import annotations\n" + source, function.__code__.co_filename, "exec")
    (code,) = [each for each in compiled.co_consts if isinstance(each, CodeType) and each.co_name == function.__name__]
    return code

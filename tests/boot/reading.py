"""Read the firmware's source: which triggers an activity can return, which the firmware fires by itself."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import firmware.boot


def returned(function: Callable[..., Any]) -> set[str]:
    """Every string that a function of the firmware can return, followed through what it calls and assigns."""
    assert isinstance(function, FunctionType)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value]
    return {text for value in values for text in _strings(value, tree, function.__globals__)}


def _strings(value: ast.expr, tree: ast.AST, names: dict[str, Any]) -> Iterator[str]:
    match value:
        case ast.Constant(str(text)):
            yield text
        case ast.Constant(None):
            pass
        case ast.IfExp(body=body, orelse=other):
            yield from _strings(body, tree, names)
            yield from _strings(other, tree, names)
        case ast.Call(func=called):
            yield from returned(eval(compile(ast.Expression(called), "<called>", "eval"), names))  # noqa: S307
        case ast.Name(id=name):
            for node in ast.walk(tree):
                if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
                    yield from _strings(node.value, tree, names)
        case _:
            raise AssertionError(f"an activity returns {ast.unparse(value)}: teach this test to read it")


def fired(room: ModuleType = firmware.boot) -> set[str]:
    """Every trigger written out in a call of ``fire`` or ``accepts`` in a room."""
    found = set()
    for path in Path(room.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr="fire"), args=[_, ast.Constant(str(trigger))]):
                    found.add(trigger)
    return found

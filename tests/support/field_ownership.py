"""Server-side apply on plain dicts: which manager owns which leaf, and what an apply changes.

Maps merge field by field, `conditions` merges by its `type`, every other list is atomic.
"""

import copy
from collections.abc import Mapping
from typing import Any

Path = tuple[str, ...]
Leaves = dict[Path, Any]

_KEYED_LISTS = {"conditions": "type"}


def leaves(value: Any, path: Path = ()) -> Leaves:
    """Return every leaf of a manifest by its path; items of keyed lists are `[key=value]` there."""
    if isinstance(value, Mapping) and value:
        found: Leaves = {}
        for name, child in value.items():
            found |= leaves(child, (*path, str(name)))
        return found
    key = _KEYED_LISTS.get(path[-1]) if path else None
    if key and isinstance(value, list) and value:
        found = {}
        for item in value:
            found |= leaves(item, (*path, f"[{key}={item[key]}]"))
        return found
    return {path: copy.deepcopy(value)}


def put(root: dict[str, Any], path: Path, value: Any) -> None:
    """Set one leaf, making what leads to it."""
    here: Any = root
    for step, following in zip(path, (*path[1:], ""), strict=True):
        if step.startswith("["):
            here = _item(here, step[1:-1], create=True)
        elif not following:
            here[step] = copy.deepcopy(value)
        elif following.startswith("["):
            here = _container(here, step, [])
        else:
            here = _container(here, step, {})


def drop(root: dict[str, Any], path: Path) -> None:
    """Remove one leaf, and each map or keyed item that is empty without it."""
    trail: list[tuple[Any, str, Any]] = []
    here: Any = root
    for step in path:
        child = _item(here, step[1:-1]) if step.startswith("[") else here.get(step)
        if child is None:
            return
        trail.append((here, step, child))
        here = child
    for depth, (holder, step, child) in enumerate(reversed(trail)):
        if depth and child:
            return
        if step.startswith("["):
            holder.remove(child)
        else:
            del holder[step]


def _container(holder: dict[str, Any], step: str, empty: Any) -> Any:
    if not isinstance(holder.get(step), type(empty)):
        holder[step] = empty
    return holder[step]


def _item(items: list[dict[str, Any]], key: str, *, create: bool = False) -> dict[str, Any] | None:
    name, _, value = key.partition("=")
    for item in items:
        if item.get(name) == value:
            return item
    if not create:
        return None
    items.append({name: value})
    return items[-1]


def names_its_item(path: Path) -> bool:
    """Tell whether a leaf is the key of an item in a keyed list: it is dropped after the others."""
    return len(path) > 1 and path[-2].startswith(f"[{path[-1]}=")

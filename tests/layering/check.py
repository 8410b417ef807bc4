#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
#
# The order of the folders, as data with reasons. A header may include its own folder and what is listed for it; every
# violation is printed with the rule that it breaks. Also: what may use which third-party library, and the few shapes
# that every header has.
#
#   check.py <root of the project>
import re
import sys
from pathlib import Path

BOTTOM = {"error", "task", "json"}
LOG = "foreshadow/source/log_batch.hpp"  # a value, although a source fills it; single headers may be listed, too
VALUES = BOTTOM | {"plane", "row"}
MIDDLE = VALUES | {"source", "target", "store", "run"}
PARTS = MIDDLE | {"predict", "shadow", "catalog", "schedule"}
EVERYTHING = PARTS | {"observe", "orchestrate"}

# folder: (what it may include besides itself, why)
LAYERS = {
    "error": (set(), "error.hpp is the bottom"),
    "task": (set(), "task.hpp is the bottom"),
    "json": ({"error"}, "json.hpp turns any described struct into JSON and back; it knows none of them"),
    "plane": ({"error"}, "the plane is pure values: no I/O, no coroutines"),
    "row": (BOTTOM | {"plane"}, "rows are values on the plane; merges await their inputs, whatever these are"),
    "run": (BOTTOM | {"plane"}, "running things knows positions and time, nothing of rows or stores"),
    "source": (VALUES, "a source knows the plane and rows, not where they are kept"),
    "target": (VALUES | {"source"}, "a target knows the plane and rows, and what a source says of itself"),
    "store": (VALUES | {"run", LOG}, "a store keeps rows and logs, whoever reads them and why"),
    "predict": (VALUES | {LOG}, "a predictor sees the log and the plane, no store and no clock"),
    "shadow": (MIDDLE, "shadows write runs to a store; they see predictions as plain values of the plane"),
    "catalog": (MIDDLE, "the catalog describes values and stores them"),
    "schedule": (VALUES | {"source", "run"}, "scheduling decides on values, and paces by a clock"),
    "observe": (VALUES | {"source", "catalog"}, "observers are told values; nothing of the machine"),
    "orchestrate": (PARTS | {"observe"}, "the machine is put together here, and composed above"),
    "testing": (EVERYTHING, "the simulation plays every role, and composes nothing"),
    "compose": (EVERYTHING, "the composition sees all but the tests"),
    "foreshadow": (EVERYTHING | {"compose"}, "everything, for a user's main file"),
}
ADAPTER = (PARTS - {"shadow", "catalog"}, "an adapter sees the concepts, never the orchestrator")
# The folders of an adapter that has some, from the lowest on: each may include those before it and the adapter's options.
ROOMS = {"postgresql": ["server", "table", "layout", "setup", "log", "scan", "restore"],
         "sqlite": ["database", "table", "setup", "layout", "scan", "log", "restore"]}

# (pattern of the include, the folders that may use it, why)
LIBRARIES = [
    (r"boost/asio/awaitable\.hpp", {"task"}, "task.hpp is the library's name for it"),
    (r"boost/asio/(this_coro|cancellation_\w+|use_awaitable|redirect_error)\.hpp",
     {"run", "orchestrate", "compose", "testing", "store", "shadow", "schedule"}, "values know nothing of how coroutines run"),
    (r"boost/asio/(co_spawn|detached|experimental/awaitable_operators)\.hpp",
     {"run", "store", "orchestrate", "compose", "testing"}, "only what has several things going at once starts coroutines"),
    (r"boost/asio/.*", {"run", "orchestrate", "compose", "testing"}, "run/ is the only user of Asio's executors and timers"),
    (r"boost/hana.*", {"predict", "observe", "store", "orchestrate", "compose"}, "Hana is dear to instantiate"),
    (r"boost/describe/class\.hpp", {"store", "catalog", "orchestrate"}, "a struct that JSON shows is described beside it, once"),
    (r"boost/(describe|mp11)/.*", {"json"}, "descriptions are read in one place"),
    (r"boost/system/.*", {"run", "orchestrate", "compose", "testing"}, "error_codes of Asio end in run/"),
    (r"boost/.*", set(), "no other part of Boost is used"),
    (r"range/v3/.*", {"row", "predict", "orchestrate", "testing"}, "range-v3 serves merges and groupings"),
    (r"(xtensor|xtl)/.*", {"predict"}, "only the predictor has arrays"),
    (r"rapidjson/.*", {"json"}, "JSON is for what people read, not for values on hot paths"),
    (r"(zstd|lz4\w*|xxhash|openssl/.*)\.?h?", {"store"}, "only the store compresses, hashes and seals"),
    (r"CLI/.*", set(), "only programs parse command lines"),
    (r"catch2/.*", set(), "a conformance kit returns a report; which framework asserts is its user's choice"),
    (r"sqlite3\.h", {"adapter"}, "only the adapter speaks to SQLite"),
    (r"libpq-fe\.h", {"adapter"}, "only the adapter speaks to PostgreSQL"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
LONGEST = 350


def includes_of(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if found := INCLUDE.match(line):
            yield number, found[1], found[2]


def folder_of(name, adapters):
    """The layer of `foreshadow/...`: a folder, the stem of a header at the top, or the adapter's name."""
    parts = name.split("/")[1:]
    layer = parts[0].removesuffix(".hpp")
    return "adapter" if layer in adapters else layer


def is_above(name, included):
    """Whether a header of an adapter may include this other one of the same."""
    def floor(header):
        adapter, *folders, file = header.split("/")[1:]
        if file.endswith("_options.hpp"):
            return -1
        rooms = ROOMS.get(adapter, [])
        return rooms.index(folders[0]) if folders and folders[0] in rooms else len(rooms)

    return floor(included) <= floor(name)


def check_header(path, name, adapters, headers, complain):
    layer = folder_of(name, adapters)
    if layer not in LAYERS and layer != "adapter":
        return complain(path, 1, f"the folder {layer}/ has no place in the order", "add it to LAYERS, with a reason")
    allowed, reason = ADAPTER if layer == "adapter" else LAYERS[layer]

    for number, quote, included in includes_of(path):
        if quote == '"':
            if included not in headers:
                complain(path, number, f'"{included}" is no header of this project', "own headers: from include/, in quotes")
                continue
            other = folder_of(included, adapters)
            if included == "foreshadow/foreshadow.hpp":
                complain(path, number, "includes foreshadow.hpp", "it is for a user's main file only")
            elif other == "adapter" and layer == "adapter":
                if included.split("/")[1] != name.split("/")[1]:
                    complain(path, number, f"includes {included}", "adapters do not know each other")
                elif not is_above(name, included):
                    complain(path, number, f"includes {included}", "the folders of an adapter have an order, too: ROOMS")
            elif other != layer and other not in allowed and included not in allowed:
                complain(path, number, f"{layer} includes {included}", reason)
            if "/detail/" in included and other != layer:
                complain(path, number, f"includes {included}", "detail/ is private to the folder around it")
            continue
        if included.startswith("foreshadow/"):
            complain(path, number, f"<{included}>", "own headers: from include/, in quotes")
        for pattern, users, why in LIBRARIES:
            if re.fullmatch(pattern, included):
                if layer not in users:
                    complain(path, number, f"{layer} includes <{included}>", why)
                break

    lines = path.read_text().splitlines()
    if "#pragma once" not in lines:
        complain(path, 1, "no #pragma once", "each header guards itself")
    if len(lines) > LONGEST:
        complain(path, LONGEST, f"{len(lines)} lines", f"a header of more than {LONGEST} lines is two headers")


def check_umbrella(headers, complain):
    """foreshadow.hpp has every public header of the core, so that nobody wonders why one thing is missing."""
    umbrella = headers.get("foreshadow/foreshadow.hpp")
    if not umbrella:
        return
    included = {name for _, _, name in includes_of(umbrella)}
    for name, path in headers.items():
        is_core = path.is_relative_to(umbrella.parent) and folder_of(name, ()) != "testing" and "/detail/" not in name
        if is_core and path != umbrella and name not in included:
            complain(umbrella, 1, f"{name} is missing", "everything is in the header for everything")


def find_cycles(graph, complain, root):
    done, path = set(), []

    def visit(name):
        if name in path:
            complain(root / "include" / name, 1, " -> ".join(path[path.index(name):] + [name]), "headers include each other in a circle")
        elif name not in done:
            path.append(name)
            for other in graph.get(name, ()):
                visit(other)
            path.pop()
            done.add(name)

    for name in graph:
        visit(name)


def main(root):
    complaints = []

    def complain(path, number, what, why):
        complaints.append(f"{path.relative_to(root)}:{number}: {what}: {why}")

    trees = [root / "include", *sorted(root.glob("adapters/*/include"))]
    adapters = {folder.name for tree in trees[1:] for folder in tree.glob("foreshadow/*") if folder.is_dir()}
    headers = {path.relative_to(tree).as_posix(): path for tree in trees for path in sorted(tree.rglob("*.hpp"))}
    if not headers:
        sys.exit(f"no headers below {root}")

    for name, path in headers.items():
        check_header(path, name, adapters, headers, complain)
    check_umbrella(headers, complain)
    graph = {name: [i for _, quote, i in includes_of(path) if quote == '"' and i in headers] for name, path in headers.items()}
    find_cycles(graph, complain, root)

    sources = [p for folder in ("include", "adapters", "tests", "examples", "benchmarks")
               for ending in ("*.hpp", "*.cpp") for p in sorted((root / folder).rglob(ending))]
    for path in sources:
        if not path.read_text().startswith("// SPDX-License-Identifier: BSL-1.0\n"):
            complain(path, 1, "no SPDX line", "a file begins with its licence")
    for path in (p for p in sources if p.is_relative_to(root / "tests") and p.suffix == ".cpp"):
        for number, _, included in includes_of(path):
            if included == "foreshadow/foreshadow.hpp":
                complain(path, number, "includes foreshadow.hpp", "a test includes what it tests")

    print(f"{len(headers)} headers, {len(sources)} sources, {len(complaints)} complaints")
    if complaints:
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())

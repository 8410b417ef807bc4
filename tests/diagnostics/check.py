#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
#
# A wrong composition must not compile, and the compiler must say why. A case is one source:
#
#     // bad: <regex of the error's text>
#     // note: <regex of a note's text>            (optional, for what compilers say around the error)
#     <a statement, up to the line that ends with ;>
#
# Without its bad statements it must compile; with any one of them it must not, one *error line of the compiler* must
# match, and one diagnostic must stand at the statement's own line. A search through all output would be fooled, since
# compilers echo the source, comments included: so the echo is switched off, and the markers are taken out as well.
#
#   check.py <case> <compiler> <flag>...
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

MARKER = re.compile(r"^\s*// (bad|note): (.+)$")


@dataclass
class Statement:
    errors: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    first: int = 0  # line numbers, from 1
    last: int = 0


def parse(text):
    """The source without markers and bad statements (line numbers kept), and the statements that were in it."""
    good, statements, current = [], [], None
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if found := MARKER.match(line):
            current = current or Statement()
            (current.errors if found[1] == "bad" else current.notes).append(re.compile(found[2]))
            good.append("")
        elif current:
            current.first = current.first or number
            good.append("")
            if line.rstrip().endswith(";"):
                current.last = number
                statements.append(current)
                current = None
        else:
            good.append(line)
    if current:
        raise ValueError("a bad statement does not end")
    if not statements or not all(s.errors for s in statements):
        raise ValueError("a case has at least one statement marked `// bad: <regex>`")
    return lines, good, statements


def is_clang(command):
    return "clang" in Path(shutil.which(command[0])).resolve().name


def precompile(command, lines, folder):
    """The command with the headers that the case includes already read, and the case without them."""
    end = next(i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith(("//", "#")))
    header = Path(folder, "headers.hpp")
    header.write_text("\n".join(lines[:end]) + "\n")
    compiled = header.with_suffix(".pch" if is_clang(command) else ".hpp.gch")
    done = subprocess.run([*command, "-x", "c++-header", str(header), "-o", str(compiled)], capture_output=True, text=True)
    if done.returncode:
        return command, lines  # what is wrong with them is said where the case is compiled
    use = ["-include-pch", str(compiled)] if is_clang(command) else ["-include", str(header)]
    return [*command, *use], [""] * end + lines[end:]


def compile_source(command, path, lines):
    """Whether it compiles, and the compiler's diagnostics: (line in the case or None, kind, text)."""
    source = f'# 1 "{path}"\n' + "\n".join(lines) + "\n"
    quiet = ["-fno-caret-diagnostics" if is_clang(command) else "-fno-diagnostics-show-caret", "-fdiagnostics-color=never"]
    done = subprocess.run([*command, *quiet, "-fsyntax-only", "-x", "c++", "-"], input=source, text=True,
                          capture_output=True, env={**os.environ, "LC_ALL": "C"})
    diagnostics = []
    for line in done.stderr.splitlines():
        if found := re.match(r"^(.+?):(\d+):(?:\d+:)?\s+(.*)$", line):
            kind = re.match(r"(?:fatal )?(error|note|warning): ", found[3])
            here = int(found[2]) if found[1] == str(path) else None
            diagnostics.append((here, kind[1] if kind else "place", found[3]))
    return done.returncode == 0, diagnostics, done.stderr


def check(path, command):
    """What is wrong with the case, or nothing."""
    lines, good, statements = parse(Path(path).read_text())
    with tempfile.TemporaryDirectory() as folder:
        command, good = precompile(command, good, folder)
        return check_statements(path, command, lines, good, statements)


def check_statements(path, command, lines, good, statements):
    compiles, _, output = compile_source(command, path, good)
    if not compiles:
        return f"it does not compile without its bad statements:\n{output}"
    for statement in statements:
        place = f"{path}:{statement.first}"
        with_it = good[:statement.first - 1] + lines[statement.first - 1:statement.last] + good[statement.last:]
        compiles, diagnostics, output = compile_source(command, path, with_it)
        if compiles:
            return f"{place}: it compiles"
        for kind, patterns in (("error", statement.errors), ("note", statement.notes)):
            for pattern in patterns:
                if not any((found == "error") == (kind == "error") and pattern.search(text) for _, found, text in diagnostics):
                    return f"{place}: no {kind} of the compiler matches '{pattern.pattern}':\n{output}"
        if not any(here and statement.first <= here <= statement.last for here, _, _ in diagnostics):
            return f"{place}: the compiler does not point at the statement:\n{output}"
    return None


if __name__ == "__main__":
    if complaint := check(sys.argv[1], sys.argv[2:]):
        sys.exit(complaint)

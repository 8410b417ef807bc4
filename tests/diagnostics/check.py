#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
#
# A wrong composition must not compile, and the compiler must say why. A case is one source:
#
#     // bad: <regex of the error's text>
#     // note: <regex of a note's text>            (optional, for what compilers say around the error)
#     <a statement, up to the line that ends with ;>
#
# Without its bad statements it must compile without a warning, its headers included; with any one of them it must not, one *error line of the compiler* must
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
    """The command with the headers that the case includes already read, the case without them, and what was said."""
    end = next(i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith(("//", "#")))
    header = Path(folder, "headers.hpp")
    header.write_text("\n".join(lines[:end]) + "\n")
    compiled = header.with_suffix(".pch" if is_clang(command) else ".hpp.gch")
    done = subprocess.run([*command, "-x", "c++-header", str(header), "-o", str(compiled)], capture_output=True, text=True)
    if done.returncode:
        return command, lines, ""  # what is wrong with them is said where the case is compiled
    use = ["-include-pch", str(compiled)] if is_clang(command) else ["-include", str(header)]
    return [*command, *use], [""] * end + lines[end:], done.stderr


def compile_source(command, path, lines):
    """Whether it compiles, and the compiler's diagnostics: (line in the case or None, kind, text)."""
    source = f'# 1 "{path}"\n' + "\n".join(lines) + "\n"
    quiet = ["-fno-caret-diagnostics", "-ferror-limit=0"] if is_clang(command) else ["-fno-diagnostics-show-caret"]
    quiet.append("-fdiagnostics-color=never")
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
        command, good, said = precompile(command, good, folder)
        if "warning: " in said:
            return f"its headers do not compile without a warning:\n{said}"
        return check_statements(path, command, lines, good, statements)


def groups_of(diagnostics):
    """Each error with what the compiler says around it: before it where it is in, after it the notes."""
    groups, current = [], []
    for told in diagnostics:
        has_error = any(kind == "error" for _, kind, _ in current)
        if has_error and told[1] in ("error", "place"):
            groups.append(current)
            current = []
        current.append(told)
    return [*groups, current]


def stands_at(statement, diagnostics):
    return any(here and statement.first <= here <= statement.last for here, _, _ in diagnostics)


def missing(statement, diagnostics):
    """The first pattern that nothing matches, or nothing."""
    for kind, patterns in (("error", statement.errors), ("note", statement.notes)):
        for pattern in patterns:
            if not any((found == "error") == (kind == "error") and pattern.search(text) for _, found, text in diagnostics):
                return f"no {kind} of the compiler matches '{pattern.pattern}'"
    return None


def with_statements(lines, good, statements):
    source = list(good)
    for s in statements:
        source[s.first - 1:s.last] = lines[s.first - 1:s.last]
    return source


def check_statements(path, command, lines, good, statements):
    compiles, _, output = compile_source(command, path, good)
    if not compiles or "warning: " in output:
        return f"it does not compile without a warning without its bad statements:\n{output}"
    # All at once: where an error that stands at a statement is the one that is expected, it is refused for that.
    _, diagnostics, _ = compile_source(command, path, with_statements(lines, good, statements))
    told = groups_of(diagnostics)
    for statement in statements:
        if any(stands_at(statement, group) and not missing(statement, group) for group in told):
            continue
        place = f"{path}:{statement.first}"
        compiles, diagnostics, output = compile_source(command, path, with_statements(lines, good, [statement]))
        if compiles:
            return f"{place}: it compiles"
        if lacks := missing(statement, diagnostics):
            return f"{place}: {lacks}:\n{output}"
        if not stands_at(statement, diagnostics):
            return f"{place}: the compiler does not point at the statement:\n{output}"
    return None


if __name__ == "__main__":
    if complaint := check(sys.argv[1], sys.argv[2:]):
        sys.exit(complaint)

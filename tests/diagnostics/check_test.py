#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
#
# The driver is tested on cases that it must not accept: a test that any output satisfies tests nothing.
#
#   check_test.py <compiler> <flag>...
import sys
import tempfile
import unittest
from pathlib import Path

from check import check

COMMAND = ["c++", "-std=c++20", "-Wall"]
GUARDED = """template <class T>
void wants_small(T) {
    static_assert(sizeof(T) <= 2, "too large to be small");
}
int main() {
    wants_small(short{});
"""


def verdict(body, head=GUARDED):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "case.cpp")
        Path(folder, "old.hpp").write_text("[[deprecated]] int old();\ninline int user() { return old(); }\n")
        path.write_text(head + body + "}\n")
        return check(path, COMMAND) or "accepted"


class Diagnostics(unittest.TestCase):
    def test_a_refused_statement_with_the_expected_error_is_accepted(self):
        self.assertEqual(verdict("    // bad: too large to be small\n    wants_small(1L);\n"), "accepted")

    def test_a_statement_may_take_several_lines(self):
        self.assertEqual(verdict("    // bad: too large to be small\n    wants_small(\n        1L);\n"), "accepted")

    def test_a_statement_that_compiles_is_not(self):
        self.assertIn("it compiles", verdict("    // bad: too large to be small\n    wants_small('a');\n"))

    def test_another_error_is_not(self):
        self.assertIn("no error", verdict("    // bad: too large to be small\n    no_such_function();\n"))

    def test_text_that_only_the_source_contains_is_not(self):
        body = '    // bad: too large to be small\n    no_such_function("too large to be small");\n'
        self.assertIn("no error", verdict(body))

    def test_a_case_that_is_broken_anyway_is_not(self):
        body = "    // bad: too large to be small\n    wants_small(1L);\n    no_such_function();\n"
        self.assertIn("without its bad statements", verdict(body))

    def test_a_warning_is_not(self):
        body = "    int left_over;\n    // bad: too large to be small\n    wants_small(1L);\n"
        self.assertIn("without a warning", verdict(body))
        head = '#include "old.hpp"\n' + GUARDED
        self.assertIn("without a warning", verdict("    // bad: too large to be small\n    wants_small(1L);\n", head))

    def test_each_bad_statement_counts(self):
        body = ("    // bad: too large to be small\n    wants_small(1L);\n"
                "    // bad: too large to be small\n    wants_small('a');\n")
        self.assertIn("it compiles", verdict(body))

    def test_several_bad_statements_have_an_error_each(self):
        of_each = "    // bad: too large to be small\n    wants_small(1{});\n"
        self.assertEqual(verdict(of_each.format("L") + of_each.format(".0")), "accepted")
        self.assertEqual(verdict(of_each.format("L") * 2), "accepted")  # the compiler tells of it once

    def test_the_error_of_another_statement_does_not_count(self):
        body = "    // bad: too large to be small\n    wants_small(1L);\n"
        self.assertIn("no error", verdict(body + "    // bad: too large to be small\n    no_such_function();\n"))

    def test_notes_are_matched_among_notes(self):
        head = "void f(char*);\nint main() {\n"
        self.assertEqual(verdict("    // bad: .\n    // note: void f\\(char|f here|conversion\n    f(1L);\n", head), "accepted")
        self.assertIn("no note", verdict("    // bad: .\n    // note: no such words\n    f(1L);\n", head))

    def test_an_error_that_stands_elsewhere_is_not(self):
        body = "    // bad: too large to be small\n    using chosen = long;\n    wants_small(chosen{});\n"
        self.assertIn("does not point at", verdict(body, "using chosen = short;\n" + GUARDED))

    def test_a_case_needs_a_bad_statement(self):
        with self.assertRaises(ValueError):
            verdict("    wants_small(short{});\n")


if __name__ == "__main__":
    if sys.argv[1:]:
        COMMAND = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])

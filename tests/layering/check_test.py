#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
#
# The checks are checked: a tree that breaks each rule once must be refused for it, and a sound one accepted.
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECK = Path(__file__).with_name("check.py")
HEAD = "// SPDX-License-Identifier: BSL-1.0\n#pragma once\n"
SOUND = {
    "include/foreshadow/plane/key.hpp": HEAD + "#include <string>\n",
    "include/foreshadow/row/batch.hpp": HEAD + '#include "foreshadow/plane/key.hpp"\n',
    "adapters/stone/include/foreshadow/stone/source.hpp": HEAD + '#include "foreshadow/row/batch.hpp"\n',
}


def verdict(files):
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True)
        return done.returncode, done.stderr


class Layering(unittest.TestCase):
    def refused(self, name, text, *words):
        status, complaints = verdict(SOUND | {name: text})
        self.assertEqual(status, 1, complaints)
        self.assertEqual(len(complaints.splitlines()), 1, complaints)
        for word in (name, *words):
            self.assertIn(word, complaints)

    def test_a_sound_tree_is_accepted(self):
        self.assertEqual(verdict(SOUND), (0, ""))

    def test_a_lower_folder_may_not_include_a_higher_one(self):
        self.refused("include/foreshadow/plane/up.hpp", HEAD + '#include "foreshadow/row/batch.hpp"\n', "pure values")

    def test_the_plane_knows_no_asio(self):
        self.refused("include/foreshadow/plane/up.hpp", HEAD + "#include <boost/asio/awaitable.hpp>\n", "task.hpp")

    def test_timers_stay_in_run(self):
        self.refused("include/foreshadow/store/late.hpp", HEAD + "#include <boost/asio/steady_timer.hpp>\n", "run/")

    def test_kits_bring_no_test_framework(self):
        self.refused("include/foreshadow/testing/kit.hpp", HEAD + "#include <catch2/catch.hpp>\n", "returns a report")

    def test_the_umbrella_has_everything_but_details_and_tests(self):
        files = SOUND | {"include/foreshadow/testing/time.hpp": HEAD, "include/foreshadow/row/detail/part.hpp": HEAD}
        umbrella = "include/foreshadow/foreshadow.hpp"
        both = HEAD + '#include "foreshadow/plane/key.hpp"\n#include "foreshadow/row/batch.hpp"\n'
        self.assertEqual(verdict(files | {umbrella: both}), (0, ""))
        self.refused(umbrella, HEAD + '#include "foreshadow/plane/key.hpp"\n', "row/batch.hpp is missing")

    def test_the_core_never_sees_an_adapter(self):
        self.refused("include/foreshadow/store/own.hpp", HEAD + '#include "foreshadow/stone/source.hpp"\n', "whoever reads")

    def test_an_adapter_never_sees_the_orchestrator(self):
        files = {"include/foreshadow/orchestrate/all.hpp": HEAD,
                 "adapters/stone/include/foreshadow/stone/up.hpp": HEAD + '#include "foreshadow/orchestrate/all.hpp"\n'}
        status, complaints = verdict(SOUND | files)
        self.assertEqual(status, 1)
        self.assertIn("never the orchestrator", complaints)

    def test_adapters_do_not_know_each_other(self):
        self.refused("adapters/wood/include/foreshadow/wood/source.hpp",
                     HEAD + '#include "foreshadow/stone/source.hpp"\n', "each other")

    def test_the_folders_of_an_adapter_have_an_order(self):
        tree = "adapters/postgresql/include/foreshadow/postgresql/"
        options, decoder = tree + "source_options.hpp", tree + "log/decoder.hpp"
        wrong = HEAD + '#include "foreshadow/postgresql/log/decoder.hpp"\n'
        right = HEAD + '#include "foreshadow/postgresql/source_options.hpp"\n'
        self.assertEqual(verdict(SOUND | {options: HEAD, decoder: right}), (0, ""))
        status, complaints = verdict(SOUND | {decoder: HEAD, tree + "table/table.hpp": wrong})
        self.assertEqual(status, 1)
        self.assertIn("ROOMS", complaints)

    def test_details_are_private_to_their_folder(self):
        files = {"include/foreshadow/plane/detail/inner.hpp": HEAD,
                 "include/foreshadow/row/peek.hpp": HEAD + '#include "foreshadow/plane/detail/inner.hpp"\n'}
        status, complaints = verdict(SOUND | files)
        self.assertEqual(status, 1)
        self.assertIn("private", complaints)

    def test_a_circle_is_found(self):
        files = {"include/foreshadow/plane/a.hpp": HEAD + '#include "foreshadow/plane/b.hpp"\n',
                 "include/foreshadow/plane/b.hpp": HEAD + '#include "foreshadow/plane/a.hpp"\n'}
        status, complaints = verdict(SOUND | files)
        self.assertEqual(status, 1)
        self.assertIn("circle", complaints)

    def test_an_unknown_folder_needs_a_place(self):
        self.refused("include/foreshadow/misc/a.hpp", HEAD, "no place")

    def test_a_long_header_is_two_headers(self):
        self.refused("include/foreshadow/plane/long.hpp", HEAD + "\n" * 400, "two headers")

    def test_a_licence_comes_first(self):
        self.refused("include/foreshadow/plane/bare.hpp", "#pragma once\n", "SPDX")

    def test_the_umbrella_is_not_for_tests(self):
        self.refused("tests/unit/a.test.cpp", HEAD + '#include "foreshadow/foreshadow.hpp"\n', "what it tests")


if __name__ == "__main__":
    unittest.main()

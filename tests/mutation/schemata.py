# SPDX-License-Identifier: BSL-1.0
#
# Mutants of a header, and one copy of it that has them all: each changed expression or statement stands beside the
# original, and a number read from the environment chooses between them. So the tests are compiled once for all mutants,
# and run once for each.
#
# There is no parser here: brackets are matched, operators are told by the spaces that clang-format puts around them, and
# what does not compile is left out, counted. That is enough for code in the house style, and for nothing else.
import re
from dataclasses import dataclass

# What chooses. Constant expressions are not mutated: there is no environment while compiling.
SWITCH = """#pragma once
#include <cstdlib>
#include <type_traits>
namespace foreshadow::mutation {
inline const int active = [] { const char* text = std::getenv("FORESHADOW_MUTANT"); return text ? std::atoi(text) : 0; }();
constexpr bool on(int mutant) { return !std::is_constant_evaluated() && active == mutant; }
}
"""
ON = "::foreshadow::mutation::on({})"

OPERATORS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&"}
PRECEDENCE = {"*": 10, "/": 10, "%": 10, "+": 9, "-": 9, "<<": 8, ">>": 8, "<=>": 7, "<": 6, "<=": 6, ">": 6, ">=": 6,
              "==": 5, "!=": 5, "&": 4, "^": 3, "|": 2, "&&": 1, "||": 0}
MEMBERS = {"begin": "end", "end": "begin", "low": "high", "high": "low", "after": "upto", "upto": "after"}
CALLS = {"lower_bound": "upper_bound", "upper_bound": "lower_bound", "min": "max", "max": "min",
         "any_of": "all_of", "all_of": "any_of"}
TOKEN = re.compile(r"""::|->|\+\+|--|<=>|<<=|>>=|<<|[<>=!+\-*/%&|^]=|&&|\|\||[A-Za-z_]\w*|\d[\w'.]*|"[^"]*"|'[^']*'|\S""")
# Lines that are no code of a function, or whose mutants say nothing about correctness.
SKIPPED = re.compile(r"^\s*(#|static_assert|template|using|friend|requires|namespace|for \(;;\))|\brequires\b|= default;|= delete;|\.reserve\(")
NO_STATEMENT = re.compile(r"(return|co_return|throw|break|continue|using|static|friend|case|default|public|private|else|do|"
                          r"try|if|switch|explicit|struct|class|enum|const|constexpr|auto|mutable|template|typename|catch)\b")
DECLARATION = re.compile(r"(?!co_await\b|delete\b)(\w|::|<[^;=]*>)+[ &*]+\w+\s*([;={(,\[]|$)")


@dataclass(frozen=True)
class Mutant:
    begin: int  # of the piece that stands twice
    end: int
    changed: str  # what it becomes
    form: str  # "expression", "condition", "statement"
    shown: str  # "the line -> the line as changed"
    line: int


class Header:
    def __init__(self, text):
        self.text = text
        self.code = re.sub(r"//[^\n]*|\"(\\.|[^\"\\\n])*\"|'(\\.|[^'\\\n])'", self._mask, text)
        self.tokens = [(m[0], m.start(), m.end()) for m in TOKEN.finditer(self.code)]
        self.partner = {}
        opened = []
        for i, (word, _, _) in enumerate(self.tokens):
            if word in "([{":
                opened.append(i)
            elif word in ")]}":
                self.partner[i] = opened.pop()
                self.partner[self.partner[i]] = i

    @staticmethod
    def _mask(found):
        """Of the same length: comments as spaces, literals without what could be taken for code."""
        whole = found[0]
        return " " * len(whole) if whole.startswith("//") else whole[0] + "_" * (len(whole) - 2) + whole[0]

    def mutants(self):
        found = []
        for i, (word, begin, end) in enumerate(self.tokens):
            if SKIPPED.search(self._line(begin)):
                continue
            found += self._of_token(i, word, begin, end)
            found += self._of_statement(i, begin)
        return found

    # ---- what becomes of a token, or of what begins with it --------------------------------------------------------

    def _of_token(self, i, word, begin, end):
        after = self._word(i + 1)
        if word in PRECEDENCE and self._is_spaced(begin, end):
            left, right = self._operands(i)
            if left is None:
                return
            if word in OPERATORS:
                yield self._expression(left, right, begin, end, OPERATORS[word])
            if word in "+-" and after == "1":
                yield self._expression(left, right, begin, self.tokens[i + 1][2], "")
        elif word in ("true", "false"):
            yield self._expression(begin, end, begin, end, "false" if word == "true" else "true")
        elif word == "!" and re.match(r"[\w(*]", after):
            stop = self._postfix_end(i + 1)
            yield self._expression(begin, stop, begin, end, "!!")
        elif word in ("++", "--") and re.match(r"\w", after):
            yield self._expression(begin, self._postfix_end(i + 1), begin, end, "--" if word == "++" else "++")
        elif word in MEMBERS and self._word(i - 1) in (".", "->") and after != "(":
            left = self._postfix_begin(i - 2)
            if left is not None:
                yield self._expression(left, end, begin, end, MEMBERS[word])
        elif word in CALLS and "numeric_limits" not in self._line(begin) and self._word(i - 1) in (".", "->", "::") and (after == "(" or after == "<"):
            left = self._postfix_begin(i - 2)
            if left is not None:
                yield self._expression(left, self._call_end(i + 1), begin, end, CALLS[word])
        elif word == "continue" and after == ";":
            yield self._mutant(begin, end + 1, begin, end, "break", "statement")
        elif word in ("if", "while") and after == "(" and self._word(i - 1) != "}":
            yield from self._of_condition(i + 1, word)

    def _of_condition(self, i, word):
        """Never: what stands below it is left out."""
        begin, end = self.tokens[i][2], self.tokens[self.partner[i]][1]
        j = i + 1
        while j < self.partner[i]:
            if self._word(j) == ";":
                begin = self.tokens[j][2]
            j = self.partner[j] + 1 if self._word(j) in "([{" else j + 1
        if DECLARATION.match(self.code[begin:end].removeprefix("const ")):
            return
        if self.code[begin:end].strip() not in ("true", "false"):
            begin += len(self.code[begin:end]) - len(self.code[begin:end].lstrip())
            yield self._mutant(begin, end, begin, end, "false", "condition")

    def _of_statement(self, i, begin):
        """Left out: an expression with an effect, alone on its lines."""
        if self.code[self.code.rfind("\n", 0, begin) + 1:begin].strip() or self._word(i - 1) not in list(";{})") + ["else"]:
            return
        rest = self.code[begin:]
        if not re.match(r"[\w*(+-]", rest) or NO_STATEMENT.match(rest) or DECLARATION.match(rest.split("\n")[0]):
            return
        j = i
        if self._word(i) in ("for", "while"):
            j = self.partner[i + 1] + 1
        while j < len(self.tokens) and self._word(j) not in (";", "{", ":", "}", ")"):
            j = self.partner[j] + 1 if self._word(j) in "([" else j + 1
            if self._word(j) == "{" and re.match(r"[\w>\])]", self.code[self.tokens[j][1] - 1]):  # T{...}, no block
                j = self.partner[j] + 1
        if j < len(self.tokens) and self._word(j) == ";":
            yield self._mutant(begin, self.tokens[j][2], begin, self.tokens[j][1], "", "statement")

    # ---- extents ---------------------------------------------------------------------------------------------------

    def _word(self, i):
        return self.tokens[i][0] if 0 <= i < len(self.tokens) else ""

    def _line(self, at):
        return self.text[self.text.rfind("\n", 0, at) + 1:self.text.find("\n", at)]

    def _is_spaced(self, begin, end):
        return self.code[begin - 1].isspace() and self.code[end].isspace()

    def _is_stop(self, i, weaker_than, and_equal):
        word, begin, end = self.tokens[i]
        if word in ("return", "co_return", "co_await", "throw", "else", "case", ";", ","):
            return True
        if word in PRECEDENCE and self._is_spaced(begin, end):
            return PRECEDENCE[word] < weaker_than or (and_equal and PRECEDENCE[word] == weaker_than)
        return self._is_spaced(begin, end) and (word in ("?", ":", "=") or (len(word) > 1 and word[-1] == "="))

    def _operands(self, i):
        """From the begin of the left operand to the end of the right one."""
        strength = PRECEDENCE[self.tokens[i][0]]
        j = i - 1
        while j >= 0 and self._word(j) not in "([{" and not self._is_stop(j, strength, False):
            j = self.partner[j] - 1 if self._word(j) in ")]}" else j - 1
        k = i + 1
        while k < len(self.tokens) and self._word(k) not in ")]}" and not self._is_stop(k, strength, True):
            k = self.partner[k] + 1 if self._word(k) in "([{" else k + 1
        return (None, None) if j + 1 >= i or k <= i + 1 else (self.tokens[j + 1][1], self.tokens[k - 1][2])

    def _postfix_begin(self, i):
        """Of `a.b(c)[d]->e`, whose last token is i."""
        if i < 0 or not re.match(r"[\w)\]}>]", self._word(i)):
            return None
        while True:
            if self._word(i) in ")]}":
                i = self.partner[i]
                if re.match(r"\w", self._word(i - 1)) and self._word(i - 1) not in ("return", "co_return", "if", "while"):
                    i -= 1
                    continue
            if self._word(i - 1) in (".", "->", "::"):
                i -= 2
                continue
            while self._word(i - 1) in ("*", "&") and not self._is_spaced(*self.tokens[i - 1][1:]) and self._word(i - 2) in ("(", ","):
                i -= 1
            return self.tokens[i][1]

    def _postfix_end(self, i):
        while self._word(i) in ("*", "&"):
            i += 1
        while True:
            if self._word(i) in "([{":
                i = self.partner[i]
            following = self._word(i + 1)
            if following in (".", "->", "::"):
                i += 2
            elif following in ("(", "[") or (following == "{" and self.tokens[i + 1][1] == self.tokens[i][2]):
                i += 1
            else:
                return self.tokens[i][2]

    def _call_end(self, i):
        while self._word(i) != "(":
            i += 1
        return self.tokens[self.partner[i]][2]

    # ---- putting together ------------------------------------------------------------------------------------------

    def _expression(self, begin, end, at, until, becomes):
        return self._mutant(begin, end, at, until, becomes, "expression")

    def _mutant(self, begin, end, at, until, becomes, form):
        first = self.text.rfind("\n", 0, at) + 1
        last = self.text.find("\n", until)
        before = " ".join(self.text[first:last].split())
        after = " ".join((self.text[first:at] + becomes + self.text[until:last]).split())
        return Mutant(begin, end, self.code_of(begin, at) + becomes + self.code_of(until, end), form,
                      f"{before} -> {after}", self.text.count("\n", 0, at) + 1)

    def code_of(self, begin, end):
        """Without comments, which would swallow what is put behind them."""
        return re.sub(r"//[^\n]*", "", self.text[begin:end])

    def alone(self, mutant):
        """The header with this mutant only."""
        changed = f"({mutant.changed})" if mutant.form != "statement" else mutant.changed
        return self.text[:mutant.begin] + changed + self.text[mutant.end:]

    def together(self, numbered):
        """The header with all of {number: mutant}, and of which mutant each of its lines is (0: of none)."""
        outermost = sorted(numbered.items(), key=lambda item: (item[1].begin, -item[1].end, item[1].form != "statement"))
        text = self._nested(0, len(self.text), outermost)
        lines, owners = text.split("\n"), []
        for line in lines:
            found = re.search(r"/\*(\d+)\*/", line)
            owners.append(int(found[1]) if found else 0)
        return text, owners

    def _nested(self, begin, end, mutants):
        """[begin, end) with these mutants in it; where one holds another, only its original half does."""
        out, at, i = "", begin, 0
        while i < len(mutants):
            number, mutant = mutants[i]
            inside = []
            j = i + 1
            while j < len(mutants) and mutants[j][1].begin < mutant.end:
                inside.append(mutants[j])
                j += 1
            out += self.text[at:mutant.begin]
            crossing = [m for m in inside if m[1].end > mutant.end]
            assert not crossing, (mutant, crossing)
            original = self._nested(mutant.begin, mutant.end, inside)
            mark, on = f"/*{number}*/", ON.format(number)
            changed = mutant.changed.replace("\n", " ")
            if mutant.form == "condition":
                out += f"\n({on} ? {changed} : {mark}\nstatic_cast<bool>({original}))"
            elif mutant.form == "expression":
                out += f"\n({on} ? ({changed}) : {mark}\n({original}))"
            elif mutant.changed == ";":
                out += f"\n{{ if (!{on}) {mark}\n{original} }}"
            else:
                out += f"\n{{ if ({on}) {{ {changed} }} {mark}\n{original} }}"
            at, i = mutant.end, j
        return out + self.text[at:end]

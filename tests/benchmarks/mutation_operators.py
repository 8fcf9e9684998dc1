"""The mutants of a source: mutmut's operators, and those below that it lacks.

Owns what counts as a mutant and the order in which they are tried. It needs mutmut 3, whose
operators it applies.
"""

from __future__ import annotations

import random
from itertools import accumulate
from typing import NamedTuple

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators


def _number_below(node):
    if isinstance(node, cst.Integer):
        yield cst.parse_expression(f"({node.evaluated_value - 1})")


def _other_function(node):
    others = {"min": "max", "max": "min", "any": "all", "all": "any"}
    if isinstance(node.func, cst.Name) and node.func.value in others:
        yield node.with_changes(func=cst.Name(others[node.func.value]))


def _swapped_arguments(node):
    plain = [arg for arg in node.args[:2] if arg.keyword is None and not arg.star]
    if len(plain) == 2:
        first, second = plain
        swapped = first.with_changes(value=second.value), second.with_changes(value=first.value)
        yield node.with_changes(args=[*swapped, *node.args[2:]])


def _one_operand(node):
    yield node.left.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    yield node.right.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def _negated(node):
    inner = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    negation = cst.UnaryOperation(operator=cst.Not(), expression=inner)
    yield node.with_changes(
        test=negation.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    )


def _unasked(node):
    for i in range(len(node.ifs)):
        yield node.with_changes(ifs=[*node.ifs[:i], *node.ifs[i + 1 :]])


def _no_statement(node):
    match node:
        case cst.Expr(value=cst.Call()) | cst.AugAssign() | cst.Assign() | cst.Raise():
            yield cst.Pass()
        case cst.Continue() | cst.Break():
            yield cst.Pass()


def _no_answer(node):
    if node.value is not None and not m.matches(node.value, m.Name("None")):
        yield node.with_changes(value=cst.Name("None"))


_WHOLE = cst.BaseCompoundStatement, cst.BaseSmallStatement, cst.CompFor

OPERATORS = [
    *mutation_operators,
    (cst.Integer, _number_below),
    (cst.Call, _other_function),
    (cst.Call, _swapped_arguments),
    (cst.BooleanOperation, _one_operand),
    (cst.If, _negated),
    (cst.While, _negated),
    (cst.IfExp, _negated),
    (cst.CompFor, _unasked),
    (cst.BaseSmallStatement, _no_statement),
    (cst.Return, _no_answer),
]


_NOT_THE_PROGRAM = (
    m.Annotation()
    | m.Decorator()
    | m.Assert()
    | m.ImportFrom()
    | m.FunctionDef(name=m.Name("_check"))
    | m.AnnAssign(annotation=m.Annotation(m.Name("TypeAlias")))
    | m.SimpleString(value=m.MatchIfTrue(lambda value: value.startswith('"""')))
)


class _Mutations(cst.CSTVisitor):
    """Collect (position, node, its replacement, whether it is in the body of a function)."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self):
        super().__init__()
        self.found = []
        self.depth = 0  # of functions

    def on_leave(self, original_node):
        self.depth -= isinstance(original_node, cst.FunctionDef)

    def on_visit(self, node):
        self.depth += isinstance(node, cst.FunctionDef)
        if m.matches(node, _NOT_THE_PROGRAM):
            return False
        where = self.get_metadata(PositionProvider, node, None)
        for kind, operator in OPERATORS:
            if isinstance(node, kind):
                self.found += [(where, node, new, self.depth > 0) for new in operator(node)]
        return True


class Mutant(NamedTuple):
    """A changed source: the first line that differs, as it was and as it is."""

    line: int
    was: str
    now: str
    code: str
    inside: bool  # whether only the body of a function differs


def mutants(source):
    """Yield each changed source once, in a random order that is always the same."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    visitor = _Mutations()
    wrapper.visit(visitor)
    random.Random(0).shuffle(visitor.found)  # noqa: S311
    starts = [0, *accumulate(len(line) for line in source.splitlines(keepends=True))]
    seen = {source}
    for where, node, new, inside in visitor.found:
        if where is None or isinstance(node, _WHOLE):
            code = wrapper.module.deep_replace(node, new).code
        else:  # a hundred times as fast
            first, last = (starts[at.line - 1] + at.column for at in (where.start, where.end))
            text = wrapper.module.code_for_node(new).strip()
            code = source[:first] + text + source[last:]
        if code not in seen:
            seen.add(code)
            pairs = zip(source.splitlines(), code.splitlines(), strict=False)
            lines = next(
                (n, old.strip(), now.strip()) for n, (old, now) in enumerate(pairs, 1) if old != now
            )
            yield Mutant(*lines, code, inside)

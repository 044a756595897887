"""From a schedule to numpy: a group of statements is one line, its operands views of memory.

Values and partials are the rows of the table, run on symbols that stand for arrays. A sum of
products takes its partials from the rows `mul` and `add`: the share of an operand is the
adjoint times the other operand, added up along the axes on which the operand stays the same.
So the chain rule for a matrix product is the one for `mul`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd import primitives
from autograd.primitives import TABLE
from autograd.replay.access import Access, Constants, Part
from autograd.replay.emit import share_of, without_edge
from autograd.replay.folds import ArrayFolds, foldable
from autograd.replay.inline import PYTHON, NumpyDialect, Unwritable
from autograd.replay.memory import LANES, Memory
from autograd.replay.sharing import shared
from autograd.symbols import OPERATORS, Source, Symbol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograd.primitives import Primitive
    from autograd.replay.fuse import Statement
    from autograd.replay.lower import Guard, Operand
    from autograd.replay.schedule import Group, Schedule

UFUNCS = {
    "-": ("np.negative", "np.subtract"),
    "/": ("", "np.divide"),
    "+": ("", "np.add"),
    "*": ("", "np.multiply"),
}
"""What numpy calls Python's operators, of one operand and of two."""

FEW = 3
"""More runs of adjoints than these are set to zero as one, with what lies between."""

MASK = re.compile(r"np\.where\((\w+) (<=|>=|<|>) (\S+), 0\.0, 1\.0\)")
OPPOSITE = {"<=": ">", ">=": "<", "<": ">=", ">": "<="}


class Call(NamedTuple):
    """A numpy call that can be told where to write."""

    function: str
    arguments: str

    def __str__(self) -> str:
        return f"{self.function}({self.arguments})"


class ArrayRows(NumpyDialect):
    """A dialect that calls rows by a name of their own for arrays, and keeps those it calls."""

    def __init__(self, kind: str, orders: str) -> None:
        super().__init__(orders)
        self.kind = kind
        self.called: dict[str, Primitive] = {}
        self.alone = set[str]()
        self.folded: dict[Any, tuple[str, list[str]]] = {}

    def row_call(self, row: Primitive, operands: Sequence[object]) -> Symbol:
        """Write a call of the row's form for arrays."""
        return self.call_named(f"{row.name.lstrip('_')}_{self.kind}", row, operands)

    def call_named(self, name: str, row: Primitive, operands: Sequence[object]) -> Symbol:
        """Write a call, and remember what it is of."""
        self.called[name] = row
        return self.term(f"{name}({', '.join(self.term('').operand(x, 0) for x in operands)})")

    def fold(self, row: Primitive, many: Sequence[int], wanted: Sequence[bool] = ()) -> str:
        """Define a row of any number of operands, each a number or many; or its slopes by those wanted."""
        key = row, tuple(many), tuple(wanted)
        if key not in self.folded:
            names = "xyuw"[: len(many)]
            folds = ArrayFolds([name for name, each in zip(names, many, strict=True) if each], self)
            operands = [folds.term(name) for name in names]
            if wanted:
                slopes = folds.slopes(row, folds.term("z"), operands)
                results = [slope for slope, want in zip(slopes, wanted, strict=True) if want]
            else:
                results = [folds.value(row, operands)]
            count = sum(row is known for known, _, _ in self.folded)
            name = f"{row.name}_{'slopes' if wanted else 'values'}{count or ''}"
            self.folded[key] = name, defined(name, "z" * bool(wanted) + names, folds.lines, results)
        return self.folded[key][0]

    def definitions(self) -> Iterator[str]:
        """Define the rows that are called; keep by name those that cannot be written for arrays."""
        for _, lines in self.folded.values():
            yield from lines
        for called, row in self.called.items():
            if row.variadic:
                self.alone.add(row.name)
            else:
                steps = Steps(self.orders)
                names = "xyuwv"[: len(row.partials)]
                try:
                    result = steps.explored(row.function, [steps.term(name) for name in names])
                except Unwritable:
                    self.alone.add(row.name)
                    continue
                yield from defined(called, names, steps.lines, [result])


def defined(name: str, letters: str, lines: dict[str, str], results: Sequence[Symbol]) -> list[str]:
    """Write a function: its lines, each a name by its text, and what it returns."""
    found = shared([*((name, text) for text, name in lines.items()), *(("", str(x)) for x in results)])
    returned = ", ".join(text for name, text in found if not name)
    body = [f"    {name} = {text}" for name, text in found if name]
    return [f"def {name}({', '.join(letters)}):", *body, f"    return {returned}", ""]


class Steps(NumpyDialect):
    """A dialect that gives every call of `math` a line of its own, and none twice."""

    def __init__(self, orders: str) -> None:
        super().__init__(orders)
        self.lines: dict[str, str] = {}

    def call(self, kind: type[Symbol], name: str, operands: Sequence[object]) -> Any:  # noqa: ANN401
        """Name what a call gives; a test is none."""
        written = super().call(kind, name, operands)
        if name.startswith("is"):
            return written
        return kind(self.lines.setdefault(str(written), f"t{len(self.lines) + 1}"))


class Arrays:
    """Prints a schedule as numpy."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.wengert = schedule.wengert
        self.values = ArrayRows("values", "<=>?")
        self.dialect = ArrayRows("array", "<=>")
        self.lines: list[str] = []
        self.memory = Memory(schedule, self.lines)
        self.stored = self.memory.read_in_arrays() & set(self.memory.variables)
        self.bars: set[int] = set()  # addresses whose adjoint is a variable that is set
        self.touched = np.zeros(schedule.size, dtype=bool)  # adjoints in memory that are set
        self.zeros = np.zeros(schedule.size, dtype=bool)  # those to be set to zero beforehand
        self.told = False  # whether numbers in memory that are not finite tell of operands outside a domain
        self.varying = np.zeros(schedule.size, dtype=bool)
        self.varying[[schedule.address[slot] for slot in schedule.varying]] = True

    # The whole ------------------------------------------------------------------------------------

    def source(self, *, gradient: bool) -> str:
        """Print a function that allocates memory and returns the program."""
        schedule, count = self.schedule, len(self.wengert.inputs)
        batched = np.flatnonzero(self.varying[:count])
        lanes = len(schedule.varying) > 0
        where = self.memory.constant(batched) if lanes else ""
        for group in schedule.groups:
            self.forward(group)
        if self.told:
            self.lines.append("if not finite(v): raise FloatingPointError")
        for number, guard in enumerate(self.wengert.guards):
            self.lines.append(self.guard(guard, number))
        backward = len(self.lines)
        value = self.seed_and_value(gradient=gradient)
        if gradient:
            for group in reversed(schedule.groups):
                self.backward(group)
            self.complete(np.arange(count))
            self.lines[backward:backward] = self.zero_lines()
        results = [value, f"g[:{count}].copy()", f"h[{where}]"]
        body = [
            f"v[:{count}] = inputs",
            *([f"u[{where}] = batch"] if lanes else []),
            *self.lines,
            f"return {', '.join(results[: 1 + (1 + lanes) * gradient])}",
        ]
        constants = "".join(f"c{k + 1}, " for k in range(len(self.memory.constants)))
        memory = [f"{name} = np.zeros({schedule.size})" for name in ("vg" if gradient else "v")]
        if lanes:
            memory += [f"{name} = np.zeros(({schedule.size}, lanes))" for name in ("uh" if gradient else "u")]
        lines = [
            *self.values.definitions(),
            *self.dialect.definitions(),
            f"def workspace(constants{', lanes' * lanes}):",
            *([f"    {constants.rstrip()} = constants"] if constants else []),
            *(f"    {line}" for line in (*memory, *self.memory.setup)),
            "",
            f"    def program(inputs{', batch, weight' * lanes}):",
            *(f"        {line}" for line in body),
            "",
            "    return program",
        ]
        return "\n".join(lines) + "\n"

    def guard(self, guard: Guard, number: int) -> str:
        """Print the test that a comparison comes out as it did while recording, in every lane."""
        test = f"{self.name_of(guard.left)} {guard.sign} {self.name_of(guard.right)}"
        if {guard.left, guard.right}.isdisjoint(self.schedule.varying):
            return f"if {f'not {test}' if guard.outcome else test}: raise StaleProgram({number})"
        whole = f"not np.all({test})" if guard.outcome else f"np.any({test})"
        return f"if {whole}: raise StaleProgram({number})"

    def seed_and_value(self, *, gradient: bool) -> str:
        """Give the output its adjoint, and return the text of the value."""
        output = self.wengert.output
        name = self.name_of(output)
        weight = "weight" if self.schedule.varying else "1.0"
        if output in self.schedule.varying:
            if gradient:
                self.write(self.row("g", self.schedule.address[int(output)]), weight, adding=False)
                self.touched[self.schedule.address[int(output)]] = True
            return f"float(np.sum({name})) * weight"
        if gradient and isinstance(output, int):
            self.add_alone(
                self.schedule.address[output], f"{weight} * lanes" if self.schedule.varying else weight
            )
        return f"{name} * weight * lanes" if self.schedule.varying else name

    def row(self, memory: str, address: int) -> str:
        """Name a number that has lanes."""
        return self.memory.view(memory, Access(address, (), lanes=True), (), (0,))

    def name_of(self, x: Operand) -> str:
        """Name one operand, or write its number."""
        if not isinstance(x, int):
            return Source("").number(x)
        address = self.schedule.address[x]
        return self.row("v", address) if x in self.schedule.varying else self.memory.element(address)

    # Forward --------------------------------------------------------------------------------------

    def forward(self, group: Group) -> None:
        """Print a group's values."""
        if not group.parts:
            for k, slot in enumerate(group.slots):
                self.forward_alone(group.start + k, self.schedule.statements[slot])
        elif foldable(group.row):
            self.forward_folded(group, group.row)
        elif group.row is not None:
            self.forward_row(group, group.row, group.parts[0])
        else:
            self.forward_sum(group)

    def forward_alone(self, address: int, statement: Statement) -> None:
        """Print one statement in plain Python."""
        name = self.memory.variables[address]
        if statement.row is None:
            terms = [
                f"{self.name_of(x)} * {self.name_of(y)}" for x, y in (*statement.pairs, *statement.scaled)
            ]
            terms += [self.name_of(x) for x in statement.terms]
            if statement.constant != 0 or not terms:
                terms.append(self.name_of(statement.constant))
            self.lines.append(f"{name} = {' + '.join(terms)}")
        else:
            symbols = self.symbols(statement.operands)
            outside = PYTHON.outside(statement.row, symbols)
            if outside:
                self.lines.append(f"if {outside}: raise DomainError")
            self.lines.append(f"{name} = {PYTHON.value(statement.row, symbols)}")
        if address in self.stored:
            self.lines.append(f"v[{address}] = {name}")

    def symbols(self, operands: tuple[Operand, ...]) -> list[Any]:
        """Return operands of one statement as symbols, constants as they are."""
        return [PYTHON.term(self.name_of(x)) if isinstance(x, int) else x for x in operands]

    def array_symbols(self, part: Part) -> list[Any]:
        """Return operands of a row as symbols that broadcast over its axes, single numbers as they are."""
        return [
            x.values
            if isinstance(x, Constants) and not x.along
            else self.dialect.term(self.memory.spread(x, part.sizes, part.result_axes))
            for x in part.operands
        ]

    def forward_row(self, group: Group, row: Primitive, part: Part) -> None:
        """Print a row of the table over arrays."""
        symbols = self.array_symbols(part)
        if row.function in OPERATORS:
            function = UFUNCS[OPERATORS[row.function]][len(symbols) - 1]
            call: Any = Call(function, ", ".join(self.dialect.term("").operand(x, 0) for x in symbols))
        else:
            call = call_in(str(self.values.value(row, symbols)))
        outside = self.values.outside(row, symbols)
        if outside and isinstance(call, Call) and not (group.single or group.lanes) and tells(row, part):
            self.told = True
        elif outside:
            self.lines.append(f"if np.any({outside}): raise DomainError")
        self.write(self.target(group, part), call, adding=False)

    def families(self, group: Group) -> list[str]:
        """Name the operands of a row of any number of them: many lie along a first axis."""
        return [self.memory.spread(part.operands[0], part.sizes, part.axes) for part in group.parts]

    def forward_folded(self, group: Group, row: Primitive) -> None:
        """Print a row of any number of operands over arrays."""
        name = self.values.fold(row, [part.folded for part in group.parts])
        call = f"{name}({', '.join(self.families(group))})"
        call = f"float({call})" if group.single else call
        self.write(self.target(group, group.parts[0]), call, adding=False)
        self.store(group)

    def forward_sum(self, group: Group) -> None:
        """Print a sum of products and terms, part by part, those of the most axes first."""
        adding = False
        for part in sorted(group.parts, key=lambda part: part.lanes < group.lanes):
            over = self.whole(group, part).result_axes
            if not part.summed:
                names = [self.memory.spread(x, part.sizes, over) for x in part.operands]
                product = Call("np.multiply", ", ".join(names)) if over else " * ".join(names)
                call: Any = product if part.kind != "terms" else names[0]
            else:
                call = self.sum_over(part)
                call = f"np.asarray({call})[..., None]" if part.lanes < group.lanes else call
            self.write(self.target(group, part), call, adding=adding)
            adding = True
        if not isinstance(group.constant, float) or group.constant != 0:
            part = Part("terms", (), (len(group.slots),), lanes=group.lanes)
            shape = [-1, 1] if group.lanes else None
            self.write(self.target(group, part), self.memory.constant(group.constant, shape), adding=True)
        self.store(group)

    def store(self, group: Group) -> None:
        """Put a number that is a variable into memory too, if it is read as part of an array."""
        if group.single and group.start in self.stored:
            self.lines.append(f"v[{group.start}] = {self.memory.variables[group.start]}")

    @staticmethod
    def whole(group: Group, part: Part) -> Part:
        """Return a part with all the axes of its group's results: terms may lack lanes."""
        return part._replace(lanes=group.lanes)

    def target(self, group: Group, part: Part) -> str:
        """Name where a part of a group writes: a variable if the group is one number."""
        if group.single:
            return self.memory.variables[group.start]
        whole = self.whole(group, part)
        return self.memory.view("v", whole.result(group.start), part.sizes, whole.result_axes)

    def sum_over(self, part: Part) -> Any:  # noqa: ANN401 - a call or a text
        """Write a part's products, or terms, added up along its summed axes."""
        x = part.operands[0]
        name = self.memory.own(x, part.sizes)
        if part.kind == "terms":
            return sum_call(name, x.axes(), part.result_axes)
        y = part.operands[1]
        return contraction(name, x.axes(), self.memory.own(y, part.sizes), y.axes(), part.result_axes)

    def write(self, target: str, call: Any, *, adding: bool) -> None:  # noqa: ANN401 - a call or a text
        """Print a line that puts a result into a view, or a variable."""
        if target in self.memory.variables.values():
            text = f"float({call})" if "np." in str(call) else call
            self.lines.append(f"{target} {'+=' if adding else '='} {text}")
        elif adding:
            self.lines.append(f"np.add({target}, {call}, out={target})")
        elif isinstance(call, Call):
            self.lines.append(f"{call.function}({call.arguments}, out={target})")
        else:
            self.lines.append(f"{target}[...] = {call}")

    # Backward -------------------------------------------------------------------------------------

    def backward(self, group: Group) -> None:
        """Print the chain rule for a group, unless nothing depends on it."""
        if not group.parts:
            for k in reversed(range(len(group.slots))):
                if self.collected(group.start + k):
                    self.backward_alone(group.start + k, self.schedule.statements[group.slots[k]])
            return
        where = np.arange(group.start, group.end)
        if group.single:
            if not self.collected(group.start):
                return
        elif self.touched[where].any():
            self.complete(where)
        else:
            return
        self.backward_together(group)

    def backward_together(self, group: Group) -> None:
        """Print the chain rule for statements computed together."""
        if foldable(group.row):
            self.backward_folded(group, group.row)
            return
        for part in group.parts:
            if part.kind == "row":
                self.backward_row(group, part)
            elif part.kind == "terms":
                self.backward_terms(group, part)
            else:
                self.backward_product(group, part)

    def collected(self, address: int) -> bool:
        """Bring together the adjoint of a number computed alone; false if there is none."""
        if self.touched[address]:
            self.add_alone(address, f"g.item({address})")
        return address in self.bars

    def add_alone(self, address: int, share: str) -> None:
        """Add to the adjoint of one number."""
        if address in self.memory.variables:
            name = f"{self.memory.variables[address]}_bar"
            self.lines.append(f"{name} {'+=' if address in self.bars else '='} {share}")
            self.bars.add(address)
        else:
            self.lines.append(f"g[{address}] {'+=' if self.touched[address] else '='} {share}")
            self.touched[address] = True

    def complete(self, where: Any) -> None:  # noqa: ANN401 - an array of addresses
        """Have adjoints that nothing has added to be zero from the start."""
        self.zeros[where] |= ~self.touched[where]
        self.touched[where] = True

    def zero_lines(self) -> Iterator[str]:
        """Print what sets adjoints to zero, in runs."""
        for memory, chosen in (("g", self.zeros & ~self.varying), ("h", self.zeros & self.varying)):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], chosen.astype(int), [0]])))
            runs = list(zip(edges[::2], edges[1::2], strict=True))
            if memory == "g" and len(runs) > FEW:  # a line costs as much as thousands of numbers
                runs = [(runs[0][0], runs[-1][1])]
            yield from (f"{memory}[{a}:{b}] = 0.0" for a, b in runs)

    def backward_alone(self, address: int, statement: Statement) -> None:
        """Print the chain rule for one statement in plain Python."""
        z = PYTHON.term(self.memory.variables[address])
        z_bar = PYTHON.term(f"{z}_bar")
        shares: list[tuple[Operand, Any]] = []
        if statement.row is None:
            for pair in (*statement.pairs, *statement.scaled):
                symbols = self.symbols(pair)
                shares += [(x, PYTHON.partial(TABLE["mul"], i, z, symbols)) for i, x in enumerate(pair)]
            shares += [(x, PYTHON.partial(TABLE["add"], 0, z, (z, z))) for x in statement.terms]
        elif statement.row.variadic:
            partials = self.memory.fresh("partials")
            names = ", ".join(map(self.name_of, statement.operands))
            self.lines.append(f"{partials} = {statement.row.name}_partials({z}, [{names}])")
            shares = [(x, PYTHON.term(f"{partials}[{i}]")) for i, x in enumerate(statement.operands)]
        else:
            symbols = self.symbols(statement.operands)
            shares = [
                (x, PYTHON.partial(statement.row, i, z, symbols))
                for i, x in enumerate(statement.operands)
                if isinstance(x, int)
            ]
        for x, partial in shares:
            if isinstance(x, int) and not (statement.row and without_edge(statement.row, partial)):
                self.add_alone(self.schedule.address[x], str(share_of(z_bar, partial)))

    def bar(self, group: Group, part: Part, over: tuple[int, ...]) -> str:
        """Name the adjoint of a group so that it broadcasts over axes."""
        if group.single:
            return f"{self.memory.variables[group.start]}_bar"
        return self.memory.view("g", self.whole(group, part).result(group.start), part.sizes, over)

    def backward_row(self, group: Group, part: Part) -> None:
        """Print the chain rule for a row over arrays."""
        row = group.row
        symbols = self.array_symbols(part)
        z = self.dialect.term(self.target(group, part))
        z_bar = self.bar(group, part, part.result_axes)
        if row is not None and row.variadic:
            partials = self.memory.fresh("partials")
            self.lines.append(
                f"{partials} = {self.dialect.call_named(f'{row.name}_partials_array', row, [z, *symbols])}"
            )
        for i, x in enumerate(part.operands):
            if isinstance(x, Access) and row is not None:
                if row.variadic:
                    partial = self.dialect.term(f"{partials}[{i}]")
                else:
                    partial = self.dialect.partial(row, i, z, symbols)
                if not without_edge(row, partial):
                    self.hand_down(x, part, share_call(z_bar, partial), part.result_axes)

    def backward_folded(self, group: Group, row: Primitive) -> None:
        """Print the chain rule for a row of any number of operands."""
        wanted = [isinstance(part.operands[0], Access) for part in group.parts]
        name = self.dialect.fold(row, [part.folded for part in group.parts], wanted)
        slopes = [self.memory.fresh("slopes") for part in group.parts if isinstance(part.operands[0], Access)]
        operands = [self.target(group, group.parts[0]), *self.families(group)]
        self.lines.append(f"{', '.join(slopes)} = {name}({', '.join(operands)})")
        for part in group.parts:
            (x,) = part.operands
            if isinstance(x, Access):
                z_bar = self.bar(group, part, part.result_axes)
                self.hand_down(x, part, share_call(z_bar, self.dialect.term(slopes.pop(0))), part.axes)

    def backward_terms(self, group: Group, part: Part) -> None:
        """Print the chain rule for the terms of a sum."""
        (x,) = part.operands
        result = self.whole(group, part).result_axes
        every = tuple(range(len(part.sizes) + 1)) if group.lanes else tuple(range(len(part.sizes)))
        spread = result if set(x.axes()) <= set(result) else every  # every term of a sum gets the same
        z_bar = self.bar(group, part, spread)
        partial = self.dialect.partial(TABLE["add"], 0, self.dialect.term("z"), [self.dialect.term("x")] * 2)
        if isinstance(x, Access):
            first = min(self.whole(group, part).result(group.start).axes(), default=0)
            axes = () if group.single else tuple([axis for axis in spread if axis >= first])
            self.hand_down(x, part, share_call(z_bar, partial), axes, exact=spread is result)

    def backward_product(self, group: Group, part: Part) -> None:
        """Print the chain rule for the products of a sum."""
        result = self.whole(group, part).result(group.start)
        axes = () if group.single else result.axes()
        symbols = [self.dialect.term(name) for name in ("{0}", "{1}")]
        left, right = part.operands
        square = isinstance(left, Access) and left.same_as(right) and set(axes) <= set(left.axes())
        for i, x in enumerate(part.operands):
            if isinstance(x, Access) and not (square and i):
                partial = self.dialect.partial(TABLE["mul"], i, self.dialect.term("z"), symbols)
                other = part.operands[[str(symbol) for symbol in symbols].index(str(partial))]
                gone = {*axes, *other.axes()} - {*x.axes()}
                name = self.bar(group, part, axes if gone else x.axes())
                name = f"2.0 * {name}" if square else name  # both shares at once
                if gone:
                    own = self.memory.own(other, part.sizes)
                    call: Any = contraction(name, axes, own, other.axes(), x.axes())
                else:
                    call = Call("np.multiply", f"{name}, {self.memory.spread(other, part.sizes, x.axes())}")
                self.hand_down(x, part, call, x.axes())

    def hand_down(
        self,
        x: Access,
        part: Part,
        call: Any,  # noqa: ANN401 - a call or a text
        axes: tuple[int, ...],
        *,
        exact: bool = True,
    ) -> None:
        """Add a share, which has the given axes, to the adjoint of an operand.

        If it is not `exact` it has length 1 along some of them.
        """
        own = x.axes()
        gone = tuple([k for k, axis in enumerate(axes) if axis not in own])
        if not own:
            self.add_alone(x.start, f"float(np.sum({call}))" if gone else str(call))
            return
        if gone:
            call = Call("np.sum", f"{call}, axis={gone[0] if len(gone) == 1 else gone}")
            call = call if exact else str(call)
        where = x.addresses(part.sizes)
        distinct = np.unique(where).size == where.size
        if not distinct:
            self.complete(where)
        adding = bool(self.touched[where].any())
        if adding:
            self.complete(where)
        self.touched[where] = True
        if x.index is None and distinct:
            self.write(self.memory.view("g", x, part.sizes, own), call, adding=adding)
            return
        memory = LANES["g"] if x.lanes else "g"
        index = self.memory.constant(where)
        if distinct:
            self.lines.append(f"{memory}[{index}] {'+=' if adding else '='} {call}")
        else:
            self.lines.append(f"np.add.at({memory}, {index}, {call})")

    # Telling --------------------------------------------------------------------------------------

    def notes(self) -> Iterator[str]:
        """Say what became of each group."""
        for group in self.schedule.groups:
            if group.parts:
                statement = self.schedule.statements[group.slots[0]]
                yield f"{self.memory.title(group)}: {len(group.slots):,} × {_described(statement)}"
        alone = self.values.alone | self.dialect.alone
        if alone:
            yield f"number by number, for want of a form for arrays: {', '.join(sorted(alone))}"


def _described(statement: Statement) -> str:
    if statement.row is not None:
        return statement.row.name
    counts = (
        (len(statement.pairs) + len(statement.scaled), "product"),
        (len(statement.terms), "term"),
        (int(statement.constant != 0), "constant"),
    )
    return "sum of " + " and ".join(f"{n} {word}{'s' * (n > 1)}" for n, word in counts if n)


def contraction(
    a: str, a_axes: tuple[int, ...], b: str, b_axes: tuple[int, ...], wanted: tuple[int, ...]
) -> Any:  # noqa: ANN401
    """Write the product of two operands, added up along the axes that are not wanted.

    A matrix product where there is one axis to add up and one or none beside it; otherwise einsum.
    """
    missing = [axis for axis in wanted if axis not in {*a_axes, *b_axes}]
    if missing:
        present = tuple([axis for axis in wanted if axis not in missing])
        return stretched(contraction(a, a_axes, b, b_axes, present), missing, wanted)
    if not a_axes or not b_axes:
        text, axes, scale = (a, a_axes, b) if a_axes else (b, b_axes, a)
        return f"{sum_call(text, axes, wanted)} * {scale}"
    gone = sorted({*a_axes, *b_axes} - {*wanted})
    i, j = (tuple([axis for axis in axes if axis not in gone]) for axes in (a_axes, b_axes))
    shared = len(gone) == 1 and gone[0] in a_axes and gone[0] in b_axes
    if shared and max(len(i), len(j)) <= 1 and wanted in {i + j, j + i}:
        if wanted != i + j:
            (a, a_axes, i), (b, b_axes, j) = (b, b_axes, j), (a, a_axes, i)
        a = a if a_axes == (*i, gone[0]) else f"{a}.T"
        b = b if b_axes == (gone[0], *j) else f"{b}.T"
        return Call("np.matmul" if wanted else "np.dot", f"{a}, {b}")
    term = ["".join("ijklmnopq"[axis] for axis in axes) for axes in (a_axes, b_axes, wanted)]
    return Call("np.einsum", f'"{term[0]},{term[1]}->{term[2]}", {a}, {b}')


def sum_call(text: str, axes: tuple[int, ...], wanted: tuple[int, ...]) -> Any:  # noqa: ANN401 - a call or a text
    """Write a sum over the axes that are not wanted."""
    gone = tuple([position for position, axis in enumerate(axes) if axis not in wanted])
    whole = len(gone) == len(axes)
    call = Call("np.sum", text if whole else f"{text}, axis={gone[0] if len(gone) == 1 else gone}")
    missing = [axis for axis in wanted if axis not in axes]
    return stretched(call, missing, wanted) if missing else call


def stretched(call: object, missing: list[int], wanted: tuple[int, ...]) -> str:
    """Write a result with length 1 along the axes that it is missing: there it stays the same."""
    return f"np.asarray({call})[{', '.join('None' if axis in missing else ':' for axis in wanted)}]"


def share_call(z_bar: str, partial: Any) -> Any:  # noqa: ANN401 - a call or a text
    """Write an adjoint times a partial; by a mask where that is 0 or 1."""
    if isinstance(partial, Symbol):
        mask = MASK.fullmatch(str(partial))
        test = f"{mask[1]} {OPPOSITE[mask[2]]} {mask[3]}" if mask else str(partial)
        return Call("np.multiply", f"{z_bar}, {test}")
    if partial in {1, -1}:
        return z_bar if partial == 1 else Call("np.negative", z_bar)
    return Call("np.multiply", f"{z_bar}, {Source('').number(partial)}")


def tells(row: Primitive, part: Part) -> bool:
    """Whether what lies in memory is not all finite if an operand is outside the domain.

    Outside, numpy's functions give nan or an infinity, if they are not given one. That holds for
    the rows of the table, not for what somebody adds: the square root of a number may be refused
    where numpy has one.
    """
    seen = all(x.axes() if isinstance(x, Access) else np.isfinite(x.values).all() for x in part.operands)
    return seen and getattr(primitives, row.name, None) is row


def call_in(text: str) -> Any:  # noqa: ANN401 - a call or a text
    """Return a text as a call if it is one, of a function that can be told where to write."""
    found = re.fullmatch(r"(np\.(\w+))\((.*)\)", text)
    if found is None or not isinstance(getattr(np, found[2], None), np.ufunc):
        return text
    depth = 0
    for sign in found[3]:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return text
    return Call(found[1], found[3])

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
from autograd.replay.memory import LANES, Memory, Order
from autograd.replay.sharing import shared
from autograd.symbols import BINDING, OPERATORS, Source, Symbol

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

NEAR = 1000
"""Runs of adjoints that are no farther apart are set to zero as one: a line costs as much as more numbers."""

SPARED = 3
"""From so many steps on it is worth asking whether any number needs them."""

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
        self.called: dict[str, Primitive] = {}  # rows that cannot be written for arrays
        self.forms: dict[Any, tuple[str, list[str]]] = {}  # names and definitions, those of others empty
        self.alone = set[str]()
        self.folded: dict[Any, tuple[str, list[str]]] = {}

    def row_call(self, row: Primitive, operands: Sequence[object]) -> Symbol:
        """Write a call of the row's form for arrays, which is defined for the numbers among the operands."""
        name = f"{row.name.lstrip('_')}_{self.kind}"
        numbers = tuple([None if isinstance(x, Symbol) else x for x in operands])
        key = row, tuple(map(repr, numbers))
        if key not in self.forms:
            alike = sum(known.name == row.name for known, _ in self.forms)
            form = f"{name}{alike or ''}"
            self.forms[key] = form, definition(form, row, numbers, self.orders)
        form, lines = self.forms[key]
        if not lines:
            return self.call_named(form, row, operands)
        return self.term(f"{form}({', '.join(x.operand(x, 0) for x in operands if isinstance(x, Symbol))})")

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
        for _, lines in (*self.folded.values(), *self.forms.values()):
            yield from lines
        self.alone |= {row.name for row in self.called.values()}


def defined(name: str, letters: str, lines: dict[str, str], results: Sequence[Symbol]) -> list[str]:
    """Write a function: its lines, each a name by its text, and what it returns."""
    returned = ", ".join(map(str, results))
    return written(name, letters, [*((name, text) for text, name in lines.items()), ("return", returned)])


def written(name: str, letters: str, lines: list[tuple[str, str]]) -> list[str]:
    """Write a function of lines that may return early: where there is no special case, what is last."""
    body = []
    special = ""
    for target, text in shared(lines):
        if target == "special":
            special = text
        elif target == "last":
            body.append(f"    if not ({special}).any(): return {text}")
        elif target == "return":
            body.append(f"    return {text}")
        else:
            body.append(f"    {target} = {text}")
    return [f"def {name}({', '.join(letters)}):", *body, ""]


class Steps(NumpyDialect):
    """A dialect that gives every call of `math` a line of its own, and none twice."""

    def __init__(self, orders: str) -> None:
        super().__init__(orders)
        self.lines: dict[str, str] = {}
        self.special: list[str] = []  # tests for special cases
        self.last = ""  # what the row is if none of them is one

    def call(self, kind: type[Symbol], name: str, operands: Sequence[object]) -> Any:  # noqa: ANN401
        """Name what a call gives; a test is none."""
        if name == "pow" and not isinstance(operands[1], Symbol) and operands[1] == 0:
            return 1.0
        written = super().call(kind, name, operands)
        if name.startswith("is"):
            return written
        return kind(self.lines.setdefault(str(written), f"t{len(self.lines) + 1}"))

    def joined(self, results: list[Any], depth: int) -> Symbol:
        """Keep the last way apart from the others: special cases come first in a row."""
        if depth == 0:
            results = [(taken, without_ones(result)) for taken, result in results]
            taken, last = results[-1]
            self.last = str(last)
            others = [[outcome for _, outcome in way] for way, other in results if str(other) != self.last]
            for k, (test, _) in enumerate(taken):
                before = [outcome for _, outcome in taken[:k]]
                if any(way[:k] == before and way[k] for way in others):
                    self.special.append(str(test))
        return super().joined(results, depth)

    def body(self, result: Symbol) -> list[tuple[str, str]]:
        """Return the steps; first those that do if there is no special case, if that spares enough."""
        first = self.needed([self.last, *self.special])
        spared = self.needed([str(result)]) - first
        lines = [(name, text) for text, name in self.lines.items() if name in first | spared]
        if len(spared) < SPARED:
            return [*lines, ("return", str(result))]
        special = " | ".join(f"({test})" for test in self.special)
        return [
            *(line for line in lines if line[0] in first),
            ("special", special),
            ("last", self.last),
            *(line for line in lines if line[0] in spared),
            ("return", str(result)),
        ]

    def needed(self, texts: list[str]) -> set[str]:
        """Return the steps that texts need."""
        known = {name: text for text, name in self.lines.items()}
        found: set[str] = set()
        while texts:
            new = set(re.findall(r"\bt\d+\b", texts[-1])) - found
            found |= new
            texts = [*texts[:-1], *(known[name] for name in new)]
        return found


def without_ones(result: Any) -> Any:  # noqa: ANN401 - a symbol or a number
    """Leave out a last factor of 1, which changes no bit."""
    if isinstance(result, Symbol) and result.binding == BINDING["*"] and result.text.endswith(" * 1.0"):
        return type(result)(result.text.removesuffix(" * 1.0"), result.binding)
    return result


def definition(name: str, row: Primitive, numbers: tuple[Any, ...], orders: str) -> list[str]:
    """Define a row for arrays, with numbers for some operands; nothing if it cannot be written so."""
    if row.variadic:
        return []
    steps = Steps(orders)
    letters = ["xyuwv"[k] for k, number in enumerate(numbers) if number is None]
    names = iter(letters)
    operands = [steps.term(next(names)) if number is None else float(number) for number in numbers]
    try:
        result = steps.explored(row.function, operands)
    except Unwritable:
        return []
    return written(name, "".join(letters), steps.body(result))


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
        self.varying[[slot for slot in schedule.varying if slot < len(self.wengert.inputs)]] = True
        for group in schedule.groups:
            self.varying[group.start : group.end] = group.lanes

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
            return f"float({name}.sum()) * weight"
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
            over, order = self.whole(group, part).result_axes, None
            if not part.summed:
                names = [self.memory.spread(x, part.sizes, over) for x in part.operands]
                product = Call("np.multiply", ", ".join(names)) if over else " * ".join(names)
                call: Any = product if part.kind != "terms" else names[0]
            else:
                call, order = self.sum_over(part)
                call = f"np.asarray({call})[..., None]" if part.lanes < group.lanes else call
            self.write(self.target(group, part, order), call, adding=adding)
            adding = True
        if not isinstance(group.constant, float) or group.constant != 0:
            part = Part("terms", (), (group.room,), lanes=group.lanes)
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

    def target(self, group: Group, part: Part, order: Order | None = None) -> str:
        """Name where a part of a group writes: a variable if the group is one number."""
        if group.single:
            return self.memory.variables[group.start]
        whole = self.whole(group, part)
        if order is not None:
            return self.memory.arranged("v", whole.result(group.start), part.sizes, order)
        return self.memory.view("v", whole.result(group.start), part.sizes, whole.result_axes)

    def sum_over(self, part: Part) -> tuple[Any, Order | None]:
        """Write a part's products, or terms, added up along its summed axes; and the order of the axes left.

        None is the order of the result's axes.
        """
        x = part.operands[0]
        if part.kind == "terms":
            return sum_call(self.memory.own(x, part.sizes), x.axes(), part.result_axes), None
        y = part.operands[1]
        call, order = self.stack(("v", x), ("v", y), part.sizes, part.result_axes)
        if order is not None:
            return call, order
        x_name, y_name = (self.memory.own(operand, part.sizes) for operand in (x, y))
        return contraction(x_name, x.axes(), y_name, y.axes(), part.result_axes), None

    def stack(
        self,
        a: tuple[str, Access | Constants],
        b: tuple[str, Access | Constants],
        sizes: tuple[int, ...],
        wanted: tuple[int, ...],
    ) -> tuple[Any, Order | None]:
        """Write a stack of matrix products, and the order of its axes; or None twice if it is not one."""
        orders = stacked(a[1].axes(), b[1].axes(), wanted)
        gathered = any(isinstance(x, Access) and (x.lanes or x.index is not None) for _, x in (a, b))
        if orders is None or gathered:
            return None, None
        *factors, order = orders
        names = [
            self.memory.arranged(memory, x, sizes, factor)
            for (memory, x), factor in zip((a, b), factors, strict=True)
        ]
        return Call("np.matmul", ", ".join(names)), order

    def write(self, target: str, call: Any, *, adding: bool) -> None:  # noqa: ANN401 - a call or a text
        """Print a line that puts a result into a view, or a variable."""
        if target in self.memory.variables.values():
            text = f"float({call})" if re.search(r"np\.|\.sum\(", str(call)) else call
            self.lines.append(f"{target} {'+=' if adding else '='} {text}")
        elif adding:
            self.lines.append(f"np.add({target}, {call}, out={target})")
        elif isinstance(call, Call):
            self.lines.append(f"{call.function}({call.arguments}{', ' * bool(call.arguments)}out={target})")
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
            near = NEAR if memory == "g" else 0
            inner = [k for k in range(1, len(edges) - 1, 2) if edges[k + 1] - edges[k] <= near]
            edges = np.delete(edges, [*inner, *(k + 1 for k in inner)])
            yield from (f"{memory}[{a}:{b}] = 0.0" for a, b in zip(edges[::2], edges[1::2], strict=True))

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
                order = None
                if gone and not group.single and x.index is None and self.distinct(x, part):
                    call, order = self.stack(("g", result), ("v", other), part.sizes, x.axes())
                if gone and order is None:
                    own = self.memory.own(other, part.sizes)
                    call = contraction(name, axes, own, other.axes(), x.axes())
                elif not gone:
                    call = Call("np.multiply", f"{name}, {self.memory.spread(other, part.sizes, x.axes())}")
                self.hand_down(x, part, call, x.axes(), order=order)

    @staticmethod
    def distinct(x: Access, part: Part) -> bool:
        """Whether an operand is at no address twice."""
        where = x.addresses(part.sizes)
        return bool(np.unique(where).size == where.size)

    def hand_down(
        self,
        x: Access,
        part: Part,
        call: Any,  # noqa: ANN401 - a call or a text
        axes: tuple[int, ...],
        *,
        exact: bool = True,
        order: Order | None = None,
    ) -> None:
        """Add a share, which has the given axes, to the adjoint of an operand.

        If it is not `exact` it has length 1 along some of them; they may be in another `order`.
        """
        own = x.axes()
        gone = tuple([k for k, axis in enumerate(axes) if axis not in own])
        if not own:
            self.add_alone(x.start, f"float({summed(call)})" if gone else str(call))
            return
        if gone:
            call = summed(call, gone)
            call = call if exact else str(call)
        where = x.addresses(part.sizes)
        distinct = self.distinct(x, part)
        if not distinct:
            self.complete(where)
        adding = bool(self.touched[where].any())
        if adding:
            self.complete(where)
        self.touched[where] = True
        if x.index is None and distinct:
            arranged = self.memory.arranged("g", x, part.sizes, order) if order else None
            self.write(arranged or self.memory.view("g", x, part.sizes, own), call, adding=adding)
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
            if group.parts and group.slots:
                statement = self.schedule.statements[group.slots[0]]
                among = f" among {group.room:,}" if group.room > len(group.slots) else ""
                yield f"{self.memory.title(group)}: {len(group.slots):,} × {_described(statement)}{among}"
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


def stacked(
    a_axes: tuple[int, ...], b_axes: tuple[int, ...], wanted: tuple[int, ...]
) -> tuple[Order, Order, Order] | None:
    """Return the orders of axes in which a product of two operands is a stack of matrix products.

    That is if they share axes that the result has too, and one along which it is added up.
    """
    gone = sorted({*a_axes, *b_axes} - {*wanted})
    both = [axis for axis in wanted if axis in a_axes and axis in b_axes]
    others = [axis for axis in wanted if axis not in both]
    rows, columns = ([axis for axis in others if axis in own] for own in (a_axes, b_axes))
    if (
        not both
        or len(gone) != 1
        or gone[0] not in a_axes
        or gone[0] not in b_axes
        or max(len(rows), len(columns)) > 1
        or len(both) + len(rows) + len(columns) != len(wanted)
    ):
        return None
    row, column = (axes[0] if axes else None for axes in (rows, columns))
    return (*both, row, gone[0]), (*both, gone[0], column), (*both, row, column)


def summed(call: object, gone: tuple[int, ...] = ()) -> Call:
    """Write the sum of all, or along axes."""
    text = str(call)
    text = text if re.fullmatch(r"\w+|np\.\w+\(.*\)", text) and not text.count(") ") else f"({text})"
    return Call(f"{text}.sum", f"axis={gone[0] if len(gone) == 1 else gone}" if gone else "")


def sum_call(text: str, axes: tuple[int, ...], wanted: tuple[int, ...]) -> Any:  # noqa: ANN401 - a call or a text
    """Write a sum over the axes that are not wanted."""
    gone = tuple([position for position, axis in enumerate(axes) if axis not in wanted])
    whole = len(gone) == len(axes)
    call = summed(text, () if whole else gone)
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

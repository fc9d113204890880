"""The operations of a service: those of all its ports, each once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gateway.errors import Problem
from gateway.soap.bindings import Bound
from gateway.soap.wsdl import Found, ServedPort, Wsdl


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a service, whichever port it is called at."""

    name: str
    input_element: str
    """Clark name of the request's payload."""
    output_element: str | None
    """Clark name of the reply's payload; None for one-way."""
    one_way: bool
    actions: frozenset[str]
    """What SOAPAction, action or wsa:Action may say: those of the bindings and that of WS-Addressing."""
    style: str
    """`document` or `rpc`."""
    reply_action: str = ""
    """The wsa:Action of the reply."""
    by_action: bool = False
    """Another operation has the same payload element: only an action tells them apart."""


def by_element(operations: Mapping[str, Operation]) -> dict[str, tuple[Operation, ...]]:
    """Return the operations by the Clark name of their payload."""
    found: dict[str, tuple[Operation, ...]] = {}
    for operation in operations.values():
        found[operation.input_element] = (*found.get(operation.input_element, ()), operation)
    return found


def merge(index: Wsdl, bound: list[tuple[ServedPort, Bound]]) -> tuple[dict[str, Operation], list[Problem]]:
    """Return the operations of all ports, each once, and where ports do not agree."""
    operations: dict[str, Operation] = {}
    problems = []
    for port, one in bound:
        operation, known = as_operation(one), operations.get(one.name)
        if known is None:
            operations[one.name] = operation
        elif _same(known, operation):
            operations[one.name] = replace(known, actions=known.actions | operation.actions)
        else:
            problems.append(index.problem(port.port, f"operation {one.name} differs from that of another port"))
    shared = Counter(operation.input_element for operation in operations.values())
    for name, operation in operations.items():
        operations[name] = replace(operation, by_action=shared[operation.input_element] > 1)
    return operations, problems + _ambiguous(index, bound)


def as_operation(bound: Bound) -> Operation:
    """Return what one port says of an operation."""
    return Operation(
        name=bound.name,
        input_element=bound.input_element,
        output_element=bound.output_element,
        one_way=bound.one_way,
        actions=frozenset(action for action in (bound.soap_action, bound.input_action) if action),
        style=bound.style,
        reply_action=bound.output_action,
    )


def _same(one: Operation, other: Operation) -> bool:
    """Tell whether two ports mean the same by an operation; its actions may differ."""
    return replace(one, actions=other.actions, reply_action=other.reply_action) == other


def _ambiguous(index: Wsdl, bound: list[tuple[ServedPort, Bound]]) -> list[Problem]:
    """Find operations that neither body element nor soapAction can tell apart."""
    actions: dict[str, dict[str, set[str]]] = {}
    for _, one in bound:
        actions.setdefault(one.input_element, {}).setdefault(one.name, set()).add(one.soap_action)
    problems = []
    main = Found(index.documents.main, index.documents.main.root)
    for element, by_operation in actions.items():
        given = [action for own in by_operation.values() for action in own]
        if len(by_operation) > 1 and ("" in given or len(given) != len(set(given))):
            names = ", ".join(by_operation)
            text = (
                f"operations {names} share body element {element} and need a soapAction each to be told apart"
            )
            problems.append(index.problem(main, text))
    return problems

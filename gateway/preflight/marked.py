"""What the readers of WSDLs find, as kinds of findings: they know documents, not the catalogue."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gateway.config.catalogue import contracts
from gateway.errors import Problem


def marked(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield problems of a WSDL with their kind: what cannot be used is refused, the rest was left out."""
    for problem in problems:
        kind = contracts.LEFT_OUT if problem.warning else contracts.REFUSED
        yield problem if problem.check else replace(problem, check=kind.id)

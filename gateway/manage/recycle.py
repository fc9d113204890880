"""The pools of a bundle drained and made anew in the running gateway, although nothing has changed."""

from gateway.control import client, seat
from gateway.control.reloaded import Outcome, Reloaded
from gateway.control.words import ControlError
from gateway.manage.bundles import bundle_file, bundle_names
from gateway.manage.installation import Installation
from gateway.manage.names import not_found
from gateway.manage.results import ManageError, Why

SECONDS = 120.0
"""For all workers of a gateway, which read the home on the way."""


def recycle(installation: Installation, bundle: str) -> tuple[Reloaded, ...]:
    """Have each running gateway of the state folder make the pools of a bundle anew; return what each says.

    Requests in flight finish on the old sockets. Raises ManageError: NOT_FOUND for a bundle that there is not,
    UNREACHABLE where no gateway runs or one cannot be asked, REFUSED when one did not do it.
    """
    if not (installation.home / bundle_file(bundle)).is_file():
        raise not_found("bundle", bundle, bundle_names(installation.home))
    folder = installation.state / seat.SERVE
    try:
        numbers = client.living(folder)
    except ControlError as error:
        raise ManageError(Why.UNREACHABLE, str(error)) from error
    told = tuple(
        said for said in (_asked(installation, number, bundle) for number in numbers) if said is not None
    )
    if not told:
        text = f"no gateway runs on {installation.state}: its pools are made when it starts"
        raise ManageError(Why.UNREACHABLE, text)
    if not all(one.done for one in told):
        reasons = "; ".join(f"{one.process}: {one.reason or one.outcome.value}" for one in told if not one.done)
        problems = tuple(
            dict.fromkeys(problem for one in told for problem in one.problems if not problem.warning)
        )
        raise ManageError(Why.REFUSED, f"bundle {bundle} was not recycled: {reasons}", problems, told)
    return told


def _asked(installation: Installation, number: int, bundle: str) -> Reloaded | None:
    what = {"do": "recycle", "bundle": bundle}
    try:
        said = client.ask(installation.state / seat.SERVE, f"{number}.sock", what, installation.clock, SECONDS)
        return None if said is None else Reloaded.of(said)
    except ControlError as error:
        return Reloaded(f"serve {number}", Outcome.FAILED, 0, "", reason=str(error))
    except (KeyError, TypeError, ValueError):
        return Reloaded(
            f"serve {number}", Outcome.FAILED, 0, "", reason="what the process says cannot be understood"
        )

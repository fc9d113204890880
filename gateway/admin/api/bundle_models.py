"""What the API takes and gives of connection bundles."""

from typing import Annotated

from pydantic import Field, JsonValue, StringConstraints

from gateway.admin.api.endpoint import Asked, Shown
from gateway.admin.api.paging import PageShown
from gateway.admin.api.problem import HomeProblem
from gateway.manage.probe import Probed
from gateway.manage.views import BundleView


class BundleShown(Shown):
    """One bundle, as it is in force."""

    name: str
    addresses: tuple[str, ...] = Field(description="host:port each.")
    datastore: str
    exit: str
    tls: bool
    user: str = Field(description="Of the bundle's own identity; empty: none.")
    has_password: bool
    pool_size: int = Field(description="Sockets per worker and address.")
    tpipes: tuple[str, ...] = Field(description="That are listened to; empty: no callouts.")
    services: tuple[str, ...] = Field(description="That use it.")
    problems: tuple[HomeProblem, ...]

    @classmethod
    def of(cls, view: BundleView) -> "BundleShown":
        """Put it into the API's words."""
        facts = {name: getattr(view, name) for name in cls.model_fields if name != "problems"}
        return cls(**facts, problems=tuple(HomeProblem.of(problem) for problem in view.problems))


class Bundles(PageShown):
    """A page of bundles by name."""

    bundles: tuple[BundleShown, ...]


class BundleFile(Shown):
    """A bundle's file as it is now, in force or not. Its ETag is what a change must name."""

    name: str
    settings: dict[str, JsonValue] = Field(description="As in the file; secrets are hidden.")
    in_force: BundleShown | None = Field(description="null: it is not in force.")


class SecretGiven(Asked):
    """A secret: it goes into a file of its own, which nobody else can read, and is never shown again."""

    secret: str = Field(min_length=1, max_length=1000, repr=False)


Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Given = Annotated[SecretGiven | JsonValue, Field(union_mode="left_to_right")]
Values = Annotated[dict[Key, Given], Field(min_length=1, max_length=200)]


class BundleChanged(Asked):
    """Keys of a bundle, dotted; null takes one out."""

    values: Values = Field(
        description='{"ims_connect.port": 9998, "credentials.group": null}. A secret is {"env": NAME}, '
        '{"file": PATH} or {"secret": TEXT}.'
    )


class BundleMade(BundleChanged):
    """A new bundle."""

    name: str = Field(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")


class StepShown(Shown):
    """One thing that was tried."""

    name: str
    done: bool
    skipped: bool = Field(description="It was not tried, which is no failure.")
    text: str
    milliseconds: float


class ProbedShown(Shown):
    """One address of a bundle, tried."""

    address: str
    done: bool
    steps: tuple[StepShown, ...]


class Tried(Shown):
    """What came of trying each address: connect, TLS, ping, sign on."""

    done: bool
    addresses: tuple[ProbedShown, ...]

    @classmethod
    def of(cls, found: tuple[Probed, ...]) -> "Tried":
        """Put it into the API's words."""
        addresses = tuple(
            ProbedShown(
                address=one.address,
                done=one.done,
                steps=tuple(
                    StepShown(
                        name=step.name,
                        done=step.done,
                        skipped=step.skipped,
                        text=step.text,
                        milliseconds=step.milliseconds,
                    )
                    for step in one.steps
                ),
            )
            for one in found
        )
        return cls(done=all(one.done for one in found), addresses=addresses)

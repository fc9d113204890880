"""Configuration of the output side: where hold queues are kept, and where callouts go."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from gateway.config.model import Settings
from gateway.config.values import Name8, Name8Needed, RefusalError, Words


def _new_file(value: Any, info: ValidationInfo) -> Path:
    """Return the absolute path of a file that need not be there, in a folder that is."""
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not Path(value).name:
        raise ValueError("not the path of a file")
    if info.context is None:
        raise RefusalError("paths are resolved by config.read only")
    folder: Path = info.context["resolver"].path(str(Path(value).parent))
    return folder / Path(value).name


class StateSettings(Settings):
    """`[state]`: what outlives the process."""

    path: Annotated[Path, BeforeValidator(_new_file), Words("the path of a file")] = Field(
        description="SQLite file with the hold queues; it is made when it is not there. One stand-in at a time."
    )


class DescriptorSettings(Settings):
    """`[descriptors.NAME]`: an OTMA destination descriptor, where programs send callouts."""

    tpipe: Name8Needed = Field(description="TPIPE=: whose hold queue gets the callouts.")
    type: Annotated[Literal["IMSCON"], Words('"IMSCON"')] = Field(
        default="IMSCON", description="TYPE=: other types lead to other places than IMS Connect."
    )
    tmember: Name8 = Field(
        default="", description="TMEMBER=: read for the record, as there is one IMS Connect."
    )
    sync_timeout_seconds: float = Field(
        default=10.0, gt=0, le=9999.99, description="SYNTP=: how long an ICAL waits for its response."
    )
    adapter: Name8 = Field(
        default="",
        description="ADAPTER=: `HWSXMLA0` makes XML of what goes there; empty: it goes as it is.",
    )
    converter: Name8 = Field(
        default="",
        description="CONVRTR=: converter of the adapter; the control data of an ICAL (DFSCNVTR) replaces it.",
    )

    @model_validator(mode="after")
    def _converter_of_an_adapter(self) -> Self:
        if self.converter and not self.adapter:
            raise RefusalError("converter goes with adapter only")
        return self

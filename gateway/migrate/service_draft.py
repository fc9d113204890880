"""One service on its way from correlators to a folder of wsdl/."""

from dataclasses import dataclass, field

from gateway.migrate.bundles import BundleDraft
from gateway.migrate.contracts import ContractFiles
from gateway.migrate.draft import Draft
from gateway.migrate.tokens import NONE, TokenType


@dataclass(slots=True)
class ServiceDraft:
    """One service."""

    name: str
    """Name of its folder in wsdl/."""
    role: str
    draft: Draft
    contract: ContractFiles | None = None
    ports: tuple[str, ...] = ()
    bundles: list[BundleDraft] = field(default_factory=list)
    token: TokenType = NONE
    broken: list[str] = field(default_factory=list)
    """Why it cannot stand in the home."""

    @property
    def unit(self) -> str:
        """Its folder, relative to the home."""
        return f"wsdl/{self.name}"

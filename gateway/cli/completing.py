"""What a shell completes: names of services and bundles, keys of their files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from gateway.manage.bundles import bundle_names
from gateway.manage.services import service_names


def services(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return names of services that begin so."""
    return _beginning(service_names(_home(ctx)), incomplete)


def bundles(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return names of bundles that begin so."""
    return _beginning(bundle_names(_home(ctx)), incomplete)


def bundle_keys(incomplete: str) -> list[str]:
    """Return keys of a bundle's file that begin so, ready for their value."""
    from gateway.config.model import Bundle  # noqa: PLC0415
    from gateway.manage.values import keys_of  # noqa: PLC0415

    return _beginning((f"{key}=" for key in keys_of(Bundle)), incomplete)


def secret_keys(incomplete: str) -> list[str]:
    """Return keys of a bundle's file that hold secrets and begin so."""
    from gateway.config.model import Bundle  # noqa: PLC0415
    from gateway.manage.values import secret_keys_of  # noqa: PLC0415

    return _beginning(secret_keys_of(Bundle), incomplete)


def correlator_keys(incomplete: str) -> list[str]:
    """Return keys of correlators that begin so, ready for their value."""
    from gateway.config.model import ConsumerSettings, ProviderSettings  # noqa: PLC0415
    from gateway.manage.values import keys_of  # noqa: PLC0415

    keys = dict.fromkeys([*keys_of(ProviderSettings), *keys_of(ConsumerSettings)])
    return _beginning((f"{key}=" for key in keys), incomplete)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _home(ctx: typer.Context) -> Path:
    """Return the home that the words before the cursor, or the environment, name."""
    said: Any = ctx.params.get("home")
    return Path(said or ".")

"""`imsgw demo`."""

from typing import Annotated

import typer


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Show the calls, then leave: exit code 1 if one failed.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the gateway (HTTPS).")] = 8443,
    admin_port: Annotated[int, typer.Option(min=1, max=65_535, help="Port of the admin listener.")] = 9443,
    standin_port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Port of the stand-in IMS Connect.")
    ] = 9999,
    callout_port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Port for the health of the callout process.")
    ] = 9444,
    partner_port: Annotated[
        int, typer.Option(min=1, max=65_535, help="Port of the web services that IMS programs call.")
    ] = 9445,
    partner_certificate_port: Annotated[
        int, typer.Option(min=1, max=65_535, help="The same, for those that demand a client certificate.")
    ] = 9446,
) -> None:
    """Run a gateway and a stand-in IMS Connect with keys made on the spot, and show calls through both.

    Clients call transactions, and transactions call web services outside.

    Without --once the gateway stays up afterwards, until Ctrl-C, for calls of your own.

    Example: `imsgw demo --port 18443`
    """
    from gateway.demo.home import Ports  # noqa: PLC0415  keeps --help quick
    from gateway.demo.stage import run  # noqa: PLC0415

    ports = Ports(port, admin_port, standin_port, callout_port, partner_port, partner_certificate_port)
    raise typer.Exit(run(ports, once=once))

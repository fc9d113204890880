"""Which deployed service, port and operation a callout message means."""

from collections.abc import Mapping

from gateway.callout.codes import CalloutError, Status
from gateway.callout.deployment import Deployed
from gateway.callout.values import Form, Request
from gateway.soap.consumer import ConsumerPort
from gateway.soap.operations import Operation

_SHOWN = 200


def find_service(services: Mapping[str, Deployed], request: Request, bundle: str) -> Deployed:
    """Return the service that a message means, among those that the bundle brings calls of.

    An IOGCallout names it by WSID: the name of a WSDL, or of a service's folder where no WSDL has that name or
    several have it. A raw message names its folder. Raises CalloutError INVOKING.
    """
    near = {name: one for name, one in services.items() if bundle in one.consumer.settings.bundles}
    by_folder = near.get(request.service)
    by_wsdl = [one for one in near.values() if one.wsid == request.service]
    if request.form is not Form.IOGCALLOUT:
        found = by_folder
    elif len(by_wsdl) == 1:
        found = by_wsdl[0]
    elif by_wsdl and by_folder is None:
        text = "several services of this WSID are deployed for the bundle; name the folder of one"
        raise _failed(text, "WSID", request.service)
    else:
        found = by_folder
    if found is None:
        raise _failed("no service of this WSID is deployed for the bundle", "WSID", request.service)
    if request.namespace and request.namespace != found.contract.namespace:
        raise _failed("Namespace is not the target namespace of the WSDL", "Namespace", request.namespace)
    return found


def find_port(deployed: Deployed, request: Request, other: str = "") -> ConsumerPort:
    """Return the port that the message names, or the first; `other`, of DFSPORTNAME, in its place.

    Raises CalloutError: PORT_NOT_FOUND, and INVOKING where Service does not fit.
    """
    ports = deployed.contract.ports
    port = ports.get(request.port) if request.port else next(iter(ports.values()), None)
    if port is None:
        raise _not_found("Port", request.port)
    if request.service_name and request.service_name != port.service:
        raise _failed("Service is not the wsdl:service of the port", "Service", request.service_name)
    if not other:
        return port
    port = ports.get(other)
    if port is None:
        raise _not_found("DFSPORTNAME", other)
    return port


def find_operation(deployed: Deployed, port: ConsumerPort, name: str) -> Operation:
    """Return the operation. Raises CalloutError INVOKING: the WSDL, the port or the correlator has it not."""
    operation = deployed.contract.operations.get(name)
    if operation is None:
        raise _failed("the WSDL has no such operation", "Operation", name)
    if name not in port.operations:
        raise _failed("the port has no such operation", "Operation", name)
    if deployed.consumer.operation(name) is None:
        raise _failed('the correlator has no table for the operation, and none for "*"', "Operation", name)
    return operation


def _not_found(what: str, given: str) -> CalloutError:
    text = f"{what}: the WSDL has no such port, or none with a SOAP binding"
    return CalloutError(Status.PORT_NOT_FOUND, text, private=f"{what} {given[:_SHOWN]!a}")


def _failed(text: str, what: str, given: str) -> CalloutError:
    return CalloutError(Status.INVOKING, text, private=f"{what} {given[:_SHOWN]!a}")

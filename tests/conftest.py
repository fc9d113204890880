"""Fixtures for every test come from plug-in modules, one a subject."""

pytest_plugins: list[str] = [
    "tests.fixtures.pki",
    "tests.fixtures.clock",
    "tests.fixtures.proxy",
    "tests.fixtures.scripted_server",
    "tests.fixtures.faces",
    "tests.fixtures.standin",
    "tests.fixtures.web",
    "tests.fixtures.web_server",
    "tests.fixtures.running_gateway",
    "tests.fixtures.in_process",
    "tests.fixtures.soap",
    "tests.fixtures.holding",
    "tests.fixtures.valkey",
    "tests.fixtures.slapd",
    "tests.interop.wss.partners",
    "tests.interop.wss.java",
    "tests.interop.wss.gateways",
]

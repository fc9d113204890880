"""Fixtures for every test come from plug-in modules, one a subject."""

pytest_plugins: list[str] = [
    "tests.fixtures.clock",
    "tests.fixtures.proxy",
    "tests.fixtures.scripted_server",
]

"""Deployments for the tests of callout messages."""

import pytest

from tests.unit.callout.message.deployed import Deploying


@pytest.fixture(scope="module")
def deploying(tmp_path_factory):
    return Deploying(tmp_path_factory.mktemp("wsdl"))


@pytest.fixture(scope="module")
def reader(deploying):
    return deploying.reader()

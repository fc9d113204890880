"""Lanes as values."""

from dataclasses import FrozenInstanceError

import pytest

from gateway.imsconnect.lane import Lane


def test_lanes_of_one_client_id_are_one_lane():
    assert Lane.dedicated("CLIENT01") == Lane.dedicated("CLIENT01")
    assert len({Lane.dedicated("CLIENT01"), Lane.dedicated("CLIENT01"), Lane.dedicated("CLIENT02")}) == 2


def test_only_dedicated_lanes_are_not_shared():
    assert Lane.REPLIES.shared
    assert Lane.ONE_WAY.shared
    assert not Lane.dedicated("CLIENT01").shared


def test_a_lane_reads_as_its_client_id_or_its_kind():
    assert [str(lane) for lane in (Lane.REPLIES, Lane.ONE_WAY, Lane.dedicated("CLIENT01"))] == [
        "replies",
        "one way",
        "CLIENT01",
    ]


@pytest.mark.parametrize(("kind", "client_id"), [("dedicated", ""), ("replies", "CLIENT01"), ("one way", "X")])
def test_a_client_id_goes_with_a_dedicated_lane_only(kind, client_id):
    with pytest.raises(ValueError, match="a dedicated lane has a client id, and only a dedicated one"):
        Lane(kind, client_id)


def test_a_lane_does_not_change():
    with pytest.raises(FrozenInstanceError):
        Lane.REPLIES.client_id = "CLIENT01"  # type: ignore[misc]

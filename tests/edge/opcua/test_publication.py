"""A publish response is read notification by notification; one that is broken spares the others."""

import struct
from contextlib import suppress
from datetime import UTC, datetime

import numpy as np
import pytest
from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.opcua.publication import Numbering, Publication, Unreadable, publication_of

CHANGE = ua.MonitoredItemNotification(3, ua.DataValue(ua.Variant(1.5)))
CHANGES = ua.DataChangeNotification([CHANGE])
EVENTS = ua.EventNotificationList([ua.EventFieldList(4, [ua.Variant(True)])])
ENDED = ua.StatusChangeNotification(ua.StatusCode(ua.UInt32(ua.StatusCodes.BadTimeout)))


def response(*notifications: object, status: int = ua.StatusCodes.Good) -> bytes:
    answer = ua.PublishResponse()
    answer.ResponseHeader.ServiceResult = ua.StatusCode(ua.UInt32(status))
    answer.Parameters.SubscriptionId = ua.IntegerId(7)
    answer.Parameters.AvailableSequenceNumbers = [ua.Counter(40), ua.Counter(41)]
    message = answer.Parameters.NotificationMessage
    message.SequenceNumber, message.PublishTime = ua.Counter(41), datetime.now(UTC)
    message.NotificationData = list(notifications)  # type: ignore[arg-type]
    return struct_to_binary(answer)


def test_all_kinds_of_notifications_are_read_in_their_order() -> None:
    published = publication_of(response(CHANGES, EVENTS, ENDED))
    assert (published.subscription, published.sequence) == (7, 41)
    changes, events, ended = published.notifications
    assert isinstance(changes, np.ndarray)
    assert (changes["handle"].tolist(), changes["value"].tolist()) == ([3], [1.5])
    assert isinstance(events, ua.EventNotificationList)
    assert events.Events[0].ClientHandle == 4
    assert isinstance(ended, ua.StatusChangeNotification)


def test_a_keep_alive_has_none() -> None:
    published = publication_of(response())
    assert (published.notifications, published.is_keep_alive) == ([], True)


def test_a_refused_request_raises_its_status() -> None:
    with pytest.raises(ua.uaerrors.BadNoSubscription):
        publication_of(response(status=ua.StatusCodes.BadNoSubscription))


def test_what_cannot_be_read_is_handed_on_and_the_others_are_read() -> None:
    body = struct_to_binary(CHANGES)
    cut = struct.pack("<i", 1) + body[4:8]
    good = response(CHANGES, EVENTS)
    # The same length, so that the notification behind it is found.
    data = good.replace(body, cut + b"\x01\x17" + b"\xff" * (len(body) - len(cut) - 2))
    first, events = publication_of(data).notifications
    assert isinstance(first, Unreadable)
    assert first.problem
    assert first.body[:8] == cut
    assert isinstance(events, ua.EventNotificationList)


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(0, 255))
def test_a_response_with_any_byte_wrong_takes_no_more_than_an_exception(at: int, byte: int) -> None:
    data = bytearray(response(CHANGES, EVENTS))
    data[at % len(data)] = byte
    with suppress(Exception):  # of any kind, as its docstring says
        publication_of(bytes(data))


LAST = 2**32 - 1


@pytest.mark.parametrize(
    ("numbers", "missed"),
    [
        ([7, 8, 9], [0, 0, 0]),
        ([1, 2, 5], [0, 0, 2]),
        ([LAST - 1, LAST, 1, 2], [0, 0, 0, 0]),
        ([LAST, 3], [0, 2]),
        ([9, 3, 4], [0, 0, 0]),
    ],
)
def test_gaps_in_the_sequence_numbers_are_counted(numbers: list[int], missed: list[int]) -> None:
    numbering = Numbering()
    assert [numbering.missed(Publication(7, number)) for number in numbers] == missed


def test_a_keep_alive_has_the_number_of_the_next_publication() -> None:
    numbering = Numbering()
    told = [(1, False), (2, True), (2, True), (2, False), (4, True), (4, False)]
    found = [Publication(7, number, is_keep_alive=empty) for number, empty in told]
    assert [numbering.missed(each) for each in found] == [0, 0, 0, 0, 1, 0]

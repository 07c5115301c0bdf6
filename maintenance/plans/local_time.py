"""Wall time of a site and moments in UTC. Pure."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment of a wall time, in UTC (RFC 5545, section 3.3.5).

    An hour that does not exist is counted on from the hour before: 02:30 becomes 03:30. An hour
    that comes twice is the first one.
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def wall_time(at: datetime, zone: ZoneInfo) -> datetime:
    """What the clocks of the site show, without a zone."""
    return at.astimezone(zone).replace(tzinfo=None)

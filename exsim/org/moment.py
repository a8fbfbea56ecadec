"""Instants as Exchange writes them: .NET ticks, ASP.NET's cookie date, ISO with milliseconds.

All instants are UTC seconds since 1970.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

TICKS_PER_SECOND = 10_000_000  # .NET: 100 ns
TICKS_1970 = 621_355_968_000_000_000  # from the year 1 to 1970
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
YEARS_BACK = 30  # a deleted cookie's date (E13; seen with X-BackEndCookie on 15.1.2176.9)


def ticks_of(utc: float) -> int:
    """.NET ticks of an instant."""
    return TICKS_1970 + round(utc * TICKS_PER_SECOND)


def utc_of(ticks: int) -> float:
    """The instant of .NET ticks."""
    return (ticks - TICKS_1970) / TICKS_PER_SECOND


@lru_cache(maxsize=64)
def cookie_date(second: int) -> str:
    """ASP.NET's date of a cookie, with hyphens: `Thu, 23-Aug-2018 14:04:30 GMT` (CAP16)."""
    moment = datetime.fromtimestamp(second, UTC)
    day = f"{DAYS[moment.weekday()]}, {moment.day:02d}-{MONTHS[moment.month - 1]}-{moment.year}"
    return f"{day} {moment:%H:%M:%S} GMT"


@lru_cache(maxsize=64)
def past_cookie_date(second: int) -> str:
    """The date that deletes a cookie: thirty years before `second`."""
    moment = datetime.fromtimestamp(second, UTC)
    if (moment.month, moment.day) == (2, 29):
        moment -= timedelta(days=1)
    return cookie_date(int(moment.replace(year=moment.year - YEARS_BACK).timestamp()))


@lru_cache(maxsize=64)
def iso_second(second: int) -> str:
    """`2018-08-23T14:04:08`."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def iso_millisecond(utc: float) -> str:
    """`2018-08-23T14:04:08.123`, without a zone."""
    milliseconds = int(utc * 1000)
    return f"{iso_second(milliseconds // 1000)}.{milliseconds % 1000:03d}"

"""Small values, each with one spelling."""

import base64
import binascii
import calendar
import re
from datetime import datetime, timezone

from .canonical_json import Number

EPOCH_ORDINAL = datetime(1970, 1, 1).toordinal()
SECONDS_MAX = 253_402_300_799


def from_base64(text, byte_count=None):
    """The bytes; None for any other spelling or count."""
    if not isinstance(text, str) or isinstance(text, Number):
        return None
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    if base64.b64encode(data).decode() != text or byte_count not in (None, len(data)):
        return None
    return data


def to_base64(data):
    return base64.b64encode(data).decode()


def is_text(value):
    return isinstance(value, str) and not isinstance(value, Number)


def is_uuid(value):
    pattern = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    return is_text(value) and re.fullmatch(pattern, value) is not None


def is_time(value):
    pattern = r"[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z"
    if not is_text(value) or not re.fullmatch(pattern, value):
        return False
    return 1 <= int(value[8:10]) <= calendar.monthrange(int(value[:4]), int(value[5:7]))[1]


def milliseconds(value):
    """The POSIX time of a text for which `is_time` holds."""
    year, month, day, hour, minute, second, rest = map(int, re.split(r"[-T:.]", value[:-1]))
    # The calendar repeats after 400 years, and Python's own begins with the year 1.
    cycle, year = divmod(year, 400)
    days = datetime(year + 400, month, day).toordinal() + (cycle - 1) * 146_097 - EPOCH_ORDINAL
    return (days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000 + rest


def time_text(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def has_members(value, names):
    return isinstance(value, dict) and set(value) == set(names)


def is_visible_ascii(text, count_max=1 << 20):
    return is_text(text) and 0 < len(text) <= count_max and all(0x21 <= ord(c) <= 0x7E for c in text)


def is_integer(value, low, high):
    is_whole = isinstance(value, Number) and re.fullmatch(r"[0-9]{1,18}", value) is not None
    return is_whole and low <= int(value) <= high


def decimal(text):
    """A number up to 2^64 - 1 without sign and leading zeros; None for anything else."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,19}", text, re.ASCII) or int(text) >= 1 << 64:
        return None
    return int(text)

"""JSON after RFC 8259 strictly, with RFC 8785 as the only accepted spelling."""

import json

from .refusal import Invalid, require



class Number(str):
    """A number by its digits."""


def unique_members(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member name occurs twice")
    return members


def refuse_constant(text):
    raise ValueError(f"`{text}` is not JSON")


def depth(value):
    if isinstance(value, dict):
        return 1 + max((depth(member) for member in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((depth(element) for element in value), default=0)
    return 0


def canonical_number(lexeme):
    """ECMA-262 Number::toString of the nearest binary64, as RFC 8785 section 3.2.2.3 demands."""
    value = float(lexeme)
    if value in (float("inf"), float("-inf")):
        raise ValueError("a number is beyond binary64")
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    point = len(whole) + int(exponent or 0)
    stripped = digits.lstrip("0")
    point -= len(digits) - len(stripped)
    digits = stripped.rstrip("0")
    sign = "-" if value < 0 else ""
    if len(digits) <= point <= 21:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    fraction = "." + digits[1:] if len(digits) > 1 else ""
    power = point - 1
    return f"{sign}{digits[0]}{fraction}e{'-' if power < 0 else '+'}{abs(power)}"


ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def canonical_string(text):
    quoted = "".join(ESCAPES.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 0x20 else c) for c in text)
    return f'"{quoted}"'


def canonical(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return canonical_number(value)
    if isinstance(value, str):
        return canonical_string(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(element) for element in value) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be", "strict"))
    return "{" + ",".join(f"{canonical_string(name)}:{canonical(value[name])}" for name in names) + "}"


def parse_canonical(data, part, bytes_max, depth_max):
    require(len(data) <= bytes_max, part, "it is too long")
    try:
        value = json.loads(
            data.decode("utf-8", "strict"), object_pairs_hook=unique_members, parse_int=Number,
            parse_float=Number, parse_constant=refuse_constant)
        require(depth(value) <= depth_max, part, "its values are nested too deeply")
        is_canonical = canonical(value).encode("utf-8", "strict") == data
    except (ValueError, RecursionError) as error:
        raise Invalid(part, f"it is not canonical JSON: {error}") from None
    require(is_canonical, part, "its bytes are not in the canonical form of RFC 8785")
    return value

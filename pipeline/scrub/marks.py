"""What is written as no word is: addresses, numbers of phones and cards, handles."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from ipaddress import AddressValueError, IPv6Address

from pipeline.scrub.words import ANNOTATIONS, BEFORE_AT, VERSIONED

Found = re.Match[str]

MARKS = (
    r"@|://|%40|\w#\d{4}|\+?\d[\d\s().\-/]{4,}\d|:[0-9A-Fa-f]*:"
    r"|(?i:\bat\b|[\[({]\s?at|\bu/\w|\.com/|\.app/|\bt\.me/)|\b[A-Z]{2}\d{2}"
)

# Bounds as the standards have them: without, a long run of letters takes for ever.
LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
LOCAL = r"[\w.+-]{1,64}"
PART = r"(?:\.|\s?[\[({]\s?dot\s?[\])}]\s?)[\w-]{1,63}"
EMAIL = re.compile(
    rf"(?:mailto:)?[\w.+%'’-]{{0,63}}\w@(?:{LABEL}\.){{1,5}}[^\W\d_]{{2,}}"
    rf"|\b{LOCAL}\s?[\[({{]\s?at\s?[\])}}]\s?[\w-]{{1,63}}(?:{PART}){{1,5}}"
    rf"|\b({LOCAL}) at [\w-]{{1,63}}(?: dot [\w-]{{1,63}}){{0,4}} dot [a-z]{{2,6}}\b",
    re.IGNORECASE,
)
USER_IN_URL = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/@]{0,200}@\S+|\bhttps?://\S{1,200}?%40\S+",
    re.IGNORECASE,
)
OWN_PAGE = re.compile(
    r"(?:https?://)?(?:www\.)?"
    r"(?:\b(?:github|gitlab|twitter|x|facebook|instagram)\.com/|\bt\.me/"
    r"|\b(?:[a-z]{2,3}\.)?linkedin\.com/in/|\bbsky\.app/profile/|\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,3}\.[a-z]{2,24}/@)"
    r"@?[\w.%-]{0,99}\w(?![\w.%-]{0,99}/\w)",
    re.IGNORECASE,
)
IPV6 = re.compile(
    r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,8}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{0,4})"
    r"(?:%\w+)?(?![\w:])",
    re.IGNORECASE,
)
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|/\d|\.\d)")
CARD = re.compile(r"(?<![\w.-])[2-6]\d{3}(?:[ -]?\d){9,15}(?![\w-])")
ACCOUNT = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b")
NAMED_PHONE = re.compile(
    r"\b(?:tel|phone|mobile|cell|whatsapp|sms|fax|handy)\b[ .:]*"
    r"(?:(?:no|number|is)[ .:]*)*(\+?\(?\d[\d ()./-]{5,}\d)",
    re.IGNORECASE,
)
PHONE = re.compile(
    r"(?<![\w.+/(-])(?:"
    r"\+\d(?:[ ().-]{0,2}\d){7,14}"  # +49 170 1234567
    r"|00[1-9](?:[ .-]?\d){8,13}"  # 0049 30 123456
    r"|\(?0[1-9]\d{0,3}\)?(?:[ -]\d{2,}){1,5}"  # 020 7946 0958
    r"|0[1-9]\d{1,3}/\d{4,}"  # 0170/1234567
    r"|(?:1[ .-])?(?:\([2-9]\d\d\)|[2-9]\d\d)[ .-]\d{3}[.-]\d{4}"  # 555-010-1234
    r")(?![\w%-]|[./]\d)"
)
FEDIVERSE = re.compile(rf"(?<![\w@/.])@{LOCAL}@(?:{LABEL}\.){{1,5}}[^\W\d_]{{2,}}")
HANDLE = re.compile(
    r"(?<![\w@/.])@(?![\w-]+/)([^\W_][\w.-]*\w)"
    r"|(?<![\w/])/?u/[\w-]{3,}|(?<![\w#.])[a-z][\w.]{1,32}#\d{4}(?!\d)"
)


def take_marks(text: str, taken: Counter[str]) -> str:
    """`text` without them; adds to `taken` how many of each kind there were."""
    for kind, pattern, meant in RULES:

        def put(found: Found, kind: str = kind, meant: Meant = meant) -> str:
            said = meant(found)
            if not said:
                return found[0]
            taken[kind] += 1
            return found[0].replace(said, f"[{kind}]")

        text = pattern.sub(put, text)
    return text


Meant = Callable[[Found], str]  # what of a match is to be taken out; nothing if none


def _all(found: Found) -> str:
    return found[0]


def _last(found: Found) -> str:
    return str(found[1])


def _email(found: Found) -> str:
    """ "Look at it dot com" names no one."""
    spoken = found[1] is not None and found[1].casefold() in BEFORE_AT
    return "" if spoken else found[0]


def _ipv4(found: Found) -> str:
    """Not a version: "release 2.4.6.1"."""
    before = found.string[: found.start()].split()
    version = bool(before) and before[-1].casefold().strip(":=") in VERSIONED
    good = all(int(part) < 256 for part in found[0].split("."))
    return found[0] if good and not version else ""


def _ipv6(found: Found) -> str:
    """Not a time, nor a name in a program: these have too few groups, or no digit."""
    address = found[0].partition("%")[0]
    try:
        IPv6Address(address)
    except AddressValueError:
        return ""
    groups = [group for group in address.split(":") if group]
    digits = any(letter.isdecimal() for letter in address)
    return found[0] if digits and len(groups) > 1 else ""


def _card(found: Found) -> str:
    """Luhn's check: every second digit from the right counts twice."""
    digits = [int(letter) for letter in found[0] if letter.isdecimal()]
    twice = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return "" if (sum(digits[-1::-2]) + sum(twice)) % 10 else found[0]


def _account(found: Found) -> str:
    """The check of ISO 13616; what follows a number may look like more of it."""
    words = found[0].split(" ")
    for end in range(len(words), 0, -1):
        said = "".join(words[:end])
        turned = said[4:] + said[:4]
        if len(said) > 14 and int("".join(str(int(c, 36)) for c in turned)) % 97 == 1:
            return " ".join(words[:end])
    return ""


def _phone(found: Found) -> str:
    """Nine digits or more: a date has eight."""
    return found[0] if sum(letter.isdecimal() for letter in found[0]) > 8 else ""


def _handle(found: Found) -> str:
    """Not an annotation of a program."""
    name = found[1]
    return "" if name and name.casefold() in ANNOTATIONS else found[0]


RULES: tuple[tuple[str, re.Pattern[str], Meant], ...] = (
    ("url", USER_IN_URL, _all),
    ("handle", FEDIVERSE, _all),
    ("email", EMAIL, _email),
    ("url", OWN_PAGE, _all),
    ("ip", IPV6, _ipv6),
    ("ip", IPV4, _ipv4),
    ("card", CARD, _card),
    ("card", ACCOUNT, _account),
    ("phone", NAMED_PHONE, _last),
    ("phone", PHONE, _phone),
    ("handle", HANDLE, _handle),
)

"""Columns that say who someone is, by name or by content: they stay out."""

from __future__ import annotations

import re

from pipeline.drafting.profile import Profile

EMAIL = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[A-Za-z]{2,}")
ADDRESS = re.compile(r"(\d{1,3}\.){3}\d{1,3}|([0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}")
PHONE = re.compile(
    r"\+?\(?\d{2,4}\)?[-\s./]+\d{2,4}[-\s./]?\d{2,5}[-\s./\d]*|\+\d{9,14}"
)
NAMES = {
    "an e-mail address": r"e-?mail( ?address)?|recipient ?email|your e-?mail.*",
    "a name": r"(first|last|full|middle|sur|user|given|family)[ _]?name"
    r"|name[ _]?(first|last)|name|your (full )?name|recipient(first|last)name"
    r"|nachname.*|vorname.*",
    "an IP address": r"ip|ip[ _-]?addr(ess)?|network ?id|remote ?addr",
    "a phone number": r"(tele)?phone([ _]?(number|no))?|mobile( ?(number|phone))?|tel",
    "a place on the map": r"(location)?[ _]?(lat|long?)(itude)?|gps.*|geo(location)?",
    "an address": r"(street|postal|home|mailing)?[ _]?address|street"
    r"|(zip|post(al)?)[ _]?(code)?",
    "a date of birth": r"dob|(date[ _]of[ _])?birth([ _]?(date|day))?|date of birth",
    "a link to the person": r"(linkedin|twitter|github)([ _](url|handle|profile))?",
}


def personal(name: str, text: str, found: Profile) -> str:
    """What makes the column personal, or ""."""
    for share, what in (
        (found.share(EMAIL), "e-mail addresses"),
        (found.share(ADDRESS), "IP addresses"),
        (0.0 if found.dated > 0.5 else found.share(PHONE), "phone numbers"),
    ):
        if share >= 0.5:
            return f"{share:.0%} of the cells look like {what}"
    for what, pattern in NAMES.items():
        for said in (name, text):
            bare = re.sub(r"[:*?]+$", "", said.strip()).strip()
            if re.fullmatch(pattern, bare, re.IGNORECASE):
                return f"by its name, {what}"
    return ""


def leaks(found: Profile) -> str:
    """Personal data within texts that people typed, or ""."""
    inside = sum(n for text, n in found.texts if EMAIL.search(text))
    return f"{inside:,} of the texts hold an e-mail address" if inside else ""

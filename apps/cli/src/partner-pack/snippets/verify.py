"""Verifies postbacks: Standard Webhooks v1, HMAC-SHA256. Python 3.8 or later, standard library only."""
import base64
import hashlib
import hmac
import re
import time

ID = re.compile(r"[!-+\-/-~]{1,256}")
TIMESTAMP = re.compile(r"0|[1-9][0-9]{0,13}")
ENTRY = re.compile(r"v[0-9]{1,3}[a-z]{0,2},[^,]+")
V1 = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")


class Refused(Exception):
    """Answer 401, or 400 where a header is missing or malformed."""


def verify(secrets, webhook_id, timestamp, signature, body, now=None, tolerance=300):
    """Returns the id to deduplicate by. `body` is the raw bytes, before any parser; headers are None if absent."""
    if not ID.fullmatch(webhook_id or ""):
        raise Refused("webhook-id is missing or malformed")
    if not TIMESTAMP.fullmatch(timestamp or ""):
        raise Refused("webhook-timestamp is missing or malformed")
    if abs((time.time() if now is None else now) - int(timestamp)) > tolerance:
        raise Refused("webhook-timestamp is too far from this clock")
    entries = (signature or "").split(" ")
    if len(entries) > 16 or not all(ENTRY.fullmatch(entry) for entry in entries):
        raise Refused("webhook-signature is missing or malformed")
    given = [entry[3:] for entry in entries if entry.startswith("v1,")]
    if not all(V1.fullmatch(value) for value in given):
        raise Refused("webhook-signature is malformed")
    signed = f"{webhook_id}.{timestamp}.".encode("ascii") + body
    for secret in secrets:
        mac = base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode("ascii")
        for value in given:
            if hmac.compare_digest(mac, value):
                return webhook_id
    raise Refused("no signature matches")


def key_of(secret):
    """The bytes of a whsec_ secret; fails loudly for one that is empty or cut."""
    if not secret.startswith("whsec_"):
        raise ValueError("the secret must start with whsec_")
    key = base64.b64decode(secret[6:], validate=True)
    if not 24 <= len(key) <= 64:
        raise ValueError("the secret is not whole")
    return key

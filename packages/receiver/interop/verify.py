#!/usr/bin/env python3
"""Verifies the shared vectors with Python's standard library alone (no ed25519 there: v1 only).

python3 verify.py <folder of vectors>   prints "passed N, skipped N (v1a)" or each failure.
"""
import base64, hashlib, hmac, json, re, sys


class Refused(Exception):
    pass


def canonical(text):
    """The bytes of canonical, padded standard base64."""
    if not re.fullmatch(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", text):
        return None
    data = base64.b64decode(text)
    return data if base64.b64encode(data).decode() == text else None


def parse_secret(text):
    found = re.match(r"(whsec|whsk|whpk)_", text)
    if not found:
        raise Refused("secret_prefix_unknown")
    kind, key = found.group(1), canonical(text[len(found.group(0)):])
    if key is None:
        raise Refused("secret_not_base64")
    fits = {"whsec": 24 <= len(key) <= 64, "whsk": len(key) in (32, 64), "whpk": len(key) == 32}
    if not fits[kind]:
        raise Refused("secret_length_invalid")
    return kind, key


def single(headers, name):
    values = [value for key, value in headers if key.lower() == name]
    if len(values) > 1:
        raise Refused("header_duplicated")
    if not values or values[0] == "":
        raise Refused("header_missing")
    return values[0]


def parse_signatures(text):
    entries, offered = [], set()
    tokens = text.split(" ")
    if len(tokens) > 16:
        raise Refused("signatures_too_many")
    for token in tokens:
        if token.count(",") > 1:
            raise Refused("header_duplicated")
        scheme, _, value = token.partition(",")
        if value == "" or not re.fullmatch(r"v[0-9]{1,3}[a-z]{0,2}", scheme):
            raise Refused("signature_malformed")
        offered.add(scheme)
        length = {"v1": 32, "v1a": 64}.get(scheme)
        if length:
            signature = canonical(value)
            if signature is None or len(signature) != length:
                raise Refused("signature_malformed")
            entries.append((scheme, signature))
    return entries


def verify(body, headers, secrets, now, tolerance=300):
    """Returns (id, timestamp, scheme, secret index), or raises Refused(code)."""
    if not secrets:
        raise Refused("secrets_missing")
    keys = [parse_secret(text) for text in secrets]
    if any(kind == "whsk" for kind, _ in keys):
        raise Refused("secret_unsuitable")
    message_id, stamp, text = (single(headers, "webhook-" + part) for part in ("id", "timestamp", "signature"))
    if "," in message_id or "," in stamp:
        raise Refused("header_duplicated")
    if len(message_id) > 256 or not re.fullmatch(r"[!-+\-/-~]+", message_id):
        raise Refused("id_malformed")
    if not re.fullmatch(r"0|[1-9][0-9]{0,13}", stamp):
        raise Refused("timestamp_malformed")
    timestamp = int(stamp)
    if timestamp >= 100_000_000_000:
        raise Refused("timestamp_in_milliseconds")
    entries = parse_signatures(text)
    if abs(timestamp - now) > tolerance:
        raise Refused("timestamp_too_old" if timestamp < now else "timestamp_too_new")
    checkable = {"whsec": "v1", "whpk": "v1a"}
    candidates = [(s, sig, i, key) for s, sig in entries for i, (kind, key) in enumerate(keys) if checkable[kind] == s]
    if not candidates:
        raise Refused("signature_scheme_unmatched")
    signed = f"{message_id}.{timestamp}.".encode() + body
    for scheme, signature, index, key in candidates:
        if scheme == "v1" and hmac.compare_digest(hmac.new(key, signed, hashlib.sha256).digest(), signature):
            return message_id, timestamp, scheme, index
    raise Refused("signature_mismatch")


def main(folder):
    load = lambda name: json.load(open(f"{folder}/{name}.json", encoding="utf-8"))
    passed, skipped, failed = 0, 0, []

    def check(name, expected, run):
        nonlocal passed
        try:
            got = run()
        except Refused as error:
            got = str(error)
        if got == expected:
            passed += 1
        else:
            failed.append(f"{name}: expected {expected}, got {got}")

    for v in load("signing")["vectors"]:
        body, headers = base64.b64decode(v["body_base64"]), [["webhook-id", v["id"]], ["webhook-timestamp", str(v["timestamp"])], ["webhook-signature", v["signature"]]]
        for secret in v["verify_secrets"]:
            if secret.startswith("whpk_"):
                skipped += 1
                continue
            check(v["name"], (v["id"], v["timestamp"], "v1", 0), lambda: verify(body, headers, [secret], v["timestamp"]))
    for v in load("accepted")["vectors"]:
        r, body = v["result"], base64.b64decode(v["body_base64"])
        if r["scheme"] == "v1a":
            skipped += 1
            continue
        check(v["name"], (r["id"], r["timestamp"], r["scheme"], r["secret_index"]), lambda: verify(body, v["headers"], v["verify_secrets"], v["now"], v["tolerance_seconds"]))
    for v in load("refused")["vectors"]:
        body = base64.b64decode(v["body_base64"])
        check(v["name"], v["error"], lambda: verify(body, v["headers"], v["verify_secrets"], v["now"], v["tolerance_seconds"]))
    for v in load("secrets")["accepted"]:
        check(v["text"], (v["kind"], v["bytes_hex"]), lambda: (lambda k: (k[0], k[1].hex()))(parse_secret(v["text"])))
    for v in load("secrets")["refused"]:
        check(v["name"], v["error"], lambda: parse_secret(v["text"]))
    print("\n".join(failed + [f"passed {passed}, failed {len(failed)}, skipped {skipped} (v1a: no ed25519 in the standard library)"]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

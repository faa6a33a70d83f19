#!/usr/bin/env bash
# Verifies one captured postback with openssl: Standard Webhooks v1, HMAC-SHA256. For looking into a case by hand:
# the key stands on openssl's command line, where other users of the machine can see it for a moment.
#
# usage: verify.sh SECRET_FILE WEBHOOK_ID WEBHOOK_TIMESTAMP WEBHOOK_SIGNATURE BODY_FILE [NOW [TOLERANCE]]
# Exits 0 if it is valid, 1 if not, with the reason on standard error.
set -euo pipefail
export LC_ALL=C
secret_file=$1 id=$2 timestamp=$3 signature=$4 body_file=$5 now=${6:-$(date +%s)} tolerance=${7:-300}

refuse() { printf '%s\n' "$1" >&2; exit 1; }

id_form='^[!-+/-~-]{1,256}$'
timestamp_form='^(0|[1-9][0-9]{0,13})$'
entry_form='^v[0-9]{1,3}[a-z]{0,2},[^,]+$'
v1_form='^v1,[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$'
[[ $id =~ $id_form ]] || refuse 'webhook-id is missing or malformed'
[[ $timestamp =~ $timestamp_form ]] || refuse 'webhook-timestamp is missing or malformed'
apart=$((now - timestamp))
((${apart#-} <= tolerance)) || refuse 'webhook-timestamp is too far from this clock'
[[ " $signature " != *'  '* ]] || refuse 'webhook-signature is missing or malformed'
IFS=' ' read -r -a entries <<<"$signature"
((${#entries[@]} >= 1 && ${#entries[@]} <= 16)) || refuse 'webhook-signature is missing or malformed'
for entry in "${entries[@]}"; do
  [[ $entry =~ $entry_form && ($entry != v1,* || $entry =~ $v1_form) ]] || refuse 'webhook-signature is missing or malformed'
done

while IFS= read -r secret; do
  [[ $secret == whsec_* ]] || refuse 'a secret must start with whsec_'
  key=$(printf '%s' "${secret#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
  ((${#key} >= 48 && ${#key} <= 128)) || refuse 'a secret is not whole'
  expected=$({ printf '%s.%s.' "$id" "$timestamp"; cat "$body_file"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
  for entry in "${entries[@]}"; do
    [[ $entry != "v1,$expected" ]] || exit 0
  done
done <"$secret_file"
refuse 'no signature matches'

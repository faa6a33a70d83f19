#!/usr/bin/env bash
# Sends a body to your endpoint as the sender would, signed now with the secret of a file. Needs openssl and curl.
#
# usage: send-test.sh SECRET_FILE URL BODY_FILE [WEBHOOK_ID]
# Give the id of an earlier run to try a repeat.
set -euo pipefail
secret_file=$1 url=$2 body_file=$3 id=${4:-test_$(openssl rand -hex 8)} timestamp=$(date +%s)

IFS= read -r secret <"$secret_file" || true
key=$(printf '%s' "${secret#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
signature=$({ printf '%s.%s.' "$id" "$timestamp"; cat "$body_file"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
printf 'webhook-id: %s\n' "$id" >&2
curl --silent --show-error --include --max-time 10 --request POST "$url" \
  --header 'content-type: application/json' --header 'webhook-test: 1' \
  --header "webhook-id: $id" --header "webhook-timestamp: $timestamp" --header "webhook-signature: v1,$signature" \
  --data-binary "@$body_file"

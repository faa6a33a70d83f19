#!/usr/bin/env bash
# usage: driver.sh SNIPPETS_FOLDER SCRATCH_FOLDER < cases
set -u
while IFS= read -r line; do
  # By hand: `read` with a tab as separator would merge the empty fields.
  mapfile -t fields <<<"${line//$'\t'/$'\n'}"
  printf '%s' "${fields[0]}" | tr ',' '\n' >"$2/secrets"
  [[ ${fields[0]} == '' ]] || echo >>"$2/secrets"
  printf '%s' "${fields[4]}" | base64 -d >"$2/body"
  id=$(printf '%s' "${fields[1]}" | base64 -d)
  timestamp=$(printf '%s' "${fields[2]}" | base64 -d)
  signature=$(printf '%s' "${fields[3]}" | base64 -d)
  if bash "$1/verify.sh" "$2/secrets" "$id" "$timestamp" "$signature" "$2/body" "${fields[5]}" "${fields[6]}" 2>>"$2/reasons"; then
    echo ok
  else
    echo refused
  fi
done

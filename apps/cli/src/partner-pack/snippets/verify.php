<?php
// Verifies postbacks: Standard Webhooks v1, HMAC-SHA256. PHP 7.4 or later, no extension beyond hash.
// Take the body from file_get_contents('php://input'), headers from $_SERVER['HTTP_WEBHOOK_ID'] and so on.

/**
 * The id to deduplicate by. $body is the raw bytes, before json_decode; headers are null if absent.
 *
 * @param string[] $secrets
 * @throws RuntimeException for what is to be answered 400 or 401
 */
function verify_postback(array $secrets, ?string $id, ?string $timestamp, ?string $signature, string $body, ?int $now = null, int $tolerance = 300): string
{
    if (!preg_match('~\A[!-+\-/-\~]{1,256}\z~', $id ?? '')) {
        throw new RuntimeException('webhook-id is missing or malformed');
    }
    if (!preg_match('~\A(?:0|[1-9][0-9]{0,13})\z~', $timestamp ?? '')) {
        throw new RuntimeException('webhook-timestamp is missing or malformed');
    }
    if (abs(($now ?? time()) - (int) $timestamp) > $tolerance) {
        throw new RuntimeException('webhook-timestamp is too far from this clock');
    }
    $entries = explode(' ', $signature ?? '');
    $given = [];
    foreach ($entries as $entry) {
        $isV1 = strncmp($entry, 'v1,', 3) === 0;
        $form = $isV1 ? '~\Av1,[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\z~' : '~\Av[0-9]{1,3}[a-z]{0,2},[^,]+\z~';
        if (count($entries) > 16 || !preg_match($form, $entry)) {
            throw new RuntimeException('webhook-signature is missing or malformed');
        }
        if ($isV1) {
            $given[] = substr($entry, 3);
        }
    }
    foreach ($secrets as $secret) {
        $mac = base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", postback_key($secret), true));
        foreach ($given as $value) {
            if (hash_equals($mac, $value)) {
                return $id;
            }
        }
    }
    throw new RuntimeException('no signature matches');
}

/** The bytes of a whsec_ secret; fails loudly for one that is empty or cut. */
function postback_key(string $secret): string
{
    $key = strncmp($secret, 'whsec_', 6) === 0 ? base64_decode(substr($secret, 6), true) : false;
    if ($key === false || strlen($key) < 24 || strlen($key) > 64) {
        throw new InvalidArgumentException('the secret is not a whole whsec_');
    }
    return $key;
}

// Package main verifies postbacks: Standard Webhooks v1, HMAC-SHA256. Go 1.18 or later, standard library only.
// Rename the package to yours; read the body with io.ReadAll before anything decodes it.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	idForm        = regexp.MustCompile(`\A[!-+\-/-~]{1,256}\z`)
	timestampForm = regexp.MustCompile(`\A(?:0|[1-9][0-9]{0,13})\z`)
	entryForm     = regexp.MustCompile(`\Av[0-9]{1,3}[a-z]{0,2},[^,]+\z`)
	v1Form        = regexp.MustCompile(`\Av1,[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\z`)
)

// Verify returns nil for a message to act on, deduplicated by id; answer 400 or 401 for an error.
func Verify(secrets []string, id, timestamp, signature string, body []byte, now time.Time, tolerance time.Duration) error {
	if !idForm.MatchString(id) {
		return errors.New("webhook-id is missing or malformed")
	}
	if !timestampForm.MatchString(timestamp) {
		return errors.New("webhook-timestamp is missing or malformed")
	}
	seconds, _ := strconv.ParseInt(timestamp, 10, 64)
	if apart := now.Unix() - seconds; apart > int64(tolerance/time.Second) || -apart > int64(tolerance/time.Second) {
		return errors.New("webhook-timestamp is too far from this clock")
	}
	entries := strings.Split(signature, " ")
	var given [][]byte
	for _, entry := range entries {
		isV1 := strings.HasPrefix(entry, "v1,")
		if len(entries) > 16 || !entryForm.MatchString(entry) || (isV1 && !v1Form.MatchString(entry)) {
			return errors.New("webhook-signature is missing or malformed")
		}
		if isV1 {
			value, _ := base64.StdEncoding.DecodeString(entry[3:])
			given = append(given, value)
		}
	}
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || !strings.HasPrefix(secret, "whsec_") || len(key) < 24 || len(key) > 64 {
			return errors.New("the secret is not a whole whsec_")
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + "."))
		mac.Write(body)
		expected := mac.Sum(nil)
		for _, value := range given {
			if hmac.Equal(value, expected) {
				return nil
			}
		}
	}
	return errors.New("no signature matches")
}

// Verifies the shared vectors with Go's standard library alone, v1 and v1a.
//
//	go run verify.go <folder of vectors>
package main

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

var (
	safeID     = regexp.MustCompile(`^[!-+\-/-~]{1,256}$`)
	plainStamp = regexp.MustCompile(`^(?:0|[1-9][0-9]{0,13})$`)
	schemeName = regexp.MustCompile(`^v[0-9]{1,3}[a-z]{0,2}$`)
	checks     = map[string]string{"whsec": "v1", "whpk": "v1a"}
	lengths    = map[string]int{"v1": 32, "v1a": 64}
)

type key struct {
	kind  string
	bytes []byte
}

type verified struct {
	ID        string `json:"id"`
	Timestamp int64  `json:"timestamp"`
	Scheme    string `json:"scheme"`
	Index     int    `json:"secret_index"`
}

// canonical decodes padded standard base64 whose leftover bits are zero.
func canonical(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") { // the decoder would skip them
		return nil, false
	}
	bytes, err := base64.StdEncoding.Strict().DecodeString(text)
	return bytes, err == nil
}

func parseSecret(text string) (key, error) {
	kind, rest, found := strings.Cut(text, "_")
	if !found || (kind != "whsec" && kind != "whsk" && kind != "whpk") {
		return key{}, errors.New("secret_prefix_unknown")
	}
	bytes, ok := canonical(rest)
	if !ok {
		return key{}, errors.New("secret_not_base64")
	}
	n := len(bytes)
	if (kind == "whsec" && (n < 24 || n > 64)) || (kind == "whsk" && n != 32 && n != 64) || (kind == "whpk" && n != 32) {
		return key{}, errors.New("secret_length_invalid")
	}
	return key{kind, bytes}, nil
}

func single(headers [][2]string, name string) (string, error) {
	value, count := "", 0
	for _, header := range headers {
		if strings.EqualFold(header[0], name) {
			value = header[1]
			count++
		}
	}
	if count > 1 {
		return "", errors.New("header_duplicated")
	}
	if value == "" {
		return "", errors.New("header_missing")
	}
	return value, nil
}

type entry struct {
	scheme    string
	signature []byte
}

func parseSignatures(text string) ([]entry, error) {
	tokens := strings.Split(text, " ")
	if len(tokens) > 16 {
		return nil, errors.New("signatures_too_many")
	}
	var entries []entry
	for _, token := range tokens {
		if strings.Count(token, ",") > 1 {
			return nil, errors.New("header_duplicated")
		}
		scheme, value, _ := strings.Cut(token, ",")
		if value == "" || !schemeName.MatchString(scheme) {
			return nil, errors.New("signature_malformed")
		}
		if length, known := lengths[scheme]; known {
			signature, ok := canonical(value)
			if !ok || len(signature) != length {
				return nil, errors.New("signature_malformed")
			}
			entries = append(entries, entry{scheme, signature})
		}
	}
	return entries, nil
}

func verify(body []byte, headers [][2]string, secrets []string, now, tolerance int64) (verified, error) {
	if len(secrets) == 0 {
		return verified{}, errors.New("secrets_missing")
	}
	var keys []key
	for _, text := range secrets {
		parsed, err := parseSecret(text)
		if err != nil {
			return verified{}, err
		}
		if parsed.kind == "whsk" {
			return verified{}, errors.New("secret_unsuitable")
		}
		keys = append(keys, parsed)
	}
	var values [3]string
	for index, part := range []string{"id", "timestamp", "signature"} {
		value, err := single(headers, "webhook-"+part)
		if err != nil {
			return verified{}, err
		}
		values[index] = value
	}
	id, stamp := values[0], values[1]
	if strings.Contains(id+stamp, ",") {
		return verified{}, errors.New("header_duplicated")
	}
	if !safeID.MatchString(id) {
		return verified{}, errors.New("id_malformed")
	}
	if !plainStamp.MatchString(stamp) {
		return verified{}, errors.New("timestamp_malformed")
	}
	timestamp, _ := strconv.ParseInt(stamp, 10, 64)
	if timestamp >= 100_000_000_000 {
		return verified{}, errors.New("timestamp_in_milliseconds")
	}
	entries, err := parseSignatures(values[2])
	if err != nil {
		return verified{}, err
	}
	if timestamp < now-tolerance {
		return verified{}, errors.New("timestamp_too_old")
	}
	if timestamp > now+tolerance {
		return verified{}, errors.New("timestamp_too_new")
	}
	signed := append([]byte(id+"."+stamp+"."), body...)
	tried := false
	for _, received := range entries {
		for index, secret := range keys {
			if checks[secret.kind] != received.scheme {
				continue
			}
			tried = true
			if matches(secret, signed, received.signature) {
				return verified{id, timestamp, received.scheme, index}, nil
			}
		}
	}
	if !tried {
		return verified{}, errors.New("signature_scheme_unmatched")
	}
	return verified{}, errors.New("signature_mismatch")
}

func matches(secret key, signed, signature []byte) bool {
	if secret.kind == "whpk" {
		return ed25519.Verify(secret.bytes, signed, signature)
	}
	mac := hmac.New(sha256.New, secret.bytes)
	mac.Write(signed)
	return hmac.Equal(mac.Sum(nil), signature)
}

type vector struct {
	Name      string      `json:"name"`
	Secrets   []string    `json:"verify_secrets"`
	ID        string      `json:"id"`
	Timestamp int64       `json:"timestamp"`
	Signature string      `json:"signature"`
	Headers   [][2]string `json:"headers"`
	Body      []byte      `json:"body_base64"`
	Now       int64       `json:"now"`
	Tolerance int64       `json:"tolerance_seconds"`
	Result    verified    `json:"result"`
	Error     string      `json:"error"`
	Text      string      `json:"text"`
	Kind      string      `json:"kind"`
	Hex       string      `json:"bytes_hex"`
}

type document struct {
	Vectors, Accepted, Refused []vector
}

func load(name string) document {
	var read document
	bytes, err := os.ReadFile(filepath.Join(os.Args[1], name+".json"))
	if err == nil {
		err = json.Unmarshal(bytes, &read)
	}
	if err != nil {
		panic(err)
	}
	return read
}

func main() {
	passed, failed := 0, 0
	check := func(name string, expected, got any) {
		if fmt.Sprint(expected) == fmt.Sprint(got) {
			passed++
			return
		}
		failed++
		fmt.Printf("%s: expected %v, got %v\n", name, expected, got)
	}
	outcome := func(result verified, err error) any {
		if err != nil {
			return err
		}
		return result
	}
	for _, v := range load("signing").Vectors {
		headers := [][2]string{{"webhook-id", v.ID}, {"webhook-timestamp", fmt.Sprint(v.Timestamp)}, {"webhook-signature", v.Signature}}
		for _, secret := range v.Secrets {
			scheme := checks[strings.SplitN(secret, "_", 2)[0]]
			check(v.Name, verified{v.ID, v.Timestamp, scheme, 0}, outcome(verify(v.Body, headers, []string{secret}, v.Timestamp, 300)))
		}
	}
	for _, v := range load("accepted").Vectors {
		check(v.Name, v.Result, outcome(verify(v.Body, v.Headers, v.Secrets, v.Now, v.Tolerance)))
	}
	for _, v := range load("refused").Vectors {
		check(v.Name, v.Error, outcome(verify(v.Body, v.Headers, v.Secrets, v.Now, v.Tolerance)))
	}
	for _, v := range load("secrets").Accepted {
		parsed, _ := parseSecret(v.Text)
		check(v.Text, v.Kind+v.Hex, parsed.kind+hex.EncodeToString(parsed.bytes))
	}
	for _, v := range load("secrets").Refused {
		_, err := parseSecret(v.Text)
		check(v.Name, v.Error, err)
	}
	fmt.Printf("passed %d, failed %d, skipped 0\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}

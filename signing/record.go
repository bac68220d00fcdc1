package signing

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
)

// Record returns the text of the DNS record that publishes a key (RFC 6376
// section 3.6.1, RFC 8463 section 4).
func Record(key crypto.PublicKey) (string, error) {
	var kind string
	var p []byte
	switch key := key.(type) {
	case *rsa.PublicKey:
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			return "", fmt.Errorf("signing: public key: %w", err)
		}
		kind, p = "rsa", der
	case ed25519.PublicKey:
		kind, p = "ed25519", key
	default:
		return "", fmt.Errorf("signing: DKIM knows RSA and Ed25519 keys only, not %T", key)
	}
	return "v=DKIM1; k=" + kind + "; p=" + base64.StdEncoding.EncodeToString(p), nil
}

// RecordName returns the name of the DNS record for a domain's selector.
func RecordName(domain, selector string) string { return selector + "._domainkey." + domain }

// zoneName is the name as a DNS master file has it: relative without a domain.
func zoneName(domain, selector string) string {
	if domain == "" {
		return selector + "._domainkey"
	}
	return RecordName(domain, selector) + "."
}

// maxString is the longest character-string of a TXT record (RFC 1035
// section 3.3).
const maxString = 255

// ZoneRecord returns a record as lines of a DNS master file (RFC 1035 section
// 5): its text in strings of at most 255 bytes. Without a domain the name is relative
// to the file's origin.
func ZoneRecord(domain, selector, record string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s IN TXT (", zoneName(domain, selector))
	for len(record) > 0 {
		n := min(len(record), maxString)
		fmt.Fprintf(&b, "\n\t\"%s\"", record[:n])
		record = record[n:]
	}
	b.WriteString("\n)\n")
	return b.String()
}

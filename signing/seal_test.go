package signing

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/dkimsig"
)

func sealer() (Identity, ed25519.PrivateKey) {
	return Identity{Domain: "example.org", Selector: "arc"}, keys()["ed25519"].(ed25519.PrivateKey)
}

// seal puts a set on top of a message.
func seal(t *testing.T, raw string, chain Chain) (string, []Field) {
	t.Helper()
	id, key := sealer()
	fields, err := Format{}.Seal(parse(raw), id, key, now(), "mx.example.org; spf=pass smtp.mailfrom=ann@example.com; dkim=none", chain)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields {
		raw = f.line() + raw
	}
	return raw, fields
}

// checkSeal verifies the seal and the message signature on top of a message,
// the seal over the sets from the one given on.
func checkSeal(t *testing.T, raw string, from int) {
	t.Helper()
	_, key := sealer()
	pub := &dkimsig.Key{Type: "ed25519", Public: key.Public()}
	m := parse(raw)
	v := viewOf(m)
	sets, err := setsOf(v.header)
	if err != nil {
		t.Fatal(err)
	}
	last := sets[len(sets)-1]
	ams, err := dkimsig.ParseSignature(dkimsig.ARCMessage, last.ams)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := v.body.Hash(ams.BodyCanon, crypto.SHA256, -1)
	if err != nil || string(sum.Sum) != string(ams.BodyHash) {
		t.Errorf("body hash %x, %v; want %x", sum.Sum, err, ams.BodyHash)
	}
	if !pub.Verify(ams.Algorithm, headerHash(ams, v.header, crypto.SHA256), ams.Value) {
		t.Error("the message signature does not verify")
	}
	as, err := dkimsig.ParseSignature(dkimsig.ARCSeal, last.as)
	if err != nil {
		t.Fatal(err)
	}
	var fields []dkimsig.RawField
	for i, s := range sets {
		if i+1 < from {
			continue
		}
		if fields = append(fields, s.aar, s.ams); i < len(sets)-1 {
			fields = append(fields, s.as)
		}
	}
	own := last.as
	b := strings.LastIndex(string(own), "b=") + 2
	h := sha256.New()
	dkimsig.HashHeader(h, dkimsig.Relaxed, fields, own, b, len(own))
	if !pub.Verify(as.Algorithm, h.Sum(nil), as.Value) {
		t.Error("the seal does not verify")
	}
}

func TestSeal(t *testing.T) {
	first, fields := seal(t, crlf(letter), "")
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	if fmt.Sprint(names) != "[ARC-Authentication-Results ARC-Message-Signature ARC-Seal]" {
		t.Errorf("fields %v", names)
	}
	if want := "i=1; mx.example.org;\r\n\tspf=pass smtp.mailfrom=ann@example.com;\r\n\tdkim=none"; fields[0].Value != want {
		t.Errorf("results %q, want %q", fields[0].Value, want)
	}
	if v := fields[2].Value; !strings.HasPrefix(v, "i=1; a=ed25519-sha256; d=example.org; s=arc; t=1793534400;\r\n\tcv=none;") {
		t.Errorf("seal %q", v)
	}
	checkSeal(t, first, 1)
	second, fields := seal(t, "X-Between: 1\r\n"+first, ChainPass)
	if v := fields[2].Value; !strings.HasPrefix(v, "i=2;") || !strings.Contains(v, "cv=pass;") {
		t.Errorf("second seal %q", v)
	}
	checkSeal(t, second, 1)
	failed, fields := seal(t, first, ChainFail)
	if v := fields[2].Value; !strings.Contains(v, "cv=fail;") {
		t.Errorf("failed seal %q", v)
	}
	checkSeal(t, failed, 2) // RFC 8617 section 5.1.2
}

func TestSealRefuses(t *testing.T) {
	sealed, _ := seal(t, crlf(letter), "")
	failed, _ := seal(t, sealed, ChainFail)
	full := crlf(letter)
	for range dkimsig.MaxInstance {
		full, _ = seal(t, full, ChainPass)
	}
	id, key := sealer()
	for name, c := range map[string]struct {
		raw   string
		chain Chain
		want  error
	}{
		"unverified":   {sealed, "", errOpen},
		"none":         {sealed, ChainNone, errOpen},
		"sealed fail":  {failed, ChainFail, errFailed},
		"full":         {full, ChainPass, errFull},
		"more":         {strings.Repeat("ARC-Seal: i=1; cv=none\r\nARC-Message-Signature: i=1\r\nARC-Authentication-Results: i=1; x\r\n", 60) + crlf(letter), ChainPass, errFull},
		"no AAR":       {strings.Replace(sealed, "ARC-Authentication-Results", "X", 1), ChainPass, errChain},
		"gap":          {strings.Replace(sealed, "ARC-Seal: i=1", "ARC-Seal: i=2", 1), ChainPass, errChain},
		"no number":    {strings.Replace(sealed, "ARC-Seal: i=1", "ARC-Seal: i=x", 1), ChainPass, errChain},
		"no instance":  {strings.Replace(sealed, "ARC-Authentication-Results: i=1;", "ARC-Authentication-Results:", 1), ChainPass, errChain},
		"twice the AS": {"ARC-Seal: i=1; cv=none\r\n" + strings.Replace(sealed, "ARC-Message-Signature", "ARC-Seal", 1), ChainPass, errChain},
	} {
		if _, err := (Format{}).Seal(parse(c.raw), id, key, now(), "x", c.chain); err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// What the message says gets into the results and can't break the field.
func TestSealResultsStayOneField(t *testing.T) {
	id, key := sealer()
	fields, err := Format{}.Seal(parse(crlf(letter)), id, key, now(), "mx.example.org; spf=fail smtp.helo=x\r\nFrom: evil", "")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(fields[0].Value, "\nFrom") {
		t.Errorf("results %q", fields[0].Value)
	}
}

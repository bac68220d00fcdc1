package dkim

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

// suiteDNS answers from the DNS of a suite's case.
type suiteDNS map[string]struct {
	TXT   []string `json:"txt"`
	Error string   `json:"error"`
}

func (d suiteDNS) Lookup(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
	name = resolver.Canonical(name)
	fail := func(k resolver.Kind) (resolver.Answer, error) {
		return resolver.Answer{}, &resolver.Error{Name: name, Type: qtype, Kind: k}
	}
	for n, e := range d {
		if !strings.EqualFold(n, name) {
			continue
		}
		switch {
		case strings.EqualFold(e.Error, "NXDOMAIN"):
			return fail(resolver.KindNXDomain)
		case strings.EqualFold(e.Error, "NODATA"):
			return fail(resolver.KindNoData)
		case e.Error != "":
			return fail(resolver.KindServFail)
		}
		var a resolver.Answer
		for _, s := range e.TXT {
			a.Records = append(a.Records, resolver.Record{Name: name, Type: resolver.TypeTXT, Strings: []string{s}})
		}
		return a, nil
	}
	return fail(resolver.KindNXDomain)
}

type suiteCase struct {
	ID     string   `json:"id"`
	Raw    []byte   `json:"raw_b64"`
	DNS    suiteDNS `json:"dns"`
	Now    *int64   `json:"now"`
	Strict string   `json:"expect_strict"`
	PerSig []string `json:"per_sig"`
}

// overall is the result for the message: the best of its signatures.
func overall(sigs []Signature) string {
	for _, code := range []string{"pass", "policy", "temperror", "fail", "permerror"} {
		if slices.ContainsFunc(sigs, func(s Signature) bool { return string(s.Status) == code }) {
			return code
		}
	}
	return "none"
}

func TestSuites(t *testing.T) {
	for _, name := range []string{"dkim-verify", "dkim-generated"} {
		t.Run(name, func(t *testing.T) { suite(t, "suites/dkim/"+name+".json") })
	}
}

func suite(t *testing.T, path string) {
	data, err := os.ReadFile(shared.Path(t, path))
	if err != nil {
		t.Fatal(err)
	}
	var cases struct{ Cases []suiteCase }
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	right, either := 0, 0
	for _, c := range cases.Cases {
		now := time.Now()
		if c.Now != nil {
			now = time.Unix(*c.Now, 0)
		}
		sigs := Verify(t.Context(), c.DNS, mail.Parse(c.Raw, mail.Envelope{}, mail.Limits{}), now, Options{Jitter: -1})
		got := overall(sigs)
		if c.Strict == "?" {
			either++
			continue
		}
		ok := got == c.Strict || c.Strict == "pass-or-policy" && (got == "pass" || got == "policy")
		for i, want := range c.PerSig {
			ok = ok && (want == "?" || i < len(sigs) && string(sigs[i].Status) == want)
		}
		if !ok {
			t.Errorf("%s: %s, want %s %v; %+v", c.ID, got, c.Strict, c.PerSig, sigs)
			continue
		}
		right++
	}
	t.Logf("%s: %d of %d decided cases right, %d undecided", path, right, len(cases.Cases)-either, either)
}

// TestSignSuite verifies the signatures that OpenDKIM's signer is expected to
// make, ten of them rsa-sha1.
func TestSignSuite(t *testing.T) {
	data, err := os.ReadFile(shared.Path(t, "suites/dkim/dkim-sign-opendkim.json"))
	if err != nil {
		t.Fatal(err)
	}
	var suite struct {
		Cases []struct {
			ID, Message string
			Value       string `json:"expected_signature_value"`
			Key         struct {
				DER []byte `json:"der_base64"`
			} `json:"private_key_pem"`
		}
	}
	if err := json.Unmarshal(data, &suite); err != nil {
		t.Fatal(err)
	}
	right := 0
	for _, c := range suite.Cases {
		key, err := x509.ParsePKCS1PrivateKey(c.Key.DER)
		if err != nil {
			t.Fatal(err)
		}
		public := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&key.PublicKey))
		dns := resolver.Func(func(_ context.Context, name string, qtype uint16) (resolver.Answer, error) {
			return resolver.Answer{Records: []resolver.Record{{Name: name, Type: qtype, Strings: []string{"p=" + public}}}}, nil
		})
		raw := "DKIM-Signature: " + c.Value + "\r\n" + c.Message
		sigs := Verify(t.Context(), dns, mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{}), time.Unix(1172620940, 0), Options{AcceptSHA1: true})
		if overall(sigs) != "pass" {
			t.Errorf("%s: %+v", c.ID, sigs)
			continue
		}
		right++
	}
	t.Logf("%d of %d signatures of OpenDKIM's signer verify", right, len(suite.Cases))
}

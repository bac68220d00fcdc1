package signing_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/signing"
	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	sign "github.com/winnowmail/winnow/signing"
)

// scan scans a message with the signing checks and gives it back with the
// edits of the Result on top.
func scan(t *testing.T, o signing.Options, env mail.Envelope, raw string, at time.Time, seeds ...checks.Seeded) (*winnow.Result, string) {
	t.Helper()
	s, err := winnow.New(winnow.Options{
		Families: []*checks.Family{}, Checks: append(signing.New(o).Checks, signing.Facts()), Clock: func() time.Time { return at },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	res, err := s.Scan(t.Context(), &winnow.Message{Envelope: env, Body: winnow.FromBytes([]byte(raw))}, seeds...)
	if err != nil {
		t.Fatal(err)
	}
	return res, onTop(res.Edits) + raw
}

// onTop are the fields that edits put on top of a message.
func onTop(edits []actions.HeaderEdit) string {
	top := ""
	for _, e := range edits {
		if !e.Remove && e.Index == 1 {
			top = e.Name + ": " + e.Value + "\r\n" + top
		}
	}
	return top
}

// mailDKIM asks Mail::DKIM about the ARC chain of a message.
func mailDKIM(t *testing.T, raw string, dns map[string]string) string {
	t.Helper()
	if err := exec.CommandContext(t.Context(), "perl", "-MMail::DKIM::ARC::Verifier", "-e", "1").Run(); err != nil {
		t.Skip("no Mail::DKIM: Debian package libmail-dkim-perl")
	}
	var b bytes.Buffer
	for name, record := range dns {
		fmt.Fprintf(&b, "%s\t%s\n", name, record)
	}
	file := filepath.Join(t.TempDir(), "dns")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "perl", "testdata/verify-arc.pl", file)
	cmd.Stdin = strings.NewReader(raw)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("perl: %v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// tags are the tags of a list, their white space gone.
func tags(t *testing.T, list string) map[string]string {
	t.Helper()
	ts, err := dkimsig.ParseTags(strings.TrimSpace(list))
	if err != nil {
		t.Fatalf("%v: %s", err, list)
	}
	m := map[string]string{}
	for _, tag := range ts {
		m[tag.Name] = strings.Join(strings.Fields(tag.Value), "")
	}
	return m
}

func TestARCSignSuite(t *testing.T) {
	var suite struct {
		Zones map[string]struct {
			Domain, Sel string
			PrivateKey  struct {
				DER string `json:"der_base64"`
			}
			DNS map[string]struct{ TXT []string }
		}
		Cases []struct {
			ID, Scenario, Message string
			T                     string
			SigHeaders            string `json:"sig-headers"`
			SrvID                 string `json:"srv-id"`
			AS, AMS, AAR          string
		}
	}
	data, err := os.ReadFile(shared.Path(t, "suites/arc/arc-sign.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &suite); err != nil {
		t.Fatal(err)
	}
	good := 0
	for _, c := range suite.Cases {
		ok := t.Run(filepath.Base(c.ID), func(t *testing.T) {
			zone := suite.Zones[c.Scenario]
			at, err := strconv.ParseInt(c.T, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			r := sign.ARC()
			r.Domain, r.Selector, r.ESLD = sign.Source(zone.Domain), zone.Sel, false
			r.Format.Headers = c.SigHeaders
			r.Keys = sign.Keys{sign.RecordName(zone.Domain, zone.Sel): rsaKey(t, zone.PrivateKey.DER)}
			raw := strings.ReplaceAll(c.Message, "\n", "\r\n")
			o := signing.Options{ARC: &signing.ARC{Rules: r, ServID: c.SrvID, Reuse: true}}
			res, sealed := scan(t, o, mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")}, raw, time.Unix(at, 0))
			if len(res.Notes) > 0 || !res.Has("ARC_SIGNED") {
				t.Fatalf("notes %v", res.Notes)
			}
			h := mail.Parse([]byte(sealed), mail.Envelope{}, mail.Limits{}).Header()
			for name, want := range map[string]string{"ARC-Seal": c.AS, "ARC-Message-Signature": c.AMS} {
				got, wanted := tags(t, h.Value(name)), tags(t, want)
				delete(got, "b")
				delete(wanted, "b")
				if fmt.Sprint(got) != fmt.Sprint(wanted) {
					t.Errorf("%s\n got %v\nwant %v", name, got, wanted)
				}
			}
			if got, want := h.Value("ARC-Authentication-Results"), strings.Join(strings.Fields(c.AAR), " "); got != want {
				t.Errorf("results\n got %s\nwant %s", got, want)
			}
			dns := map[string]string{}
			for name, record := range zone.DNS {
				dns[name] = strings.Join(strings.Fields(strings.Join(record.TXT, "")), "")
			}
			want := "pass"
			if strings.Contains(c.AS, "cv=fail") {
				want = "fail" // what is sealed as failed can't pass
			}
			if got := mailDKIM(t, sealed, dns); !strings.HasPrefix(got, want) {
				t.Errorf("Mail::DKIM says %s, want %s", got, want)
			}
		})
		if ok {
			good++
		}
	}
	t.Logf("arc-sign: %d of %d", good, len(suite.Cases))
}

func rsaKey(t *testing.T, der string) *rsa.PrivateKey {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(der)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKCS1PrivateKey(b)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

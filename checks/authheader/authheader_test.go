package authheader

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/arc"
	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/checks/dkim"
	"github.com/winnowmail/winnow/checks/dmarc"
	"github.com/winnowmail/winnow/checks/rdns"
	"github.com/winnowmail/winnow/checks/spf"
	"github.com/winnowmail/winnow/mail"
)

// write returns the payload, and the edits of the check.
func write(t *testing.T, o Options, env mail.Envelope, message string, local bool, facts ...checks.Seeded) (string, []actions.HeaderEdit) {
	t.Helper()
	s := &checks.State{Message: mail.Parse([]byte(message), env, mail.Limits{}), Local: local}
	s.SeedFacts(facts)
	var payload string
	reader := &checks.Check{Name: "reader", Doc: "reads", Requires: checks.Facts(Facts()...), Run: func(_ context.Context, task *checks.Task) error {
		payload = Of(task, o).String()
		return nil
	}}
	var edits []actions.HeaderEdit
	for _, c := range append(New(o).Checks, reader) {
		out, err := s.Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range out.Edits {
			edits = append(edits, e.Value)
		}
	}
	return payload, edits
}

func TestOf(t *testing.T) {
	env := mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.example.net", From: "a@example.org", HasFrom: true, MTAName: "mx.example.com"}
	named, bounce, user := env, env, env
	named.ClientName = "mail.example.net"
	bounce.From = ""
	user.User = "ann smith"
	spfFact := func(code spf.Status) checks.Seeded { return checks.Seed(spf.Fact, spf.Result{Status: code}) }
	for _, c := range []struct {
		why   string
		o     Options
		env   mail.Envelope
		facts []checks.Seeded
		want  string
	}{
		{"nothing", Options{}, env, nil, "mx.example.com; none"},
		{"a name of one's own", Options{ServID: "a b"}, env, nil, `"a b"; none`},
		{"nobody's name", Options{}, mail.Envelope{}, nil, "localhost; none"},
		{"signatures", Options{}, env, []checks.Seeded{checks.Seed(dkim.Fact, []dkim.Signature{
			{Domain: "example.org", Selector: "s1", Status: "pass", Value: "AbC/1234"},
			{Domain: "example.net", Selector: "s2", Status: "fail", Reason: "body hash (bh=) differs)"},
		})}, `mx.example.com; dkim=pass header.d=example.org header.s=s1 header.b="AbC/1234"; ` +
			`dkim=fail (body hash \(bh=\) differs\)) header.d=example.net header.s=s2`},
		{"no signature", Options{}, env, []checks.Seeded{checks.Seed(dkim.Fact, []dkim.Signature{})}, "mx.example.com; dkim=none"},
		{"SPF", Options{}, env, []checks.Seeded{spfFact("pass")},
			"mx.example.com; spf=pass (mx.example.com: domain of a@example.org designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@example.org"},
		{"SPF for HELO", Options{}, bounce, []checks.Seeded{spfFact("temperror")},
			"mx.example.com; spf=temperror (mx.example.com: domain of mail.example.net could not be looked up for 192.0.2.1) smtp.helo=mail.example.net"},
		{"a code that is none", Options{}, env, []checks.Seeded{spfFact("; dkim=pass")}, "mx.example.com; none"},
		{"DMARC passes", Options{}, env, []checks.Seeded{checks.Seed(dmarc.Fact, dmarc.Result{Status: "pass", Domain: "example.org", From: "a.example.org", Policy: "reject"})},
			"mx.example.com; dmarc=pass (policy=reject) header.from=a.example.org"},
		{"DMARC fails", Options{}, env, []checks.Seeded{checks.Seed(dmarc.Fact,
			dmarc.Result{Status: "fail", Domain: "example.org", Policy: "reject", Disposition: "quarantine", Reason: "No valid SPF, No valid DKIM"})},
			`mx.example.com; dmarc=fail (policy=reject disposition=quarantine) reason="No valid SPF, No valid DKIM" header.from=example.org`},
		{"no DMARC", Options{}, env, []checks.Seeded{checks.Seed(dmarc.Fact, dmarc.Result{Status: "none", Domain: "example.org"})},
			"mx.example.com; dmarc=none header.from=example.org"},
		{"ARC", Options{}, env, []checks.Seeded{checks.Seed(arc.Fact, arc.Result{Status: "pass", OldestPass: 1, Sets: []arc.Set{{}, {Domain: "l.example", Selector: "s"}}})},
			`mx.example.com; arc=pass (l.example:s=s:i=2) smtp.remote-ip=192.0.2.1 header.oldest-pass=1`},
		{"the server's look-up", Options{}, named, nil, "mx.example.com; iprev=pass policy.iprev=192.0.2.1 (mail.example.net)"},
		{"no name", Options{}, env, []checks.Seeded{checks.Seed(rdns.Fact, rdns.Result{})}, "mx.example.com; iprev=permerror policy.iprev=192.0.2.1"},
		{"a login", Options{}, user, nil, `mx.example.com; auth=pass smtp.auth="ann smith" smtp.mailfrom=a@example.org`},
		{"a login that nobody shall know", Options{NoUser: true}, user, nil, "mx.example.com; auth=pass smtp.mailfrom=a@example.org"},
	} {
		got, _ := write(t, c.o, c.env, "From: a@example.org\r\n\r\n", false, c.facts...)
		if got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.why, got, c.want)
		}
		if h, err := authres.Parse(got); err != nil || h.String() != got {
			t.Errorf("%s: %q is read as %q, %v", c.why, got, h, err)
		}
	}
}

func TestEdits(t *testing.T) {
	env := mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MTAName: "mx.example.com"}
	message := "Authentication-Results: MX.example.com; spf=pass\r\nAuthentication-Results: other.example; spf=pass\r\n" +
		"Authentication-Results: mx.example.com 1; dkim=pass\r\n\r\n"
	_, edits := write(t, Options{}, env, message, false, checks.Seed(dkim.Fact, nil))
	want := []actions.HeaderEdit{
		{Remove: true, Name: "Authentication-Results", Index: 3},
		{Remove: true, Name: "Authentication-Results", Index: 1},
		{Name: "Authentication-Results", Value: "mx.example.com;\r\n\tdkim=none", Index: 1},
	}
	if !slices.Equal(edits, want) {
		t.Errorf("got %+v", edits)
	}
	for local, n := range map[Options]int{{}: 0, {Local: true}: 1} {
		if _, edits := write(t, local, env, "\r\n", true); len(edits) != n {
			t.Errorf("%+v: %+v for a local client", local, edits)
		}
	}
	if strings.Contains(edits[2].Value, "\n\n") {
		t.Error("an empty line")
	}
}

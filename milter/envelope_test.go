package milter_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	protocol "github.com/d--j/go-milter"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/milter"
	"github.com/winnowmail/winnow/symbols"
)

// TestEnvelope follows what the MTA tells over three messages of a connection.
func TestEnvelope(t *testing.T) {
	for _, early := range []milter.Early{{}, {Connect: true, Mail: true, Rcpt: true}} {
		w := start(t, milter.Options{Early: early, Scanner: scanner(t, func(*checks.Task) {})})
		macros := protocol.NewMacroBag()
		macros.Set(protocol.MacroMTAFQDN, "mx.example.net")
		macros.Set(protocol.MacroDaemonName, "smtpd")
		macros.Set(protocol.MacroMTAVersion, "Postfix 3.7.11")
		macros.Set(protocol.MacroTlsVersion, "TLSv1.3")
		macros.Set(protocol.MacroCipher, "TLS_AES_128_GCM_SHA256")
		s := w.client(macros, protocol.WithMacroRequest(protocol.StageConnect, []protocol.MacroName{protocol.MacroMTAFQDN, protocol.MacroDaemonName, protocol.MacroMTAVersion}))
		want := mail.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.1"), ClientName: "mail.example.org", Helo: "mail.example.org",
			From: "a@example.org", HasFrom: true, MTAName: "mx.example.net",
			TLS: mail.TLS{Version: "TLSv1.3", Cipher: "TLS_AES_128_GCM_SHA256"},
		}
		for i, id := range []string{"4A", "4B", "4C"} {
			macros.Set(protocol.MacroQueueId, id)
			want.QueueID, want.User, want.Rcpts = id, "", []string{"b@example.net", "d@example.net"}
			if i == 1 {
				want.User = "ann"
			}
			macros.Set(protocol.MacroAuthAuthen, want.User)
			w.must(s.Mail("a@example.org", "SIZE=100 BODY=8BITMIME"))
			macros.Set(protocol.MacroRcptMailer, "local")
			w.must(s.Rcpt("b@example.net", ""))
			macros.Set(protocol.MacroRcptMailer, "error") // the MTA has refused it
			w.must(s.Rcpt("c@example.net", ""))
			macros.Set(protocol.MacroRcptMailer, "local")
			w.must(s.Rcpt("d@example.net", ""))
			w.rest(s, sample)
			o := <-w.outcomes
			if got := *o.Result.Message().Envelope(); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) || o.Daemon != "smtpd" || o.Agent != "Postfix 3.7.11" {
				t.Errorf("message %d: %+v of %s, %s\nwant %+v", i, got, o.Daemon, o.Agent, want)
			}
			if err := s.Abort(nil); err != nil { // as Postfix does after each message
				t.Fatal(err)
			}
		}
	}
}

// TestClientCertificate: the subject of a certificate is the user where its issuer is
// the one that is trusted, and nobody has logged in.
func TestClientCertificate(t *testing.T) {
	for _, c := range []struct{ ca, issuer, verify, login, want string }{
		{"Example CA", "Example CA", "", "", "laptop-7"},
		{"Example CA", "Example CA", "OK", "", "laptop-7"},
		{"Example CA", "Example CA", "FAIL", "", ""},
		{"Example CA", "Example CA", "", "ann", "ann"},
		{"Example CA", "Example CA 2", "", "", ""},
		{"Example CA", "", "", "", ""},
		{"", "Example CA", "", "", ""},
		{"", "", "", "", ""},
	} {
		for _, early := range []milter.Early{{}, {Mail: true}} {
			w := start(t, milter.Options{ClientCA: c.ca, Early: early, Scanner: scanner(t, func(*checks.Task) {})})
			macros := protocol.NewMacroBag()
			macros.Set(protocol.MacroCertIssuer, c.issuer)
			macros.Set(protocol.MacroCertSubject, "laptop-7")
			macros.Set("{verify}", c.verify)
			macros.Set(protocol.MacroAuthAuthen, c.login)
			s := w.client(macros, protocol.WithMacroRequest(protocol.StageHelo, []protocol.MacroName{protocol.MacroCertIssuer, protocol.MacroCertSubject, "{verify}"}))
			w.must(s.Mail("a@example.org", ""))
			w.must(s.Rcpt("b@example.net", ""))
			w.rest(s, sample)
			if got := (<-w.outcomes).Result.Message().Envelope().User; got != c.want {
				t.Errorf("%+v: user %q", c, got)
			}
		}
	}
}

// TestEarly refuses a sender, and one recipient among good ones.
func TestEarly(t *testing.T) {
	refuse := func(phase checks.Phase, if_ func(t *checks.Task) bool) *checks.Check {
		return &checks.Check{Name: "early " + phase.String(), Doc: "test", Stage: checks.Early, Needs: checks.Needs{Phase: phase},
			Run: func(_ context.Context, t *checks.Task) error {
				if if_(t) {
					t.PreResult(actions.PreResult{Action: actions.Reject, Message: "not " + phase.String()})
				}
				return nil
			}}
	}
	w := start(t, milter.Options{
		Early: milter.Early{Connect: true, Mail: true, Rcpt: true},
		Scanner: scannerWith(t, winnow.Options{},
			refuse(checks.Connect, func(t *checks.Task) bool { return t.Envelope().ClientIP == netip.MustParseAddr("192.0.2.66") }),
			refuse(checks.MailFrom, func(t *checks.Task) bool { return t.Envelope().From == "bad@example.org" }),
			refuse(checks.Rcpt, func(t *checks.Task) bool { return slices.Contains(t.Envelope().Rcpts, "trap@example.net") })),
	})
	s := w.client(nil)
	if a, err := s.Mail("bad@example.org", ""); err != nil || a.String() != `RejectWithCode 554 "554 5.7.1 not mail"` {
		t.Errorf("sender: %v, %v", a, err)
	}
	if err := s.Abort(nil); err != nil {
		t.Fatal(err)
	}
	w.must(s.Mail("a@example.org", ""))
	w.must(s.Rcpt("b@example.net", ""))
	if a, err := s.Rcpt("trap@example.net", ""); err != nil || a.SMTPCode != 554 {
		t.Errorf("recipient: %v, %v", a, err)
	}
	w.must(s.Rcpt("c@example.net", ""))
	if got := told(w.rest(s, sample)); got != "Accept" {
		t.Errorf("message: %s", got)
	}
	if o := <-w.outcomes; fmt.Sprint(o.Result.Message().Envelope().Rcpts) != "[b@example.net c@example.net]" {
		t.Errorf("recipients %v", o.Result.Message().Envelope().Rcpts)
	}
	other, err := protocol.NewClient("tcp", w.addr.String()).Session(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if a, err := other.Conn("bad.example.org", protocol.FamilyInet, 25, "192.0.2.66"); err != nil || a.SMTPCode != 554 {
		t.Errorf("client: %v, %v", a, err)
	}
}

// TestBytes compares what is scanned with what was sent: signatures depend on
// every blank.
func TestBytes(t *testing.T) {
	long := strings.Repeat(strings.Repeat("x", 76)+"\r\n", 40000) // 3 MB
	w := start(t, milter.Options{Scanner: scanner(t, func(*checks.Task) {})})
	macros := protocol.NewMacroBag()
	macros.Set(protocol.MacroQueueId, "4A")
	s := w.client(macros)
	for _, raw := range []string{
		sample,
		"From:a@example.org\r\nTo:\t b@example.net\r\nX-Folded: one\r\n\ttwo\r\n  three\r\nX-Empty:\r\nX-Blank: \r\n\r\n.\r\n..\r\nbody\xff without an end",
		"From: a@example.org\r\n\r\n" + long,
		"From: a@example.org\r\nX-Long: " + strings.Repeat("y", 60000) + "\r\nX-Other: " + strings.Repeat("z", 60000) + "\r\n\r\nhi\r\n",
		"\r\n\r\nno header",
	} {
		w.send(s, raw)
		o := <-w.outcomes
		want := strings.TrimPrefix(raw, "\r\n")
		if got := string(o.Result.Message().Raw()); got != want || o.Size != int64(len(want)) {
			t.Errorf("scanned %d bytes, %.60q, want %d, %.60q", len(got), got, len(want), want)
		}
	}
}

func TestMessageLimit(t *testing.T) {
	w := start(t, milter.Options{Limits: milter.Limits{Message: 100_000}, Scanner: scanner(t, func(*checks.Task) {})})
	w.send(w.client(nil), "From: a@example.org\r\n\r\n"+strings.Repeat("x", 300_000))
	if o := <-w.outcomes; len(o.Result.Message().Raw()) != 100_000 || o.Size != 300_023 {
		t.Errorf("scanned %d of %d bytes", len(o.Result.Message().Raw()), o.Size)
	}
}

// TestRecipients has a message for three people whose own thresholds differ.
func TestRecipients(t *testing.T) {
	def := &symbols.Def{Name: "TEST", Groups: []string{"test"}, Doc: "always", Weight: 8}
	at := func(reject float64) *winnow.Settings {
		return &winnow.Settings{Layer: winnow.Layer{Thresholds: actions.Thresholds{actions.Reject: reject, actions.AddHeader: 6}}}
	}
	settings := map[string]*winnow.Settings{"strict@example.net": at(7), "mild@example.net": {Layer: winnow.Layer{Thresholds: actions.Thresholds{actions.AddHeader: 20, actions.Reject: 30, actions.Greylist: 19}}}}
	for _, c := range []struct {
		policy milter.Recipients
		rcpts  []string
		want   string
	}{
		{milter.Milder, []string{"strict@example.net", "b@example.net"}, "ChangeHeader 1 \"X-Spam\" \" Yes\"\nAccept"},
		{milter.Milder, []string{"b@example.net", "strict@example.net", "mild@example.net"}, "Accept"},
		{milter.Stricter, []string{"mild@example.net", "strict@example.net", "b@example.net"}, `RejectWithCode 554 "554 5.7.1 Spam message rejected"`},
		{milter.Stricter, []string{"mild@example.net", "b@example.net"}, "ChangeHeader 1 \"X-Spam\" \" Yes\"\nAccept"},
		{milter.Drop, []string{"strict@example.net", "b@example.net"}, "DelRcpt \"<strict@example.net>\"\nChangeHeader 1 \"X-Spam\" \" Yes\"\nAccept"},
		{milter.Drop, []string{"strict@example.net"}, `RejectWithCode 554 "554 5.7.1 Spam message rejected"`},
	} {
		o := winnow.Options{Settings: func(_ context.Context, r winnow.SettingsRequest) (*winnow.Settings, error) {
			return settings[r.Rcpt], nil
		}}
		w := start(t, milter.Options{Recipients: c.policy, Scanner: scannerWith(t, o, &checks.Check{Name: "test", Doc: "test", Symbols: []*symbols.Def{def},
			Run: func(_ context.Context, t *checks.Task) error { t.Hit(def); return nil }})})
		if got := told(w.send(w.client(nil), sample, c.rcpts...)); got != c.want {
			t.Errorf("policy %d, %v: told\n%s\nwant\n%s", c.policy, c.rcpts, got, c.want)
		}
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	protocol "github.com/d--j/go-milter"
	emersion "github.com/emersion/go-milter"

	"github.com/winnowmail/winnow/internal/shared"
)

// A letter is a mail as an MTA tells of it.
type letter struct {
	ip, host, helo, from, user, raw string
}

// transcript is what the daemon tells an MTA at the end of a message: a
// command a line, of changes the kind, the place and the name.
func transcript(t *testing.T, addr string, l letter) string {
	t.Helper()
	macros := protocol.NewMacroBag()
	macros.Set(protocol.MacroQueueId, "4XyZ1234abz")
	macros.Set(protocol.MacroMTAFQDN, "mx.example.com")
	macros.Set(protocol.MacroAuthAuthen, l.user)
	s, err := protocol.NewClient("tcp", addr).Session(macros)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ok := func(a *protocol.Action, err error) {
		t.Helper()
		if err != nil || a.Type != protocol.ActionContinue {
			t.Fatalf("%v, %v", a, err)
		}
	}
	ok(s.Conn(l.host, protocol.FamilyInet, 25, l.ip))
	ok(s.Helo(l.helo))
	ok(s.Mail(l.from, ""))
	ok(s.Rcpt("bob@example.com", ""))
	ok(s.DataStart())
	header, body, _ := strings.Cut(l.raw, "\r\n\r\n")
	for field := range strings.SplitSeq(header, "\r\n") {
		name, value, _ := strings.Cut(field, ":")
		ok(s.HeaderField(name, value, nil))
	}
	ok(s.HeaderEnd())
	changes, answer, err := s.BodyReadFrom(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, c := range changes {
		switch c.Type {
		case protocol.ActionAddHeader:
			fmt.Fprintf(&b, "h %s\n", c.HeaderName)
		case protocol.ActionInsertHeader:
			fmt.Fprintf(&b, "i %d %s\n", c.HeaderIndex, c.HeaderName)
		case protocol.ActionChangeHeader:
			fmt.Fprintf(&b, "m %d %s=%s\n", c.HeaderIndex, c.HeaderName, c.HeaderValue)
		default:
			fmt.Fprintln(&b, c.String())
		}
	}
	return b.String() + answer.String()
}

// letters are three of each kind.
func letters() map[string][]letter {
	all := map[string][]letter{}
	now := time.Now().UTC().Format(time.RFC1123Z)
	for i, host := range []string{"smtp.example.org", "smtp.example.net", "relay.sender.example"} {
		from := "carol@" + host[strings.IndexByte(host, '.')+1:]
		mail := func(extra, body string) letter {
			return letter{ip: fmt.Sprintf("198.51.100.%d", 7+i), host: host, helo: host, from: from, raw: "From: Carol <" + from + ">\r\nTo: Bob <bob@example.com>\r\n" +
				"Subject: Minutes of the meeting\r\nDate: " + now + "\r\nMessage-ID: <" + fmt.Sprint(i) + from + ">\r\nMIME-Version: 1.0\r\n" +
				"Content-Type: text/plain; charset=utf-8\r\n" + extra + "\r\n" + body + "\r\n"}
		}
		const body = "Dear Bob,\r\n\r\nplease find the minutes of our last meeting below. Thank you for coming.\r\n\r\nCarol"
		user, nameless, bad := mail("X-Spam: Yes\r\n", body), mail("X-Priority: 1\r\nX-Mailer: The Bat! (v1.52f) Business\r\n", body), mail("X-Spam: Yes\r\nX-SPAM: no\r\n", "<html>")
		user.user = "carol"
		nameless.host = "unknown"
		spoofed := nameless
		spoofed.raw = "X-Spam: Yes\r\n" + spoofed.raw
		bad.host, bad.helo = "unknown", "localhost"
		bad.raw = strings.NewReplacer(now, "Fri, 27 Nov 1998 10:00:00 +0000", "Subject: ", "Subject: ***RE: $$$ ", "To: Bob", "X-Mailer: The Bat! (v1.52f) Business\r\nTo: Bob").Replace(bad.raw)
		for kind, l := range map[string]letter{
			"ham": mail("", body), "gtube": mail("X-Spam: Yes\r\n", "XJS"+gtubeTail), "tagged": mail("", "YJS"+gtubeTail), "user": user, "forged": spoofed,
			"nameless": nameless, "bad": bad,
		} {
			all[kind] = append(all[kind], l)
		}
	}
	return all
}

// TestTranscripts compares what an MTA is told with what Rspamd 4.1.6 tells it
// in the same case: commands, their order and the headers' names.
func TestTranscripts(t *testing.T) {
	const (
		accept   = "Accept"
		refuse   = `RejectWithCode 554 "554 5.7.1 Spam message rejected"`
		yes      = "m 1 X-Spam= Yes\n"
		forged   = "m 1 X-Spam=\n"
		extended = "h X-Rspamd-Queue-Id\nh X-Spamd-Result\nh X-Rspamd-Action\nh X-Rspamd-Server\n"
		wide     = "h X-Spamd-Result\nh X-Spamd-Bar\nh X-Rspamd-Queue-Id\nh X-Spam-Level\nh X-Spam-Status\ni 1 Authentication-Results\nh X-Rspamd-Action\nh X-Rspamd-Server\n"
		wideSpam = "h X-Spamd-Result\nh X-Rspamd-Server\nh X-Rspamd-Queue-Id\nh X-Spam-Level\nh X-Spam-Status\ni 1 Authentication-Results\nh X-Rspamd-Action\nh X-Spamd-Bar\nh Deliver-To\n"
	)
	for name, c := range map[string]struct {
		flags []string
		want  map[string]string
	}{
		"dms": {[]string{"-profile", "dms"}, map[string]string{
			"ham": extended + accept, "user": forged + accept, "bad": "m 2 X-Spam=\n" + forged + extended + refuse, "nameless": extended + yes + accept,
		}},
		"default": {[]string{"-profile", "rspamd"}, map[string]string{
			"ham": accept, "user": forged + accept, "forged": forged + forged + yes + accept, "nameless": yes + accept, "bad": "m 2 X-Spam=\n" + forged + refuse,
		}},
		"all": {[]string{"-profile", "rspamd", "-headers", "extended,x-spamd-bar,x-spam-level,x-spam-status,authentication-results,spam-header"}, map[string]string{
			"ham": wide + accept, "nameless": wideSpam + yes + accept, "bad": "m 2 X-Spam=\n" + forged + wideSpam + refuse,
		}},
	} {
		addr, log, stop := startMilter(t, append(c.flags, "-maps", "none", "-gtube", "all")...)
		c.want["gtube"], c.want["tagged"] = `RejectWithCode 554 "554 5.7.1 Gtube pattern"`, yes+accept
		for kind, list := range letters() {
			for _, l := range list {
				if got, want := transcript(t, addr, l), c.want[kind]; want != "" && got != want {
					t.Errorf("%s, %s: told\n%s\nwant\n%s", name, kind, got, want)
				}
			}
		}
		if code := stop(); code != 0 || t.Failed() {
			t.Errorf("exit code %d, log %s", code, log)
		}
	}
}

// TestOtherClient has the client of another library talk to the daemon.
func TestOtherClient(t *testing.T) {
	addr, log, stop := startMilter(t, "-gtube", "all")
	s, err := emersion.NewDefaultClient("tcp", addr).Session()
	if err != nil {
		t.Fatal(err)
	}
	ok := func(a *emersion.Action, err error) {
		t.Helper()
		if err != nil || a.Code != emersion.ActContinue {
			t.Fatalf("%v, %v", a, err)
		}
	}
	ok(s.Conn("mail.example.org", emersion.FamilyInet, 25, "192.0.2.1"))
	ok(s.Helo("mail.example.org"))
	for _, c := range []struct{ body, want string }{
		{"AJS" + gtubeTail, "a "}, {"XJS" + gtubeTail, "y 554"}, {"YJS" + gtubeTail, "a X-Spam=Yes"}, {"ZJS" + gtubeTail, "a Subject=*** SPAM *** test"},
	} {
		if err := s.Macros(emersion.CodeMail, "i", "4A"); err != nil {
			t.Fatal(err)
		}
		ok(s.Mail("ann@example.org", nil))
		ok(s.Rcpt("bob@example.net", nil))
		ok(s.HeaderField("Subject", " test"))
		ok(s.HeaderEnd())
		changes, answer, err := s.BodyReadFrom(strings.NewReader(c.body + "\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		got := string(answer.Code) + " "
		if answer.SMTPCode != 0 {
			got += fmt.Sprint(answer.SMTPCode)
		}
		for _, m := range changes {
			got += m.HeaderName + "=" + m.HeaderValue
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.body, got, c.want)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d, log %s", code, log)
	}
}

// TestMiltertest has OpenDKIM's miltertest talk to the daemon by a script of
// ours and, where it is there, by one that fits any such milter.
func TestMiltertest(t *testing.T) {
	bin, err := exec.LookPath("miltertest")
	if err != nil {
		t.Skip("no miltertest: Debian package miltertest")
	}
	addr, log, stop := startMilter(t, "-profile", "rspamd")
	host, port, _ := strings.Cut(addr, ":")
	run := func(t *testing.T, script string) {
		out, err := exec.CommandContext(t.Context(), bin, "-Dport="+port, "-Dhost="+host, "-s", script).CombinedOutput()
		if err != nil || strings.Contains(string(out), "FAILED") {
			t.Errorf("%v: %s", err, out)
		}
	}
	t.Run("own", func(t *testing.T) { run(t, "testdata/dialogue.lua") })
	t.Run("generic", func(t *testing.T) { run(t, shared.Path(t, "suites/milter/generic.lua")) })
	if code := stop(); code != 0 || t.Failed() {
		t.Errorf("exit code %d, log %s", code, log)
	}
}

// TestMilterIsCounted: /stat tells of the mail that came over the milter, as "rspamc
// stat" of an operator expects.
func TestMilterIsCounted(t *testing.T) {
	url, log, stop := start(t, "-milter", "127.0.0.1:0")
	addr := regexp.MustCompile(`milter=([0-9.:]+)`).FindStringSubmatch(log.String())[1]
	transcript(t, addr, letters()["ham"][0])
	transcript(t, addr, letters()["gtube"][0])
	resp, err := http.Get(url + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got struct {
		Scanned int
		Actions map[string]int
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.Scanned != 2 || got.Actions["reject"] != 1 || got.Actions["no action"] != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

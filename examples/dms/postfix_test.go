package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/smtp"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/examples/internal/postfix"
)

const gtubeTail = "*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

// startMilter runs the daemon with a milter on a free port.
func startMilter(t *testing.T, args ...string) (addr string, log *tail, stop func() int) {
	t.Helper()
	_, log, stop = start(t, append([]string{"-milter", "127.0.0.1:0"}, args...)...)
	m := regexp.MustCompile(`milter"?[=:]"?([0-9.:]+)`).FindStringSubmatch(log.String())
	if m == nil {
		t.Fatalf("no address in the log: %s", log)
	}
	return m[1], log, stop
}

// somebody is a client on the Internet, as XCLIENT has it.
const somebody = "ADDR=192.0.2.1 NAME=mail.example.org"

// send sends a mail as somebody on the Internet does.
func send(addr, from string, rcpts []string, msg string) error {
	return sendAs(addr, somebody, from, rcpts, msg)
}

func sendAs(addr, client, from string, rcpts []string, msg string) error {
	c, err := smtp.Dial(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := errors.Join(c.Hello("mail.example.org"), smtpCommand(c, 220, "XCLIENT "+client), smtpCommand(c, 250, "EHLO mail.example.org")); err != nil {
		return err
	}
	if err := c.Mail(from); err != nil {
		return err
	}
	accepted := 0
	for _, r := range rcpts {
		if err := c.Rcpt(r); err == nil {
			accepted++
		}
	}
	if accepted == 0 {
		return errors.New("no recipient was accepted")
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(msg)); err != nil {
		return err
	}
	return w.Close()
}

// smtpCommand says what package smtp can't.
func smtpCommand(c *smtp.Client, want int, line string) error {
	id, err := c.Text.Cmd("%s", line)
	if err != nil {
		return err
	}
	c.Text.StartResponse(id)
	defer c.Text.EndResponse(id)
	_, _, err = c.Text.ReadResponse(want)
	return err
}

func replyOf(err error) string {
	if e, ok := errors.AsType[*textproto.Error](err); ok {
		return fmt.Sprintf("%d %s", e.Code, e.Msg)
	}
	return fmt.Sprint(err)
}

// text is the header of a mail with a forged spam flag.
const text = "From: Ann <ann@example.org>\r\nTo: bob@test.example\r\nSubject: test\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@example.org>\r\nX-Spam: No\r\nX-SPAM:\r\n forged\r\n\r\n"

var bob = []string{"bob@test.example"}

// TestPostfix has mail go through Postfix and the daemon, as docker-mailserver
// has it, and then through other daemons at the same address.
func TestPostfix(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "key.pem")
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), 0o600); err != nil {
		t.Fatal(err)
	}
	addr, log, stop := startMilter(t, "-profile", "dms", "-gtube", "all", "-maps", "none", "-defer", "later@example.org=Try much later", "-sign", "test.example:mail:"+keyFile)
	mta := postfix.Start(t, "inet:"+addr)
	stopped := false
	defer func() {
		if !stopped {
			stop()
		}
	}()
	for _, c := range []struct {
		name, from, body, reply, has string
	}{
		{"plain", "ann@example.org", "hello", "<nil>", "Subject: test\r\n"},
		{"AJS", "ann@example.org", "AJS" + gtubeTail, "<nil>", "Subject: test\r\n"},
		{"XJS", "ann@example.org", "XJS" + gtubeTail, "554 5.7.1 Gtube pattern", ""},
		{"YJS", "ann@example.org", "YJS" + gtubeTail, "<nil>", "\r\nX-Spam: Yes\r\n"},
		{"ZJS", "ann@example.org", "ZJS" + gtubeTail, "<nil>", "\r\nSubject: *** SPAM *** test\r\n"},
		{"soft reject", "later@example.org", "hello", "451 4.7.1 Try much later", ""},
	} {
		if got := replyOf(send(mta.Addr, c.from, bob, text+c.body+"\r\n")); got != c.reply {
			t.Errorf("%s: %s, want %s", c.name, got, c.reply)
			continue
		}
		if c.reply != "<nil>" {
			continue
		}
		d := mta.Next(t)
		if flagged := strings.Contains(d.Raw, "\r\nX-Spam: Yes\r\n"); flagged != (c.name == "YJS") {
			t.Errorf("%s: flagged as spam: %v", c.name, flagged)
		}
		if !strings.Contains(d.Raw, c.has) || strings.Contains(d.Raw, "forged") || strings.Contains(d.Raw, "X-Spam: No") || strings.Count(d.Raw, "Subject:") != 1 {
			t.Errorf("%s: delivered %q", c.name, d.Raw)
		}
	}
	for _, want := range []string{"F (no action)", "S (no action)", "S (reject)", `reject "Gtube pattern"`, `add header "Gtube pattern"`, "S (rewrite subject)", "F (soft reject)"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %s: %s", want, log)
		}
	}

	t.Run("a refused recipient among good ones", func(t *testing.T) {
		rcpts := []string{"one@test.example", "somebody@elsewhere.example", "two@test.example"}
		if err := send(mta.Addr, "ann@example.org", rcpts, text+"hello\r\n"); err != nil {
			t.Fatal(err)
		}
		got := append(mta.Next(t).Rcpt, "")
		if len(got) == 2 { // a delivery each
			got = append(got[:1], append(mta.Next(t).Rcpt, "")...)
		}
		if strings.Join(got, " ") != "one@test.example two@test.example " || !strings.Contains(log.String(), "rcpts: <one@test.example>,<two@test.example>,") {
			t.Errorf("delivered to %v; log %s", got, log)
		}
	})
	t.Run("20 MB", func(t *testing.T) {
		body := strings.Repeat(strings.Repeat("x", 70)+"\r\n", 20<<20/72)
		if err := send(mta.Addr, "ann@example.org", bob, text+body); err != nil {
			t.Fatal(err)
		}
		if d := mta.Next(t); !strings.HasSuffix(d.Raw, body) {
			t.Errorf("delivered %d bytes of %d", len(d.Raw), len(body))
		}
	})
	t.Run("signed", func(t *testing.T) { signed(t, mta, key) })
	t.Run("a client that hangs in DATA", func(t *testing.T) { hang(t, mta) })

	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
	}
	stopped = true
	if got := replyOf(send(mta.Addr, "ann@example.org", bob, text+"hello\r\n")); !strings.HasPrefix(got, "451 4.7.1") {
		t.Errorf("without the daemon: %s", got)
	}
	t.Run("a virus", func(t *testing.T) { infected(t, mta, addr) })
	t.Run("held", func(t *testing.T) { held(t, mta, addr) })
	t.Run("storm", func(t *testing.T) { storm(t, mta, addr) })
	if strings.Contains(mta.Log(t), "warning: milter inet:"+addr+": ") && strings.Contains(mta.Log(t), "unreasonable") {
		t.Errorf("Postfix complains: %s", mta.Log(t))
	}
}

// signed sends a user's mail of the kinds that break signatures and has
// OpenDKIM look at what was delivered.
func signed(t *testing.T, mta *postfix.Server, key *rsa.PrivateKey) {
	bin, err := exec.LookPath("opendkim")
	if err != nil {
		bin = "/usr/sbin/opendkim"
	}
	if _, err := os.Stat(bin); err != nil {
		t.Skip("no opendkim: Debian package opendkim")
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	keys := write("keys", "mail._domainkey.test.example v=DKIM1; k=rsa; p="+base64.StdEncoding.EncodeToString(public)+"\n")
	conf := write("conf", "Mode v\nTestDNSData "+keys+"\nSocket inet:0@127.0.0.1\nSyslog no\nTrustAnchorFile /dev/null\n")
	top := regexp.MustCompile(`^Received: .*(\r\n[ \t].*)*\r\nDKIM-Signature:`)
	from := "From:  Ann  <ann@test.example>\r\nTo:bob@test.example\r\n"
	for name, msg := range map[string]string{
		"8-bit":                  from + "Subject: gr\xc3\xbc\xc3\x9fe\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@test.example>\r\n\r\n\xe4\xf6\xfc\r\n",
		"folded and blank":       from + "Subject:\tone\r\n\t two  \r\n  three\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\nMessage-ID:\r\n <2@test.example>\r\nX-Empty:\r\n\r\nhello  \r\n\r\n\r\n",
		"bare dots":              from + "Subject: dots\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\nMessage-ID: <3@test.example>\r\n\r\n.\r\n..\r\n.x\r\n",
		"long lines":             from + "Subject: long\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\nMessage-ID: <4@test.example>\r\n\r\n" + strings.Repeat("x", 990) + "\r\n",
		"without Date and an ID": from + "Subject: bare\r\n\r\nhello\r\n",
	} {
		if err := sendAs(mta.Addr, somebody+" LOGIN=ann", "ann@test.example", bob, msg); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d := mta.Next(t)
		if !top.MatchString(d.Raw) {
			t.Errorf("%s: the signature is not below Postfix's own field: %s", name, d.Raw)
		}
		out, err := exec.CommandContext(t.Context(), bin, "-x", conf, "-vv", "-t", write("mail", d.Raw)).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "dkim=pass") {
			t.Errorf("%s: %v, opendkim says %s about\n%s", name, err, out, d.Raw)
		}
	}
}

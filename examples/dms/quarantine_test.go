package main

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

// quarantineRun runs "dms quarantine".
func quarantineRun(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), append([]string{"quarantine"}, args...), &out, &errs); code != want {
		t.Fatalf("%q: exit code %d: %s", args, code, errs.String())
	}
	return out.String() + errs.String()
}

// TestQuarantine: a mail is rejected, found in the quarantine, announced to its
// recipient, released through a mail server, and learned.
func TestQuarantine(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan relayMail, 4)
	server := smtp.NewServer(&relay{taken: taken})
	go server.Serve(l)
	defer server.Close()
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	public := strings.TrimSpace(quarantineRun(t, 0, "keygen", key))
	quarantineRun(t, 1, "keygen", key) // is not overwritten
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v, %v", info, err)
	}
	daemon, _, stop := start(t, "-state", dir, "-quarantine", public, "-quarantine-actions", "reject,add header")
	defer stop()
	controller := strings.TrimPrefix(daemon, "http://")
	mail := "From: ann@example.org\r\nTo: bob@example.net\r\nSubject: an offer\r\n\r\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, daemon+"/checkv2", strings.NewReader(mail))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("From", "ann@example.org")
	req.Header.Set("Rcpt", "bob@example.net")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	all := quarantineRun(t, 0, "list", "-controller", controller, "-key", key)
	id, rest, _ := strings.Cut(all, "  ")
	if !strings.Contains(rest, `reject`) || !strings.Contains(rest, `["bob@example.net"]  "an offer"`) || strings.Count(all, "\n") != 1 {
		t.Fatalf("listed %q", all)
	}
	if got := quarantineRun(t, 0, "list", "-json", "-rcpt", "eve@example.net", "-controller", controller, "-key", key); got != "" {
		t.Errorf("of somebody else: %q", got)
	}
	if got := quarantineRun(t, 0, "show", "-controller", controller, "-key", key, id); got != mail {
		t.Errorf("shown %q", got)
	}
	relayAddr := l.Addr().String()
	quarantineRun(t, 0, "digest", "-controller", controller, "-key", key, "-from", "postmaster@example.net", "-relay", relayAddr)
	if m := <-taken; m.to != "bob@example.net" || !strings.Contains(m.text, id) || !strings.Contains(m.text, "an offer") {
		t.Errorf("digest %+v", m)
	}
	if got := quarantineRun(t, 1, "release", "-controller", controller, "-key", key, "-relay", "127.0.0.1:1", id); !strings.Contains(got, "stays") {
		t.Errorf("released through nobody: %s", got)
	}
	quarantineRun(t, 0, "release", "-controller", controller, "-key", key, "-relay", relayAddr, id)
	if m := <-taken; m.from != "ann@example.org" || m.to != "bob@example.net" || m.text != mail {
		t.Errorf("released %+v", m)
	}
	if got := quarantineRun(t, 0, "list", "-controller", controller, "-key", key); got != "" {
		t.Errorf("left %q", got)
	}
	if got := quarantineRun(t, 1, "delete", "-controller", controller, "-key", key, id); !strings.Contains(got, "no such key") {
		t.Errorf("deleted again: %s", got)
	}
}

package main

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/examples/internal/state"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/resolver/resolvertest"
	"github.com/winnowmail/winnow/resolver/zone"
	"github.com/winnowmail/winnow/storage"
)

// scanOne posts a mail and returns the reply.
func scanOne(t *testing.T, url string) string {
	t.Helper()
	mail, err := os.ReadFile("../../testdata/spam.eml")
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(url+"/checkv2", "", bytes.NewReader(mail))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("%s, %v", res.Status, err)
	}
	return string(body)
}

func TestRedisState(t *testing.T) {
	server := redistest.Start(t)
	url, log, stop := start(t, "-state", "redis://"+server.Addr+"?timeout=200ms&dial_timeout=200ms")
	before := scanOne(t, url)
	server.Kill()
	after := scanOne(t, url)
	http.DefaultClient.CloseIdleConnections()
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
	}
	for _, reply := range []string{before, after} {
		if !strings.Contains(reply, `"action":"reject"`) {
			t.Errorf("reply %s", reply)
		}
	}
	if strings.Contains(log.String(), "does not answer") {
		t.Errorf("log: %s", log)
	}
}

func TestDeadRedisAtStart(t *testing.T) {
	url, log, stop := start(t, "-state", "redis://"+redistest.FreeAddr(t))
	reply := scanOne(t, url)
	http.DefaultClient.CloseIdleConnections()
	if code := stop(); code != 0 || !strings.Contains(reply, `"action":"reject"`) {
		t.Errorf("exit code %d, reply %s", code, reply)
	}
	if !strings.Contains(log.String(), "the store does not answer; scans go on without it") {
		t.Errorf("log: %s", log)
	}
}

func TestLockedState(t *testing.T) {
	dir := t.TempDir()
	_, log, stop := start(t, "-state", dir)
	var errs bytes.Buffer
	if code := run(t.Context(), []string{"-controller", "127.0.0.1:0", "-state", dir}, io.Discard, &errs); code != 1 || !strings.Contains(errs.String(), "dms: -state: ") {
		t.Errorf("exit code %d: %s", code, &errs)
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
	}
}

const dmarcZone = `
example.org TXT "v=spf1 -all"
_dmarc.example.org TXT "v=DMARC1; p=none; rua=mailto:reports@example.org"
`

// TestStateAfterRestart starts the daemon twice over one directory: the second
// goes on with the DMARC rows of the first.
func TestStateAfterRestart(t *testing.T) {
	dns, dir := resolvertest.Serve(t, resolvertest.Zone(zone.Must(dmarcZone))).Addr, t.TempDir()
	for range 2 {
		url, log, stop := start(t, "-dns", dns, "-monitoring=false", "-state", dir, "-dmarc-reports", "postmaster@example.net")
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/checkv2", strings.NewReader("From: ann@example.org\r\nSubject: hello\r\n\r\nHello\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Ip", "192.0.2.7")
		req.Header.Set("From", "ann@example.org")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		http.DefaultClient.CloseIdleConnections()
		if code := stop(); code != 0 || err != nil || !strings.Contains(string(body), "DMARC_POLICY_SOFTFAIL") {
			t.Errorf("exit code %d, %v, reply %s, log %s", code, err, body, log)
		}
	}
	store, err := state.Open(t.Context(), dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if n := dmarcMessages(t, store); n != 2 {
		t.Errorf("the rows stand for %d messages, want 2", n)
	}
}

// dmarcMessages is how many messages the rows of all days stand for.
func dmarcMessages(t *testing.T, store storage.KV) (n int) {
	t.Helper()
	keys, next, err := store.Scan(t.Context(), "dmarc:", "", 1000)
	if err != nil || next != "" {
		t.Fatalf("%q, %v", next, err)
	}
	for _, key := range keys {
		if !strings.Contains(key, ":c:") { // the counter of a row
			continue
		}
		value, err := store.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		count, err := strconv.Atoi(string(value))
		if err != nil {
			t.Fatal(err)
		}
		n += count
	}
	return n
}

func TestLessonsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []int{http.StatusOK, http.StatusAlreadyReported} {
		url, log, stop := start(t, "-state", dir)
		mail, err := os.ReadFile("../../testdata/spam.eml")
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.Post(url+"/learnspam", "", bytes.NewReader(mail))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		http.DefaultClient.CloseIdleConnections()
		if code := stop(); code != 0 || res.StatusCode != want {
			t.Errorf("status %d, want %d; exit code %d: %s", res.StatusCode, want, code, log)
		}
	}
}

// greylisted scans a mail that is put off.
func greylisted(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/checkv2", strings.NewReader("Subject: x\r\nX-Spam: yes\r\n\r\nHello\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"IP": "192.0.2.1", "From": "ann@example.org", "Rcpt": "bob@example.net"} {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return string(body)
}

// What is put off is known after a restart, and passes when it is released.
func TestGreylistSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	for _, want := range []string{"new record", "too early"} {
		url, log, stop := start(t, "-state", dir, "-greylist")
		if text := greylisted(t, url); !strings.Contains(text, `"action":"soft reject"`) || !strings.Contains(text, `"`+want+`"`) || !strings.Contains(text, `"smtp_message":"Try again later"`) {
			t.Errorf("want %s, got %s", want, text)
		}
		if want == "too early" {
			release := []string{"greylist", "release", "-controller", strings.TrimPrefix(url, "http://"), "-client", "192.0.2.1", "-from", "ann@example.org"}
			var errs strings.Builder
			if code := run(t.Context(), append(release, "bob@example.net"), io.Discard, &errs); code != 0 {
				t.Errorf("release: exit code %d, %s", code, errs.String())
			}
			if text := greylisted(t, url); strings.Contains(text, "soft reject") || !strings.Contains(text, `"pass"`) {
				t.Errorf("released, got %s", text)
			}
			release[3] = "127.0.0.1:1"
			if code := run(t.Context(), append(release, "bob@example.net"), io.Discard, io.Discard); code != 1 {
				t.Errorf("without a daemon: exit code %d", code)
			}
		}
		http.DefaultClient.CloseIdleConnections()
		if code := stop(); code != 0 {
			t.Errorf("exit code %d: %s", code, log)
		}
	}
}

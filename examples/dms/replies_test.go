package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/redistest"
)

// checkMail has a message scanned with headers that tell its envelope, in pairs.
func checkMail(t *testing.T, url, mail string, headers ...string) string {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/checkv2", strings.NewReader(strings.ReplaceAll(mail, "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		q.Header.Add(headers[i], headers[i+1])
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v: %s", a.Status, err, body)
	}
	return string(body)
}

// Two daemons on one Redis know each other's users' mail, and one over a
// directory that was started again its own.
func TestReplies(t *testing.T) {
	const letter = "From: ann@example.org\nMessage-ID: <1@example.org>\n\nhello\n"
	const reply = "From: bob@gmail.com\nIn-Reply-To: <1@example.org>\n\nhello\n"
	for _, state := range []string{"redis://" + redistest.Start(t).Addr, t.TempDir()} {
		var replies []string
		for range 2 {
			url, log, stop := start(t, "-state", state, "-replies", "-known-senders")
			replies = append(replies, checkMail(t, url, reply, "From", "bob@gmail.com", "Rcpt", "ann@example.org"))
			checkMail(t, url, letter, "User", "ann", "From", "ann@example.org", "Rcpt", "bob@gmail.com")
			http.DefaultClient.CloseIdleConnections()
			if code := stop(); code != 0 {
				t.Errorf("exit code %d: %s", code, log)
			}
		}
		if !strings.Contains(replies[0], `"UNKNOWN_SENDER"`) || !strings.Contains(replies[1], `"KNOWN_SENDER"`) {
			t.Errorf("%s: %s", state, replies)
		}
		if strings.Contains(replies[0], `"REPLY"`) || !strings.Contains(replies[1], `"REPLY"`) {
			t.Errorf("%s: %s", state, replies)
		}
	}
	for _, args := range [][]string{{"-spamtrap", "trap"}, {"-fetched", "a b"}, {"-languages", "en,english"}} {
		var errs bytes.Buffer
		ended, end := context.WithCancel(t.Context())
		end() // A daemon that starts all the same ends at once.
		code := run(ended, append(args, "-controller", "127.0.0.1:0", "-state", t.TempDir()), io.Discard, &errs)
		if code != 2 || !strings.Contains(errs.String(), args[0]+": ") {
			t.Errorf("%q: exit code %d: %s", args, code, &errs)
		}
	}
	for flag, needs := range map[string]string{"-replies": "-state", "-reputation": "-state", "-known-senders": "-replies", "-fetched-results=x": "-fetched"} {
		var errs bytes.Buffer
		if code := run(t.Context(), []string{flag}, io.Discard, &errs); code != 2 || !strings.Contains(errs.String(), strings.TrimSuffix(flag, "=x")+" needs "+needs) {
			t.Errorf("exit code %d: %s", code, &errs)
		}
	}
}

// Mail to a trap is learned, mail in another language gets points, and of fetched
// mail whoever sent it to the provider is judged.
func TestSiteFlags(t *testing.T) {
	url, log, stop := start(t, "-state", t.TempDir(), "-spamtrap", "trap@example.org", "-spamtrap", "@traps.example.org",
		"-fetched", "provider.example", "-fetched-results", "mx.provider.example", "-languages", "en,de")
	const russian = "Добрый день! Предлагаем вам новую услугу: перевод документов на любой язык за один день. Мы работаем без выходных, и цены у нас ниже, чем у других.\n"
	const mail = "From: ann@example.net\nTo: x@provider.example\nContent-Type: text/plain; charset=utf-8\n\n" + russian
	const received = "Received: from mail.example.net (mail.example.net [198.51.100.7])\n\tby mx.provider.example with ESMTPS id 2; Sun, 1 Nov 2026 11:00:00 +0000\n"
	stats := func() string {
		a, err := http.Get(url + "/stat")
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		body, _ := io.ReadAll(a.Body)
		return string(body)
	}
	before := stats()
	reply := checkMail(t, url, mail, "IP", "192.0.2.1", "From", "ann@example.net", "Rcpt", "x@traps.example.org")
	if !strings.Contains(reply, `"SPAMTRAP"`) || !strings.Contains(reply, `"UNWELCOME_LANGUAGE"`) || strings.Contains(reply, `"FETCHED"`) {
		t.Errorf("to a trap: %s", reply)
	}
	if after := stats(); !strings.Contains(before, `"total_learns":0`) || !strings.Contains(after, `"total_learns":1`) {
		t.Errorf("before %s, after %s", before, after)
	}
	reply = checkMail(t, url, received+mail, "IP", "127.0.0.1", "From", "ann@example.net", "Rcpt", "bob@example.org")
	if strings.Contains(reply, `"SPAMTRAP"`) || !strings.Contains(reply, `"FETCHED"`) || strings.Contains(reply, `"FORGED_RECIPIENTS"`) {
		t.Errorf("fetched: %s", reply)
	}
	const failed = "Authentication-Results: mx.provider.example; spf=fail smtp.mailfrom=ann@example.net\n"
	above := checkMail(t, url, failed+received+mail, "IP", "127.0.0.1", "From", "ann@example.net", "Rcpt", "bob@example.org")
	below := checkMail(t, url, received+failed+mail, "IP", "127.0.0.1", "From", "ann@example.net", "Rcpt", "bob@example.org")
	if !strings.Contains(above, `"R_SPF_FAIL"`) || strings.Contains(below, `"R_SPF_FAIL"`) {
		t.Errorf("the provider's results: %s; forged ones: %s", above, below)
	}
	http.DefaultClient.CloseIdleConnections()
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
	}
}

// What files call a trap is learned where they ask for it.
func TestTrapsByFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "local.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	const section = "enabled = true; map = [\"^bait-[0-9]+@\"]; symbol = \"BAIT\"; score = 4; learn_spam = true; allow_multiple_rcpts = true;\n"
	if err := os.WriteFile(filepath.Join(dir, "local.d", "spamtrap.conf"), []byte(section), 0o644); err != nil {
		t.Fatal(err)
	}
	url, log, stop := start(t, "-config", dir, "-dns", "none", "-state", t.TempDir())
	reply := checkMail(t, url, "From: ann@example.net\n\nhello there, this is for nobody\n", "IP", "192.0.2.1", "From", "ann@example.net", "Rcpt", "bait-7@example.org")
	if !strings.Contains(reply, `"BAIT"`) || strings.Contains(reply, `"SPAMTRAP"`) {
		t.Errorf("to a trap: %s", reply)
	}
	a, err := http.Get(url + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if body, _ := io.ReadAll(a.Body); !strings.Contains(string(body), `"total_learns":1`) {
		t.Errorf("it is not learned: %s", body)
	}
	http.DefaultClient.CloseIdleConnections()
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
	}
}

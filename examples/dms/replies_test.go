package main

import (
	"bytes"
	"io"
	"net/http"
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
	for flag, needs := range map[string]string{"-replies": "-state", "-known-senders": "-replies"} {
		var errs bytes.Buffer
		if code := run(t.Context(), []string{flag}, io.Discard, &errs); code != 2 || !strings.Contains(errs.String(), flag+" needs "+needs) {
			t.Errorf("exit code %d: %s", code, &errs)
		}
	}
}

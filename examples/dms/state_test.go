package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/redistest"
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

package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/redistest"
)

// runHistory runs "dms history" and returns what it prints.
func runHistory(t *testing.T, code int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if got := run(t.Context(), append([]string{"history"}, args...), &out, &errs); got != code {
		t.Errorf("dms history %q: exit code %d, %s", args, got, &errs)
	}
	return out.String() + errs.String()
}

// TestHistory keeps rows of scans, shows them by HTTP and searches in the state, which
// only one process may have open.
func TestHistory(t *testing.T) {
	dir := t.TempDir()
	url, log, stop := start(t, "-state", dir, "-history", "720h")
	address := strings.TrimPrefix(url, "http://")
	scanOne(t, url)
	scanOne(t, url)
	res, err := http.Get(url + "/history")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || strings.Count(string(body), `"message-id"`) != 2 {
		t.Errorf("%s, %v", body, err)
	}
	if got := runHistory(t, 1, "-state", dir); !strings.Contains(got, "in use") || !strings.Contains(got, "-controller") {
		t.Errorf("while the daemon runs: %s", got)
	}
	asked := runHistory(t, 0, "-controller", address, "-action", "reject")
	if strings.Count(asked, "\n") != 2 || !strings.Contains(asked, `"reject"`) {
		t.Errorf("the controller says %s", asked)
	}
	http.DefaultClient.CloseIdleConnections()
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
	}
	if got := runHistory(t, 0, "-state", dir, "-action", "reject"); got != asked {
		t.Errorf("the state says %s", got)
	}
	if got := runHistory(t, 0, "-state", dir, "-symbol", "NONE"); got != "" {
		t.Errorf("NONE was raised: %s", got)
	}
	if got := runHistory(t, 0, "-state", dir, "-json", "-limit", "1"); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"unix_time":`) {
		t.Errorf("JSON: %s", got)
	}
	runHistory(t, 2)
	runHistory(t, 2, "-state", dir, "-since", "yesterday")
}

func TestHistoryInRedis(t *testing.T) {
	server := redistest.Start(t)
	where := "redis://" + server.Addr + "?rspamd=true"
	url, log, stop := start(t, "-state", where, "-profile", "dms", "-history", "2", "-history-hash", "addresses,subject")
	for range 3 {
		scanOne(t, url)
	}
	http.DefaultClient.CloseIdleConnections()
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
	}
	if n := server.Must("LLEN", "rs_history_zst"); n != "2" {
		t.Errorf("%s rows", n)
	}
	if got := runHistory(t, 0, "-state", where, "-profile", "dms"); strings.Count(got, "\n") != 2 || !strings.Contains(got, `subject="obf:`) {
		t.Errorf("rows %s", got)
	}
}

func TestHistoryFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"-history needs -state":           {"-history", "10"},
		"-history-key needs -history":     {"-state", "x", "-history-key", "k"},
		"neither a number of rows nor":    {"-state", "x", "-history", "many"},
		"-history-key is of a list":       {"-state", "x", "-history", "10h", "-history-key", "k"},
		"Hashed[0]":                       {"-state", "x", "-history", "10", "-history-hash", "name"},
		"neither a number of rows nor a ": {"-state", "x", "-history", "0"},
	} {
		var errs bytes.Buffer
		if code := run(t.Context(), args, io.Discard, &errs); code != 2 || !strings.Contains(errs.String(), want) {
			t.Errorf("%q: exit code %d: %s", args, code, &errs)
		}
	}
}

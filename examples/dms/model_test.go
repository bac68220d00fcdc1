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

// TestRspamdModel learns into keys of Rspamd's, and asks them.
func TestRspamdModel(t *testing.T) {
	server := redistest.Start(t)
	url, log, stop := start(t, "-state", "redis://"+server.Addr+"?rspamd=true", "-model", "osb34", "-classes", "spam,ham,news")
	mail, err := os.ReadFile("../../testdata/spam.eml")
	if err != nil {
		t.Fatal(err)
	}
	for class, want := range map[string]int{"news": http.StatusOK, "other": http.StatusNotFound} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/learnclass", bytes.NewReader(mail))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Class", class)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %s", class, res.Status)
		}
	}
	if n := server.Must("HGET", "RS", "learns_news"); n != "1" {
		t.Errorf("%q lessons", n)
	}
	if reply := scanOne(t, url); !strings.Contains(reply, `"state":"not enough learned","learned":{"news":1}`) {
		t.Errorf("%s", reply)
	}
	http.DefaultClient.CloseIdleConnections()
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
	}
}

func TestModelFlags(t *testing.T) {
	for _, args := range [][]string{{"-model", "graph"}, {"-classes", "a,b"}, {"-autolearn", "often"}, {"-autolearn", "3,-3"}} {
		var log strings.Builder
		if code := run(t.Context(), args, io.Discard, &log); code != 2 || !strings.Contains(log.String(), args[0]+":") {
			t.Errorf("%q: exit code %d: %s", args, code, log.String())
		}
	}
}

// TestAutolearn learns a mail that would be rejected anyway.
func TestAutolearn(t *testing.T) {
	url, log, stop := start(t, "-state", t.TempDir(), "-autolearn", "-1,6")
	scanOne(t, url)
	res, err := http.Get(url + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if code := stop(); code != 0 || err != nil || !strings.Contains(string(body), `"revision":1,`) {
		t.Errorf("exit code %d: %v, %s\n%s", code, err, body, log)
	}
}

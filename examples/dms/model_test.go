package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
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
	res, err := http.Get(url + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	stat, err := io.ReadAll(res.Body)
	res.Body.Close()
	if want := `"revision":1,"users":0,"used":0,"total":0,"size":0,"symbol":"BAYES_NEWS","type":"redis","languages":0,"classifier":{"name":"bayes","type":"multi-class","per_user":false},"class":"news"}`; err != nil || !strings.Contains(string(stat), want) {
		t.Errorf("%v, %s", err, stat)
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

// A classifier that the files describe learns into Rspamd's keys with its own server.
func TestModelByFiles(t *testing.T) {
	common, own := redistest.Start(t), redistest.Start(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "local.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"redis.conf":            "servers = \"" + common.Addr + "\";\n",
		"classifier-bayes.conf": "backend = \"redis\"; servers = \"" + own.Addr + "\"; prefix = \"MY\"; min_learns = 1;\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, "local.d", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	url, log, stop := start(t, "-config", dir, "-dns", "none")
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
	if code := stop(); code != 0 || res.StatusCode != http.StatusOK {
		t.Errorf("%s, exit code %d: %s", res.Status, code, log)
	}
	if n := own.Must("HGET", "MY", "learns_spam"); n != "1" {
		t.Errorf("%q lessons: %s", n, own.Must("KEYS", "*"))
	}
	if keys := common.Must("KEYS", "MY*"); keys != "" {
		t.Errorf("%s with the common server", keys)
	}
}

func TestModelFlags(t *testing.T) {
	for _, args := range [][]string{{"-model", "graph"}, {"-per-user", "-state", "/nonexistent", "-model", "osb"}, {"-classes", "a,b"}, {"-autolearn", "often"}, {"-autolearn", "3,-3"}} {
		var log strings.Builder
		if code := run(t.Context(), args, io.Discard, &log); code != 2 || !strings.Contains(log.String(), args[0]+":") {
			t.Errorf("%q: exit code %d: %s", args, code, log.String())
		}
	}
}

// TestPerUser learns a mail as spam for one and as ham for another, as rspamc -d says.
func TestPerUser(t *testing.T) {
	url, log, stop := start(t, "-state", t.TempDir(), "-per-user")
	mail, err := os.ReadFile("../../testdata/spam.eml")
	if err != nil {
		t.Fatal(err)
	}
	post := func(path, owner string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path, bytes.NewReader(mail))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Deliver-To", owner)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	for _, c := range []struct {
		path, owner string
		status      int
	}{
		{"/learnspam", "Bob@example.net", 200}, {"/learnham", "ann@example.net", 200},
		{"/learnspam", "bob@example.net", 208}, {"/learnham", "ann@example.net", 208},
	} {
		if status, body := post(c.path, c.owner); status != c.status {
			t.Errorf("%s for %s: status %d, %s", c.path, c.owner, status, body)
		}
	}
	if status, body := post("/checkv2", "bob@example.net"); status != 200 || strings.Contains(body, "deliver-to") {
		t.Errorf("status %d, %s", status, body)
	}
	if status, body := post("/bayes/classifiers", ""); status != 200 || !strings.Contains(body, `"per_user":true`) {
		t.Errorf("status %d, %s", status, body)
	}
	http.DefaultClient.CloseIdleConnections()
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
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

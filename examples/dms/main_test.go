package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestWrongFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-nonsense"}, 2, "nonsense"},
		{[]string{"-profile", "best"}, 2, `"best"`},
		{[]string{"-maps", "all"}, 2, "-maps"},
		{[]string{"-gtube", "some"}, 2, "-gtube"},
		{[]string{"-headers", "extended,x-spam-bar"}, 2, `-headers: milter_headers: Use[0]: no routine "x-spam-bar"`},
		{[]string{"-scanner", "clamd@127.0.0.1:1"}, 2, `no scanner "clamd"`},
		{[]string{"-clamav", "127.0.0.1"}, 2, "-clamav: \"127.0.0.1\" is no address"},
		{[]string{"-clamav", "unix:"}, 2, "-clamav: unix: without a path"},
		{[]string{"-scanner", "razor"}, 2, "TYPE@ADDRESS"},
		{[]string{"-greylist"}, 2, "-greylist needs -state"},
		{[]string{"-greylist-timeout", "1m"}, 2, "-greylist-timeout needs -greylist"},
		{[]string{"-autolearn", "action"}, 2, "-autolearn needs -state"},
		{[]string{"-discard-on-reject"}, 2, "-discard-on-reject needs -milter"},
		{[]string{"-greylist", "-state", "x", "-greylist-timeout", "48h"}, 2, "forgotten before it may come again"},
		{[]string{"-dns", "ns.example"}, 2, "-dns"},
		{[]string{"-dns", "192.0.2.53,"}, 2, "-dns"},
		{[]string{"extra"}, 2, "extra"},
		{[]string{"-sign", "example.com:mail"}, 2, "DOMAIN:SELECTOR:KEYFILE"},
		{[]string{"-sign", "mail.example.com:mail:/key"}, 2, "signed for example.com"},
		{[]string{"-sign", "example.com:a b:/key"}, 2, "no selector"},
		{[]string{"-dmarc-reports", "a@example.org", "-state", "x"}, 2, "needs -state and -dns"},
		{[]string{"-dmarc-reports", "a@example.org", "-dns", "192.0.2.53"}, 2, "needs -state and -dns"},
		{[]string{"-dmarc-reports", "example.org", "-dns", "192.0.2.53", "-state", "x"}, 2, "no address"},
		{[]string{"-dmarc-reports", "a@example.org", "-dns", "192.0.2.53", "-state", "x", "-dmarc-relay", "mx"}, 2, "-dmarc-relay"},
		{[]string{"-quarantine", "age1nonsense", "-state", "x"}, 2, "no public age key"},
		{[]string{"-quarantine-lasts", "1h"}, 2, "-quarantine-lasts needs -quarantine"},
		{[]string{"-env"}, 2, "ENABLE_RSPAMD is not 1"},
		{[]string{"-weight", "X"}, 2, "SYMBOL=NUMBER"},
		{[]string{"-weight", "NO_SUCH_SYMBOL=1"}, 1, "NO_SUCH_SYMBOL"},
		{[]string{"-check-authenticated"}, 2, "needs -profile dms"},
		{[]string{"-clamav-max-size", "1"}, 2, "needs -clamav"},
		{[]string{"setup", "x"}, 2, "unexpected argument"},
		{[]string{"greylist", "nonsense"}, 2, "unknown command"},
		{[]string{"greylist", "release", "-client", "192.0.2.1"}, 2, "recipient is needed"},
		{[]string{"greylist", "release", "bob@example.net"}, 2, "no address"},
		{[]string{"quarantine", "nonsense"}, 2, "unknown command"},
		{[]string{"quarantine", "list"}, 2, "-key is required"},
		{[]string{"quarantine", "show", "-key", "x"}, 2, "0 IDs"},
		{[]string{"quarantine", "delete", "-key", "x", "-relay", "x", "A"}, 2, "-relay"},
		{[]string{"quarantine", "list", "-key", filepath.Join(t.TempDir(), "k")}, 1, "no such file"},
		{[]string{"-dmarc-exclude", "example.org"}, 2, "-dmarc-exclude needs -dmarc-reports"},
		{[]string{"dkim", "nonsense"}, 2, "nonsense"},
		{[]string{"-state", filepath.Join(file, "sub"), "-controller", "127.0.0.1:0"}, 1, "-state"},
		{[]string{"-controller", "256.0.0.1:1"}, 1, "-controller"},
		{[]string{"-controller", "127.0.0.1:0", "-milter", "nonsense"}, 1, "-milter"},
		{[]string{"-controller", "127.0.0.1:0", "-milter", "unix:" + filepath.Join(file, "s")}, 1, "-milter"},
		{[]string{"-milter", ""}, 2, "no address"},
		{[]string{"-milter-mode", "0999"}, 2, "octal"},
		{[]string{"-controller", "127.0.0.1:0", "-milter", "127.0.0.1:0", "-discard-on-reject", "-quarantine-on-reject"}, 1, "exclude each other"},
		{[]string{"-defer", "ann@example.org"}, 2, "ADDRESS=TEXT"},
		{[]string{"-log", "xml"}, 2, "neither text nor json"},
		{[]string{"-log-level", "chatty"}, 2, `"chatty"`},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), c.args, &out, &errs); code != c.code {
			t.Errorf("%q: exit code %d, want %d", c.args, code, c.code)
		}
		lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
		if last := lines[len(lines)-1]; !strings.HasPrefix(last, "dms") || !strings.Contains(last, c.want) {
			t.Errorf("%q said %q, want %q", c.args, errs.String(), c.want)
		}
		if c.code == 2 && len(lines) != 1 {
			t.Errorf("%q said %d lines", c.args, len(lines))
		}
	}
}

func TestHelp(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"-help"}, &out, &errs); code != 0 || !strings.Contains(out.String(), "-controller") {
		t.Errorf("exit code %d, output %q", code, out.String())
	}
}

// A tail keeps what is written and tells when a line matches.
type tail struct {
	mu    sync.Mutex
	b     bytes.Buffer
	match *regexp.Regexp
	found chan string // the first group of match, once
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := l.match.FindSubmatch(p); m != nil {
		l.found <- string(m[1])
	}
	return l.b.Write(p)
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs the daemon and returns its URL, its log and what stops it.
func start(t *testing.T, args ...string) (url string, log *tail, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	log = &tail{match: regexp.MustCompile(`listening"?[ ,]"?controller"?[=:]"?([0-9.:]+)`), found: make(chan string, 1)}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"-controller", "127.0.0.1:0", "-store-budget", "-1s"}, args...), io.Discard, log)
	}()
	stop = func() int { cancel(); return <-code }
	select {
	case addr := <-log.found:
		return "http://" + addr, log, stop
	case c := <-code:
		cancel()
		t.Fatalf("ended with %d: %s", c, log)
	}
	return "", nil, nil
}

func TestDaemon(t *testing.T) {
	for _, profile := range []string{"rspamd", "rspamd-3.4", "dms"} {
		t.Run(profile, func(t *testing.T) {
			state := filepath.Join(t.TempDir(), "a", "b")
			url, log, stop := start(t, "-profile", profile, "-maps", "none", "-dns", "none", "-state", state)
			res, err := http.Get(url + "/ping")
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if string(body) != "pong\r\n" {
				t.Errorf("ping gave %q", body)
			}
			mail, err := os.ReadFile("../../testdata/spam.eml")
			if err != nil {
				t.Fatal(err)
			}
			res, err = http.Post(url+"/checkv2", "", bytes.NewReader(mail))
			if err != nil {
				t.Fatal(err)
			}
			var reply struct {
				Action        string
				RequiredScore float64 `json:"required_score"`
			}
			err = json.NewDecoder(res.Body).Decode(&reply)
			res.Body.Close()
			if err != nil || reply.Action == "" {
				t.Errorf("checkv2 gave %+v, %v", reply, err)
			}
			if want := map[string]float64{"rspamd": 15, "rspamd-3.4": 15, "dms": 11}[profile]; reply.RequiredScore != want {
				t.Errorf("required score %v, want %v", reply.RequiredScore, want)
			}
			if _, err := os.Stat(filepath.Join(state, "winnow.db")); err != nil {
				t.Errorf("state directory: %v", err)
			}
			http.DefaultClient.CloseIdleConnections()
			if code := stop(); code != 0 {
				t.Errorf("exit code %d: %s", code, log)
			}
			for _, want := range []string{"msg=scanned", "shutting down"} {
				if !strings.Contains(log.String(), want) {
					t.Errorf("the log does not say %q: %s", want, log)
				}
			}
		})
	}
}

func TestAddressInUse(t *testing.T) {
	url, _, stop := start(t)
	defer stop()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"-controller", strings.TrimPrefix(url, "http://")}, &out, &errs); code != 1 || !strings.Contains(errs.String(), "in use") {
		t.Errorf("exit code %d, said %q", code, errs.String())
	}
}

// docker-mailserver looks at the mail of users that logged in for DKIM alone,
// unless it is told to check it.
func TestDMSLeavesUsersAlone(t *testing.T) {
	t.Setenv("ENABLE_RSPAMD", "1")
	for args, want := range map[string]bool{"-profile dms": true, "-profile rspamd": false, "-profile dms -check-authenticated": false, "-env -milter 127.0.0.1:0 -dns none -state ": true} {
		words := strings.Fields(args)
		if words[0] == "-env" {
			words = append(words, t.TempDir())
		}
		url, log, stop := start(t, words...)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/checkv2", strings.NewReader("Subject: NO MESSAGE-ID\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("User", "ann@example.net")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var reply struct{ Symbols map[string]any }
		if err := json.NewDecoder(res.Body).Decode(&reply); err != nil {
			t.Error(err)
		}
		res.Body.Close()
		if (len(reply.Symbols) == 0) != want {
			t.Errorf("%s: symbols %v", args, reply.Symbols)
		}
		http.DefaultClient.CloseIdleConnections()
		if code := stop(); code != 0 {
			t.Errorf("%s: exit code %d: %s", args, code, log)
		}
		if words[0] == "-env" && !strings.Contains(log.String(), "Running OpenDKIM & Rspamd at the same time is discouraged") {
			t.Errorf("%s: no warning in %s", args, log)
		}
	}
}

// docker-mailserver has the extended headers on; -headers chooses others.
func TestHeaders(t *testing.T) {
	for want, args := range map[string][]string{
		"X-Rspamd-Action X-Rspamd-Queue-Id X-Rspamd-Server X-Spamd-Result": {"-profile", "dms"},
		"X-Rspamd-Action X-Spamd-Bar":                                      {"-headers", "x-spamd-bar, x-rspamd-action"},
		"":                                                                 {"-profile", "dms", "-headers", "none"},
	} {
		url, log, stop := start(t, args...)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/checkv2", strings.NewReader("Subject: x\r\n\r\nHello\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("IP", "192.0.2.1")
		req.Header.Set("Queue-Id", "4XyZ")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var reply struct {
			Milter struct {
				Add map[string]any `json:"add_headers"`
			}
		}
		if err := json.NewDecoder(res.Body).Decode(&reply); err != nil {
			t.Error(err)
		}
		res.Body.Close()
		delete(reply.Milter.Add, "X-Spam")
		if got := strings.Join(slices.Sorted(maps.Keys(reply.Milter.Add)), " "); got != want {
			t.Errorf("%q adds %q, want %q", args, got, want)
		}
		http.DefaultClient.CloseIdleConnections()
		if code := stop(); code != 0 {
			t.Errorf("exit code %d: %s", code, log)
		}
	}
}

func TestCPUProfile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cpu.pprof")
	_, log, stop := start(t, "-cpuprofile", file)
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
	}
	if fi, err := os.Stat(file); err != nil || fi.Size() == 0 {
		t.Errorf("no profile: %v", err)
	}
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"-cpuprofile", filepath.Join(file, "x")}, io.Discard, &stderr); code != 1 || !strings.Contains(stderr.String(), "-cpuprofile") {
		t.Errorf("a file that can't be: exit code %d, %s", code, &stderr)
	}
}

package main

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/examples/internal/state"
	"github.com/winnowmail/winnow/internal/redistest"
)

// sendFrom scans a message of a user, and returns the reply.
func sendFrom(t *testing.T, url, user string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url+"/checkv2", strings.NewReader("From: ann@example.org\r\nSubject: hello\r\n\r\nhello\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("From", "ann@example.org")
	req.Header.Set("Rcpt", "bob@example.com")
	req.Header.Set("IP", "192.0.2.1")
	if user != "" {
		req.Header.Set("User", user)
	}
	res, err := http.DefaultClient.Do(req)
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

// bucketsOut runs the subcommand.
func bucketsOut(t *testing.T, wantCode int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(t.Context(), append([]string{"buckets"}, args...), &out, &errs); code != wantCode {
		t.Errorf("%q ended with %d: %s", args, code, &errs)
	}
	return out.String() + errs.String()
}

// limits holds that a daemon limits mail, and that the command shows and unblocks
// the bucket: by the daemon's controller, and by the store when that can be opened.
func limits(t *testing.T, where string, live bool) {
	t.Helper()
	url, _, stop := start(t, "-profile", "dms", "-state", where, "-ratelimit", "to_ip=1 / 1d", "-ratelimit-plus")
	limited := func() bool {
		reply := sendFrom(t, url, "")
		soft := strings.Contains(reply, `"action":"soft reject"`)
		if soft != strings.Contains(reply, "RATELIMITED") {
			t.Errorf("reply %s", reply)
		}
		return soft
	}
	if limited() || !limited() || !limited() {
		t.Error("of three mails to one recipient the first did not come through, or another did")
	}
	controller := []string{"-controller", strings.TrimPrefix(url, "http://")}
	store := []string{"-state", where}
	if !live {
		if list := bucketsOut(t, 1, append(store, "list")...); !strings.Contains(list, "while the daemon runs it holds its file") {
			t.Errorf("while the daemon runs: %s", list)
		}
	}
	row := regexp.MustCompile(`(?m)^(RL\S{24}) +1 +1 / 1d +to_ip +"bob@example.com:192.0.2.1" +20\d\d-`)
	key := func(by []string) string {
		list := bucketsOut(t, 0, append(by, "list")...)
		m := row.FindStringSubmatch(list)
		if m == nil || strings.Count(list, "\n") != 2 {
			t.Fatalf("%s: list: %s", by, list)
		}
		if show := bucketsOut(t, 0, append(by, "show", m[1])...); !strings.Contains(show, m[0]) {
			t.Errorf("%s: show: %s", by, show)
		}
		return m[1]
	}
	bucketsOut(t, 0, append(controller, "unblock", key(controller))...)
	if limited() || !limited() {
		t.Error("the bucket was not empty, or is none any more")
	}
	http.DefaultClient.CloseIdleConnections()
	if !live {
		stop()
	} else {
		defer stop()
	}
	bucketsOut(t, 0, append(store, "unblock", key(store))...)
	if list := bucketsOut(t, 0, append(store, "list")...); strings.Contains(list, "RL") {
		t.Errorf("after it was unblocked: %s", list)
	}
	if !live {
		bucketsOut(t, 1, append(controller, "list")...) // nobody is there
	}
}

func TestRatelimit(t *testing.T) {
	t.Run("file", func(t *testing.T) { limits(t, t.TempDir(), false) })
	t.Run("redis", func(t *testing.T) { limits(t, "redis://"+redistest.Start(t).Addr+"?rspamd=true", true) })
}

// A user's account that is misused is in the log, once, also where the profile has
// nothing but DKIM for mail of users.
func TestUserLimit(t *testing.T) {
	url, log, stop := start(t, "-profile", "dms", "-state", t.TempDir(), "-user-limit", "messages=2 / 1d", "-user-limit", "recipients=50 / 1d")
	var soft int
	for range 5 {
		if reply := sendFrom(t, url, "ann@example.org"); strings.Contains(reply, `"action":"soft reject"`) && strings.Contains(reply, "RATELIMITED") {
			soft++
		}
	}
	if soft != 3 {
		t.Errorf("%d of 5 mails were put off, want 3", soft)
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	if n := strings.Count(log.String(), "a user exceeds a limit"); n != 1 || !strings.Contains(log.String(), "user=ann@example.org limit=user_messages") {
		t.Errorf("%d notices: %s", n, log)
	}
}

func TestRatelimitFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-ratelimit to=1/1h": "-ratelimit needs -state", "-user-limit messages=1/1h": "-user-limit needs -state",
		"-state x -ratelimit to": "is not NAME=RATE", "-state x -ratelimit to=1/1year": `"year" is no unit`,
		"-state x -ratelimit too=1/1h": `"too", which is none of asn`, "-state x -user-limit mails=1/1h": "none of messages, recipients, different and bounces",
		"-ratelimit-plus": "need -ratelimit or -user-limit", "-state x -ratelimit-exempt q": `"q" is no network`,
		"buckets -state x": "say list, show", "buckets -state x show": "needs the key",
		"buckets -state x unblock ann": "no key of a bucket", "buckets -state x list y": "unexpected argument", "buckets -state x empty": "none of list",
	} {
		var errs bytes.Buffer
		if code := run(t.Context(), strings.Fields(args), io.Discard, &errs); code != 2 || !strings.Contains(errs.String(), want) {
			t.Errorf("%s ended with %d: %s, want %q", args, code, &errs, want)
		}
	}
	if out := bucketsOut(t, 0, "help"); !strings.HasPrefix(out, "usage: dms buckets") {
		t.Errorf("help: %s", out)
	}
	if out := bucketsOut(t, 1, "-state", t.TempDir(), "list"); !strings.Contains(out, state.File) {
		t.Errorf("an empty directory: %s", out)
	}
}

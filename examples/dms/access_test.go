package main

import (
	"bytes"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/passhash"
)

// TestPasswords has Rspamd's own client ask a daemon that trusts nobody, with the
// passwords in a file and in flags.
func TestPasswords(t *testing.T) {
	if _, err := exec.LookPath("rspamc"); err != nil {
		t.Skip("no rspamc (Debian's package rspamd)")
	}
	const ham = "../../testdata/ham.eml"
	reading, changing := passhash.Hash("look"), passhash.Hash("learn")
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"local.d/worker-controller.inc": "password = \"" + reading + "\"; enable_password = \"" + changing + "\"; secure_ip = \"192.0.2.1\";",
	})
	for name, args := range map[string][]string{
		"files": {"-config", dir, "-dns", "none"},
		"flags": {"-password", reading, "-enable-password", changing, "-secure-ip", "192.0.2.1"},
	} {
		url, log, stop := start(t, append(args, "-state", t.TempDir(), "-greylist", "-history", "10h")...)
		for _, c := range []struct {
			args []string
			want string
		}{
			{[]string{"symbols", ham}, "HTTP error: 401, Unauthorized"},
			{[]string{"-P", "wrong", "symbols", ham}, "HTTP error: 401, Unauthorized"},
			{[]string{"-P", "look", "symbols", ham}, "Action: no action"},
			{[]string{"-P", "learn", "symbols", ham}, "Action: no action"},
			{[]string{"-P", "look", "stat"}, "Messages scanned: 2"},
			{[]string{"-P", "look", "learn_ham", ham}, "Unauthorized"},
			{[]string{"-P", "learn", "learn_ham", ham}, "success = true"},
			{[]string{"-P", "look", "stat_reset"}, "Unauthorized"},
		} {
			if out, _ := rspamc(t, url, "", c.args...); !strings.Contains(out, c.want) {
				t.Errorf("%s: rspamc %q: %s", name, c.args, out)
			}
		}
		beside(t, url)
		http.DefaultClient.CloseIdleConnections()
		if code := stop(); code != 0 {
			t.Errorf("%s: exit code %d: %s", name, code, log)
		}
	}
}

// beside asks what dms serves beside the controller.
func beside(t *testing.T, url string) {
	t.Helper()
	address := strings.TrimPrefix(url, "http://")
	for _, c := range []struct {
		password string
		args     []string
		code     int
	}{
		{"", []string{"history", "-controller", address}, 1},
		{"look", []string{"history", "-controller", address}, 0},
		{"", []string{"buckets", "-controller", address, "list"}, 1},
		{"look", []string{"buckets", "-controller", address, "list"}, 0},
		{"look", []string{"buckets", "-controller", address, "unblock", "RL_x"}, 1},
		{"look", []string{"greylist", "release", "-controller", address, "-client", "192.0.2.7", "ann@example.org"}, 1},
		{"learn", []string{"greylist", "release", "-controller", address, "-client", "192.0.2.7", "ann@example.org"}, 0},
	} {
		t.Setenv("DMS_PASSWORD", c.password)
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), c.args, &stdout, &stderr); code != c.code || code != 0 && !strings.Contains(stderr.String(), "Unauthorized") {
			t.Errorf("%q with %q: code %d, %s%s", c.args, c.password, code, stdout.String(), stderr.String())
		}
	}
}

func TestPasswordFlags(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-password", "$1$abc"}, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), "it is no hash") {
		t.Errorf("code %d, %s", code, stderr.String())
	}
	if code := run(t.Context(), []string{"-secure-ip", "here"}, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), "secure-ip") {
		t.Errorf("code %d, %s", code, stderr.String())
	}
}

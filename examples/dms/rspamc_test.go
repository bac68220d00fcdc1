package main

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/internal/redistest"
)

// rspamc runs Rspamd's own client, as docker-mailserver's Sieve pipes do: with the
// message on standard input where a file is named.
func rspamc(t *testing.T, url, file string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.Command("rspamc", append([]string{"-h", strings.TrimPrefix(url, "http://")}, args...)...)
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.Stdin = f
	}
	b, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

func TestRspamc(t *testing.T) {
	if _, err := exec.LookPath("rspamc"); err != nil {
		t.Skip("no rspamc (Debian's package rspamd)")
	}
	const spam, ham = "../../testdata/spam.eml", "../../testdata/ham.eml"
	url, _, stop := start(t, "-state", t.TempDir())
	for _, c := range []struct {
		file string
		args []string
		want string
	}{
		{spam, []string{"learn_spam"}, "success = true"},
		{spam, []string{"learn_spam"}, "has been already learned as spam, ignore it"},
		{"", []string{"learn_ham", ham}, "success = true"},
		{"", []string{"symbols", ham}, "Action: no action"},
		{"", []string{"stat"}, "Messages learned: 2"},
		{"", []string{"stat"}, "Statfile: BAYES_SPAM type: winnow; length: 0; free blocks: 0; total blocks: 0; free: 0.00%; learned: 1"},
		{"", []string{"stat_reset"}, "Messages scanned: 1"},
		{"", []string{"stat"}, "Messages scanned: 0"},
		{"", []string{"uptime"}, "Uptime: "},
	} {
		if out, code := rspamc(t, url, c.file, c.args...); code != 0 || !strings.Contains(out, c.want) {
			t.Errorf("rspamc %q: code %d, %s", c.args, code, out)
		}
	}
	for _, args := range [][]string{{"counters"}, {"fuzzy_add", "-f", "1", "-w", "1", ham}, {"fuzzy_del", "-f", "1", ham}} {
		if out, code := rspamc(t, url, "", args...); code == 0 || !strings.Contains(out, "501, Not Implemented") {
			t.Errorf("rspamc %q: code %d, %s", args, code, out)
		}
	}
	if out, code := rspamc(t, url, "/dev/null", "learn_spam"); code == 0 {
		t.Errorf("an empty message is learned: %s", out)
	}
	if code := stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestLessonsHeal begins without the store: lessons wait for it, the daemon does not.
func TestLessonsHeal(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	url, log, stop := start(t, "-state", "redis://"+server.Addr)
	learn := func() int {
		mail, err := os.ReadFile("../../testdata/spam.eml")
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.Post(url+"/learnspam", "", bytes.NewReader(mail))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if got := learn(); got != http.StatusServiceUnavailable {
		t.Errorf("status %d without the store", got)
	}
	server.Restart()
	redistest.Await(t, "the lesson", func() bool { return learn() != http.StatusServiceUnavailable })
	if got := learn(); got != http.StatusAlreadyReported {
		t.Errorf("status %d of the same lesson again", got)
	}
	http.DefaultClient.CloseIdleConnections()
	if code := stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, log)
	}
}

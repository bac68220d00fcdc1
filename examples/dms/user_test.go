package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// The daemon keeps none of root's rights, in none of its threads.
func TestUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody else")
	}
	cmd := exec.Command(os.Args[0], "-controller", "127.0.0.1:0", "-user", "nobody:65534")
	cmd.Env = append(os.Environ(), "DMS_TEST_RUN=1")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, bufio.NewScanner(stderr), "listening")
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/status", cmd.Process.Pid, task.Name()))
		if err != nil {
			continue // the thread has ended
		}
		for line := range strings.Lines(string(status)) {
			name, ids, _ := strings.Cut(line, ":")
			if (name == "Uid" || name == "Gid" || name == "Groups") && (strings.Contains("\t"+ids, "\t0\t") || !strings.Contains(ids, "65534")) {
				t.Errorf("thread %s: %s", task.Name(), line)
			}
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestIdentity(t *testing.T) {
	for who, want := range map[string]string{"65532": "65532 65532 [65532]", "65532:65533": "65532 65533 [65533]", "root:65533": "0 65533 [65533 0]"} {
		uid, gid, groups, err := identity(who)
		if got := fmt.Sprint(uid, gid, groups); got != want || err != nil {
			t.Errorf("%s: %s %v, want %s", who, got, err, want)
		}
	}
	for _, who := range []string{"nobody-of-that-name", "nobody:no-such-group", ":"} {
		if _, _, _, err := identity(who); err == nil || !strings.Contains(err.Error(), "there is no") {
			t.Errorf("%s: %v", who, err)
		}
	}
}

func TestAsRspamd(t *testing.T) {
	for line, want := range map[string]string{
		"--no-fork --user=_rspamd --group=_rspamd": "-config /etc/rspamd -user _rspamd:_rspamd",
		"-f -u _rspamd -c /opt/mail/rspamd.conf":   "-config /opt/mail -user _rspamd",
		"-f -i":                                    "-config /etc/rspamd",
		"":                                         "it does not fork",
		"-f -t":                                    "not defined: -t",
		"-f -g mail":                               "-g needs -u",
		"-f -i -u mail":                            "contradict",
		"-f -c /etc/rspamd/other.conf":             "rspamd.conf",
		"-f configtest":                            "unexpected",
	} {
		args, err := asRspamd(strings.Fields(line))
		if got := strings.Join(args, " ") + fmt.Sprint(err); got != want+"<nil>" && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("rspamd %s: %q %v, want %q", line, args, err, want)
		}
	}
}

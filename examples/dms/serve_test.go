package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/examples/internal/state"
)

// TestMain is the program itself where a test runs it as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("DMS_TEST_RUN") == "" {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	os.Exit(called(ctx, filepath.Base(os.Args[0]), os.Args[1:], os.Stdout, os.Stderr))
}

// spawn runs the daemon as a process of its own, until ctx ends, and returns its log.
func spawn(ctx context.Context, t *testing.T, args ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), "DMS_TEST_RUN=1")
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(stderr)
}

// until reads lines until one has the text.
func until(t *testing.T, lines *bufio.Scanner, text string) string {
	t.Helper()
	var all []string
	for lines.Scan() {
		all = append(all, lines.Text())
		if strings.Contains(lines.Text(), text) {
			return lines.Text()
		}
	}
	t.Fatalf("no %q in %q", text, all)
	return ""
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
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

// systemd's part: sockets, notices, SIGHUP and SIGTERM.
func TestUnderSystemd(t *testing.T) {
	dir := t.TempDir()
	told, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()
	notice := func() string {
		b := make([]byte, 1000)
		n, err := told.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	runDKIM(t, 0, "dir", dir)
	key := filepath.Join(dir, "dkim", "rsa-2048-mail-example.com.private.txt")
	var files []*os.File
	var addresses []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		addresses, files = append(addresses, l.Addr().String()), append(files, f)
		l.Close()
	}
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, os.Args[0], "-controller", "256.0.0.1:1", "-sign", "example.com:mail:"+key)
	cmd.Env = append(os.Environ(), "DMS_TEST_RUN=1", "LISTEN_FDS=2", "LISTEN_FDNAMES=controller:milter", "NOTIFY_SOCKET="+told.LocalAddr().String())
	cmd.ExtraFiles = files
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		f.Close()
	}
	lines := bufio.NewScanner(stderr)
	if l := until(t, lines, "listening"); !strings.Contains(l, "controller="+addresses[0]) || !strings.Contains(l, "milter="+addresses[1]) {
		t.Errorf("%s; want %q", l, addresses)
	}
	if got := notice(); got != "READY=1" {
		t.Errorf("told %q", got)
	}
	if code, body := get(t, "http://"+addresses[0]+"/ready"); code != 200 {
		t.Errorf("/ready: %d %s", code, body)
	}
	hangup := func(want string) {
		t.Helper()
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		until(t, lines, want)
		if got := notice() + " " + notice(); got != "RELOADING=1 READY=1" {
			t.Errorf("told %q", got)
		}
		if code, body := get(t, "http://"+addresses[0]+"/ping"); code != 200 {
			t.Errorf("/ping: %d %s", code, body)
		}
	}
	hangup("reloaded")
	http.DefaultClient.CloseIdleConnections()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := notice(); got != "STOPPING=1" {
		t.Errorf("told %q", got)
	}
	for lines.Scan() {
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestUnknownSocket(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0"`, os.Args[0])
	cmd.Env = append(os.Environ(), "DMS_TEST_RUN=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=smtp")
	cmd.ExtraFiles = []*os.File{f}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "FileDescriptorName=smtp; want milter or controller") {
		t.Errorf("%v: %s", err, out)
	}
}

// Where the store is gone the daemon is healthy, and not ready.
func TestNotReady(t *testing.T) {
	url, _, stop := start(t, "-state", "redis://127.0.0.1:1")
	defer stop()
	defer http.DefaultClient.CloseIdleConnections()
	for path, want := range map[string]string{"/healthy": `200 {"success":true}`, "/ready": `500 {"error":"not ready: the store does not answer"}`} {
		if code, body := get(t, url+path); fmt.Sprintf("%d %s", code, body) != want {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
}

// A reload keeps the families that are as they were, and changes nothing when it
// fails.
func TestReload(t *testing.T) {
	c := config{profile: "rspamd", dns: "none", maps: "builtin", gtube: "default", model: state.Model{Name: "fused"}}
	o, err := c.options()
	if err != nil {
		t.Fatal(err)
	}
	first, err := winnow.New(o)
	if err != nil {
		t.Fatal(err)
	}
	live := winnow.NewLive(first)
	defer live.Close(t.Context())
	before := o.Families
	c.maps = "nothing"
	if err := c.reload(t.Context(), live, &o); err == nil || live.Scanner() != first || &o.Families[0] != &before[0] {
		t.Errorf("%v", err)
	}
	c.maps = "none"
	if err := c.reload(t.Context(), live, &o); err != nil || live.Scanner() == first {
		t.Errorf("%v", err)
	}
	for i, f := range o.Families {
		if changed := f.Name == "freemail" || f.Name == "redirectors" || f.Name == "whitelist"; changed && f == before[i] {
			t.Errorf("%s is not new", f.Name)
		} else if (f.Name == "rbl" || f.Name == "spf") && f != before[i] {
			t.Errorf("%s is new", f.Name)
		}
	}
}

// The flags in the files for systemd, Docker and Compose are flags of the program.
func TestDeployedFlags(t *testing.T) {
	known := (&config{}).flags()
	for file, begin := range map[string]string{"winnow.service": "ExecStart=", "Dockerfile": "CMD [", "compose.yaml": "command: ["} {
		_, rest, ok := strings.Cut(read(t, filepath.Join("deploy", file)), begin)
		if !ok {
			t.Fatalf("%s has no %s", file, begin)
		}
		command, _, _ := strings.Cut(rest, "\n")
		if strings.HasSuffix(begin, "[") {
			command, _, _ = strings.Cut(rest, "]")
		}
		n := 0
		for _, word := range strings.FieldsFunc(command, func(r rune) bool { return strings.ContainsRune(" \",[]\n", r) }) {
			if strings.HasPrefix(word, "-") {
				n++
				if known.Lookup(word[1:]) == nil {
					t.Errorf("%s: %s is no flag", file, word)
				}
			}
		}
		if n < 4 {
			t.Errorf("%s: %d flags", file, n)
		}
	}
}

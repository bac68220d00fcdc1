// Package clamdtest starts a clamd of the test's own that knows one virus: no
// database is downloaded.
package clamdtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Eicar is the test file of eicar.org, in two pieces so that no scanner takes
// this file for it, and Virus is what clamd calls it here.
const (
	Eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`
	Virus = "Winnow.Eicar.UNOFFICIAL"
)

// Start starts clamd until the test ends and returns its addresses: "unix:PATH"
// and "HOST:PORT". It takes at most a megabyte at once and finds what is
// encrypted. The test is skipped where there is no clamd.
func Start(t testing.TB) (unix, tcp string) {
	t.Helper()
	path, err := exec.LookPath("clamd")
	if err != nil {
		path = "/usr/sbin/clamd"
	}
	if _, err := os.Stat(path); err != nil {
		t.Skip("no clamd: Debian package clamav-daemon")
	}
	dir, tcp := t.TempDir(), freeAddr(t)
	run(t, path, configure(t, dir, tcp), tcp)
	return "unix:" + filepath.Join(dir, "s"), tcp
}

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// configure writes the signature and the configuration, whose path it returns.
func configure(t testing.TB, dir, tcp string) string {
	t.Helper()
	_, port, _ := net.SplitHostPort(tcp)
	conf := []string{
		"Foreground yes", "DatabaseDirectory " + dir, "LocalSocket " + dir + "/s", "TCPSocket " + port, "TCPAddr 127.0.0.1", "StreamMaxLength 1M",
		"AlertEncrypted yes", "MaxThreads 2", "LogFile " + dir + "/log",
	}
	if os.Geteuid() == 0 {
		conf = append(conf, "User root")
	}
	for name, text := range map[string]string{"own.ndb": fmt.Sprintf("Winnow.Eicar:0:*:%x\n", Eicar), "conf": strings.Join(conf, "\n") + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "conf")
}

// run returns when clamd listens: it says so in no other way.
func run(t testing.TB, path, conf, tcp string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "-c", conf)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	out := &strings.Builder{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	for range 2400 {
		if c, err := net.Dial("tcp", tcp); err == nil {
			c.Close()
			return
		}
		select {
		case <-ended:
			t.Fatalf("clamd ended: %s", out)
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatal("clamd does not listen")
}

package antivirus

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/actions"
)

// eicar is the test file of eicar.org, in two pieces so that no scanner takes this
// file for it.
const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

// clamd starts the real one with a signature of its own, on a unix socket and a port
// of loopback.
func clamd(t *testing.T) (unix, tcp string) {
	t.Helper()
	path, err := exec.LookPath("clamd")
	if err != nil {
		if path = "/usr/sbin/clamd"; !exists(path) {
			t.Skip("clamd is not installed (Debian package clamav-daemon)")
		}
	}
	dir := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp = l.Addr().String()
	_, port, _ := net.SplitHostPort(tcp)
	l.Close()
	unix = dir + "/s"
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("own.ndb", fmt.Sprintf("Winnow.Eicar:0:*:%x\n", eicar))
	write("conf", fmt.Sprintf("Foreground yes\nDatabaseDirectory %s\nLocalSocket %s\nTCPSocket %s\nTCPAddr 127.0.0.1\nStreamMaxLength 1M\n"+
		"AlertEncrypted yes\nUser root\nMaxThreads 2\nLogFile %[1]s/log\n", dir, unix, port))
	if os.Geteuid() != 0 {
		write("conf", strings.ReplaceAll(read(t, dir+"/conf"), "User root\n", ""))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "-c", dir+"/conf")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	out := &strings.Builder{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	for range 600 {
		if c, err := net.Dial("tcp", tcp); err == nil {
			c.Close()
			return "unix:" + unix, tcp
		}
		select {
		case <-ended:
			t.Fatalf("clamd ended: %s", out)
		case <-time.After(50 * time.Millisecond): // until it listens: it says so in no other way
		}
	}
	t.Fatal("clamd does not listen")
	return "", ""
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// locked is a ZIP file whose one member is encrypted: all that its header says.
func locked(t *testing.T) []byte {
	t.Helper()
	b, err := hex.DecodeString("504b03041400010000000000210000000000140000000800000005000000612e747874" + "000102030405060708090a0b0c0d0e0f10111213" +
		"504b010214001400010000000000210000000000140000000800000005000000000000000000000000000000000000000000612e747874" +
		"504b0506000000000100010033000000370000000000")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRealClamd: the protocol is what clamd speaks, in one session after the other
// question, over both kinds of sockets.
func TestRealClamd(t *testing.T) {
	unix, tcp := clamd(t)
	const virus = `CLAM_VIRUS(Winnow.Eicar.UNOFFICIAL) reject: ClamAV FOUND VIRUS "Winnow.Eicar.UNOFFICIAL"`
	for _, server := range []string{unix, tcp} {
		r := Mailserver(server)
		r.Timeout = 20 * time.Second
		s := rule(t, r)
		zip := "Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(locked(t))
		for i, c := range []struct{ message, want string }{
			{whole + "hello", ""},
			{"Content-Type: application/octet-stream; name=eicar.com\r\n\r\n" + eicar, virus},
			{"Content-Type: application/octet-stream; name=eicar.com\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + strings.ReplaceAll(eicar, "$", "=24"), virus},
			{whole + strings.Repeat("0123456789abcde\n", 3<<16), "CLAM_VIRUS_FAIL(larger than clamd takes)"},
			{whole + "hello again", ""},
			{zip, `CLAM_VIRUS_ENCRYPTED(File is encrypted) reject: ClamAV FOUND VIRUS "File is encrypted"`},
		} {
			if got := said(run(t, s.check(), nil, c.message)); got != c.want {
				t.Errorf("%s, message %d: %s, want %s", server, i, got, c.want)
			}
		}
		if n := len(s.pool.idle); n != 1 || s.pool.idle[0].asked != 2 {
			t.Errorf("%s: %d connections are kept: %+v", server, n, s.pool.idle)
		}
	}
	parts := Rule{Servers: []string{unix}, Timeout: 20 * time.Second, Action: actions.Reject}
	message := "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n" + eicar + "\r\n--b--\r\n"
	if got := said(run(t, rule(t, parts).check(), nil, message)); got != `CLAM_VIRUS(Winnow.Eicar.UNOFFICIAL) reject: clamav: virus found: "Winnow.Eicar.UNOFFICIAL"` {
		t.Error(got)
	}
}

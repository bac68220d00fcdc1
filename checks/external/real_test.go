package external

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/peer"
	"github.com/winnowmail/winnow/mail"
)

func stateOf(message string) *checks.State {
	env := mail.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.7"), ClientName: "mail.example.net", Helo: "helo.example.net", From: "a@example.org", HasFrom: true,
		Rcpts: []string{"b@example.com", "c@example.com"},
	}
	return &checks.State{Message: mail.Parse([]byte(message), env, mail.Limits{})}
}

// ask runs one rule against a real server.
func ask(t *testing.T, r Rule, message string) checks.Outcome {
	t.Helper()
	f := New(Options{Rules: []Rule{r}})
	if f.Err != nil {
		t.Fatal(f.Err)
	}
	out, err := stateOf(message).Run(t.Context(), f.Checks[0])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// start runs a program until the test ends, when it listens.
func start(t *testing.T, address, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = "/usr/sbin/" + name
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not installed", name)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said: %s", name, said.String())
		}
	})
	network, address, err := peer.Address(address)
	if err != nil {
		t.Fatal(err)
	}
	for range 2400 {
		if c, err := net.Dial(network, address); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond) // until it is there: the program says it in no other way
	}
	cancel()
	_ = cmd.Wait()
	t.Fatalf("%s does not listen: %s", name, said.String())
}

func freePort(t *testing.T) (address, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return l.Addr().String(), port
}

func TestRealSpamd(t *testing.T) {
	address, port := freePort(t)
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} { // spamd gives root's rights up
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for file, text := range map[string]string{
		"site/a.pre":       "loadplugin Mail::SpamAssassin::Plugin::Check\nutil_rb_tld org\n",
		"rules/10_test.cf": "header WINNOW_TEST Subject =~ /lottery/\nscore WINNOW_TEST 6.5\nuse_bayes 0\n",
	} {
		file = filepath.Join(dir, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	start(t, address, "spamd", "-L", "-x", "-m", "1", "-i", "127.0.0.1", "-p", port, "-C", dir+"/rules", "--siteconfigpath="+dir+"/site", "--syslog=stderr", "-H", dir)
	r := Rule{Type: SpamAssassin, Servers: []string{address}, Timeout: time.Minute}
	out := ask(t, r, "From: a@example.org\r\nSubject: a lottery\r\n\r\nhello\r\n")
	if len(out.Hits) != 1 || out.Hits[0].Def.Name != "SPAMD" || out.Hits[0].Factor != 6.5 || strings.Join(out.Hits[0].Options, " ") != "WINNOW_TEST" {
		t.Errorf("%+v", out.Hits)
	}
	if out := ask(t, r, "From: a@example.org\r\nSubject: lunch\r\n\r\nhello\r\n"); len(out.Hits) != 1 || out.Hits[0].Factor != 0 {
		t.Errorf("%+v", out.Hits)
	}
}

func TestRealICAP(t *testing.T) {
	address, port := freePort(t)
	dir := t.TempDir()
	modules, _ := filepath.Glob("/usr/lib/*/c_icap")
	if len(modules) == 0 {
		t.Skip("c-icap is not installed")
	}
	conf := "PidFile " + dir + "/pid\nCommandsSocket " + dir + "/ctl\nPort 127.0.0.1:" + port + "\nStartServers 1\nMaxServers 1\nMinSpareThreads 1\n" +
		"MaxSpareThreads 4\nThreadsPerChild 4\nTmpDir " + dir + "\nServerLog " + dir + "/log\nModulesDir " + modules[0] + "\nServicesDir " + modules[0] +
		"\nLoadMagicFile /etc/c-icap/c-icap.magic\nService echo srv_echo.so\n"
	file := filepath.Join(dir, "conf")
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, address, "c-icap", "-N", "-f", file)
	message := "Content-Type: application/zip\r\n\r\n" + strings.Repeat("PK\x03\x04 and more\r\n", 2000)
	if out := ask(t, Rule{Type: ICAP, Service: "echo", Servers: []string{address}}, message); len(out.Hits) != 0 {
		t.Errorf("%+v", out.Hits)
	}
	out := ask(t, Rule{Type: ICAP, Service: "nothing", Servers: []string{address}}, message)
	if len(out.Hits) != 1 || out.Hits[0].Def.Name != "ICAP_FAIL" || !strings.Contains(out.Hits[0].Options[0], "404") {
		t.Errorf("%+v", out.Hits)
	}
}

// TestRealP0F: p0f watches the loopback, as root only.
func TestRealP0F(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("p0f needs root to watch packets")
	}
	socket := filepath.Join(t.TempDir(), "p0f")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	start(t, "unix:"+socket, "p0f", "-i", "lo", "-s", socket, "-o", socket+".log")
	r := Rule{Type: P0F, Servers: []string{"unix:" + socket}, Local: true, Timeout: 20 * time.Second, Expire: -1}
	f := New(Options{Rules: []Rule{r}})
	state := stateOf("From: a@example.org\r\n\r\nhello\r\n")
	state.Message.Envelope().ClientIP = netip.MustParseAddr("127.0.0.1")
	for range 600 { // it sees the packets some time after they were sent
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		out, err := state.Run(t.Context(), f.Checks[0])
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Hits) > 0 {
			if h := out.Hits[0]; h.Def.Name != "P0F" || len(h.Options) < 2 || !strings.HasPrefix(h.Options[len(h.Options)-1], "distance:") {
				t.Errorf("%s %v", h.Def.Name, h.Options)
			}
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("p0f says nothing of a client on loopback")
}

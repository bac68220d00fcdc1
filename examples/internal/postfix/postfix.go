// Package postfix starts a Postfix of the test's own, on loopback ports and in
// a directory of its own, with what it accepts going to a sink in the test. It
// touches neither /etc/postfix nor /var/spool/postfix, but must start as root.
package postfix

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// A Server is a running Postfix. It accepts mail for test.example alone, from
// clients that may say who they are by XCLIENT.
type Server struct {
	Addr      string // of SMTP
	Impatient string // of SMTP for clients that are cut off after a second of silence
	dir       string
	delivered <-chan Delivery
}

// Next waits for the next message that comes through.
func (s *Server) Next(t testing.TB) Delivery {
	t.Helper()
	select {
	case d := <-s.delivered:
		return d
	case <-time.After(2 * time.Minute):
		t.Fatalf("nothing comes: %s", s.Log(t))
		return Delivery{}
	}
}

// Waiting is how many messages came through that Next has not returned.
func (s *Server) Waiting() int { return len(s.delivered) }

// A Delivery is a message as Postfix hands it over.
type Delivery struct {
	From string
	Rcpt []string
	Raw  string
}

// Start starts Postfix with a milter ("inet:HOST:PORT", "unix:PATH") and more
// lines of main.cf, until the test ends. It skips the test where it can't.
func Start(t testing.TB, milter string, settings ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("/usr/sbin/postfix"); err != nil {
		t.Skip("no postfix: Debian package postfix")
	}
	owner, err := user.Lookup("postfix")
	if err != nil || os.Getuid() != 0 {
		t.Skip("Postfix starts only as root, and with its user")
	}
	dir, err := os.MkdirTemp("", "postfix")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: freeAddr(t), Impatient: freeAddr(t), dir: dir}
	sink, delivered := startSink(t)
	s.delivered = delivered
	s.write(t, "main.cf", main(dir, sink, milter, settings))
	s.write(t, "master.cf", master(s.Addr, s.Impatient))
	for _, sub := range []string{"queue", "data"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("chown", owner.Uid, filepath.Join(dir, "data")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.command(t, "postfix", "stop")
		if t.Failed() {
			t.Logf("Postfix said: %s", s.Log(t))
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	s.command(t, "postfix", "start")
	s.await(t)
	return s
}

func main(dir, sink, milter string, settings []string) string {
	lines := []string{
		"compatibility_level = 3.6", "queue_directory = " + dir + "/queue", "data_directory = " + dir + "/data",
		"maillog_file = " + dir + "/log", "maillog_file_prefixes = " + dir, "mail_owner = postfix", "setgid_group = postdrop",
		"command_directory = /usr/sbin", "daemon_directory = /usr/lib/postfix/sbin",
		"myhostname = mx.test.example", "mydestination =", "mynetworks =", "inet_interfaces = 127.0.0.1", "inet_protocols = ipv4",
		"virtual_mailbox_domains = test.example", "virtual_mailbox_maps = static:all", "virtual_transport = lmtp:inet:" + sink,
		"default_transport = error:nothing leaves", "disable_dns_lookups = yes", "smtpd_peername_lookup = no",
		"smtpd_relay_restrictions = reject_unauth_destination", "smtpd_authorized_xclient_hosts = 127.0.0.1",
		"smtpd_client_connection_rate_limit = 0", "smtpd_client_connection_count_limit = 0", "message_size_limit = 33554432", "smtputf8_enable = no",
		"smtpd_milters = " + milter, "milter_default_action = tempfail",
	}
	return strings.Join(append(lines, settings...), "\n") + "\n"
}

func master(addr, impatient string) string {
	return strings.Join([]string{
		addr + " inet n - n - 50 smtpd", impatient + " inet n - n - 5 smtpd -o smtpd_timeout=1s",
		"pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite",
		"bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce", "verify unix - - n - 1 verify",
		"flush unix n - n 1000? 0 flush", "proxymap unix - - n - - proxymap", "error unix - - n - - error", "retry unix - - n - - error",
		"lmtp unix - - n - - lmtp", "anvil unix - - n - 1 anvil", "tlsmgr unix - - n 1000? 1 tlsmgr", "scache unix - - n - 1 scache", "postlog unix-dgram n - n - 1 postlogd",
	}, "\n") + "\n"
}

func (s *Server) write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// command runs one of Postfix's programs.
func (s *Server) command(t testing.TB, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(filepath.Join("/usr/sbin", program), append([]string{"-c", s.dir}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v: %s %s", program, args, err, out.String(), s.Log(t))
	}
}

// Held are the queue ids of the mail that Postfix keeps until somebody decides.
func (s *Server) Held(t testing.TB) []string {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(s.dir, "queue", "hold"))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, f := range files {
		ids = append(ids, f.Name())
	}
	return ids
}

// Release lets Postfix deliver what it holds.
func (s *Server) Release(t testing.TB) {
	t.Helper()
	s.command(t, "postsuper", "-H", "ALL")
	s.command(t, "postqueue", "-f")
}

// await waits until Postfix answers: its master opens the port before it is
// there.
func (s *Server) await(t testing.TB) {
	t.Helper()
	for range 200 {
		c, err := net.Dial("tcp", s.Addr)
		if err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("Postfix does not listen: %s", s.Log(t))
}

// Log is what Postfix has logged.
func (s *Server) Log(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil && !os.IsNotExist(err) {
		t.Error(err)
	}
	return string(data)
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

// sink takes mail by LMTP.
type sink chan Delivery

func startSink(t testing.TB) (addr string, delivered <-chan Delivery) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	all := make(sink, 10_000)
	server := smtp.NewServer(all)
	server.LMTP, server.Domain, server.MaxLineLength = true, "sink.test.example", 1<<20
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		<-ended
	})
	return l.Addr().String(), all
}

// NewSession implements smtp.Backend.
func (s sink) NewSession(*smtp.Conn) (smtp.Session, error) { return &delivery{sink: s}, nil }

type delivery struct {
	sink sink
	Delivery
}

func (d *delivery) Reset() { d.Delivery = Delivery{} }

func (d *delivery) Logout() error { return nil }

func (d *delivery) Mail(from string, _ *smtp.MailOptions) error {
	d.From = from
	return nil
}

func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.Delivery.Rcpt = append(d.Delivery.Rcpt, to)
	return nil
}

func (d *delivery) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("sink: %w", err)
	}
	d.Raw = string(raw)
	d.sink <- d.Delivery
	return nil
}

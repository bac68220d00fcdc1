package milter_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	protocol "github.com/d--j/go-milter"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/milter"
)

// TestFailures: a scan that can't be made is put off or let through, and what
// panics takes nothing with it but its message.
func TestFailures(t *testing.T) {
	for _, open := range []bool{false, true} {
		closed := scanner(t, func(*checks.Task) {})
		if err := closed.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{false: `TempFail 451 "451 4.7.1 Service unavailable - try again later"`, true: "Accept"}[open]
		w := start(t, milter.Options{FailOpen: open, Scanner: closed})
		s := w.client(nil)
		for _, raw := range []string{sample, "From: a@example.org\r\n\r\n" + strings.Repeat("x", 200_000)} {
			if got := told(w.send(s, raw)); got != want {
				t.Errorf("fail open %v: %s", open, got)
			}
			if o := <-w.outcomes; !errors.Is(o.Err, winnow.ErrClosed) || o.Reply == "" {
				t.Errorf("outcome %+v", o)
			}
		}
	}
	calls := 0
	w := start(t, milter.Options{Scanner: scanner(t, func(*checks.Task) {}), Done: func(*milter.Outcome) {
		if calls++; calls == 1 {
			panic("in the host's function")
		}
	}})
	one, other := w.client(nil), w.client(nil)
	w.must(other.Mail("a@example.org", ""))
	if _, a := w.send(one, sample); a.Type != protocol.ActionTempFail {
		t.Errorf("panic: %v", a)
	}
	w.must(other.Rcpt("b@example.net", ""))
	if _, a := w.rest(other, sample); a.Type != protocol.ActionAccept {
		t.Errorf("the other connection: %v", a)
	}
	if _, a := w.send(one, sample); a.Type != protocol.ActionAccept {
		t.Errorf("the next message: %v", a)
	}
	if !strings.Contains(w.log.String(), "in the host's function") {
		t.Errorf("log: %s", w.log)
	}
}

// TestProgress: an MTA whose patience is shorter than the scan gets its answer.
func TestProgress(t *testing.T) {
	release := make(chan struct{})
	w := start(t, milter.Options{Timeouts: milter.Timeouts{Progress: time.Millisecond}, Scanner: scanner(t, func(*checks.Task) { <-release })})
	c, err := net.Dial("tcp", w.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	exchange(t, c, frame('O', 0, 0, 0, 6, 0, 0, 1, 0xff, 0, 0x1f, 0xff, 0xff))
	write(t, c, frame('M', "<a@example.org>\x00"), frame('L', "From\x00 a@example.org\x00"), frame('N'), frame('E'))
	for range 3 {
		if got := read(t, c); got != "p" {
			t.Fatalf("answer %q while the scan goes on", got)
		}
	}
	close(release)
	got := read(t, c)
	for got == "p" {
		got = read(t, c)
	}
	if got != "a" {
		t.Errorf("answer %q", got)
	}
}

// TestShutdown: what is in flight is answered, what is between two messages
// ends, and nothing new begins.
func TestShutdown(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	w := start(t, milter.Options{Scanner: scanner(t, func(*checks.Task) { close(begun); <-release })})
	busy := w.client(nil)
	idle, err := net.Dial("tcp", w.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	exchange(t, idle, hello)
	answer := make(chan string, 1)
	go func() { answer <- told(w.send(busy, sample)) }()
	<-begun
	down := make(chan error, 1)
	go func() { down <- w.server.Shutdown(context.Background()) }()
	if n, err := idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("between two messages: %d bytes, %v", n, err)
	}
	if c, err := net.Dial("tcp", w.addr.String()); err == nil {
		defer c.Close()
		if n, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("a connection begins: %d bytes", n)
		}
	}
	select {
	case err := <-down:
		t.Errorf("ended with a message in flight: %v", err)
	default:
	}
	close(release)
	if got := <-answer; got != "Accept" {
		t.Errorf("in flight: %s", got)
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
}

// TestShutdownCutsOff: a client that hangs in the middle of its message holds
// nothing up beyond the deadline.
func TestShutdownCutsOff(t *testing.T) {
	s, err := milter.New(milter.Options{Scanner: scanner(t, func(*checks.Task) {})})
	if err != nil {
		t.Fatal(err)
	}
	l, err := milter.Listen("unix:"+filepath.Join(t.TempDir(), "s"), 0o600, "")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	exchange(t, c, frame('O', 0, 0, 0, 6, 0, 0, 1, 0xff, 0, 0, 0, 0)) // it waits for every answer
	exchange(t, c, frame('M', "<a@example.org>\x00"))
	write(t, c, frame('B', strings.Repeat("x", 60000)), frame('B', strings.Repeat("x", 60000))[:100]) // the scan waits for more
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("shutdown: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
	if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Error(err)
	}
}

func TestOptions(t *testing.T) {
	scan := scanner(t, func(*checks.Task) {})
	for _, o := range []milter.Options{
		{}, {Scanner: scan, Recipients: 3}, {Scanner: scan, Recipients: -1}, {Scanner: scan, DiscardOnReject: true, QuarantineOnReject: true},
		{Scanner: scan, Timeouts: milter.Timeouts{Frame: -1}}, {Scanner: scan, Limits: milter.Limits{Rcpts: -1}}, {Scanner: scan, Limits: milter.Limits{Message: -1}},
	} {
		if _, err := milter.New(o); err == nil {
			t.Errorf("%+v is no error", o)
		}
	}
}

func TestListen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "milter.sock")
	l, err := milter.Listen("unix:"+path, 0o620, fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid()))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o620 {
		t.Errorf("socket %v, %v", info, err)
	}
	if _, err := milter.Listen("unix:"+path, 0, ""); err == nil || !strings.Contains(err.Error(), "somebody listens") {
		t.Errorf("a second one: %v", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // as one that was killed
	l.Close()
	if l, err = milter.Listen("unix:"+path, 0, ""); err != nil {
		t.Errorf("over a stale socket: %v", err)
	} else {
		l.Close()
	}
	for _, address := range []string{"", "nonsense", "unix:", "unix:/nonexistent/directory/s", "127.0.0.1:99999"} {
		if l, err := milter.Listen(address, 0, ""); err == nil {
			l.Close()
			t.Errorf("%q is no error", address)
		}
	}
	if _, err := milter.Listen("unix:"+path, 0, "no-such-user"); err == nil {
		t.Error("an unknown owner is no error")
	}
}

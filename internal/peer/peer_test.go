package peer

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAddress(t *testing.T) {
	for server, want := range map[string]string{
		"127.0.0.1:3310": "tcp 127.0.0.1:3310", "[::1]:783": "tcp [::1]:783", "unix:/run/a b": "unix /run/a b",
		"unix:": "", "localhost": "", ":3310": "", "host:": "", "": "",
	} {
		network, address, err := Address(server)
		if got := strings.TrimSpace(network + " " + address); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", server, got, err)
		}
	}
}

// world is a set of servers that fail or reply with their name.
type world struct {
	down   map[string]bool
	dialed []string
}

func (w *world) dial(_ context.Context, _, address string) (net.Conn, error) {
	w.dialed = append(w.dialed, address)
	if w.down[address] {
		return nil, errors.New("refused")
	}
	a, b := net.Pipe()
	go func() { _, _ = io.WriteString(b, address); b.Close() }()
	return a, nil
}

func ask(g *Group) (string, error) {
	var answer []byte
	err := g.Do(context.Background(), func(c net.Conn) (err error) { answer, err = io.ReadAll(c); return err })
	return string(answer), err
}

func TestFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{down: map[string]bool{"b:1": true}}
		g := New(Options{Servers: []string{"a:1", "b:1", "c:1"}, Dial: w.dial})
		for _, want := range []string{"a:1", "c:1", "a:1", "c:1"} {
			if got, err := ask(g); got != want || err != nil {
				t.Errorf("%q, %v; want %q", got, err, want)
			}
		}
		if got := strings.Join(w.dialed, " "); got != "a:1 b:1 c:1 a:1 c:1" {
			t.Errorf("dialed %s", got)
		}
		w.down, w.dialed = nil, nil
		time.Sleep(Pause + time.Second)
		for range 3 {
			_, _ = ask(g)
		}
		if got := strings.Join(w.dialed, " "); got != "a:1 b:1 c:1" {
			t.Errorf("later dialed %s", got)
		}
		w.down = map[string]bool{"a:1": true, "b:1": true, "c:1": true}
		if _, err := ask(g); err == nil || !strings.Contains(err.Error(), ":1: refused") {
			t.Errorf("all down: %v", err)
		}
	})
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := func(context.Context, string, string) (net.Conn, error) {
			a, b := net.Pipe()
			t.Cleanup(func() { b.Close() })
			return a, nil
		}
		start := time.Now()
		_, err := ask(New(Options{Servers: []string{"a:1"}, Dial: silent, Timeout: time.Second}))
		if !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		start = time.Now()
		err = New(Options{Servers: []string{"a:1"}, Dial: silent}).Do(ctx, func(c net.Conn) error { _, err := c.Read(make([]byte, 1)); return err })
		if err == nil || time.Since(start) != 300*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestFinal(t *testing.T) {
	w := &world{}
	tries := 0
	err := New(Options{Servers: []string{"a:1", "b:1"}, Dial: w.dial}).Do(t.Context(), func(net.Conn) error { tries++; return ErrFinal })
	if !errors.Is(err, ErrFinal) || tries != 1 {
		t.Errorf("%v after %d tries", err, tries)
	}
	if err := New(Options{}).Do(t.Context(), nil); err == nil {
		t.Error("nobody to ask, and no error")
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = io.WriteString(c, "hello")
			c.Close()
		}
	}()
	if got, err := ask(New(Options{Servers: []string{"unix:" + path}})); got != "hello" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

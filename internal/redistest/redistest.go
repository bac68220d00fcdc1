// Package redistest starts real Redis servers for tests: one, a Cluster, or a
// master and a replica that Sentinels watch over. They listen on loopback, keep
// their files in a directory of the test, and end with it. A test is skipped
// where the programs are not installed.
package redistest

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage/redis"
)

// patience is how long a test waits for what is sure to come.
const patience = 2 * time.Minute

// A Server is a redis-server or redis-sentinel.
type Server struct {
	// Addr is host:port, Socket the path of its unix socket.
	Addr, Socket string
	Dir          string

	t       testing.TB
	program string
	args    []string
	cmd     *exec.Cmd
}

// Start starts a server with further settings, as on redis-server's command
// line: "--appendonly", "yes". What it keeps it has written before it answers
// (appendfsync always): with everysec a busy disk may cost a killed server two
// seconds of what it acknowledged.
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	dir := t.TempDir()
	addr := FreeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	s := &Server{t: t, Addr: addr, Dir: dir, Socket: filepath.Join(shortDir(t), "s"), program: "redis-server"}
	s.args = append([]string{
		"--port", port, "--bind", "127.0.0.1", "--unixsocket", s.Socket, "--dir", dir,
		"--save", "", "--appendfsync", "always", "--loglevel", "warning", "--logfile", filepath.Join(dir, "log"),
	}, settings...)
	s.start()
	return s
}

// shortDir is a directory whose name is short enough for a unix socket.
func shortDir(t testing.TB) string {
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (s *Server) start() {
	s.t.Helper()
	path, err := exec.LookPath(s.program)
	if err != nil {
		s.t.Skipf("%s is not installed (Debian: redis-server, redis-sentinel)", s.program)
	}
	s.cmd = exec.Command(path, s.args...)
	s.cmd.Stdout, s.cmd.Stderr = os.Stderr, os.Stderr
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	cmd := s.cmd
	s.t.Cleanup(func() { end(cmd) })
	Await(s.t, s.program+" at "+s.Addr+" answers", func() bool {
		_, err := s.Do("PING")
		return err == nil || strings.HasPrefix(err.Error(), "NOAUTH ")
	})
}

func end(cmd *exec.Cmd) {
	if cmd.ProcessState == nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// Kill ends the server as kill -9 does.
func (s *Server) Kill() { end(s.cmd) }

// Restart starts the server again, with what it has on disk.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	s.start()
}

// Follow makes the server a replica of master, as a Sentinel does up to ten
// seconds later.
func (s *Server) Follow(master *Server) {
	s.t.Helper()
	host, port, _ := net.SplitHostPort(master.Addr)
	s.Must("REPLICAOF", host, port)
}

// Await asks until the answer contains want.
func (s *Server) Await(want string, command ...string) {
	s.t.Helper()
	Await(s.t, fmt.Sprintf("%v at %s has %q", command, s.Addr, want), func() bool {
		got, err := s.Do(command...)
		return err == nil && strings.Contains(got, want)
	})
}

// Await waits until ok is true, for two minutes at most: a Sentinel that was not
// scheduled for two seconds acts on nothing for half a minute.
func Await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}

// Must is Do that fails the test on an error.
func (s *Server) Must(command ...string) string {
	s.t.Helper()
	got, err := s.Do(command...)
	if err != nil {
		s.t.Fatalf("%v: %v", command, err)
	}
	return got
}

// Do sends one command on a connection of its own and returns the answer as
// text: a list has an element in each line. An error answer is an error.
func (s *Server) Do(command ...string) (string, error) {
	c, err := net.DialTimeout("tcp", s.Addr, time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(word), word)
	}
	if _, err := c.Write([]byte(b.String())); err != nil {
		return "", err
	}
	return readReply(bufio.NewReader(c))
}

// Open opens a store on servers of a test, and closes it with the test. Unless the
// options say otherwise it waits for two minutes: no test is to fail because a
// machine is busy.
func Open(t testing.TB, o redis.Options) *redis.Store {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = patience
	}
	if o.DialTimeout == 0 {
		o.DialTimeout = patience
	}
	if o.Acks > 0 && o.AcksTimeout == 0 {
		o.AcksTimeout = patience
	}
	s, err := redis.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// FreeAddr returns an address on loopback that nobody listens on. Its port is
// none of those that the system gives to connections that are made meanwhile.
func FreeAddr(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 10_000+rand.IntN(20_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	protocol "github.com/d--j/go-milter"
)

// reloads is how often the daemon is reloaded while clients ask it, and asking how
// many clients there are of either kind.
const (
	reloads = 6
	asking  = 3
)

// A load is what clients saw.
type load struct {
	scans   atomic.Int64
	longest atomic.Int64 // of a scan, in nanoseconds
}

// took notes how long a scan took.
func (l *load) took(began time.Time) {
	l.scans.Add(1)
	d := time.Since(began).Nanoseconds()
	for was := l.longest.Load(); d > was && !l.longest.CompareAndSwap(was, d); was = l.longest.Load() {
	}
}

// overHTTP scans over one connection until ctx ends.
func (l *load) overHTTP(ctx context.Context, address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	from := bufio.NewReader(conn)
	for ctx.Err() == nil {
		began := time.Now()
		req, err := http.NewRequest(http.MethodPost, "http://"+address+"/checkv2", strings.NewReader(text+"hello\r\n"))
		if err == nil {
			err = req.Write(conn)
		}
		if err != nil {
			return err
		}
		res, err := http.ReadResponse(from, req)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != http.StatusOK || res.Close {
			return fmt.Errorf("status %d, the connection ends: %v, %w", res.StatusCode, res.Close, err)
		}
		l.took(began)
	}
	return nil
}

// overMilter has one message after the other scanned over one connection until ctx ends.
func (l *load) overMilter(ctx context.Context, address string) error {
	s, err := protocol.NewClient("tcp", address).Session(protocol.NewMacroBag())
	if err != nil {
		return err
	}
	defer s.Close()
	ok := func(a *protocol.Action, e error) {
		if err == nil && (e != nil || a.Type != protocol.ActionContinue) {
			err = fmt.Errorf("%v, %w", a, e)
		}
	}
	ok(s.Conn("mail.example.org", protocol.FamilyInet, 25, "192.0.2.1"))
	ok(s.Helo("mail.example.org"))
	for ctx.Err() == nil && err == nil {
		began := time.Now()
		ok(s.Mail("ann@example.org", ""))
		ok(s.Rcpt("bob@example.com", ""))
		ok(s.DataStart())
		ok(s.HeaderField("Subject", "hello", nil))
		ok(s.HeaderEnd())
		if err == nil {
			_, _, err = s.BodyReadFrom(strings.NewReader("hello\r\n"))
		}
		l.took(began)
	}
	return err
}

// TestReloadUnderLoad reloads a daemon while clients of both kinds ask it: no
// connection is dropped and no scan refused. How long the longest scan took is told.
func TestReloadUnderLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(n int) {
		writeFiles(t, dir, map[string]string{"local.d/actions.conf": fmt.Sprintf("reject = %d;", 20+n)})
	}
	write(0)
	writeFiles(t, dir, map[string]string{"override.d/worker-proxy.inc": "milter = yes; bind_socket = \"127.0.0.1:0\";"})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd, lines := spawn(ctx, t, "-config", dir, "-controller", "127.0.0.1:0", "-dns", "none")
	addresses := regexp.MustCompile(`controller=(\S+) milter=(\S+)`).FindStringSubmatch(until(t, lines, "listening"))
	if addresses == nil {
		t.Fatalf("the log says %s", lines.Text())
	}
	var clients sync.WaitGroup
	var l load
	asked, stop := context.WithCancel(ctx)
	for range asking {
		clients.Go(func() {
			if err := l.overHTTP(asked, addresses[1]); err != nil {
				t.Errorf("over HTTP: %v", err)
			}
		})
		clients.Go(func() {
			if err := l.overMilter(asked, addresses[2]); err != nil {
				t.Errorf("over the milter: %v", err)
			}
		})
	}
	for range 40 * asking {
		until(t, lines, "no action")
	}
	before := time.Duration(l.longest.Swap(0))
	for n := range reloads {
		for range 20 * asking { // scans of the configuration before
			until(t, lines, "no action")
		}
		write(n + 1)
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		until(t, lines, fmt.Sprintf("actions.reject is %d, which was %d", 21+n, 20+n))
		until(t, lines, "msg=reloaded")
	}
	stop()
	read := make(chan struct{})
	go func() { // the daemon must not wait for whoever reads its log
		defer close(read)
		for lines.Scan() {
		}
	}()
	clients.Wait()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-read
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	t.Logf("%d scans, %d reloads; the longest scan took %v, and %v before the first reload", l.scans.Load(), reloads, time.Duration(l.longest.Load()), before)
}

package controller

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

// oneSecond is a Scanner that takes one message at a time, a second each, and
// adds the message's size to sizes.
func oneSecond(t *testing.T, def *symbols.Def, sizes *[]int) *winnow.Scanner {
	t.Helper()
	c := &checks.Check{
		Name: "slow", Doc: "takes a second", Symbols: []*symbols.Def{def},
		Run: func(_ context.Context, t *checks.Task) error {
			if sizes != nil {
				*sizes = append(*sizes, len(t.Message().Raw()))
			}
			t.Hit(def)
			time.Sleep(time.Second)
			return nil
		},
	}
	s, err := winnow.New(winnow.Options{
		Families: []*checks.Family{}, Checks: []*checks.Check{c}, Timeout: 5 * time.Second,
		Limits: mail.Limits{Size: 40 << 10}, Admission: winnow.Admission{Scans: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func handle(t *testing.T, s Scanner, maxBody int64) http.Handler {
	t.Helper()
	h, err := New(Options{Scanner: s, MaxBody: maxBody})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// post calls the handler in a goroutine; the reply is there when ended is closed.
func post(ctx context.Context, h http.Handler, body string, header ...string) (reply *httptest.ResponseRecorder, ended <-chan struct{}) {
	w, done := httptest.NewRecorder(), make(chan struct{})
	r := httptest.NewRequestWithContext(ctx, "POST", "/checkv2", strings.NewReader(body))
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	go func() {
		defer close(done)
		h.ServeHTTP(w, r)
	}()
	synctest.Wait()
	return w, done
}

func wantReply(t *testing.T, name string, w *httptest.ResponseRecorder, status int, text string) {
	t.Helper()
	if w.Code != status || !strings.Contains(w.Body.String(), text) {
		t.Errorf("%s: %d %s, want %d with %q", name, w.Code, w.Body, status, text)
	}
}

func wantStats(t *testing.T, name string, s *winnow.Scanner, scans, waiting int) {
	t.Helper()
	if got := s.AdmissionStats(); got.Scans != scans || got.Waiting != waiting {
		t.Errorf("%s: %+v, want %d in work, %d waiting", name, got, scans, waiting)
	}
}

func closeScanner(t *testing.T, s interface{ Close(context.Context) error }) {
	t.Helper()
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// padded is a message of n bytes.
func padded(n int) string { return message + strings.Repeat("x", n-len(message)) }

// pipes is a net.Listener of connections in memory, which synctest can follow.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// A client that goes away leaves the queue if its body was read to the end; a
// longer one keeps its place until it is admitted. Whether the client stays or
// not, nothing is left reserved.
func TestGoneLeavesQueue(t *testing.T) {
	for _, c := range []struct {
		name    string
		size    int
		chunked bool
		keeps   int // how many wait when the client has gone
	}{
		{"one byte less", readAhead - 1, false, 0},
		{"all that is read ahead", readAhead, false, 0},
		{"the same, chunked", readAhead, true, 0},
		{"one byte more", readAhead + 1, false, 0}, // net/http tells of the end with the last byte
		{"two bytes more", readAhead + 2, false, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			var sizes []int
			s := oneSecond(t, seen, &sizes)
			h := handle(t, s, 0)
			listener, served := make(pipes), make(chan struct{})
			server := &http.Server{Handler: h}
			go func() {
				defer close(served)
				_ = server.Serve(listener) // ends with the listener
			}()
			first, ended := post(t.Context(), h, message)

			client, conn := net.Pipe()
			listener <- conn
			go func() { _, _ = io.WriteString(client, plainRequest(padded(c.size), c.chunked)) }() // the server may not read all
			synctest.Wait()
			wantStats(t, c.name, s, 1, 1)
			client.Close()
			synctest.Wait()
			wantStats(t, c.name+", gone", s, 1, c.keeps)

			<-ended
			wantReply(t, c.name+": the first", first, 200, "SEEN")
			close(listener)
			<-served
			if err := server.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			wantStats(t, c.name+", at the end", s, 0, 0)
			if c.keeps == 0 && len(sizes) != 1 {
				t.Errorf("%s: scanned messages of %d bytes", c.name, sizes)
			}
			closeScanner(t, s)
		})
	}
}

func plainRequest(body string, chunked bool) string {
	const head = "POST /checkv2 HTTP/1.1\r\nHost: localhost\r\n"
	if chunked {
		return fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", head, len(body), body)
	}
	return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
}

// A request that the server gives up while it waits is told so, whatever the
// reason; one whose body can't be had does not wait at all.
func TestNotAdmitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := oneSecond(t, seen, nil)
		h := handle(t, s, 1<<10)
		first, ended := post(t.Context(), h, message)

		late, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		busy, busyEnded := post(late, h, message)
		stopped, stop := context.WithCancel(t.Context())
		given, givenEnded := post(stopped, h, message)
		wantStats(t, "two wait", s, 1, 2)
		stop()
		<-givenEnded
		wantReply(t, "cancelled", given, 503, "given up")
		<-busyEnded
		wantReply(t, "busy", busy, 503, "too many messages at once")

		r := httptest.NewRequest("POST", "/checkv2", io.MultiReader(strings.NewReader(message), strings.NewReader(padded(1<<10))))
		long := httptest.NewRecorder()
		h.ServeHTTP(long, r)
		wantReply(t, "chunked and too long", long, 413, "1024 bytes")
		broken := httptest.NewRecorder()
		h.ServeHTTP(broken, httptest.NewRequest("POST", "/checkv2", io.MultiReader(strings.NewReader(message), failing{})))
		wantReply(t, "broken off", broken, 400, "can't read the message: unexpected EOF")
		wantStats(t, "nobody waits", s, 1, 0)

		<-ended
		wantReply(t, "the first", first, 200, "SEEN")
		closeScanner(t, s)
	})
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Bodies around the size that is read ahead, around the Scanner's limit and
// around MaxBody, with and without Content-Length.
func TestBodySizes(t *testing.T) {
	const maxBody = 64 << 10
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		s := oneSecond(t, seen, &sizes)
		h := handle(t, s, maxBody)
		for _, n := range []int{len(message), readAhead - 1, readAhead, readAhead + 1, readAhead + 2, 40 << 10, 40<<10 + 1, maxBody, maxBody + 1, 2 * maxBody} {
			for _, announced := range []bool{true, false} {
				name := fmt.Sprintf("%d bytes, announced %v", n, announced)
				r := httptest.NewRequest("POST", "/checkv2", strings.NewReader(padded(n)))
				if !announced {
					r.ContentLength = -1
				}
				sizes = nil
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if n > maxBody {
					wantReply(t, name, w, 413, "65536 bytes")
					continue
				}
				wantReply(t, name, w, 200, "SEEN")
				if want := min(n, 40<<10+1); len(sizes) != 1 || sizes[0] != want {
					t.Errorf("%s: scanned %d, want %d", name, sizes, want)
				}
			}
		}
		closeScanner(t, s)
	})
}

// A handler of a Live scans with the Scanner in force. Settings that a reload makes
// wrong while their message waits are the request's mistake as they would be after it.
func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live := winnow.NewLive(oneSecond(t, seen, nil))
		h := handle(t, live, 0)
		first, firstEnded := post(t.Context(), h, message)
		waits, waitsEnded := post(t.Context(), h, message)
		wrong, wrongEnded := post(t.Context(), h, message, `Settings: {"scores": {"SEEN": 3}}`)
		swapped := make(chan error, 1)
		go func() { swapped <- live.Swap(t.Context(), oneSecond(t, second, nil)) }()
		<-firstEnded
		wantReply(t, "under the old one", first, 200, "SEEN")
		<-waitsEnded
		wantReply(t, "admitted after the reload", waits, 200, "SECOND")
		<-wrongEnded
		wantReply(t, "settings that do not hold any more", wrong, 400, "SEEN")
		if err := <-swapped; err != nil {
			t.Error(err)
		}
		after, afterEnded := post(t.Context(), h, message, `Settings: {"scores": {"SEEN": 3}}`)
		<-afterEnded
		wantReply(t, "a name that nobody knows", after, 200, `"SEEN\" is not known`)
		closeScanner(t, live)
	})
}

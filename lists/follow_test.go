package lists_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow/lists"
)

func has(l *lists.List, key string) bool {
	_, ok := l.Snapshot().Find(key)
	return ok
}

// follow follows lists until the test ends, and returns how often they changed.
func follow(t *testing.T, all ...*lists.List) *atomic.Int32 {
	ctx, cancel := context.WithCancel(t.Context())
	n, done := new(atomic.Int32), make(chan struct{})
	go func() {
		defer close(done)
		lists.Follow(ctx, func() { n.Add(1) }, all...)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return n
}

// after lets d pass.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// TestFile: a file is read when the list is made and when it changes, and what
// was read last stays when it can't be read.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.list")
	write(t, path, "one")
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		w := lists.NewWatcher(lists.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		l, err := w.List(lists.Definition{Name: "numbers", Sources: []string{path}})
		if err != nil || !has(l, "one") {
			t.Fatal(err, "not read at once")
		}
		changes := follow(t, l)
		after(time.Second)
		write(t, path, "two\nthree")
		after(2 * time.Minute)
		if has(l, "one") || !has(l, "two") {
			t.Error("the change was not seen")
		}
		os.Remove(path)
		after(2 * time.Minute)
		st := l.Status()
		if !has(l, "two") || !errors.Is(st.Err, fs.ErrNotExist) || st.Failures == 0 || st.Entries != 2 {
			t.Errorf("removed: %+v", st)
		}
		write(t, path, "four")
		after(2 * time.Minute)
		if st := l.Status(); !has(l, "four") || st.Err != nil {
			t.Errorf("back: %+v", st)
		}
		os.Mkdir(path+"d", 0o700)
		if changes.Load() != 3 { // at the beginning, and two changes
			t.Errorf("%d changes told", changes.Load())
		}
		if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "list=numbers") {
			t.Errorf("%d warnings:\n%s", n, log.String())
		}
	})
}

// TestEveryFile: files are looked at in their own time, and at once when they are
// asked for, whether someone follows the list or not.
func TestEveryFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.list")
	write(t, path, "one")
	synctest.Test(t, func(t *testing.T) {
		w := lists.NewWatcher(lists.Options{Every: time.Hour, EveryFile: 5 * time.Minute})
		l, err := w.List(lists.Definition{Sources: []string{path}})
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, "second")
		if w.Look(t.Context()); !has(l, "second") {
			t.Error("not looked at")
		}
		follow(t, l)
		after(time.Second)
		write(t, path, "3")
		if after(4 * time.Minute); !has(l, "second") {
			t.Error("looked at before its time")
		}
		if after(time.Minute + time.Second); !has(l, "3") {
			t.Error("not looked at in its time")
		}
	})
}

// TestSources: several sources are one list, and one that can't be read leaves
// all as it was, until it can.
func TestSources(t *testing.T) {
	dir := t.TempDir()
	a, b, c := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "c")
	write(t, a, "a1")
	write(t, c, "c1")
	synctest.Test(t, func(t *testing.T) {
		w := lists.NewWatcher(lists.Options{})
		l, err := w.List(lists.Definition{Sources: []string{a, "file://" + b, "fallback+file://" + c}, Entries: []string{"own"}})
		if err != nil {
			t.Fatal(err)
		}
		if st := l.Status(); !has(l, "c1") || !has(l, "own") || has(l, "a1") || !st.Fallback || st.Err == nil {
			t.Errorf("the fallback is not in use: %+v", st)
		}
		follow(t, l)
		write(t, a, "a2")
		after(2 * time.Minute)
		if has(l, "a2") || !has(l, "c1") {
			t.Error("half of the list is in use")
		}
		write(t, b, "b1")
		after(2 * time.Minute)
		if st := l.Status(); !has(l, "a2") || !has(l, "b1") || !has(l, "own") || has(l, "c1") || st.Fallback {
			t.Errorf("not whole: %+v", st)
		}
		os.Remove(b)
		write(t, a, "a3")
		after(2 * time.Minute)
		if !has(l, "a2") || !has(l, "b1") {
			t.Error("the last good one did not stay")
		}
		write(t, b, "b1")
		after(2 * time.Minute)
		if !has(l, "a3") || !has(l, "b1") {
			t.Error("the change of the first was lost")
		}
	})
}

func TestBounds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	write(t, path, "short\n"+strings.Repeat("x", 30)+"\nlast")
	w := lists.NewWatcher(lists.Options{MaxBytes: 64, MaxLine: 20})
	l, _ := w.List(lists.Definition{Sources: []string{path}})
	if st := l.Status(); st.Err != nil || st.BadLines != 1 || st.Bad[0].Line != 2 || !has(l, "last") {
		t.Errorf("long line: %+v", st)
	}
	write(t, path, strings.Repeat("y\n", 40))
	if err := l.Load(t.Context()); !errors.Is(err, lists.ErrTooLarge) || !has(l, "short") {
		t.Errorf("large file: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := l.Load(t.Context()); err == nil || !has(l, "short") {
		t.Errorf("directory: %v", err)
	}
}

// A slowFile is a reader that lets the test at the file between two reads.
type slowFile struct {
	io.Reader
	at func()
}

func (r slowFile) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p[:min(len(p), 4)])
	if r.at != nil {
		r.at()
	}
	return n, err
}

// TestReplacedWhileRead: a file that is rewritten while it is read is not used;
// one that is replaced by another is read whole and then the other.
func TestReplacedWhileRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.slow")
	write(t, path, "first\nlist\n")
	var during func()
	w := lists.NewWatcher(lists.Options{Unpack: map[string]func(io.Reader) (io.Reader, error){
		".slow": func(r io.Reader) (io.Reader, error) { return slowFile{r, during}, nil },
	}})
	l, _ := w.List(lists.Definition{Sources: []string{path}})
	if !has(l, "list") {
		t.Fatal("not read")
	}
	during = func() { write(t, path, "torn\nlist of more\n"); during = nil }
	if err := l.Load(t.Context()); err == nil || !has(l, "first") {
		t.Errorf("torn: %v, %+v", err, l.Status())
	}
	during = func() {
		write(t, path+".new", "second\n")
		if err := os.Rename(path+".new", path); err != nil {
			t.Error(err)
		}
		during = nil
	}
	if err := l.Load(t.Context()); err != nil || !has(l, "torn") {
		t.Errorf("replaced: %v", err)
	}
	if err := l.Load(t.Context()); err != nil || !has(l, "second") || has(l, "torn") {
		t.Errorf("after: %v", err)
	}
}

// A server answers in place of the network.
type server func(*http.Request) (status int, header http.Header, body string)

func (s server) RoundTrip(r *http.Request) (*http.Response, error) {
	status, header, body := s(r)
	if status == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// TestHTTP: a list is fetched under conditions and as often as its server says,
// kept when the server fails, and there at once when the process starts again.
func TestHTTP(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		asked, conditional, body, status := 0, 0, "one", 200
		set := func(f func()) { mu.Lock(); defer mu.Unlock(); f() }
		s := server(func(r *http.Request) (int, http.Header, string) {
			mu.Lock()
			defer mu.Unlock()
			asked++
			tag := fmt.Sprintf("%q", body)
			h := http.Header{"Etag": {tag}, "Last-Modified": {"Fri, 27 Nov 2026 10:00:00 GMT"}, "Cache-Control": {"public, max-age=600"}}
			if r.Header.Get("If-None-Match") == tag && r.Header.Get("If-Modified-Since") != "" && status == 200 {
				conditional++
				return 304, h, ""
			}
			return status, h, body
		})
		o := lists.Options{Dir: dir, Client: &http.Client{Transport: s, Timeout: 30 * time.Second}}
		d := lists.Definition{Sources: []string{"https://lists.example.test/a.map"}}
		l, err := lists.NewWatcher(o).List(d)
		if err != nil || asked != 0 {
			t.Fatalf("%v, %d requests before anyone follows", err, asked)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go lists.Follow(ctx, nil, l)
		step := func(what string, d time.Duration, key string, wantAsked, wantConditional int) {
			t.Helper()
			after(d)
			mu.Lock()
			defer mu.Unlock()
			if wantAsked < 0 { // it tries again and again, how often does not matter
				wantAsked = max(asked, 1)
			}
			if !has(l, key) || asked != wantAsked || conditional != wantConditional {
				t.Errorf("%s: %s is there: %v; %d requests, %d of them unchanged; %v", what, key, has(l, key), asked, conditional, l.Status().Err)
			}
		}
		step("fetched", time.Second, "one", 1, 0)
		step("fresh", 9*time.Minute, "one", 1, 0)
		step("stale", 2*time.Minute, "one", 2, 1)
		set(func() { body = "two" })
		step("changed", 12*time.Minute, "two", 3, 1)
		set(func() { status = 500 })
		step("failing", 12*time.Minute, "two", -1, 1)
		if e, ok := errors.AsType[*lists.HTTPError](l.Status().Err); !ok || e.Status != 500 {
			t.Errorf("%v", l.Status().Err)
		}
		cancel()
		synctest.Wait()

		// Another process, while the server is down.
		set(func() { asked = 0 })
		l, _ = lists.NewWatcher(o).List(d)
		step("restarted", 0, "two", 0, 1)
		ctx, cancel = context.WithCancel(t.Context())
		defer cancel()
		go lists.Follow(ctx, nil, l)
		step("still down", time.Minute+time.Second, "two", -1, 1)
		set(func() { status, body = 200, "three" })
		step("up", time.Minute, "three", -1, 1)
		set(func() { status = 0 }) // the server does not answer at all
		step("silent", 13*time.Minute, "three", -1, 1)
		cancel()
		synctest.Wait()
	})
}

// TestDamagedCopy: what was cut off on disk is fetched anew.
func TestDamagedCopy(t *testing.T) {
	dir := t.TempDir()
	s := server(func(r *http.Request) (int, http.Header, string) {
		if r.Header.Get("If-None-Match") != "" {
			return 304, nil, ""
		}
		return 200, http.Header{"Etag": {`"x"`}}, "one\ntwo\n"
	})
	o := lists.Options{Dir: dir, Client: &http.Client{Transport: s}}
	d := lists.Definition{Sources: []string{"http://lists.example.test/a"}}
	l, _ := lists.NewWatcher(o).List(d)
	if err := l.Load(t.Context()); err != nil || !has(l, "two") {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(dir + "/*.list")
	if len(files) != 1 {
		t.Fatalf("copies %v", files)
	}
	data, _ := os.ReadFile(files[0])
	write(t, files[0], string(data[:len(data)-4]))
	if l, _ = lists.NewWatcher(o).List(d); has(l, "one") {
		t.Error("the damaged copy is in use")
	}
	if err := l.Load(t.Context()); err != nil || !has(l, "two") {
		t.Error(err)
	}
}

// TestServers: a real server that cuts its answer off, sends without end, or sends
// another status leaves the list as it was.
func TestServers(t *testing.T) {
	answer := func(w http.ResponseWriter) { io.WriteString(w, "good\n") }
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
	defer web.Close()
	l, _ := lists.NewWatcher(lists.Options{MaxBytes: 1 << 16}).List(lists.Definition{Sources: []string{web.URL}})
	if err := l.Load(t.Context()); err != nil || !has(l, "good") {
		t.Fatal(err)
	}
	for name, bad := range map[string]func(http.ResponseWriter){
		"truncated": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "bad\n")
		},
		"cut off": func(w http.ResponseWriter) {
			io.WriteString(w, "bad\n")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"huge":      func(w http.ResponseWriter) { io.WriteString(w, strings.Repeat("bad\n", 1<<20)) },
		"not found": func(w http.ResponseWriter) { w.WriteHeader(404); io.WriteString(w, "bad\n") },
		"empty 204": func(w http.ResponseWriter) { w.WriteHeader(204) },
	} {
		answer = bad
		if err := l.Load(t.Context()); err == nil || has(l, "bad") || !has(l, "good") {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	hold := make(chan struct{}) // no answer comes, however late the client learns of the end
	defer close(hold)
	answer = func(http.ResponseWriter) { cancel(); <-hold }
	failures := l.Status().Failures
	if err := l.Load(ctx); !errors.Is(err, context.Canceled) || l.Status().Failures != failures {
		t.Errorf("given up: %v", err)
	}
}

// TestLeader: when the call that does the work ends another one takes over.
func TestLeader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	write(t, path, "one")
	synctest.Test(t, func(t *testing.T) {
		w := lists.NewWatcher(lists.Options{})
		l, _ := w.List(lists.Definition{Sources: []string{path}})
		first, cancel := context.WithCancel(t.Context())
		go lists.Follow(first, nil, l)
		synctest.Wait()
		n := follow(t, l)
		synctest.Wait()
		if len(w.Status()) != 1 {
			t.Errorf("%d lists", len(w.Status()))
		}
		cancel()
		synctest.Wait()
		write(t, path, "two")
		after(2 * time.Minute)
		if !has(l, "two") || n.Load() != 2 {
			t.Errorf("not followed: %v, %d", has(l, "two"), n.Load())
		}
	})
}

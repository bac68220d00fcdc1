package winnow_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/worktest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
)

func with(t *testing.T, s *winnow.Scanner, layers ...winnow.Layer) *winnow.Scanner {
	t.Helper()
	d, err := s.With(layers...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWith(t *testing.T) {
	parent := newScanner(t, options(raise("spam", defSpam), raise("more", defMore)))
	defer closeNow(t, parent)
	strict := winnow.Layer{Thresholds: actions.Thresholds{actions.Reject: 6}}
	light := winnow.Layer{Weights: map[string]float64{defSpam.Name: 1}, Disable: []string{"more"}}
	digests := map[string]string{}
	for _, c := range []struct {
		name   string
		of     *winnow.Scanner
		score  float64
		action actions.Action
		config string // whose digest it has, "" for one of its own
	}{
		{"parent", parent, 7, actions.AddHeader, ""},
		{"unchanged", with(t, parent), 7, actions.AddHeader, "parent"},
		{"empty", with(t, parent, winnow.Layer{}), 7, actions.AddHeader, "parent"},
		{"strict", with(t, parent, strict), 7, actions.Reject, ""},
		{"strict again", with(t, parent, strict), 7, actions.Reject, "strict"},
		{"light", with(t, parent, light), 1, actions.NoAction, ""},
		{"both", with(t, parent, light, strict), 1, actions.NoAction, ""},
		{"one over the other", with(t, with(t, parent, light), strict), 1, actions.NoAction, "both"},
	} {
		res, err := c.of.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes([]byte(plain)), Record: true})
		if err != nil {
			t.Fatal(err)
		}
		if res.Score != c.score || res.Action != c.action {
			t.Errorf("%s: %v, %s", c.name, res.Score, res.Action)
		}
		config := res.Transcript.Config
		if c.config != "" && config != digests[c.config] {
			t.Errorf("%s has another configuration digest than %s", c.name, c.config)
		}
		for name, other := range digests {
			if c.config == "" && other == config {
				t.Errorf("%s has the configuration digest of %s", c.name, name)
			}
		}
		digests[c.name] = config
		if again, err := res.Transcript.Replay(t.Context(), c.of); err != nil || again.OtherConfig || again.Score != res.Score || again.Action != res.Action {
			t.Errorf("%s: replay: %v", c.name, err)
		}
	}
	if _, err := parent.With(winnow.Layer{}, winnow.Layer{Disable: []string{"T_SPAN"}}); !errors.Is(err, winnow.ErrOptions) {
		t.Errorf("an unknown symbol: %v", err)
	}
}

// A derived Scanner's Close ends its own work, the parent's that of all.
func TestCloseDerived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := false
		c := run("slow", func(context.Context, *checks.Task) error { time.Sleep(time.Second); return nil })
		c.Needs.Net = true
		c.Start = func(ctx context.Context, env *checks.Env) error {
			env.Go("feed", func() { <-ctx.Done(); ended = true })
			return nil
		}
		o := options(c)
		o.DNS.Resolver = resolver.None
		parent := newScanner(t, o)
		first, second := with(t, parent), with(t, parent)
		x, err := second.NewSession(mail.Envelope{})
		if err != nil {
			t.Fatal(err)
		}
		m := &winnow.Message{Body: winnow.FromBytes([]byte(plain))}
		for _, s := range []*winnow.Scanner{first, second} {
			begin, done := time.Now(), make(chan struct{})
			go func() {
				defer close(done)
				if res, err := s.Scan(t.Context(), m); err != nil || len(res.Incomplete) > 0 {
					t.Errorf("the scan in progress: %v", err)
				}
			}()
			synctest.Wait()
			if s == second {
				closeNow(t, parent)
			} else {
				closeNow(t, s)
			}
			if took := time.Since(begin); took != time.Second {
				t.Errorf("close took %v, the scan a second", took)
			}
			<-done
			if _, err := s.Scan(t.Context(), m); !errors.Is(err, winnow.ErrClosed) {
				t.Errorf("a scan after Close: %v", err)
			}
			if ended != (s == second) {
				t.Errorf("what the parent started has ended: %v", ended)
			}
		}
		if _, err := x.Connect(t.Context()); !errors.Is(err, winnow.ErrClosed) {
			t.Errorf("a session after the parent's Close: %v", err)
		}
		if _, err := parent.With(); !errors.Is(err, winnow.ErrClosed) {
			t.Errorf("With after Close: %v", err)
		}
		closeNow(t, second)
	})
}

// A thousand tenants take little memory after a scan each, and no goroutine.
func TestThousandTenants(t *testing.T) {
	raw, err := os.ReadFile("testdata/spam.eml")
	if err != nil {
		t.Fatal(err)
	}
	const most = 100e3
	tenants := worktest.Size(1000)
	synctest.Test(t, func(t *testing.T) {
		var o winnow.Options
		o.DNS.Resolver = resolver.Func(func(context.Context, string, uint16) (resolver.Answer, error) {
			time.Sleep(time.Millisecond)
			return resolver.Answer{}, resolver.ErrNotFound
		})
		parent := newScanner(t, o)
		scan := func(s *winnow.Scanner) {
			if _, err := s.Scan(t.Context(), &winnow.Message{Body: winnow.FromBytes(raw)}); err != nil {
				t.Error(err)
			}
		}
		scan(parent)
		time.Sleep(time.Minute)
		synctest.Wait()
		goroutines, heap, list := runtime.NumGoroutine(), heapInUse(), make([]*winnow.Scanner, tenants)
		for i := range list {
			list[i] = with(t, parent, winnow.Layer{
				Thresholds: actions.Thresholds{actions.Reject: 10 + float64(i)/100},
				Weights:    map[string]float64{"R_SPF_FAIL": 1 + float64(i)/1000},
				Disable:    []string{"MIME_GOOD", "policies"},
			})
			scan(list[i])
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		each := (heapInUse() - heap) / float64(tenants)
		t.Logf("%.1f kB each, %d goroutines before and %d after, %s", each/1e3, goroutines, runtime.NumGoroutine(), residentSize())
		if each > most {
			t.Errorf("%.0f bytes each", each)
		}
		if n := runtime.NumGoroutine(); n > goroutines {
			t.Errorf("%d goroutines, %d before", n, goroutines)
		}
		runtime.KeepAlive(list)
		closeNow(t, parent)
	})
}

func heapInUse() float64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// residentSize is what the system says of the process's memory, where it does.
func residentSize() string {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "RSS unknown"
	}
	for line := range bytes.Lines(raw) {
		if bytes.HasPrefix(line, []byte("VmRSS:")) {
			return string(bytes.Join(bytes.Fields(line), []byte(" ")))
		}
	}
	return "RSS unknown"
}

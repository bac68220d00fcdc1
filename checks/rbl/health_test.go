package rbl_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/rbl"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/resolver/zone"
)

// world is a DNS whose zone changes.
type world struct {
	mu    sync.Mutex
	zone  *zone.Zone
	asked []string
}

func (w *world) set(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.zone, w.asked = zone.Must(text), nil
}

func (w *world) questions() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.asked)
}

func (w *world) Lookup(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
	w.mu.Lock()
	w.asked = append(w.asked, name)
	z := w.zone
	w.mu.Unlock()
	return z.Lookup(ctx, name, qtype)
}

const good = `
2.0.0.127.bl.test A 127.0.0.2
test.names.test A 127.0.0.2
1.2.0.192.bl.test A 127.0.0.3
sender.example.names.test A 127.0.0.2
`

// bench is a Scanner with two lists, and what it tells of them.
type bench struct {
	*winnow.Scanner
	world  *world
	log    *bytes.Buffer
	mu     sync.Mutex
	states []rbl.State
}

func newBench(t *testing.T, o rbl.Options) *bench {
	b := &bench{world: &world{}, log: &bytes.Buffer{}}
	b.world.set(good)
	o.OnState = func(s rbl.State) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.states = append(b.states, s)
	}
	if o.Lists == nil {
		o.Lists = []rbl.List{
			{Symbol: "BL", Zone: "bl.test", Codes: []rbl.Code{
				{Symbol: "BL_HIT", Answers: []string{"127.0.0.2-9"}}, {Symbol: "BL_BLOCKED", Answers: []string{"127.255.255.254"}, Blocked: true}}},
			{Symbol: "NAMES", Zone: "names.test", Checks: []rbl.What{rbl.EnvelopeFrom}, DomainOnly: true},
		}
	}
	var err error
	b.Scanner, err = winnow.New(winnow.Options{
		Families: []*checks.Family{rbl.New(o)}, DNS: resolver.Options{Resolver: b.world}, Clock: time.Now,
		Log: slog.New(slog.NewTextHandler(b.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// scan returns the names of the symbols raised.
func (b *bench) scan(t *testing.T) (names []string, res *winnow.Result) {
	t.Helper()
	res, err := b.Scan(t.Context(), &winnow.Message{Record: true, Body: winnow.FromBytes([]byte("Subject: x\r\n\r\nx\r\n")), Envelope: mail.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), From: "ann@sender.example", HasFrom: true}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range res.Symbols {
		names = append(names, s.Name)
	}
	return names, res
}

func (b *bench) told() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, s := range b.states {
		out = append(out, s.List+" "+string(s.Health))
	}
	slices.Sort(out)
	b.states = nil
	return strings.Join(out, ", ")
}

func (b *bench) close(t *testing.T) {
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestHealthChecks follows a list through its life: good at the start, then
// listing the world, then mended.
func TestHealthChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, rbl.Options{})
		defer b.close(t)
		if names, _ := b.scan(t); !slices.Equal(names, []string{"BL_HIT", "NAMES"}) {
			t.Errorf("before the first check: %v", names)
		}
		synctest.Wait()
		if got := b.told(); got != "BL good, NAMES good" {
			t.Errorf("at the start: %s", got)
		}
		for _, step := range []struct{ zone, told, symbols string }{
			{good + "1.0.0.127.bl.test A 127.0.0.2\ninvalid.names.test A 127.0.0.2", "BL broken, NAMES broken", ""},
			{good, "BL good, NAMES good", "BL_HIT NAMES"},
			{strings.Replace(good, "2.0.0.127.bl.test", "unused.test", 1) + "*.names.test !servfail", "BL doubtful, NAMES doubtful", "BL_HIT NAMES"},
			{good + "1.0.0.127.bl.test A 192.0.2.1", "BL good, NAMES good", "BL_HIT NAMES"}, // no listing: outside 127/8
			{good + "2.0.0.127.bl.test A 127.255.255.254", "BL refusing", "NAMES"},
			{good, "", "NAMES"}, // refusing lasts longer than a health check
		} {
			b.world.set(step.zone)
			time.Sleep(rbl.DefaultInterval)
			synctest.Wait()
			names, _ := b.scan(t)
			if told := b.told(); told != step.told || strings.Join(names, " ") != step.symbols {
				t.Errorf("zone %s: told %q, raised %v", step.zone, told, names)
			}
		}
		if q := b.world.questions(); slices.ContainsFunc(q, func(q string) bool { return strings.HasSuffix(q, ".bl.test") }) {
			t.Errorf("asked in the pause: %v", q)
		}
		time.Sleep(rbl.DefaultPause)
		synctest.Wait()
		if names, _ := b.scan(t); !slices.Contains(names, "BL_HIT") || b.told() != "BL good" {
			t.Errorf("after the pause: %v", names)
		}
		if !strings.Contains(b.log.String(), "level=WARN") {
			t.Error("the operator heard nothing")
		}
	})
}

// TestSentinelPausesList: an answer that refuses raises its symbol, is no
// listing, and later scans leave the list alone until the pause is over. A
// replay of a scan sees the lists as the scan saw them.
func TestSentinelPausesList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, rbl.Options{Interval: 24 * time.Hour})
		defer b.close(t)
		synctest.Wait()
		b.world.set("1.2.0.192.bl.test A 127.255.255.254\n1.2.0.192.bl.test A 127.0.0.3")
		first, refused := b.scan(t)
		if !slices.Equal(first, []string{"BL_HIT", "BL_BLOCKED"}) {
			t.Errorf("raised %v", first)
		}
		b.world.set(good)
		second, paused := b.scan(t)
		if slices.Contains(second, "BL_HIT") || slices.ContainsFunc(b.world.questions(), func(q string) bool { return strings.HasSuffix(q, ".bl.test") }) {
			t.Errorf("the list is still asked: %v, %v", second, b.world.questions())
		}
		time.Sleep(rbl.DefaultPause + time.Second)
		if names, _ := b.scan(t); !slices.Contains(names, "BL_HIT") {
			t.Errorf("after the pause: %v", names)
		}
		b.told()
		for _, res := range []*winnow.Result{refused, paused} {
			again, err := res.Transcript.Replay(t.Context(), b.Scanner)
			if err != nil {
				t.Fatal(err)
			}
			if was, is := symbolsOf(res), symbolsOf(again); was != is {
				t.Errorf("replay raised %s, the scan %s", is, was)
			}
		}
		if told := b.told(); told != "" {
			t.Errorf("a replay changed the state: %s", told)
		}
	})
}

func symbolsOf(r *winnow.Result) string {
	b, _ := json.Marshal(r.Symbols)
	return string(b)
}

func TestMonitoringOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, rbl.Options{NoMonitoring: true})
		defer b.close(t)
		time.Sleep(time.Hour)
		synctest.Wait()
		if asked := b.world.questions(); len(asked) != 0 {
			t.Errorf("asked %v", asked)
		}
		b.world.set("1.2.0.192.bl.test A 127.255.255.254")
		for range 2 {
			if names, _ := b.scan(t); !slices.Contains(names, "BL_BLOCKED") {
				t.Errorf("raised %v", names)
			}
		}
	})
}

func TestGreedyListIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, rbl.Options{Interval: 24 * time.Hour})
		defer b.close(t)
		synctest.Wait()
		b.told()
		for range 100 {
			b.scan(t)
		}
		if told := b.told(); told != "BL greedy, NAMES greedy" {
			t.Errorf("told %q", told)
		}
		if names, _ := b.scan(t); !slices.Equal(names, []string{"BL_HIT", "NAMES"}) {
			t.Errorf("it is only reported, but raised %v", names)
		}
		b.world.set("")
		for range 200 {
			b.scan(t)
		}
		if told := b.told(); told != "BL good, NAMES good" {
			t.Errorf("after ordinary mail: told %q", told)
		}
	})
}

// TestStartDoesNotWait: New returns although nobody answers the health check,
// and Close ends it.
func TestStartDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		s, err := winnow.New(winnow.Options{
			Families: []*checks.Family{rbl.New(rbl.Options{})}, DNS: resolver.Options{Resolver: zone.Must("test !hang\norg !hang\nnet !hang\ncom !hang\n*.org !hang\n*.net !hang\n*.com !hang")},
		})
		if err != nil || time.Since(begun) > 0 {
			t.Fatal(err, time.Since(begun))
		}
		synctest.Wait()
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestSilentListHidesNoOther: a list whose servers never answer is doubtful,
// and the others are judged all the same.
func TestSilentListHidesNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, rbl.Options{})
		defer b.close(t)
		synctest.Wait()
		b.told()
		b.world.set("2.0.0.127.bl.test !hang\n1.0.0.127.bl.test !hang\ninvalid.names.test A 127.0.0.2")
		time.Sleep(rbl.DefaultInterval + time.Minute)
		synctest.Wait()
		if got := b.told(); got != "BL doubtful, NAMES broken" {
			t.Errorf("told %q", got)
		}
	})
}

// TestKeysStayHidden: the key is in the question that leaves, and nowhere
// else.
func TestKeysStayHidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const secret = "0123456789abcdef"
		b := newBench(t, rbl.Options{
			Lists: []rbl.List{{Symbol: "BL", Zone: "{dqs}.zen.test"}, {Symbol: "FAILS", Zone: "{dqs}.broken.test"}},
			Keys:  map[string]string{"dqs": secret},
		})
		defer b.close(t)
		synctest.Wait()
		b.world.set("1.2.0.192." + secret + ".zen.test A 127.0.0.2\n1.0.0.127." + secret + ".zen.test A 127.0.0.2\n*." + secret + ".broken.test !servfail")
		names, res := b.scan(t)
		time.Sleep(rbl.DefaultInterval + time.Minute) // a health check
		synctest.Wait()
		if !slices.Equal(names, []string{"BL", "FAILS_FAIL"}) {
			t.Errorf("raised %v, asked %v", names, b.world.questions())
		}
		data, err := json.Marshal(res)
		if err != nil {
			t.Fatal(err)
		}
		record, err := json.Marshal(res.Transcript)
		if err != nil {
			t.Fatal(err)
		}
		b.mu.Lock()
		told := fmt.Sprint(b.states)
		b.mu.Unlock()
		for what, text := range map[string]string{"result": string(data), "transcript": string(record), "log": b.log.String(), "states": told} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s tells the key: %s", what, text)
			}
		}
		again, err := res.Transcript.Replay(t.Context(), b.Scanner)
		if err != nil || symbolsOf(again) != symbolsOf(res) {
			t.Errorf("replay: %v", err)
		}
	})
}

package bayes

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// message is the n-th mail of a class.
func message(n int, class Class) *mail.Message {
	rnd := rand.New(rand.NewPCG(uint64(n), 7))
	words := strings.Fields("kernel patch review merge branch commit build release compile header the a of and to in for")
	if class == Spam {
		words = strings.Fields("winner lottery prize claim transfer million urgent beneficiary cash the a of and to in for")
	}
	text := ""
	for range 50 {
		text += words[rnd.IntN(len(words))] + " "
	}
	return parse(fmt.Sprintf("From: u%d@example.org\nTo: me@example.net\nMessage-ID: <%d@example.org>\nSubject: note %d\n\n%s\n", n, n, n, text))
}

func parse(raw string) *mail.Message { return mail.Parse([]byte(raw), mail.Envelope{}, mail.Limits{}) }

func classOf(n int) Class {
	if n%2 == 0 {
		return Spam
	}
	return Ham
}

// smallBits are those of most tests' tables: of 64-KiB values a snapshot has three. A
// full table is in TestLearnAndKeep, and bayes/fused has more of them.
const smallBits = 14

// full makes open take tables of the usual size.
const full = -1

// open opens a Learner. Where the store has no seed yet it gets a fixed one, so that
// what collides in small tables is the same in each run.
func open(t testing.TB, o Options) *Learner {
	t.Helper()
	seeded(t, o, 1)
	if o.bits == 0 {
		o.bits = smallBits
	}
	if o.Poll == 0 {
		o.Poll = -1
	}
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// seeded gives a store the n-th seed, unless it has one or does not answer.
func seeded(t testing.TB, o Options, n uint64) {
	t.Helper()
	o.Name = cmp.Or(o.Name, "main")
	seed := binary.LittleEndian.AppendUint64(nil, n*0x9e3779b97f4a7c15)
	if _, err := o.Store.Add(t.Context(), (&Learner{opt: o}).key("seed"), seed, 0); err != nil && !errors.Is(err, errStore) {
		t.Fatal(err)
	}
}

func memory(t testing.TB) *storage.Memory {
	s := storage.NewMemory(storage.MemoryOptions{MaxBytes: 1 << 30})
	t.Cleanup(func() { s.Close() })
	return s
}

func lesson(l *Learner, n int, class Class) Lesson {
	m := message(n, classOf(n))
	return Lesson{Message: Digest(m), Features: l.Features(m, nil), Class: class}
}

func learn(t testing.TB, l *Learner, n int, class Class) LearnResult {
	t.Helper()
	r, err := l.Learn(t.Context(), lesson(l, n, class))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// tables are the bytes of everything a Learner learned.
func tables(t testing.TB, l *Learner) []byte {
	t.Helper()
	b, err := l.tables.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestLearnAndKeep(t *testing.T) {
	store := memory(t)
	later := func() time.Time { return time.Now().Add(time.Hour) } // when writers have had their time
	l := open(t, Options{Store: store, SnapshotEvery: 20, bits: full, Clock: later})
	for n := range 130 {
		learn(t, l, n, classOf(n))
	}
	if j := l.Judge(lesson(l, 1000, Spam).Features, ""); j.Probability < .9 || !j.Enough {
		t.Errorf("%+v", j)
	}
	if j := l.Judge(lesson(l, 1001, Ham).Features, ""); j.Probability > .1 {
		t.Errorf("%+v", j)
	}
	again := open(t, Options{Store: store, bits: full})
	if !bytes.Equal(tables(t, l), tables(t, again)) || again.Stats() != l.Stats() {
		t.Error("another Learner reads other tables")
	}
	if state, _ := store.LogState(t.Context(), l.key("journal")); state.First == 1 {
		t.Error("the journal was never trimmed")
	}
}

func TestRelearn(t *testing.T) {
	l := open(t, Options{Store: memory(t)})
	for n := range 60 {
		learn(t, l, n, classOf(n))
	}
	if r := learn(t, l, 2, Spam); r.Outcome != Already || r.Was != Spam || r.Before != r.After {
		t.Errorf("the same lesson again: %+v", r)
	}
	clean := l.Judge(lesson(l, 100, Spam).Features, "").LogOdds
	if r := learn(t, l, 100, Ham); r.Outcome != Learned || r.After >= r.Before {
		t.Errorf("a wrong lesson: %+v", r)
	}
	if r := learn(t, l, 100, Spam); r.Outcome != Learned || r.Was != Ham || r.After <= r.Before {
		t.Errorf("put right: %+v", r)
	}
	u := lesson(l, 100, Spam)
	r, err := l.Unlearn(t.Context(), u)
	if err != nil || r.Outcome != Undone || r.Was != Spam {
		t.Fatalf("%+v, %v", r, err)
	}
	if got := l.Judge(u.Features, "").LogOdds; got < clean-2 || got > clean+2 {
		t.Errorf("log-odds %.2f, and %.2f when all is taken back", clean, got)
	}
	if r, err := l.Unlearn(t.Context(), u); err != nil || r.Outcome != Unknown {
		t.Errorf("nothing to take back: %+v, %v", r, err)
	}
}

func TestRefused(t *testing.T) {
	l := open(t, Options{Store: memory(t)})
	full := lesson(l, 1, Ham)
	for name, c := range map[string]struct {
		lesson Lesson
		want   Outcome
	}{
		"a trap's ham":      {Lesson{full.Message, full.Features, Ham, Trap, ""}, Refused},
		"an answer to spam": {Lesson{full.Message, full.Features, Spam, Replied, ""}, Refused},
		"no class":          {Lesson{full.Message, full.Features, "", Correction, ""}, Refused},
		"another class":     {Lesson{full.Message, full.Features, "news", Correction, ""}, Refused},
		"no known source":   {Lesson{full.Message, full.Features, Ham, 99, ""}, Refused},
		"an empty mail":     {Lesson{"x", l.Features(parse("\n"), nil), Ham, Correction, ""}, TooFew},
	} {
		r, err := l.Learn(t.Context(), c.lesson)
		if err != nil || r.Outcome != c.want || (c.want == Refused) != (r.Reason != "") {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	if s := l.Stats(); s.Events != 0 {
		t.Errorf("%+v", s)
	}
}

// A failing store fails as told, before or after it did what was asked.
type failing struct {
	Store
	fail func(op string) (before, after bool)
}

var errStore = errors.New("the store is gone")

func (f *failing) CompareAndSwap(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	before, after := f.fail("cas")
	if before {
		return false, errStore
	}
	ok, err := f.Store.CompareAndSwap(ctx, key, old, value, ttl)
	if after {
		return false, errStore
	}
	return ok, err
}

func (f *failing) Append(ctx context.Context, log, id string, data []byte) (uint64, error) {
	before, after := f.fail("append")
	if before {
		return 0, errStore
	}
	seq, err := f.Store.Append(ctx, log, id, data)
	if after {
		return 0, errStore
	}
	return seq, err
}

// TestLateEntry: a process comes to a lesson's entry when another one has added it
// already, and has written two snapshots since. The lesson counts once.
func TestLateEntry(t *testing.T) {
	store := memory(t)
	other := open(t, Options{Store: store, SnapshotEvery: 5})
	late := true
	l := open(t, Options{Store: &failing{store, func(op string) (bool, bool) {
		if op != "append" || !late {
			return false, false
		}
		late = false
		for n := range 20 {
			learn(t, other, n, classOf(n))
		}
		return false, false
	}}})
	learn(t, l, 0, classOf(0))
	again := open(t, Options{Store: store})
	if err := l.poll(t.Context()); err != nil || again.Stats().Events != 20 || !bytes.Equal(tables(t, l), tables(t, again)) {
		t.Errorf("%v, %d events of 20 lessons", err, again.Stats().Events)
	}
}

// TestInterrupted dies at every point of a lesson and begins anew: the lesson
// counts once, and the tables are those of a Learner that never died.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"cas before", "cas after", "append before", "append after"} {
		t.Run(point, func(t *testing.T) {
			store := memory(t)
			armed := false
			f := &failing{store, func(op string) (bool, bool) {
				return armed && point == op+" before", armed && point == op+" after"
			}}
			l, want := open(t, Options{Store: f}), open(t, Options{Store: memory(t)})
			for n := range 6 {
				armed = n%3 == 0
				if _, err := l.Learn(t.Context(), lesson(l, n, classOf(n))); armed != (err != nil) {
					t.Fatalf("lesson %d: %v", n, err)
				}
				armed = false
				l = open(t, Options{Store: f})
				learn(t, l, n, classOf(n))
				learn(t, want, n, classOf(n))
			}
			learn(t, l, 3, Spam)
			learn(t, want, 3, Spam)
			if !bytes.Equal(tables(t, l), tables(t, want)) {
				t.Error("the tables are others than without interruptions")
			}
		})
	}
}

// TestTogether has several Learners on one store: all hold the same tables in the
// end, and what two of them learn at once counts once.
func TestTogether(t *testing.T) {
	t.Parallel()
	store := memory(t)
	var all [3]*Learner
	for i := range all {
		all[i] = open(t, Options{Store: store, SnapshotEvery: 20, Users: true, Poll: time.Millisecond})
	}
	var wg sync.WaitGroup
	for i, l := range all {
		wg.Go(func() {
			for n := range 24 {
				m := message(n, classOf(n))
				class := classOf(n)
				if n%10 == 9 && i == 1 {
					class = Spam
				}
				if _, err := l.Learn(t.Context(), Lesson{Message: Digest(m), Features: l.Features(m, nil), Class: class, User: fmt.Sprint(n % 4 / 2)}); err != nil {
					t.Error(err)
				}
				l.Judge(l.Features(m, nil), "")
			}
		})
	}
	wg.Wait()
	all[0].Close()
	late := open(t, Options{Store: store, Users: true})
	for i, l := range all {
		if err := errors.Join(l.enter(t.Context()), l.catchUp(t.Context())); err != nil {
			t.Fatal(err)
		}
		l.leave()
		if !bytes.Equal(tables(t, l), tables(t, late)) {
			t.Errorf("Learner %d has other tables", i)
		}
	}
}

func TestDamagedSnapshot(t *testing.T) {
	t.Parallel()
	store := memory(t)
	l := open(t, Options{Store: store, SnapshotEvery: 10})
	for n := range 60 {
		learn(t, l, n, classOf(n))
	}
	newest := snapshots[1-l.turn]
	keys, _, err := store.Scan(t.Context(), "", "", 10000)
	if err != nil {
		t.Fatal(err)
	}
	broken := 0
	for _, k := range keys {
		if v, err := store.Get(t.Context(), k); err == nil && strings.Contains(k, newest) && len(v) > 1000 {
			v[500] ^= 1
			if err := store.Set(t.Context(), k, v, 0); err != nil {
				t.Fatal(err)
			}
			broken++
		}
	}
	if broken == 0 {
		t.Fatalf("no snapshot among %q", keys)
	}
	if again := open(t, Options{Store: store}); !bytes.Equal(tables(t, l), tables(t, again)) {
		t.Error("the snapshot before and the journal give other tables")
	}
}

func TestDigest(t *testing.T) {
	const raw = "From: Anna <a@example.org>\nMessage-ID: <1@example.org>\nSubject: hello\nContent-Type: text/plain; charset=utf-8\n\nGr\xc3\xbc\xc3\x9fe, and bye \n"
	want := Digest(parse(raw))
	for name, other := range map[string]string{
		"a hop and a filter": "Received: from a by b; Tue, 3 Nov 2026 10:11:13 +0100\nX-Spam: Yes\n" + raw,
		"line ends":          strings.ReplaceAll(raw, "\n", "\r\n"),
		"a tag":              strings.Replace(raw, "hello", "***SPAM*** hello", 1),
		"folding":            strings.Replace(raw, "Anna ", "Anna\n ", 1),
		"encoding":           strings.Replace(strings.Replace(raw, "\n\n", "\nContent-Transfer-Encoding: quoted-printable\n\n", 1), "\xc3\xbc\xc3\x9f", "=C3=BC=C3=9F", 1),
	} {
		if Digest(parse(other)) != want {
			t.Errorf("%s gives another digest", name)
		}
	}
	for name, other := range map[string]string{
		"text":       strings.Replace(raw, "bye", "by", 1),
		"sender":     strings.Replace(raw, "Anna", "Anne", 1),
		"Message-ID": strings.Replace(raw, "<1@", "<2@", 1),
	} {
		if Digest(parse(other)) == want {
			t.Errorf("another %s gives the same digest", name)
		}
	}
}

func TestWrongOptions(t *testing.T) {
	for _, o := range []Options{{}, {Store: memory(t), SnapshotEvery: -1}} {
		if l, err := Open(t.Context(), o); err == nil {
			l.Close()
			t.Errorf("%+v is taken", o)
		}
	}
	store := memory(t)
	if err := store.Set(t.Context(), "bayes/main/seed", []byte("x"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Store: store}); err == nil {
		t.Error("a seed of one byte is taken")
	}
}

// TestSeedIsDrawn: nobody knows beforehand what collides in an installation's tables,
// and each Learner of an installation knows the same.
func TestSeedIsDrawn(t *testing.T) {
	drawn := map[string]bool{}
	for range 3 {
		store := memory(t)
		for range 2 {
			l, err := Open(t.Context(), Options{Store: store, Poll: -1, bits: smallBits})
			if err != nil {
				t.Fatal(err)
			}
			l.Close()
			seed, err := store.Get(t.Context(), l.key("seed"))
			if err != nil || len(seed) != 8 {
				t.Fatal(seed, err)
			}
			drawn[string(seed)] = true
		}
	}
	if len(drawn) != 3 {
		t.Errorf("%d seeds of three installations", len(drawn))
	}
}

func FuzzEntry(f *testing.F) {
	l := open(f, Options{Store: memory(f)})
	e, _, _ := l.tables.Learn(fused.Lesson{Features: lesson(l, 1, Ham).Features})
	one, err := marshal([]fused.Event{e})
	if err != nil {
		f.Fatal(err)
	}
	two, err := marshal([]fused.Event{e.Reverse(), e})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(one)
	f.Add(two)
	f.Fuzz(func(t *testing.T, b []byte) {
		events, err := unmarshal(b)
		if err != nil {
			return
		}
		again, err := marshal(events)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := unmarshal(again); err != nil {
			t.Error(err)
		}
	})
}

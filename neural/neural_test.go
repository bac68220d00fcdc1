package neural

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/statetest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// samples are vectors in which A or B alone is spam and both, or neither, are ham: no
// weights of single symbols tell that.
func samples(n int) (list []labelled) {
	for i := range n {
		v := labelled{Vector: Vector{Symbols: []string{fmt.Sprint("N", i%7)}, Numbers: []byte{byte(i % 50)}}, target: -1}
		if i&1 != 0 {
			v.Symbols = append(v.Symbols, "A")
		}
		if i&2 != 0 {
			v.Symbols = append(v.Symbols, "B")
		}
		if i&1 != i&2>>1 {
			v.target = 1
		}
		slices.Sort(v.Symbols)
		list = append(list, v)
	}
	return list
}

func fit(t testing.TB, from *net, list []labelled) *net {
	t.Helper()
	r := Rule{Seed: 1}.withDefaults()
	n, err := r.fit(t.Context(), from, list, []string{"A", "B"})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLearnsCombinations(t *testing.T) {
	n := fit(t, nil, samples(400))
	if n.Hidden != hiddenOf(len(n.Columns)+numbers) || n.Spam != 200 || n.Ham != 200 || n.Accuracy < .95 {
		t.Errorf("%d units, %d spam, %d ham, accuracy %v", n.Hidden, n.Spam, n.Ham, n.Accuracy)
	}
	for _, c := range []struct {
		symbols string
		spam    bool
	}{{"A N3", true}, {"B N1", true}, {"A B N2", false}, {"N2", false}, {"A N3 UNKNOWN", true}} {
		got := n.score(&Vector{Symbols: strings.Fields(c.symbols), Numbers: []byte{20}})
		if got > 0 != c.spam || math.Abs(got) < .5 || math.Abs(got) > 1 {
			t.Errorf("%s: %v", c.symbols, got)
		}
	}
}

// TestSameBits holds a trained net to its bytes, which are the same on every machine.
func TestSameBits(t *testing.T) {
	n := fit(t, nil, samples(100))
	n = fit(t, n, samples(120))
	data, err := n.marshal()
	if err != nil || n.Usages != 1 {
		t.Fatal(n.Usages, err)
	}
	sum := sha256.Sum256(data)
	if got := hex.EncodeToString(sum[:8]); got != "4ccefec6b94ec325" {
		t.Errorf("the net's digest is %s", got)
	}
	again, err := parseNet(data)
	if err != nil || again.score(&samples(2)[1].Vector) != n.score(&samples(2)[1].Vector) {
		t.Errorf("read again: %v", err)
	}
}

func TestTanh(t *testing.T) {
	for x := -25.0; x <= 25; x += 1.0 / 64 {
		if got, want := tanh(x), math.Tanh(x); math.Abs(got-want) > 1e-12 {
			t.Fatalf("tanh(%v) = %v, want %v", x, got, want)
		}
	}
}

// Vectors that say nothing make no net.
func TestUnfit(t *testing.T) {
	var list []labelled
	for i := range 200 {
		list = append(list, labelled{Vector{Symbols: []string{"A"}}, float64(i%2*2 - 1)})
	}
	r := Rule{}.withDefaults()
	if _, err := r.fit(t.Context(), nil, list, nil); !errors.Is(err, ErrUnfit) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.fit(ctx, nil, samples(100), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// A site is a scanner with nets.
type site struct {
	testing.TB
	*Nets
	scanner *winnow.Scanner
	now     *time.Time
}

// words raises a symbol for words of the body: its weight is behind the "=".
func words() *checks.Check {
	defs := map[string]*symbols.Def{}
	for name, weight := range map[string]float64{"RED": 5, "BLUE": 5, "GREEN": -3, "MILD": 1, "BAYES_SPAM": 3} {
		defs[name] = &symbols.Def{Name: name, Doc: "for the test", Weight: weight}
	}
	c := &checks.Check{Name: "words", Doc: "raises what the body names", Run: func(_ context.Context, t *checks.Task) error {
		for _, w := range strings.Fields(string(t.Message().Body())) {
			if d := defs[w]; d != nil {
				t.Hit(d)
			}
			if w == "LATER" || w == "NEVER" {
				a := map[string]actions.Action{"LATER": actions.SoftReject, "NEVER": actions.Reject}[w]
				t.PreResult(actions.PreResult{Action: a, Message: "no"})
			}
		}
		return nil
	}}
	for _, d := range defs {
		c.Symbols = append(c.Symbols, d)
	}
	return c
}

func testRule() Rule {
	r := rule("test", "NEURAL_", 4, -4)
	spam, ham := 8.0, -2.0
	r.MaxTrains, r.SpamScore, r.HamScore, r.Expire = 20, &spam, &ham, 24*time.Hour
	return r
}

func newSite(t testing.TB, store Store, now *time.Time, change ...func(*Options)) *site {
	t.Helper()
	o := Options{Rules: []Rule{testRule()}, Store: store, Watch: -1, Clock: func() time.Time { return *now }, Host: "here"}
	for _, f := range change {
		f(&o)
	}
	s := &site{TB: t, now: now}
	var err error
	if s.Nets, err = New(o); err != nil {
		t.Fatal(err)
	}
	after := s.After()
	after.Durable = true // it is done when Scan returns
	s.scanner, err = winnow.New(winnow.Options{
		Families: []*checks.Family{s.Family()}, Checks: []*checks.Check{words()}, Clock: o.Clock, After: []winnow.After{after}, StoreBudget: 2 * time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.scanner.Close(context.Background()) })
	return s
}

func (s *site) scan(i int, body string) *winnow.Result {
	s.Helper()
	m := &winnow.Message{
		Envelope: mail.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")}, Record: true,
		Body: winnow.FromBytes(fmt.Appendf(nil, "From: ann@example.org\r\nMessage-ID: <%d@example.org>\r\n\r\n%s\r\n", i, body)),
	}
	r, err := s.scanner.Scan(s.Context(), m)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

// counts are the vectors of both classes.
func (s *site) counts() string {
	spam, err := s.count(s.Context(), s.rules[0], bayes.Spam)
	ham, err2 := s.count(s.Context(), s.rules[0], bayes.Ham)
	if err != nil || err2 != nil {
		s.Error(err, err2)
	}
	return fmt.Sprint(spam, " ", ham)
}

func begin() *time.Time {
	t := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	return &t
}

func memory(now *time.Time) *storage.Memory {
	return storage.NewMemory(storage.MemoryOptions{Clock: func() time.Time { return *now }})
}

// teach gives clear mail of both classes until a net can be trained.
func (s *site) teach() {
	s.Helper()
	for i := range 200 {
		s.scan(2*i, "RED BLUE MILD")
		s.scan(2*i+1, "GREEN")
		if ready, err := s.ready(s.Context(), s.rules[0]); err != nil || ready {
			return
		}
	}
	s.Fatal("never ready: ", s.counts())
}

func TestTrainsAndJudges(t *testing.T) {
	now := begin()
	s := newSite(t, memory(now), now)
	if r := s.scan(0, "RED"); r.Has("NEURAL_SPAM") || r.Has("NEURAL_HAM") {
		t.Error("a symbol before there is a net")
	}
	s.teach()
	if err := s.Train(t.Context()); err != nil {
		t.Fatal(err)
	}
	st := s.Status()[0]
	if st.Version != 1 || st.Spam < 20 || st.Ham < 20 || st.Accuracy != 1 || s.counts() != "0 0" {
		t.Errorf("%+v, %s vectors left", st, s.counts())
	}
	spam, ham := s.scan(1000, "RED"), s.scan(1001, "GREEN")
	if !spam.Has("NEURAL_SPAM") || spam.Score <= 5 || spam.Score > 9 || !ham.Has("NEURAL_HAM") || ham.Score >= -3 {
		t.Errorf("scores %v, %v", spam.Score, ham.Score)
	}
	// A replay says what was said, also when there is another net.
	before := spam.Score
	s.teach()
	s.rules[0].Seed = 7
	if err := s.Train(t.Context()); err != nil || s.Status()[0].Version != 2 {
		t.Fatal(s.Status(), err)
	}
	s.rules[0].net.Store(nil)
	again, err := spam.Transcript.Replay(t.Context(), s.scanner)
	if err != nil || again.Score != before {
		t.Errorf("replayed %v, want %v; %v", again.Score, before, err)
	}
	// Old nets are not asked.
	if err := s.Train(t.Context()); err != nil {
		t.Fatal(err)
	}
	*now = now.Add(25 * time.Hour)
	if r := s.scan(1002, "RED"); r.Has("NEURAL_SPAM") || !s.Status()[0].Expired {
		t.Errorf("an expired net says %v", r.Symbol("NEURAL_SPAM"))
	}
}

func TestWhatIsLearned(t *testing.T) {
	now := begin()
	s := newSite(t, memory(now), now)
	for i, body := range []string{"MILD", "RED MILD", "RED BLUE LATER", "RED BLUE NEVER", "GREEN LATER"} {
		s.scan(i, body)
		if got := s.counts(); got != "0 0" {
			t.Errorf("%s: %s", body, got)
		}
	}
	// A score is that without nets: with this one RED alone would reach 8.
	s.rules[0].net.Store(&inForce{fit(t, nil, spamOf("RED")), 1, *now})
	if r := s.scan(10, "RED"); r.Score < 8 || s.counts() != "0 0" {
		t.Errorf("score %v, vectors %s", r.Score, s.counts())
	}
	r := s.scan(11, "RED BLUE BAYES_SPAM")
	if v, ok := Fact.From(r); !ok || fmt.Sprint(v.Symbols) != "[BLUE RED]" || s.counts() != "1 0" {
		t.Errorf("vector %+v, %s", v, s.counts())
	}
	s.scan(11, "RED BLUE BAYES_SPAM") // again
	for i := range 30 {
		s.scan(20+i, "RED BLUE")
	}
	if got := s.counts(); got != "1 0" { // spam waits for ham
		t.Errorf("after more spam: %s", got)
	}
	for i := range 60 {
		if err := s.Learn(t.Context(), s.scan(100+i, "MILD"), bayes.Ham); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.counts(); got != "1 21" {
		t.Errorf("after lessons: %s", got)
	}
	if err := s.Learn(t.Context(), r, "newsletter"); err == nil {
		t.Error("a class of neither")
	}
}

// spamOf makes vectors in which a symbol means spam.
func spamOf(name string) (list []labelled) {
	for i := range 100 {
		v := labelled{Vector{Symbols: []string{name}}, 1}
		if i%2 == 0 {
			v = labelled{Vector{Symbols: []string{"OTHER"}}, -1}
		}
		list = append(list, v)
	}
	return list
}

func TestVerdictDecides(t *testing.T) {
	th := actions.Thresholds{actions.Reject: 15, actions.AddHeader: 6, actions.Greylist: 4}
	r := Rule{}
	for _, c := range []struct {
		j    judgement
		want bayes.Class
	}{
		{judgement{score: 16, positive: 2}, bayes.Spam}, {judgement{score: 16, positive: 1}, ""}, {judgement{score: 7, positive: 3}, bayes.Spam},
		{judgement{score: 7, positive: 2}, ""}, {judgement{score: 5, positive: 9, negative: 9}, ""}, {judgement{score: 1, negative: 4}, bayes.Ham},
		{judgement{score: 1, negative: 3}, ""}, {judgement{score: -.1}, bayes.Ham},
	} {
		c.j.thresholds = th
		if got := r.classOf(c.j); got != c.want {
			t.Errorf("%+v: %q", c.j, got)
		}
	}
}

// Two machines on one store have one net, trained by one of them.
func TestOneTrainer(t *testing.T) {
	now := begin()
	store := memory(now)
	a, b := newSite(t, store, now), newSite(t, store, now)
	a.teach()
	was, err := store.Add(t.Context(), "neural:test:lock", []byte("a third machine"), lockTime)
	if err != nil || was != nil {
		t.Fatal(was, err)
	}
	if err := a.Train(t.Context()); err != nil || a.Status()[0].Version != 0 {
		t.Fatalf("while another trains: %+v, %v", a.Status(), err)
	}
	*now = now.Add(lockTime + time.Second) // it died
	errs := make(chan error, 2)
	for _, s := range []*site{a, b} {
		go func() { errs <- s.Train(t.Context()) }()
	}
	if err := errors.Join(<-errs, <-errs); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*site{a, b} {
		if err := s.Train(t.Context()); err != nil || s.Status()[0].Version != 1 {
			t.Errorf("%+v, %v", s.Status(), err)
		}
	}
	if x, y := a.scan(5000, "RED").Score, b.scan(5000, "RED").Score; x != y {
		t.Errorf("scores %v, %v", x, y)
	}
}

// A net is not used where the site has other symbols.
func TestOtherSymbols(t *testing.T) {
	now := begin()
	store := memory(now)
	set := func(names ...string) func(*Options) { return func(o *Options) { o.Symbols = names } }
	a := newSite(t, store, now, set("A", "B", "C", "D"))
	a.teach()
	if err := a.Train(t.Context()); err != nil {
		t.Fatal(err)
	}
	for want, names := range map[uint64][]string{1: {"D", "A", "B", "C", "E"}, 0: {"A", "B", "E", "F"}} {
		s := newSite(t, store, now, set(names...))
		if err := s.Train(t.Context()); err != nil || s.Status()[0].Version != want {
			t.Errorf("%v: %+v, %v", names, s.Status(), err)
		}
	}
}

// A store that is dead or slow costs vectors, and a scan the store's budget; the net
// stays in force, and learns again when the store is back.
func TestStoreFails(t *testing.T) {
	for _, state := range []statetest.State{statetest.Dead, statetest.Slow} {
		synctest.Test(t, func(t *testing.T) {
			now := begin()
			store := statetest.Wrap(memory(now))
			s := newSite(t, store, now)
			s.teach()
			if err := s.Train(t.Context()); err != nil {
				t.Fatal(err)
			}
			store.Be(state)
			if r := s.scan(900, "RED BLUE"); !r.Has("NEURAL_SPAM") || len(r.Incomplete) > 0 {
				t.Errorf("state %d: %+v", state, r.Incomplete)
			}
			if st := s.scanner.AfterStats()[0]; st.Failed != 1 {
				t.Errorf("state %d: %+v", state, st)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if err := s.Train(ctx); err == nil || s.Status()[0].Version != 1 {
				t.Errorf("state %d: %+v, %v", state, s.Status(), err)
			}
			cancel()
			store.Be(statetest.Up)
			s.scan(901, "GREEN")
			if err := s.Train(t.Context()); err != nil || s.counts() == "0 0" {
				t.Errorf("state %d: %v, %s", state, err, s.counts())
			}
			if err := s.scanner.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestBackground trains without being told to, and ends with the Scanner.
func TestBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := storage.NewMemory(storage.MemoryOptions{})
		n, err := New(Options{Rules: []Rule{testRule()}, Store: store})
		if err != nil {
			t.Fatal(err)
		}
		s, err := winnow.New(winnow.Options{Families: []*checks.Family{n.Family()}})
		if err != nil {
			t.Fatal(err)
		}
		for i, class := range slices.Repeat([]bayes.Class{bayes.Ham, bayes.Spam}, 20) {
			v := &Vector{Symbols: []string{"IS_" + string(class)}}
			if err := n.push(t.Context(), n.rules[0], class, v, fmt.Sprint(i), false); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(DefaultWatch + time.Second)
		synctest.Wait()
		if st := n.Status()[0]; st.Version != 1 {
			t.Errorf("%+v", st)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestValidate(t *testing.T) {
	store := storage.NewMemory(storage.MemoryOptions{})
	spam, ham := 1.0, 2.0
	for want, o := range map[string]Options{
		"Store":                  {},
		"Rules[0].Name":          {Store: store, Rules: []Rule{{Name: "A b", Spam: &symbols.Def{}, Ham: &symbols.Def{}}}},
		"Rules[1].Name":          {Store: store, Rules: append(Default(), Default()...)},
		"Rules[0].Spam":          {Store: store, Rules: []Rule{{Name: "a"}}},
		"Rules[0].MaxTrains":     {Store: store, Rules: []Rule{{Name: "a", Spam: &symbols.Def{}, Ham: &symbols.Def{}, MaxTrains: -1}}},
		"Rules[0].HamScore":      {Store: store, Rules: []Rule{{Name: "a", Spam: &symbols.Def{}, Ham: &symbols.Def{}, SpamScore: &spam, HamScore: &ham}}},
		"Rules[0].SpamThreshold": {Store: store, Rules: []Rule{{Name: "a", Spam: &symbols.Def{}, Ham: &symbols.Def{}, SpamThreshold: math.NaN()}}},
		"Rules[0].Rate":          {Store: store, Rules: []Rule{{Name: "a", Spam: &symbols.Def{}, Ham: &symbols.Def{}, Rate: 2}}},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), "neural: "+want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	n, err := New(Options{Store: store, Rules: Mailserver()})
	if err != nil || len(n.Family().Checks[0].Symbols) != 6 {
		t.Error(err)
	}
}

func FuzzNet(f *testing.F) {
	n := newNet(head{Columns: []string{"A"}})
	n.randomize(1)
	data, err := n.marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte{1, 2, '{', '}'})
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := parseNet(data)
		if err != nil {
			return
		}
		if s := n.score(&Vector{Symbols: []string{"A"}, Numbers: []byte{1, 2, 3, 255}}); !(s >= -1 && s <= 1) {
			t.Errorf("score %v", s)
		}
	})
}

func FuzzVector(f *testing.F) {
	f.Add([]byte(`{"s":["A"],"n":"AQ=="}`))
	n := newNet(head{Columns: []string{"A"}})
	f.Fuzz(func(t *testing.T, data []byte) {
		if v, ok := parseVector(data); ok {
			n.score(&v)
		}
	})
}

func BenchmarkFit(b *testing.B) {
	var list []labelled
	for i := range 2000 {
		v := labelled{target: float64(i%2*2 - 1), Vector: Vector{Numbers: make([]byte, numbers)}}
		for k := range 25 {
			v.Symbols = append(v.Symbols, fmt.Sprint("S", (int(mix(uint64(i*25+k))>>20)%100)+50*(i%2)))
		}
		slices.Sort(v.Symbols)
		list = append(list, v)
	}
	for b.Loop() {
		fit(b, nil, list)
	}
}

func BenchmarkScore(b *testing.B) {
	n := fit(b, nil, samples(400))
	v := samples(4)[3].Vector
	for b.Loop() {
		n.score(&v)
	}
}

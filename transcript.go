package winnow

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/score"
)

// A Transcript is everything a scan depended on: with it the same scan can be
// repeated offline (Scanner.Replay) and gives the same Result apart from
// times. It marshals to JSON and back. It contains the message.
type Transcript struct {
	Version  int       `json:"version"`
	Config   string    `json:"config"` // digest of the Scanner's configuration
	Time     time.Time `json:"time"`
	Seed     uint64    `json:"seed,string"`
	Envelope mail.Envelope
	Raw      []byte             `json:"raw"`
	Settings []SettingsRecord   `json:"settings,omitempty"`
	Seeds    []SeedRecord       `json:"seeds,omitempty"`
	DNS      resolver.Recording `json:"dns,omitempty"`
	// Store holds the store's answers by check, in the order of its calls.
	Store map[string][]StoreCall `json:"store,omitempty"`
	// Outside holds what checks observed of the world, by check and name.
	Outside map[string]map[string]json.RawMessage `json:"outside,omitempty"`
	// CutOff names the checks that the deadline cut off.
	CutOff []string `json:"cut_off,omitempty"`
	// CutCommits names the checks whose commits did not end in time.
	CutCommits []string `json:"cut_commits,omitempty"`
}

// A SettingsRecord is a layer of settings as it lay over the site's, for the
// message (Rcpt "") or for one recipient. A nil threshold was taken away.
type SettingsRecord struct {
	Rcpt       string                      `json:"rcpt,omitempty"`
	Weights    map[string]float64          `json:"weights,omitempty"`
	Symbols    map[string]SymbolChange     `json:"symbols,omitempty"`
	Groups     map[string]score.Group      `json:"groups,omitempty"`
	Composites map[string]*score.Composite `json:"composites,omitempty"`
	Thresholds map[actions.Action]*float64 `json:"thresholds,omitempty"`
	Disable    []string                    `json:"disable,omitempty"`
	Enable     []string                    `json:"enable,omitempty"`
	PassAll    bool                        `json:"pass_all,omitempty"`
	// Error says why settings could not be had.
	Error string `json:"error,omitempty"`
}

// A SeedRecord is a fact that the host knew.
type SeedRecord struct {
	Fact  string          `json:"fact"`
	Value json.RawMessage `json:"value"`
}

// transcriptVersion changes with the meaning of a Transcript.
const transcriptVersion = 1

// Replay repeats a recorded scan: no network, no store, the recorded time. It
// is an error (ErrReplay) when the Scanner's configuration differs from the
// one that recorded.
func (s *Scanner) Replay(ctx context.Context, t *Transcript) (*Result, error) {
	if t == nil || t.Version != transcriptVersion {
		return nil, fmt.Errorf("%w: not a transcript of version %d", ErrReplay, transcriptVersion)
	}
	if t.Config != s.digest {
		return nil, fmt.Errorf("%w: recorded under configuration %.12s, this is %.12s", ErrReplay, t.Config, s.digest)
	}
	var seeds []checks.Seeded
	for _, r := range t.Seeds {
		seed, err := s.plan.DecodeSeed(r.Fact, r.Value)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrReplay, err)
		}
		seeds = append(seeds, seed)
	}
	return s.scan(ctx, &Message{Envelope: t.Envelope, Body: FromBytes(t.Raw)}, seeds, t)
}

// source says where the scan takes time, draws, DNS and store from: from the
// outside, noting it if asked to, or from a transcript.
func (s *scan) source(m *Message, seeds []checks.Seeded, replay *Transcript) error {
	o := &s.scanner.opt
	s.state.Now, s.state.Seed = o.Clock().Round(0), o.Seed()
	s.dns = o.DNS
	if replay != nil {
		return s.rewind(replay)
	}
	if o.Store != nil {
		s.state.KV = s.direct
	}
	if !m.Record {
		return nil
	}
	s.record = &recorder{store: map[string]*callLog{}, outside: map[string]map[string]json.RawMessage{}}
	s.state.Outside = s.record.observe
	for _, seed := range seeds {
		v, err := json.Marshal(seed.Value())
		if err != nil {
			return fmt.Errorf("%w: seed %s can't be recorded: %w", ErrMessage, seed.Name(), err)
		}
		s.record.seeds = append(s.record.seeds, SeedRecord{seed.Name(), v})
	}
	if o.Store != nil {
		s.state.KV = s.record.kv(o.Store)
	}
	return nil
}

// rewind sets the scan to what the transcript says.
func (s *scan) rewind(t *Transcript) error {
	s.state.Now, s.state.Seed = t.Time, t.Seed
	if s.dns.Enabled() {
		s.dns.Resolver = t.DNS.Resolver()
	}
	if s.scanner.opt.Store != nil {
		s.state.KV = replayKV(t.Store)
	}
	s.state.Outside = func(c *checks.Check, name string, _ func() []byte) []byte { return t.Outside[c.Name][name] }
	s.cutOff = map[string]bool{}
	for _, name := range t.CutOff {
		s.cutOff[name] = true
	}
	s.cutCommits = map[string]bool{}
	for _, name := range t.CutCommits {
		s.cutCommits[name] = true
	}
	return nil
}

// A recorder notes what a scan takes from the outside.
type recorder struct {
	seeds []SeedRecord
	store map[string]*callLog

	mu      sync.Mutex
	outside map[string]map[string]json.RawMessage
}

// observe notes what a check sees of the world.
func (r *recorder) observe(c *checks.Check, name string, f func() []byte) []byte {
	v := f()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.outside[c.Name] == nil {
		r.outside[c.Name] = map[string]json.RawMessage{}
	}
	r.outside[c.Name][name] = v
	return v
}

// observed returns what the checks saw, for a transcript that later
// observations of checks that outlive the scan don't change.
func (r *recorder) observed() map[string]map[string]json.RawMessage {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.outside) == 0 {
		return nil
	}
	all := make(map[string]map[string]json.RawMessage, len(r.outside))
	for name, seen := range r.outside {
		all[name] = maps.Clone(seen)
	}
	return all
}

// transcript closes the record.
func (r *recorder) transcript(s *scan) *Transcript {
	t := &Transcript{
		Version: transcriptVersion, Config: s.scanner.digest, Time: s.state.Now, Seed: s.state.Seed,
		Envelope: *s.state.Message.Envelope(), Raw: s.state.Message.Raw(), Seeds: r.seeds,
		Settings: s.want.records(),
	}
	if s.session != nil {
		t.DNS = s.session.Recording()
	}
	t.Outside = r.observed()
	for name, log := range r.store {
		if t.Store == nil {
			t.Store = map[string][]StoreCall{}
		}
		t.Store[name] = log.all()
	}
	for _, i := range s.unfinished() {
		t.CutOff = append(t.CutOff, s.plan().Checks()[i].Name)
	}
	for _, c := range s.commits {
		if !c.ended {
			t.CutCommits = append(t.CutCommits, s.plan().Checks()[c.check].Name)
		}
	}
	return t
}

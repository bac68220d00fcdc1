package winnow

import (
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/exact"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/resolver"
	"github.com/winnowmail/winnow/score"
)

// A Transcript is everything that a scan depended on. With it the same scan can
// be repeated offline (Transcript.Replay) and gives the same Result apart from
// times. It contains the message.
//
// It is marshalled to JSON and back without loss. A string that is valid UTF-8
// stands there as it is, the message included; any other is written as
// "base64:" and its bytes in base64.
type Transcript struct {
	Version  int       `json:"version"`
	Config   string    `json:"config"` // digest of the Scanner's configuration
	Time     time.Time `json:"time"`
	Seed     uint64    `json:"seed,string"`
	Envelope mail.Envelope
	Raw      []byte `json:"raw"`
	// Settings are those of the message and its recipients; with nil Replay
	// asks the Scanner's Options.Settings.
	Settings []layerRecord      `json:"settings"`
	Seeds    []seedRecord       `json:"seeds,omitempty"`
	DNS      resolver.Recording `json:"dns,omitempty"`
	// Store holds the store's answers by check, in the order of its calls.
	Store map[string][]recordedCall `json:"store,omitempty"`
	// Outside holds what checks observed of the world, by check and name.
	Outside map[string]map[string]json.RawMessage `json:"outside,omitempty"`
	// CutOff names the checks that the deadline cut off. CutRunning names those
	// of them that were running at that time; nil, as in older transcripts,
	// means all of them.
	CutOff     []string `json:"cut_off,omitempty"`
	CutRunning []string `json:"cut_running,omitzero"`
	// DNSDown is Result.DNSDown.
	DNSDown bool `json:"dns_down,omitempty"`
	// CutCommits names the checks whose commits did not end in time.
	CutCommits []string `json:"cut_commits,omitempty"`
	// Unsearched tells that time was up before the addresses in the message,
	// which the Result's JSON lists, were looked for.
	Unsearched bool `json:"unsearched,omitempty"`
}

// A layerRecord is a layer of settings as it lay over the site's, for the
// message (Rcpt "") or for one recipient. A nil threshold was taken away.
type layerRecord struct {
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

// A seedRecord is a fact that the host knew.
type seedRecord struct {
	Fact  string          `json:"fact"`
	Value json.RawMessage `json:"value"`
}

// transcriptVersion changes with the meaning of a Transcript.
const transcriptVersion = 2

// MarshalJSON writes the transcript as one object.
func (t Transcript) MarshalJSON() ([]byte, error) {
	type Fields Transcript
	return exact.Marshal(struct {
		Fields
		Raw string `json:"raw"`
	}{Fields(t), string(t.Raw)})
}

// UnmarshalJSON reads what MarshalJSON wrote. A transcript of another version
// is an error that wraps ErrReplay.
func (t *Transcript) UnmarshalJSON(data []byte) error {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return fmt.Errorf("%w: %w", ErrReplay, err)
	}
	if err := versionError(head.Version); err != nil {
		return err
	}
	type Fields Transcript
	var w struct {
		Fields
		Raw string `json:"raw"`
	}
	if err := exact.Unmarshal(data, &w); err != nil {
		return fmt.Errorf("%w: %w", ErrReplay, err)
	}
	*t = Transcript(w.Fields)
	t.Raw = []byte(w.Raw)
	return nil
}

func versionError(v int) error {
	if v == transcriptVersion {
		return nil
	}
	return fmt.Errorf("%w: transcript has version %d, and this winnow reads version %d", ErrReplay, v, transcriptVersion)
}

// source says where the scan takes time, draws, DNS and store from: from the
// outside, noting it if asked to, or from a transcript.
func (s *scan) source(m *Message, seeds []checks.Seeded) error {
	o := &s.scanner.opt
	s.dns = o.DNS
	if s.rerun != nil {
		s.rewind(s.rerun)
		return nil
	}
	s.state.Now, s.state.Seed = o.Clock().Round(0).UTC(), o.Seed()
	record := m.Record || m.step
	if s.store = s.scanner.newScanStore(record, nil); s.store != nil {
		s.state.Store = s.store.of
	}
	if !record {
		return nil
	}
	s.record = &recorder{wanted: m.Record, outside: map[string]map[string]json.RawMessage{}}
	s.state.Outside = s.record.observe
	if !m.Record {
		return nil
	}
	return s.record.seed(seeds)
}

// seed notes facts that were known before the scan, if a transcript is wanted.
func (r *recorder) seed(seeds []checks.Seeded) error {
	if r == nil || !r.wanted {
		return nil
	}
	for _, seed := range seeds {
		v, err := exact.Marshal(seed.Value())
		if err != nil {
			return fmt.Errorf("%w: seed %s can't be recorded: %w", ErrMessage, seed.Name(), err)
		}
		r.seeds = append(r.seeds, seedRecord{seed.Name(), v})
	}
	return nil
}

// A recorder notes what a scan takes from the outside.
type recorder struct {
	wanted bool // a transcript is; else a later step of the session may want one
	seeds  []seedRecord

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

// inherit takes over what a check saw in an earlier step of a session.
func (r *recorder) inherit(prev *recorder, check string) {
	if r == nil || prev == nil {
		return
	}
	if seen := prev.observed()[check]; seen != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.outside[check] = seen
	}
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
		Settings: s.want.records(), Outside: r.observed(), Store: s.store.calls(),
		Unsearched: s.unsearched,
	}
	if s.session != nil {
		t.DNS = s.session.Recording()
	}
	t.DNSDown = s.dnsDown
	for _, i := range s.unfinished() {
		t.CutOff = append(t.CutOff, s.plan().Checks()[i].Name)
		if t.CutRunning == nil {
			t.CutRunning = []string{}
		}
		if s.results[i].ran {
			t.CutRunning = append(t.CutRunning, s.plan().Checks()[i].Name)
		}
	}
	for _, c := range s.commits {
		if !c.ended {
			t.CutCommits = append(t.CutCommits, s.plan().Checks()[c.check].Name)
		}
	}
	return t
}

package winnow

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/resolver"
)

// Replay repeats a recorded scan with s. It uses no network and no store, has
// no time limit but ctx, and takes the recorded time and random draws. The work
// that follows a scan (Options.After, Trace.ScanDone) does not follow a replay.
//
// Under the configuration that was recorded the Result is the same apart from
// times. Another configuration, which Result.OtherConfig reports, tries a new
// policy on past mail: checks, weights, thresholds and the site's layers are
// those of s. The recorded settings of the message and its recipients still
// apply, unless Transcript.Settings is nil: then Options.Settings of s is
// asked. Settings that name something that s does not know do not hold, and
// Result.Incomplete says so. Where s asks something that the recorded scan did
// not, Result.Unrecorded names it: a DNS question or a call of the store then
// fails as if nobody had answered, and checks.Observe reports that there is
// nothing. A check that was cut off in the recorded scan is cut off again.
//
// An error that wraps ErrReplay tells that the transcript cannot be used at
// all.
func (t *Transcript) Replay(ctx context.Context, s *Scanner) (*Result, error) {
	if t == nil {
		return nil, fmt.Errorf("%w: nil transcript", ErrReplay)
	}
	if err := versionError(t.Version); err != nil {
		return nil, err
	}
	r := &rerun{t: t, other: t.Config != s.digest}
	var seeds []checks.Seeded
	for _, rec := range t.Seeds {
		seed, err := s.plan.DecodeSeed(rec.Fact, rec.Value)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrReplay, err)
		}
		seeds = append(seeds, seed)
	}
	return s.scan(ctx, &Message{Envelope: t.Envelope, Body: FromBytes(t.Raw)}, seeds, r)
}

// A rerun is a replay in progress.
type rerun struct {
	t     *Transcript
	other bool // under another configuration than the recorded one

	mu      sync.Mutex
	missing []string // sorted
	more    bool     // there were more than maxUnrecorded
}

// maxUnrecorded bounds Result.Unrecorded.
const maxUnrecorded = 100

// miss notes what is not in the transcript. Of too many the first by the order
// of their text stay, so that the list does not depend on timing.
func (r *rerun) miss(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, there := slices.BinarySearch(r.missing, what)
	if there {
		return
	}
	r.missing = slices.Insert(r.missing, i, what)
	if len(r.missing) > maxUnrecorded {
		r.missing, r.more = r.missing[:maxUnrecorded], true
	}
}

// unrecorded returns what was missed.
func (r *rerun) unrecorded() []string {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	out := slices.Clone(r.missing)
	if r.more {
		out = append(out, "…")
	}
	return out
}

// rewind sets the scan to what the transcript says.
func (s *scan) rewind(r *rerun) {
	t := r.t
	s.state.Now, s.state.Seed = t.Time, t.Seed
	if s.dns.Enabled() {
		s.dns.Resolver = t.DNS.Replay(func(q resolver.Question) { r.miss("DNS: " + q.String()) })
	}
	if s.store = s.scanner.newScanStore(false, r); s.store != nil {
		s.state.Store = s.store.of
	}
	s.state.Outside = func(c *checks.Check, name string, _ func() []byte) []byte {
		seen, ok := t.Outside[c.Name][name]
		if !ok {
			r.miss(fmt.Sprintf("outside: check %s: %s", c.Name, name))
			return nil
		}
		return seen
	}
	s.cutOff, s.cutCommits = s.cut(t.CutOff), s.cut(t.CutCommits)
}

// ran reports whether a check that was cut off ran by then.
func (r *rerun) ran(check string) bool {
	return r.t.CutRunning == nil || slices.Contains(r.t.CutRunning, check)
}

// cut notes which checks of a transcript were cut off.
func (s *scan) cut(names []string) map[string]bool {
	cut := map[string]bool{}
	for _, name := range names {
		cut[name] = true
		if !slices.ContainsFunc(s.plan().Checks(), func(c *checks.Check) bool { return c.Name == name }) {
			s.rerun.miss("check: " + name + " was cut off")
		}
	}
	return cut
}

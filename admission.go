package winnow

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

// Admission bounds how much is in work at once. A message for which there is no
// room waits until its context ends. Messages are admitted in the order in
// which they came: shorter ones do not overtake a long one. A Scanner shares
// its bounds with the Scanners that are derived from it, and a Live keeps them
// for every Scanner that it puts in force.
//
// Scan, and a Session at Data, admit a message before they read the first byte
// of its reader. The steps of a Session before DATA do not count, and neither
// do Results that the host keeps.
type Admission struct {
	// Scans is how many messages may be scanned at once; 0 means no bound.
	Scans int
	// Bytes is the memory that all messages in work may take; 0 means no bound.
	// Each counts as three times its size and 16 MiB more. Where the Body does
	// not tell its size, Limits.Size stands for it. Messages in the queues of
	// Options.After count as three times their size. One scan may always run: a
	// message that is too long for Bytes is scanned alone.
	Bytes int64
}

// ErrBusy tells that the context ended before the message was admitted. The
// error wraps the context's error as well.
var ErrBusy = errors.New("winnow: busy")

// AdmissionStat is what Admission counts at present.
type AdmissionStat struct {
	Scans   int   // messages in work
	Bytes   int64 // reserved for them and for the queues of Options.After
	Waiting int   // messages that wait to be admitted
}

// AdmissionStats returns what is in work under the bounds that s shares with
// other Scanners.
func (s *Scanner) AdmissionStats() AdmissionStat { return s.gate.Load().stats() }

func (a Admission) valid() error {
	if a.Scans < 0 || a.Bytes < 0 {
		return fmt.Errorf("Admission: negative (Scans %d, Bytes %d)", a.Scans, a.Bytes)
	}
	return nil
}

// scanCost is what a scan may take beside what grows with the message.
const scanCost = 16 << 20

// worstCase is the memory that a message of a size is reckoned with.
func worstCase(size int64) int64 { return scanCost + 3*min(size, math.MaxInt64/8) }

// A gate admits messages.
type gate struct {
	mu     sync.Mutex
	bounds Admission
	scans  int
	bytes  int64
	queue  []*waiter
}

type waiter struct {
	bytes    int64
	admitted chan struct{} // closed when it is
}

// A reservation is what one message was admitted with.
type reservation struct {
	gate  *gate
	bytes int64
}

// admit waits for room.
func (g *gate) admit(ctx context.Context, bytes int64) (*reservation, error) {
	r := &reservation{g, bytes}
	g.mu.Lock()
	if len(g.queue) == 0 && g.fits(bytes) {
		g.take(bytes)
		g.mu.Unlock()
		return r, nil
	}
	w := &waiter{bytes, make(chan struct{})}
	g.queue = append(g.queue, w)
	g.mu.Unlock()
	select {
	case <-w.admitted:
		return r, nil
	case <-ctx.Done():
		g.leave(w)
		return nil, fmt.Errorf("%w: %w", ErrBusy, context.Cause(ctx))
	}
}

// fits reports whether there is room; the lock is held.
func (g *gate) fits(bytes int64) bool {
	if g.scans == 0 {
		return true
	}
	b := g.bounds
	return (b.Scans == 0 || g.scans < b.Scans) && (b.Bytes == 0 || bytes <= b.Bytes-g.bytes)
}

func (g *gate) take(bytes int64) {
	g.scans++
	g.bytes += bytes
}

// leave takes out one that waits, or what it was just admitted with.
func (g *gate) leave(w *waiter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.queue, w); i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
	} else {
		g.scans--
		g.bytes -= w.bytes
	}
	g.next()
}

// next admits whom there is room for, in order; the lock is held.
func (g *gate) next() {
	for len(g.queue) > 0 && g.fits(g.queue[0].bytes) {
		w := g.queue[0]
		g.queue = slices.Delete(g.queue, 0, 1)
		g.take(w.bytes)
		close(w.admitted)
	}
}

// add changes the bytes in use, by force where they grow.
func (g *gate) add(bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bytes += bytes
	g.next()
}

// bound sets other bounds; what is in work stays.
func (g *gate) bound(b Admission) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bounds = b
	g.next()
}

func (g *gate) stats() AdmissionStat {
	g.mu.Lock()
	defer g.mu.Unlock()
	return AdmissionStat{Scans: g.scans, Bytes: g.bytes, Waiting: len(g.queue)}
}

// resize gives back what turned out not to be needed.
func (r *reservation) resize(bytes int64) {
	r.gate.add(bytes - r.bytes)
	r.bytes = bytes
}

func (r *reservation) release() {
	if r == nil {
		return
	}
	r.gate.mu.Lock()
	defer r.gate.mu.Unlock()
	r.gate.scans--
	r.gate.bytes -= r.bytes
	r.gate.next()
}

// admit waits until a message may be scanned.
func (s *Scanner) admit(ctx context.Context, m *Message) (*reservation, error) {
	return s.gate.Load().admit(ctx, worstCase(m.Body.announced(s.maxSize)))
}

// fetch reads the Body of an admitted message.
func (s *Scanner) fetch(m *Message, r *reservation) error {
	raw, err := m.Body.read(s.maxSize)
	if err != nil {
		return err
	}
	m.Body = FromBytes(raw)
	r.resize(worstCase(min(int64(len(raw)), s.maxSize)))
	return nil
}

// A hold is what a message in queues of Options.After takes, however many
// these are.
type hold struct {
	gate  *gate
	bytes int64
	users atomic.Int32
}

func (s *Scanner) newHold(raw []byte) *hold {
	return &hold{gate: s.gate.Load(), bytes: 3 * int64(len(raw))}
}

func (h *hold) take() {
	if h.users.Add(1) == 1 {
		h.gate.add(h.bytes)
	}
}

func (h *hold) drop() {
	if h.users.Add(-1) == 0 {
		h.gate.add(-h.bytes)
	}
}

package bayes

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/storage"
)

const (
	// DefaultRecentAge and DefaultRecentBytes bound what is kept of recent scans.
	DefaultRecentAge   = 30 * 24 * time.Hour
	DefaultRecentBytes = 1 << 30
	// DefaultRecentEvery is how often it is written.
	DefaultRecentEvery = 5 * time.Second
	// DefaultUnsureBytes bounds the list of unsure mails: about 5,000.
	DefaultUnsureBytes = 1 << 20

	batchScans = 128       // that are written at once, without waiting for the time
	batchBytes = 512 << 10 // of one batch
	maxWaiting = 1024      // scans that wait for a store that is down
	lastWrite  = 5 * time.Second
)

// RecentOptions say what is kept of recent scans. A lesson that names one by its id
// then learns what was seen in the scan, and mails that the Learner is unsure of are
// listed for people who may label them.
//
// What is kept of a mail is its features, which nobody turns back into words, its
// digest, its Message-ID and queue ID, and whom it was for; of an unsure one the
// addresses of From and the subject as well. Scans never wait for it: what is not
// written yet is in memory, and is lost when the process dies; when the store is
// down, the oldest of 1,024 go (RecentStats). A batch is stored as a whole or not at
// all. A store that is full loses half of the recent scans.
type RecentOptions struct {
	// Store keeps it; nil means Options.Store.
	Store storage.Log
	// Age and Bytes bound what is kept; the oldest goes first. 0 means the default;
	// with a negative Age nothing is kept and listed.
	Age   time.Duration
	Bytes int64
	// Every is how often what came is written; 0 means DefaultRecentEvery.
	Every time.Duration
	// UnsureBytes bounds the list of unsure mails; 0 means DefaultUnsureBytes, a
	// negative one that there is none.
	UnsureBytes int64
	// Anonymous leaves From and the subject out of the list of unsure mails.
	Anonymous bool
}

func (o *RecentOptions) withDefaults(store Store) error {
	if o.Store == nil {
		o.Store = store
	}
	if o.Age == 0 {
		o.Age = DefaultRecentAge
	}
	if o.Bytes == 0 {
		o.Bytes = DefaultRecentBytes
	}
	if o.Every == 0 {
		o.Every = DefaultRecentEvery
	}
	if o.UnsureBytes == 0 {
		o.UnsureBytes = DefaultUnsureBytes
	}
	if o.Bytes < 0 || o.Every < 0 {
		return errors.New("bayes: Recent.Bytes and Recent.Every can't be negative")
	}
	return nil
}

// A Seen is what is kept of a scan.
type Seen struct {
	Message            string // its Digest
	QueueID, MessageID string // "" where there is none
	Time               time.Time
	User               string
	Features           fused.Features // without a user
	LogOdds            float64
	From, Subject      string // of an unsure mail
}

// Unsure reports whether a label of the mail is worth asking for.
func (s *Seen) Unsure() bool { return s.LogOdds > -unsure && s.LogOdds < unsure }

// unsure is up to what log-odds, of either sign, a mail is unsure.
const unsure = 2

// names reports whether the id is one of the scan's.
func (s *Seen) names(id string) bool {
	return id != "" && (id == s.Message || id == s.QueueID || id == s.MessageID)
}

// recents are the scans that are not written yet.
type recents struct {
	mu      sync.Mutex
	waiting []Seen
	gone    int // scans that have left waiting since the start
	stats   RecentStats

	kick    chan struct{} // has a token when there is enough for a batch
	writing chan struct{} // has a token while batches are written
	batches int           // that the holder of writing wrote; its is the encoder too
	encoder fused.Encoder
}

// RecentStats tell what became of the scans that were to be kept.
type RecentStats struct {
	Written, Lost int64
	Waiting       int
}

// RecentStats returns what became of the scans that were to be kept.
func (l *Learner) RecentStats() RecentStats {
	r := &l.recent
	r.mu.Lock()
	defer r.mu.Unlock()
	st := r.stats
	st.Waiting = len(r.waiting)
	return st
}

// Keep keeps a scan. It does not wait for the store.
func (l *Learner) Keep(s Seen) {
	if l.opt.Recent.Age < 0 || l.model.Load() == nil {
		return
	}
	if l.opt.Recent.Anonymous {
		s.From, s.Subject = "", ""
	}
	r := &l.recent
	r.mu.Lock()
	r.waiting = append(r.waiting, s)
	if len(r.waiting) > maxWaiting {
		r.take(1)
		r.stats.Lost++
	}
	full := len(r.waiting) >= batchScans
	r.mu.Unlock()
	if full {
		select {
		case r.kick <- struct{}{}:
		default:
		}
	}
}

// take removes the oldest scans that wait.
func (r *recents) take(n int) {
	clear(r.waiting[:n])
	r.waiting = r.waiting[n:]
	r.gone += n
}

// Flush writes what waits.
func (l *Learner) Flush(ctx context.Context) error {
	r := &l.recent
	select {
	case r.writing <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-r.writing }()
	for {
		r.mu.Lock()
		from := r.gone
		batch := append([]Seen(nil), r.waiting[:min(len(r.waiting), batchScans)]...)
		r.mu.Unlock()
		if len(batch) == 0 {
			return nil
		}
		n, err := l.write(ctx, batch)
		if errors.Is(err, storage.ErrFull) {
			// Lessons need the room more.
			name := l.key("recent")
			if state, stateErr := l.opt.Recent.Store.LogState(ctx, name); stateErr == nil {
				err = errors.Join(err, trimTo(ctx, l.opt.Recent.Store, name, time.Time{}, state.Bytes/2))
			}
		}
		if err != nil {
			return fmt.Errorf("bayes: recent scans: %w", err)
		}
		r.mu.Lock()
		if still := from + n - r.gone; still > 0 {
			r.take(still)
		}
		r.stats.Written += int64(n)
		r.mu.Unlock()
	}
}

// write stores the first scans of a list as one batch and returns how many these
// are: the features first, then where they are found. A process that dies in
// between leaves features that nobody finds.
func (l *Learner) write(ctx context.Context, list []Seen) (n int, err error) {
	store := l.opt.Recent.Store
	data := append(make([]byte, 0, min(batchBytes, len(list)<<12)), batchHead(l.model.Load().Kind())...)
	var keys []byte
	var doubtful []Unsure
	for n < len(list) && (n == 0 || len(data) < batchBytes) {
		s := &list[n]
		data = appendSeen(data, s, &l.recent.encoder)
		keys = appendKeys(keys, s)
		if s.Unsure() {
			doubtful = append(doubtful, unsureOf(s))
		}
		n++
	}
	if len(data) <= storage.MaxValue { // else it was one huge mail
		seq, err := store.Append(ctx, l.key("recent"), "", data)
		if err != nil {
			return 0, err
		}
		if _, err := store.Append(ctx, l.key("recent-ids"), "", appendIndex(nil, seq, keys)); err != nil {
			return 0, err
		}
	}
	if err := l.list(ctx, doubtful); err != nil {
		return 0, err
	}
	if l.recent.batches++; l.recent.batches%trimEvery == 1 {
		err = l.trimRecent(ctx)
	}
	return n, err
}

// trimEvery is how many batches are written between trims.
const trimEvery = 8

// trimRecent removes what is too old or too much.
func (l *Learner) trimRecent(ctx context.Context) error {
	o := &l.opt.Recent
	before := l.opt.Clock().Add(-o.Age)
	return errors.Join(
		trimTo(ctx, o.Store, l.key("recent"), before, o.Bytes),
		trimTo(ctx, o.Store, l.key("recent-ids"), before, max(o.Bytes/32, 1)), // of ids there is less to a mail
		trimTo(ctx, o.Store, l.key("unsure"), before, o.UnsureBytes),
	)
}

// trimTo removes from a log what is older than a time, and then the oldest entries
// until about so many bytes are left.
func trimTo(ctx context.Context, store storage.Log, name string, before time.Time, bytes int64) error {
	state, err := store.LogState(ctx, name)
	if err != nil {
		return err
	}
	t := storage.Trim{Before: before}
	if n := state.Next - state.First; state.Bytes > bytes && n > 0 {
		t.Keep = max(1, int(float64(n)*float64(bytes)/float64(state.Bytes)))
	}
	_, err = store.TrimLog(ctx, name, t)
	return err
}

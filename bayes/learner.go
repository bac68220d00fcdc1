package bayes

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/storage"
)

const (
	// MinLessons is how many lessons of each class a Learner has to have had
	// before its word counts.
	MinLessons = fused.FirstLessons
	// DefaultSnapshotEvery is how many events a snapshot is away from the next.
	DefaultSnapshotEvery = 200
	// DefaultPoll is how often the journal is read for what others learned.
	DefaultPoll = 5 * time.Second
	// minTokens and minGrams are the least that a message teaches by.
	minTokens, minGrams = 11, 40
)

// A Store is what a Learner needs of a store.
type Store interface {
	storage.KV
	storage.Log
}

// Options configure a Learner.
type Options struct {
	// Store keeps what is learned; it stays the caller's to close.
	Store Store
	// Name tells Learners in one store apart; "" means "main".
	Name string
	// Users makes every feature count once for all and once for the user whom
	// the message is for.
	Users bool
	// Windows has parts of a text judged by themselves, against spam that whole
	// harmless messages are pasted to; it takes 1 MiB and two thirds more time. All
	// Learners of one store and name must have the same. Where it is switched on
	// later, it knows nothing at first.
	Windows bool
	// Prior is what is known before the first lesson; nil: nothing. bayes/prior
	// has one. Until enough is learned it is no more than a hint: see Judgement.
	//
	// What was learned belongs to its prior: Open refuses another with ErrPrior.
	// All Learners of one store and name must have the same.
	Prior *fused.Prior
	// ChangePrior lets Open take another prior than the one before, from then on.
	// What was learned stays; the new prior is read where nothing was.
	ChangePrior bool
	// SnapshotEvery is the number of events between snapshots; 0 means
	// DefaultSnapshotEvery.
	SnapshotEvery int
	// Poll is how often the journal is read for what other processes learned; 0
	// means DefaultPoll, a negative one never.
	Poll time.Duration
	// Recent says what is kept of recent scans.
	Recent RecentOptions
	// Clock gives the time of lessons; nil means time.Now.
	Clock func() time.Time
	// Log receives warnings about damaged snapshots and a store that fails.
	Log *slog.Logger

	bits int // of tests' tables, which are small
}

// tableBits is the size of the tables as a binary logarithm.
func (o *Options) tableBits() int {
	switch {
	case o.bits > 0:
		return o.bits
	case o.Users:
		return fused.UserBits
	}
	return fused.DefaultBits
}

// A Learner is a model with its journal. It is safe for concurrent use.
type Learner struct {
	opt   Options
	model atomic.Pointer[fused.Model] // nil until the store was read; a snapshot replaces its tables as a whole

	gate   chan struct{} // has a token while a lesson is in work; guards what follows
	tables *fused.Model  // what model is when all was read
	next   uint64        // number of the journal's next entry
	last   sum           // of the entry that was applied last, none if that is not known
	since  int           // entries since the latest snapshot
	turn   int           // which snapshot is written next
	marks  [2]uint64     // of the snapshots, 0 unknown
	swept  [2]bool       // snapshots that were left unfinished have been removed

	recent  recents
	applied atomic.Uint64 // entries of the journal
	resets  atomic.Pointer[resets]
	why     atomic.Pointer[error] // why there is no model
	stop    func()
	done    chan struct{}
}

// Open reads what was learned. The Learner follows the journal until Close.
//
// A store that does not answer is no error: the Learner then knows nothing (Ready
// says why), lessons fail, and it asks again every Poll and with each lesson. An
// error says that what is in the store does not fit Options.
func Open(ctx context.Context, o Options) (*Learner, error) {
	if o.Store == nil {
		return nil, errors.New("bayes: Options.Store is nil")
	}
	if o.Name == "" {
		o.Name = "main"
	}
	if o.SnapshotEvery == 0 {
		o.SnapshotEvery = DefaultSnapshotEvery
	}
	if o.SnapshotEvery < 0 {
		return nil, fmt.Errorf("bayes: a snapshot every %d events", o.SnapshotEvery)
	}
	if o.Poll == 0 {
		o.Poll = DefaultPoll
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := o.Recent.withDefaults(o.Store); err != nil {
		return nil, err
	}
	l := &Learner{opt: o, gate: make(chan struct{}, 1), done: make(chan struct{})}
	l.recent.kick, l.recent.writing = make(chan struct{}, 1), make(chan struct{}, 1)
	if err := l.begin(ctx); err != nil && !mayHeal(ctx, err) {
		return nil, err
	}
	ctx, l.stop = context.WithCancel(context.Background())
	go l.follow(ctx)
	return l, nil
}

// Close writes what is to be kept of recent scans, for five seconds at most, and
// stops following the journal. The error is that of writing. Lessons after it are
// still learned.
func (l *Learner) Close() error {
	l.stop()
	<-l.done
	ctx, cancel := context.WithTimeout(context.Background(), lastWrite)
	defer cancel()
	return l.Flush(ctx)
}

// key is the name of something of this Learner in the store. Tables for all and
// tables with users have nothing in common.
func (l *Learner) key(what string) string {
	if l.opt.Users {
		return "bayes/" + l.opt.Name + "/users/" + what
	}
	return "bayes/" + l.opt.Name + "/" + what
}

// seed returns the installation's hash seed, which the first Learner draws.
func (l *Learner) seed(ctx context.Context) (uint64, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return 0, fmt.Errorf("bayes: seed: %w", err)
	}
	was, err := l.opt.Store.Add(ctx, l.key("seed"), b[:], 0)
	switch {
	case err != nil:
		return 0, fmt.Errorf("bayes: seed: %w", err)
	case was == nil:
		return binary.LittleEndian.Uint64(b[:]), nil
	case len(was) != 8:
		return 0, fmt.Errorf("%w: %s holds %d bytes, not a seed", errStored, l.key("seed"), len(was))
	}
	return binary.LittleEndian.Uint64(was), nil
}

package bayes

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/winnowmail/winnow/bayes/fused"
	"github.com/winnowmail/winnow/mail"
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
	// Log receives warnings about damaged snapshots and a store that fails.
	Log *slog.Logger
}

// A Learner is a model with its journal. It is safe for concurrent use.
type Learner struct {
	opt   Options
	model *fused.Model // its tables are replaced as a whole by a snapshot

	mu    sync.Mutex // one lesson at a time; guards what follows
	next  uint64     // number of the journal's next entry
	since int        // entries since the latest snapshot
	turn  int        // which snapshot is written next
	marks [2]uint64  // of the snapshots, 0 unknown

	stop func()
	done chan struct{}
}

// Open reads what was learned. The Learner follows the journal until Close.
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
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	l := &Learner{opt: o, next: 1, done: make(chan struct{})}
	seed, err := l.seed(ctx)
	if err != nil {
		return nil, err
	}
	earlier, err := l.settlePrior(ctx)
	if err != nil {
		return nil, err
	}
	bits := fused.DefaultBits
	if o.Users {
		bits = fused.UserBits
	}
	if l.model, err = fused.New(fused.Options{Seed: seed, Bits: bits, Prior: o.Prior, Earlier: earlier}); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.load(ctx); err != nil {
		return nil, err
	}
	if err := l.catchUp(ctx); err != nil {
		return nil, err
	}
	ctx, l.stop = context.WithCancel(context.Background())
	go l.follow(ctx)
	return l, nil
}

// Close stops following the journal.
func (l *Learner) Close() error {
	l.stop()
	<-l.done
	return nil
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
		return 0, fmt.Errorf("bayes: %s holds %d bytes, not a seed", l.key("seed"), len(was))
	}
	return binary.LittleEndian.Uint64(was), nil
}

// A Judgement is what a Learner thinks of a message.
type Judgement struct {
	fused.Verdict
	// Enough is false while too few messages of a class are known; the
	// probability is no more than a hint then.
	Enough bool
	// Prior is the probability of spam that Options.Prior gives by itself, 0 once
	// Enough or if it knows nothing of the message. It ranks mail from the first
	// day on, but one half is not where its spam and this mail's ham part.
	Prior float64
}

// Features are those of a message; raised names the symbols of the scan before
// statistics, user whom the message is for, "" if that is not one person.
func (l *Learner) Features(m *mail.Message, raised []string, user string) fused.Features {
	if !l.opt.Users {
		user = ""
	}
	return l.model.Features(m, raised, user)
}

// Judge returns what the Learner thinks of features. It asks no store.
func (l *Learner) Judge(f fused.Features) Judgement {
	v := l.model.Classify(f)
	j := Judgement{Verdict: v, Enough: min(v.Ham, v.Spam) >= MinLessons}
	if !j.Enough {
		if m := f.PriorLogOdds(); m != 0 {
			j.Prior = 1 / (1 + math.Exp(-m))
		}
	}
	return j
}

// Stats tell what a Learner knows.
type Stats struct {
	Ham, Spam int    // lessons of each class, without later ones that were known already
	Events    uint64 // of the journal, applied
}

// Stats returns what the Learner knows.
func (l *Learner) Stats() Stats {
	v := l.model.Classify(fused.Features{})
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{Ham: v.Ham, Spam: v.Spam, Events: l.next - 1}
}

// follow applies what other processes learn.
func (l *Learner) follow(ctx context.Context) {
	defer close(l.done)
	if l.opt.Poll < 0 {
		return
	}
	t := time.NewTicker(l.opt.Poll)
	defer t.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		l.mu.Lock()
		err := l.catchUp(ctx)
		l.mu.Unlock()
		if err != nil && !failed && ctx.Err() == nil {
			l.opt.Log.Warn("what others learned can't be read", "error", err)
		}
		failed = err != nil
	}
}

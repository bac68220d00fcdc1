// Package statetest has what tests of checks with a memory share: a store that
// fails, hangs and comes back, and a process that is killed over a bolt file.
package statetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// A State is how a Store is.
type State int32

// The states. A store that is Dead fails at once, one that is Slow does not
// answer before its caller gives up.
const (
	Up State = iota
	Dead
	Slow
)

// ErrDead is what a store that is Dead says.
var ErrDead = errors.New("the store is dead")

// A Store can fail. It counts the calls of it, which are the trips of a scan, and
// knows what each was.
type Store struct {
	storage.Store
	Calls atomic.Int64
	state atomic.Int32

	mu    sync.Mutex
	trips []string
}

// Wrap makes a Store of another one.
func Wrap(s storage.Store) *Store { return &Store{Store: s} }

// Seed gives a Learner of a store, with users and without, a fixed hash seed, so
// that what collides in its tables is the same in each run.
func Seed(t testing.TB, s storage.Store) {
	t.Helper()
	for _, key := range []string{"bayes/main/seed", "bayes/main/users/seed"} {
		if err := s.Set(t.Context(), key, []byte("8 bytes."), 0); err != nil {
			t.Fatal(err)
		}
	}
}

// Be changes how the store is.
func (s *Store) Be(state State) { s.state.Store(int32(state)) }

// Trips returns what the calls were since it was last called: methods, with "+"
// between those that went together, sorted.
func (s *Store) Trips() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	trips := s.trips
	s.trips = nil
	return trips
}

func (s *Store) gate(ctx context.Context, methods ...string) error {
	s.Calls.Add(1)
	slices.Sort(methods)
	s.mu.Lock()
	s.trips = append(s.trips, strings.Join(methods, "+"))
	s.mu.Unlock()
	switch State(s.state.Load()) {
	case Dead:
		return ErrDead
	case Slow:
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// Get implements storage.KV.
func (s *Store) Get(ctx context.Context, key string) ([]byte, error) {
	if err := s.gate(ctx, "Get"); err != nil {
		return nil, err
	}
	return s.Store.Get(ctx, key)
}

// GetMany implements storage.KV.
func (s *Store) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	if err := s.gate(ctx, "GetMany"); err != nil {
		return nil, err
	}
	return s.Store.GetMany(ctx, keys)
}

// Set implements storage.KV.
func (s *Store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := s.gate(ctx, "Set"); err != nil {
		return err
	}
	return s.Store.Set(ctx, key, value, ttl)
}

// Add implements storage.KV.
func (s *Store) Add(ctx context.Context, key string, value []byte, ttl time.Duration) ([]byte, error) {
	if err := s.gate(ctx, "Add"); err != nil {
		return nil, err
	}
	return s.Store.Add(ctx, key, value, ttl)
}

// CompareAndSwap implements storage.KV.
func (s *Store) CompareAndSwap(ctx context.Context, key string, old, value []byte, ttl time.Duration) (bool, error) {
	if err := s.gate(ctx, "CompareAndSwap"); err != nil {
		return false, err
	}
	return s.Store.CompareAndSwap(ctx, key, old, value, ttl)
}

// Increment implements storage.KV.
func (s *Store) Increment(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	if err := s.gate(ctx, "Increment"); err != nil {
		return 0, err
	}
	return s.Store.Increment(ctx, key, delta, ttl)
}

// Delete implements storage.KV.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	if err := s.gate(ctx, "Delete"); err != nil {
		return err
	}
	return s.Store.Delete(ctx, keys...)
}

// Scan implements storage.KV.
func (s *Store) Scan(ctx context.Context, prefix, cursor string, n int) (keys []string, next string, err error) {
	if err := s.gate(ctx, "Scan"); err != nil {
		return nil, "", err
	}
	return s.Store.Scan(ctx, prefix, cursor, n)
}

// SetMany implements storage.ManySetter.
func (s *Store) SetMany(ctx context.Context, values []storage.Value, ttl time.Duration) error {
	if err := s.gate(ctx, "SetMany"); err != nil {
		return err
	}
	return storage.SetMany(ctx, s.Store, values, ttl)
}

// Rank implements storage.Ranked.
func (s *Store) Rank(ctx context.Context, set, member string, score float64, keep int, ttl time.Duration) error {
	return s.RankMany(ctx, []storage.Ranking{{Set: set, Member: member, Score: score, Keep: keep, TTL: ttl}})
}

// RankOf implements storage.Ranked.
func (s *Store) RankOf(ctx context.Context, set, member string) (float64, error) {
	if err := s.gate(ctx, "RankOf"); err != nil {
		return 0, err
	}
	return s.Store.RankOf(ctx, set, member)
}

// RankMany implements storage.ManyRanker.
func (s *Store) RankMany(ctx context.Context, rs []storage.Ranking) error {
	if err := s.gate(ctx, "RankMany"); err != nil {
		return err
	}
	return storage.RankMany(ctx, s.Store, rs)
}

// RanksOf implements storage.ManyRanker.
func (s *Store) RanksOf(ctx context.Context, of []storage.MemberOf) ([]storage.Member, error) {
	if err := s.gate(ctx, "RanksOf"); err != nil {
		return nil, err
	}
	return storage.RanksOf(ctx, s.Store, of)
}

// TakeAll implements storage.Buckets.
func (s *Store) TakeAll(ctx context.Context, claims []storage.Claim, now time.Time) ([]storage.Bucket, error) {
	if err := s.gate(ctx, "TakeAll"); err != nil {
		return nil, err
	}
	return s.Store.TakeAll(ctx, claims, now)
}

// Settle implements storage.Buckets.
func (s *Store) Settle(ctx context.Context, ss []storage.Settlement, now time.Time) error {
	if err := s.gate(ctx, "Settle"); err != nil {
		return err
	}
	return s.Store.Settle(ctx, ss, now)
}

// Observed implements storage.Averages.
func (s *Store) Observed(ctx context.Context, of []storage.SeriesOf) ([]storage.Series, error) {
	if err := s.gate(ctx, "Observed"); err != nil {
		return nil, err
	}
	return s.Store.Observed(ctx, of)
}

// Observe implements storage.Averages.
func (s *Store) Observe(ctx context.Context, obs []storage.Observation, now time.Time) error {
	if err := s.gate(ctx, "Observe"); err != nil {
		return err
	}
	return s.Store.Observe(ctx, obs, now)
}

// Push implements storage.Recent.
func (s *Store) Push(ctx context.Context, list string, item []byte, keep int) error {
	if err := s.gate(ctx, "Push"); err != nil {
		return err
	}
	return s.Store.Push(ctx, list, item, keep)
}

// Append implements storage.Log.
func (s *Store) Append(ctx context.Context, log, id string, data []byte) (uint64, error) {
	if err := s.gate(ctx, "Append"); err != nil {
		return 0, err
	}
	return s.Store.Append(ctx, log, id, data)
}

// LogState implements storage.Log.
func (s *Store) LogState(ctx context.Context, log string) (storage.LogState, error) {
	if err := s.gate(ctx, "LogState"); err != nil {
		return storage.LogState{}, err
	}
	return s.Store.LogState(ctx, log)
}

// Lesson implements storage.Tokens.
func (s *Store) Lesson(ctx context.Context, table, message string) (string, error) {
	if err := s.gate(ctx, "Lesson"); err != nil {
		return "", err
	}
	return s.Store.Lesson(ctx, table, message)
}

// LessonAs implements storage.AliasReader.
func (s *Store) LessonAs(ctx context.Context, table, message string, aliases []string) (string, error) {
	if err := s.gate(ctx, "LessonAs"); err != nil {
		return "", err
	}
	return storage.LessonAs(ctx, s.Store, table, message, aliases)
}

// Counts implements storage.Tokens.
func (s *Store) Counts(ctx context.Context, table string, ids []uint64) (storage.Counts, error) {
	if err := s.gate(ctx, "Counts"); err != nil {
		return storage.Counts{}, err
	}
	return s.Store.Counts(ctx, table, ids)
}

// Batch implements storage.Batcher.
func (s *Store) Batch(ctx context.Context, calls []storage.Call) {
	var methods []string
	for _, c := range calls {
		name := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", c), "*storage."), "Call")
		methods = append(methods, methodOf(name))
	}
	if err := s.gate(ctx, methods...); err != nil {
		for _, c := range calls {
			c.Fail(err)
		}
		return
	}
	for _, c := range calls {
		storage.Alone(ctx, s.Store, c)
	}
}

// methodOf is the method that a call of package storage makes.
func methodOf(call string) string {
	switch call {
	case "Get", "Set", "Rank":
		return call + "Many"
	case "Take":
		return "TakeAll"
	case "Ranks":
		return "RanksOf"
	}
	return call
}

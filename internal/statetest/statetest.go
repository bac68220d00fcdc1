// Package statetest has what tests of checks with a memory share: a store that
// fails, hangs and comes back, and a process that is killed over a bolt file.
package statetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/bolt"
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

// A Store can fail. It counts the calls of it, which are the trips of a scan.
type Store struct {
	storage.Store
	Calls atomic.Int64
	state atomic.Int32
}

// Wrap makes a Store of another one.
func Wrap(s storage.Store) *Store { return &Store{Store: s} }

// Be changes how the store is.
func (s *Store) Be(state State) { s.state.Store(int32(state)) }

func (s *Store) gate(ctx context.Context) error {
	s.Calls.Add(1)
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
	if err := s.gate(ctx); err != nil {
		return nil, err
	}
	return s.Store.Get(ctx, key)
}

// GetMany implements storage.KV.
func (s *Store) GetMany(ctx context.Context, keys []string) ([][]byte, error) {
	if err := s.gate(ctx); err != nil {
		return nil, err
	}
	return s.Store.GetMany(ctx, keys)
}

// Set implements storage.KV.
func (s *Store) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := s.gate(ctx); err != nil {
		return err
	}
	return s.Store.Set(ctx, key, value, ttl)
}

// Add implements storage.KV.
func (s *Store) Add(ctx context.Context, key string, value []byte, ttl time.Duration) ([]byte, error) {
	if err := s.gate(ctx); err != nil {
		return nil, err
	}
	return s.Store.Add(ctx, key, value, ttl)
}

// SetMany implements storage.ManySetter.
func (s *Store) SetMany(ctx context.Context, values []storage.Value, ttl time.Duration) error {
	if err := s.gate(ctx); err != nil {
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
	if err := s.gate(ctx); err != nil {
		return 0, err
	}
	return s.Store.RankOf(ctx, set, member)
}

// RankMany implements storage.ManyRanker.
func (s *Store) RankMany(ctx context.Context, rs []storage.Ranking) error {
	if err := s.gate(ctx); err != nil {
		return err
	}
	return storage.RankMany(ctx, s.Store, rs)
}

// RanksOf implements storage.ManyRanker.
func (s *Store) RanksOf(ctx context.Context, of []storage.MemberOf) ([]storage.Member, error) {
	if err := s.gate(ctx); err != nil {
		return nil, err
	}
	return storage.RanksOf(ctx, s.Store, of)
}

// Bolt opens a bolt store in a directory and closes it when the test ends.
func Bolt(t testing.TB, dir string) storage.Store {
	t.Helper()
	s, err := bolt.Open(filepath.Join(dir, "state.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// Crash runs do in another process over a bolt store, kills the process as soon
// as do has returned, and opens what it left. In that process Crash does not
// return; do is the only part of the test that runs there.
func Crash(t *testing.T, do func(storage.Store)) storage.Store {
	t.Helper()
	const variable, done = "WINNOW_STATETEST_DIR", "what was done is acknowledged"
	if dir := os.Getenv(variable); dir != "" {
		do(Bolt(t, dir))
		fmt.Println(done)
		select {} // until it is killed
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=3m")
	cmd.Env = append(os.Environ(), variable+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if said = append(said, lines.Text()); said[len(said)-1] == done {
			break
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if len(said) == 0 || said[len(said)-1] != done {
		t.Fatalf("the process ended by itself: %s", strings.Join(said, "\n"))
	}
	return Bolt(t, dir)
}

package checks

import (
	"encoding/json"
	"fmt"
)

// A Fact is a typed value that one check leaves for others in a scan. The
// host may seed it with what it knows already. Declare one as a package
// variable: var SPF = checks.Fact[Result]{Name: "spf"}.
type Fact[T any] struct{ Name string }

// AnyFact is a Fact of any type.
type AnyFact interface {
	factName() string
	decode(data []byte) (Seeded, error)
}

func (f Fact[T]) factName() string { return f.Name }

// decode reads a value of the fact from JSON, for replays of seeded scans.
func (f Fact[T]) decode(data []byte) (Seeded, error) {
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		return Seeded{}, fmt.Errorf("fact %s: %w", f.Name, err)
	}
	return Seeded{f.Name, v}, nil
}

// Get returns the value if it was set. The check must name the fact in
// Requires or Provides: otherwise the check ends with an error, for the
// answer would depend on timing.
func (f Fact[T]) Get(t *Task) (T, bool) {
	t.mayRead(f.Name)
	v, ok := t.state.fact(f.Name)
	if !ok {
		var zero T
		return zero, false
	}
	return v.(T), true
}

// Set leaves the value for others. A value that the host seeded stays.
func (f Fact[T]) Set(t *Task, v T) {
	t.maySet(f.Name)
	t.state.setFact(f.Name, v)
}

// A Seeded is a fact's value handed in by the host for one scan.
type Seeded struct {
	name  string
	value any
}

// Name returns the fact's name.
func (s Seeded) Name() string { return s.name }

// Value returns the seeded value.
func (s Seeded) Value() any { return s.value }

// Seed makes v known before the scan begins. The fact's own check sees it
// (Get in Run) and raises its symbols without asking anybody.
func Seed[T any](f Fact[T], v T) Seeded { return Seeded{f.Name, v} }

// misuse is panicked with by Task methods on a programming error of a check;
// the frame turns it into the check's error.
type misuse struct{ error }

func misusef(format string, args ...any) misuse { return misuse{fmt.Errorf(format, args...)} }

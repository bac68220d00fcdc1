package checks

import (
	"fmt"
	"reflect"

	"github.com/winnowmail/winnow/internal/exact"
)

// A Fact is a typed value that one check leaves for others in a scan, and for
// the host in its Result. The host may seed it with what it knows already.
// Declare one as a package variable:
//
//	var SPF = checks.Fact[Result]{Name: "spf"}
//
// Within a Scanner all facts of one name have one type.
type Fact[T any] struct {
	Name string
	// Valid, if set, returns why the host may not seed a value, nil if it may.
	// It is not called for values that checks set.
	Valid func(T) error
}

// AnyFact is a Fact of any type.
type AnyFact interface {
	factName() string
	factType() reflect.Type
	valid(value any) error
	decode(data []byte) (Seeded, error)
}

func (f Fact[T]) factName() string { return f.Name }

func (f Fact[T]) factType() reflect.Type { return reflect.TypeFor[T]() }

// valid returns why the host may not seed the fact with a value.
func (f Fact[T]) valid(value any) error {
	v, ok := value.(T)
	if !ok && (value != nil || f.factType().Kind() != reflect.Interface) {
		return fmt.Errorf("fact %s: a seed of type %T, it is a %v", f.Name, value, f.factType())
	}
	if r := reflect.ValueOf(value); r.Kind() == reflect.Pointer && r.IsNil() {
		return fmt.Errorf("fact %s: the seed is a nil %T", f.Name, value)
	}
	if f.Valid == nil {
		return nil
	}
	if err := f.Valid(v); err != nil {
		return fmt.Errorf("fact %s: %w", f.Name, err)
	}
	return nil
}

// decode reads a value of the fact from JSON, for replays of seeded scans.
func (f Fact[T]) decode(data []byte) (Seeded, error) {
	var v T
	if err := exact.Unmarshal(data, &v); err != nil {
		return Seeded{}, fmt.Errorf("fact %s: %w", f.Name, err)
	}
	return Seeded{f.Name, v}, nil
}

// Get returns the value if it was set. The check must name the fact in
// Requires or Provides: otherwise the check ends with an error, for the
// answer would depend on timing.
func (f Fact[T]) Get(t *Task) (T, bool) {
	t.mayRead(f.Name)
	v, ok := find(t.reported().facts, f.Name)
	if !ok {
		v, ok = t.state.fact(f.Name)
	}
	typed, is := v.(T)
	return typed, ok && (is || v == nil)
}

// Set leaves the value for others. They see it when the check has ended
// well: what a check set that fails, panics or is cut off does not count. A
// value that the host seeded stays.
func (f Fact[T]) Set(t *Task, v T) {
	t.maySet(f.Name)
	if t.state.seeded(f.Name) {
		return
	}
	out := t.report()
	for i := range out.facts {
		if out.facts[i].name == f.Name {
			out.facts[i].value = v
			return
		}
	}
	out.facts = append(out.facts, Seeded{f.Name, v})
}

// From returns the fact as it stood at the end of a scan; r is a Result of
// package winnow.
func (f Fact[T]) From(r FactSource) (T, bool) {
	v, ok := r.Fact(f.Name)
	typed, is := v.(T)
	return typed, ok && (is || v == nil)
}

// A FactSource knows facts by name: a winnow.Result does.
type FactSource interface {
	Fact(name string) (value any, ok bool)
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

// Seed makes v known before the scan begins. The fact's own check sees it (Get
// in Run) and raises its symbols without a look-up of its own. A value that the
// fact's Valid refuses is an error of the scan.
func Seed[T any](f Fact[T], v T) Seeded { return Seeded{f.Name, v} }

// find returns a fact's value from a list.
func find(list []Seeded, name string) (any, bool) {
	for i := range list {
		if list[i].name == name {
			return list[i].value, true
		}
	}
	return nil, false
}

// A misuse is what Task methods panic with on a programming error of a check;
// the frame makes it the check's error.
type misuse struct{ error }

func misusef(format string, args ...any) misuse { return misuse{fmt.Errorf(format, args...)} }

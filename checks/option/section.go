package option

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/internal/nearest"
)

// A Section is the table of what one section of a file can say. It is bound to
// the value that it was made for, so it is used once.
type Section struct {
	Name string // as Rspamd's section
	Doc  string // one line, of what the section is about
	Keys []Key
	// Off is the field that leaves the family out: the key enabled turns it
	// round. Nil: there is no such field, but the key is known all the same.
	Off *bool
	// Asleep says that the section does nothing unless it says enabled = true.
	Asleep bool
	// Use, if set, is called when the section was read without errors and is not
	// switched off: it puts a family in place that is off by default, or adds a
	// rule to its list.
	Use func() error
	// Drop, if set, is called when the section switches itself off.
	Drop func()
	// Example is what a section must say to be one, for tests and documentation.
	Example map[string]any
}

// A Key is one thing that a section can say. The constructors (Bool, String …)
// make one that is bound to a field; its methods add to it.
type Key struct {
	// Names are the key as Rspamd has it, and other spellings. The name "*"
	// stands for every key that has no entry of its own.
	Names   []string
	Type    string // in words, such as "time"
	Default string // as a file would say it; "" where there is none
	Help    string // one line
	Since   string // the version of Rspamd that brought it; "" is before 3.4
	// Absent is why Rspamd has the key and we don't; it has no effect then but a
	// warning with this reason.
	Absent string
	// Sections are the keys below, of a key whose value is a section or has some.
	Sections []*Section

	set    func(Value, *reading) error
	sample any // a value that changes the field
	beside map[string]any
	byName bool
	idle   bool
	picks  bool
	zero   func() bool
	null   bool
	short  func(name string, v Value) error
	field  any   // pointer to what it is bound to, where that is one field
	said   Value // by the section that was applied
}

// Name is the key's first name.
func (k Key) Name() string { return k.Names[0] }

// Nullable has null be a value of the key, where it means that nothing is said
// otherwise.
func (k Key) Nullable() Key {
	k.null = true
	return k
}

// Or notes the default that the value 0 of the field stands for.
func (k Key) Or(byDefault any) Key {
	k.Default = text(byDefault)
	return k
}

// Alias adds spellings.
func (k Key) Alias(names ...string) Key {
	k.Names = append(slices.Clip(k.Names), names...)
	return k
}

// From notes the version of Rspamd that brought the key.
func (k Key) From(version string) Key {
	k.Since = version
	return k
}

// Unless leaves the default in place where a file says preset: Rspamd's own
// default of something that is counted in another way here.
func (k Key) Unless(preset int64) Key {
	set := k.set
	k.set = func(v Value, r *reading) error {
		if n, err := v.AsInt(); err == nil && n == preset {
			return nil
		}
		return set(v, r)
	}
	k.Help += "; " + text(preset) + ", Rspamd's default, means the default"
	k.zero = nil
	return k
}

// Example gives a value that changes the field, where the type alone does not
// say one: tests apply it.
func (k Key) Example(v any) Key {
	k.sample = v
	return k
}

// Noting has f called when the key is there.
func (k Key) Noting(f func()) Key {
	set := k.set
	k.set = func(v Value, r *reading) error {
		f()
		return set(v, r)
	}
	return k
}

// When asks before the key is read whether it can count, by what keys that were
// noted as Picking said: where the error is not nil the key is left out, with a
// warning. beside is what a section must say for it to count.
func (k Key) When(counts func(Value) error, beside map[string]any) Key {
	set := k.set
	k.beside = beside
	k.set = func(v Value, r *reading) error {
		if err := counts(v); err != nil {
			return v.Errorf("%w: %s", ErrElsewhere, err.Error())
		}
		return set(v, r)
	}
	return k
}

// Beside is what a section must say for the key to count.
func (k Key) Beside() map[string]any { return k.beside }

// Short has the key take names that hold no section, too.
func (k Key) Short(f func(name string, v Value) error) Key {
	k.short = f
	return k
}

// Picking notes that the key says which table or part a section is for, and sets
// no field itself.
func (k Key) Picking() Key {
	k.picks = true
	return k
}

// Picks says whether the key was noted so.
func (k Key) Picks() bool { return k.picks }

// Sample is a value that changes the field that the key is bound to; nil for a
// key that is absent.
func (k Key) Sample() any { return k.sample }

// Without are keys of Rspamd that there are not here, and the reason for it.
func Without(reason string, names ...string) []Key {
	var keys []Key
	for _, name := range names {
		keys = append(keys, Key{Names: []string{name}, Absent: reason})
	}
	return keys
}

// ErrElsewhere is wrapped by errors about a list that can't be had now: a file
// that does not exist yet, or one in the network. Apply only warns of it.
var ErrElsewhere = errors.New("it is left out")

// Elsewhere is an error of a section's Use that only warns: the section is left
// out, for the reason.
func Elsewhere(reason string) error { return fmt.Errorf("%w: %s", ErrElsewhere, reason) }

// Idle are keys of Rspamd that mean nothing here and that nobody misses, for the
// reason: warnings of them wrap ErrIdle.
func Idle(reason string, names ...string) []Key {
	keys := Without(reason, names...)
	for i := range keys {
		keys[i].idle = true
	}
	return keys
}

// ErrIdle is wrapped by warnings that hardly anybody wants to see.
var ErrIdle = errors.New("it has no effect")

// Fixed is a key of Rspamd whose value can't be changed here, for the reason:
// any other value than the one it has is warned of.
func Fixed(name string, value any, reason string) Key {
	return Key{Names: []string{name}, Default: text(value), Absent: reason}
}

// reading is one Apply.
type reading struct{ warn func(error) }

// Apply sets what v, a section of a file, says. warn is told of keys that are
// unknown, or known and without effect; the error joins what is wrong, each with
// its place. Null leaves a key as it is by default.
func (s *Section) Apply(v Value, warn func(error)) error {
	return s.apply(v, &reading{warn: warn})
}

func (s *Section) apply(v Value, r *reading) error {
	if !v.IsObject() {
		return v.Errorf("%s is no section", s.Name)
	}
	var errs []error
	for _, picking := range []bool{true, false} {
		for name, item := range v.All() {
			if k := s.Key(name); (k != nil && k.picks) == picking {
				errs = append(errs, s.one(name, item, r))
			}
		}
	}
	off := s.off(v)
	if off && s.Drop != nil {
		s.Drop()
	}
	if err := errors.Join(errs...); err != nil || s.Use == nil || off {
		return err
	}
	if err := s.Use(); errors.Is(err, ErrElsewhere) {
		r.warn(v.Errorf("%s: %w", s.Name, err))
	} else if err != nil {
		return v.Errorf("%s: %w", s.Name, err)
	}
	return nil
}

// off says whether a section that was read switches itself off.
func (s *Section) off(v Value) bool {
	if disabled, ok := v.Get("disabled"); ok {
		if b, err := disabled.AsBool(); err == nil && b {
			return true
		}
	}
	on, ok := v.Get("enabled")
	if !ok || on.IsNull() {
		return s.Asleep
	}
	b, err := on.AsBool()
	return err == nil && !b
}

// one reads one key.
func (s *Section) one(name string, v Value, r *reading) error {
	k := s.Key(name)
	if v.IsNull() && (k == nil || !k.null) {
		return nil
	}
	switch {
	case k != nil && k.Absent != "" && k.says(v):
		return nil
	case k != nil && k.idle:
		r.warn(v.Errorf("%s: %s: %w: %s", s.Name, name, ErrIdle, k.Absent))
		return nil
	case k != nil && k.Absent != "":
		r.warn(v.Errorf("%s: %s has no effect: %s", s.Name, name, k.Absent))
		return nil
	case k == nil && (name == "enabled" || name == "disabled"):
		b, err := v.AsBool()
		if err == nil && s.Off != nil && b == (name == "disabled") {
			*s.Off = true
		}
		return s.in(name, err)
	case k == nil:
		k = s.Key("*")
		if k != nil && k.short != nil && !v.IsObject() {
			return s.in(name, k.short(name, v))
		}
		if k == nil || k.byName && !v.IsObject() {
			r.warn(v.Errorf("%s has no key %s%s", s.Name, name, nearest.Hint(name, s.names())))
			return nil
		}
		return k.set(named{v, name}, r)
	}
	k.said = v
	if err := k.set(v, r); errors.Is(err, ErrElsewhere) {
		r.warn(s.in(name, err))
		return nil
	} else if err != nil {
		return s.in(name, err)
	}
	if k.Default != "" && k.zero != nil && k.zero() {
		r.warn(v.Errorf("%s: %s = 0 is read as the default, %s", s.Name, name, k.Default))
	}
	return nil
}

// says is whether v is what a Fixed key has anyway.
func (k *Key) says(v Value) bool {
	if k.Default == "" {
		return false
	}
	if s, err := v.AsString(); err == nil && s == k.Default {
		return true
	}
	b, err := v.AsBool()
	if err == nil {
		return text(b) == k.Default
	}
	f, err := v.AsFloat()
	return err == nil && text(f) == k.Default
}

// in says which key an error is about.
func (s *Section) in(name string, err error) error {
	if err == nil {
		return nil
	}
	return &keyError{s.Name + ": " + name, err}
}

// A keyError keeps the place at the front, which its cause begins with.
type keyError struct {
	key string
	err error
}

func (e *keyError) Error() string { return fmt.Sprintf("%v (%s)", e.err, e.key) }
func (e *keyError) Unwrap() error { return e.err }

// Key finds the entry of a name, nil if there is none.
func (s *Section) Key(name string) *Key {
	for i := range s.Keys {
		if slices.Contains(s.Keys[i].Names, name) {
			return &s.Keys[i]
		}
	}
	return nil
}

// Said is the value that Apply set a field by, which is given by its address.
func (s *Section) Said(field any) (Value, bool) {
	for i := range s.Keys {
		k := &s.Keys[i]
		if k.field == field && k.said != nil {
			return k.said, true
		}
		for _, below := range k.Sections {
			if v, ok := below.Said(field); ok {
				return v, true
			}
		}
	}
	return nil, false
}

// names are those that a misspelt one can mean.
func (s *Section) names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, k := range s.Keys {
			for _, name := range k.Names {
				if name != "*" && k.Absent == "" && !yield(name) {
					return
				}
			}
		}
		yield("enabled")
	}
}

// Check says what is wrong with the table itself, for tests: a key that is
// there twice, or without help.
func (s *Section) Check() error {
	var errs []error
	seen := map[string]bool{}
	if s.Name == "" || s.Doc == "" {
		errs = append(errs, fmt.Errorf("the section %q has no name or no Doc", s.Name))
	}
	for _, k := range s.Keys {
		for _, name := range k.Names {
			if seen[name] || name == "" {
				errs = append(errs, fmt.Errorf("%s: the key %q is there twice or empty", s.Name, name))
			}
			seen[name] = true
		}
		if k.Absent == "" && (k.Help == "" || k.Type == "" || k.set == nil || strings.Contains(k.Help, "\n")) {
			errs = append(errs, fmt.Errorf("%s: the key %s lacks a line of help, or a type", s.Name, k.Name()))
		}
		for _, below := range k.Sections {
			errs = append(errs, below.Check())
		}
	}
	return errors.Join(errs...)
}

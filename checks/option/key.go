package option

import (
	"errors"
	"slices"
)

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

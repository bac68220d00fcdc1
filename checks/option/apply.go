package option

import (
	"errors"
	"fmt"

	"github.com/winnowmail/winnow/internal/nearest"
)

// ErrElsewhere is wrapped by errors about a list that can't be had now: a file
// that does not exist yet, or one in the network. Apply only warns of it.
var ErrElsewhere = errors.New("it is left out")

// Elsewhere is an error of a section's Use that only warns: the section is left
// out, for the reason.
func Elsewhere(reason string) error { return fmt.Errorf("%w: %s", ErrElsewhere, reason) }

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

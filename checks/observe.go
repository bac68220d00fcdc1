package checks

import "github.com/winnowmail/winnow/internal/exact"

// Observe returns what f finds in the world outside the message, DNS and the
// store: whether a list is in use, what a file says, what a server replied. A
// recorded scan notes the value and a replay gets it back without calling f, so
// T must survive JSON; strings of it may hold any bytes. A check observes a
// name once in a scan.
//
// ok is false when a replay under another configuration observes something that
// the recorded scan did not. The check then does what it does when a file or
// server can't be reached.
//
// What only follows from the message, from facts or from DNS answers needs no
// Observe; a cache above the resolver would need one, so keep none.
func Observe[T any](t *Task, name string, f func() T) (v T, ok bool) {
	if t.state.Outside == nil {
		return f(), true
	}
	seen := false
	data := t.state.Outside(t.check, name, func() []byte {
		v, seen = f(), true
		b, err := exact.Marshal(v)
		if err != nil {
			panic(misusef("check %s: what it observes as %s can't be recorded: %w", t.check.Name, name, err))
		}
		return b
	})
	if seen || data == nil {
		return v, seen
	}
	if err := exact.Unmarshal(data, &v); err != nil {
		panic(misusef("check %s: what was recorded as %s can't be read: %w", t.check.Name, name, err))
	}
	return v, true
}

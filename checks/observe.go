package checks

import "encoding/json"

// Observe returns what f tells of the world outside the message, DNS and the
// store: whether a list is in use, what a file says, what a server replied. A
// recorded scan notes the value and a replay gets it back without calling f,
// so T must survive JSON. A check observes a name once in a scan.
//
// What only follows from the message, from facts or from DNS answers needs no
// Observe; a cache above the resolver would need one, so keep none.
func Observe[T any](t *Task, name string, f func() T) T {
	if t.state.Outside == nil {
		return f()
	}
	var v T
	seen := false
	data := t.state.Outside(t.check, name, func() []byte {
		v, seen = f(), true
		b, err := json.Marshal(v)
		if err != nil {
			panic(misusef("check %s: what it observes as %s can't be recorded: %w", t.check.Name, name, err))
		}
		return b
	})
	if seen || data == nil {
		return v
	}
	if err := json.Unmarshal(data, &v); err != nil {
		panic(misusef("check %s: what was recorded as %s can't be read: %w", t.check.Name, name, err))
	}
	return v
}

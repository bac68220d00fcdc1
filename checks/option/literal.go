package option

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Of is a Value of nil, a bool, a number, a string, a time.Duration, a []any, a
// []string or a map[string]any, whose keys come in the order of the alphabet.
// Its errors name no place.
func Of(v any) Value {
	switch t := v.(type) {
	case []string:
		list := make([]any, len(t))
		for i, s := range t {
			list[i] = s
		}
		return literal{list}
	case int:
		return literal{float64(t)}
	case int64:
		return literal{float64(t)}
	case time.Duration:
		return literal{t.Seconds()}
	case Value:
		return t
	}
	return literal{v}
}

type literal struct{ v any }

func (l literal) IsNull() bool { return l.v == nil }

func (l literal) IsObject() bool { _, ok := l.v.(map[string]any); return ok }

func (l literal) IsList() bool { _, ok := l.v.([]any); return ok }

func (l literal) Errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }

func (l literal) wrong(want string) error { return l.Errorf("a %s is needed, not %v", want, l.v) }

func (l literal) AsBool() (bool, error) {
	switch t := l.v.(type) {
	case bool:
		return t, nil
	case float64:
		if t == 0 || t == 1 {
			return t == 1, nil
		}
	case string:
		if b, err := strconv.ParseBool(t); err == nil {
			return b, nil
		}
	}
	return false, l.wrong("boolean (true or false)")
}

func (l literal) AsInt() (int64, error) {
	if f, err := l.AsFloat(); err == nil && f == float64(int64(f)) {
		return int64(f), nil
	}
	return 0, l.wrong("whole number")
}

func (l literal) AsFloat() (float64, error) {
	switch t := l.v.(type) {
	case float64:
		return t, nil
	case string:
		if f, err := strconv.ParseFloat(t, 64); err == nil {
			return f, nil
		}
	}
	return 0, l.wrong("number")
}

func (l literal) AsDuration() (time.Duration, error) {
	f, err := l.AsFloat()
	if err != nil {
		return 0, l.wrong("time")
	}
	return time.Duration(f * float64(time.Second)), nil
}

func (l literal) AsString() (string, error) {
	switch t := l.v.(type) {
	case string:
		return t, nil
	case bool, float64:
		return fmt.Sprint(t), nil
	}
	return "", l.wrong("string")
}

func (l literal) AsStrings() ([]string, error) {
	list := []string{}
	for _, item := range l.Items() {
		s, err := item.AsString()
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func (l literal) Get(key string) (Value, bool) {
	m, _ := l.v.(map[string]any)
	v, ok := m[key]
	if !ok {
		return nil, false
	}
	return Of(v), true
}

func (l literal) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		m, _ := l.v.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, Of(m[key])) {
				return
			}
		}
	}
}

func (l literal) Items() []Value {
	list, ok := l.v.([]any)
	if !ok {
		return []Value{l}
	}
	items := make([]Value, len(list))
	for i, item := range list {
		items[i] = Of(item)
	}
	return items
}

func (l literal) Entries() ([]string, error) { return l.AsStrings() }

func (l literal) Upstream() bool { return false }

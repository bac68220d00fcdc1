package option

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Func is a key that reads its value by a function.
func Func(name, kind string, set func(Value) error, help string) Key {
	return Key{Names: []string{name}, Type: kind, Help: help, set: func(v Value, _ *reading) error { return set(v) }}
}

// of notes the field that the key is bound to.
func (k Key) of(field any) Key {
	k.field = field
	return k
}

// as makes a key of a field and of the method that reads it.
func as[T comparable](name, kind string, field *T, read func(Value) (T, error), help string) Key {
	k := Func(name, kind, func(v Value) error {
		x, err := read(v)
		if err == nil {
			*field = x
		}
		return err
	}, help)
	var zero T
	k.field, k.zero = field, func() bool { return *field == zero }
	if *field != zero {
		k.Default = text(*field)
	}
	return k
}

// Bool is a key for a boolean.
func Bool(name string, field *bool, help string) Key {
	k := as(name, "boolean", field, Value.AsBool, help).Example(!*field)
	k.Default, k.zero = strconv.FormatBool(*field), nil
	return k
}

// Not is a key for a boolean whose field says the opposite.
func Not(name string, field *bool, help string) Key {
	k := Func(name, "boolean", func(v Value) error {
		on, err := v.AsBool()
		if err == nil {
			*field = !on
		}
		return err
	}, help).of(field).Example(*field)
	k.Default = strconv.FormatBool(!*field)
	return k
}

// Int is a key for a whole number; what the field can't hold is an error.
func Int[T ~int | ~int64 | ~uint16 | ~int32](name string, field *T, help string) Key {
	return as(name, "whole number", field, func(v Value) (T, error) {
		n, err := v.AsInt()
		if err == nil && int64(T(n)) != n {
			err = v.Errorf("%d is out of range", n)
		}
		return T(n), err
	}, help).Example(7)
}

// Float is a key for a number.
func Float(name string, field *float64, help string) Key {
	return as(name, "number", field, Value.AsFloat, help).Example(0.75)
}

// FloatPtr is a key for a number that may be absent.
func FloatPtr(name string, field **float64, help string) Key {
	return Func(name, "number", func(v Value) error {
		x, err := v.AsFloat()
		if err == nil {
			*field = &x
		}
		return err
	}, help).of(field).Example(0.75)
}

// Duration is a key for a time; numbers are seconds.
func Duration(name string, field *time.Duration, help string) Key {
	return as(name, "time", field, Value.AsDuration, help).Example(77)
}

// String is a key for a text.
func String[T ~string](name string, field *T, help string) Key {
	return as(name, "string", field, func(v Value) (T, error) {
		s, err := v.AsString()
		return T(s), err
	}, help).Example("example")
}

// Enum is a key for one of some words, by the value that each stands for.
// Case counts, and blanks stand for underscores.
func Enum[T comparable](name string, field *T, words map[string]T, help string) Key {
	known := make([]string, 0, len(words))
	for word := range words {
		known = append(known, word)
	}
	slices.Sort(known)
	k := as(name, "one of "+strings.Join(known, ", "), field, func(v Value) (T, error) {
		s, err := v.AsString()
		if err != nil {
			var none T
			return none, err
		}
		x, ok := words[s]
		if !ok {
			x, ok = words[strings.ReplaceAll(s, " ", "_")]
		}
		if !ok {
			return x, v.Errorf("%q is none of %s", s, strings.Join(known, ", "))
		}
		return x, nil
	}, help)
	k.zero = nil
	var zero T
	for _, word := range known {
		if words[word] == *field && *field != zero {
			k.Default = word
		} else {
			k.sample = word
		}
	}
	return k
}

// Strings is a key for a list of texts.
func Strings(name string, field *[]string, help string) Key {
	return Func(name, "list of strings", func(v Value) error {
		list, err := v.AsStrings()
		if err == nil {
			*field = list
		}
		return err
	}, help).of(field).Example([]string{"example"})
}

// Entries is a key for a list of texts that stand in it or in a file that it
// names (a map in Rspamd's words).
func Entries(name string, field *[]string, help string) Key {
	return Func(name, "list, or file with one", func(v Value) error {
		list, err := v.Entries()
		if err == nil {
			*field = list
		}
		return err
	}, help).of(field).Example([]string{"example.org"})
}

// Networks is a key for a list of networks and addresses, in the file or in one
// that it names; words of a string may be separated by commas.
func Networks(name string, field *[]netip.Prefix, help string) Key {
	return Func(name, "list of networks, or file with one", func(v Value) error {
		list, err := ReadNetworks(v)
		if err == nil {
			*field = list
		}
		return err
	}, help).of(field).Example([]string{"192.0.2.0/24"})
}

// ReadNetworks reads a list of networks and addresses, without duplicates.
func ReadNetworks(v Value) ([]netip.Prefix, error) {
	entries, err := v.Entries()
	if err != nil {
		return nil, err
	}
	list := []netip.Prefix{}
	for _, entry := range entries {
		for word := range strings.FieldsFuncSeq(entry, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == ';' }) {
			p, err := Network(word)
			if err != nil {
				return nil, v.Errorf("%w", err)
			}
			if !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list, nil
}

// Network reads an address or a network; bits behind the mask are cut off.
func Network(word string) (netip.Prefix, error) {
	word = strings.NewReplacer("[", "", "]", "").Replace(word)
	if ip, err := netip.ParseAddr(word); err == nil {
		return netip.PrefixFrom(ip.WithZone(""), ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(word)
	if err != nil {
		return p, fmt.Errorf("%q is no network", word)
	}
	return p.Masked(), nil
}

// text is a default as a file would say it.
func text(v any) string {
	switch t := v.(type) {
	case time.Duration:
		return duration(t)
	case string:
		return t
	case []string:
		return strings.Join(t, ", ")
	}
	return fmt.Sprint(v)
}

// duration is a time in UCL's suffixes.
func duration(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}} {
		if d != 0 && d%u.unit == 0 {
			return strconv.FormatInt(int64(d/u.unit), 10) + u.name
		}
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "s"
}

// Servers reads a list of upstreams without their weights: HOST:PORT[:WEIGHT]
// with commas or blanks between them, behind a word such as "round-robin:", or
// the path of a socket, which gets "unix:" before it.
func Servers(v Value) (list []string, err error) {
	words, err := v.AsStrings()
	if err != nil {
		return nil, err
	}
	for _, text := range words {
		for _, kind := range []string{"master-slave:", "round-robin:", "random:", "hash:", "sequential:"} {
			text = strings.TrimPrefix(text, kind)
		}
		for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
			server, err := unweighted(word)
			if err != nil {
				return nil, v.Errorf("%w", err)
			}
			list = append(list, server)
		}
	}
	return list, nil
}

// unweighted is HOST:PORT of HOST:PORT:WEIGHT.
func unweighted(word string) (string, error) {
	if strings.HasPrefix(word, "/") {
		return "unix:" + word, nil
	}
	if strings.HasPrefix(word, "unix:") {
		return word, nil
	}
	host, rest := "", word
	if strings.HasPrefix(word, "[") {
		end := strings.IndexByte(word, ']')
		if end < 0 {
			return "", fmt.Errorf("%q is no server", word)
		}
		host, rest = word[:end+1], word[end+1:]
	} else if i := strings.IndexByte(word, ':'); i >= 0 && strings.Count(word, ":") <= 2 && !strings.Contains(word, "::") {
		host, rest = word[:i], word[i:]
	} else {
		return word, nil // a name, or an IPv6 address
	}
	port, _, _ := strings.Cut(strings.TrimPrefix(rest, ":"), ":")
	if port == "" {
		return host, nil
	}
	return host + ":" + port, nil
}

package ucl

import (
	"iter"
	"slices"
)

// A Kind is the type of a Value.
type Kind uint8

// The kinds of values. Seconds is a number with a suffix of time.
const (
	Null Kind = iota
	Bool
	Int
	Float
	Seconds
	String
	Array
	Object
)

func (k Kind) String() string {
	names := [...]string{"null", "boolean", "integer", "number", "time", "string", "list", "object"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// A Quote says how a string was written, for those who write it again.
type Quote uint8

// The ways of writing a string.
const (
	Plain Quote = iota
	Double
	Single
	Heredoc
)

// A Value is one value of a tree. Its fields are to be read; Set, Remove and
// the constructors change trees.
type Value struct {
	Kind     Kind
	Priority uint8 // 0 to 15; the higher one wins
	Quote    Quote // of a String
	Bool     bool
	Implicit bool    // an Array made of values that repeat one key
	Int      int64   // of an Int
	Float    float64 // of a Float, and the seconds of a Seconds
	Text     string  // of a String
	Items    []*Value
	// Over are the values that were written for the same key and lost against
	// this one, in the order in which they were read.
	Over []*Value

	members   []*Member
	index     map[string]int // of members, when they are many
	at        place          // of the key, or of an item of an array
	start     int            // offset of the value in its source
	end       int            // offset behind the value
	inherited bool
	home      *Member // whose value it is; nil in arrays
	nth       int     // of the values of home
}

// A Member is a key of an object and what was written for it.
type Member struct {
	Key    string
	Values []*Value // never empty
	at     place
}

// Pos is where the key stands that came first.
func (m *Member) Pos() Pos { return m.at.pos() }

// Value is the value of a key as readers see it: the only one, or all of them
// as an implicit array. Lists that repeat a key are joined, as Rspamd's modules
// see them.
func (m *Member) Value() *Value {
	first := m.Values[0]
	if len(m.Values) == 1 {
		return first
	}
	joined := &Value{Kind: Array, Implicit: first.Kind != Array, Priority: first.Priority, at: first.at, home: m}
	for _, v := range m.Values {
		if v.Kind == Array && !joined.Implicit {
			joined.Items = append(joined.Items, v.Items...)
		} else {
			joined.Items = append(joined.Items, v)
		}
		joined.Over = append(joined.Over, v.Over...)
	}
	return joined
}

// many is from how many keys on an object has an index.
const many = 12

// Member finds a key of an object; nil when there is none, or v is no object.
func (v *Value) Member(key string) *Member {
	if v == nil || v.Kind != Object {
		return nil
	}
	if v.index != nil {
		if i, ok := v.index[key]; ok {
			return v.members[i]
		}
		return nil
	}
	for _, m := range v.members {
		if m.Key == key {
			return m
		}
	}
	return nil
}

// add appends a member that is not there yet.
func (v *Value) add(m *Member) {
	v.members = append(v.members, m)
	if v.index != nil {
		v.index[m.Key] = len(v.members) - 1
	} else if len(v.members) > many {
		v.reindex()
	}
}

func (v *Value) reindex() {
	v.index = nil
	if len(v.members) <= many {
		return
	}
	v.index = make(map[string]int, 2*len(v.members))
	for i, m := range v.members {
		v.index[m.Key] = i
	}
}

// Get finds the value below keys, each within the object before it; nil when
// there is none. v may be nil.
func (v *Value) Get(keys ...string) *Value {
	for _, key := range keys {
		m := v.Member(key)
		if m == nil {
			return nil
		}
		v = m.Value()
	}
	return v
}

// Len is the number of keys of an object or of items of an array.
func (v *Value) Len() int {
	if v == nil {
		return 0
	}
	return len(v.members) + len(v.Items)
}

// Members are the keys of an object in their order.
func (v *Value) Members() []*Member {
	if v == nil {
		return nil
	}
	return v.members
}

// All goes through the keys of an object in their order.
func (v *Value) All() iter.Seq2[string, *Value] {
	return func(yield func(string, *Value) bool) {
		for _, m := range v.Members() {
			if !yield(m.Key, m.Value()) {
				return
			}
		}
	}
}

// Set makes value the only one of a key of an object; a new key comes last.
// What was there is noted in value.Over.
func (v *Value) Set(key string, value *Value) {
	m := v.Member(key)
	if m == nil {
		m = &Member{Key: key, at: value.at}
		v.add(m)
	}
	for _, old := range m.Values {
		if old != value {
			value.Over = append(value.Over, old)
		}
	}
	m.Values, value.home, value.nth = []*Value{value}, m, 0
}

// Remove takes a key out of an object.
func (v *Value) Remove(key string) {
	n := len(v.members)
	v.members = slices.DeleteFunc(v.members, func(m *Member) bool { return m.Key == key })
	if len(v.members) != n {
		v.reindex()
	}
}

// Pos is where the value was written, its key first; zero where it was made by a
// program.
func (v *Value) Pos() Pos {
	if v == nil {
		return Pos{}
	}
	return v.at.pos()
}

// NewObject makes an object without keys that is said to stand where like does,
// which may be nil.
func NewObject(like *Value) *Value { return made(like, Value{Kind: Object}) }

// NewArray makes a list.
func NewArray(like *Value, items ...*Value) *Value {
	return made(like, Value{Kind: Array, Items: items})
}

// NewString makes a string.
func NewString(like *Value, text string) *Value {
	return made(like, Value{Kind: String, Text: text, Quote: Double})
}

// NewBool makes a boolean.
func NewBool(like *Value, b bool) *Value { return made(like, Value{Kind: Bool, Bool: b}) }

// NewFloat makes a number.
func NewFloat(like *Value, f float64) *Value { return made(like, Value{Kind: Float, Float: f}) }

func made(like *Value, v Value) *Value {
	if like != nil {
		v.at, v.Priority = like.at, like.Priority
	}
	return &v
}

package ucl

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// The methods of this file are for those who use a tree. Each error is an
// *Error of WrongType with the place of the value. A value that is not there
// (nil) or null is an error, too: ask Get and IsNull first.

// IsNull says whether v is absent or null.
func (v *Value) IsNull() bool { return v == nil || v.Kind == Null }

// Errorf makes an error that is about v.
func (v *Value) Errorf(format string, args ...any) *Error {
	return &Error{Pos: v.Pos(), Kind: WrongType, Msg: fmt.Sprintf(format, args...)}
}

func (v *Value) wrong(want string) error {
	if v == nil {
		return &Error{Kind: WrongType, Msg: "a " + want + " is missing"}
	}
	if v.Kind == String {
		return v.Errorf("a %s is needed, not %s", want, quoteJSON(short(v.Text)))
	}
	return v.Errorf("a %s is needed, not a value of type %s", want, v.Kind)
}

// AsString is a string; numbers and booleans are printed.
func (v *Value) AsString() (string, error) {
	if v.IsNull() || v.Kind == Array || v.Kind == Object {
		return "", v.wrong("string")
	}
	if v.Kind == String {
		return v.Text, nil
	}
	return strings.TrimSuffix(v.word(), ".0"), nil
}

// AsFloat is a number, which may be written as a string or with a suffix.
func (v *Value) AsFloat() (float64, error) {
	if v != nil {
		switch n := v.numeric(); n.Kind {
		case Int:
			return float64(n.Int), nil
		case Float, Seconds:
			return n.Float, nil
		}
	}
	return 0, v.wrong("number")
}

// AsInt is a whole number.
func (v *Value) AsInt() (int64, error) {
	if v != nil {
		switch n := v.numeric(); {
		case n.Kind == Int:
			return n.Int, nil
		case (n.Kind == Float || n.Kind == Seconds) && n.Float == math.Trunc(n.Float) && math.Abs(n.Float) < 1<<53:
			return int64(n.Float), nil
		}
	}
	return 0, v.wrong("whole number")
}

// AsDuration is a time: numbers without a suffix are seconds. What is longer
// than a time.Duration can be is the longest one.
func (v *Value) AsDuration() (time.Duration, error) {
	f, err := v.AsFloat()
	if err != nil || math.IsNaN(f) {
		return 0, v.wrong("time")
	}
	if f *= float64(time.Second); math.Abs(f) >= math.MaxInt64 {
		return time.Duration(math.Copysign(1, f) * math.MaxInt64), nil
	}
	return time.Duration(f), nil
}

// AsBool is a boolean, which may be written as a string, or as 0 and 1.
func (v *Value) AsBool() (bool, error) {
	if v != nil {
		switch {
		case v.Kind == Bool:
			return v.Bool, nil
		case v.Kind == Int && (v.Int == 0 || v.Int == 1):
			return v.Int == 1, nil
		case v.Kind == String:
			if b, ok := boolean(strings.TrimSpace(v.Text)); ok {
				return b, nil
			}
		}
	}
	return false, v.wrong("boolean (true or false)")
}

// AsList is a list; any other value than a list is the only item of one.
func (v *Value) AsList() []*Value {
	switch {
	case v == nil:
		return nil
	case v.Kind == Array:
		return v.Items
	}
	return []*Value{v}
}

// AsStrings is a list of strings; a single value is a list of one.
func (v *Value) AsStrings() ([]string, error) {
	if v == nil {
		return nil, v.wrong("list of strings")
	}
	list := make([]string, 0, v.Len())
	for _, item := range v.AsList() {
		s, err := item.AsString()
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// AsObject is v if it is an object. Repeated sections are joined key by key,
// the later ones win.
func (v *Value) AsObject() (*Value, error) {
	switch {
	case v != nil && v.Kind == Object:
		return v, nil
	case v != nil && v.Kind == Array && v.Implicit:
		joined := NewObject(v)
		for _, part := range v.Items {
			if part.Kind != Object {
				return nil, part.wrong("section")
			}
			for _, m := range part.members {
				if there := joined.Member(m.Key); there != nil {
					there.Values = m.Values
				} else {
					joined.add(&Member{Key: m.Key, Values: m.Values, at: m.at})
				}
			}
		}
		return joined, nil
	}
	return nil, v.wrong("section")
}

// numeric is v, or the number that its text is.
func (v *Value) numeric() *Value {
	if v.Kind != String {
		return v
	}
	text := strings.TrimSpace(v.Text)
	if text == "" || !isDigit(text[0]) && text[0] != '-' {
		return v
	}
	n := &Value{Kind: String}
	c := &chunk{src: &source{starts: []int{0}}, text: text, end: len(text)}
	if ok, err := c.number(n); !ok || err != nil || c.pos != c.end {
		return v
	}
	return n
}

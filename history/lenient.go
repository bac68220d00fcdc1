package history

import (
	"bytes"
	"encoding/json"
)

// Rspamd's rows come from Lua, whose empty table may be an array or an object, and
// hold null for what is not known. The types below read all of that.

// Strings are texts.
type Strings []string

// UnmarshalJSON reads an array, a single text, or nothing in any form.
func (s *Strings) UnmarshalJSON(data []byte) error {
	*s = nil
	switch first(data) {
	case '[':
		var list []any
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
		for _, v := range list {
			if text, ok := v.(string); ok {
				*s = append(*s, text)
			}
		}
	case '"':
		var text string
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
		*s = Strings{text}
	}
	return nil
}

// Seconds are seconds since 1970.
type Seconds int64

// UnmarshalJSON reads a number, also one with decimals.
func (s *Seconds) UnmarshalJSON(data []byte) error {
	var f float64
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	*s = 0
	if f > -1e15 && f < 1e15 {
		*s = Seconds(f)
	}
	return nil
}

// Symbols are those of a verdict by name.
type Symbols map[string]Symbol

// UnmarshalJSON reads an object; an empty array is none.
func (s *Symbols) UnmarshalJSON(data []byte) error {
	*s = Symbols{}
	if first(data) != '{' {
		return nil
	}
	return json.Unmarshal(data, (*map[string]Symbol)(s))
}

func first(data []byte) byte {
	if data = bytes.TrimSpace(data); len(data) > 0 {
		return data[0]
	}
	return 0
}

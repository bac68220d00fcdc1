package dkimsig

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// A Tag is one tag of a list.
type Tag struct {
	Name string
	// Value is without the white space around it; white space and folds
	// inside it are as written.
	Value string
	// Start and End are the place of the value in the list, the white space
	// around it included: what is left out where RFC 6376 section 3.7 takes
	// b= as empty.
	Start, End int
}

// Tags is a tag list (RFC 6376 section 3.2) in its order.
type Tags []Tag

// MaxTags bounds the tags of one list.
const MaxTags = 128

var errTags = errors.New("broken tag list")

// ParseTags reads a tag list. Folds may end in CRLF or LF. Bytes above ASCII
// may stand in values (RFC 8616); control characters may not, and a name may
// not occur twice.
func ParseTags(list string) (Tags, error) {
	var tags Tags
	for i := 0; i < len(list); {
		end := strings.IndexByte(list[i:], ';')
		if end < 0 {
			end = len(list)
		} else {
			end += i
		}
		spec := list[i:end]
		name, value, ok := strings.Cut(spec, "=")
		if !ok {
			if end == len(list) && len(tags) > 0 && trim(spec) == "" {
				return tags, nil
			}
			return tags, fmt.Errorf("%w: no %q in %.40q", errTags, "=", trim(spec))
		}
		t := Tag{Name: trim(name), Value: trim(value), Start: i + len(name) + 1, End: end}
		if !validName(t.Name) {
			return tags, fmt.Errorf("%w: tag name %.40q", errTags, t.Name)
		}
		if !validValue(t.Value) {
			return tags, fmt.Errorf("%w: control character in %.40s=", errTags, t.Name)
		}
		if _, twice := tags.Get(t.Name); twice {
			return tags, fmt.Errorf("%w: %.40s= twice", errTags, t.Name)
		}
		if len(tags) == MaxTags {
			return tags, fmt.Errorf("%w: more than %d tags", errTags, MaxTags)
		}
		tags = append(tags, t)
		i = end + 1
	}
	if len(tags) == 0 {
		return nil, fmt.Errorf("%w: empty", errTags)
	}
	return tags, nil
}

// Get returns the value of a tag; names are case-sensitive.
func (t Tags) Get(name string) (value string, ok bool) {
	for i := range t {
		if t[i].Name == name {
			return t[i].Value, true
		}
	}
	return "", false
}

// Find returns a tag, nil if it is not there.
func (t Tags) Find(name string) *Tag {
	for i := range t {
		if t[i].Name == name {
			return &t[i]
		}
	}
	return nil
}

func isFWS(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func trim(s string) string { return strings.Trim(s, " \t\r\n") }

// squeeze removes all folding white space, as base64 and lists may have it
// anywhere.
func squeeze(s string) string {
	if !strings.ContainsAny(s, " \t\r\n") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if !isFWS(s[i]) {
			out = append(out, s[i])
		}
	}
	return string(out)
}

// decode reads base64 with white space anywhere, with or without the "=" at the
// end: the grammar has them as optional (RFC 6376 section 2.10).
func decode(s string) ([]byte, error) {
	s = squeeze(s)
	for range 2 {
		s = strings.TrimSuffix(s, "=")
	}
	return base64.RawStdEncoding.DecodeString(s)
}

func validName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '_') {
			return false
		}
	}
	return s != ""
}

func validValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && !isFWS(c) || c == 0x7f {
			return false
		}
	}
	return true
}

// splitList splits a list at its colons, white space around the items gone.
func splitList(s string) []string {
	items := strings.Split(s, ":")
	for i := range items {
		items[i] = trim(items[i])
	}
	return items
}

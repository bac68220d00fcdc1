package option

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// A Section is the table of what one section of a file can say. It is bound to
// the value that it was made for, so it is used once.
type Section struct {
	Name string // as Rspamd's section
	Doc  string // one line, of what the section is about
	Keys []Key
	// Off is the field that leaves the family out: the key enabled turns it
	// round. Nil: there is no such field, but the key is known all the same.
	Off *bool
	// Asleep says that the section does nothing unless it says enabled = true.
	Asleep bool
	// Use, if set, is called when the section was read without errors and is not
	// switched off: it puts a family in place that is off by default, or adds a
	// rule to its list.
	Use func() error
	// Drop, if set, is called when the section switches itself off.
	Drop func()
	// Example is what a section must say to be one, for tests and documentation.
	Example map[string]any
}

// Key finds the entry of a name, nil if there is none.
func (s *Section) Key(name string) *Key {
	for i := range s.Keys {
		if slices.Contains(s.Keys[i].Names, name) {
			return &s.Keys[i]
		}
	}
	return nil
}

// Said is the value that Apply set a field by, which is given by its address.
func (s *Section) Said(field any) (Value, bool) {
	for i := range s.Keys {
		k := &s.Keys[i]
		if k.field == field && k.said != nil {
			return k.said, true
		}
		for _, below := range k.Sections {
			if v, ok := below.Said(field); ok {
				return v, true
			}
		}
	}
	return nil, false
}

// names are those that a misspelt one can mean.
func (s *Section) names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, k := range s.Keys {
			for _, name := range k.Names {
				if name != "*" && k.Absent == "" && !yield(name) {
					return
				}
			}
		}
		yield("enabled")
	}
}

// Check says what is wrong with the table itself, for tests: a key that is
// there twice, or without help.
func (s *Section) Check() error {
	var errs []error
	seen := map[string]bool{}
	if s.Name == "" || s.Doc == "" {
		errs = append(errs, fmt.Errorf("the section %q has no name or no Doc", s.Name))
	}
	for _, k := range s.Keys {
		for _, name := range k.Names {
			if seen[name] || name == "" {
				errs = append(errs, fmt.Errorf("%s: the key %q is there twice or empty", s.Name, name))
			}
			seen[name] = true
		}
		if k.Absent == "" && (k.Help == "" || k.Type == "" || k.set == nil || strings.Contains(k.Help, "\n")) {
			errs = append(errs, fmt.Errorf("%s: the key %s lacks a line of help, or a type", s.Name, k.Name()))
		}
		for _, below := range k.Sections {
			errs = append(errs, below.Check())
		}
	}
	return errors.Join(errs...)
}

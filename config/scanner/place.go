package scanner

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/winnowmail/winnow/checks/option"
)

// placed puts before what families say of their options the places of the values
// that it is about. Families know fields ("spf: Limits.Lookups: …"): the table that is
// bound to the field has the value; else the value below the section is taken that
// bears the most of the names in the text.
func (s *Setup) placed(err error, tables []*option.Section) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var errs []error
		for _, one := range joined.Unwrap() {
			errs = append(errs, s.placed(one, tables))
		}
		return errors.Join(errs...)
	}
	family, text, _ := strings.Cut(err.Error(), ": ")
	path, _, _ := strings.Cut(text, ": ")
	if v, ok := s.bound(family, path, tables); ok {
		return v.Errorf("%w", err)
	}
	if path == "ARC" { // a part of signing with a section of its own
		family = path
	}
	name := s.sectionOf(family)
	if section, ok := s.tree.Section(name); ok {
		return s.meant(name, section, text).Errorf("%w", err)
	}
	return fmt.Errorf("configuration: %w", err)
}

// sectionOf is the name of a family's section.
func (s *Setup) sectionOf(family string) string {
	for name := range s.tree.Root.All() {
		if plain(name) == plain(family) {
			return name
		}
	}
	return plain(family)
}

// bound finds the value of the field that a path of a family's options names, or of
// the one that holds it.
func (s *Setup) bound(family, path string, tables []*option.Section) (v option.Value, ok bool) {
	at := reflect.ValueOf(&s.Families).Elem()
	for _, step := range append([]string{family}, steps(path)...) {
		if at = into(at, step); !at.IsValid() || !at.CanAddr() {
			break
		}
		for _, table := range tables {
			if said, found := table.Said(at.Addr().Interface()); found {
				v, ok = said, true
			}
		}
	}
	return v, ok
}

// into is the field or element of a value that a step of a path names, or the zero
// Value.
func into(at reflect.Value, step string) reflect.Value {
	for at.Kind() == reflect.Pointer && !at.IsNil() {
		at = at.Elem()
	}
	switch at.Kind() {
	case reflect.Struct:
		return at.FieldByNameFunc(func(name string) bool { return plain(name) == plain(step) })
	case reflect.Slice:
		if i, err := strconv.Atoi(step); err == nil && i < at.Len() {
			return at.Index(i)
		}
	}
	return reflect.Value{}
}

// meant is the value of a section that a text is about: that to which its words lead,
// or one below that it quotes; else the first that the operator wrote.
func (s *Setup) meant(name string, section option.Value, text string) option.Value {
	v, ok := named(section, text)
	if v.IsObject() {
		for _, word := range steps(text) {
			if below, quoted := holding(v, word); quoted {
				return below
			}
		}
	}
	if own := ownPlace(s.tree.Root.Get(name)); !ok && own != nil {
		return s.tree.Value(own)
	}
	return v
}

// holding finds a value that is a text, or a list with it.
func holding(v option.Value, text string) (option.Value, bool) {
	if !v.IsObject() {
		list, err := v.AsStrings()
		return v, err == nil && slices.Contains(list, text)
	}
	for _, below := range v.All() {
		if found, ok := holding(below, text); ok {
			return found, true
		}
	}
	return nil, false
}

// named is the value deepest below v to which the words of a text lead.
func named(v option.Value, text string) (_ option.Value, ok bool) {
	for _, step := range steps(text) {
		if !v.IsObject() {
			break
		}
		if below, found := child(v, step); found {
			v, ok = below, true
		}
	}
	return v, ok
}

// child is what a section says for a key, or for one that a field's name may mean.
func child(v option.Value, name string) (option.Value, bool) {
	if below, ok := v.Get(name); ok {
		return below, true
	}
	for key, below := range v.All() {
		if p := plain(key); p == plain(name) || p+"s" == plain(name) {
			return below, true
		}
	}
	return nil, false
}

// steps are the names in a path such as Rules["X"].Lists[3].
func steps(path string) []string {
	words := regexp.MustCompile(`"[^"]*"|\w+`).FindAllString(path, 64)
	for i, word := range words {
		words[i] = strings.Trim(word, `"`)
	}
	return words
}

// plain makes names of fields and of keys alike.
func plain(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

package scanner

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/internal/nearest"
)

// strangeActions says which actions the families' options name that are neither
// Rspamd's nor defined by the section actions.
func (s *Setup) strangeActions() error {
	known := map[actions.Action]bool{}
	names := []string{"accept"}
	for _, a := range []actions.Action{
		actions.NoAction, actions.Greylist, actions.AddHeader, actions.RewriteSubject, actions.SoftReject, actions.Reject, actions.Quarantine, actions.Discard,
	} {
		names = append(names, string(a))
	}
	if v := s.tree.Root.Get("actions"); v != nil {
		for name := range v.All() {
			known[actions.Parse(name)] = true
			names = append(names, name)
		}
	}
	var errs []error
	families := reflect.ValueOf(s.Families)
	for i := range families.NumField() {
		family := s.sectionOf(families.Type().Field(i).Name)
		eachAction(families.Field(i), "", func(path string, a actions.Action) {
			if a != "" && a.Custom() && !known[a] {
				errs = append(errs, fmt.Errorf("%s: %s: %q is no action%s", family, strings.TrimPrefix(path, "."), a, nearest.Hint(string(a), slices.Values(names))))
			}
		})
	}
	return errors.Join(errs...)
}

// eachAction calls f for the actions in options.
func eachAction(v reflect.Value, path string, f func(path string, a actions.Action)) {
	switch v.Kind() {
	case reflect.String:
		if a, ok := v.Interface().(actions.Action); ok {
			f(path, a)
		}
	case reflect.Pointer:
		if !v.IsNil() && v.Elem().Kind() == reflect.Struct {
			eachAction(v.Elem(), path, f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				eachAction(v.Field(i), path+"."+field.Name, f)
			}
		}
	case reflect.Slice:
		switch v.Type().Elem().Kind() {
		case reflect.String, reflect.Struct:
			for i := range v.Len() {
				eachAction(v.Index(i), fmt.Sprintf("%s[%d]", path, i), f)
			}
		}
	}
}

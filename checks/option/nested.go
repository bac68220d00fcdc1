package option

import "errors"

// Nested is a key whose value is a section of its own.
func Nested(s *Section, help string) Key {
	return Key{Names: []string{s.Name}, Type: "section", Help: help, Sections: []*Section{s}, set: func(v Value, r *reading) error { return s.apply(v, r) }}
}

// Each is a key whose value holds sections by names that the operator chooses,
// or a list of sections, whose name is ""; the name "*" is for a section that
// holds them itself. one makes the table of one of them; its Use adds it.
func Each(name string, one func(name string) *Section, help string) Key {
	k := Key{Names: []string{name}, Type: "sections by name", Help: help, Sections: []*Section{one(aName)}, byName: true}
	k.set = func(v Value, r *reading) error {
		if name == "*" {
			n := v.(named)
			return each(one(n.name), n.Value, r)
		}
		var errs []error
		if v.IsList() && !v.IsObject() {
			for _, item := range v.Items() {
				errs = append(errs, one("").apply(item, r))
			}
			return errors.Join(errs...)
		}
		if !v.IsObject() {
			return v.Errorf("sections by name are needed")
		}
		for name, item := range v.All() {
			if !item.IsNull() {
				errs = append(errs, each(one(name), item, r))
			}
		}
		return errors.Join(errs...)
	}
	return k
}

func each(s *Section, v Value, r *reading) error {
	if s == nil {
		return v.Errorf("there can be no section of this name")
	}
	return s.apply(v, r)
}

// Around is a section that says v in the section below the key.
func (k Key) Around(v any) map[string]any {
	switch {
	case k.Name() == "*":
		return map[string]any{aName: v}
	case k.byName:
		return map[string]any{k.Name(): map[string]any{aName: v}}
	}
	return map[string]any{k.Name(): v}
}

// aName stands for a name that the operator chooses.
const aName = "NAME"

// named is a value with its key, for "*".
type named struct {
	Value
	name string
}

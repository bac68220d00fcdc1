package settings

import (
	"fmt"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/config/ucl"
)

// addHeaders reads { NAME = "value" }, where a value may be a list, or an object
// with value and order.
func (a *Apply) addHeaders(v *ucl.Value) error {
	object, err := v.AsObject()
	if err != nil {
		return err
	}
	for name, all := range object.All() {
		for _, one := range all.AsList() {
			e := actions.HeaderEdit{Name: name}
			value := one
			if one.Kind == ucl.Object {
				value = one.Get("value")
				if order := one.Get("order"); order != nil {
					n, err := order.AsInt()
					if err != nil {
						return err
					}
					e.Index = int(n)
				}
			}
			if e.Value, err = value.AsString(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			a.Edits = append(a.Edits, e)
		}
	}
	return nil
}

// removeHeaders reads a list of names, or { NAME = 1 } for the first field of it.
func (a *Apply) removeHeaders(v *ucl.Value) error {
	if v.Kind != ucl.Object {
		list, err := v.AsStrings()
		for _, name := range list {
			a.Edits = append(a.Edits, actions.HeaderEdit{Name: name, Remove: true})
		}
		return err
	}
	for name, all := range v.All() {
		for _, one := range all.AsList() {
			n, err := one.AsInt()
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			a.Edits = append(a.Edits, actions.HeaderEdit{Name: name, Remove: true, Index: int(n)})
		}
	}
	return nil
}

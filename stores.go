package winnow

import (
	"fmt"
	"maps"
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/nearest"
	"github.com/winnowmail/winnow/storage"
)

// An ownStore is the store of a single family, with the names of its checks.
type ownStore struct {
	store  storage.KV
	checks []string
}

// ownStores are those of Options.Stores, in the order of the families' names.
func ownStores(plan *checks.Plan, stores map[string]storage.KV) (list []ownStore, err error) {
	for _, name := range slices.Sorted(maps.Keys(stores)) {
		i := slices.IndexFunc(plan.Families(), func(f *checks.Family) bool { return f.Name == name })
		if i < 0 {
			var known []string
			for _, f := range plan.Families() {
				known = append(known, f.Name)
			}
			return nil, fmt.Errorf("options.Stores: there is no family %q%s", name, nearest.Hint(name, slices.Values(known)))
		}
		if stores[name] == nil {
			return nil, fmt.Errorf("options.Stores: the store of %s is nil", name)
		}
		own := ownStore{store: stores[name]}
		for _, c := range plan.Families()[i].Checks {
			own.checks = append(own.checks, c.Name)
		}
		list = append(list, own)
	}
	return list, nil
}

// storeOf is the store of a family, nil if there is none.
func (o *Options) storeOf(family string) storage.Store {
	if own := o.Stores[family]; own != nil {
		return storage.Full(own)
	}
	return storage.Full(o.Store)
}

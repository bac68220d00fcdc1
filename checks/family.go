package checks

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/winnowmail/winnow/symbols"
)

// A Family is a set of checks that are switched on, configured and named
// together. Every package of rules has a constructor, New, that makes one.
type Family struct {
	// Name is unique within a Scanner: the name of Rspamd's module where there
	// is one. Options, settings and configuration files refer to the family by
	// it.
	Name string
	Doc  string // what it looks at, for operators
	// Checks are the rules; a family that is switched off has none.
	Checks []*Check
	// Switches are further names by which settings turn several symbols of the family
	// on and off: those of Rspamd's functions that raise them.
	Switches map[string][]*symbols.Def
	// Config is the family's complete configuration as data: the configuration
	// digest covers it. It must marshal to JSON.
	Config any
	// Err is what is wrong with the options that the family was made of, as
	// their Validate says; winnow.New returns it.
	Err error

	mu   sync.Mutex
	life *life // nil: not begun
}

// Flatten lists the checks of families in order.
func Flatten(families ...*Family) []*Check {
	var list []*Check
	for _, f := range families {
		list = append(list, f.Checks...)
	}
	return list
}

func (f *Family) valid() error {
	switch {
	case f == nil:
		return fmt.Errorf("family: nil in the list")
	case f.Name == "":
		return fmt.Errorf("family: no name (doc %q)", f.Doc)
	case f.Doc == "":
		return fmt.Errorf("family %s: no doc", f.Name)
	case f.Err != nil:
		return f.Err
	}
	if _, err := json.Marshal(f.Config); err != nil {
		return fmt.Errorf("family %s: config is not data: %w", f.Name, err)
	}
	return nil
}

// Digest returns a short form of data that stands for it in a Config, for long
// lists: equal data have equal digests. v must marshal to JSON.
func Digest(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return "none: " + err.Error()
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

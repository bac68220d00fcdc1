// Package option connects what a configuration file says with the typed
// options of the families of checks.
//
// A family describes its section by a table (Section) that stands beside it:
// each Key has the names that Rspamd's files use, a type, a default, one line of
// help, and is bound to a field of the family's Options. One table reads files
// (Apply), names what is misspelt, prints help and makes the documentation.
//
// The package knows nothing of files: a Value is what a file says at one key,
// and Of makes one of a Go value.
package option

import (
	"iter"
	"time"
)

// A Value is what a file says at one key. The methods that begin with As fail
// with the place of the value where it is of another type; what can be read as
// the type is, as Rspamd does: "5" is a number, and a single value is a list of
// one. Nil is never a Value: Get says whether there is one.
type Value interface {
	IsNull() bool
	IsObject() bool // a section, or several of them that repeat one key
	IsList() bool   // with [ ], or values that repeat one key

	AsBool() (bool, error)
	AsInt() (int64, error)
	AsFloat() (float64, error)
	AsDuration() (time.Duration, error) // numbers are seconds
	AsString() (string, error)
	AsStrings() ([]string, error)

	// Get is the value below a key of a section.
	Get(key string) (Value, bool)
	// All goes through the keys of a section in their order.
	All() iter.Seq2[string, Value]
	// Items are the items of a list; any other value is the only one.
	Items() []Value
	// Entries are the entries of the list that the value names: the strings
	// themselves, or the lines of the files that they name, without comments.
	Entries() ([]string, error)
	// Upstream says that the list which the value names is one that Rspamd's
	// project keeps in the network: what comes with this module stands for it.
	// Entries are then those beside it.
	Upstream() bool
	// Errorf makes an error that names the place of the value.
	Errorf(format string, args ...any) error
}

package bayes

import "fmt"

// A Class is what a message is labelled as.
type Class string

// The classes.
const (
	Ham  Class = "ham"
	Spam Class = "spam"
)

// A Source says where a label comes from, which decides how far it is believed.
type Source uint8

const (
	// Correction is a person's own word: a button, a command. The zero value.
	Correction Source = iota
	// MovedToJunk and MovedOutOfJunk are corrections by moving a message. From
	// Junk to Trash is no such move and teaches nothing.
	MovedToJunk
	MovedOutOfJunk
	// Import is a labelled archive.
	Import
	// Replied is of a message that somebody answered, AddressBook of a sender whom
	// somebody knows, Kept of one that was read and kept.
	Replied
	AddressBook
	Kept
	// Trap is of a message to an address that nobody uses.
	Trap
	// Auto is the label of rules that are sure.
	Auto
	sources
)

func (s Source) String() string {
	if s >= sources {
		return fmt.Sprintf("source %d", uint8(s))
	}
	return [...]string{"correction", "moved to junk", "moved out of junk", "import", "replied", "address book", "kept", "trap", "auto"}[s]
}

// sure reports whether a person looked at the message.
func (s Source) sure() bool { return s <= Import }

// refuses says why a label of this source can't be of the class, "" if it can.
func (s Source) refuses(c Class) string {
	if c != Ham && c != Spam {
		return fmt.Sprintf("class %q is neither ham nor spam", c)
	}
	only := map[Source]Class{MovedToJunk: Spam, MovedOutOfJunk: Ham, Replied: Ham, AddressBook: Ham, Kept: Ham, Trap: Spam}
	if want, ok := only[s]; ok && want != c {
		return fmt.Sprintf("%v means %s", s, want)
	}
	if s >= sources {
		return fmt.Sprintf("%v is not known", s)
	}
	return ""
}

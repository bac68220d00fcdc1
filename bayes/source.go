package bayes

import (
	"fmt"
	"slices"
	"strings"
)

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
	return sourceNames()[s]
}

func sourceNames() [sources]string {
	return [sources]string{"correction", "moved to junk", "moved out of junk", "import", "replied", "address book", "kept", "trap", "auto"}
}

// SourceNamed returns the source of that name, as String has it; hyphens are as
// spaces.
func SourceNamed(name string) (Source, error) {
	names := sourceNames()
	i := slices.Index(names[:], strings.ReplaceAll(name, "-", " "))
	if i < 0 {
		return 0, fmt.Errorf("bayes: %q is no source of lessons: %s are", name, strings.Join(names[:], ", "))
	}
	return Source(i), nil
}

// A Folder is a kind of mailbox folder.
type Folder uint8

// The folders that a move tells something about.
const (
	OtherFolder Folder = iota // the inbox and whatever a user files mail in
	Junk
	Trash
)

// Moved says what a user's moving a message from one folder to another teaches: to
// Junk that it is spam, out of it that it is ham. A message that is thrown away
// teaches nothing, from wherever: from Junk to Trash it is spam that was seen.
func Moved(from, to Folder) (c Class, s Source, teaches bool) {
	switch {
	case to == Junk && from != Junk:
		return Spam, MovedToJunk, true
	case from == Junk && to == OtherFolder:
		return Ham, MovedOutOfJunk, true
	}
	return "", 0, false
}

// sure reports whether a person looked at the message.
func (s Source) sure() bool { return s <= Import }

// refuses says why a label of this source can't be one for a Learner, "" if it can.
func (s Source) refuses(c Class) string {
	if c != Ham && c != Spam {
		return fmt.Sprintf("class %q is neither ham nor spam", c)
	}
	return s.Refuses(c)
}

// Refuses says why a label of this source can't be of the class, "" if it can.
func (s Source) Refuses(c Class) string {
	only := map[Source]Class{MovedToJunk: Spam, MovedOutOfJunk: Ham, Replied: Ham, AddressBook: Ham, Kept: Ham, Trap: Spam}
	if want, ok := only[s]; ok && want != c {
		return fmt.Sprintf("%v means %s", s, want)
	}
	if s >= sources {
		return fmt.Sprintf("%v is not known", s)
	}
	return ""
}

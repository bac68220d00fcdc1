package archive

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// A Place tells how far a walk came. It can be kept as JSON.
type Place struct {
	// Path is the number of the path in the walk's list.
	Path int `json:"path"`
	// File is the latest file, relative to the path; "." is the path itself.
	File string `json:"file,omitempty"`
	// Offset is where the next message of that file begins, if it is an mbox; 0:
	// nothing of the file is left.
	Offset int64 `json:"offset,omitempty"`
	// Number is that of the latest message in an mbox.
	Number int `json:"number,omitempty"`
	// Messages is how many the walk gave.
	Messages int `json:"messages"`
}

// Check returns an error for a place that no walk of n paths can be at.
func (p Place) Check(n int) error {
	switch {
	case p.Path < 0 || p.Path >= max(n, 1) || p.Offset < 0 || p.Number < 0 || p.Messages < 0:
		return fmt.Errorf("archive: the place %+v is out of bounds", p)
	case p.File != "" && !filepath.IsLocal(p.File):
		return errors.New("archive: the place is of a file outside the path")
	}
	return nil
}

// before tells how a name of a directory compares to the one in which a walk was:
// names that were passed are below 0, the one itself is 0. The flags behind the
// colon that a Maildir's readers change are no part of a name.
func before(name, was string) int { return strings.Compare(unflagged(name), unflagged(was)) }

func unflagged(name string) string {
	name, _, _ = strings.Cut(name, ":2,")
	return name
}

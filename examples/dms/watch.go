package main

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/winnowmail/winnow/config/scanner"
	"github.com/winnowmail/winnow/config/ucl"
)

// watchFlags are -watch and what it looks after: the files of -config, with those that
// they include or name, and those that they would if they were there.
type watchFlags struct {
	every time.Duration
	read  *recorder // of the latest reading, nil before
	last  sight     // of the latest look
}

func (w *watchFlags) register(flags *flag.FlagSet) {
	flags.DurationVar(&w.every, "watch", 0, "look at the files of -config each `time`, such as 2s, and read them again when they have changed")
}

// ticks says when to look, until end.
func (w *watchFlags) ticks() (c <-chan time.Time, end func()) {
	if w.every <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(w.every)
	return t.C, t.Stop
}

// record begins a reading of files, the names of which it notes.
func (w *watchFlags) record(files ucl.Files) *recorder {
	if files == nil { // there is no directory any more
		files = ucl.OS{}
	}
	r := &recorder{Files: files, was: sight{map[string]fs.FileInfo{}, map[string][]string{}}}
	if w.read != nil {
		r.before = w.read.was.again(files)
	}
	w.read = r
	return r
}

// changed looks at the files. They have changed when they are others than were read,
// and were so at the look before: who writes a file is done then.
func (w *watchFlags) changed() bool {
	if w.read == nil {
		return false
	}
	now := w.read.was.again(w.read.Files)
	settled := now.equal(w.last)
	w.last = now
	return settled && !now.equal(w.read.was)
}

// A recorder notes how the files are that are read through it.
type recorder struct {
	ucl.Files
	was    sight
	before sight // how those of the reading before were when this one began
}

// Open implements ucl.Files.
func (r *recorder) Open(name string) (fs.File, error) {
	r.note(name)
	return r.Files.Open(name)
}

// note has a file looked after, whether or not it is there.
func (r *recorder) note(name string) {
	if _, ok := r.was.files[name]; !ok {
		r.was.files[name] = stat(name)
	}
}

// Glob implements ucl.Files.
func (r *recorder) Glob(pattern string) ([]string, error) {
	names, err := r.Files.Glob(pattern)
	r.was.globs[pattern] = names
	return names, err
}

// beside has the files looked after that families read by themselves.
func (r *recorder) beside(setup *scanner.Setup) {
	patterns, keys := setup.Files()
	for _, name := range keys {
		r.note(name)
	}
	for _, pattern := range patterns {
		names, _ := r.Glob(pattern) // the family tells of one that is none
		for _, name := range names {
			r.note(name)
		}
	}
}

// failed ends a reading that may not have come to all files: the others are looked
// after as they were.
func (r *recorder) failed() {
	for name, info := range r.before.files {
		if _, ok := r.was.files[name]; !ok {
			r.was.files[name] = info
		}
	}
	for pattern, names := range r.before.globs {
		if _, ok := r.was.globs[pattern]; !ok {
			r.was.globs[pattern] = names
		}
	}
}

// A sight is how files are at one time; those that are not there have none.
type sight struct {
	files map[string]fs.FileInfo
	globs map[string][]string
}

// again is a new look at the same files.
func (s sight) again(files ucl.Files) sight {
	now := sight{make(map[string]fs.FileInfo, len(s.files)), make(map[string][]string, len(s.globs))}
	for name := range s.files {
		now.files[name] = stat(name)
	}
	for pattern := range s.globs {
		now.globs[pattern], _ = files.Glob(pattern) // that it can't be read is a change as well
	}
	return now
}

func (s sight) equal(o sight) bool {
	return maps.EqualFunc(s.files, o.files, sameFile) && maps.EqualFunc(s.globs, o.globs, slices.Equal[[]string])
}

func stat(name string) fs.FileInfo {
	info, err := os.Stat(name)
	if err != nil {
		return nil
	}
	return info
}

func sameFile(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// Package headercommands turns a verdict's header edits into the commands by
// which an MTA that keeps the message changes its header, such as those of the
// milter protocol.
package headercommands

import (
	"maps"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/mail"
)

// A Command is one header change in the protocol's terms. Fields of a name are
// counted from 1 on among those of that name; a change to "" deletes one, a
// change of one that is not there adds it at the end. Insertions count all
// fields: 1 is above the first one that the MTA told of.
type Command struct {
	Kind        Kind
	Index       int
	Name, Value string // lines of Value end with LF alone
}

// A Kind says what a Command does.
type Kind int

// The kinds of commands.
const (
	Change Kind = iota
	Insert
	Add
)

// Of returns edits as commands by the rules of winnow.Apply, which must have
// accepted each of them, in the order in which Rspamd sends them: removals,
// additions, signatures, and then the field that the action itself sets, own
// ("X-Spam", "Subject" or none). names are the fields that the MTA told of.
// Places are reckoned as Postfix does, which forgets what was deleted.
func Of(names []string, edits []actions.HeaderEdit, own, value string) []Command {
	l := newLayout(names)
	var adds, signatures []actions.HeaderEdit
	doomed := map[string]string{} // names of which something goes, by name in lower case
	for _, e := range edits {
		switch {
		case e.Name == own && (!e.Remove || own == subject):
			if !e.Remove {
				value = e.Value
			}
		case e.Remove:
			l.remove(e)
			doomed[strings.ToLower(e.Name)] = e.Name
			if e.Index == 0 {
				adds = slices.DeleteFunc(adds, func(a actions.HeaderEdit) bool { return strings.EqualFold(a.Name, e.Name) })
			}
		case e.Name == "DKIM-Signature" && e.Index == 1:
			signatures = append(signatures, e)
		default:
			adds = append(adds, e)
		}
	}
	var cs []Command
	for _, name := range slices.Sorted(maps.Keys(doomed)) {
		cs = append(cs, l.deletions(doomed[name])...)
	}
	placed := make([]Command, 0, len(adds))
	for _, e := range adds {
		placed = append(placed, l.place(e))
	}
	cs = append(cs, asRspamd(placed)...)
	for i, e := range signatures {
		cs = append(cs, Command{Insert, i + 1, e.Name, fold(e.Name, e.Value)})
	}
	return append(cs, l.replace(own, value)...)
}

// asRspamd brings the headers that tell the verdict into the order in which
// Rspamd 4.1.6 sends them. It is that of a hash table and changes with what is
// in it: one order for docker-mailserver's four, one for more of them. Several
// insertions stay as they are, since each shifts the next.
func asRspamd(cs []Command) []Command {
	has := map[string]bool{}
	inserts := 0
	for _, c := range cs {
		has[c.Name] = true
		if c.Kind == Insert {
			inserts++
		}
	}
	order := []string{"X-Rspamd-Queue-Id", "X-Spamd-Result", "X-Rspamd-Pre-Result", "X-Rspamd-Action", "X-Rspamd-Server"}
	if has["X-Spamd-Bar"] || has["X-Spam-Level"] || has["X-Spam-Status"] {
		second, last := "X-Spamd-Bar", "X-Rspamd-Server"
		if has["Deliver-To"] {
			second, last = last, second
		}
		order = []string{"X-Spamd-Result", "X-Rspamd-Pre-Result", second, "X-Rspamd-Queue-Id", "X-Spam-Level", "X-Spam-Status", "Authentication-Results", "X-Rspamd-Action", last, "Deliver-To"}
	}
	if inserts > 1 {
		return cs
	}
	rank := func(c Command) int {
		if i := slices.Index(order, c.Name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(cs, func(a, b Command) int { return rank(a) - rank(b) })
	return cs
}

const subject = "Subject"

// A layout is a header on its way.
type layout struct {
	places   map[string][]int // of the fields of each name in lower case
	visible  []int            // places of the fields that package mail sees: their names begin with a letter
	removed  map[int]bool     // by place
	inserted map[int]int      // how many were put before the nth field that counts, from 1 on
}

func newLayout(names []string) *layout {
	l := &layout{places: map[string][]int{}, removed: map[int]bool{}, inserted: map[int]int{}}
	for i, name := range names {
		key := strings.ToLower(name)
		l.places[key] = append(l.places[key], i)
		if name != "" && 'a' <= name[0]|0x20 && name[0]|0x20 <= 'z' {
			l.visible = append(l.visible, i)
		}
	}
	return l
}

// of returns the places of a name's fields.
func (l *layout) of(name string) []int { return l.places[strings.ToLower(name)] }

// remove marks the fields that an edit removes.
func (l *layout) remove(e actions.HeaderEdit) {
	places, n := l.of(e.Name), e.Index
	if n < 0 {
		n += len(places) + 1
	}
	switch {
	case e.Index == 0:
		for _, place := range places {
			l.removed[place] = true
		}
	case 1 <= n && n <= len(places):
		l.removed[places[n-1]] = true
	}
}

// deletions deletes what was removed of a name, from the last on so that the
// numbers hold.
func (l *layout) deletions(name string) []Command {
	var cs []Command
	for i, place := range l.of(name) {
		if l.removed[place] {
			cs = append(cs, Command{Change, i + 1, name, ""})
		}
	}
	slices.Reverse(cs)
	return cs
}

// replace leaves one field of a name, with another value. X-Spam is deleted
// once more, as Rspamd does, since another milter may have put one there.
func (l *layout) replace(name, value string) []Command {
	if name == "" {
		return nil
	}
	if name == subject {
		for i, place := range l.of(name) {
			l.removed[place] = i > 0
		}
	}
	return append(l.deletions(name), Command{Change, 1, name, fold(name, value)})
}

// place puts an added field where its index says (see actions.HeaderEdit).
func (l *layout) place(e actions.HeaderEdit) Command {
	n, last := e.Index, len(l.visible)+1
	if n < 0 {
		n = max(1, last+1+n)
	}
	if n == 0 || n >= last && n != 1 || e.Index == -1 {
		return Command{Add, 0, e.Name, fold(e.Name, e.Value)}
	}
	at := 1
	if n > 1 { // what stays above the nth field
		for i := range l.visible[n-1] {
			if !l.removed[i] {
				at++
			}
		}
	}
	for gap, k := range l.inserted {
		if gap < n || gap == n && e.Index < 0 {
			at += k
		}
	}
	l.inserted[n]++
	return Command{Insert, at, e.Name, fold(e.Name, e.Value)}
}

// fold folds a value as winnow.Apply does, with the protocol's line ends.
func fold(name, value string) string {
	if strings.ContainsAny(value, "\r\n") {
		return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(value)
	}
	folded := strings.ReplaceAll(mail.FoldHeader(name, value, ""), "\r\n", "\n")
	for line := range strings.SplitSeq(folded, "\n") {
		if strings.TrimSpace(line) == "" { // a long run of white space
			return value
		}
	}
	return folded
}

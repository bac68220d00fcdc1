package winnow

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/internal/header"
	"github.com/winnowmail/winnow/mail"
)

// A headerPlan is a list of edits on its way into a header: first it counts
// the header's fields, then it knows which of them go and what stands before
// each. Its size is that of the edits, whatever the header holds.
type headerPlan struct {
	names   map[string]*namePlan // by name in lower case
	longest int                  // of those names
	adds    []headerAdd
	fields  int // that were counted
	changed bool
	// gaps has the places in adds of what is put before the nth field, from 1
	// on, in the order in which it is written; fields+1 is the end.
	gaps map[int][]int
}

// A namePlan is what edits say about one name.
type namePlan struct {
	all   bool
	nth   map[int]bool // of those to remove, from 1 on; once settled none is negative
	count int
	seen  int
	adds  []int // places in headerPlan.adds of what was added and still stands
}

type headerAdd struct {
	name, value string // value folded with CRLF
	index       int
	gone        bool
}

// field returns the line or lines with one kind of line end.
func (a *headerAdd) field(eol string) string {
	value := a.value
	if eol != "\r\n" {
		value = strings.ReplaceAll(value, "\r\n", eol)
	}
	if value != "" {
		value = " " + value
	}
	return a.name + ":" + value + eol
}

// planEdits checks and collects edits. All of them count the fields of the
// header as it was received.
func planEdits(edits []actions.HeaderEdit) (*headerPlan, error) {
	p := &headerPlan{names: map[string]*namePlan{}}
	for i, e := range edits {
		if err := checkName(e.Name); err != nil {
			return nil, fmt.Errorf("winnow: header edit %d: %w", i, err)
		}
		name := strings.ToLower(e.Name)
		np := p.names[name]
		if np == nil {
			np = &namePlan{nth: map[int]bool{}}
			p.names[name], p.longest = np, max(p.longest, len(name))
		}
		if e.Remove {
			p.remove(np, e.Index)
			continue
		}
		value, err := foldedValue(e.Name, e.Value)
		if err != nil {
			return nil, fmt.Errorf("winnow: header edit %d: %s: %w", i, e.Name, err)
		}
		np.adds = append(np.adds, len(p.adds))
		p.adds = append(p.adds, headerAdd{name: e.Name, value: value, index: e.Index})
	}
	return p, nil
}

func (p *headerPlan) remove(np *namePlan, index int) {
	if index != 0 {
		np.nth[index] = true
		return
	}
	np.all = true
	for _, i := range np.adds {
		p.adds[i].gone = true
	}
	np.adds = nil
}

// checkName refuses what is no field name of RFC 5322 section 2.2, and names
// that do not begin with a letter: package mail does not see such fields.
func checkName(name string) error {
	for i := range len(name) {
		c := name[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if c <= ' ' || c >= 0x7f || c == ':' || i == 0 && !letter {
			return fmt.Errorf("%q is no field name", name)
		}
	}
	if name == "" {
		return errors.New("a field without a name")
	}
	return nil
}

// foldedValue returns a value as it goes into a header, its lines ended by
// CRLF. A value that comes folded is kept, any other is folded.
func foldedValue(name, value string) (string, error) {
	if strings.Contains(value, "\x00") {
		return "", errors.New("a NUL byte in the value")
	}
	if !strings.ContainsAny(value, "\r\n") {
		folded := mail.FoldHeader(name, value, "")
		if checkFolds(folded) != nil { // a long run of white space
			return value, nil
		}
		return folded, nil
	}
	value = strings.NewReplacer("\r\n", "\r\n", "\r", "\r\n", "\n", "\r\n").Replace(value)
	return value, checkFolds(value)
}

// checkFolds refuses a value whose further lines would not belong to it, or
// which other readers take for the end of the header.
func checkFolds(value string) error {
	first := true
	for line := range strings.SplitSeq(value, "\r\n") {
		if !first && (strings.TrimLeft(line, " \t\v\f") == "" || line[0] != ' ' && line[0] != '\t') {
			return fmt.Errorf("a line end in the value that is no fold, before %.40q", line)
		}
		first = false
	}
	return nil
}

// count tells the plan of one field of the header.
func (p *headerPlan) count(name []byte) {
	p.fields++
	if np := p.named(name); np != nil {
		np.count++
	}
}

// named finds what edits say about a name, in any case.
func (p *headerPlan) named(name []byte) *namePlan {
	if len(name) == 0 || len(name) > p.longest {
		return nil
	}
	var buf [64]byte
	low := buf[:0]
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		low = append(low, c)
	}
	return p.names[string(low)]
}

// settle places everything once all fields are counted.
func (p *headerPlan) settle() {
	for _, np := range p.names {
		for _, n := range slices.Collect(maps.Keys(np.nth)) { // places are added meanwhile
			if at := np.count + 1 + n; n < 0 && at > 0 {
				np.nth[at] = true
			}
		}
	}
	p.gaps = map[int][]int{}
	for i := len(p.adds) - 1; i >= 0; i-- { // of those put on one place the last is on top
		if a := &p.adds[i]; !a.gone && p.counted(a.index) {
			p.gaps[a.index] = append(p.gaps[a.index], i)
		}
	}
	for i := range p.adds {
		a := &p.adds[i]
		if a.gone || p.counted(a.index) {
			continue
		}
		n := p.fields + 1
		if a.index < 0 {
			n = max(1, n+1+a.index)
		}
		p.gaps[n] = append(p.gaps[n], i)
	}
	p.changed = len(p.gaps) > 0
}

// counted reports whether an addition's index counts from the top, and not
// beyond the last field.
func (p *headerPlan) counted(index int) bool { return index == 1 || index > 1 && index <= p.fields }

// removes decides about the next field of the header, whose lines these are.
func (p *headerPlan) removes(name, lines []byte) bool {
	np := p.named(name)
	if np == nil {
		return p.disguised(lines) // control characters may be in the name
	}
	np.seen++
	gone := np.all || np.nth[np.seen]
	p.changed = p.changed || gone
	return gone
}

// disguised reports whether a reader that overlooks white space and control
// characters in a name would take the lines for a field that the edits name.
func (p *headerPlan) disguised(lines []byte) bool {
	var buf [64]byte
	name := buf[:0]
	for _, c := range lines {
		if c == ':' {
			gone := p.named(name) != nil
			p.changed = p.changed || gone
			return gone
		}
		if c > ' ' {
			if len(name) == p.longest {
				return false
			}
			name = append(name, c)
		}
	}
	return false
}

// before writes what is put before the nth field, from 1 on.
func (p *headerPlan) before(n int, eol string, write func(field string)) {
	for _, i := range p.gaps[n] {
		write(p.adds[i].field(eol))
	}
}

// fieldName returns the name of the field at the start of lines, nil if
// package mail sees none there.
func fieldName(lines []byte) []byte {
	name, _, kind := header.Colon(lines, 0, header.LineAfter(lines, 0))
	if kind != header.Field {
		return nil
	}
	return lines[:name]
}

// Package zone answers DNS questions from a fixed zone: for tests, fixtures
// and demonstrations. It can also fail on purpose, in every way that real
// DNS does.
//
// A zone is a list of lines in the manner of a master file (RFC 1035
// section 5), with absolute names, and without $ directives and line
// continuation:
//
//	; a comment
//	example.org          300 TXT "v=spf1 -all"
//	example.org              MX  10 mx.example.org
//	*.list.example           A   127.0.0.2
//	www.example.org          CNAME example.org
//
// A word with "!" in the place of a record says how questions for the name
// fail, for one type or for all of them; wildcards work as for records:
//
//	broken.example           !servfail
//	slow.example         TXT !timeout
//	dead.example             !hang         (until the context ends)
//	late.example             !delay 200ms  (then answers)
//
// Failures are the kinds of package resolver: nxdomain, nodata, servfail,
// refused, timeout, truncated, lame, network, malformed. A CNAME loop needs no
// special line. Where both stand, one for the type wins over one for the name.
package zone

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/resolver"
)

// A Zone answers from its records. It is the whole DNS: what is not in it
// does not exist. It must not be changed while in use.
type Zone struct {
	nodes map[string]*node
	// Authentic is set in every answer.
	Authentic bool
}

// A node is one name; one without records and failures is an empty
// non-terminal.
type node struct {
	records  []resolver.Record
	failures map[uint16]failure // 0: every type
}

type failure struct {
	kind  resolver.Kind
	hang  bool
	delay time.Duration
}

// maxChain is how many CNAMEs in a row are followed.
const maxChain = 16

// maxName bounds a name in presentation form (255 bytes, each as \DDD).
const maxName = 1020

// New makes a zone of records.
func New(records ...resolver.Record) *Zone {
	z := &Zone{nodes: map[string]*node{}}
	for _, r := range records {
		n := z.node(resolver.Canonical(r.Name))
		n.records = append(n.records, r)
	}
	return z
}

// Parse reads a zone in the text format above. The error names the line.
func Parse(text string) (*Zone, error) {
	z := New()
	num := 0
	for line := range strings.Lines(text) {
		num++
		if err := z.add(line); err != nil {
			return nil, fmt.Errorf("zone line %d: %w", num, err)
		}
	}
	return z, nil
}

// Must is Parse for zones in Go source; it panics on an error.
func Must(text string) *Zone {
	z, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return z
}

// FromMap makes a zone of lines without names ("A 192.0.2.1", "!servfail")
// by name.
func FromMap(names map[string][]string) (*Zone, error) {
	z := New()
	for _, name := range slices.Sorted(maps.Keys(names)) {
		for _, line := range names[name] {
			if err := z.add(name + " " + line); err != nil {
				return nil, fmt.Errorf("zone name %s: %w", name, err)
			}
		}
	}
	return z, nil
}

func (z *Zone) add(line string) error {
	words, err := resolver.Fields(line)
	if err != nil || len(words) == 0 {
		return err
	}
	if len(words[0].Text) > maxName {
		return fmt.Errorf("name longer than %d bytes", maxName)
	}
	i := slices.IndexFunc(words, func(t resolver.Token) bool { return !t.Quoted && strings.HasPrefix(t.Text, "!") })
	if i == 1 || i == 2 {
		return z.addFailure(words, i)
	}
	r, err := resolver.RecordOf(words)
	if err != nil {
		return err
	}
	n := z.node(r.Name)
	n.records = append(n.records, r)
	return nil
}

func (z *Zone) addFailure(words []resolver.Token, at int) error {
	var qtype uint16
	if at == 2 {
		var ok bool
		if qtype, ok = resolver.ParseType(words[1].Text); !ok {
			return fmt.Errorf("unknown type %q", words[1].Text)
		}
	}
	var f failure
	args := words[at+1:]
	switch kind := resolver.Kind(words[at].Text[1:]); kind {
	case "hang":
		f.hang = true
	case "delay":
		if len(args) == 0 {
			return fmt.Errorf("!delay wants a duration")
		}
		d, err := time.ParseDuration(args[0].Text)
		if err != nil || d < 0 {
			return fmt.Errorf("!delay %q: no duration", args[0].Text)
		}
		f.delay, args = d, args[1:]
	case resolver.KindNXDomain, resolver.KindNoData, resolver.KindServFail, resolver.KindRefused, resolver.KindTimeout,
		resolver.KindTruncated, resolver.KindLame, resolver.KindNetwork, resolver.KindMalformed:
		f.kind = kind
	default:
		return fmt.Errorf("unknown failure %q", words[at].Text)
	}
	if len(args) > 0 {
		return fmt.Errorf("unexpected %q", args[0].Text)
	}
	n := z.node(resolver.Canonical(words[0].Text))
	if n.failures == nil {
		n.failures = map[uint16]failure{}
	}
	n.failures[qtype] = f
	return nil
}

// node returns the node of name and makes those above it exist.
func (z *Zone) node(name string) *node {
	n := z.nodes[name]
	if n != nil {
		return n
	}
	n = &node{}
	z.nodes[name] = n
	for parent, ok := up(name); ok && z.nodes[parent] == nil; parent, ok = up(parent) {
		z.nodes[parent] = &node{}
	}
	return n
}

// up returns the name one label shorter.
func up(name string) (string, bool) {
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++
		case '.':
			return name[i+1:], i+1 < len(name)
		}
	}
	return "", false
}

// find returns the name's node or the wildcard that stands for it (RFC 4592:
// the closest existing ancestor decides), nil when the name does not exist.
func (z *Zone) find(name string) *node {
	if len(name) > maxName {
		return nil
	}
	if n := z.nodes[name]; n != nil {
		return n
	}
	for parent, ok := up(name); ok; parent, ok = up(parent) {
		if z.nodes[parent] != nil {
			return z.nodes["*."+parent]
		}
	}
	return z.nodes["*"]
}

// Lookup answers from the zone.
func (z *Zone) Lookup(ctx context.Context, name string, qtype uint16) (resolver.Answer, error) {
	asked := resolver.Canonical(name)
	fail := func(kind resolver.Kind) (resolver.Answer, error) {
		return resolver.Answer{}, &resolver.Error{Name: asked, Type: qtype, Kind: kind}
	}
	answer := resolver.Answer{Authentic: z.Authentic}
	name = asked
	for range maxChain {
		if ctx.Err() != nil {
			return fail(ended(ctx))
		}
		n := z.find(name)
		if n == nil {
			return fail(resolver.KindNXDomain)
		}
		if f, ok := n.failure(qtype); ok {
			if kind := f.happen(ctx); kind != "" {
				return fail(kind)
			}
		}
		var next string
		found := false
		for _, r := range n.records {
			if r.Type != qtype && r.Type != resolver.TypeCNAME {
				continue
			}
			r.Name = name // a wildcard's records get the asked name
			r.Strings = slices.Clone(r.Strings)
			answer.Records = append(answer.Records, r)
			if r.Type == qtype {
				found = true
			} else {
				next = resolver.Canonical(r.Host)
			}
		}
		switch {
		case found:
			return answer, nil
		case next == "":
			return fail(resolver.KindNoData)
		}
		name = next
	}
	return fail(resolver.KindLoop)
}

func (n *node) failure(qtype uint16) (failure, bool) {
	if f, ok := n.failures[qtype]; ok {
		return f, true
	}
	f, ok := n.failures[0]
	return f, ok
}

// happen waits as the failure says and returns the kind of error, "" to go on.
func (f failure) happen(ctx context.Context) resolver.Kind {
	if f.hang {
		<-ctx.Done()
		return ended(ctx)
	}
	if f.delay > 0 {
		t := time.NewTimer(f.delay)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return ended(ctx)
		}
	}
	return f.kind
}

func ended(ctx context.Context) resolver.Kind {
	if ctx.Err() == context.DeadlineExceeded {
		return resolver.KindTimeout
	}
	return resolver.KindCanceled
}

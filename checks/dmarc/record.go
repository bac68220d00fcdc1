package dmarc

import (
	"slices"
	"strconv"
	"strings"
)

// Limits of what is taken from a record; the rest is passed over.
const (
	maxRecord   = 16 << 10 // bytes
	maxTags     = 256
	maxURIs     = 16 // of rua= and of ruf=
	maxProblems = 16
)

// A Record is a DMARC policy record: RFC 9989 section 4.7 and the tags of RFC
// 7489 section 6.3 that it dropped.
type Record struct {
	// Policy, Subdomains and Nonexistent are p=, sp= and np=: "none",
	// "quarantine" or "reject"; "" where the tag is missing or has no such
	// value.
	Policy, Subdomains, Nonexistent string `json:",omitempty"`
	// PSD is psd=: "y" for a public suffix, "n" for an organizational domain,
	// "u" or "" where the record does not tell.
	PSD string `json:",omitempty"`
	// Testing is t=y: the policy is only tried.
	Testing bool `json:",omitempty"`
	// Percent is pct=, the share of failing messages that the policy is for;
	// 100 if there is none.
	Percent int
	// StrictDKIM and StrictSPF are adkim=s and aspf=s.
	StrictDKIM, StrictSPF bool `json:",omitempty"`
	// Aggregate and Failure are rua= and ruf=, where reports go.
	Aggregate, Failure []URI `json:",omitempty"`
	// FailureOptions is fo= as written, "" if there is none or it is wrong.
	FailureOptions string `json:",omitempty"`
	// Interval is ri= in seconds, 86400 if there is none.
	Interval uint32
	// Formats are the report formats of rf=.
	Formats []string `json:",omitempty"`
	// Problems are the tags that could not be used, the first ones.
	Problems []Problem `json:",omitempty"`
}

// A Problem is something wrong with a record.
type Problem struct {
	Tag   string // lower case, "" where there is none
	Value string // lower case, cut
	What  string // for people
}

// A URI is where a report is sent (RFC 9990 section 3.5, RFC 7489 section
// 6.2).
type URI struct {
	Address string // as "mailto:dmarc@example.org"
	// MaxBytes is the most the receiver takes, 0 for any size.
	MaxBytes int64 `json:",omitempty"`
}

// ParseRecord reads the text of a TXT record. ok is false for one that is no
// DMARC record: it does not begin with v=DMARC1 and a semicolon.
//
// It is as tolerant as RFC 9989 section 4.7 asks: what is unknown or wrong is
// passed over. Names and keywords may be in any case; a semicolon may be
// escaped with a backslash, or missing where white space stands before the
// next tag but the first, as Rspamd 4.1.6 reads; of a tag that stands twice the last counts.
func ParseRecord(text string) (r Record, ok bool) {
	if len(text) > maxRecord {
		text = text[:maxRecord]
	}
	r = Record{Percent: 100, Interval: 86400}
	p := recordParser{r: &r, rest: text}
	name, value, found := p.next()
	if !found || name != "v" || value != "DMARC1" || !p.separated || p.bySpace {
		return Record{}, false
	}
	for i := 0; i < maxTags; i++ {
		name, value, found = p.next()
		if !found {
			break
		}
		p.tag(i, name, value)
	}
	if r.Policy == "" && !r.hasProblem("p") {
		p.problem("p", "", "missing")
	}
	return r, true
}

// Valid reports whether a receiver that takes RFC 7489 section 6.6.3 by the
// letter applies the record: nothing is wrong with it, or only with the
// policies, and it says where to send reports.
func (r Record) Valid() bool {
	return !slices.ContainsFunc(r.Problems, func(p Problem) bool {
		excused := len(r.Aggregate) > 0 && (p.Tag == "p" || p.Tag == "sp" || p.Tag == "np") && p.What != "twice" && p.What != "out of place"
		return !excused
	})
}

func (r *Record) hasProblem(tag string) bool {
	return slices.ContainsFunc(r.Problems, func(p Problem) bool { return p.Tag == tag })
}

// A recordParser reads one tag after the other.
type recordParser struct {
	r         *Record
	rest      string
	separated bool // a separator stood after the tag that was read last
	bySpace   bool // and that was white space
	seen      []string
}

// next returns the next tag that is not empty, its name in lower case. A tag
// without "=" has no name.
func (p *recordParser) next() (name, value string, ok bool) {
	for p.rest != "" {
		tag := p.cut()
		if tag = trim(tag); tag == "" {
			continue
		}
		name, value, ok := strings.Cut(tag, "=")
		if !ok {
			return "", tag, true
		}
		return strings.ToLower(trim(name)), trim(value), true
	}
	return "", "", false
}

// cut takes the text up to a separator: a semicolon, escaped or not, or white
// space before what looks like a tag.
func (p *recordParser) cut() string {
	s := p.rest
	seenEquals, gap, word := false, -1, -1 // white space after a value, and a name after that
	for i := range len(s) {
		switch c := s[i]; {
		case c == ';' || c == '\\':
			p.rest, p.separated, p.bySpace = s[i+1:], true, false
			return s[:i]
		case c == '=':
			if seenEquals && word >= 0 {
				p.rest, p.separated, p.bySpace = s[gap:], true, true
				return s[:gap]
			}
			seenEquals, gap, word = true, -1, -1
		case isSpace(c):
			if word < 0 && gap < 0 {
				gap = i
			}
		case isAlpha(c):
			if gap >= 0 && word < 0 {
				word = i
			} else if word >= 0 && isSpace(s[i-1]) {
				gap, word = i-1, i // another word: the earlier one was no name
			}
		default:
			gap, word = -1, -1
		}
	}
	p.rest, p.separated = "", false
	return s
}

// tag takes over one tag; i counts from the one after the version.
func (p *recordParser) tag(i int, name, value string) {
	if slices.Contains(p.seen, name) {
		p.problem(name, value, "twice")
	} else if len(p.seen) < maxTags {
		p.seen = append(p.seen, name)
	}
	if name == "p" && i > 0 {
		p.problem("p", value, "out of place")
	}
	r, word := p.r, strings.ToLower(value)
	switch name {
	case "p":
		r.Policy = p.policy(name, word)
	case "sp":
		r.Subdomains = p.policy(name, word)
	case "np":
		r.Nonexistent = p.policy(name, word)
	case "adkim":
		r.StrictDKIM = p.oneOf(name, word, "r", "s") == "s"
	case "aspf":
		r.StrictSPF = p.oneOf(name, word, "r", "s") == "s"
	case "psd":
		r.PSD = p.oneOf(name, word, "y", "n", "u")
	case "t":
		r.Testing = p.oneOf(name, word, "y", "n") == "y"
	case "pct":
		r.Percent = int(p.number(name, word, 100, 100))
	case "ri":
		r.Interval = uint32(p.number(name, word, 1<<32-1, 86400))
	case "rua":
		r.Aggregate = p.uris(name, value)
	case "ruf":
		r.Failure = p.uris(name, value)
	case "fo", "rf":
		p.list(name, word)
	case "", "v":
		p.problem(name, value, "no tag")
	}
}

func (p *recordParser) problem(tag, value, what string) {
	if len(p.r.Problems) < maxProblems {
		p.r.Problems = append(p.r.Problems, Problem{cutAt(tag, 32), strings.ToLower(cutAt(value, 64)), what})
	}
}

func (p *recordParser) oneOf(name, value string, allowed ...string) string {
	if slices.Contains(allowed, value) {
		return value
	}
	p.problem(name, value, "invalid value")
	return ""
}

// policy reads a policy. An abbreviated "none" counts, as OpenDMARC has it:
// it can mean nothing else, and asks for nothing.
func (p *recordParser) policy(name, value string) string {
	if value != "" && name == "p" && strings.HasPrefix("none", value) {
		return "none"
	}
	return p.oneOf(name, value, "none", "quarantine", "reject")
}

func (p *recordParser) number(name, value string, most, otherwise uint64) uint64 {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil || n > most {
		p.problem(name, value, "invalid value")
		return otherwise
	}
	return n
}

// list reads fo= and rf=, words between colons.
func (p *recordParser) list(name, value string) {
	words := strings.SplitN(value, ":", maxURIs+1)
	for i, w := range words {
		words[i] = trim(w)
		if name == "fo" && !slices.Contains([]string{"0", "1", "d", "s"}, words[i]) || name == "rf" && !isFormat(words[i]) {
			p.problem(name, value, "invalid value")
			return
		}
	}
	if name == "rf" {
		p.r.Formats = words
	} else {
		p.r.FailureOptions = strings.Join(words, ":")
	}
}

// isFormat reports whether w can name a report format: a letter, then
// letters, digits and hyphens that don't end in a hyphen.
func isFormat(w string) bool {
	for i := range len(w) {
		if c := w[i]; !isAlpha(c) && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return w != "" && len(w) <= 63 && w[len(w)-1] != '-'
}

// uris reads a list of report addresses. Wrong ones are left out.
func (p *recordParser) uris(name, value string) []URI {
	var uris []URI
	for n := 0; ; n++ {
		one, rest, more := strings.Cut(value, ",")
		if n == maxURIs {
			p.problem(name, "", "too many")
			return uris
		}
		if u, ok := parseURI(trim(one)); ok {
			uris = append(uris, u)
		} else {
			p.problem(name, one, "invalid value")
		}
		if value = rest; !more {
			return uris
		}
	}
}

// parseURI reads "mailto:a@example.org!10m".
func parseURI(s string) (URI, bool) {
	address, size, sized := strings.Cut(s, "!")
	u := URI{Address: address}
	if scheme, rest, ok := strings.Cut(address, ":"); !ok || scheme == "" || rest == "" || !isAlpha(scheme[0]) || strings.ContainsAny(address, " \t\r\n\x00") {
		return URI{}, false
	}
	if !sized {
		return u, true
	}
	shift := 0
	if size != "" {
		if i := strings.IndexByte("kmgt", size[len(size)-1]|0x20); i >= 0 {
			shift, size = 10*(i+1), size[:len(size)-1]
		}
	}
	n, err := strconv.ParseUint(size, 10, 62)
	if err != nil || n > 1<<62>>shift {
		return URI{}, false
	}
	u.MaxBytes = int64(n << shift)
	return u, true
}

func cutAt(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

func trim(s string) string { return strings.Trim(s, " \t\r\n") }

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

package whitelist

import (
	_ "embed" // the list
	"fmt"
	"strconv"
	"strings"
)

//go:embed data/dmarc.txt
var dmarcText string

//go:embed data/rspamd-dmarc.txt
var rspamdDMARC string

//go:embed data/rspamd-spf-dkim.txt
var rspamdSPFDKIM string

// A Mode says which messages that claim to be from a domain count.
type Mode uint8

// The modes; in the text form they are "", "wl", "bl" and "both".
const (
	Unset      Mode = iota // as the rule says
	Proven                 // those that are proven to be the domain's
	Pretending             // those that only pretend
	Both
)

// An Entry is what a list says of a domain. The zero value is the mode of the
// rule with factor 1.
type Entry struct {
	Mode   Mode
	Factor float64 // of the symbol's weight; 0 is 1
}

// Builtin returns the domains that come with the package: some that are often
// imitated and ask receivers to reject what DMARC does not prove. Their mode is
// Pretending: forged mail is distrusted, proven mail gets no bonus.
func Builtin() Lists {
	domains, _ := ParseDomains(dmarcText) // the text is the package's own: a test sees that it is right
	return Lists{DMARC: domains}
}

// Bundled returns the lists that come with Rspamd 4.1.6 (see NOTICE): mail that
// is proven to be from one of some thousand domains is trusted, up to minus 7
// points. They are for comparisons with Rspamd rather than for use.
func Bundled() Lists {
	dmarc, _ := ParseDomains(rspamdDMARC)     // as in Builtin
	spfDKIM, _ := ParseDomains(rspamdSPFDKIM) // as in Builtin
	return Lists{DMARC: dmarc, SPFDKIM: spfDKIM}
}

// ParseDomains reads Rspamd's form of a list: a domain a line, then nothing, a
// factor, or "wl:", "bl:" or "both:" with or without a factor; "#" begins a
// comment. The error names the line.
func ParseDomains(text string) (map[string]Entry, error) {
	list := map[string]Entry{}
	num := 0
	for line := range strings.Lines(text) {
		num++
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) > 2 {
			return nil, fmt.Errorf("line %d (%s): more than a domain and a value", num, fields[0])
		}
		e, err := parseEntry(strings.Join(fields[1:], ""))
		if err != nil {
			return nil, fmt.Errorf("line %d (%s): %w", num, fields[0], err)
		}
		list[clean(fields[0])] = e
	}
	return list, nil
}

func parseEntry(s string) (e Entry, err error) {
	if mode, rest, ok := strings.Cut(s, ":"); ok {
		switch mode {
		case "wl":
			e.Mode = Proven
		case "bl":
			e.Mode = Pretending
		case "both":
			e.Mode = Both
		default:
			return e, fmt.Errorf("unknown mode %q", mode)
		}
		s = rest
	}
	if s == "" {
		return e, nil
	}
	if e.Factor, err = strconv.ParseFloat(s, 64); err != nil || !(e.Factor > 0 && e.Factor <= 1000) {
		return e, fmt.Errorf("the factor %q is no number above 0 and up to 1000", s)
	}
	return e, nil
}

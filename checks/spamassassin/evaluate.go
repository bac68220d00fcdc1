package spamassassin

import (
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/texts"
	"github.com/winnowmail/winnow/internal/matcher"
	"github.com/winnowmail/winnow/symbols"
)

// An evaluation is the rules' values of one message.
type evaluation struct {
	*sheet
	task    *checks.Task
	matches *texts.Matches
	values  []float64
	state   []uint8
	names   []string // symbols of other families, sorted
	absent  map[string]bool
	relays  *relays
}

// The states of a value.
const (
	unknown uint8 = iota
	underway
	done
)

// value computes a rule's value once. A rule that is asked for while it is
// computed, for it names itself, is 0.
func (e *evaluation) value(i int) float64 {
	switch e.state[i] {
	case done:
		return e.values[i]
	case underway:
		return 0
	}
	e.state[i] = underway
	x := e.rules[i]
	v := 0.0
	switch {
	case x.score == 0: // as SpamAssassin: it does not run
	case x.meta != nil:
		v = x.meta.eval(e.named)
	case x.call != nil:
		v = x.call(e)
	default:
		v = e.matched(x)
	}
	if v != v {
		v = 0
	}
	e.values[i], e.state[i] = v, done
	return v
}

// named is the value of a rule, or 1 for a symbol of another family.
func (e *evaluation) named(name string) float64 {
	if i, ok := e.byName[name]; ok {
		return e.value(i)
	}
	if own := equivalent(name); own != "" {
		name = own
	}
	if _, ok := slices.BinarySearch(e.names, name); ok {
		return 1
	}
	return 0
}

// matched counts the matches of a pattern. An absent header is the text that
// the rule has for that case, else an empty one.
func (e *evaluation) matched(x *rule) float64 {
	n := e.matches.Count(x.id)
	if x.kind == texts.Given && e.absent[x.header] && x.pattern.Match(matcher.Latin1(x.unset), matcher.For(len(x.unset))) {
		n = 1
	}
	if x.negated {
		if n == 0 {
			return 1
		}
		return 0
	}
	return float64(n)
}

// maxEvidence bounds the places that are told of one symbol.
const maxEvidence = 10

// evidence lists where the patterns of a rule, or of the rules that it names,
// matched.
func (e *evaluation) evidence(i int) []symbols.Evidence {
	var out []symbols.Evidence
	seen := map[int]bool{}
	var add func(i int)
	add = func(i int) {
		if seen[i] || len(out) >= maxEvidence {
			return
		}
		seen[i] = true
		x := e.rules[i]
		if x.pattern != nil && x.score != 0 && !x.negated {
			out = append(out, e.matches.Evidence(x.id)...)
		}
		if x.meta != nil {
			for _, n := range x.meta.names {
				if j, ok := e.byName[n]; ok && e.state[j] == done && e.values[j] != 0 {
					add(j)
				}
			}
		}
	}
	add(i)
	return out[:min(len(out), maxEvidence)]
}

// equivalent is the symbol of another family for one of SpamAssassin's that its
// files name and do not define, as Rspamd has them.
func equivalent(name string) string {
	switch name {
	case "SPF_PASS", "SPF_HELO_PASS":
		return "R_SPF_ALLOW"
	case "SPF_FAIL", "SPF_HELO_FAIL":
		return "R_SPF_FAIL"
	case "SPF_SOFTFAIL", "SPF_HELO_SOFTFAIL":
		return "R_SPF_SOFTFAIL"
	case "SPF_NEUTRAL":
		return "R_SPF_NEUTRAL"
	case "SPF_NONE":
		return "R_SPF_NA"
	case "USER_IN_SPF_WHITELIST", "USER_IN_DEF_SPF_WL":
		return "WHITELIST_SPF"
	case "DKIM_VALID":
		return "R_DKIM_ALLOW"
	case "USER_IN_DKIM_WHITELIST", "USER_IN_DEF_DKIM_WL":
		return "WHITELIST_DKIM"
	case "URIBL_SBL_A":
		return "URIBL_SBL"
	case "URIBL_DBL_SPAM":
		return "DBL_SPAM"
	case "URIBL_DBL_PHISH":
		return "DBL_PHISH"
	case "URIBL_DBL_MALWARE":
		return "DBL_MALWARE"
	case "URIBL_DBL_BOTNETCC":
		return "DBL_BOTNET"
	case "URIBL_DBL_ABUSE_SPAM":
		return "DBL_ABUSE"
	case "URIBL_DBL_ABUSE_REDIR":
		return "DBL_ABUSE_REDIR"
	case "URIBL_DBL_ABUSE_MALW":
		return "DBL_ABUSE_MALWARE"
	case "URIBL_DBL_ABUSE_BOTCC":
		return "DBL_ABUSE_BOTNET"
	case "URIBL_WS_SURBL":
		return "WS_SURBL_MULTI"
	case "URIBL_PH_SURBL":
		return "PH_SURBL_MULTI"
	case "URIBL_MW_SURBL":
		return "MW_SURBL_MULTI"
	case "URIBL_CR_SURBL":
		return "CRACKED_SURBL"
	case "URIBL_ABUSE_SURBL":
		return "ABUSE_SURBL"
	case "BODY_URI_ONLY":
		return "R_EMPTY_IMAGE"
	}
	return ""
}

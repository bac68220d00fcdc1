package authres

import "github.com/winnowmail/winnow/internal/idn"

// MaxMerged is the most results that Merge takes from headers, as OpenARC.
const MaxMerged = 16

// Merge joins the Authentication-Results of one server, their values newest
// first, for an ARC-Authentication-Results field (RFC 8617 section 4.1.1). A
// value counts if its authserv-id is servID, in any case, and if all of it
// follows RFC 8601: of a header that is wrong in one place nothing is taken.
// A method that a newer header has results of is not taken from an older one,
// and none that own has results of, which the sealer adds itself.
func Merge(servID string, values []string, own ...Result) Header {
	h := Header{ServID: servID}
	seen := map[string]bool{}
	for _, r := range own {
		seen[r.Method] = true
	}
	for _, value := range values {
		if len(h.Results) == MaxMerged {
			break
		}
		p := newParser(value)
		p.strict = true
		one := p.header()
		if p.err != nil || !idn.Same(one.ServID, servID) {
			continue
		}
		from := len(h.Results)
		for _, r := range one.Results {
			if !seen[r.Method] && len(h.Results) < MaxMerged {
				h.Results = append(h.Results, r)
			}
		}
		for _, r := range h.Results[from:] {
			seen[r.Method] = true
		}
	}
	h.Results = append(h.Results, own...)
	return h
}

package arc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/winnowmail/winnow/checks/authres"
	"github.com/winnowmail/winnow/internal/dkimsig"
)

// collect finds the sets and checks their structure (RFC 8617 section 5.2
// steps 1 and 3). It returns false when the validation ends there.
func (v *verifier) collect() bool {
	results := v.header.All("ARC-Authentication-Results")
	messages := v.header.All(dkimsig.ARCMessage.FieldName())
	seals := v.header.All(dkimsig.ARCSeal.FieldName())
	n := len(seals)
	switch {
	case len(results)+len(messages)+n == 0:
		return false
	case max(len(results), len(messages), n) > dkimsig.MaxInstance:
		v.malformed(fmt.Sprintf("more than %d sets", dkimsig.MaxInstance))
	case len(messages) != n:
		v.malformed("invalid count of seals and signatures")
	case len(results) != n:
		v.malformed("invalid count of seals and results")
	}
	if v.result.Malformed {
		return false
	}
	v.sets = make([]set, n)
	return v.place(results, messages, seals)
}

// place puts each field into the set of its instance.
func (v *verifier) place(results, messages, seals []dkimsig.RawField) bool {
	ams, as := readAll(dkimsig.ARCMessage, messages), readAll(dkimsig.ARCSeal, seals)
	for i := range v.sets {
		s := &v.sets[i]
		for _, f := range []struct {
			what string
			r    read
		}{{"signature", ams[i]}, {"seal", as[i]}} {
			if f.r.sig.Instance != i+1 {
				v.malformed(fmt.Sprintf("bad i for %s: %d, expected %d; d=%.80s", f.what, f.r.sig.Instance, i+1, f.r.sig.Domain))
				return false
			}
		}
		s.ams, s.amsErr, s.message = ams[i].sig, ams[i].err, ams[i].raw
		s.as, s.asErr, s.seal = as[i].sig, as[i].err, as[i].raw
	}
	for _, raw := range results {
		i, text := dkimsig.ResultsInstance(raw)
		if i == 0 || i > len(v.sets) || v.sets[i-1].results != nil {
			v.malformed(fmt.Sprintf("bad i for results: %d", i))
			return false
		}
		v.sets[i-1].results, v.sets[i-1].text = raw, text
	}
	return true
}

// A read is a field that was read.
type read struct {
	sig *dkimsig.Signature
	err error
	raw dkimsig.RawField
}

// readAll reads fields and puts them in the order of their instances; 0 for
// those that have none.
func readAll(kind dkimsig.Kind, fields []dkimsig.RawField) []read {
	out := make([]read, len(fields))
	for i, raw := range fields {
		sig, err := dkimsig.ParseSignature(kind, raw)
		out[i] = read{sig, err, raw}
	}
	slices.SortStableFunc(out, func(a, b read) int { return a.sig.Instance - b.sig.Instance })
	return out
}

// describe puts the sets into the Result.
func (v *verifier) describe() {
	for _, s := range v.sets {
		v.result.Sets = append(v.result.Sets, Set{
			Domain: clip(s.as.Domain), Selector: clip(s.as.Selector), Chain: clip(s.as.Chain), Results: clip(s.text),
			MessageDomain: clip(s.ams.Domain), MessageSelector: clip(s.ams.Selector),
		})
	}
}

// clip makes text of a field fit to be kept and shown.
func clip(s string) string {
	const most = 8192
	return strings.ToValidUTF8(s[:min(len(s), most)], "\uFFFD")
}

// findings hold what a set's results say; what they don't mention is "".
type findings struct {
	dmarc, from string // result, and the domain in From it is for
	spf         string
}

// readResults reads the results of an ARC-Authentication-Results field
// (RFC 8601), as far as they are of interest.
func readResults(text string) (f findings) {
	h, _ := authres.Parse(text)
	for _, r := range h.Results {
		switch r.Method {
		case "spf":
			f.spf = string(r.Value)
		case "dmarc":
			f.dmarc, f.from = string(r.Value), r.Property("header", "from")
		}
	}
	return f
}

package signing

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/winnowmail/winnow/internal/dkimsig"
	"github.com/winnowmail/winnow/mail"
)

// A Chain is the outcome of verifying the ARC sets that a message has
// (RFC 8617 section 4.4): it becomes the cv= of the next seal.
type Chain string

// The outcomes.
const (
	ChainNone Chain = "none" // there are no sets
	ChainPass Chain = "pass"
	ChainFail Chain = "fail"
)

// The names of the fields of a set.
const (
	aarName = "ARC-Authentication-Results"
	amsName = "ARC-Message-Signature"
	asName  = "ARC-Seal"
)

// An arcSet is one set of fields that a message has.
type arcSet struct{ aar, ams, as dkimsig.RawField }

var (
	errChain  = errors.New("its ARC sets are broken")
	errFull   = fmt.Errorf("it has %d ARC sets already", dkimsig.MaxInstance)
	errFailed = errors.New("its ARC chain was sealed as failed before, and nothing may follow")
	errOpen   = errors.New("nobody verified its ARC chain")
)

// Seal makes the ARC set of a message: the three fields in the order in which
// they are put on top, each above the one before. results is what follows i=
// in ARC-Authentication-Results: an authserv-id and results as in
// Authentication-Results. A failed chain is sealed as RFC 8617 section 5.1.2
// has it: the new set alone.
func (f Format) Seal(m *mail.Message, id Identity, key crypto.Signer, now time.Time, results string, chain Chain) ([]Field, error) {
	form, err := f.read(DefaultARCHeaders)
	if err != nil {
		return nil, err
	}
	return form.seal(viewOf(m), id, key, now, results, chain)
}

func (f *form) seal(v *view, id Identity, key crypto.Signer, now time.Time, results string, chain Chain) ([]Field, error) {
	sets, err := setsOf(v.header)
	if err != nil {
		return nil, err
	}
	if chain, err = next(chain, sets); err != nil {
		return nil, err
	}
	begin := "i=" + strconv.Itoa(len(sets)+1) + ";"
	aar := Field{aarName, begin + " " + foldResults(results)}
	ams, err := f.message(dkimsig.ARCMessage, begin, v, id, key, now)
	if err != nil {
		return nil, err
	}
	a, err := dkimsig.SignerAlgorithm(key)
	if err != nil {
		return nil, err
	}
	w := newFieldWriter(asName)
	for _, tag := range []string{begin, "a=" + a.String() + ";", "d=" + id.Domain + ";", "s=" + id.Selector + ";", "t=" + unix(now) + ";", "cv=" + string(chain) + ";", "b="} {
		w.tag(tag)
	}
	var signed []dkimsig.RawField
	if chain != ChainFail {
		for _, s := range sets {
			signed = append(signed, s.aar, s.ams, s.as)
		}
	}
	signed = append(signed, aar.raw(), ams.raw())
	h, own := sha256.New(), w.bytes()
	dkimsig.HashHeader(h, dkimsig.Relaxed, signed, own, len(own), len(own))
	as, err := w.sign(key, h.Sum(nil))
	if err != nil {
		return nil, err
	}
	return []Field{aar, ams, as}, nil
}

// next returns the outcome that a new seal states in its cv=.
func next(chain Chain, sets []arcSet) (Chain, error) {
	switch {
	case len(sets) == 0:
		return ChainNone, nil
	case len(sets) >= dkimsig.MaxInstance:
		return "", errFull
	case tagOf(sets[len(sets)-1].as, "cv") == string(ChainFail):
		return "", errFailed
	case chain == ChainPass || chain == ChainFail:
		return chain, nil
	}
	return "", errOpen
}

// setsOf returns the sets of a header by their instance, which count from 1
// without a gap.
func setsOf(h *dkimsig.Header) ([]arcSet, error) {
	seals := h.All(asName)
	n := len(seals)
	if n != len(h.All(amsName)) || n != len(h.All(aarName)) {
		return nil, errChain
	}
	if n > dkimsig.MaxInstance {
		return nil, errFull
	}
	sets := make([]arcSet, n)
	for _, name := range []string{aarName, amsName, asName} {
		for _, f := range h.All(name) {
			i := instanceOf(name, f)
			if i < 1 || i > n {
				return nil, errChain
			}
			at := map[string]*dkimsig.RawField{aarName: &sets[i-1].aar, amsName: &sets[i-1].ams, asName: &sets[i-1].as}[name]
			if *at != nil {
				return nil, errChain
			}
			*at = f
		}
	}
	return sets, nil
}

// instanceOf returns the i= of a field, 0 if there is none; it leads
// ARC-Authentication-Results, which is no tag list.
func instanceOf(name string, f dkimsig.RawField) int {
	if name == aarName {
		i, _ := dkimsig.ResultsInstance(f)
		return i
	}
	i, err := strconv.Atoi(tagOf(f, "i"))
	if err != nil {
		return 0
	}
	return i
}

func tagOf(f dkimsig.RawField, name string) string {
	_, value, _ := bytes.Cut(f, []byte(":"))
	tags, err := dkimsig.ParseTags(string(value))
	if err != nil {
		return ""
	}
	v, _ := tags.Get(name)
	return v
}

// foldResults folds after semicolons, as Rspamd does with results.
func foldResults(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return mail.FoldHeader(aarName, s, ";")
}

package dkimsig

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Kind is one of the header fields that carry a signature.
type Kind byte

// The kinds.
const (
	DKIM       Kind = iota // DKIM-Signature
	ARCMessage             // ARC-Message-Signature
	ARCSeal                // ARC-Seal
)

// FieldName returns the name of the field.
func (k Kind) FieldName() string {
	return [...]string{"DKIM-Signature", "ARC-Message-Signature", "ARC-Seal"}[k]
}

// An Algorithm is what a= names: a type of key and a hash.
type Algorithm struct {
	Key  string // "rsa" or "ed25519"
	Hash crypto.Hash
}

// String returns the value of a=.
func (a Algorithm) String() string { return a.Key + "-" + hashName(a.Hash) }

func hashName(h crypto.Hash) string {
	if h == crypto.SHA1 {
		return "sha1"
	}
	return "sha256"
}

// ParseAlgorithm reads an a= tag; an unknown algorithm is an error.
func ParseAlgorithm(s string) (Algorithm, error) {
	switch s {
	case "rsa-sha256":
		return Algorithm{"rsa", crypto.SHA256}, nil
	case "rsa-sha1":
		return Algorithm{"rsa", crypto.SHA1}, nil
	case "ed25519-sha256":
		return Algorithm{"ed25519", crypto.SHA256}, nil
	}
	return Algorithm{}, fmt.Errorf("unknown algorithm %.40q", s)
}

// A Signature is one such field, read.
type Signature struct {
	Kind             Kind
	Algorithm        Algorithm
	AlgorithmText    string // a= as written
	Domain, Selector string // d=, s= as written
	Value            []byte // b=
	ValueText        string // b= as written, white space gone
	// Names are those of h=, as written. A seal has none.
	Names                  []string
	HeaderCanon, BodyCanon Canon
	BodyHash               []byte    // bh=; not of a seal
	Length                 int64     // l=, -1: the whole body
	Identity               string    // i= of DKIM, "" if absent
	Instance               int       // i= of ARC, 1 to 50
	Chain                  string    // cv= of a seal: "none", "pass" or "fail"
	Time, Expires          time.Time // t=, x=, zero if absent

	raw      []byte
	from, to int // the value of b= in raw
}

// ErrUnsupported is the error for signatures that are well-formed but have
// another version or another way to fetch their key.
var ErrUnsupported = errors.New("unsupported")

// ErrValue is the error for signatures in which only b= is wrong: it is no
// base64.
var ErrValue = errors.New("b= is no base64")

// ParseSignature reads the field raw (from name to line end, as received; it
// is kept). With an error the signature has what could be read until then,
// and d= and s= wherever there is a tag list.
func ParseSignature(kind Kind, raw []byte) (*Signature, error) {
	s := &Signature{Kind: kind, Length: -1, raw: raw}
	colon := bytes.IndexByte(raw, ':')
	s.from, s.to = len(raw), len(raw)
	value := string(bytes.TrimRight(raw[colon+1:], "\r\n"))
	tags, err := ParseTags(value)
	s.Domain, _ = tags.Get("d")
	s.Selector, _ = tags.Get("s")
	s.AlgorithmText, _ = tags.Get("a")
	if kind == ARCSeal {
		s.Chain, _ = tags.Get("cv")
	}
	if b := tags.Find("b"); b != nil {
		s.from, s.to = colon+1+b.Start, colon+1+b.End
		s.ValueText = squeeze(b.Value)
	}
	if err != nil {
		return s, err
	}
	return s, s.read(tags)
}

// read fills in the tags, in the order in which missing ones are reported.
func (s *Signature) read(tags Tags) (err error) {
	if err = s.readVersion(tags); err != nil {
		return err
	}
	for _, name := range s.required() {
		if v, ok := tags.Get(name); !ok || v == "" {
			return fmt.Errorf("%s= missing or empty", name)
		}
	}
	if s.Algorithm, err = ParseAlgorithm(s.AlgorithmText); err != nil {
		return err
	}
	if err = s.readNames(); err != nil {
		return err
	}
	if s.Kind == ARCSeal {
		s.HeaderCanon, s.BodyCanon = Relaxed, Relaxed
		if tags.Find("h") != nil || tags.Find("bh") != nil {
			return errors.New("h= or bh= in a seal")
		}
	} else if err = s.readBody(tags); err != nil {
		return err
	} else if err = s.readFields(tags); err != nil {
		return err
	}
	if err = s.readTimes(tags); err != nil {
		return err
	}
	if s.Value, err = decode(s.ValueText); err != nil {
		return ErrValue
	}
	return nil
}

func (s *Signature) readVersion(tags Tags) error {
	if s.Kind != DKIM {
		return s.readInstance(tags)
	}
	if v, _ := tags.Get("v"); v != "1" {
		return fmt.Errorf("%w: v=%.20s", ErrUnsupported, v)
	}
	if q, ok := tags.Get("q"); ok {
		for _, method := range splitList(q) {
			if strings.EqualFold(method, "dns/txt") || strings.EqualFold(method, "dns") {
				return nil
			}
		}
		return fmt.Errorf("%w: q=%.40s", ErrUnsupported, q)
	}
	return nil
}

func (s *Signature) readInstance(tags Tags) error {
	v, _ := tags.Get("i")
	if s.Instance = parseInstance(v); s.Instance == 0 {
		return fmt.Errorf("i=%.20s is no instance", v)
	}
	return nil
}

// required returns the tags that must be there and not empty. The h= of an ARC
// message signature may be empty.
func (s *Signature) required() []string {
	switch s.Kind {
	case ARCSeal:
		return []string{"a", "b", "cv", "d", "s"}
	case ARCMessage:
		return []string{"a", "b", "bh", "d", "s"}
	}
	return []string{"a", "b", "bh", "d", "h", "s"}
}

// readNames checks d= and s= and that they make a name to look up.
func (s *Signature) readNames() error {
	if !ValidDomain(s.Domain) {
		return fmt.Errorf("d=%.60s is no domain", s.Domain)
	}
	if !ValidDomain(s.Selector) {
		return fmt.Errorf("s=%.60s is no selector", s.Selector)
	}
	if len(s.KeyName()) > 253 {
		return errors.New("d= and s= are too long")
	}
	return nil
}

func (s *Signature) readBody(tags Tags) (err error) {
	bh, _ := tags.Get("bh")
	s.BodyHash, err = decode(bh)
	if err != nil || len(s.BodyHash) != s.Algorithm.Hash.Size() {
		return errors.New("bh= is no hash of this algorithm")
	}
	if c, ok := tags.Get("c"); ok {
		if s.HeaderCanon, s.BodyCanon, err = ParseCanon(c); err != nil {
			return err
		}
	}
	if l, ok := tags.Get("l"); ok {
		if s.Length, err = parseNumber(l); err != nil {
			return fmt.Errorf("l=%.20s: %w", l, err)
		}
	}
	return nil
}

// readFields reads h= and, of DKIM, i=.
func (s *Signature) readFields(tags Tags) error {
	h, ok := tags.Get("h")
	if !ok {
		return errors.New("h= missing")
	}
	s.Names = splitList(h)
	for _, name := range s.Names {
		if strings.ContainsAny(name, " \t\r\n") || name == "" && s.Kind == DKIM {
			return fmt.Errorf("h= names %.40q", name)
		}
	}
	if s.Kind == DKIM {
		if !s.names("From") {
			return errors.New("h= does not name From")
		}
		return s.readIdentity(tags)
	}
	if s.names(ARCSeal.FieldName()) {
		return errors.New("h= names ARC-Seal")
	}
	return nil
}

func (s *Signature) names(field string) bool {
	return slices.ContainsFunc(s.Names, func(n string) bool { return strings.EqualFold(n, field) })
}

// readIdentity checks that i= is in d= or below (RFC 6376 section 6.1.1).
func (s *Signature) readIdentity(tags Tags) error {
	i, ok := tags.Get("i")
	if !ok {
		return nil
	}
	s.Identity = squeeze(i)
	at := strings.LastIndexByte(s.Identity, '@')
	if at < 0 || !Below(s.Identity[at+1:], s.Domain) {
		return fmt.Errorf("i=%.60s is not in d=", s.Identity)
	}
	return nil
}

// SubdomainIdentity reports whether i= names a domain below d=, which keys
// with t=s forbid.
func (s *Signature) SubdomainIdentity() bool {
	at := strings.LastIndexByte(s.Identity, '@')
	return at >= 0 && !strings.EqualFold(asciiDomain(s.Identity[at+1:]), asciiDomain(s.Domain))
}

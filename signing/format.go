package signing

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/winnowmail/winnow/internal/dkimsig"
)

// A Format is how signatures look. The zero value is Rspamd 4.1.6's:
// relaxed/relaxed, DefaultHeaders, no expiry. Signatures have no l=, for then
// anybody could add to the body behind the signed bytes.
type Format struct {
	// Header and Body are the canonicalizations, Relaxed or Simple; "" is
	// Relaxed. A seal is always relaxed (RFC 8617 section 4.1.3).
	Header, Body Canonicalization
	// Headers are the fields to sign, separated by colons, as Rspamd's
	// sign_headers; "" is DefaultHeaders, for ARC DefaultARCHeaders. Each
	// mention signs one field of that name, if there is one. A name after (o)
	// is over-signed: h= names all its fields and one more, so that none can be
	// added. A name after (x) is over-signed only if there is such a field.
	Headers string
	// Expire gives signatures an x= that long after t=; 0 none.
	Expire time.Duration
}

// A Canonicalization is one of RFC 6376 section 3.4.
type Canonicalization string

// The canonicalizations.
const (
	Relaxed Canonicalization = "relaxed"
	Simple  Canonicalization = "simple"
)

// DefaultHeaders is Rspamd 4.1.6's sign_headers.
const DefaultHeaders = "(o)from:(x)sender:(o)reply-to:(o)subject:(x)date:(x)message-id:(o)to:(o)cc:" +
	"(x)mime-version:(x)content-type:(x)content-transfer-encoding:" +
	"resent-to:resent-cc:resent-from:resent-sender:resent-message-id:(x)in-reply-to:(x)references:" +
	"list-id:list-help:list-owner:list-unsubscribe:list-unsubscribe-post:list-subscribe:list-post:" +
	"(x)openpgp:(x)autocrypt"

// DefaultARCHeaders is Rspamd 4.1.6's list for ARC: DKIM-Signature as well.
const DefaultARCHeaders = DefaultHeaders + ":dkim-signature"

// A form is a Format that was read.
type form struct {
	header, body dkimsig.Canon
	wanted       []wanted
	expire       time.Duration
}

// A wanted is one name of the list of fields.
type wanted struct {
	name string
	over oversign
}

type oversign byte

const (
	never oversign = iota
	always
	present // if there is a field of that name
)

// maxWanted bounds the list of fields to sign.
const maxWanted = 256

func (f *Format) read(defaults string) (*form, error) {
	out := &form{expire: f.Expire}
	var err error
	if out.header, err = f.Header.canon(); err != nil {
		return nil, err
	}
	if out.body, err = f.Body.canon(); err != nil {
		return nil, err
	}
	if f.Expire < 0 {
		return nil, fmt.Errorf("signing: Expire is negative")
	}
	list := f.Headers
	if list == "" {
		list = defaults
	}
	out.wanted, err = readHeaders(list)
	return out, err
}

func (c Canonicalization) canon() (dkimsig.Canon, error) {
	switch c {
	case "", Relaxed:
		return dkimsig.Relaxed, nil
	case Simple:
		return dkimsig.Simple, nil
	}
	return 0, fmt.Errorf("signing: unknown canonicalization %q", string(c))
}

// readHeaders reads a list of fields to sign. From must be in it (RFC 6376
// section 5.4), and what changes on the way or is signed elsewhere must not.
func readHeaders(list string) ([]wanted, error) {
	var out []wanted
	from := false
	for item := range strings.SplitSeq(list, ":") {
		w := wanted{name: strings.ToLower(strings.TrimSpace(item))}
		for prefix, over := range map[string]oversign{"(o)": always, "(x)": present} {
			if name, ok := strings.CutPrefix(w.name, prefix); ok {
				w = wanted{strings.TrimSpace(name), over}
			}
		}
		switch {
		case !isFieldName(w.name):
			return nil, fmt.Errorf("signing: %q is no name of a header field", clean(item))
		case w.name == "arc-seal" || w.name == "arc-message-signature" || w.name == "arc-authentication-results":
			return nil, fmt.Errorf("signing: %s must not be signed (RFC 8617 section 4.1.2)", w.name)
		case w.name == "return-path":
			return nil, errors.New("signing: return-path must not be signed (RFC 6376 section 5.4.1)")
		}
		from = from || w.name == "from"
		out = append(out, w)
	}
	if len(out) > maxWanted {
		return nil, fmt.Errorf("signing: a list of more than %d header fields", maxWanted)
	}
	if !from {
		return nil, errors.New("signing: from must be among the signed header fields (RFC 6376 section 5.4)")
	}
	return out, nil
}

func isFieldName(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == ':' || c == ';' || c == '(' {
			return false
		}
	}
	return s != ""
}

// maxNames bounds h=: a message with a thousand To fields gets no signature
// as long as itself.
const maxNames = 512

var errNames = fmt.Errorf("its header would take more than %d names in the signature", maxNames)

// names returns the names for h=.
func (f *form) names(h *dkimsig.Header) ([]string, error) {
	names := make([]string, 0, 2*len(f.wanted))
	for _, w := range f.wanted {
		n := len(h.All(w.name))
		switch {
		case w.over == always || w.over == present && n > 0:
			n++
		case n > 1:
			n = 1
		}
		if len(names)+n > maxNames {
			return nil, errNames
		}
		for range n {
			names = append(names, w.name)
		}
	}
	return names, nil
}

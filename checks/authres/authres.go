// Package authres reads and writes the Authentication-Results header (RFC
// 8601), in which a server says what it found out about a message's sender:
//
//	mx.example.org; spf=pass smtp.mailfrom=a@example.com; dkim=pass header.d=example.com
//
// Parse reads a field's value, Header.String and Header.Folded write one,
// ParseInstance reads the value of an ARC-Authentication-Results field
// (RFC 8617 section 4.1.1), and Merge joins the fields of one server, as
// whoever seals a message with ARC has to.
//
// Anybody can write such a header, so it means something only when it comes
// from a server of the reader's own (RFC 8601 sections 1.6 and 5). The check
// takes the results of servers that Options.Trusted names, and provides them as
// Fact: the SPF, DKIM, DMARC and ARC checks then use these and ask no
// questions.
//
// The header of a scan's own results is written by checks/authheader.
package authres

import msgauth "github.com/emersion/go-msgauth/authres"

// Limits of what is read; the rest of a header is left out, with an error.
const (
	MaxValue      = 64 << 10 // bytes of a value
	MaxResults    = 128      // of a header
	MaxProperties = 64       // of a result
)

// A Header is the content of one Authentication-Results field.
type Header struct {
	// ServID names the server that speaks, its authserv-id.
	ServID string
	// Results are in the order of the header. A server that did no
	// authentication has none; the header then says "none".
	Results []Result
}

// A Result is what one method found.
type Result struct {
	Method string // lower case: "spf", "dkim"
	// Value is the finding, in lower case; the method says which there are.
	Value msgauth.ResultValue
	// Comment is the text in parentheses after the finding, for people;
	// several are joined with a space.
	Comment    string
	Reason     string
	Properties []Property
}

// A Property is one "type.name=value" that says what a result is about.
type Property struct {
	// Type is where the value is from: "smtp", "header", "body", "policy" or
	// "dns", in lower case; "" if the header has none.
	Type    string
	Name    string // lower case
	Value   string
	Comment string // what stands in parentheses after it
}

// Property returns the value of the first property of that type and name, ""
// if there is none.
func (r Result) Property(ptype, name string) string {
	for _, p := range r.Properties {
		if p.Type == ptype && p.Name == name {
			return p.Value
		}
	}
	return ""
}

// Of returns the results of one method, in the order of the header.
func (h Header) Of(method string) []Result {
	var rs []Result
	for _, r := range h.Results {
		if r.Method == method {
			rs = append(rs, r)
		}
	}
	return rs
}

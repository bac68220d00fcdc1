package authres

import (
	"errors"
	"strconv"
	"strings"

	msgauth "github.com/emersion/go-msgauth/authres"
)

// Errors of the parsers; use errors.Is.
var (
	// ErrSyntax: something in the header could not be read.
	ErrSyntax = errors.New("authres: syntax error")
	// ErrTooLong: a limit of this package was reached.
	ErrTooLong = errors.New("authres: too long")
	// ErrVersion: the header is of a version that is not known.
	ErrVersion = errors.New("authres: unknown version")
)

// Parse reads the value of an Authentication-Results field (RFC 8601 section
// 2.2), folded or not. It is tolerant: what can't be read is left out, and
// the first such place is the error, beside the results that could be read.
// Properties without a type are taken, as they are seen in real headers. An
// empty value is an empty Header.
func Parse(value string) (Header, error) {
	p := newParser(value)
	h := p.header()
	return h, p.err
}

// ParseInstance reads the value of an ARC-Authentication-Results field:
// "i=2; " before what Parse reads. The instance is 0 where that is missing.
func ParseInstance(value string) (instance int, h Header, err error) {
	p := newParser(value)
	n := p.instance()
	if n < 1 {
		p.fail(ErrSyntax, "no instance")
		return 0, Header{}, p.err
	}
	h = p.header()
	return n, h, p.err
}

func (p *parser) instance() int {
	p.space()
	name := p.token("=;(")
	p.space()
	if !strings.EqualFold(name, "i") || !p.eat('=') {
		return 0
	}
	p.space()
	n, err := strconv.Atoi(p.token(";("))
	p.space()
	if err != nil || !p.eat(';') {
		return 0
	}
	return n
}

// ParseResult reads a single result, without the server's name before it.
func ParseResult(s string) (Result, error) {
	p := newParser(s)
	p.space()
	r, ok := p.result()
	if p.space(); p.i < len(p.s) {
		p.fail(ErrSyntax, "more than one result")
	}
	if !ok {
		p.fail(ErrSyntax, "no result")
	}
	return r, p.err
}

func (p *parser) header() Header {
	var h Header
	p.space()
	h.ServID = p.value("=;(")
	p.space()
	if v := p.token("=;("); v != "" && v != "1" {
		p.fail(ErrVersion, strconv.Quote(v))
		return h
	}
	if p.space(); p.i == len(p.s) && h.ServID != "" {
		p.fail(ErrSyntax, "no results")
	}
	for p.i < len(p.s) {
		if !p.eat(';') {
			p.fail(ErrSyntax, "semicolon expected")
			p.skip()
			continue
		}
		if p.space(); p.i == len(p.s) || p.s[p.i] == ';' {
			continue
		}
		if r, ok := p.result(); ok {
			if len(h.Results) == MaxResults {
				p.fail(ErrTooLong, "number of results")
				return h
			}
			h.Results = append(h.Results, r)
		}
	}
	return h
}

// result reads a result up to the next semicolon. ok is false for "none" and
// for what is no result.
func (p *parser) result() (r Result, ok bool) {
	r.Method = strings.ToLower(p.token("=/;("))
	p.space()
	if p.eat('/') {
		p.space()
		if v := p.token("=;("); v != "1" {
			p.fail(ErrVersion, "of the method: "+strconv.Quote(v))
			p.skip()
			return r, false
		}
		p.space()
	}
	if r.Method == "none" && p.atEnd() {
		return r, false
	}
	if r.Method == "" || !p.eat('=') {
		p.fail(ErrSyntax, "method=result expected")
		p.skip()
		return r, false
	}
	p.space()
	if r.Value = msgauth.ResultValue(strings.ToLower(p.token(";("))); r.Value == "" {
		p.fail(ErrSyntax, "no result")
		p.skip()
		return r, false
	}
	r.Comment = p.space()
	for !p.atEnd() {
		if !p.property(&r) {
			p.skip()
		}
	}
	return r, true
}

// property reads the reason or one property with the comment after it. After
// false the rest of the result makes no sense.
func (p *parser) property(r *Result) bool {
	pr := Property{Name: strings.ToLower(p.token(".=;("))}
	p.space()
	if p.eat('.') {
		p.space()
		pr.Type, pr.Name = pr.Name, strings.ToLower(p.token("=;("))
		p.space()
	}
	if pr.Name == "" || !p.eat('=') {
		p.fail(ErrSyntax, "property=value expected")
		return false
	}
	p.space()
	if pr.Value = p.value(";("); pr.Value == "" && !strings.HasSuffix(p.s[:p.i], `""`) {
		p.fail(ErrSyntax, "no value")
		return false
	}
	pr.Comment = p.space()
	if pr.Type == "" && pr.Name == "reason" {
		if p.strict && len(r.Properties) > 0 && knownMethod(r.Method) {
			p.fail(ErrSyntax, "reason after a property")
		}
		if r.Reason != "" {
			p.fail(ErrSyntax, "second reason")
			return true
		}
		r.Reason = pr.Value
		if r.Comment == "" {
			r.Comment = pr.Comment
		}
		return true
	}
	if p.strict && !knownType(pr.Type) && knownMethod(r.Method) {
		p.fail(ErrSyntax, "unknown property type")
	}
	if len(r.Properties) == MaxProperties {
		p.fail(ErrTooLong, "number of properties")
		return false
	}
	r.Properties = append(r.Properties, pr)
	return true
}

// knownMethod tells the methods whose properties are registered; those of
// others are anybody's (RFC 8601 section 2.7.6).
func knownMethod(method string) bool {
	switch method {
	case "arc", "auth", "dkim", "dkim-adsp", "dkim-atps", "dmarc", "dnswl", "domainkeys", "iprev", "rrvs", "sender-id", "smime", "spf", "vbr":
		return true
	}
	return false
}

// knownType tells the types of RFC 8601 section 2.3 and RFC 8904 section 6.1.
func knownType(ptype string) bool {
	switch ptype {
	case "smtp", "header", "body", "policy", "dns":
		return true
	}
	return false
}

package resolver

import (
	"context"
	"errors"
	"net"
	"strings"
	"unicode/utf8"
)

// Sentinels for errors.Is. Every error of a lookup is exactly one of: not
// found, temporary (IsNotFound, IsTemporary).
var (
	// ErrNotFound: the DNS says that there is no record of that type.
	ErrNotFound = errors.New("no such record")
	// ErrNXDomain: not found, for the name does not exist at all.
	ErrNXDomain = errors.New("no such name")
	// ErrNoDNS: there is no DNS to ask. Nothing is known about the record.
	ErrNoDNS = errors.New("no DNS configured")
	// ErrBudget: the check or the scan has asked its share of questions.
	ErrBudget = errors.New("too many DNS questions")
)

// A Kind says why a lookup gave no records.
type Kind string

// The kinds. Only the first two say that there is no record.
const (
	KindNXDomain  Kind = "nxdomain" // the name does not exist
	KindNoData    Kind = "nodata"   // the name exists without such a record
	KindServFail  Kind = "servfail"
	KindRefused   Kind = "refused"
	KindTimeout   Kind = "timeout"   // also: the context's deadline passed
	KindCanceled  Kind = "canceled"  // the context was canceled
	KindTruncated Kind = "truncated" // and the server closed the TCP connection
	KindLame      Kind = "lame"      // a referral or an answer to something else
	KindLoop      Kind = "loop"      // CNAMEs go round, or on too long
	KindNetwork   Kind = "network"   // no server is reachable
	KindMalformed Kind = "malformed" // the answer could not be read
	KindBudget    Kind = "budget"    // ErrBudget
	KindNoDNS     Kind = "nodns"     // ErrNoDNS
	// KindUnsupported: the Resolver can't ask such a question. It matches
	// errors.ErrUnsupported.
	KindUnsupported Kind = "unsupported"
	KindUnknown     Kind = "unknown" // an error of a foreign Resolver; not recorded in a replay
)

func (k Kind) valid() bool {
	switch k {
	case KindNXDomain, KindNoData, KindServFail, KindRefused, KindTimeout, KindCanceled,
		KindTruncated, KindLame, KindLoop, KindNetwork, KindMalformed, KindBudget, KindNoDNS, KindUnsupported, KindUnknown:
		return true
	}
	return false
}

// An Error is a lookup without records. It satisfies net.Error, which DKIM
// and SPF libraries look at.
type Error struct {
	Name   string
	Type   uint16
	Kind   Kind
	Detail string // for people, "" if the kind says all
}

func (e *Error) Error() string {
	s := "lookup " + e.Name + " " + TypeString(e.Type) + ": " + string(e.Kind)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Is matches the sentinels of this package, and context.DeadlineExceeded,
// context.Canceled and errors.ErrUnsupported.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.Kind == KindNXDomain || e.Kind == KindNoData
	case ErrNXDomain:
		return e.Kind == KindNXDomain
	case ErrNoDNS:
		return e.Kind == KindNoDNS
	case ErrBudget:
		return e.Kind == KindBudget
	case errors.ErrUnsupported:
		return e.Kind == KindUnsupported
	case context.DeadlineExceeded:
		return e.Kind == KindTimeout
	case context.Canceled:
		return e.Kind == KindCanceled
	}
	return false
}

// Timeout reports whether the answer did not come in time.
func (e *Error) Timeout() bool { return e.Kind == KindTimeout }

// Temporary reports whether nothing is known about the record.
func (e *Error) Temporary() bool { return !e.Is(ErrNotFound) }

// DNSError returns the error in the standard library's form.
func (e *Error) DNSError() *net.DNSError {
	return &net.DNSError{
		Err: string(e.Kind), Name: e.Name,
		IsTimeout: e.Timeout(), IsTemporary: e.Temporary(), IsNotFound: !e.Temporary(),
	}
}

// IsNotFound reports whether err says that there is no such record. It is
// the only error that says so.
func IsNotFound(err error) bool {
	if e, ok := err.(*Error); ok { // nearly always; what follows takes memory
		return e.Is(ErrNotFound)
	}
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrNXDomain) {
		return true
	}
	var d *net.DNSError
	return errors.As(err, &d) && d.IsNotFound && !d.IsTimeout && !d.IsTemporary
}

// IsTemporary reports whether err leaves open whether there is a record. That
// is every error that is not IsNotFound, ErrNoDNS and ErrBudget among them.
func IsTemporary(err error) bool { return err != nil && !IsNotFound(err) }

// ErrorOf gives any error of a lookup the form of this package, so that a
// recorded error and a replayed one are the same. One that has it already is
// returned as it is.
func ErrorOf(q Question, err error) *Error {
	if e, ok := err.(*Error); ok && e.Name == q.Name && e.Type == q.Type && e.Kind.valid() && utf8.ValidString(e.Detail) {
		return e
	}
	if e, ok := errors.AsType[*Error](err); ok {
		kind := e.Kind
		if !kind.valid() {
			kind = KindUnknown
		}
		return &Error{q.Name, q.Type, kind, strings.ToValidUTF8(e.Detail, "\uFFFD")}
	}
	e := &Error{Name: q.Name, Type: q.Type, Kind: KindUnknown, Detail: strings.ToValidUTF8(err.Error(), "\uFFFD")}
	d, isDNS := errors.AsType[*net.DNSError](err)
	n, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, ErrNXDomain):
		e.Kind, e.Detail = KindNXDomain, ""
	case IsNotFound(err):
		e.Kind, e.Detail = KindNoData, ""
	case errors.Is(err, ErrNoDNS):
		e.Kind, e.Detail = KindNoDNS, ""
	case errors.Is(err, ErrBudget):
		e.Kind, e.Detail = KindBudget, ""
	case errors.Is(err, context.DeadlineExceeded):
		e.Kind, e.Detail = KindTimeout, ""
	case errors.Is(err, context.Canceled):
		e.Kind, e.Detail = KindCanceled, ""
	case isDNS && d.IsTimeout, !isDNS && isNet && n.Timeout():
		e.Kind = KindTimeout
	case isDNS:
		e.Kind = KindServFail
	case isNet:
		e.Kind = KindNetwork
	}
	return e
}

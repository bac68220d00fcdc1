// Package resolver is winnow's view of DNS: one method, an answer without
// any library's types, and errors that keep "there is no such record" apart
// from "nobody could tell".
//
// The real client is resolver/dnsclient, a fixed zone for tests is
// resolver/zone.
package resolver

import (
	"context"
	"errors"
)

// A Resolver answers one DNS question. It must be safe for concurrent use and
// obey ctx.
type Resolver interface {
	Lookup(ctx context.Context, name string, qtype uint16) (Answer, error)
}

// An Answer is what a Resolver found.
type Answer struct{}

// ErrNoDNS is the answer of None.
var ErrNoDNS = errors.New("no DNS configured")

// None is the resolver of a Scanner without DNS.
var None Resolver = none{}

type none struct{}

func (none) Lookup(context.Context, string, uint16) (Answer, error) { return Answer{}, ErrNoDNS }

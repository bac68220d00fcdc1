package ratelimit

import (
	"slices"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/valid"
)

// Users are limits of each user who logs in: an account that was broken into
// sends more than its owner ever does. They hold for mail to anybody, and whoever
// exceeds one first is told to Options.Notice.
type Users struct {
	// Messages count messages, Recipients their recipients.
	Messages, Recipients []Bucket
	// Bounces count what comes back: bounces from outside to an address. They are
	// let through; only the symbol and the notice tell of them.
	Bounces []Bucket
	// Distinct counts different recipients.
	Distinct Distinct
}

// IsZero reports whether nothing is limited.
func (u Users) IsZero() bool {
	return len(u.Messages)+len(u.Recipients)+len(u.Bounces)+u.Distinct.Recipients == 0
}

// The names of the limits.
const (
	userMessages   = "user_messages"
	userRecipients = "user_recipients"
	userBounces    = "user_bounces"
)

func (u Users) validate(v *valid.Fields) {
	validateBuckets(v, "Users.Messages", u.Messages)
	validateBuckets(v, "Users.Recipients", u.Recipients)
	validateBuckets(v, "Users.Bounces", u.Bounces)
	u.Distinct.validate(v)
}

// limits are those of Users. Their values begin with the name, so that they
// share no bucket.
func (u Users) limits(r *rule) []Limit {
	named := func(name string, buckets []Bucket, of func(*checks.Task) []string) Limit {
		return Limit{Name: name, Buckets: slices.Clone(buckets), Notify: true, Selector: func(t *checks.Task) []string {
			var list []string
			for _, v := range of(t) {
				list = append(list, name+":"+r.fold(keyed(v)))
			}
			return list
		}}
	}
	user := func(t *checks.Task) []string { return some(t.Envelope().User) }
	var list []Limit
	if len(u.Messages) > 0 {
		l := named(userMessages, u.Messages, user)
		for i := range l.Buckets {
			l.Buckets[i].PerMessage = true
		}
		list = append(list, l)
	}
	if len(u.Recipients) > 0 {
		list = append(list, named(userRecipients, u.Recipients, user))
	}
	if len(u.Bounces) > 0 {
		l := named(userBounces, u.Bounces, func(t *checks.Task) []string { return r.bounced(t) })
		for i := range l.Buckets {
			l.Buckets[i].PerMessage, l.Buckets[i].NoSoftReject = true, true
		}
		list = append(list, l)
	}
	return list
}

// bounced are the addresses that a bounce comes back to.
func (r *rule) bounced(t *checks.Task) []string {
	if t.Authenticated() || !r.bounces(t) {
		return nil
	}
	var list []string
	for _, a := range t.Message().EnvelopeRcpts() {
		if a.Addr != "" {
			list = append(list, a.Addr)
		}
	}
	return list
}

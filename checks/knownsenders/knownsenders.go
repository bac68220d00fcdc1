// Package knownsenders tells senders that have written before from new ones, at
// providers where anybody has an address, and tells mail of correspondents who
// have answered a user of the site. It is Rspamd 4.1.6's module known_senders
// with its keys in the store.
//
// The family is off unless standard.Options.KnownSenders is set, and needs a
// store; who has answered is recorded by the family replies. Without an answer
// of the store nobody is known or unknown.
package knownsenders

import (
	"cmp"
	"context"
	"crypto/md5"
	"encoding/hex"
	"time"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/freemail"
	"github.com/winnowmail/winnow/checks/replies"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// Options configures the family.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Domains are those whose senders are told apart; one that begins with a dot
	// stands for everything below it. nil means providers of free mailboxes, as
	// freemail has them; a list that is not nil and empty means none.
	Domains []string
	// MaxSenders is how many senders are kept, the oldest going first; 0 means
	// 100,000.
	MaxSenders int
	// MaxAge is how long a sender who does not write stays known; 0 means 30
	// days, a negative one for ever.
	MaxAge time.Duration
	// MaxRecipients is for how many recipients is asked whether the sender has
	// answered them; 0 means 15.
	MaxRecipients int
}

// The symbols of the family. The options of Known and Unknown are which address
// it was ("mime" or "smtp") and its key, that of Globally is the sender, that of
// Locally the name of the sender's set.
var (
	Known = &symbols.Def{
		Name: "KNOWN_SENDER", Groups: []string{"known_senders"}, Weight: -1, OneShot: true,
		Doc: "the sender, at a provider where anybody has an address, has written before",
	}
	Unknown = &symbols.Def{
		Name: "UNKNOWN_SENDER", Groups: []string{"known_senders"}, Weight: 0.5, OneShot: true,
		Doc: "the sender, at a provider where anybody has an address, has not written before",
	}
	Globally = &symbols.Def{
		Name: "INC_MAIL_KNOWN_GLOBALLY", Groups: []string{"known_senders"}, Weight: -1,
		Doc: "replies came to the sender's mail",
	}
	Locally = &symbols.Def{
		Name: "INC_MAIL_KNOWN_LOCALLY", Groups: []string{"known_senders"}, Weight: -1,
		Doc: "the sender has answered mail of a recipient",
	}
)

const (
	// Set names the ranked set of senders. Its scores are the seconds since 1970
	// of when they were seen.
	Set = "rs_known_senders"
	// refresh is how old the time of a sender gets before it is written anew.
	refresh = 24 * time.Hour
)

// Key is what the set has of an address.
func Key(addr string) string {
	sum := md5.Sum([]byte(addr))
	return hex.EncodeToString(sum[:])
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("known_senders")
	v.Words("Domains", o.Domains)
	v.Number("MaxSenders", int64(o.MaxSenders), 0, 1<<30)
	v.Number("MaxRecipients", int64(o.MaxRecipients), 0, 1000)
	return v.Err()
}

// A family is the options made ready.
type family struct {
	Options
	domains freemail.Domains
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "known_senders", Doc: "tells senders who have written before from new ones", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	r := &family{o, freemail.Providers(o.Domains)}
	r.MaxSenders, r.MaxRecipients = cmp.Or(o.MaxSenders, 100_000), cmp.Or(o.MaxRecipients, 15)
	r.MaxAge = cmp.Or(o.MaxAge, 30*24*time.Hour)
	f.Config = struct {
		Options
		Domains string
	}{o, r.domains.Digest()}
	f.Checks = []*checks.Check{{
		// It asks the store together with the early checks that do.
		Name: "known_senders", Doc: f.Doc, Stage: checks.Early, Priority: 5, Symbols: []*symbols.Def{Known, Unknown, Globally, Locally},
		Needs: checks.Needs{Store: true}, Run: r.run,
	}}
	return f
}

// An asked member of a set: what it tells, and under what name.
type asked struct {
	storage.MemberOf
	def    *symbols.Def
	option string
}

func (f *family) run(ctx context.Context, t *checks.Task) error {
	list := append(f.senders(t.Message()), f.correspondents(t.Message())...)
	if t.Store() == nil || len(list) == 0 {
		return nil
	}
	of := make([]storage.MemberOf, len(list))
	for i, a := range list {
		of[i] = a.MemberOf
	}
	found, err := storage.RanksOf(ctx, t.Store(), of)
	if err != nil {
		return nil // Result.Incomplete names the check.
	}
	var seen []storage.Ranking
	locally := false
	for i, a := range list {
		is := found[i].Name != ""
		switch {
		case a.def == Known:
			if age, ok := f.ageOf(t, found[i]); !ok || age > refresh {
				seen = append(seen, storage.Ranking{Set: Set, Member: a.Member, Score: seconds(t.Now()), Keep: f.MaxSenders})
				is = ok
			}
			if !is {
				a.def = Unknown
			}
			t.Hit(a.def, a.option)
		case is && !(a.def == Locally && locally):
			locally = locally || a.def == Locally
			t.Hit(a.def, a.option)
		}
	}
	f.learn(t, seen)
	return nil
}

// ageOf is how long ago a sender was noted; ok is false for one who is not known,
// or not any more.
func (f *family) ageOf(t *checks.Task, m storage.Member) (age time.Duration, ok bool) {
	if m.Name == "" {
		return 0, false
	}
	if score := seconds(t.Now()) - m.Score; score < 1e9 {
		age = time.Duration(score * float64(time.Second))
	} else {
		age = 1e9 * time.Second
	}
	return age, f.MaxAge < 0 || age <= f.MaxAge
}

func seconds(now time.Time) float64 { return float64(now.UnixMicro()) / 1e6 }

// learn hands over what is kept of senders, unless their message is refused.
func (f *family) learn(t *checks.Task, seen []storage.Ranking) {
	if len(seen) == 0 {
		return
	}
	store, exact := t.Store(), t.Exact()
	t.Commit(func(ctx context.Context, v checks.Final) error {
		if !exact && v.Refused() {
			return nil
		}
		_ = storage.RankMany(ctx, store, seen) // Result.Incomplete names the check.
		return nil
	})
}

// senders are those of the message that are told apart: From, and the sender of
// the envelope where it is another one.
func (f *family) senders(m *mail.Message) (list []asked) {
	add := func(kind string, a mail.Address) {
		if a.Addr == "" || !f.domains.Has(a.DomainKey()) {
			return
		}
		key := Key(a.Addr)
		if len(list) == 0 || list[0].Member != key {
			list = append(list, asked{storage.MemberOf{Set: Set, Member: key}, Known, kind + ":" + key})
		}
	}
	if from := m.From(); len(from) > 0 {
		add("mime", from[0])
	}
	add("smtp", m.EnvelopeFrom())
	return list
}

// correspondents is what is asked about those who answered and were answered.
func (f *family) correspondents(m *mail.Message) (list []asked) {
	sender := replies.Sender(m)
	if storage.CheckKey(sender) != nil {
		return nil
	}
	set := replies.LocalSet(sender)
	rcpts := m.EnvelopeRcpts()
	for _, r := range rcpts[:min(len(rcpts), f.MaxRecipients)] {
		if storage.CheckKey(r.Addr) == nil {
			list = append(list, asked{storage.MemberOf{Set: set, Member: r.Addr}, Locally, set})
		}
	}
	return append(list, asked{storage.MemberOf{Set: replies.GlobalSet(), Member: sender}, Globally, sender})
}

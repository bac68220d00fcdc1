// Package replies recognises answers to mail that users of the site sent. It is
// Rspamd 4.1.6's module replies with its keys, values and sets in the store, so
// that two machines, or a site that goes from one program to the other, know the
// same mail.
//
// Of mail that a user or a client in the own networks sends, the Message-ID and
// the address for replies are kept for a day, both as digests. A message that
// names that Message-ID in In-Reply-To, and goes to that address and no other,
// is a reply. Who wrote it is kept for checks/knownsenders.
//
// The family is off unless standard.Options.Replies is set, and needs a store.
// Without an answer of the store nothing is a reply.
package replies

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// Options configures the family.
type Options struct {
	// Off leaves the family out.
	Off bool
	// Expire is how long replies to a message are recognised; 0 means a day.
	Expire time.Duration
	// Action ends the scan of a reply with this action, unless it comes from a
	// user or the own networks: what checks behind it would find, a virus too, is
	// not looked for. "" means that only the symbol counts. Message is the text
	// that goes with the action; "" means Rspamd's.
	Action  actions.Action
	Message string
	// NoAuthenticated and NoLocal record no mail of users, and of the own networks.
	NoAuthenticated, NoLocal bool
	// MinMessageID is the longest Message-ID, in bytes, that is too short to be
	// one of a kind; 0 means 2.
	MinMessageID int
	// MaxLocal is how many of a site's addresses are kept for each correspondent;
	// 0 means 20. MaxGlobal is how many addresses are kept to which replies came;
	// 0 means 30.
	MaxLocal, MaxGlobal int
}

// Reply is the symbol of the family.
var Reply = &symbols.Def{
	Name: "REPLY", Groups: []string{"replies"}, Weight: -4,
	Doc: "the message is a reply to one that a user of the site sent",
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	v := valid.Of("replies")
	v.If(o.Expire < 0, "Expire", "%v is negative", o.Expire)
	v.Number("MinMessageID", int64(o.MinMessageID), 0, 1<<20)
	v.Number("MaxLocal", int64(o.MaxLocal), 0, 1<<20)
	v.Number("MaxGlobal", int64(o.MaxGlobal), 0, 1<<20)
	return v.Err()
}

func (o Options) withDefaults() Options {
	o.Expire = cmp.Or(o.Expire, 24*time.Hour)
	o.Message = cmp.Or(o.Message, "Message is reply to one we originated")
	o.MinMessageID = cmp.Or(o.MinMessageID, 2)
	o.MaxLocal, o.MaxGlobal = cmp.Or(o.MaxLocal, 20), cmp.Or(o.MaxGlobal, 30)
	return o
}

// New returns the family.
func New(o Options) *checks.Family {
	f := &checks.Family{Name: "replies", Doc: "recognises replies to mail of the site's users", Config: o, Err: o.Validate()}
	if o.Off || f.Err != nil {
		return f
	}
	o = o.withDefaults()
	f.Checks = []*checks.Check{{
		Name: "replies", Doc: "looks whether the message is a reply, and notes those that may get one", Stage: checks.Early, Priority: 5,
		Symbols: []*symbols.Def{Reply}, Requires: checks.Facts(relay.Fact), Needs: checks.Needs{Store: true}, Run: o.run,
	}}
	return f
}

func (o Options) run(ctx context.Context, t *checks.Task) error {
	if t.Store() == nil {
		return nil
	}
	own := t.Authenticated() && !o.NoAuthenticated || relay.Of(t).Local && !o.NoLocal
	o.look(ctx, t, own)
	if own {
		o.note(t)
	}
	return nil
}

// look raises Reply.
func (o Options) look(ctx context.Context, t *checks.Task, own bool) {
	field, ids := answered(t.Message(), t.Exact())
	to := recipient(t.Message())
	if len(ids) == 0 || to == "" {
		return
	}
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = messageKey(id)
	}
	values, err := t.Store().GetMany(ctx, keys)
	if err != nil { // Result.Incomplete names the check.
		return
	}
	want := addressDigest(to)
	if !slices.ContainsFunc(values, func(v []byte) bool { return string(v) == want }) {
		return
	}
	t.HitField(Reply, field)
	o.meet(t)
	if o.Action != "" && !own {
		t.PreResult(actions.PreResult{Action: o.Action, Message: o.Message}, Reply)
	}
}

// recipient is the one to whom the message goes, "" if there are several. The
// case of an address does not count.
func recipient(m *mail.Message) string {
	to := ""
	for i, r := range m.EnvelopeRcpts() {
		switch addr := lower(r.Addr); {
		case i == 0:
			to = addr
		case addr != to:
			return ""
		}
	}
	return to
}

// note hands over that the message is kept once it may be sent.
func (o Options) note(t *checks.Task) {
	m, store := t.Message(), t.Store()
	id := m.Header().Value("Message-ID")
	sender := Sender(m)
	if len(id) <= o.MinMessageID || sender == "" {
		return
	}
	digest := []byte(addressDigest(sender))
	values := []storage.Value{{Key: messageKey(id), Data: digest}}
	if bare := firstID(id); bare != "" && bare != id && !t.Exact() {
		values = append(values, storage.Value{Key: messageKey(bare), Data: digest})
	}
	exact := t.Exact()
	t.Commit(func(ctx context.Context, v checks.Final) error {
		if !exact && v.Refused() {
			return nil
		}
		_ = storage.SetMany(ctx, store, values, o.Expire) // Result.Incomplete names the check.
		return nil
	})
}

// meet hands over that the sender of a reply is kept, with the address that the
// reply went to.
func (o Options) meet(t *checks.Task) {
	sender, store, exact := Sender(t.Message()), t.Store(), t.Exact()
	now := float64(t.Now().UnixMicro()) / 1e6
	var addrs []string // those of one recipient, as they are written
	for _, r := range t.Message().EnvelopeRcpts() {
		addrs = append(addrs, r.Addr)
	}
	slices.Sort(addrs)
	addrs = slices.Compact(addrs)
	var local, global []storage.Ranking
	for _, addr := range addrs[:min(len(addrs), o.MaxLocal)] {
		if storage.CheckKey(addr) != nil {
			continue
		}
		local = append(local, storage.Ranking{Set: LocalSet(sender), Member: addr, Score: now, Keep: o.MaxLocal, TTL: o.Expire})
		global = append(global, storage.Ranking{Set: GlobalSet(), Member: addr, Score: 1, Add: true, Keep: o.MaxGlobal})
	}
	if sender == "" {
		return
	}
	t.Commit(func(ctx context.Context, v checks.Final) error {
		if !exact && v.Refused() {
			return nil
		}
		_ = storage.RankMany(ctx, store, append(local, global...)) // Result.Incomplete names the check.
		return nil
	})
}

// answered returns the Message-IDs that the message answers, as its header has
// them and bare, and where it says so. Rspamd takes In-Reply-To as it is.
func answered(m *mail.Message, exact bool) (field *mail.Field, ids []string) {
	field = m.Header().Get("In-Reply-To")
	if whole := field.Value(); whole != "" {
		ids = append(ids, whole)
	} else if exact {
		return nil, nil
	} else if field = m.Header().Get("References"); field == nil {
		return nil, nil
	}
	if exact {
		return field, ids
	}
	bare := messageIDs(field.Value())
	if len(ids) == 0 && len(bare) > 0 { // the last one is what is answered
		bare = bare[len(bare)-1:]
	}
	for _, id := range bare {
		if !slices.Contains(ids, id) && len(ids) < maxIDs {
			ids = append(ids, id)
		}
	}
	return field, ids
}

// maxIDs is how many Message-IDs of a message are asked about.
const maxIDs = 4

// messageIDs returns what stands in angle brackets.
func messageIDs(value string) (ids []string) {
	for {
		_, rest, ok := strings.Cut(value, "<")
		if !ok {
			return ids
		}
		end := strings.IndexByte(rest, '>')
		if end < 0 {
			return ids
		}
		ids = append(ids, "<"+rest[:end]+">")
		value = rest[end:]
	}
}

func firstID(value string) string {
	if ids := messageIDs(value); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

package ratelimit

import (
	"context"
	"fmt"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/aliases"
	"github.com/winnowmail/winnow/checks/relay"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/internal/zbase32"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/symbols"
)

// Distinct limits how many different people a user writes to: whoever has broken into
// an account writes to many, each once. The store keeps, for each user, the newest
// Recipients + 1 recipients with the time of the last message to them (100 bits of the
// digest of their address), for Window after the last message. So what a user takes
// is bounded, and the count is exact whatever number of machines there are. Those of
// a message that is put off count too.
type Distinct struct {
	// Recipients is how many there may be within Window, up to 10,000; 0 means no
	// limit.
	Recipients int
	// Window is the time; 0 means an hour.
	Window time.Duration
	// PutOff has mail beyond it put off. Otherwise the symbol and the notice tell of
	// it.
	PutOff bool
}

// mostDistinct bounds Distinct.Recipients.
const mostDistinct = 10000

// userDistinct is the name of the limit, in notices.
const userDistinct = "user_distinct"

// distinctPrefix begins the names of the sets of recipients. Digests have no capital
// letters, so no bucket has such a name.
const distinctPrefix = Prefix + "U"

// ManyRecipients is the symbol of Distinct. Its option is how many recipients there
// may be.
var ManyRecipients = &symbols.Def{
	Name: "RATELIMIT_RECIPIENTS", Groups: []string{"ratelimit"},
	Doc: "the user has written to more different recipients than the limit allows",
}

func (d Distinct) validate(v *valid.Fields) {
	v.Number("Users.Distinct.Recipients", int64(d.Recipients), 0, mostDistinct)
	v.If(d.Window < 0, "Users.Distinct.Window", "%v is negative", d.Window)
	v.If(d.Recipients == 0 && (d.Window != 0 || d.PutOff), "Users.Distinct.Recipients", "missing: without it Window and PutOff mean nothing")
}

// window is the time that counts.
func (d Distinct) window() time.Duration {
	if d.Window == 0 {
		return time.Hour
	}
	return d.Window
}

// distinctCheck counts different recipients.
func (r *rule) distinctCheck() *checks.Check {
	return &checks.Check{
		Name: "ratelimit_recipients", Doc: "counts the different recipients of each user", Stage: checks.Early, Priority: 5,
		Requires: checks.Facts(relay.Fact, aliases.Fact),
		Needs:    checks.Needs{Store: true}, Symbols: []*symbols.Def{ManyRecipients}, Run: r.countDistinct,
	}
}

func (r *rule) countDistinct(ctx context.Context, t *checks.Task) error {
	user := keyed(r.fold(t.Envelope().User))
	if t.Store() == nil || user == "" || r.exempt(t) {
		return nil
	}
	d := r.Users.Distinct
	set := distinctPrefix + zbase32.Digest(user)[:24]
	rankings := r.distinct(t, set)
	if len(rankings) == 0 {
		return nil
	}
	if err := storage.RankMany(ctx, t.Store(), rankings); err != nil {
		return nil // Result.Incomplete names the check, and nothing is put off.
	}
	// There are more than the limit if there is one behind it that is new enough.
	last, err := t.Store().Members(ctx, set, d.Recipients, 1)
	if err != nil || len(last) == 0 || last[0].Score <= float64(t.Now().Add(-d.window()).UnixMilli()) {
		return nil
	}
	t.Hit(ManyRecipients, fmt.Sprint(d.Recipients))
	n := float64(d.Recipients)
	l := Limited{
		Limit: userDistinct, Value: userDistinct + ":" + user, Key: set, Bucket: Bucket{Burst: n, Rate: n / d.window().Seconds()},
		Level: n, N: float64(len(rankings)), First: true, notify: true,
	}
	if d.PutOff {
		t.PreResult(actions.PreResult{Action: actions.SoftReject, Message: r.message(l), Check: "ratelimit"})
	}
	r.incident(t, l)
	return nil
}

// distinct are the recipients of a message, each once, for the set of a user. More
// than the set holds tell nothing more.
func (r *rule) distinct(t *checks.Task, set string) (list []storage.Ranking) {
	d := r.Users.Distinct
	keep, now := d.Recipients+1, float64(t.Now().UnixMilli())
	seen := map[string]bool{}
	for _, a := range t.Message().EnvelopeRcpts() {
		key := r.fold(a.Key())
		if a.Addr == "" || seen[key] || len(list) == keep {
			continue
		}
		seen[key] = true
		list = append(list, storage.Ranking{Set: set, Member: zbase32.Digest(key)[:20], Score: now, Keep: keep, TTL: d.window()})
	}
	return list
}

// incident tells of the first message beyond the limit. The incident is over when for
// the whole window none was.
func (r *rule) incident(t *checks.Task, l Limited) {
	store, now, user, window := t.Store(), t.Now(), t.Envelope().User, r.Users.Distinct.window()
	t.Commit(func(ctx context.Context, f checks.Final) error {
		was, err := store.Add(ctx, incidentKey(l.Key), []byte("1"), window)
		switch {
		case err != nil:
			return nil // Result.Incomplete names the check.
		case was != nil:
			_ = store.Set(ctx, incidentKey(l.Key), []byte("1"), window) // likewise
		default:
			r.notice(ctx, f, []Limited{l}, user, now)
		}
		return nil
	})
}

func incidentKey(set string) string { return set + "_incident" }

// unblockDistinct forgets the recipients of a user, and the incident.
func unblockDistinct(ctx context.Context, store storage.Store, set string) error {
	if err := store.Rank(ctx, set, "-", 0, 0, -1); err != nil {
		return fmt.Errorf("ratelimit: %s: %w", set, err)
	}
	if err := store.Delete(ctx, incidentKey(set)); err != nil {
		return fmt.Errorf("ratelimit: %s: %w", set, err)
	}
	return nil
}

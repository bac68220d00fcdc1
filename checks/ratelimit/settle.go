package ratelimit

import (
	"context"
	"strings"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/storage"
)

// settle hands over what is to be done when the verdict is final: what is put off
// gives back what it took, and dynamic buckets learn of the rest.
func (r *rule) settle(t *checks.Task, list []claim, exceeded []Limited, taken bool) {
	store, now, user := t.Store(), t.Now(), t.Envelope().User
	t.Commit(func(ctx context.Context, f checks.Final) error {
		if len(exceeded) > 0 {
			r.remember(ctx, store, exceeded, now)
			r.notice(ctx, f, exceeded, user, now)
		}
		if !taken {
			return nil
		}
		var ss []storage.Settlement
		for _, c := range list {
			s := storage.Settlement{Name: c.Name, Tuning: storage.Tuning{Lasts: r.Expire}}
			if f.PreResult != nil {
				s.Back = c.N
			} else if r.dynamic(c.bucket) {
				s.Tuning = r.tuning(c.bucket, f)
			}
			if s.Back > 0 || s.Tunes() {
				ss = append(ss, s)
			}
		}
		if len(ss) > 0 {
			_ = store.Settle(ctx, ss, now) // Result.Incomplete names the check.
		}
		return nil
	})
}

// lastFull is how many buckets List keeps, as in Rspamd.
const lastFull = 30

// remember notes which buckets were full: those that have become it, else the
// first.
func (r *rule) remember(ctx context.Context, store storage.Store, exceeded []Limited, now time.Time) {
	for i, l := range exceeded {
		if l.First || i == 0 {
			_ = store.Rank(ctx, List, l.Key, float64(now.UnixMilli()), lastFull, 0)
		}
	}
}

func (r *rule) notice(ctx context.Context, f checks.Final, exceeded []Limited, user string, now time.Time) {
	if r.Notice == nil || f.Replayed {
		return
	}
	for _, l := range exceeded {
		if !l.First || !l.notify {
			continue
		}
		in := Incident{Limited: l, Time: now, User: user}
		if in.Limit == userBounces {
			in.User = strings.TrimPrefix(in.Value, in.Limit+":")
		}
		r.Notice(ctx, in)
	}
}

// tuning is what a message does to a dynamic bucket, by Rspamd's verdict: spam is
// what is rejected by two symbols or more, or marked by three; ham what nothing
// is done to and what has a score below 0 or four symbols that lower it.
func (r *rule) tuning(b *Bucket, f checks.Final) storage.Tuning {
	x := b.Factors.or(r.Factors)
	tuning := storage.Tuning{MaxRate: x.MaxRate, MaxBurst: x.MaxBurst, Lasts: r.Expire}
	switch f.Action {
	case actions.Reject:
		if f.Raising > 1 {
			tuning.Rate, tuning.Burst = x.SpamRate, x.SpamBurst
		}
	case actions.AddHeader, actions.RewriteSubject:
		if f.Raising > 2 {
			tuning.Rate, tuning.Burst = x.SpamRate, x.SpamBurst
		}
	case actions.NoAction:
		if f.Score < 0 || f.Lowering > 3 {
			tuning.Rate, tuning.Burst = x.HamRate, x.HamBurst
		}
	}
	return tuning
}

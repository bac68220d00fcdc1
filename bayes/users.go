package bayes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// ErrUsers is of calls about a user to a Learner without Options.Users, and about
// "".
var ErrUsers = errors.New("bayes: no user")

// A reset is what the store knows of a user who began anew. What was learned for
// a user is found by a name that the number is part of, so a new number loses it.
type reset struct {
	Times int
	At    time.Time
}

// resets are those of all users, by userPrefix.
type resets map[string]reset

// owner is the name by which a user's features are found.
func (l *Learner) owner(user string) string {
	if user == "" || !l.opt.Users {
		return ""
	}
	if all := l.resets.Load(); all != nil {
		if r, ok := (*all)[userPrefix(user)]; ok {
			return user + "\x00" + strconv.Itoa(r.Times)
		}
	}
	return user
}

// readResets reads who began anew; raw is what the store has.
func (l *Learner) readResets(ctx context.Context) (raw []byte, err error) {
	if !l.opt.Users {
		return nil, nil
	}
	raw, err = l.opt.Store.Get(ctx, l.key("resets"))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("bayes: users: %w", err)
	}
	var all resets
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("%w: %s can't be read: %w", errStored, l.key("resets"), err)
	}
	l.resets.Store(&all)
	return raw, nil
}

// A UserLesson is what a user taught.
type UserLesson struct {
	Message string    `json:"message"` // its Digest
	Class   Class     `json:"class"`
	Source  string    `json:"source"`
	Time    time.Time `json:"time"`
}

// ExportUser returns what is known of a user's lessons of the last 180 days, the
// oldest first. The tables hold no more than numbers that nobody can tell from
// those of others, so elsewhere the user's messages are learned again: Digest tells
// which of them the lessons are about.
func (l *Learner) ExportUser(ctx context.Context, user string) ([]UserLesson, error) {
	messages, err := l.userNotes(ctx, user)
	if err != nil {
		return nil, err
	}
	var list []UserLesson
	for _, m := range messages {
		n, _, err := l.noted(ctx, noteName(m, user))
		if err != nil {
			return nil, err
		}
		if n.class != "" {
			list = append(list, UserLesson{Message: m, Class: n.class, Source: n.source.String(), Time: n.time.UTC()})
		}
	}
	slices.SortStableFunc(list, func(a, b UserLesson) int { return a.Time.Compare(b.Time) })
	return list, nil
}

// ResetUser makes a user begin anew: of what was learned for this one alone
// nothing is found any more. What the lessons taught for all stays.
func (l *Learner) ResetUser(ctx context.Context, user string) error {
	messages, err := l.userNotes(ctx, user)
	if err != nil {
		return err
	}
	if err := l.enter(ctx); err != nil {
		return err
	}
	defer l.leave()
	if err := l.renumber(ctx, user); err != nil {
		return err
	}
	for _, m := range messages {
		if err := l.opt.Store.Delete(ctx, l.key("lesson/")+noteName(m, user)); err != nil {
			return fmt.Errorf("bayes: users: %w", err)
		}
	}
	return nil
}

// ForgetUser takes back each lesson of a user, for all as well, and resets the
// user. Recent scans and unsure mails of before are not given out any more, and
// are gone from the store when their time is over (RecentOptions.Age). After an
// error part of that may be done; to repeat the call is right then.
func (l *Learner) ForgetUser(ctx context.Context, user string) (taken int, err error) {
	messages, err := l.userNotes(ctx, user)
	if err != nil {
		return 0, err
	}
	for _, m := range messages {
		r, err := l.Unlearn(ctx, Lesson{Message: m, User: user})
		if err != nil {
			return taken, err
		}
		if r.Outcome == Undone {
			taken++
		}
	}
	return taken, l.ResetUser(ctx, user)
}

// userNotes lists the messages of which a user's notes are.
func (l *Learner) userNotes(ctx context.Context, user string) ([]string, error) {
	if user == "" || !l.opt.Users {
		return nil, ErrUsers
	}
	prefix := l.key("lesson/") + userPrefix(user)
	seen := map[string]bool{}
	for cursor := ""; ; {
		keys, next, err := l.opt.Store.Scan(ctx, prefix, cursor, 0)
		if err != nil {
			return nil, fmt.Errorf("bayes: users: %w", err)
		}
		for _, k := range keys {
			seen[k[len(prefix):]] = true
		}
		if next == "" {
			return slices.Sorted(maps.Keys(seen)), nil
		}
		cursor = next
	}
}

// renumber gives a user a new number.
func (l *Learner) renumber(ctx context.Context, user string) error {
	for range tries {
		raw, err := l.readResets(ctx)
		if err != nil {
			return err
		}
		all := resets{}
		if was := l.resets.Load(); was != nil && raw != nil {
			maps.Copy(all, *was)
		}
		r := all[userPrefix(user)]
		all[userPrefix(user)] = reset{Times: r.Times + 1, At: l.opt.Clock().UTC()}
		now, err := json.Marshal(all)
		if err != nil {
			return fmt.Errorf("bayes: users: %w", err)
		}
		swapped, err := l.opt.Store.CompareAndSwap(ctx, l.key("resets"), raw, now, 0)
		if err != nil {
			return fmt.Errorf("bayes: users: %w", err)
		}
		if swapped {
			l.resets.Store(&all)
			return nil
		}
	}
	return fmt.Errorf("bayes: %s changes all the time", l.key("resets"))
}

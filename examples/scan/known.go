package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes"
)

// A userCommand is what an operator does with what one user taught.
type userCommand struct{ do, user string }

func (u *userCommand) words(args []string) (rest []string, err error) {
	if len(args) < 2 || args[0] != "export" && args[0] != "reset" && args[0] != "forget" || strings.HasPrefix(args[1], "-") {
		return nil, errors.New("users what? export, reset or forget, and a user")
	}
	u.do, u.user = args[0], args[1]
	return args[2:], nil
}

// known answers stats, unsure and users.
func (p *program) known(ctx context.Context, l *bayes.Learner) (err error) {
	switch p.lesson.list {
	case "stats":
		p.stats(l)
	case "unsure":
		err = p.unsure(ctx, l)
	case "users":
		err = p.oneUser(ctx, l)
	}
	return err
}

// stats prints how much was learned.
func (p *program) stats(l *bayes.Learner) {
	s := l.Stats()
	if p.json {
		b, _ := json.Marshal(map[string]any{"ham": s.Ham, "spam": s.Spam, "events": s.Events}) // always marshals
		fmt.Fprintf(p.stdout, "%s\n", b)
		return
	}
	fmt.Fprintf(p.stdout, "learned: %d ham, %d spam\n", s.Ham, s.Spam)
}

// lessonsOf prints how much a model of counts has learned.
func (p *program) lessonsOf(ctx context.Context, scanner *winnow.Scanner) error {
	list, err := scanner.LearnedBy(ctx)
	if err != nil {
		return err
	}
	for _, st := range list {
		if p.json {
			counts := map[string]int64{}
			for _, class := range st.Classes {
				counts[class] = st.Lessons[class]
			}
			b, _ := json.Marshal(counts) // always marshals
			fmt.Fprintf(p.stdout, "%s\n", b)
			continue
		}
		var parts []string
		for _, class := range st.Classes {
			parts = append(parts, fmt.Sprintf("%d %s", st.Lessons[class], class))
		}
		fmt.Fprintf(p.stdout, "learned: %s\n", strings.Join(parts, ", "))
	}
	return nil
}

// maxUnsure is how many mails unsure lists.
const maxUnsure = 1000

// unsure lists the mails whose label would teach most.
func (p *program) unsure(ctx context.Context, l *bayes.Learner) error {
	list, err := l.Unsure(ctx, p.lesson.owner, maxUnsure)
	if err != nil {
		return err
	}
	for _, u := range list {
		if p.json {
			b, _ := json.Marshal(u) // always marshals
			fmt.Fprintf(p.stdout, "%s\n", b)
			continue
		}
		fmt.Fprintf(p.stdout, "%s  %s  %.3f  %s: %s\n", u.ID, u.Time.Local().Format(time.DateTime), u.Probability, clean(u.From), shorten(clean(u.Subject), 60))
	}
	if !p.json && len(list) == 0 {
		fmt.Fprintln(p.stdout, "no mail without a label is unsure")
	}
	return nil
}

// oneUser exports, resets or forgets a user.
func (p *program) oneUser(ctx context.Context, l *bayes.Learner) error {
	u := &p.lesson.users
	switch u.do {
	case "reset":
		return l.ResetUser(ctx, u.user)
	case "forget":
		n, err := l.ForgetUser(ctx, u.user)
		if err == nil {
			fmt.Fprintf(p.stdout, "%d lessons taken back\n", n)
		}
		return err
	}
	list, err := l.ExportUser(ctx, u.user)
	for _, lesson := range list {
		b, _ := json.Marshal(lesson) // always marshals
		fmt.Fprintf(p.stdout, "%s\n", b)
	}
	return err
}

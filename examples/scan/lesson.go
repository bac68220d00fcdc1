package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/examples/internal/state"
	"github.com/winnowmail/winnow/storage"
)

// A lesson is what the command line wants learned; its zero value is a scan.
type lesson struct {
	class          bayes.Class // of learn
	unlearn, stats bool
}

func (l *lesson) given() bool { return l.class != "" || l.unlearn }

// words takes the subcommand from the command line.
func (l *lesson) words(args []string) (rest []string, err error) {
	if len(args) == 0 {
		return args, nil
	}
	switch args[0] {
	case "unlearn":
		l.unlearn = true
		return args[1:], nil
	case "stats":
		l.stats = true
		return args[1:], nil
	case "learn":
		if len(args) < 2 || args[1] != string(bayes.Ham) && args[1] != string(bayes.Spam) {
			return nil, errors.New("learn what? ham or spam (a file of that name is ./learn)")
		}
		l.class = bayes.Class(args[1])
		return args[2:], nil
	}
	return args, nil
}

// check holds that what is learned can be kept.
func (l *lesson) check(p *program) error {
	if p.restart && l.class == "" {
		return errors.New("-restart is for learn")
	}
	if !l.given() && !l.stats {
		return nil
	}
	if p.state == "" {
		return errors.New("what is learned is kept in -state, which is missing")
	}
	if p.explain || p.verbose || p.failOn != "" {
		return errors.New("-explain, -v and -fail-on are for scans")
	}
	return nil
}

// learner opens what was learned. Scans do without it if the store does not answer.
func (p *program) learner(ctx context.Context, store storage.Store) (*bayes.Learner, error) {
	l, err := state.Learner(ctx, store, slog.New(slog.NewTextHandler(p.stderr, nil)))
	if err == nil && (p.lesson.given() || p.lesson.stats) {
		if err = l.Ready(); err != nil {
			return l, fmt.Errorf("-state: %w", err)
		}
	}
	return l, err
}

// unlearn takes back one message.
func (p *program) unlearn(ctx context.Context, scanner *winnow.Scanner, rep report, m *winnow.Message) report {
	r, err := scanner.Unlearn(ctx, m, winnow.LearnOptions{})
	if err != nil {
		rep.err = fmt.Errorf("%s: %w", rep.name, err)
		return rep
	}
	return p.learned(rep, r)
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

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/examples/internal/state"
	"github.com/winnowmail/winnow/storage"
)

// A lesson is what the command line wants learned; its zero value is a scan.
type lesson struct {
	class   bayes.Class // of learn
	unlearn bool
	// list asks for what is known instead: "stats", "unsure" or "users".
	list  string
	users userCommand

	source  bayes.Source // of learn
	ids     []string     // of recent scans, instead of messages
	perUser bool
	owner   string
}

// given reports whether messages are learned, not scanned.
func (l *lesson) given() bool { return l.class != "" || l.unlearn }

// words takes the subcommand from the command line.
func (p *program) words(args []string) (rest []string, err error) {
	if len(args) > 0 && slices.Contains([]string{"export", "restore", "reset", "import"}, args[0]) {
		return p.keep.words(args)
	}
	return p.lesson.words(args)
}

// words takes the subcommand from the command line.
func (l *lesson) words(args []string) (rest []string, err error) {
	l.source = bayes.Import
	if len(args) == 0 {
		return args, nil
	}
	switch args[0] {
	case "unlearn":
		l.unlearn = true
		return args[1:], nil
	case "stats", "unsure":
		l.list = args[0]
		return args[1:], nil
	case "users":
		l.list, l.perUser = args[0], true
		return l.users.words(args[1:])
	case "learn":
		if len(args) < 2 || strings.HasPrefix(args[1], "-") {
			return nil, errNoClass
		}
		l.class = bayes.Class(args[1])
		return args[2:], nil
	}
	return args, nil
}

// flags adds those that are about lessons.
func (l *lesson) flags(flags *flag.FlagSet) {
	flags.Func("id", "learn or unlearn the message of a recent scan by its Message-ID, queue ID or the id that unsure prints; may be repeated", func(v string) error {
		l.ids = append(l.ids, v)
		return nil
	})
	flags.Func("source", "where the label comes from: `import` (default), correction, moved-to-junk, moved-out-of-junk, replied, address-book, kept, trap", func(v string) (err error) {
		l.source, err = bayes.SourceNamed(v)
		return err
	})
	flags.BoolVar(&l.perUser, "per-user", l.perUser, "learn and ask for single users as well: the only -rcpt, or -owner")
	flags.StringVar(&l.owner, "owner", "", "the `user` whose mail it is")
}

// check holds that what is learned can be kept.
func (l *lesson) check(p *program) error {
	if p.restart && l.class == "" {
		return errors.New("-restart is for learn")
	}
	if len(l.ids) > 0 && !l.given() {
		return errors.New("-id is for learn and unlearn")
	}
	if l.owner != "" && !l.perUser {
		return errors.New("-owner goes with -per-user")
	}
	if err := p.model.Check(); err != nil {
		return err
	}
	if !l.given() && l.list == "" && p.keep.verb == "" {
		return nil
	}
	if l.class != "" && !p.model.Has(l.class) {
		return errNoClass
	}
	if !p.model.Fused() {
		if err := l.checkCounts(p); err != nil {
			return err
		}
	}
	if p.state == "" {
		return errors.New("what is learned is kept in -state, which is missing")
	}
	if p.explain || p.verbose || p.failOn != "" {
		return errors.New("-explain, -v and -fail-on are for scans")
	}
	return nil
}

// errNoClass is of a class that the model does not tell apart.
var errNoClass = errors.New("learn what? ham or spam, or one of -classes (a file of that name is ./learn)")

// checkCounts holds that a model of counts can do what is wanted: it learns each
// message by itself, and knows neither recent scans nor users.
func (l *lesson) checkCounts(p *program) error {
	what := ""
	switch {
	case len(l.ids) > 0:
		what = "-id"
	case l.perUser:
		what = "-per-user"
	case p.restart:
		what = "-restart"
	case l.list == "unsure" || l.list == "users":
		what = l.list
	case p.keep.verb != "" && p.keep.verb != "import":
		what = p.keep.verb
	}
	if what != "" {
		return fmt.Errorf("%s is for -model fused, not for %s", what, p.model.Name)
	}
	return nil
}

// learner opens what was learned. Scans do without it if the store does not answer.
func (p *program) learner(ctx context.Context, store storage.Store) (*bayes.Learner, error) {
	l, err := state.Learner(ctx, store, p.lesson.perUser, slog.New(slog.NewTextHandler(p.stderr, nil)))
	if err == nil && (p.lesson.given() || p.lesson.list != "" || p.keep.verb != "") {
		if err = l.Ready(); err != nil {
			return l, fmt.Errorf("-state: %w", err)
		}
	}
	return l, err
}

// options are those of a lesson.
func (l *lesson) options() winnow.LearnOptions {
	return winnow.LearnOptions{Source: l.source, User: l.owner}
}

// teach learns one message.
func (p *program) teach(ctx context.Context, scanner *winnow.Scanner, rep report, m *winnow.Message) report {
	r, err := scanner.Learn(ctx, m, p.lesson.class, p.lesson.options())
	if err != nil {
		rep.err = fmt.Errorf("%s: %w", rep.name, err)
		return rep
	}
	return p.learned(rep, r)
}

// unlearn takes back one message.
func (p *program) unlearn(ctx context.Context, scanner *winnow.Scanner, rep report, m *winnow.Message) report {
	r, err := scanner.Unlearn(ctx, m, p.lesson.options())
	if err != nil {
		rep.err = fmt.Errorf("%s: %w", rep.name, err)
		return rep
	}
	return p.learned(rep, r)
}

// teachRecent learns or unlearns what recent scans saw.
func (p *program) teachRecent(ctx context.Context, scanner *winnow.Scanner) int {
	code := 0
	for _, id := range p.lesson.ids {
		var r bayes.LearnResult
		var err error
		if p.lesson.unlearn {
			r, err = scanner.UnlearnRecent(ctx, id, p.lesson.options())
		} else {
			r, err = scanner.LearnRecent(ctx, id, p.lesson.class, p.lesson.options())
		}
		if err != nil {
			fmt.Fprintf(p.stderr, "scan: %s: %v\n", id, err)
			code = 1
			continue
		}
		_, _ = p.stdout.Write(p.learned(report{name: id}, r).text) // a pipe that was closed is no matter
	}
	return code
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/bayes/counts"
	"github.com/winnowmail/winnow/bayes/naive"
	"github.com/winnowmail/winnow/bayes/osb"
	"github.com/winnowmail/winnow/storage"
	"github.com/winnowmail/winnow/storage/redis"
)

// A keepCommand does something with all that was learned.
type keepCommand struct {
	verb    string      // "export", "restore", "reset" or "import", "" for none
	kind    counts.Kind // of import
	replace bool        // of restore
}

// words takes the verb and what belongs to it from the command line.
func (k *keepCommand) words(args []string) (rest []string, err error) {
	k.verb = args[0]
	if k.verb != "import" {
		return args[1:], nil
	}
	if len(args) > 1 {
		for _, kind := range counts.Kinds() {
			if args[1] == string(kind) {
				k.kind = kind
				return args[2:], nil
			}
		}
	}
	return nil, fmt.Errorf("import what? %q (mail is learned, not imported)", counts.Kinds())
}

func (k *keepCommand) check(p *program) error {
	switch {
	case k.replace && k.verb != "restore":
		return errors.New("-replace is for restore")
	case k.verb == "":
		return nil
	case len(p.paths) != 1 || k.verb == "reset" && p.paths[0] != "-":
		return fmt.Errorf("%s takes %s", k.verb, map[string]string{"export": "the file to write", "restore": "the file to read", "reset": "no file", "import": "the file to read"}[k.verb])
	case k.verb == "restore" && p.paths[0] == "-":
		return errors.New("restore reads a file, twice: - is none")
	}
	if isRedis(p.paths[0]) && p.keep.kind != counts.Rspamd {
		return fmt.Errorf("%s keeps nothing in Redis: import %s takes the file to read", p.keep.kind, p.keep.kind)
	}
	if o, err := redis.Parse(p.state); err == nil && o.Rspamd && k.kind == counts.Rspamd {
		return errors.New("-state holds what Rspamd learned already, in its own keys")
	}
	return nil
}

// alone does what needs the store without a Learner; done is false for the rest.
func (p *program) alone(ctx context.Context, store storage.Store) (done bool, err error) {
	switch p.keep.verb {
	case "restore":
		return true, p.restore(ctx, store)
	case "import":
		return true, p.importCounts(ctx, store)
	}
	return false, nil
}

// kept does what needs the Learner.
func (p *program) kept(ctx context.Context, l *bayes.Learner) error {
	if p.keep.verb == "reset" {
		was := l.Stats()
		if err := l.Reset(ctx); err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "forgotten: %d ham, %d spam\n", was.Ham, was.Spam)
		return nil
	}
	if p.paths[0] == "-" {
		return l.Export(ctx, p.stdout)
	}
	// A backup that is there already stays until the new one is whole.
	temp := p.paths[0] + ".tmp"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	err = l.Export(ctx, f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		return os.Rename(temp, p.paths[0])
	}
	return errors.Join(err, os.Remove(temp))
}

func (p *program) restore(ctx context.Context, store storage.Store) error {
	f, err := os.Open(p.paths[0])
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := bayes.Restore(ctx, bayes.Options{Store: store, Users: p.lesson.perUser}, f, p.keep.replace)
	if errors.Is(err, bayes.ErrNotEmpty) {
		return fmt.Errorf("%w; -replace removes that", err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "restored: %d ham, %d spam of %s\n", info.Ham, info.Spam, info.Time.Format(time.RFC3339))
	return nil
}

// readCounts reads what another filter learned: a dump, or Rspamd's own keys.
func (p *program) readCounts(ctx context.Context) (*counts.Dump, error) {
	if isRedis(p.paths[0]) {
		return readRspamdKeys(ctx, p.paths[0])
	}
	var r io.Reader = p.stdin
	if p.paths[0] != "-" {
		f, err := os.Open(p.paths[0])
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	return counts.Read(r, p.keep.kind, "", counts.Limits{})
}

// importCounts has the model that can use another filter's counts take them over.
func (p *program) importCounts(ctx context.Context, store storage.Store) error {
	d, err := p.readCounts(ctx)
	if err != nil {
		return err
	}
	shown := progress{on: p.progress, out: p.stderr}
	defer shown.clear()
	step := func(done, _ int64) { shown.step(int(done), 0) }
	var report counts.Report
	model := "naive"
	if p.keep.kind == counts.Rspamd {
		model = "osb and osb34"
		c, err := osb.New(store, osb.Options{})
		if err != nil {
			return err
		}
		report, err = c.Import(ctx, d, step)
		if err != nil {
			return err
		}
	} else {
		c, err := naive.New(store, naive.Options{})
		if err != nil {
			return err
		}
		report, err = c.Import(ctx, d, step)
		if err != nil {
			return err
		}
	}
	shown.clear()
	var notes []string
	if report.Left+d.Others > 0 {
		notes = append(notes, fmt.Sprintf("%d left out", report.Left+d.Others))
	}
	if report.Again {
		notes = append(notes, "which was there already")
	}
	fmt.Fprintf(p.stdout, "imported for -model %s: %d spam, %d ham, %d tokens%s\n", model, report.Spam, report.Ham, report.Tokens, strings.Join(append([]string{""}, notes...), ", "))
	return nil
}

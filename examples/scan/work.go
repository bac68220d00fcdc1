package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/bayes/archive"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/statistics"
	"github.com/winnowmail/winnow/storage"
)

// A report is what became of one input.
type report struct {
	name   string
	text   []byte         // to print
	brief  []byte         // to print instead when there are several
	action actions.Action // or what became of a lesson
	err    error

	lesson bayes.Lesson  // to learn
	place  archive.Place // behind the message
}

// A slot is a place in the order of the output.
type slot struct {
	in   *archive.Message
	done chan report
}

// scanAll scans all inputs with p.jobs workers and prints the reports in the
// order of the inputs. Only a few messages are held at a time.
func (p *program) scanAll(ctx context.Context, scanner *winnow.Scanner) int {
	return p.all(ctx, scanner, nil, p.print)
}

// learnAll learns all inputs.
func (p *program) learnAll(ctx context.Context, scanner *winnow.Scanner, l *bayes.Learner, store storage.KV) int {
	c, after, err := p.newCollection(ctx, l, store)
	if err != nil {
		fmt.Fprintf(p.stderr, "scan: -state: %v\n", err)
		return 2
	}
	return p.all(ctx, scanner, after, c.learn)
}

// all has p.jobs workers look at the inputs behind a place, and consume their
// reports in order. It closes the scanner.
func (p *program) all(ctx context.Context, scanner *winnow.Scanner, after *archive.Place, consume func(context.Context, <-chan *slot) int) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work := make(chan *slot)
	order := make(chan *slot, 4*p.jobs)
	var workers sync.WaitGroup
	for range p.jobs {
		workers.Go(func() {
			for s := range work {
				s.done <- p.scan(ctx, scanner, s.in)
			}
		})
	}
	go func() {
		defer close(order)
		defer close(work)
		inputs(ctx, p.stdin, p.paths, archive.Options{Quoting: p.quoting, After: after}, func(in *archive.Message) bool {
			s := &slot{in, make(chan report, 1)}
			for _, c := range []chan *slot{order, work} {
				select {
				case c <- s:
				case <-ctx.Done():
					s.done <- report{name: in.Name, err: context.Cause(ctx)}
					return false
				}
			}
			return true
		})
	}()
	code := consume(ctx, order)
	cancel()
	workers.Wait()
	p.close(scanner)
	return code
}

func (p *program) close(scanner *winnow.Scanner) {
	end, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	if err := scanner.Close(end); err != nil {
		fmt.Fprintf(p.stderr, "scan: %v\n", err)
	}
}

// scan scans one input and renders its report.
func (p *program) scan(ctx context.Context, scanner *winnow.Scanner, in *archive.Message) report {
	rep := report{name: in.Name, place: in.Place}
	raw, _, err := in.Read()
	if err != nil {
		rep.err = err
		return rep
	}
	msg := &winnow.Message{Envelope: p.envelope, Body: winnow.FromBytes(raw)}
	switch {
	case p.lesson.given() && len(raw) >= maxMessage:
		rep.err = fmt.Errorf("%s is larger than %d MiB and passed over", in.Name, maxMessage>>20)
		return rep
	case p.lesson.unlearn:
		return p.unlearn(ctx, scanner, rep, msg)
	case p.lesson.given() && !p.model.Fused():
		return p.teach(ctx, scanner, rep, msg)
	case p.lesson.given():
		return p.prepare(ctx, scanner, rep, msg)
	}
	var seeds []checks.Seeded
	if p.lesson.owner != "" {
		seeds = append(seeds, checks.Seed(statistics.Owner, p.lesson.owner))
	}
	res, err := scanner.Scan(ctx, msg, seeds...)
	if err != nil {
		rep.err = fmt.Errorf("%s: %w", in.Name, err)
		return rep
	}
	rep.action = res.Action
	if p.json {
		rep.text = withFile(res.JSON(), in.Name)
		return rep
	}
	v := view{colour: p.colour}
	v.full(in.Name, res, p.explain)
	rep.text = v.Bytes()
	if !p.verbose && !p.explain {
		b := view{colour: p.colour}
		b.line(in.Name, res)
		rep.brief = b.Bytes()
	}
	return rep
}

// print writes the reports as they come, in order, and returns the exit code.
func (p *program) print(ctx context.Context, order <-chan *slot) int {
	t := tally{actions: map[actions.Action]int{}}
	shown := progress{on: p.progress, out: p.stderr}
	defer shown.clear()
	var first *report // held back until it is known whether there are more
	for s := range order {
		rep := <-s.done
		t.add(&rep, severity(actions.Action(p.failOn)))
		if rep.err != nil {
			shown.clear()
			if !errors.Is(rep.err, context.Canceled) {
				fmt.Fprintf(p.stderr, "scan: %v\n", rep.err)
			}
			continue
		}
		if t.scanned == 1 && rep.brief != nil {
			first = &rep
			continue
		}
		if first != nil {
			p.write(&t, first.brief)
			first = nil
		}
		shown.clear()
		if rep.brief != nil {
			p.write(&t, rep.brief)
		} else {
			p.write(&t, rep.text)
		}
		shown.step(t.scanned, t.failed)
	}
	shown.clear()
	if first != nil {
		p.write(&t, first.text)
	}
	if !p.json && t.scanned > 1 {
		p.write(&t, t.summary())
	}
	if ctx.Err() != nil {
		fmt.Fprintln(p.stderr, "scan: interrupted")
	}
	switch {
	case t.failed > 0 || t.broken || ctx.Err() != nil:
		return 1
	case t.severe:
		return 3
	}
	return 0
}

// write prints to standard output; a pipe that was closed is noted once.
func (p *program) write(t *tally, text []byte) {
	if t.broken {
		return
	}
	if _, err := p.stdout.Write(text); err != nil {
		t.broken = true
		fmt.Fprintf(p.stderr, "scan: %v\n", err)
	}
}

// withFile puts the member "file" first into a JSON object.
func withFile(object []byte, name string) []byte {
	quoted, _ := json.Marshal(name) // strings always marshal
	line := append([]byte(`{"file":`), quoted...)
	if len(object) > 2 {
		line = append(line, ',')
	}
	return append(append(line, object[1:]...), '\n')
}

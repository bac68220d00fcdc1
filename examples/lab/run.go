package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow"
)

// A row is one stream's figures.
type row struct {
	Corpus string `json:"corpus"`
	Order  string `json:"order"` // date or shuffle; of the latter figures are means
	Model  string `json:"model"`
	Regime string `json:"regime"`
	figures
	Micros     float64 `json:"us"`          // to extract features and judge, a message
	WriteShare float64 `json:"write_share"` // of messages that change the tables
	TableBytes int     `json:"table_bytes"` // of the tables, or of what the store grew to
	Written    float64 `json:"-"`           // bytes, a message
}

// A run is one call of eval: what was read, and what every stream needs.
type run struct {
	*options
	ctx     context.Context
	scanner *winnow.Scanner
	sender  *condition
	stderr  io.Writer
}

// A stream is a corpus or, for drift and users, several.
type stream struct {
	name  string
	items []item
}

// run measures every corpus that has both classes.
func (o *options) run(ctx context.Context, stderr io.Writer) ([]row, error) {
	items, err := readIndex(o.index, stderr)
	if err != nil {
		return nil, err
	}
	streams, err := o.streams(items)
	if err != nil {
		return nil, err
	}
	scanner, err := winnow.New(winnow.Options{Timeout: -1})
	if err != nil {
		return nil, err
	}
	defer scanner.Close(context.WithoutCancel(ctx))
	r := &run{options: o, ctx: ctx, scanner: scanner, sender: newCondition(), stderr: stderr}
	if err := r.dates(streams); err != nil {
		return nil, err
	}
	var rows []row
	if o.regime.kind == "users" {
		return r.users(streams)
	}
	makers, err := o.makers(stderr)
	if err != nil {
		return nil, err
	}
	defer closeAll(makers)
	if o.regime.kind == "drift" {
		slices.SortStableFunc(streams, func(a, b stream) int { return cmp.Compare(median(a.items), median(b.items)) })
		for _, m := range makers {
			more, err := r.drift(m, streams)
			if err != nil {
				return nil, err
			}
			rows = append(rows, more...)
		}
		return rows, nil
	}
	for _, s := range streams {
		for _, m := range makers {
			var more []row
			if o.regime.kind == "attack" {
				more, err = r.attack(m, s)
			} else {
				more, err = r.plain(m, s)
			}
			if err != nil {
				return nil, err
			}
			rows = append(rows, more...)
		}
	}
	return rows, nil
}

// streams groups the items by corpus, in the order of the index.
func (o *options) streams(items []item) (list []stream, err error) {
	at := map[string]int{}
	for _, it := range items {
		i, ok := at[it.corpus]
		if !ok {
			i = len(list)
			at[it.corpus] = i
			list = append(list, stream{name: it.corpus})
		}
		list[i].items = append(list[i].items, it)
	}
	if o.only != "" {
		for _, name := range strings.Split(o.only, ",") {
			if i, ok := at[name]; !ok || !both(list[i].items) {
				return nil, fmt.Errorf("-only %s: %s has no corpus of that name with ham and spam", name, o.index)
			}
		}
	}
	list = slices.DeleteFunc(list, func(s stream) bool {
		return !both(s.items) || o.only != "" && !slices.Contains(strings.Split(o.only, ","), s.name)
	})
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: no corpus with ham and spam", o.index)
	}
	return list, nil
}

func both(list []item) bool {
	return slices.ContainsFunc(list, func(i item) bool { return i.spam }) && slices.ContainsFunc(list, func(i item) bool { return !i.spam })
}

// dates reads when the messages came, and finds those that can't be read before
// anything is measured.
func (r *run) dates(streams []stream) error {
	for _, s := range streams {
		for i := range s.items {
			it := &s.items[i]
			raw, err := it.read(r.corpus)
			if err != nil {
				return fmt.Errorf("%s:%d: %w", r.index, it.line, err)
			}
			it.date = receivedAt(raw)
			if err := r.ctx.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

// median is the second by which half of the messages had come.
func median(items []item) int64 {
	var list []int64
	for _, it := range items {
		list = append(list, it.date.Unix())
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// plain reads one corpus in its orders.
func (r *run) plain(m maker, s stream) ([]row, error) {
	samples, spent, err := r.samples(m, s.items, "")
	if err != nil {
		return nil, err
	}
	var rows []row
	for i, order := range orders(s.items, r.shuffles) {
		model, err := m.fresh()
		if err != nil {
			return nil, err
		}
		t, err := r.regime.run(r.ctx, model, samples, order, int64(i))
		if err != nil {
			return nil, err
		}
		t.spent += spent
		rows = append(rows, t.row(s.name, i, m.name(), r.label()))
		if r.worst > 0 && i == 0 {
			printWorst(r.stderr, samples, order, t.results, r.worst)
		}
	}
	return means(rows), nil
}

// label names the regime in a row.
func (o *options) label(more ...string) string {
	w := append(more, o.regime.words()...)
	if o.prior != "none" {
		w = append(w, "prior="+o.prior)
	}
	if o.noSymbols {
		w = append(w, "no-symbols")
	}
	if o.windows {
		w = append(w, "windows")
	}
	if len(w) == 0 {
		return "all"
	}
	return strings.Join(w, ",")
}

// A sample is a message as the model sees it.
type sample struct {
	item
	features any // of the model
}

// samples reads the messages and their features.
func (r *run) samples(m maker, items []item, user string) (all []sample, spent time.Duration, err error) {
	for _, it := range items {
		raw, err := it.read(r.corpus)
		if err == nil {
			var f any
			var d time.Duration
			f, d, err = r.features(m, r.sender.strip(raw), user)
			spent += d
			all = append(all, sample{it, f})
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%s:%d: %s: %w", r.index, it.line, it.path, err)
		}
	}
	return all, spent, nil
}

// features scans a message as its sender wrote it.
func (r *run) features(m maker, raw []byte, user string) (features any, spent time.Duration, err error) {
	if !m.parsed() {
		return raw, 0, r.ctx.Err()
	}
	result, err := r.scanner.Scan(r.ctx, &winnow.Message{Body: winnow.FromBytes(raw)})
	if err != nil {
		return nil, 0, err
	}
	in := input{message: result.Message(), symbols: r.raised(result), user: user, score: result.Score}
	started := time.Now()
	features = m.features(in)
	return features, time.Since(started), nil
}

func (o *options) raised(r *winnow.Result) []string {
	if o.noSymbols {
		return nil
	}
	var list []string
	for _, s := range r.Symbols {
		list = append(list, s.Name)
	}
	slices.Sort(list)
	return list
}
